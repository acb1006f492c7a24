"""The private workbook: what to correct, with names, one sheet per class, for the people who correct it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expectations.report import wording
from expectations.report.finding_sheets import (
    COLUMNS,
    SCHOOL,
    STAFF,
    finding_row,
    findings_by_sheet,
    heading_of,
    short_day,
    write_findings,
    write_folded,
    write_grade_entry,
)
from expectations.report.people import People, read_people
from expectations.report.sheets import HEADER_ROW, PRIVATE_FOOTER, TABS, Looks, Pages, Table, make_looks, start_sheet
from expectations.rule import Severity, table_label
from infra.clock import vietnamese_date
from infra.safe_xlsx import new_workbook, print_on_a4, write_text
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xlsxwriter.worksheet import Worksheet

    from expectations.report.content import ReportContent
    from expectations.report.summary import Summary

OVERVIEW = "Tổng hợp"
OVERVIEW_COLUMNS = (("Danh sách", 14), ("Giáo viên chủ nhiệm", 30), ("Chặn", 10), ("Xem kỹ", 10), ("Nhắc", 10), ("Tất cả", 10))
ASIDE = "Tạm giữ"
ASIDE_COLUMNS = (("Hệ thống", 24), ("Tệp", 26), ("Trang/bảng", 18), ("Dòng", 8), ("Thuộc bảng", 20), ("Vì sao", 60))
ACCEPTED = "Đã chấp nhận"
ACCEPTED_COLUMNS = (
    *COLUMNS[:6], ("Chấp nhận đến", 12), ("Lý do", 34), ("Người ký", 20), ("Ngày ký", 11), COLUMNS[9],
)  # fmt: skip


def write_private_workbook(file: Path, content: ReportContent, summary: Summary) -> None:
    """Write the list with names. The caller keeps its folder closed to others."""
    people = read_people(content.snapshot)
    groups = findings_by_sheet(content.result.open)
    with new_workbook(file, content.day, "Danh sách cần sửa") as book:
        pages = Pages(book, make_looks(book))
        overview, sheets = pages.add(OVERVIEW), {name: pages.add(name) for name in groups}
        titles = {name: sheet.get_name() for name, sheet in sheets.items()}
        _write_overview(overview, content, (summary, people, groups, titles), pages.looks)
        for name, findings in groups.items():
            rows = [finding_row(finding, people) for finding in findings]
            write_findings(pages, sheets[name], heading_of(name, findings, people, content), rows)
            sheets[name].set_tab_color(TABS[Severity(findings[0]["severity"])])
        write_grade_entry(pages, content, summary.grade_entry, people)
        _write_accepted(pages, content, people)
        write_folded(pages, content, people)
        _write_quarantine(pages, content)


def _write_overview(
    sheet: Worksheet,
    content: ReportContent,
    parts: tuple[Summary, People, Mapping[str, list[dict[str, Any]]], Mapping[str, str]],
    looks: Looks,
) -> None:
    """Every sheet with its teacher and its counts; a click leads there."""
    summary, people, groups, titles = parts
    heading = (f"Danh sách cần sửa · {content.school}", f"Đêm {vietnamese_date(content.day)}. {wording.headline(summary)}")
    start_sheet(sheet, heading, OVERVIEW_COLUMNS, looks)
    for index, (name, findings) in enumerate(groups.items(), HEADER_ROW + 1):
        sheet.write_url(index, 0, f"internal:'{titles[name]}'!A1", looks.link, name if name in (STAFF, SCHOOL) else f"Lớp {name}")
        write_text(sheet, index, 1, people.homerooms.get(name, ""), looks.cell)
        for column, count in enumerate(_counts(findings), 2):
            sheet.write_number(index, column, count, looks.number)
    print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER, landscape=False)


def _write_accepted(pages: Pages, content: ReportContent, people: People) -> None:
    """Signed exceptions: no work for anybody, but seen by all who see the list, with until when, why and by whom."""
    if content.waived.is_empty():
        return
    note = f"{number(content.waived.height)} chỗ được chấp nhận có thời hạn; hết hạn hoặc số liệu đổi thì lại thành việc phải sửa."
    found = [(finding, finding_row(finding, people)) for finding in content.waived.iter_rows(named=True)]
    rows = [
        (*row[:6], short_day(finding["until"]), finding["reason"], finding["signer"], short_day(finding["signed_on"]), row[9])
        for finding, row in found
    ]
    pages.fill(pages.add(ACCEPTED), (f"{ACCEPTED} · {content.school}", note), Table(ACCEPTED_COLUMNS, rows))


def _write_quarantine(pages: Pages, content: ReportContent) -> None:
    """The lines that could not be read as rows, where they are and why; no sheet when there are none."""
    order = ["source_system", "source_file", "source_sheet", "source_row"]
    found = content.snapshot.quarantine().select(*order, "table", "reason").sort(order).collect()
    if found.is_empty():
        return
    note = f"{number(found.height)} dòng chưa đọc được thành số liệu, đang để riêng. Sửa trong nguồn rồi kéo lại thì tự hết."
    rows = [
        (wording.system_name(system), file, part, row, table_label(table), reason)
        for system, file, part, row, table, reason in found.iter_rows()
    ]
    pages.fill(pages.add(ASIDE), (f"{ASIDE} · {content.school}", note), Table(ASIDE_COLUMNS, rows))


def _counts(findings: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Blocked (with stopped), to review, to remember, all."""
    by = [sum(finding["severity"] == severity.value for finding in findings) for severity in Severity]
    return by[0] + by[1], by[2], by[3], len(findings)
