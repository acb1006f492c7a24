"""Snapshots: one Parquet file per table, the quarantine and a manifest, written aside, renamed once, never changed.

A snapshot holds either one system's delivery or a whole night (all systems combined). The same
rows give the same bytes: no wall clock, duration or host name goes in. Tables are written as they
are read, a batch at a time: a million rows need no more memory than a thousand.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.quarantine import QUARANTINE
from connectors.records.quarantine import SCHEMA as QUARANTINE_SCHEMA
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST = "manifest.json"
READ_BLOCK = 1 << 20
# Of a Parquet file. Fixed, so that the same rows give the same bytes however they came; small, because a reader
# holds several groups at a time: with 1 << 17 a scan of four million marks takes 700 MB, with this a good 300.
ROWS_IN_A_GROUP = 1 << 15
Frame = pl.DataFrame | pl.LazyFrame


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a system took part in a night.

    `data_as_of`: the day of the system's own data (not of the pull). `fresh`: False when tonight's pull
    failed and the rows are those of `taken_from` (the day of an earlier night). `delivered`: per table
    the columns that the system really has: a rule never asks a system for a column it does not deliver.
    `files`: name -> SHA-256 of what was landed. `quarantined`: per table, rows kept aside. `code_list`:
    `table.column` -> `bo` or `tinh`, the list whose codes its files use. `told`: what a person should know.
    """

    system: str
    data_as_of: date | None
    delivered: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = True
    taken_from: date | None = None
    code_list: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable folder of canonical tables."""

    folder: Path
    day: date
    sources: Mapping[str, SourceState]
    rows: Mapping[str, int]

    def path(self, table: str) -> Path:
        """The Parquet file of a table (every table has one, if empty)."""
        return self.folder / f"{table}.parquet"

    def scan(self, table: str) -> pl.LazyFrame:
        """The table as a lazy frame; columns that came after this snapshot was written are null."""
        return pl.scan_parquet(self.path(table), schema=TABLES[table].schema, missing_columns="insert")

    def quarantine(self) -> pl.LazyFrame:
        """What was set aside, with reasons (records/quarantine.py); empty for a snapshot from before there was a quarantine."""
        path = self.path(QUARANTINE)
        return pl.scan_parquet(path) if path.is_file() else pl.LazyFrame(schema=QUARANTINE_SCHEMA)

    def delivers(self, system: str, table: str, columns: Sequence[str]) -> bool:
        """Whether a system delivers all these columns of a table."""
        state = self.sources.get(system)
        return state is not None and set(columns) <= set(state.delivered.get(table, ()))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(READ_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_snapshot(
    folder: Path, day: date, frames: Mapping[str, Frame | Path], sources: Mapping[str, SourceState], quarantine: Frame | None = None
) -> Snapshot:
    """Write the canonical tables of a day and what was set aside; missing tables are written empty.

    The folder appears whole or not at all. If it exists with the same content it is left as it is; if
    its content differs the old one is kept beside it as `DAY~1`, `DAY~2`…: nothing is overwritten.
    Frames may be lazy, and may lack columns (written as null); an unknown column is a ValueError. A path is
    a file that holds the whole table already (records/streaming.py): it is moved.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        tables = {name: _write_table(aside / f"{name}.parquet", frames.get(name), table.schema) for name, table in TABLES.items()}
        manifest = {
            "day": day.isoformat(),
            "code_version": version("truong"),
            "tables": tables,
            QUARANTINE: _write_table(aside / f"{QUARANTINE}.parquet", quarantine, QUARANTINE_SCHEMA),
            "sources": {name: _state_to_json(state) for name, state in sorted(sources.items())},
        }
        (aside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        publish(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # there is nothing to remove once it was published
    return open_snapshot(folder)


def publish(aside: Path, folder: Path) -> None:
    """Rename a finished folder to its place; same content is dropped, other content retires the old one to `NAME~n`."""
    if folder.exists():
        if _digest_of_folder(folder) == _digest_of_folder(aside):
            shutil.rmtree(aside)
            return
        generation = 1
        while (retired := folder.with_name(f"{folder.name}~{generation}")).exists():
            generation += 1
        folder.rename(retired)
    aside.rename(folder)


def open_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot's manifest. FileNotFoundError when there is none."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return Snapshot(
        folder=folder,
        day=date.fromisoformat(manifest["day"]),
        sources={name: _state_from_json(state) for name, state in manifest["sources"].items()},
        rows={name: table["rows"] for name, table in manifest["tables"].items()},
    )


def damaged_tables(folder: Path) -> list[str]:
    """Names of tables (and `quarantine`) whose file is missing or whose hash is not that of the manifest."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    files = {**manifest["tables"], **({QUARANTINE: manifest[QUARANTINE]} if QUARANTINE in manifest else {})}
    paths = {name: folder / f"{name}.parquet" for name in files}
    return [name for name, path in paths.items() if not path.is_file() or sha256_of(path) != files[name]["sha256"]]


def _write_table(path: Path, frame: Frame | Path | None, schema: pl.Schema) -> dict[str, Any]:
    if isinstance(frame, Path):
        shutil.move(frame, path)
    else:
        _sink(path, frame, schema)
    return {"rows": pl.scan_parquet(path).select(pl.len()).collect().item(), "sha256": sha256_of(path)}


def _sink(path: Path, frame: Frame | None, schema: pl.Schema) -> None:
    rows = pl.LazyFrame(schema=schema) if frame is None else frame.lazy()
    here = rows.collect_schema().names()
    if unknown := set(here) - set(schema.names()):
        message = f"{path.stem}: unknown columns {sorted(unknown)}"
        raise ValueError(message)
    columns = [(pl.col(column) if column in here else pl.lit(None)).cast(dtype).alias(column) for column, dtype in schema.items()]
    rows.select(columns).sink_parquet(path, compression="zstd", statistics=True, row_group_size=ROWS_IN_A_GROUP, engine="streaming")


def _state_to_json(state: SourceState) -> dict[str, Any]:
    values = asdict(state)
    for name in ("data_as_of", "taken_from"):
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _state_from_json(values: dict[str, Any]) -> SourceState:
    for name in ("data_as_of", "taken_from"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    values["delivered"] = {table: tuple(columns) for table, columns in values["delivered"].items()}
    values["told"] = tuple(values.get("told", ()))
    return SourceState(**values)


def _digest_of_folder(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
