"""Workbooks as grids of raw cells with real row numbers. What the cells mean is the column map's business.

python-calamine looks at the cells themselves, never at the range that a sheet declares (rules.md TX-2),
and says where the first used row is: the true row number is that plus the place in the list. What a file
is, its first bytes say: an ending is only a name.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from connectors.errors import SourceRefused
from connectors.sheets import old_workbook
from connectors.sheets.delimited import read_delimited
from connectors.sheets.grid import Grid
from connectors.sheets.workbook_parts import BROKEN_FIX, MOST_CELLS, Inspected, inspect
from infra.document_text import LARGEST_UNPACKED

__all__ = ["LARGEST_UNPACKED", "READABLE", "read_grids"]

READABLE = (".xlsx", ".xls", ".csv", ".txt")
DELIMITED = (".csv", ".txt")
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # what an .xlsx and an .xls file begin with
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # how a workbook with a password is named inside its old-style wrapper
WEB_PAGE = (b"<html", b"<!doctype html", b"<table", b"<?xml")
LARGEST_OLD = 64 * 1024 * 1024  # bytes of an .xls file, which is not compressed
OLD_SECONDS = 60  # the largest .xls file takes a few
AGAIN = "xuất lại từ hệ thống rồi chép đè tệp này"
SAVE_AGAIN = "mở bằng Excel, chọn Lưu thành (Save As) → Excel Workbook (.xlsx) rồi chép đè tệp này"


def read_grids(file: Path, legacy: str | None = None) -> list[Grid]:
    """All sheets of a workbook, or the one grid of a CSV file. SourceRefused when it cannot be read.

    `legacy`: the old code (`TCVN3`, `VNI`) that the map lets a CSV file be in.
    """
    if not file.stat().st_size:
        raise SourceRefused("Tệp rỗng (0 byte)", where=file.name, fix=AGAIN)
    with file.open("rb") as stream:
        start = stream.read(512)
    if start.startswith(ZIP):
        return _read_workbook(file, inspect(file))
    if start.startswith(OLE):
        return _read_old_workbook(file)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(WEB_PAGE):
        raise SourceRefused("Tệp thật ra là một trang web (HTML/XML) mang tên bảng tính", where=file.name, fix=SAVE_AGAIN)
    if file.suffix.lower() in DELIMITED:
        return [read_delimited(file, legacy)]
    raise SourceRefused("Tệp Excel hỏng hoặc không phải tệp Excel", where=file.name, fix=BROKEN_FIX)


def _read_old_workbook(file: Path) -> list[Grid]:
    """An .xls file, read in a process of its own (see old_workbook.py)."""
    if file.stat().st_size > LARGEST_OLD:
        raise SourceRefused(f"Tệp Excel lớn quá {LARGEST_OLD // 1024**2} MB", where=file.name, fix="chia nhỏ rồi xuất lại dạng .xlsx")
    if ENCRYPTED in file.read_bytes():
        raise _locked(file)
    # The path and a number, no shell; errors go nowhere because they may quote the file.
    with TemporaryDirectory() as folder:
        copy = shutil.copyfile(file, Path(folder) / "old.xls")  # the library believes the ending
        # -I: neither the environment nor the script's own folder decides which modules that process finds.
        command = [sys.executable, "-I", old_workbook.__file__, str(copy), str(MOST_CELLS)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=OLD_SECONDS, check=True)  # noqa: S603
            told = json.loads(done.stdout)
        except (subprocess.SubprocessError, ValueError):
            raise SourceRefused("Tệp Excel .xls hỏng, không đọc được", where=file.name, fix=SAVE_AGAIN) from None
    if told == old_workbook.PASSWORD:
        raise _locked(file)
    return [_old_grid(sheet) for sheet in told]


def _old_grid(sheet: dict[str, Any]) -> Grid:
    rows = [[old_workbook.from_json(cell) for cell in row] for row in sheet["rows"]]
    unreadable = {(number, at): text for number, at, text in sheet["unreadable"]}
    return Grid(unicodedata.normalize("NFC", sheet["name"]), sheet["first_row"], rows, sheet["hidden"], unreadable)


def _locked(file: Path) -> SourceRefused:
    return SourceRefused("Tệp Excel có đặt mật khẩu", where=file.name, fix="lưu lại không đặt mật khẩu rồi chép đè tệp này")


def _read_workbook(file: Path, inspected: Inspected) -> list[Grid]:
    try:
        # By content: with a path the library would believe the ending.
        with CalamineWorkbook.from_filelike(inspected.book) as book:
            grids: list[Grid] = []
            for place in range(len(book.sheet_names)):
                grids.append(_grid(book, place, inspected, file))
                if sum(len(grid.rows) * len(grid.rows[0]) for grid in grids if grid.rows) > MOST_CELLS:
                    raise _too_large(file)
            return grids
    except PasswordError as error:
        raise _locked(file) from error
    except (CalamineError, OSError, ValueError) as error:
        raise SourceRefused("Tệp Excel hỏng, không đọc được", where=file.name, fix=BROKEN_FIX) from error


def _grid(book: CalamineWorkbook, place: int, inspected: Inspected, file: Path) -> Grid:
    about, sheet = book.sheets_metadata[place], book.get_sheet_by_index(place)
    if sheet.height * sheet.width > MOST_CELLS:
        raise _too_large(file)
    row, column = sheet.start or (0, 0)
    unreadable = {(number, at - column): text for (number, at), text in inspected.troubles.get(about.name, {}).items()}
    hidden = about.visible != SheetVisibleEnum.Visible
    return Grid(unicodedata.normalize("NFC", about.name), row + 1, sheet.to_python(), hidden, unreadable)


def _too_large(file: Path) -> SourceRefused:
    return SourceRefused(f"Tệp Excel có hơn {MOST_CELLS // 1_000_000} triệu ô", where=file.name, fix="chia nhỏ rồi xuất lại")
