"""Hashes of the files that are backed up, remembered from night to night as long as a file did not change.

A file is taken for unchanged when size, time of change, time of its entry and inode are the same: the time
of its entry (ctime) cannot be set back by whoever writes into the file. Whoever must look into the files
(backup.marked) does so in the same reading, and what it found is remembered along.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from backup.manifest import FileEntry
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

CACHE_FILE = "hashes.json"
READERS = 2  # hashing and reading let the other thread run; more threads only wait for each other
WHOLE_BYTES = 4_000_000  # a file up to this is read at once; two of them lie in memory at a time
NOT_LOOKED = "-"  # what was found inside a file that nobody had to look into
FIELDS = 6  # of a record


class LookInside(Protocol):
    """Decides which files may be saved. Asked from several threads, for each file once."""

    def asks(self, path: str) -> bool:
        """Whether the inside of a file must be looked at."""

    def inside(self, path: str, content: bytes | None) -> str:
        """What stands in a file, in a word to remember; `content`: all of it, None where it is too long to be held."""

    def lets(self, path: str, inside: str) -> bool:
        """Whether the file may be saved; `inside`: what was found, tonight or when it last changed."""


@dataclass(slots=True)
class FileHashes:
    """What a night's files were when they were hashed. `unreadable`: could not be hashed, so nobody can vouch for them.

    A record is one line (state, hash, what was found inside): tens of thousands of them are held.
    """

    cache: Path | None = None
    unreadable: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)  # absolute path -> record
    _fresh: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cache is None:
            return
        broken = suppress(OSError, ValueError, TypeError, AttributeError)  # a memory that cannot be read only costs the time
        with broken, self.cache.open(encoding="utf-8") as lines:
            for path, record in map(json.loads, lines):
                if record.count(" ") >= FIELDS - 1:
                    self._known[path] = record

    def entries(self, place: Path, base: str, without: Collection[str] = (), look: LookInside | None = None) -> dict[str, FileEntry]:
        """Size and hash of a file, or of every file of a folder that `look` lets pass, by relative path.

        `base`: what is cut off the path; `without`: absolute paths that are passed over.
        """
        found = sorted(path for path in files_at(str(place)) if path not in without)
        shares = [found[start::READERS] for start in range(READERS)]
        with ThreadPoolExecutor(READERS) as readers:
            list(readers.map(lambda share: self._record_all(share, look), shares))
        told = {}
        for path in found:
            if path in self._fresh and (look is None or self._is_let(path, look)):
                size, _, _, _, digest, _ = _fields(self._fresh[path])
                told[path[len(base) :].lstrip("/")] = FileEntry(int(size), digest)
        return told

    def remember(self) -> None:
        """Keep the hashes for the next night; nothing is lost with them but time, so the disk is not waited for."""
        if self.cache:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            aside = self.cache.with_name(f".{self.cache.name}.{os.getpid()}")
            with aside.open("w", encoding="utf-8") as lines:
                encode = json.JSONEncoder().encode
                lines.writelines(f"{encode(pair)}\n" for pair in self._fresh.items())
            aside.replace(self.cache)

    def recall(self) -> None:
        """Take what was remembered last for tonight's files, when they were hashed by an earlier step."""
        self._fresh = self._known

    def changed(self) -> list[str]:
        """Paths of files that are still there and no longer what they were when they were hashed."""
        now = ((path, _state(path), record) for path, record in self._fresh.items())
        return sorted(path for path, state, record in now if state and not record.startswith(f"{state} "))

    def _record_all(self, paths: Sequence[str], look: LookInside | None) -> None:
        for path in paths:
            self._record(path, look)

    def _record(self, path: str, look: LookInside | None) -> None:
        """Note what a file is, from memory where it is the same as it was and nothing more is asked of it."""
        asked = look is not None and look.asks(path)
        state, known = _state(path), self._known.get(path, "")
        if state and known.startswith(f"{state} ") and not (asked and known.endswith(f" {NOT_LOOKED}")):
            self._fresh[path] = known
            return
        try:
            if not state:
                raise FileNotFoundError(path)
            digest, inside = _read(path, int(state.partition(" ")[0]), look if asked else None)
        except OSError:
            self.unreadable.append(path)
        else:
            self._fresh[path] = f"{state} {digest} {inside}"

    def _is_let(self, path: str, look: LookInside) -> bool:
        inside = _fields(self._fresh[path])[-1]
        if not look.lets(path, "" if inside == NOT_LOOKED else inside):
            del self._fresh[path]  # it is not saved, so nobody asks later whether it changed meanwhile
            return False
        return True


def _fields(record: str) -> list[str]:
    """Size, times of change and of entry, inode, hash, what was found inside (may hold blanks)."""
    return record.split(" ", FIELDS - 1)


def _read(path: str, size: int, look: LookInside | None) -> tuple[str, str]:
    """The hash, and what `look` finds, in one reading."""
    if size > WHOLE_BYTES:
        return sha256_of(Path(path)), look.inside(path, None) if look else NOT_LOOKED
    content = _content(path, size)
    return hashlib.sha256(content).hexdigest(), look.inside(path, content) if look else NOT_LOOKED


def _content(path: str, size: int) -> bytes:
    """All of a file that had `size` bytes just now, without an object for each of twenty thousand."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(opened, size + 1)]
        while parts[-1] and sum(map(len, parts)) != size:  # it grows, or the file system gives less at a time
            parts.append(os.read(opened, WHOLE_BYTES))
    finally:
        os.close(opened)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _state(path: str) -> str:
    """Stands for a file as it is now; empty when it is not there."""
    try:
        seen = os.lstat(path)
    except OSError:
        return ""
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_ino}"


def files_at(place: str) -> Iterator[str]:
    """Every ordinary file at or below a place; links and sockets are none."""
    if not os.path.isdir(place):  # noqa: PTH112 - twenty thousand files: no object for each
        yield place
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_at(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path


def as_relative(base: Path, paths: Iterable[str]) -> list[str]:
    """Absolute paths as the manifest has them."""
    return [path.removeprefix(f"{base}/").lstrip("/") for path in paths]
