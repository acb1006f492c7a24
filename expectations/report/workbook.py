"""The private workbook: what to correct, with names, one sheet per class, for the people who correct it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.tables import TABLES
from expectations.findings import ROOT, SORTED_BY
from expectations.report import wording
from expectations.report.gradebook_sheets import asking, private_sheets
from expectations.report.ordering import class_order
from expectations.report.people import People, read_people
from expectations.rule import Severity, table_label
from infra.clock import vietnamese_date
from infra.safe_xlsx import new_workbook, print_on_a4, sheet_title, write_row, write_text
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from expectations.report.content import ReportContent
    from expectations.report.summary import Summary

OVERVIEW, STAFF, SCHOOL = "Tổng hợp", "Nhân sự", "Toàn trường"
# Heading and width in characters, in the order of the sheet.
COLUMNS = (
    ("Mức", 8),
    ("Việc cần sửa", 31),
    ("Học sinh/cán bộ", 21),
    ("Mã", 12),
    ("Cột", 18),
    ("Đang ghi", 15),
    ("Nên là", 17),
    ("Sửa ở đâu", 30),
    ("Ai sửa", 19),
    ("Nguồn (tệp › trang › dòng)", 20),
    ("Từ ngày", 11),
    ("Số đêm", 6),
)
OVERVIEW_COLUMNS = (("Danh sách", 14), ("Giáo viên chủ nhiệm", 30), ("Chặn", 10), ("Xem kỹ", 10), ("Nhắc", 10), ("Tất cả", 10))
ASIDE = "Tạm giữ"
ASIDE_COLUMNS = (("Hệ thống", 24), ("Tệp", 26), ("Trang/bảng", 18), ("Dòng", 8), ("Thuộc bảng", 20), ("Vì sao", 60))
ACCEPTED, FOLDED = "Đã chấp nhận", "Chi tiết gộp"
ACCEPTED_COLUMNS = (
    *COLUMNS[:6], ("Chấp nhận đến", 12), ("Lý do", 34), ("Người ký", 20), ("Ngày ký", 11), COLUMNS[9],
)  # fmt: skip
FOLDED_COLUMNS = (("Gộp vào (quy tắc › tệp › trang › cột)", 38), *COLUMNS[:6], COLUMNS[9])
HEADER_ROW = 3
PRIVATE_FOOTER = "Có dữ liệu cá nhân của học sinh, cán bộ: chỉ dùng để sửa, không gửi ra ngoài"
FILLS = {Severity.STOP: "#E8C9C4", Severity.BLOCK: "#F6D5CC", Severity.REVIEW: "#FBEBC8", Severity.REMIND: "#E3EAEE"}
TABS = {Severity.STOP: "#5D1F1A", Severity.BLOCK: "#B5452F", Severity.REVIEW: "#DCA23A", Severity.REMIND: "#8AA2B3"}


@dataclass(frozen=True, slots=True)
class Looks:
    """The few cell formats of the workbook; every one is text, so that codes keep their zeros."""

    title: Format
    note: Format
    header: Format
    cell: Format
    number: Format
    link: Format
    severities: Mapping[Severity, Format]


def write_private_workbook(file: Path, content: ReportContent, summary: Summary) -> None:
    """Write the list with names. The caller keeps its folder closed to others."""
    people = read_people(content.snapshot)
    groups = _groups(content.result.open)
    taken: set[str] = set()
    titles = {name: sheet_title(name, taken) for name in (OVERVIEW, *groups)}
    with new_workbook(file, content.day, "Danh sách cần sửa") as book:
        looks = make_looks(book)
        _write_overview(book.add_worksheet(titles[OVERVIEW]), content, (summary, people, groups, titles), looks)
        for name, findings in groups.items():
            sheet = book.add_worksheet(titles[name])
            _write_sheet(sheet, _heading(name, findings, people, content), [_row(finding, people) for finding in findings], looks)
            sheet.set_tab_color(TABS[Severity(findings[0]["severity"])])
        _write_grade_entry(book, content, (summary, people), (taken, looks))
        _write_accepted(book, content, people, (taken, looks))
        _write_folded(book, content, people, (taken, looks))
        _write_quarantine(book, content, taken, looks)


def make_looks(book: Workbook) -> Looks:
    text = {"num_format": "@", "valign": "top", "text_wrap": True, "font_name": "Arial", "font_size": 10}
    lined = {**text, "border": 1, "border_color": "#D8D2C4"}
    bold = {**lined, "bold": True}
    return Looks(
        title=book.add_format({"font_name": "Arial", "font_size": 15, "bold": True}),
        note=book.add_format({"font_name": "Arial", "font_size": 10, "font_color": "#6F6A5F"}),
        header=book.add_format({**bold, "bg_color": "#E4EEE4", "valign": "vcenter"}),
        # As if typed behind an apostrophe: it stays text when somebody edits the cell.
        cell=book.add_format({**lined, "quote_prefix": True}),
        number=book.add_format({**lined, "num_format": "#,##0", "align": "right", "indent": 1}),
        link=book.add_format({**bold, "font_color": "#2F6B4A", "underline": 1}),
        severities={severity: book.add_format({**bold, "bg_color": fill}) for severity, fill in FILLS.items()},
    )


def _groups(findings: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Findings by sheet: classes in school order, then staff, then the whole school; the gravest first in each."""
    rank = {severity.value: index for index, severity in enumerate(Severity)}
    staff = pl.col("table").is_in(wording.STAFF_TABLES)
    place = pl.when(staff).then(pl.lit(STAFF)).otherwise(pl.col("class_name").fill_null(SCHOOL)).alias("place")
    ranked = findings.with_columns(place, pl.col("severity").replace_strict(rank, return_dtype=pl.Int8).alias("rank"))
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in ranked.sort("rank", "rule", "key", "system", "source_row").iter_rows(named=True):
        found.setdefault(finding["place"], []).append(finding)
    return {name: found[name] for name in sorted(found, key=_sheet_order)}


