"""How a manifest lies on the disk: one JSON document, a line for each file, written and read as a stream.

The mail of some years is hundreds of thousands of files: no step of a night holds their list in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import weakref
from collections.abc import Collection
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any, BinaryIO

from backup.manifest import MANIFEST_PATH, FileEntry, Manifest, PartEntry, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_MANIFEST = (ValueError, KeyError, TypeError)  # what reading something else raises
FORMAT = 2  # 1 was a single line, held in memory
CHUNK = 1 << 16  # bytes read at a time
PARTS = b'"parts": {'  # ends the first line
FILES = b', "files": {'  # ends the first line of a part
END = b"}"  # begins the line after a part's last file, and after the last part


class _Opened:
    """A manifest's file, held open: a later one that takes its name, or the end of a temporary file's name, changes nothing here."""

    def __init__(self, stream: BinaryIO) -> None:
        self._descriptor = os.dup(stream.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """What stands from a place on; several readers do not disturb each other."""
        while chunk := os.pread(self._descriptor, CHUNK, start):
            start += len(chunk)
            yield chunk

    def lines(self, start: int = 0) -> Iterator[bytes]:
        """The lines from a place on, without their ends."""
        left = b""
        for chunk in self.chunks(start):
            *whole, left = (left + chunk).split(b"\n")
            yield from whole
        yield left


@dataclass(frozen=True, slots=True, eq=False)
class StoredFiles(Collection[tuple[str, FileEntry]]):
    """The files of a part as they stand in a manifest's file, read from there each time. `start`: where its first file stands."""

    opened: _Opened
    start: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[str, FileEntry]]:
        for line in takewhile(lambda line: not line.startswith(END), self.opened.lines(self.start)):
            ((path, values),) = _object(line.rstrip(b",")).items()
            yield path, FileEntry(**values)

    def __contains__(self, file: object) -> bool:
        return any(file == one for one in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return len(self) == len(other) and all(ours == theirs for ours, theirs in zip(self, other, strict=False))

    __hash__ = None  # type: ignore[assignment]  # it equals any collection of the same files


def write_manifest(data: Path, manifest: Manifest) -> Manifest:
    """Write a manifest to its place, aside first; returns it as it now lies there."""
    file = data / MANIFEST_PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    with aside.open("wb") as stream:
        stream.writelines(_lines(manifest))
    return read_manifest(aside.replace(file))


def staged_manifest(data: Path) -> Manifest:
    """The manifest that was staged for the newest backup."""
    return read_manifest(data / MANIFEST_PATH)


def read_manifest(file: Path) -> Manifest:
    """The manifest in a file. OSError or one of NO_MANIFEST when there is none."""
    with file.open("rb") as stream:
        return manifest_in(stream)


@contextmanager
def passing_through(folder: Path) -> Iterator[BinaryIO]:
    """A file without a name for a manifest that comes out of a repository; as long as the manifest is used, it stays."""
    with tempfile.TemporaryFile(dir=folder if folder.is_dir() else None) as stream:
        yield stream


def manifest_in(stream: BinaryIO) -> Manifest:
    """The manifest in an open file, which may be closed afterwards. One of NO_MANIFEST when it is none."""
    opened, digest = _Opened(stream), hashlib.sha256()
    for chunk in opened.chunks():
        digest.update(chunk)
    first = next(opened.lines())
    if not first.endswith(PARTS):
        return _of_one_line(b"".join(opened.chunks()), digest.hexdigest())
    head = _object(first + b"}}")
    lacking = {name: Refusal(**values) for name, values in head.get("lacking", {}).items()}
    parts = dict(_parts(opened, len(first) + 1))
    return Manifest(date.fromisoformat(head["day"]), parts, head["code_version"], digest.hexdigest(), lacking)


def _parts(opened: _Opened, place: int) -> Iterator[tuple[str, PartEntry]]:
    """The parts whose lines begin at a place; of their files only where they stand and how many."""
    about: dict[str, dict[str, Any]] = {}
    start = count = 0
    for line in opened.lines(place):
        place += len(line) + 1
        if about and not line.startswith(END):
            count += 1
        elif about:
            ((name, values),) = about.items()
            yield name, PartEntry(**{**values, "files": StoredFiles(opened, start, count)})
            about = {}
        elif line.startswith(END):
            return
        else:
            about, start, count = _object(line + b"}}"), place, 0
    raise ValueError("manifest")  # it breaks off


def _of_one_line(content: bytes, digest: str) -> Manifest:
    """As nights were saved before: everything in one line."""
    values: dict[str, Any] = json.loads(content)
    parts = {name: PartEntry(**{**part, "files": _entries(part["files"])}) for name, part in values["parts"].items()}
    return Manifest(date.fromisoformat(values["day"]), parts, values["code_version"], digest)


def _entries(files: dict[str, Any]) -> tuple[tuple[str, FileEntry], ...]:
    return tuple((path, FileEntry(**values)) for path, values in files.items())


def _lines(manifest: Manifest) -> Iterator[bytes]:
    head: dict[str, object] = {"format": FORMAT, "day": manifest.day.isoformat(), "code_version": manifest.code_version}
    if manifest.lacking:
        head["lacking"] = {name: asdict(refusal) for name, refusal in sorted(manifest.lacking.items())}
    yield _text(head)[:-1] + b", " + PARTS
    between = b"\n"
    for name, part in sorted(manifest.parts.items()):
        about = {"path": part.path, "rows": dict(sorted(part.rows.items())), "streamed": part.streamed, "outside": part.outside}
        yield between + _text(name) + b": " + _text(about)[:-1] + FILES
        between = b"\n"
        for path, entry in part.files:
            yield between + _text(path) + b": " + f'{{"size": {entry.size}, "sha256": "{entry.sha256}"}}'.encode()
            between = b",\n"
        yield b"\n}}"
        between = b",\n"
    yield b"\n}}\n"


def _text(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a file name in an encoding of long ago
        return json.dumps(value).encode()


def _object(line: bytes) -> dict[str, Any]:
    found = json.loads(line if line.startswith(b"{") else b"{" + line + b"}")
    if not isinstance(found, dict):
        raise TypeError("manifest")
    return found
