"""Workbooks as grids of raw cells with real row numbers. What the cells mean is the column map's business.

python-calamine looks at the cells themselves, never at the range that a sheet declares (rules.md TX-2),
and says where the first used row is: the true row number is that plus the place in the list.
"""

from __future__ import annotations

import unicodedata
import zipfile
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from connectors.delimited import read_delimited
from connectors.errors import SourceRefused
from connectors.grid import Grid

if TYPE_CHECKING:
    from pathlib import Path

READABLE = (".xlsx", ".csv")
LARGEST_UNPACKED = 300 * 1024 * 1024  # bytes; a school's largest export is a tenth of that
BROKEN_FIX = "mở thử bằng Excel, xuất lại từ hệ thống rồi chép đè tệp này"


def read_grids(file: Path) -> list[Grid]:
    """All sheets of a workbook, or the one grid of a CSV file. SourceRefused when it cannot be read."""
    if not file.stat().st_size:
        raise SourceRefused("Tệp rỗng (0 byte)", where=file.name, fix="xuất lại từ hệ thống rồi chép đè tệp này")
    return [read_delimited(file)] if file.suffix.lower() == ".csv" else _read_workbook(file)


def _read_workbook(file: Path) -> list[Grid]:
    _refuse_bomb(file)
    try:
        with CalamineWorkbook.from_path(str(file)) as book:
            return [_grid(book, name) for name in book.sheet_names]
    except PasswordError as error:
        raise SourceRefused("Tệp Excel có đặt mật khẩu", where=file.name, fix="lưu lại không đặt mật khẩu rồi chép đè tệp này") from error
    except (CalamineError, OSError, ValueError) as error:
        raise SourceRefused("Tệp Excel hỏng, không đọc được", where=file.name, fix=BROKEN_FIX) from error


def _grid(book: CalamineWorkbook, name: str) -> Grid:
    sheet = book.get_sheet_by_name(name)
    return Grid(unicodedata.normalize("NFC", name), sheet.start[0] + 1 if sheet.start else 1, sheet.to_python())


def _refuse_bomb(file: Path) -> None:
    """A workbook is a zip: refuse what is none, and what would unpack to more than any school has."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SourceRefused("Tệp Excel hỏng hoặc không phải tệp .xlsx", where=file.name, fix=BROKEN_FIX) from error
    if unpacked > LARGEST_UNPACKED:
        raise SourceRefused(
            f"Tệp Excel giải nén ra {unpacked // 1024**2} MB, quá mức {LARGEST_UNPACKED // 1024**2} MB cho phép",
            where=file.name,
            fix="xóa tệp này nếu không rõ nguồn gốc, hoặc chia nhỏ rồi xuất lại",
        )
