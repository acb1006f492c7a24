"""Workbooks and CSV files that a system drops somewhere: found by name, landed untouched, read by the column map."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
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
    from connectors.file_store import FileStore, OpenStore, StoredFile
    from connectors.grid import Grid
    from connectors.records.snapshot import Snapshot

AGAIN = "xuất lại từ hệ thống, chép vào thư mục này rồi chạy lại"


@dataclass(frozen=True, slots=True)
class DropSource:
    """One system's files, wherever they lie, read as its column map tells."""

    system: str
    store: FileStore
    column_map: FolderMap
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Copy the files of the map to landing, read the copies, write them as a snapshot (see Source.fetch)."""
        with self.store.opened() as store, landed(self.places, day, self.system) as landing:
            listed = store.listed()
            chosen = [self._one_file(file_map, listed) for file_map in self.column_map.files]
            copies = [_land(store, file, landing) for file in chosen]
            delivery = Delivery(self.system)
            for copy, file_map in zip(copies, self.column_map.files, strict=True):
                delivery.files[copy.name] = sha256_of(copy)
                _read(copy, file_map, delivery, self.column_map.date_words)
            return delivery.snapshot(self.places.work / day.isoformat() / self.system, day)

    def _one_file(self, file_map: FileMap, listed: Sequence[StoredFile]) -> StoredFile:
        """The one file here that a file map is about. SourceUnreachable when missing, SourceRefused when there are several."""
        found = [file for file in listed if _is_named(file.name, file_map.names)]
        if not found:
            usual = file_map.names[0].replace("*", "")
            raise SourceUnreachable(f"Không thấy tệp {usual} (.xlsx hoặc .csv)", where=self.store.where, fix=AGAIN)
        if len(found) > 1:
            told = f"Có {len(found)} tệp cùng loại: {', '.join(file.name for file in found)}"
            raise SourceRefused(told, where=self.store.where, fix="chỉ để lại tệp mới nhất rồi chạy lại")
        return found[0]


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    # Hidden files and the ~$ files that Excel leaves beside an open workbook are nobody's delivery.
    file = PurePosixPath(name)
    if file.suffix.lower() not in READABLE or file.name.startswith((".", "~$")):
        return False
    return any(fnmatchcase(_plain(file.stem), _plain(pattern)) for pattern in patterns)


def _plain(name: str) -> str:
    """A file name for comparing: shared folders change the case and the normal form of names."""
    return unicodedata.normalize("NFC", name).casefold()


def _land(store: OpenStore, file: StoredFile, landing: Path) -> Path:
    copy = landing / PurePosixPath(file.name).name
    store.fetch(file, copy)
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
