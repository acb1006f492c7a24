"""Findings as sheets: what to put right, where and by whom, with names; what is folded into a cause; which book lacks what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.tables import TABLES
from expectations.findings import ROOT, SORTED_BY
from expectations.report import wording
from expectations.report.gradebook_sheets import asking, private_sheets
from expectations.report.ordering import class_order
from expectations.report.sheets import Table
from expectations.rule import Severity
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from expectations.report.content import ReportContent
    from expectations.report.gradebook import GradeEntry
    from expectations.report.people import People
    from expectations.report.sheets import Pages

STAFF, SCHOOL = "Nhân sự", "Toàn trường"
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
FOLDED = "Chi tiết gộp"
FOLDED_COLUMNS = (("Gộp vào (quy tắc › tệp › trang › cột)", 38), *COLUMNS[:6], COLUMNS[9])


def findings_by_sheet(findings: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
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


def heading_of(name: str, findings: list[dict[str, Any]], people: People, content: ReportContent) -> tuple[str, str]:
    """Title and note of a sheet."""
    what = name if name in (STAFF, SCHOOL) else f"Lớp {name}"
    teacher = f"Giáo viên chủ nhiệm: {people.homerooms[name]}. " if name in people.homerooms else ""
    count = f"{number(len(findings))} chỗ cần sửa, đêm {vietnamese_date(content.day)}."
    return f"{what} · {content.school}", f"{teacher}{count} Sửa trong phần mềm gốc, không sửa trong tệp này."


def finding_row(finding: Mapping[str, Any], people: People) -> tuple[object, ...]:
    """A finding as a row of COLUMNS."""
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
        short_day(since),
        str(nights or ""),
    )


def short_day(iso: str | None) -> str:
    """A day of the ledger as people write it."""
    return f"{iso[8:10]}/{iso[5:7]}/{iso[:4]}" if iso else ""


def _codes(finding: Mapping[str, Any], people: People) -> str:
    """The codes of the people; a user name for an account; the class for a gradebook; nothing for a row without a code."""
    if finding["table"] == "accounts":
        return str(finding["key"]).partition("|")[2]
    return " ↔ ".join(people.codes(finding)) or ("" if "#" in finding["key"] else str(finding["key"]).partition("|")[0])


def write_findings(pages: Pages, sheet: Worksheet, heading: tuple[str, str], rows: list[tuple[object, ...]]) -> None:
    """A sheet of findings, each with the colour of its severity."""
    shown = {title: pages.looks.severities[severity] for severity, title in wording.SEVERITY_TITLES.items()}
    pages.fill(sheet, heading, Table(COLUMNS, rows), lambda column, value: pages.looks.cell if column else shown[str(value)])


def write_folded(pages: Pages, content: ReportContent, people: People) -> None:
    """What stands behind each cause that is told once, record by record; no sheet when there is none."""
    if content.folded.is_empty():
        return
    note = f"{number(content.folded.height)} chỗ đã gộp vào nguyên nhân chung; sửa nguyên nhân ở nguồn thì các dòng này tự hết."
    ranked = content.folded.sort(*ROOT, *SORTED_BY)
    rows = [
        (_cause(finding), *row[:6], row[9])
        for finding, row in ((finding, finding_row(finding, people)) for finding in ranked.iter_rows(named=True))
    ]
    pages.fill(pages.add(FOLDED), (f"{FOLDED} · {content.school}", note), Table(FOLDED_COLUMNS, rows))


def _cause(finding: Mapping[str, Any]) -> str:
    """A root cause in words: its rule, file, sheet, and its column or line."""
    *place, last = finding["root_key"].split("#")
    table = finding["root_table"]
    named = f"dòng {last}" if last.isdigit() else wording.cell_label(table, "", last) if table in TABLES else last
    return " › ".join([finding["root_rule"], *filter(None, place), named])


def write_grade_entry(pages: Pages, content: ReportContent, entry: GradeEntry, people: People) -> None:
    """Whom to remind of which book, and which classes can be approved; no sheet when there is no class."""

    def look(column: int, value: object) -> Format:
        asks = asking(value)
        return pages.looks.severities[asks] if asks else pages.plain(column, value)

    for name, note, columns, rows in private_sheets(entry, people.names, content.day):
        if rows:
            pages.fill(pages.add(name), (f"{name} · {content.school}", note), Table(columns, rows), look)
