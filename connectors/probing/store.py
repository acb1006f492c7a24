"""The steps of `truong connect --test` where a system drops files: get in and list, what the account may do, the headings."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from connectors.files.drop import is_named
from connectors.probing.database import HEADINGS, LOG_IN, RIGHTS, heading_lines
from connectors.probing.steps import Check, Mark, Step
from connectors.renames import Headed
from connectors.sheets.layout import find_sheet
from connectors.sheets.workbook import read_grids
from connectors.stores.store import LocalFolder
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.column_maps import FileMap, FolderMap
    from connectors.stores.store import FileStore, OpenStore, StoredFile

SHOWN_NAMES = 5
NO_FILE_FIX = "xuất từ hệ thống rồi thả tệp vào đó, hoặc sửa tên tệp trong bản đồ cột"
WRITES_FIX = "nhờ quản trị máy chủ cấp tài khoản chỉ đọc thư mục này"


@runtime_checkable
class TellsRights(Protocol):
    """An open store that can tell by attributes alone, never by writing, whether the account could write there."""

    def could_write(self) -> bool | None:
        """None: the server does not tell."""


def store_checks(store: FileStore, column_map: FolderMap | None) -> tuple[Check, ...]:
    """Log-in and list, rights, headings; without a map (files that are only kept) there are no headings to look at."""
    headings = (Check(HEADINGS, lambda: _headings(store, column_map), vital=False),) if column_map else ()
    return (Check(LOG_IN, lambda: _log_in(store)), Check(RIGHTS, lambda: _rights(store), vital=False), *headings)


def headed_files(folder: Path, column_map: FolderMap) -> list[Headed]:
    """The headings of every sheet in files of a folder that a map is about (as landed: file names without folders)."""
    found = []
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        for file_map in (each for each in column_map.files if is_named(file.name, each.names)):
            sheets = (find_sheet(grid, file.name, file_map) for grid in read_grids(file, file_map.legacy))
            found += [Headed(sheet.header, file_map.tables) for sheet in sheets if sheet]
    return found


def _log_in(store: FileStore) -> Step:
    with store.opened() as place:
        files = place.listed()
    flawed = [f"{file.name}: {file.flaw}" for file in files if file.flaw][:SHOWN_NAMES]
    names = ", ".join(file.name for file in files[:SHOWN_NAMES])
    told = f"vào được {store.where}, thấy {number(len(files))} tệp" + (
        f" ({names}{', …' if len(files) > SHOWN_NAMES else ''})" if files else ""
    )
    return Step(LOG_IN, Mark.GOOD if files else Mark.WARN, told, "" if files else NO_FILE_FIX, tuple(flawed))


def _rights(store: FileStore) -> Step:
    if isinstance(store, LocalFolder):
        can = "tài khoản chạy chương trình ghi được thư mục này" if os.access(store.folder, os.W_OK) else "thư mục này không ghi được"
        return Step(RIGHTS, Mark.GOOD, f"{can}; chương trình chỉ đọc")
    with store.opened() as place:
        writes = place.could_write() if isinstance(place, TellsRights) else None
    if writes is None:
        return Step(
            RIGHTS, Mark.SKIPPED, "máy chủ không cho biết tài khoản có ghi được hay không", "hỏi quản trị máy chủ: cần tài khoản chỉ đọc"
        )
    if writes:
        return Step(RIGHTS, Mark.WARN, "theo quyền của thư mục, tài khoản này GHI được", WRITES_FIX)
    return Step(RIGHTS, Mark.GOOD, "theo quyền của thư mục, tài khoản này chỉ đọc được")


def _headings(store: FileStore, column_map: FolderMap) -> Step:
    """Each wanted file is copied aside, its headings are read, and the copy is gone again."""
    with store.opened() as place, tempfile.TemporaryDirectory(prefix="truong-connect-") as scratch:
        listed = place.listed()
        found = {file_map.names[0].replace("*", ""): _about(listed, file_map) for file_map in column_map.files}
        _copy(place, [max(files, key=lambda file: file.modified) for files in found.values() if files], Path(scratch))
        headed = headed_files(Path(scratch), column_map)
    if missing := [name for name, files in found.items() if not files]:
        return Step(HEADINGS, Mark.BAD, f"không thấy tệp {', '.join(missing)}", NO_FILE_FIX, heading_lines(headed))
    if not store.newest_wins and (doubled := [file.name for files in found.values() if len(files) > 1 for file in files]):
        return Step(HEADINGS, Mark.BAD, f"có nhiều tệp cùng loại: {', '.join(doubled)}", "chỉ để lại tệp mới nhất", heading_lines(headed))
    if not headed:
        return Step(
            HEADINGS, Mark.BAD, "không tệp nào có dòng tiêu đề mà bản đồ cột biết", "chọn bản đồ cột khác, hoặc chạy truong map TỆP"
        )
    for sheet in headed:
        for table in sheet.tables:
            sheet.header.columns(table)  # SourceChanged names what is lost and what it may be called now
    return Step(HEADINGS, Mark.GOOD, f"đủ cột cần đọc ở {len(headed)} trang", lines=heading_lines(headed))


def _copy(place: OpenStore, files: Sequence[StoredFile], scratch: Path) -> None:
    for file in files:
        place.fetch(file, scratch / PurePosixPath(file.name).name)


def _about(files: Sequence[StoredFile], file_map: FileMap) -> list[StoredFile]:
    return [file for file in files if not file.flaw and is_named(file.name, file_map.names)]
