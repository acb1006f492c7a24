"""What was read from a file is kept, so that a file that did not change is not parsed again.

An entry is found by everything that its content comes from: the file's SHA-256 and name, the map, and the
code that reads. It holds what was delivered (rows as text), so it lies in the same guarded data folder as
the landing. An entry that is damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.delivery import Part
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.column_maps import FileMap

ENTRY = "entry.json"
MOST_ENTRIES = 500  # a school has some forty files; those that were not asked for the longest go first
READERS = ("python-calamine", "polars")  # libraries whose version decides what is read
# Our own packages whose code decides it: all that is loaded with reading.py.
READ_BY = ("connectors", "connectors.files", "connectors.sheets", "connectors.stores", "connectors.records", "connectors.column_maps")


@dataclass(frozen=True, slots=True)
class Aside:
    """A line that is no row: its sheet, real number, why, and its filled cells by heading."""

    sheet: str
    row: int
    reason: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one file delivers. `dates`: days that its title lines give; `aside`: lines for the quarantine.

    `code_list`, `told`: as SourceState has them.
    """

    parts: tuple[Part, ...]
    dates: tuple[date, ...]
    aside: tuple[Aside, ...]
    code_list: dict[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParseCache:
    """Entries below a folder."""

    folder: Path

    def get(self, key: str) -> Parsed | None:
        """What was kept under a key; None when there is nothing or it is not what was written."""
        entry = self.folder / key
        try:
            parsed = _read(entry)
            # The time that _forget_old sorts by: what is asked for every night stays.
            os.utime(entry)
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            return None
        return parsed

    def put(self, key: str, parsed: Parsed) -> None:
        """Keep it, whole or not at all; a disk that takes nothing costs the next night some time and nothing else."""
        aside = self.folder / f".{key}.{os.getpid()}"
        try:
            _write(aside, parsed)
            _remove(self.folder / key)
            aside.rename(self.folder / key)
            self._forget_old()
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)

    def _forget_old(self) -> None:
        entries = sorted(self.folder.iterdir(), key=lambda entry: (entry.stat().st_mtime, entry.name), reverse=True)
        for entry in entries[MOST_ENTRIES:]:
            _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)


def key_of(digest: str, name: str, file_map: FileMap, date_words: Sequence[str]) -> str:
    """The key of what a file of this content and name delivers under a map."""
    # The name too: rows carry it as their source, and a map may read a class out of it (from_sheet).
    made_of = [digest, name, file_map.model_dump_json(), list(date_words), _code()]
    return hashlib.sha256(json.dumps(made_of, ensure_ascii=False).encode()).hexdigest()


@cache
def _code() -> str:
    """The code that reads files, as a hash: what was read by another version is not used."""
    digest = hashlib.sha256(" ".join(version(name) for name in ("truong", *READERS)).encode())
    modules = (entry for package in READ_BY for entry in files(package).iterdir())
    for module in sorted((entry for entry in modules if entry.name.endswith((".py", ".yaml"))), key=lambda entry: entry.name):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _write(folder: Path, parsed: Parsed) -> None:
    folder.mkdir(parents=True)
    parts = []
    for number, part in enumerate(parsed.parts):
        file = folder / f"{number}.parquet"
        part.rows.write_parquet(file, compression="zstd")
        parts.append({"table": part.table, "mapped": part.mapped, "file": part.file, "sheet": part.sheet, "sha256": sha256_of(file)})
    content = {"parts": parts, "dates": [day.isoformat() for day in parsed.dates], "aside": [asdict(line) for line in parsed.aside]}
    content |= {"code_list": parsed.code_list, "told": parsed.told}
    (folder / ENTRY).write_text(json.dumps({"sha256": _digest(content), "content": content}, ensure_ascii=False), encoding="utf-8")


def _read(folder: Path) -> Parsed:
    entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
    content = entry["content"]
    if _digest(content) != entry["sha256"]:
        raise ValueError(ENTRY)
    parts = tuple(_part(folder / f"{number}.parquet", told) for number, told in enumerate(content["parts"]))
    dates, aside = tuple(map(date.fromisoformat, content["dates"])), tuple(Aside(**line) for line in content["aside"])
    return Parsed(parts, dates, aside, content["code_list"], tuple(content["told"]))


def _part(file: Path, told: dict[str, Any]) -> Part:
    if sha256_of(file) != told["sha256"]:
        raise ValueError(file.name)
    return Part(told["table"], pl.read_parquet(file), tuple(told["mapped"]), told["file"], told["sheet"])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
