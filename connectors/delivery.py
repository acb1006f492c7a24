"""What one system delivered tonight: parts of canonical tables as text, gathered, then cleaned into a snapshot."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.cleaning import clean_table, delivered_columns
from connectors.records.quarantine import SOURCE_ROW, quarantined
from connectors.records.snapshot import SourceState, publish, write_snapshot
from connectors.records.tables import TABLES
from connectors.secrecy_guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from connectors.records.snapshot import Frame, Snapshot

PROVENANCE_ROW = SOURCE_ROW


@dataclass(frozen=True, slots=True)
class Places:
    """Where sources put what they pull: untouched below `landing`/DAY/SYSTEM, canonical below `work`/DAY/SYSTEM.

    `guard` stands at the door: no file with the mark of a state secret comes in.
    """

    landing: Path
    work: Path
    guard: Guard = field(default_factory=Guard)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one canonical table from one sheet or database table.

    `rows`: canonical columns as delivered text, and `source_row`. `mapped`: columns that were really there.
    """

    table: str
    rows: pl.DataFrame
    mapped: tuple[str, ...]
    file: str
    sheet: str


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part of any length that was cleaned and written while it came (records/streaming.py); `path`: its file."""

    table: str
    path: Path
    mapped: tuple[str, ...]


@dataclass(slots=True)
class Delivery:
    """Everything of one system, in the order it was delivered. `quarantined`: per table, how many rows were set aside."""

    system: str
    parts: list[Part | WrittenPart] = field(default_factory=list)
    quarantined: Counter[str] = field(default_factory=Counter)
    aside: list[pl.LazyFrame] = field(default_factory=list)
    dates: list[date] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    code_list: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def set_aside(self, table: str, reason: str, file: str, sheet: str, frame: Frame) -> None:
        """Keep rows that cannot be rows of a table, and count them.

        `frame`: what was delivered as text (columns named by canonical name or by heading) and, where it is
        known, `source_row`. `reason`: one Vietnamese phrase, see records/quarantine.py.
        """
        rows = frame.lazy()
        if count := rows.select(pl.len()).collect(engine="streaming").item():
            origin = {"table": table, "reason": reason, "source_system": self.system, "source_file": file, "source_sheet": sheet}
            self.aside.append(quarantined(rows, origin))
            self.quarantined[table] += count

    def snapshot(self, folder: Path, day: date) -> Snapshot:
        """Clean everything and write it as the one-system snapshot of a day; files of written parts may be moved there."""
        frames = {table: self._canonical(table) for table in TABLES if any(part.table == table for part in self.parts)}
        return write_snapshot(folder, day, frames, {self.system: self._state()}, pl.concat(self.aside) if self.aside else None)

    def _canonical(self, table: str) -> Frame | Path:
        written = [part.path for part in self.parts if isinstance(part, WrittenPart) and part.table == table]
        if not written:
            return clean_table(table, self._raw(table))
        return written[0] if len(written) == 1 else pl.scan_parquet(written)

    def _raw(self, table: str) -> pl.LazyFrame:
        raw = [self._with_provenance(part) for part in self.parts if isinstance(part, Part) and part.table == table]
        return pl.concat(raw, how="diagonal")

    def _with_provenance(self, part: Part) -> pl.LazyFrame:
        origin = {"source_system": self.system, "source_file": part.file, "source_sheet": part.sheet}
        return part.rows.lazy().with_columns(pl.lit(text).alias(name) for name, text in origin.items())

    def _state(self) -> SourceState:
        return SourceState(
            system=self.system,
            data_as_of=max(self.dates, default=None),
            delivered={table: self._delivered(table) for table in TABLES if any(part.table == table for part in self.parts)},
            files=dict(sorted(self.files.items())),
            quarantined={table: count for table, count in sorted(self.quarantined.items()) if count},
            code_list=dict(sorted(self.code_list.items())),
            told=tuple(self.told),
        )

    def _delivered(self, table: str) -> tuple[str, ...]:
        """Columns that every part of a table has: where one sheet lacks a column, no rule may ask for it."""
        mapped = [set(part.mapped) for part in self.parts if part.table == table]
        return delivered_columns(table, tuple(set.intersection(*mapped)))


@contextmanager
def landed(places: Places, day: date, system: str) -> Iterator[Path]:
    """A hidden folder to land a delivery in. It becomes landing/DAY/SYSTEM when all went well, else nothing is left of it.

    It lies above the folder of the day, so that a source that fails does not even leave an empty day.
    """
    aside = places.landing / f".{day.isoformat()}.{system}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        folder = places.landing / day.isoformat() / system
        folder.parent.mkdir(exist_ok=True)
        publish(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # there is nothing to remove once it was published
