"""Hashes of the files that are backed up, remembered from night to night as long as a file did not change.

A file is taken for unchanged when size, time of change, time of its entry and inode are the same: the time
of its entry (ctime) cannot be set back by whoever writes into the file. Whoever must look into the files
(backup.marked) does so in the same reading, and what it found is remembered along.

What is known of a part's files stands in one file, a line each, in the order in which the folders are gone
through: last night's lines and tonight's files are met side by side, and none of them is held.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from backup.manifest import FileEntry
from backup.reading import BATCH, WHOLE_BYTES, content_of, files_at, hash_of, in_turn
from backup.stored import ReadProgress, as_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from backup.manifest import Files

HASHES_FOLDER = "hashes"  # in the folder of the backups' state
NOT_LOOKED = "-"  # what was found inside a file that nobody had to look into
FIELDS = 6  # of a record
TELL_SECONDS = 0.5  # between two words on how far it is
NOTHING_READ = ReadProgress(0, 0)

_Pair: TypeAlias = tuple[str, str]  # absolute path and record; an empty record: nothing is known of the file


class LookInside(Protocol):
    """Decides which files may be saved; asked of each file once."""

    @property
    def version(self) -> str:
        """Stands for all that can be recognised: what an earlier one found is looked for again."""

    def asks(self, path: str) -> bool:
        """Whether the inside of a file must be looked at."""

    def inside(self, path: str, content: bytes | None) -> str:
        """What stands in a file, in a word to remember; `content`: all of it, None where it is too long to be held."""

    def lets(self, path: str, inside: str) -> bool:
        """Whether the file may be saved; `inside`: what was found, tonight or when it last changed."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A part whose files are to be hashed: a file or a folder. `base`: what is cut off its paths; `look`: who may leave files out."""

    name: str
    path: Path
    base: str
    look: LookInside | None = None


@dataclass(frozen=True, slots=True)
class Recorded(Collection[tuple[str, FileEntry]]):
    """The files of a part as they were recorded tonight, read from the record each time."""

    record: Path
    base: str
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[str, FileEntry]]:
        for path, record in _read_records(self.record):
            size, _, _, _, digest, _ = _fields(record)
            yield path[len(self.base) :].lstrip("/"), FileEntry(int(size), digest)

    def __contains__(self, file: object) -> bool:
        return any(file == one for one in self)


@dataclass(slots=True)
class FileHashes:
    """What a night's files were when they were hashed. `folder`: where that is remembered.

    `unreadable`: could not be hashed, so nobody can vouch for them. `parts`: names of the parts that were hashed.
    `tell`: hears now and then how far it is.
    """

    folder: Path
    unreadable: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    tell: Callable[[ReadProgress], None] = lambda _: None
    _told: float = field(default_factory=time.monotonic)
    _seen: ReadProgress = NOTHING_READ

    def of(self, places: Sequence[Place], without: Collection[str] = ()) -> dict[str, Files]:
        """Size and hash of every file at or below some places that their `look` lets pass, by name of the place.

        `without`: absolute paths that are passed over.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Files] = {}
        batches = chain.from_iterable(self._batches(place, without) for place in places)
        for place, records in groupby(in_turn(_records, batches), key=itemgetter(0)):
            found[place.name] = self._recorded(place, chain.from_iterable(batch for _, batch in records))
        self.recall(found)
        return found

    def recall(self, parts: Iterable[str]) -> None:
        """Take what was remembered last of these parts for tonight's files, when they were hashed by an earlier step."""
        self.parts += parts

    def changed(self) -> list[str]:
        """Paths of files that are still there and no longer what they were when they were hashed."""
        found: list[str] = []
        for part in self.parts:
            try:
                now = ((path, _state(path), record) for path, record in _read_records(self._file(part)))
                found += [path for path, state, record in now if state and not record.startswith(f"{state} ")]
            except (OSError, ValueError):
                found.append(str(self._file(part)))  # without the record nobody knows
        return sorted(found)

    def _batches(self, place: Place, without: Collection[str]) -> Iterator[_Batch]:
        """The files of a part, read, looked into and not yet hashed; a part without a file has one batch, too."""
        paths = (path for path in files_at(str(place.path)) if path not in without)
        files = (_read(path, known, place.look) for path, known in _side_by_side(paths, self._known(place.name, place.look)))
        batches = _held_together(files)
        for batch in chain([next(batches, [])], batches):
            yield place, batch
            self._tell(batch)

    def _tell(self, batch: Collection[_Read]) -> None:
        read = sum(int(file.state.partition(" ")[0]) for file in batch if file.state)
        self._seen = ReadProgress(self._seen.files + len(batch), self._seen.done_bytes + read)
        if time.monotonic() - self._told > TELL_SECONDS:
            self._told = time.monotonic()
            self.tell(self._seen)

    def _known(self, part: str, look: LookInside | None = None) -> Iterator[_Pair]:
        """What is remembered of a part; a memory that cannot be read only costs the time."""
        with suppress(OSError, ValueError, TypeError, AttributeError), self._file(part).open(encoding="utf-8") as lines:
            seen_by = json.loads(next(lines, "{}")).get("look")
            for path, record in map(json.loads, lines):
                fields = _fields(record)
                if len(fields) == FIELDS and isinstance(path, str):
                    yield path, record if look is None or look.version == seen_by else " ".join([*fields[:-1], NOT_LOOKED])

    def _recorded(self, place: Place, records: Iterable[_Pair]) -> Recorded:
        """Write the records of a part, aside first; nothing is lost with them but time, so the disk is not waited for."""
        count, encode, file = 0, json.JSONEncoder().encode, self._file(place.name)
        aside = file.with_name(f".{file.name}")
        with aside.open("w", encoding="utf-8") as lines:
            lines.write(f"{encode({'look': place.look.version if place.look else ''})}\n")
            for path, record in records:
                if not record:
                    self.unreadable.append(path)
                elif place.look is None or _is_let(place.look, path, record):
                    count += lines.write(f"{encode((path, record))}\n") > 0
        return Recorded(aside.replace(file), place.base, count)

    def _file(self, part: str) -> Path:
        return self.folder / f"{part}.jsonl"


