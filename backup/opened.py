"""Opens what came back, so that a teacher sees it: a table or a class's gradebook as a workbook, a SQLite database by counting it.

A copy that cannot be opened, or whose rows are not those of the manifest, is a failed restore.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import polars as pl

from backup.dumps import count_rows
from backup.errors import RestoreError
from backup.gradebook import write_gradebook
from backup.table_workbook import write_table
from backup.wanted import GRADEBOOK_TABLES, class_of, databases, table_path
from connectors.records.tables import TABLES
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from backup.manifest import Manifest

FIX = "chọn bản sao lưu khác: truong snapshots"


def open_restored(folder: Path, manifest: Manifest, what: str) -> tuple[str, ...]:
    """Open what lies in `folder`; one Vietnamese line (counts only) for each thing opened. RestoreError when it does not open."""
    try:
        return tuple(_opened(folder, manifest, what))
    except (sqlite3.Error, pl.exceptions.PolarsError) as error:
        raise RestoreError(f"Không mở được dữ liệu đã khôi phục ({type(error).__name__})", where=what, fix=FIX) from error


def open_sqlite(folder: Path, manifest: Manifest, part: str) -> Mapping[str, int]:
    """Rows per table of a restored SQLite copy, counted by opening it. RestoreError when the manifest says otherwise."""
    try:
        rows = count_rows(folder / manifest.parts[part].path)
    except sqlite3.Error as error:
        raise RestoreError(f"Không mở được cơ sở dữ liệu đã khôi phục ({type(error).__name__})", where=part, fix=FIX) from error
    require_rows(part, rows, manifest.parts[part].rows)
    return rows


def open_tables(folder: Path, manifest: Manifest, part: str) -> Mapping[str, int]:
    """Rows per canonical table of a restored night. RestoreError when one does not open or the manifest says otherwise."""
    place, promised = folder / manifest.parts[part].path, manifest.parts[part].rows
    try:
        rows = {table: pl.scan_parquet(place / f"{table}.parquet").select(pl.len()).collect().item() for table in promised}
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RestoreError(f"Không mở được bảng đã khôi phục ({type(error).__name__})", where=part, fix=FIX) from error
    require_rows(part, rows, promised)
    return rows


def require_rows(part: str, rows: Mapping[str, int], promised: Mapping[str, int]) -> None:
    """RestoreError when what was counted is not what was counted at the time of the backup."""
    if wrong := sorted({*rows, *promised} - {name for name in rows if rows[name] == promised.get(name)}):
        raise RestoreError(
            f"Dữ liệu khôi phục có số dòng khác bản kê ({len(wrong)} bảng)", where=f"{part}: {', '.join(wrong[:3])}", fix=FIX
        )


def told_rows(part: str, rows: Mapping[str, int]) -> str:
    """A database that was opened, in a line."""
    return f"cơ sở dữ liệu {part}: {len(rows)} bảng, {number(sum(rows.values()))} dòng, đúng bản kê"


def _opened(folder: Path, manifest: Manifest, what: str) -> Iterator[str]:
    if name := class_of(what):
        yield _gradebook(folder, manifest, name)
    elif what in TABLES and (path := table_path(manifest, what)):
        rows = write_table(folder / f"{what}.xlsx", folder / path, TABLES[what], manifest.day)
        require_rows(what, {what: rows}, {what: manifest.parts["snapshot"].rows.get(what, rows)})
        yield f"bảng {TABLES[what].label}: {number(rows)} dòng, mở bằng Excel: {what}.xlsx"
    for part in databases(manifest):
        if (folder / manifest.parts[part].path).is_file() and manifest.parts[part].path.endswith(".sqlite"):
            yield told_rows(part, open_sqlite(folder, manifest, part))


def _gradebook(folder: Path, manifest: Manifest, name: str) -> str:
    """The workbook of one class; the tables it is made of hold every class, so they do not stay."""
    sources = {table: folder / table_path(manifest, table) for table in GRADEBOOK_TABLES if table_path(manifest, table)}
    file = folder / f"so-diem-lop-{name.replace('/', '-')}.xlsx"
    pupils = write_gradebook(file, sources, name, manifest.day)
    for source in sources.values():
        source.unlink()
    parent = folder / "snapshots" / manifest.day.isoformat()
    parent.rmdir()
    parent.parent.rmdir()
    return f"sổ điểm lớp {name}: {number(pupils)} học sinh, mở bằng Excel: {file.name} (bảng gốc của cả trường không để lại)"
