"""Hashes of the files that are backed up, remembered from night to night as long as a file did not change.

A file is taken for unchanged when size, time of change, time of its entry and inode are the same: the time
of its entry (ctime) cannot be set back by whoever writes into the file.
"""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.manifest import FileEntry
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

CACHE_FILE = "hashes.json"
READERS = 4  # hashing lets the other threads run; more only wait for the disk
State = tuple[int, int, int, int]


@dataclass(slots=True)
class FileHashes:
    """What a night's files were when they were hashed. `unreadable`: could not be hashed, so nobody can vouch for them."""

    cache: Path | None = None
    states: dict[str, State] = field(default_factory=dict)  # absolute path -> what it was
    unreadable: list[str] = field(default_factory=list)
    _known: dict[str, Any] = field(default_factory=dict)
    _fresh: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cache is None or not self.cache.is_file():
            return
        try:
            self._known = dict(json.loads(self.cache.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self._known = {}  # only costs the time to hash again

    def entries(self, place: Path, base: str, without: Collection[str] = ()) -> dict[str, FileEntry]:
        """Size and hash of a file, or of every file of a folder, by relative path; `base`: what is cut off the path."""
        found = sorted(path for path in files_at(str(place)) if path not in without)
        shares = [found[start::READERS] for start in range(READERS)]
        with ThreadPoolExecutor(READERS) as readers:
            hashed = dict(pair for share in readers.map(self._entries, shares) for pair in share)
        return {path[len(base) :].lstrip("/"): entry for path in found if (entry := hashed[path])}

    def _entries(self, paths: Sequence[str]) -> list[tuple[str, FileEntry | None]]:
        return [(path, self._entry(path)) for path in paths]

    def remember(self) -> None:
        """Keep the hashes for the next night; nothing is lost with them but time, so the disk is not waited for."""
        if self.cache:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            aside = self.cache.with_name(f".{self.cache.name}.{os.getpid()}")
            aside.write_text(json.dumps(self._fresh), encoding="utf-8")
            aside.replace(self.cache)

    def recall(self) -> None:
        """Take what was remembered last for tonight's files, when they were hashed by an earlier step."""
        self.states = {path: tuple(state) for path, (state, _) in self._known.items()}

    def changed(self) -> list[str]:
        """Paths of files that are still there and no longer what they were when they were hashed."""
        return sorted(path for path, state in self.states.items() if _state(path) not in {state, None})

    def _entry(self, path: str) -> FileEntry | None:
        state = _state(path)
        known = self._known.get(path)
        try:
            if state is None:
                raise FileNotFoundError(path)
            digest = known[1] if known and tuple(known[0]) == state else sha256_of(Path(path))
        except OSError:
            self.unreadable.append(path)
            return None
        self.states[path] = state
        self._fresh[path] = (state, digest)
        return FileEntry(state[0], digest)


def _state(path: str) -> State | None:
    try:
        seen = os.lstat(path)
    except OSError:
        return None
    return (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)


def files_at(place: str) -> Iterator[str]:
    """Every ordinary file at or below a place; links and sockets are none."""
    if not os.path.isdir(place):  # noqa: PTH112 - twenty thousand files: no object for each
        yield place
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_at(entry.path)
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield entry.path


def as_relative(base: Path, paths: Iterable[str]) -> list[str]:
    """Absolute paths as the manifest has them."""
    return [path.removeprefix(f"{base}/").lstrip("/") for path in paths]
