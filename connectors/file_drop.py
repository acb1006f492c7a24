"""A folder that a system drops workbooks and CSV files into. It is read, never written."""

from __future__ import annotations

import shutil
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from connectors.delivery import Delivery, Places, landed
from connectors.errors import SourceChanged, SourceRefused, SourceUnreachable
from connectors.headings import fold
from connectors.records.snapshot import sha256_of
from connectors.sheets import Sheet, dates_of, find_sheet, no_header, parts_of
from connectors.workbook import READABLE, read_grids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from connectors.column_maps import FileMap, FolderMap
    from connectors.grid import Grid
    from connectors.records.snapshot import Snapshot

AGAIN = "xuất lại từ hệ thống, chép vào thư mục này rồi chạy lại"


@dataclass(frozen=True, slots=True)
class FolderSource:
    """One system's drop folder, read as its column map tells."""

    system: str
    folder: Path
    column_map: FolderMap
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Copy the files of the map to landing, read the copies, write them as a snapshot (see Source.fetch)."""
        files = [self._one_file(file_map) for file_map in self.column_map.files]
        with landed(self.places, day, self.system) as landing:
            delivery = Delivery(self.system)
            for file, file_map in zip(files, self.column_map.files, strict=True):
                copy = _land(file, landing)
                delivery.files[copy.name] = sha256_of(copy)
                _read(copy, file_map, delivery, self.column_map.date_words)
            return delivery.snapshot(self.places.work / day.isoformat() / self.system, day)

    def _one_file(self, file_map: FileMap) -> Path:
        """The one file here that a file map is about. SourceUnreachable when missing, SourceRefused when there are several."""
        if not self.folder.is_dir():
            raise SourceUnreachable(f"Không thấy thư mục của hệ thống {self.column_map.label}", where=str(self.folder), fix=AGAIN)
        found = [file for file in self._listed() if _is_named(file, file_map.names)]
        if not found:
            usual = file_map.names[0].replace("*", "")
            raise SourceUnreachable(f"Không thấy tệp {usual} (.xlsx hoặc .csv)", where=str(self.folder), fix=AGAIN)
        if len(found) > 1:
            told = f"Có {len(found)} tệp cùng loại: {', '.join(file.name for file in found)}"
            raise SourceRefused(told, where=str(self.folder), fix="chỉ để lại tệp mới nhất rồi chạy lại")
        return found[0]

    def _listed(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except OSError as error:
            raise SourceRefused("Không được phép đọc thư mục", where=str(self.folder), fix="xem quyền đọc thư mục rồi chạy lại") from error


def _is_named(file: Path, patterns: Sequence[str]) -> bool:
    # Hidden files and the ~$ files that Excel leaves beside an open workbook are nobody's delivery.
    if file.suffix.lower() not in READABLE or file.name.startswith((".", "~$")) or not file.is_file():
        return False
    return any(fnmatchcase(_plain(file.stem), _plain(pattern)) for pattern in patterns)


def _plain(name: str) -> str:
    """A file name for comparing: shared folders change the case and the normal form of names."""
    return unicodedata.normalize("NFC", name).casefold()


def _land(file: Path, landing: Path) -> Path:
    copy = landing / unicodedata.normalize("NFC", file.name)
    try:
        shutil.copy2(file, copy)
    except OSError as error:
        raise SourceRefused("Không đọc được tệp", where=str(file), fix="xem quyền đọc tệp và ổ đĩa mạng, rồi chạy lại") from error
    return copy


def _read(file: Path, file_map: FileMap, delivery: Delivery, date_words: Sequence[str]) -> None:
    """Add what a landed file holds to the delivery. SourceRefused when it has no row at all."""
    rows = 0
    for sheet in _sheets(read_grids(file), file.name, file_map):
        parts, strays = parts_of(sheet, file_map)
        delivery.parts += parts
        delivery.dates += dates_of(sheet, date_words)
        delivery.quarantined[file_map.tables[0].to] += strays
        rows += parts[0].rows.height
    if not rows:
        raise SourceRefused("Tệp không có dòng dữ liệu nào", where=file.name, fix=AGAIN)


def _sheets(grids: Sequence[Grid], file: str, file_map: FileMap) -> list[Sheet]:
    """The sheets that the map asks for, in the file's order; without a list: every sheet that has the header."""
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