def _read_records(file: Path) -> Iterator[_Pair]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, islice(lines, 1, None))


def _is_let(look: LookInside, path: str, record: str) -> bool:
    inside = _fields(record)[-1]
    return look.lets(path, "" if inside == NOT_LOOKED else inside)


class _Read(NamedTuple):
    """A file that was read, not yet hashed. `content`: None where it is too long to be held. `record`: it need not be hashed."""

    path: str
    state: str = ""
    inside: str = NOT_LOOKED
    content: bytes | None = None
    record: str = ""


_Batch: TypeAlias = tuple[Place, list[_Read]]


def _held_together(files: Iterable[_Read]) -> Iterator[list[_Read]]:
    """As many files at a time as may be held."""
    some, held = list[_Read](), 0
    for file in files:
        some.append(file)
        held += len(file.content or b"")
        if len(some) >= BATCH or held >= WHOLE_BYTES or (file.state and file.content is None):
            yield some
            some, held = [], 0
    if some:
        yield some


def _records(batch: _Batch) -> tuple[Place, list[_Pair]]:
    place, files = batch
    return place, [(file.path, _record(file)) for file in files]


def _read(path: str, known: str, look: LookInside | None) -> _Read:
    """What a file is: as `known` where it is the same as it was and nothing more is asked of it. Without a state: unreadable."""
    look = look if look is not None and look.asks(path) else None
    state = _state(path)
    if not state or (known.startswith(f"{state} ") and not (look and known.endswith(f" {NOT_LOOKED}"))):
        return _Read(path, record=known if state else "")
    size = int(state.partition(" ")[0])
    try:
        content = content_of(path, size) if size <= WHOLE_BYTES else None
        return _Read(path, state, look.inside(path, content) if look else NOT_LOOKED, content)
    except OSError:
        return _Read(path)


def _record(read: _Read) -> str:
    """Empty for a file that cannot be read."""
    if not read.state:
        return read.record
    try:
        digest = hash_of(read.path, WHOLE_BYTES + 1) if read.content is None else hashlib.sha256(read.content).hexdigest()
    except OSError:
        return ""
    return f"{read.state} {digest} {read.inside}"


def _side_by_side(paths: Iterable[str], known: Iterator[_Pair]) -> Iterator[_Pair]:
    """Each path with its old record, or with an empty one; both come in the order of the walk."""
    there, record = next(known, ("", ""))
    for path in paths:
        while there and _order(there) < _order(path):
            there, record = next(known, ("", ""))
        yield path, record if there == path else ""


def _order(path: str) -> str:
    """A folder's files come where the folder stands among its neighbours: "a/z" before "a.b"."""
    return path.replace("/", "\0")


def _fields(record: str) -> list[str]:
    """Size, times of change and of entry, inode, hash, what was found inside (may hold blanks)."""
    return record.split(" ", FIELDS - 1)


def _state(path: str) -> str:
    """Stands for a file as it is now; empty when it is not there."""
    try:
        seen = os.lstat(path)
    except OSError:
        return ""
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_ino}"


def as_relative(base: Path, paths: Iterable[str]) -> list[str]:
    """Absolute paths as the manifest has them and as restic tells them."""
    return [as_told(path.removeprefix(f"{base}/").lstrip("/")) for path in paths]
