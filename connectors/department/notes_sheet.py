"""The marks in the workbook: a line on every filled sheet, and the last sheet «Ghi chú» with all reservations."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.properties import PageSetupProperties

from connectors.department.indicators import FORM
from connectors.department.layout import A4, height_of, write_across
from infra.clock import vietnamese_date
from infra.safe_xlsx import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from connectors.department.content import FormContent
    from connectors.department.template import Heading

TITLE = "Ghi chú"
FACE = "Times New Roman"
TEXT_SIZE, PADDING = 11.0, 3.0
DRAFT_COLOUR, QUIET_COLOUR = "C00000", "1F4E79"
LINE = Side(style="thin", color="999999")
FRAME = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
HEADING_FILL = PatternFill("solid", fgColor="E7E6E6")
WIDTHS = (16.0, 92.0)


def mark_sheet(sheet: Worksheet, heading: Heading, content: FormContent) -> None:
    """Write the mark where it is seen first: on a free row above the table, else below it; and on every printed page."""
    free = [row for row in range(1, heading.top) if all(cell.value is None for cell in sheet[row])]
    row = free[-1] if free else _last_row(sheet) + 2
    font = Font(name=FACE, size=TEXT_SIZE, bold=True, color=_colour(content))
    write_across(sheet, row, (1, max(heading.columns.values())), content.mark, font)
    sheet.sheet_properties.tabColor = _colour(content)
    # The mark may stand below the fold of the screen: every printed page carries it at its head.
    if (header := sheet.oddHeader) is not None:
        header.left.text = f"{content.title} · {FORM}".replace("&", "&&")
        header.left.size, header.left.font, header.left.color = 10, f"{FACE},Bold", _colour(content)


def add_notes(book: Workbook, content: FormContent) -> None:
    """Append «Ghi chú»: state, blocked rules, what does not agree, how it was counted, rows left blank."""
    sheet: Worksheet = book.create_sheet(TITLE)
    for letter, width in zip("AB", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    _line(sheet, f"{FORM}: {content.school.name}", Font(name=FACE, size=14, bold=True))
    _line(sheet, content.mark, Font(name=FACE, size=12, bold=True, color=_colour(content)))
    days = f"Ngày tính: {vietnamese_date(content.census_day)}. Ngày của số liệu: {vietnamese_date(content.day)}."
    _line(sheet, days, Font(name=FACE, size=TEXT_SIZE))
    rules = [(rule, str(count)) for rule, count in sorted(content.blocking.items())]
    _table(sheet, "Số chỗ bị chặn theo quy tắc (xem danh sách cần sửa)", ("Quy tắc", "Số chỗ"), rules)
    signed = [(each.rule, each.line()) for each in content.exceptions]
    _table(sheet, "Ngoại lệ đã ký: chỗ bị chặn mà người có trách nhiệm chấp nhận", ("Quy tắc", "Số chỗ, người ký, thời hạn"), signed)
    _table(sheet, "Chưa khớp hoặc chưa rõ", ("STT", "Nội dung"), _numbered(content.problems))
    _table(sheet, "Cách đếm và giới hạn", ("STT", "Nội dung"), _numbered(content.notes))
    _table(sheet, "Dòng để trống", ("Mã số", "Lý do"), _together(content.counts.blank))
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "portrait", A4, 0


def _table(sheet: Worksheet, title: str, heads: tuple[str, str], rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    _line(sheet, "", Font(name=FACE, size=TEXT_SIZE))
    _line(sheet, title, Font(name=FACE, size=12, bold=True))
    for number, texts in enumerate((heads, *rows)):
        row = _last_row(sheet) + 1
        for column, text in enumerate(texts, start=1):
            cell = sheet.cell(row, column, safe_text(text))
            cell.font = Font(name=FACE, size=TEXT_SIZE, bold=number == 0)
            cell.alignment = Alignment(horizontal="center" if column == 1 else "left", vertical="top", wrap_text=True)
            cell.border = FRAME
            if number == 0:
                cell.fill = HEADING_FILL
        sheet.row_dimensions[row].height = height_of(texts[1], WIDTHS[1], TEXT_SIZE) + PADDING


def _line(sheet: Worksheet, text: str, font: Font) -> None:
    write_across(sheet, _last_row(sheet) + 1, (1, len(WIDTHS)), text, font)


def _last_row(sheet: Worksheet) -> int:
    """The last row with a cell (an empty sheet has none, whatever openpyxl says)."""
    return 0 if sheet.max_row == 1 and sheet.cell(1, 1).value is None else sheet.max_row


def _numbered(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(number), line) for number, line in enumerate(lines, start=1)]


def _together(blank: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows that follow each other and stay blank for the same reason, in one line."""
    groups = [(reason, [code for code, _ in rows]) for reason, rows in groupby(blank, key=itemgetter(1))]
    return [(codes[0] if len(codes) == 1 else f"{codes[0]}–{codes[-1]}", reason) for reason, codes in groups]


def _colour(content: FormContent) -> str:
    return DRAFT_COLOUR if content.draft else QUIET_COLOUR
