"""The public workbook: the page's tables, to sort and filter. Counts only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.report import wording
from expectations.report.gradebook import SHORT_NAMES
from expectations.report.gradebook_sheets import PLACE_COLUMNS, place_rows
from expectations.report.page import figures
from expectations.report.sheets import HEADER_ROW, make_looks, start_sheet
from expectations.rule import Severity, table_label
from infra.clock import vietnamese_date
from infra.safe_xlsx import new_workbook, print_on_a4, sheet_title, write_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from expectations.report.content import ReportContent
    from expectations.report.coverage import ClassFields
    from expectations.report.gradebook import GradeEntry
    from expectations.report.summary import Summary

Rows = list[tuple[object, ...]]
Columns = tuple[tuple[str, int], ...]
PUBLIC_FOOTER = "Bản chung: chỉ có số đếm, không có tên hay mã"
SEVERITY_COLUMNS = tuple((wording.SEVERITY_TITLES[severity], 9) for severity in Severity)


def write_public_workbook(file: Path, content: ReportContent, summary: Summary) -> None:
    taken: set[str] = set()
    with new_workbook(file, content.day, "Báo cáo chất lượng dữ liệu") as book:
        looks = make_looks(book)
        for name, note, columns, rows in _sheets(content, summary):
            sheet = book.add_worksheet(sheet_title(name, taken))
            start_sheet(sheet, (f"{name} · {content.school}", f"Đêm {vietnamese_date(content.day)}. {note}"), columns, looks)
            for index, row in enumerate(rows, HEADER_ROW + 1):
                cells = [(value, looks.number if isinstance(value, int) else looks.cell) for value in row]
                write_row(sheet, index, cells, [width for _, width in columns])
            if rows:
                sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(rows), len(columns) - 1)
            print_on_a4(sheet, HEADER_ROW, PUBLIC_FOOTER, landscape=len(columns) > len(SEVERITY_COLUMNS) * 2)


def _sheets(content: ReportContent, summary: Summary) -> Iterable[tuple[str, str, Columns, Rows]]:
    """Name, note, columns and rows of every sheet."""
    entry = summary.grade_entry
    yield "Tóm tắt", wording.headline(summary), (("Con số", 32), ("Giá trị", 14), ("Ghi chú", 48)), _figures(summary)
    yield (
        "Nguồn",
        wording.second_line(summary),
        _SOURCE_COLUMNS,
        _sources(summary),
    )
    yield "Quy tắc", f"Không có dòng để kiểm: {wording.NOT_ENOUGH}.", _RULE_COLUMNS, _rules(summary)
    yield "Theo lớp", "", (("Lớp", 10), ("Sĩ số", 9), *SEVERITY_COLUMNS, ("Tất cả", 9)), _lines(summary)
    yield "Đủ 8 mục", "Số học sinh đang học còn thiếu từng mục (Điều 19.6a).", _FIELD_COLUMNS, _fields(summary)
    yield "Nhập điểm", "Số ô còn thiếu; chưa đến hạn thì không gọi là thiếu.", _entry_columns(summary), _entries(summary)
    yield f"Tiến độ {wording.TIMES[entry.current]}", "Từng sổ của từng lớp.", _book_columns(entry), _books(entry)
    yield "Duyệt kết quả", "Hiệu trưởng duyệt khi mọi giáo viên đã nhập đủ (Điều 15.4).", PLACE_COLUMNS, place_rows(entry)
    yield "Các đêm", wording.change_line(summary.change), (("Đêm", 12), *SEVERITY_COLUMNS, ("Tất cả", 9)), _nights(summary)
    yield "Giữ lại", "Kéo về = gửi được + giữ lại + tạm giữ.", _TOTAL_COLUMNS, _totals(content)
    yield "Ngoại lệ", "Đã ký, có thời hạn; ai ký và vì sao chỉ ghi trong danh sách riêng.", _WAIVED_COLUMNS, _waived(summary)
    yield "Nguyên nhân chung", "Mỗi nguyên nhân nói một lần, kèm số chỗ gộp vào.", _ROOT_COLUMNS, _roots(summary)


_RULE_COLUMNS: Columns = (
    ("Mã", 13),
    ("Bảng", 18),
    ("Nội dung", 44),
    ("Căn cứ", 22),
    ("Mức", 9),
    ("Dòng đã kiểm", 12),
    ("Số chỗ", 9),
    ("Ai sửa", 20),
    ("Sửa ở đâu", 36),
)
_SOURCE_COLUMNS: Columns = (("Hệ thống", 30), ("Dữ liệu của ngày", 16), ("Tuổi", 36), ("Kéo về", 52))
_FIELD_COLUMNS: Columns = (("Lớp/hệ thống", 16), ("Sĩ số", 9), *((field, 12) for field in wording.FIELDS))
_TOTAL_COLUMNS: Columns = (
    ("Bảng", 30),
    ("Hệ thống", 14),
    ("Kéo về", 11),
    ("Gửi được", 11),
    ("Giữ lại", 11),
    ("Tạm giữ", 11),
    ("Đối chiếu", 14),
)


_WAIVED_COLUMNS: Columns = (("Mã", 13), ("Nội dung", 60), ("Số chỗ", 9), ("Sớm nhất hết hạn", 16))
_ROOT_COLUMNS: Columns = (("Mã", 13), ("Nội dung", 60), ("Ở đâu", 50), ("Số chỗ gộp", 11))


def _waived(summary: Summary) -> Rows:
    return [(line.rule.code, line.rule.message, line.count, vietnamese_date(line.until)) for line in summary.waived]


def _roots(summary: Summary) -> Rows:
    return [(line.rule.code, line.rule.message, wording.root(line).rpartition(":")[0], line.folded) for line in summary.roots]


def _figures(summary: Summary) -> Rows:
    return [(figure.label, figure.value, figure.note) for figure in figures(summary)]


def _sources(summary: Summary) -> Rows:
    return [
        (wording.system_name(source.system), vietnamese_date(source.data_as_of), wording.age(source), wording.pulled(source))
        for source in summary.sources
    ]


def _rules(summary: Summary) -> Rows:
    return [
        (
            line.rule.code,
            table_label(line.rule.table),
            line.rule.message,
            line.rule.article,
            wording.SEVERITY_TITLES[line.rule.severity],
            line.examined or wording.NOT_ENOUGH,
            # Where there was nothing to look at, nothing found is no zero.
            line.count if line.examined or line.count else "–",
            str(line.rule.owner),
            line.rule.fix,
        )
        for line in summary.rules
    ]


def _by_severity(counts: Mapping[Severity, int]) -> tuple[int, ...]:
    return (*(counts[severity] for severity in Severity), sum(counts.values()))


def _lines(summary: Summary) -> Rows:
    return [(line.name, line.pupils, *_by_severity(line.counts)) for line in summary.classes]


def _nights(summary: Summary) -> Rows:
    return [(vietnamese_date(night.day), *_by_severity(night.counts)) for night in summary.trend]


def _fields(summary: Summary) -> Rows:
    def row(line: ClassFields) -> tuple[object, ...]:
        shown = [wording.NOT_ENOUGH if missing is None else missing for missing in line.missing]
        return wording.short_system(line.class_name), line.pupils, *shown

    return [row(line) for line in (*summary.completeness.classes, *summary.completeness.systems)]


def _entry_columns(summary: Summary) -> Columns:
    return (("Lớp", 10), *((f"{wording.TIMES[time]} (hạn {vietnamese_date(due_on)})", 20) for time, due_on, _ in summary.progress.times))


def _entries(summary: Summary) -> Rows:
    progress = summary.progress
    return [
        (name, *(wording.entry(entries[time], due=due, examined_any=progress.examined) for time, _, due in progress.times))
        for name, entries in progress.classes
    ]


def _book_columns(entry: GradeEntry) -> Columns:
    return (("Lớp", 10), *((SHORT_NAMES[subject], 9) for subject in entry.subjects(entry.current)), ("Duyệt", 32))


def _books(entry: GradeEntry) -> Rows:
    """One row per class; a subject that the grade does not learn is an empty cell."""
    subjects = entry.subjects(entry.current)
    return [
        (place.label, *(books[subject].words if subject in books else "" for subject in subjects), place.words)
        for place, books in entry.rows(entry.current)
    ]


def _totals(content: ReportContent) -> Rows:
    return [
        (table, system, total.pulled, total.exported, total.held, total.quarantined, wording.tie_out(total))
        for table, system, total in wording.totals_by_table(content.totals)
    ]