def _sheet_order(name: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    return {STAFF: 1, SCHOOL: 2}.get(name, 0), class_order(name)


def _heading(name: str, findings: list[dict[str, Any]], people: People, content: ReportContent) -> tuple[str, str]:
    """Title and note of a sheet."""
    what = name if name in (STAFF, SCHOOL) else f"Lớp {name}"
    teacher = f"Giáo viên chủ nhiệm: {people.homerooms[name]}. " if name in people.homerooms else ""
    count = f"{number(len(findings))} chỗ cần sửa, đêm {vietnamese_date(content.day)}."
    return f"{what} · {content.school}", f"{teacher}{count} Sửa trong phần mềm gốc, không sửa trong tệp này."


def _row(finding: Mapping[str, Any], people: People) -> tuple[object, ...]:
    since, nights = finding["first_seen"], finding["nights_open"]
    teacher = people.helper(finding)
    return (
        wording.SEVERITY_TITLES[Severity(finding["severity"])],
        finding["message"],
        people.who(finding),
        _codes(finding, people),
        wording.cell_label(finding["table"], finding["key"], finding["column"]),
        finding["value"] or "(trống)",
        finding["expected"],
        finding["fix"],
        f"{finding['owner']}: {teacher}" if teacher else finding["owner"],
        " › ".join(str(finding[part]) for part in ("source_file", "source_sheet", "source_row") if finding[part] is not None),
        _day(since),
        str(nights or ""),
    )


def _day(iso: str | None) -> str:
    return f"{iso[8:10]}/{iso[5:7]}/{iso[:4]}" if iso else ""


def _codes(finding: Mapping[str, Any], people: People) -> str:
    """The codes of the people; a user name for an account; the class for a gradebook; nothing for a row without a code."""
    if finding["table"] == "accounts":
        return str(finding["key"]).partition("|")[2]
    return " ↔ ".join(people.codes(finding)) or ("" if "#" in finding["key"] else str(finding["key"]).partition("|")[0])


def _write_sheet(sheet: Worksheet, heading: tuple[str, str], rows: list[tuple[object, ...]], looks: Looks) -> None:
    start_sheet(sheet, heading, COLUMNS, looks)
    shown = {title: looks.severities[severity] for severity, title in wording.SEVERITY_TITLES.items()}
    for index, row in enumerate(rows, HEADER_ROW + 1):
        write_row(
            sheet, index, [(row[0], shown[str(row[0])]), *((value, looks.cell) for value in row[1:])], [width for _, width in COLUMNS]
        )
    sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(rows), len(COLUMNS) - 1)
    print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER)


def start_sheet(sheet: Worksheet, heading: tuple[str, str], columns: tuple[tuple[str, int], ...], looks: Looks) -> None:
    """Title, note and frozen header of a sheet."""
    write_text(sheet, 0, 0, heading[0], looks.title)
    write_text(sheet, 1, 0, heading[1], looks.note)
    for index, (name, width) in enumerate(columns):
        sheet.set_column(index, index, width)
        write_text(sheet, HEADER_ROW, index, name, looks.header)
    sheet.set_row(HEADER_ROW, 30)
    sheet.freeze_panes(HEADER_ROW + 1, 0)


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


