"""How the filled sheets look: lines across the table, rows as high as their text, pages that print whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from openpyxl.styles import Alignment
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.properties import PageSetupProperties

from infra.safe_xlsx import safe_text

if TYPE_CHECKING:
    from openpyxl.styles import Font
    from openpyxl.worksheet.worksheet import Worksheet

    from connectors.department.template import Heading

A4 = "9"
DEFAULT_WIDTH = 8.43
FONT_SIZE = 12.0  # of the form
LETTERS_PER_UNIT = 1.08  # Times New Roman at 12 points in a unit of column width
LINE_SPACING = 1.28


def width_of(sheet: Worksheet, first: int, last: int) -> float:
    """Width of columns first…last; one entry of the template may stand for several columns."""
    shared: dict[int, float] = {}
    for letter, dimension in sheet.column_dimensions.items():
        own = column_index_from_string(letter)
        shared |= dict.fromkeys(range(dimension.min or own, (dimension.max or own) + 1), dimension.width)
    return sum(shared.get(column, DEFAULT_WIDTH) for column in range(first, last + 1))


def height_of(text: str, width: float, size: float = FONT_SIZE) -> float:
    """Height of a row whose wrapped text has this width; explicit, as not every program measures rows on opening."""
    letters = width * LETTERS_PER_UNIT * FONT_SIZE / size
    return math.ceil(max(len(text), 1) / letters) * size * LINE_SPACING


def write_across(sheet: Worksheet, row: int, columns: tuple[int, int], text: str, font: Font | None = None) -> None:
    """Write a wrapped line over columns first…last of a row that is free there; the cell's own font when none is given."""
    first, last = columns
    sheet.merge_cells(start_row=row, start_column=first, end_row=row, end_column=last)
    cell = sheet.cell(row, first, safe_text(text))
    if font is not None:
        cell.font = font
    cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True)
    needed = height_of(text, width_of(sheet, first, last), cell.font.size or FONT_SIZE)
    sheet.row_dimensions[row].height = max(needed, sheet.row_dimensions[row].height or 0)


def fit_labels(sheet: Worksheet, heading: Heading) -> None:
    """Make rows high enough for labels that the template cuts off."""
    label_column = next((cell.column for cell in sheet[heading.numbers_row] if cell.value == "A"), None)
    if label_column is None:
        return
    width = width_of(sheet, label_column, label_column)
    for row in range(heading.numbers_row + 1, sheet.max_row + 1):
        needed = height_of(str(sheet.cell(row, label_column).value or ""), width)
        if needed > 1.5 * FONT_SIZE * LINE_SPACING:  # two lines or more
            sheet.row_dimensions[row].height = needed


def print_whole(sheet: Worksheet, heading: Heading) -> None:
    """Open at the head of the form; print it one A4 page wide, the heading on every page."""
    view = sheet.sheet_view
    view.topLeftCell = "A1"
    for selection in view.selection:
        selection.activeCell = selection.sqref = "A1"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = A4, 1, 0
    sheet.print_title_rows = f"{heading.top}:{heading.numbers_row}"
