"""One landed file as a file map tells: its parts, its dates, what was set aside, which code list it uses, what to tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.errors import SourceChanged, SourceRefused
from connectors.files.code_lists import settle_codes
from connectors.headings import fold
from connectors.sheets.layout import dates_of, find_sheet, no_header, read_rows
from connectors.sheets.workbook import read_grids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from connectors.column_maps import FileMap
    from connectors.delivery import Part
    from connectors.sheets.grid import Grid
    from connectors.sheets.layout import Sheet
    from connectors.sheets.rows import Stray

SIDE_BY_SIDE = 2  # each holds a whole workbook in memory
AGAIN = "xuất lại từ hệ thống, chép vào thư mục này rồi chạy lại"


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file gave.

    `strays`: lines set aside, by sheet. `code_list`: `table.column` -> `bo` or `tinh`, where its values are codes
    of one. `told`: one Vietnamese line each, without any value, of what a person should know.
    """

    parts: Sequence[Part]
    dates: Sequence[date]
    strays: Mapping[str, Sequence[Stray]]
    code_list: Mapping[str, str] = field(default_factory=dict)
    told: Sequence[str] = ()


def read_file(file: Path, file_map: FileMap, date_words: Sequence[str] = ()) -> FileReading:
    """Read a file by its map. SourceRefused when it cannot be read or has no row, SourceChanged when its layout moved."""
    grids = read_grids(file, file_map.legacy)
    sheets = _sheets(grids, file.name, file_map)
    read = [(sheet, *read_rows(sheet, file_map)) for sheet in sheets]
    if not any(parts[0].rows.height for _, parts, _ in read):
        raise SourceRefused("Tệp không có dòng dữ liệu nào", where=file.name, fix=AGAIN)
    settled = settle_codes([part for _, parts, _ in read for part in parts], file_map.code_list, file.name)
    strays = {sheet.name: tuple(strays) for sheet, _, strays in read if strays}
    dates = tuple(day for sheet in sheets for day in dates_of(sheet, date_words))
    told = (*_hidden(grids, sheets, file.name), *settled.told)
    return FileReading(settled.parts, dates, strays, settled.code_list, told)


def read_files(files: Sequence[tuple[Path, FileMap]], date_words: Sequence[str] = ()) -> list[FileReading]:
    """Several files in their order, two at a time: the library lets go of the interpreter while it parses.

    Raises what the first bad file raises.
    """
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda job: read_file(job[0], job[1], date_words), files))


def _hidden(grids: Sequence[Grid], sheets: Sequence[Sheet], file: str) -> list[str]:
    read = {sheet.name for sheet in sheets}
    names = ", ".join(f"“{grid.sheet}”" for grid in grids if grid.hidden and grid.rows and grid.sheet not in read)
    return [f"{file}: không đọc trang ẩn {names}; nếu cần, nêu tên trang trong `sheets` của bản đồ cột"] if names else []


def _sheets(grids: Sequence[Grid], file: str, file_map: FileMap) -> list[Sheet]:
    """The sheets that the map asks for, in the file's order; without a list: every visible sheet that has the header."""
    found = [(grid, find_sheet(grid, file, file_map)) for grid in _wanted(grids, file, file_map)]
    without = [grid for grid, sheet in found if sheet is None]
    # A sheet that the map names must have the header; of the others one is enough.
    if without and (file_map.sheets or len(without) == len(found)):
        raise no_header(file, without[0].sheet, file_map)
    return [sheet for _, sheet in found if sheet]


def _wanted(grids: Sequence[Grid], file: str, file_map: FileMap) -> list[Grid]:
    """SourceChanged when a sheet that the map names is lost. A CSV file has no sheets and is taken whole."""
    if not file_map.sheets or not any(grid.sheet for grid in grids):
        return list(grids)
    here = {fold(grid.sheet) for grid in grids}
    if lost := [name for name in file_map.sheets if fold(name) not in here]:
        told = ", ".join(f"“{name}”" for name in lost)
        raise SourceChanged(f"Mất trang {told}", where=file, fix="xuất lại đủ các trang (nếu đã đổi tên trang thì đổi lại) rồi chạy lại")
    return [grid for grid in grids if fold(grid.sheet) in set(map(fold, file_map.sheets))]