def _write_accepted(book: Workbook, content: ReportContent, people: People, parts: tuple[set[str], Looks]) -> None:
    """Signed exceptions: no work for anybody, but seen by all who see the list, with until when, why and by whom."""
    note = f"{number(content.waived.height)} chỗ được chấp nhận có thời hạn; hết hạn hoặc số liệu đổi thì lại thành việc phải sửa."
    found = [(finding, _row(finding, people)) for finding in content.waived.iter_rows(named=True)]
    rows = [
        (*row[:6], _day(finding["until"]), finding["reason"], finding["signer"], _day(finding["signed_on"]), row[9])
        for finding, row in found
    ]
    _write_aside(book, (ACCEPTED, f"{ACCEPTED} · {content.school}", note), ACCEPTED_COLUMNS, rows, parts)


def _write_folded(book: Workbook, content: ReportContent, people: People, parts: tuple[set[str], Looks]) -> None:
    """What stands behind each cause that is told once, record by record."""
    note = f"{number(content.folded.height)} chỗ đã gộp vào nguyên nhân chung; sửa nguyên nhân ở nguồn thì các dòng này tự hết."
    ranked = content.folded.sort(*ROOT, *SORTED_BY)
    rows = [
        (_cause(finding), *row[:6], row[9])
        for finding, row in ((finding, _row(finding, people)) for finding in ranked.iter_rows(named=True))
    ]
    _write_aside(book, (FOLDED, f"{FOLDED} · {content.school}", note), FOLDED_COLUMNS, rows, parts)


def _cause(finding: Mapping[str, Any]) -> str:
    """A root cause in words: its rule, file, sheet, and its column or line."""
    *place, last = finding["root_key"].split("#")
    table = finding["root_table"]
    named = f"dòng {last}" if last.isdigit() else wording.cell_label(table, "", last) if table in TABLES else last
    return " › ".join([finding["root_rule"], *filter(None, place), named])


def _write_aside(
    book: Workbook,
    texts: tuple[str, str, str],
    columns: tuple[tuple[str, int], ...],
    rows: list[tuple[object, ...]],
    parts: tuple[set[str], Looks],
) -> None:
    """One more sheet behind those of the classes (`texts`: its name, title and note); none when there are no rows."""
    if not rows:
        return
    taken, looks = parts
    sheet = book.add_worksheet(sheet_title(texts[0], taken))
    start_sheet(sheet, texts[1:], columns, looks)
    for index, row in enumerate(rows, HEADER_ROW + 1):
        write_row(sheet, index, [(value, looks.cell) for value in row], [width for _, width in columns])
    sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(rows), len(columns) - 1)
    print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER)


def _write_grade_entry(book: Workbook, content: ReportContent, told: tuple[Summary, People], made: tuple[set[str], Looks]) -> None:
    """Whom to remind of which book, and which classes can be approved; no sheet when there is no class."""
    (summary, people), (taken, looks) = told, made
    for name, note, columns, rows in private_sheets(summary.grade_entry, people.names, content.day):
        if rows:
            sheet = book.add_worksheet(sheet_title(name, taken))
            start_sheet(sheet, (f"{name} · {content.school}", note), columns, looks)
            for index, row in enumerate(rows, HEADER_ROW + 1):
                write_row(sheet, index, [(value, _look(value, looks)) for value in row], [width for _, width in columns])
            sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(rows), len(columns) - 1)
            print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER)


def _look(value: object, looks: Looks) -> Format:
    """A number, a state that asks for something in its colour, or plain text."""
    asks = asking(value)
    return looks.number if isinstance(value, int) else looks.severities[asks] if asks else looks.cell


def _write_quarantine(book: Workbook, content: ReportContent, taken: set[str], looks: Looks) -> None:
    """The lines that could not be read as rows, where they are and why; no sheet when there are none."""
    order = ["source_system", "source_file", "source_sheet", "source_row"]
    rows = content.snapshot.quarantine().select(*order, "table", "reason").sort(order).collect()
    if rows.is_empty():
        return
    sheet = book.add_worksheet(sheet_title(ASIDE, taken))
    note = f"{number(rows.height)} dòng chưa đọc được thành số liệu, đang để riêng. Sửa trong nguồn rồi kéo lại thì tự hết."
    start_sheet(sheet, (f"{ASIDE} · {content.school}", note), ASIDE_COLUMNS, looks)
    widths = [width for _, width in ASIDE_COLUMNS]
    for index, (system, file, part, row, table, reason) in enumerate(rows.iter_rows(), HEADER_ROW + 1):
        cells = (wording.system_name(system), file, part, row, table_label(table), reason)
        write_row(sheet, index, [(cell, looks.number if isinstance(cell, int) else looks.cell) for cell in cells], widths)
    print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER)


def _counts(findings: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Blocked (with stopped), to review, to remember, all."""
    by = [sum(finding["severity"] == severity.value for finding in findings) for severity in Severity]
    return by[0] + by[1], by[2], by[3], len(findings)
