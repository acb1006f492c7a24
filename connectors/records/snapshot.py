"""Snapshots: one Parquet file per table and a manifest, written aside, renamed once, never changed.

A snapshot holds either one system's delivery or a whole night (all systems combined). The same
rows give the same bytes: no wall clock, duration or host name goes in.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MANIFEST = "manifest.json"
READ_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a system took part in a night.

    `data_as_of`: the day of the system's own data (not of the pull). `fresh`: False when tonight's pull
    failed and the rows are those of `taken_from` (the day of an earlier night). `delivered`: per table
    the columns that the system really has: a rule never asks a system for a column it does not deliver.
    `files`: name -> SHA-256 of what was landed. `quarantined`: per table, rows kept aside.
    """

    system: str
    data_as_of: date | None
    delivered: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = True
    taken_from: date | None = None


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
        """The table as a lazy frame."""
        return pl.scan_parquet(self.path(table))

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


def write_snapshot(folder: Path, day: date, frames: Mapping[str, pl.DataFrame], sources: Mapping[str, SourceState]) -> Snapshot:
    """Write the canonical tables of a day; missing tables are written empty.

    The folder appears whole or not at all. If it exists with the same content it is left as it is; if
    its content differs the old one is kept beside it as `DAY~1`, `DAY~2`…: nothing is overwritten.
    Frames may lack columns (written as null); an unknown column is a ValueError.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    tables = {name: _write_table(aside / f"{name}.parquet", name, frames.get(name)) for name in TABLES}
    manifest = {
        "day": day.isoformat(),
        "code_version": version("truong"),
        "tables": tables,
        "sources": {name: _state_to_json(state) for name, state in sorted(sources.items())},
    }
    (aside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    publish(aside, folder)
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
    """Names of tables whose file is missing or whose hash is not that of the manifest."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    paths = {name: folder / f"{name}.parquet" for name in manifest["tables"]}
    return [name for name, path in paths.items() if not path.is_file() or sha256_of(path) != manifest["tables"][name]["sha256"]]


def _write_table(path: Path, name: str, frame: pl.DataFrame | None) -> dict[str, Any]:
    schema = TABLES[name].schema
    frame = pl.DataFrame(schema=schema) if frame is None else frame
    if unknown := set(frame.columns) - set(schema.names()):
        message = f"{name}: unknown columns {sorted(unknown)}"
        raise ValueError(message)
    columns = [(pl.col(column) if column in frame.columns else pl.lit(None)).cast(dtype).alias(column) for column, dtype in schema.items()]
    frame.select(columns).write_parquet(path, compression="zstd", statistics=True)
    return {"rows": frame.height, "sha256": sha256_of(path)}


def _state_to_json(state: SourceState) -> dict[str, Any]:
    values = asdict(state)
    for name in ("data_as_of", "taken_from"):
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _state_from_json(values: dict[str, Any]) -> SourceState:
    for name in ("data_as_of", "taken_from"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    values["delivered"] = {table: tuple(columns) for table, columns in values["delivered"].items()}
    return SourceState(**values)


def _digest_of_folder(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
