"""`manifest.json` inside every backup: each part's files with size and SHA-256, and the rows of its tables.

The same data gives the same bytes: no clock, host or restic id goes in.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from connectors.records.snapshot import MANIFEST as SNAPSHOT_MANIFEST
from connectors.records.snapshot import open_snapshot, sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMAT = 1
MANIFEST_PATH = "staging/manifest.json"  # relative to the data folder, and inside the snapshot


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


FILE_KEYS = {"size", "sha256"}


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part of the backup: its place below the data folder (or on the machine, without the leading slash), its files, rows by table.

    `streamed`: a dump that restic stored as it came, in a snapshot of its own (tags truong-dump, day=…, dump=PART).
    """

    path: str
    files: Mapping[str, FileEntry]
    rows: Mapping[str, int] = field(default_factory=dict)
    streamed: bool = False
    outside: bool = False  # of the data folder

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(entry.size for entry in self.files.values())

    def as_values(self) -> dict[str, Any]:
        """As it is stored; its files as they are."""
        return {"path": self.path, "files": self.files, "rows": dict(self.rows), "streamed": self.streamed, "outside": self.outside}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup of a day holds."""

    day: date
    parts: Mapping[str, PartEntry]
    code_version: str

    @property
    def files(self) -> dict[str, FileEntry]:
        """Every file of the snapshot that holds this manifest; streamed dumps lie in their own."""
        return {path: entry for part in self.parts.values() if not part.streamed for path, entry in part.files.items()}

    @property
    def streamed(self) -> dict[str, PartEntry]:
        """The parts that lie in snapshots of their own."""
        return {name: part for name, part in self.parts.items() if part.streamed}

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return sum(entry.size for entry in self.files.values())

    def to_bytes(self) -> bytes:
        """The manifest as it is stored."""
        parts = {name: part.as_values() for name, part in self.parts.items()}
        values = {"day": self.day.isoformat(), "parts": parts, "code_version": self.code_version, "format": FORMAT}
        # Without indents: json writes those four times as slowly, and there are twenty thousand files, turned one at a time.
        return (json.dumps(values, ensure_ascii=False, sort_keys=True, default=_entry_values) + "\n").encode()


def manifest_from(content: bytes) -> Manifest:
    """Read a stored manifest. ValueError or KeyError when it is none."""
    values: dict[str, Any] = json.loads(content, object_hook=_as_entry)
    parts = {name: PartEntry(**part) for name, part in values["parts"].items()}
    return Manifest(date.fromisoformat(values["day"]), parts, values["code_version"])


def _entry_values(entry: FileEntry) -> dict[str, Any]:
    return {"size": entry.size, "sha256": entry.sha256}


def _as_entry(values: dict[str, Any]) -> FileEntry | dict[str, Any]:
    """A file's entry as soon as it is read: twenty thousand dictionaries are never held."""
    return FileEntry(**values) if values.keys() == FILE_KEYS else values


def table_rows(folder: Path) -> dict[str, int]:
    """Rows per table as the manifest of a canonical snapshot tells."""
    return dict(open_snapshot(folder).rows) if (folder / SNAPSHOT_MANIFEST).is_file() else {}


def new_manifest(day: date, parts: Mapping[str, PartEntry]) -> Manifest:
    """The manifest of tonight's backup."""
    return Manifest(day, dict(parts), version("truong"))


def write_manifest(data: Path, manifest: Manifest) -> Path:
    """Write the manifest to its place, aside first."""
    file = data / MANIFEST_PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.write_bytes(manifest.to_bytes())
    return aside.replace(file)


def staged_manifest(data: Path) -> Manifest:
    """The manifest that was staged for the newest backup."""
    return manifest_from((data / MANIFEST_PATH).read_bytes())


def wrong_files(root: Path, expected: Mapping[str, FileEntry]) -> Sequence[str]:
    """Relative paths of files below `root` that are missing or differ in size or hash."""
    return [path for path, entry in expected.items() if not _same(root / path, entry)]


def _same(file: Path, entry: FileEntry) -> bool:
    return file.is_file() and file.stat().st_size == entry.size and sha256_of(file) == entry.sha256
