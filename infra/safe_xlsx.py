"""Workbooks that are safe to open and the same every time.

Safe: every value is a text cell that no spreadsheet program takes for a formula, even after it was
saved as CSV and opened again; identifiers keep their leading zeros. The same: no clock goes in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# First characters that make a spreadsheet program read a cell as a formula (full-width forms too).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SIGNED_NUMBER = re.compile(r"[+-]?\d[\d\s.,]*")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
FORBIDDEN_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
LONGEST_CELL = 32_767  # letters, and below of a title: Excel's own limits
LONGEST_TITLE = 31
A4 = 9  # Excel's number of this paper
LINE_HEIGHT = 13.0  # points, of a 10-point font
WRAPPING_LOSS = 0.98  # letters per column unit, less what words leave empty at line ends


def safe_text(value: object) -> str:
    """A value as cell text: NFC, no control characters, never a formula; None is empty.

    A plain signed number (`-1`, `+84 908 123 456`) is no formula and stays as it was delivered.
    """
    text = "" if value is None else unicodedata.normalize("NFC", str(value))
    risky = text.startswith(FORMULA_STARTS) and not SIGNED_NUMBER.fullmatch(text)
    text = CONTROL_CHARACTERS.sub(" ", text)
    text = f"'{text}" if risky else text
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def sheet_title(text: str, taken: set[str]) -> str:
    """A sheet title that spreadsheets accept (`3/2` becomes `3-2`) and that is not in `taken`; it is added there."""
    wanted = FORBIDDEN_IN_TITLES.sub("-", safe_text(text)).strip("' ") or "Trang"
    title, number = wanted[:LONGEST_TITLE], 1
    # Titles that differ in their capitals only are one title to Excel.
    while title.casefold() in taken:
        number += 1
        ending = f" ({number})"
        title = wanted[: LONGEST_TITLE - len(ending)] + ending
    taken.add(title.casefold())
    return title


def new_workbook(file: Path, day: date, title: str, *, streamed: bool = False, small: bool = False) -> xlsxwriter.Workbook:
    """A workbook to be written to `file` (use it in `with`), dated by the night's day and not by the clock.

    `streamed`: rows are written in order, once, and leave memory as they go. `small`: its pieces never touch the disk,
    which saves a dozen files each where there are hundreds of workbooks.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # Left to itself the library guesses by the first letters: = becomes a formula, http a link.
    options: dict[str, object] = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": streamed,
        "in_memory": small,
    }
    options["tmpdir"] = str(file.parent)  # pieces of it hold names: never in the machine's own temporary folder
    book = xlsxwriter.Workbook(str(file), options)
    book.set_properties({"title": title, "created": datetime.combine(day, time())})
    return book


def write_text(sheet: Worksheet, row: int, column: int, value: object, look: Format | None = None) -> None:
    """Write one value as a text cell."""
    text = safe_text(value)
    if text:
        sheet.write_string(row, column, text, look)
    else:
        sheet.write_blank(row, column, None, look)


def write_row(sheet: Worksheet, row: int, cells: Sequence[tuple[object, Format]], widths: Sequence[float]) -> None:
    """Write a row and make it as high as its wrapped text: counts as numbers, everything else as text."""
    lines = 1
    for column, ((value, look), width) in enumerate(zip(cells, widths, strict=True)):
        text = safe_text(value)
        if isinstance(value, int):
            sheet.write_number(row, column, value, look)
        elif text:
            sheet.write_string(row, column, text, look)
        else:
            sheet.write_blank(row, column, None, look)
        lines = max(lines, math.ceil(len(text) * WRAPPING_LOSS / width))
    # Not every program measures wrapped rows on opening: an explicit height prints the same everywhere.
    sheet.set_row(row, lines * LINE_HEIGHT + 3)


def print_on_a4(sheet: Worksheet, header_row: int, footer: str, *, landscape: bool = True) -> None:
    """One A4 page wide, the header row on every page, page numbers at the foot."""
    if landscape:
        sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.repeat_rows(header_row)
    # A single & begins one of Excel's own codes.
    sheet.set_footer(f"&L&8{footer.replace('&', '&&')}&R&8&P/&N")
