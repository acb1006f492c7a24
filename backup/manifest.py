"""`manifest.json` inside every backup: each part's files with size and SHA-256, and the rows of its tables.

The same data gives the same bytes: no clock, host or restic id goes in. How it lies on the disk: backup.manifest_file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from connectors.records.snapshot import MANIFEST as SNAPSHOT_MANIFEST
from connectors.records.snapshot import open_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

MANIFEST_PATH = "staging/manifest.json"  # relative to the data folder, and inside the snapshot


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


# Files by relative path, to go through once or several times. There are tens of thousands: whoever can, holds none of them.
Files: TypeAlias = "Collection[tuple[str, FileEntry]]"


@dataclass(frozen=True, slots=True)
class Joined(Collection[tuple[str, FileEntry]]):
    """The files of several parts, one part after the other."""

    parts: tuple[Files, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[tuple[str, FileEntry]]:
        return chain.from_iterable(self.parts)

    def __contains__(self, file: object) -> bool:
        return any(file in part for part in self.parts)


def bytes_of(files: Files) -> int:
    """Their size together."""
    return sum(entry.size for _, entry in files)


def paths_of(files: Files) -> Iterator[str]:
    """Their relative paths."""
    return (path for path, _ in files)


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part of the backup: its place below the data folder (or on the machine, without the leading slash), its files, rows by table.

    `streamed`: a dump that restic stored as it came, in a snapshot of its own (tags truong-dump, day=…, dump=PART).
    """

    path: str
    files: Files
    rows: Mapping[str, int] = field(default_factory=dict)
    streamed: bool = False
    outside: bool = False  # of the data folder

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return bytes_of(self.files)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a database could not be dumped (what and where), and what to do: Vietnamese, without the data's own words."""

    why: str
    fix: str

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.why} → {self.fix}" if self.fix else self.why


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup of a day holds. `digest`: SHA-256 of the manifest's own file; empty until it lies in one.

    `lacking`: databases that should be in it and could not be dumped.
    """

    day: date
    parts: Mapping[str, PartEntry]
    code_version: str
    digest: str = field(default="", compare=False)
    lacking: Mapping[str, Refusal] = field(default_factory=dict)

    @property
    def stored(self) -> dict[str, PartEntry]:
        """The parts in the snapshot that holds this manifest."""
        return {name: part for name, part in self.parts.items() if not part.streamed}

    @property
    def streamed(self) -> dict[str, PartEntry]:
        """The parts that lie in snapshots of their own."""
        return {name: part for name, part in self.parts.items() if part.streamed}

    @property
    def files(self) -> Joined:
        """Every file of the snapshot that holds this manifest; streamed dumps lie in their own."""
        return Joined(tuple(part.files for part in self.stored.values()))


NOTHING: Mapping[str, Refusal] = MappingProxyType({})


def table_rows(folder: Path) -> dict[str, int]:
    """Rows per table as the manifest of a canonical snapshot tells."""
    return dict(open_snapshot(folder).rows) if (folder / SNAPSHOT_MANIFEST).is_file() else {}


def new_manifest(day: date, parts: Mapping[str, PartEntry], lacking: Mapping[str, Refusal] = NOTHING) -> Manifest:
    """The manifest of tonight's backup."""
    return Manifest(day, dict(parts), version("truong"), lacking=dict(lacking))
