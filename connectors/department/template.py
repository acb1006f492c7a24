"""Finds the cells of the form by what stands in it: row codes in column «Mã số», numbers in the heading row.

No address is written down here, so a template with moved rows or columns is filled as well; one whose
row means something else under the same code is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

CODE_HEADING = "mã"
SIGNS_BEFORE_LABEL = re.compile(r"^[-+–\s]+")
FIX = "dùng đúng mẫu 02-TH-ĐN, hoặc báo người phụ trách phần mềm cập nhật cách điền"


@dataclass(frozen=True, slots=True)
class FormRow:
    """Where a row of the form is: sheet, row, its label texts, and column number -> sheet column."""

    sheet: Worksheet
    row: int
    labels: frozenset[str]
    columns: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a sheet's table starts: row and column of «Mã số», the row with the column numbers, number -> sheet column."""

    top: int
    code_column: int
    numbers_row: int
    columns: Mapping[int, int]


def form_rows(book: Workbook) -> dict[str, FormRow]:
    """Row code -> its place, over all sheets. ConfigurationError when a code stands twice."""
    found: dict[str, FormRow] = {}
    for sheet in book.worksheets:
        if heading := heading_of(sheet):
            for code, row in _rows_of(sheet, heading):
                if code in found:
                    raise _unfit(f"Mẫu biểu có hai dòng cùng mã số {code}", f"trang {sheet.title}")
                found[code] = row
    return found


def row_of(rows: Mapping[str, FormRow], code: str, label: str, columns: int) -> FormRow:
    """The row of a code. ConfigurationError when it is missing, means something else, or lacks one of its columns."""
    row = rows.get(code)
    if row is None:
        raise _unfit(f"Mẫu biểu không có dòng mã số {code} («{label}»)", "cột «Mã số»")
    if _plain(label) not in row.labels:
        raise _unfit(f"Dòng mã số {code} của mẫu biểu không phải «{label}»", f"trang {row.sheet.title}, dòng {row.row}")
    if missing := [str(number) for number in range(1, columns + 1) if number not in row.columns]:
        raise _unfit(f"Mẫu biểu thiếu cột số {', '.join(missing)}", f"trang {row.sheet.title}")
    return row


def _unfit(what: str, where: str) -> ConfigurationError:
    return ConfigurationError(what, where=where, fix=FIX)


def heading_of(sheet: Worksheet) -> Heading | None:
    """The table's heading; None for a sheet without one."""
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str) and _plain(cell.value).split()[:1] == [CODE_HEADING]:
                below = range(cell.row + 1, sheet.max_row + 1)
                numbered = (row for row in below if sheet.cell(row, cell.column + 1).value == 1)
                if numbers_row := next(numbered, None):
                    return Heading(cell.row, cell.column, numbers_row, _numbered_columns(sheet, numbers_row, cell.column))
    return None


def _numbered_columns(sheet: Worksheet, row: int, code_column: int) -> dict[int, int]:
    """The columns 1, 2, 3… right of the row codes."""
    counted = takewhile(lambda number: sheet.cell(row, code_column + number).value == number, count(1))
    return {number: code_column + number for number in counted}


def _rows_of(sheet: Worksheet, heading: Heading) -> Iterator[tuple[str, FormRow]]:
    for row in range(heading.numbers_row + 1, sheet.max_row + 1):
        code = sheet.cell(row, heading.code_column).value
        if isinstance(code, int) or (isinstance(code, str) and code.strip().isdigit()):
            texts = (sheet.cell(row, column).value for column in range(1, heading.code_column))
            labels = frozenset(_plain(text) for text in texts if isinstance(text, str))
            yield str(code).strip(), FormRow(sheet, row, labels, heading.columns)


def _plain(text: str) -> str:
    """A label for comparison: NFC, lower case, blanks collapsed, without leading dashes."""
    return " ".join(SIGNS_BEFORE_LABEL.sub("", unicodedata.normalize("NFC", text)).casefold().split())
