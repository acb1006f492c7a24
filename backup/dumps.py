"""Consistent copies of databases that are being written to."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from backup.errors import DumpFailed
from backup.manifest import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.errors import SchoolError

BUSY_SECONDS = 60.0  # how long a writer may keep the whole database to itself
DUMP_FIX = "xem hệ thống nguồn có đang nâng cấp không, rồi chạy lại `truong nightly`"


@dataclass(frozen=True, slots=True)
class Refusals:
    """Why databases could not be dumped, by name of the part: what ails one of them costs the night only its own dump."""

    found: dict[str, Refusal] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Note a DumpFailed in here as that of this database, and go on."""
        try:
            yield
        except DumpFailed as error:
            self.found[name] = refusal_of(error)


def refusal_of(error: SchoolError) -> Refusal:
    """An error as the reason for which a night lacks a database."""
    where = f" [{error.where}]" if error.where else ""
    return Refusal(" ".join(f"{error.what}{where}".split()), error.fix)


def dump_sqlite(source: Path, target: Path, busy_seconds: float = BUSY_SECONDS) -> dict[str, int]:
    """Copy a SQLite database through its backup API: one moment of it, whoever writes meanwhile.

    The source is opened read-only; the copy is integrity-checked, then renamed into place.
    Returns rows per table of the copy. Raises DumpFailed and leaves no copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    try:
        _copy(source, aside, busy_seconds)
        counts = count_rows(aside)
        aside.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise DumpFailed(f"Không sao chép được cơ sở dữ liệu ({type(error).__name__})", where=str(source), fix=DUMP_FIX) from error
    finally:
        aside.unlink(missing_ok=True)
    return counts


def count_rows(database: Path) -> dict[str, int]:
    """Rows per table of a SQLite file that nobody writes to."""
    with closing(sqlite3.connect(_read_only(database), uri=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        names = [str(name) for (name,) in found]
        return {name: _count(connection, name) for name in names}


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - a name of the database itself


def _copy(source: Path, aside: Path, busy_seconds: float) -> None:
    deadline = time.monotonic() + busy_seconds

    def give_up(_status: int, remaining: int, _total: int) -> None:
        # sqlite3 asks again for ever when a writer holds the database: only this ends it.
        if remaining and time.monotonic() > deadline:
            raise DumpFailed("Cơ sở dữ liệu bị khóa quá lâu", where=str(source), fix=DUMP_FIX)

    with closing(sqlite3.connect(_read_only(source), uri=True)) as reader, closing(sqlite3.connect(aside)) as writer:
        reader.backup(writer, pages=-1, progress=give_up)
        # A copy must open alone, also from a read-only folder: no write-ahead log beside it.
        writer.execute("PRAGMA journal_mode = DELETE")
        if (told := writer.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise DumpFailed("Cơ sở dữ liệu nguồn bị hỏng", where=f"{source}: {str(told)[:80]}", fix="báo nơi quản lý hệ thống nguồn")


def _read_only(database: Path) -> str:
    return f"file:{quote(str(database.absolute()))}?mode=ro"
