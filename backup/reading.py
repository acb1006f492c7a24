"""Reads tens of thousands of files: folder by folder, some at a time, none of their names held for longer than needed."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from backup.manifest import FileEntry, Files

BATCH = 64  # files that are handed over at a time
QUEUE = 2  # batches that wait for the second thread
AHEAD = 64  # batches under way: while the second thread is at a dump of gigabytes the first goes on
WHOLE_BYTES = 4_000_000  # a file up to this is read at once; about so much lies in memory in each batch that waits

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def files_at(place: str) -> Iterator[str]:
    """Every ordinary file at or below a place, folder by folder in the order of their names; links and sockets are none."""
    if not os.path.isdir(place):  # noqa: PTH112 - tens of thousands of files: no object for each
        yield place
        return
    with os.scandir(place) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if _is_ours(entry))
    for name, is_folder in found:
        if is_folder:
            yield from files_at(f"{place}/{name}")
        else:
            yield f"{place}/{name}"


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def in_turn(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """What `work` makes of each item, in their order: done by a second thread, and by the caller's own while that one is behind.

    `items` are taken as they are needed, so that reading the next ones and hashing the last ones go side by side.
    """
    with ThreadPoolExecutor(1) as second:
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            behind = sum(not one.done() for one in waiting) >= QUEUE
            waiting.append(_done(work, item) if behind else second.submit(work, item))
            while waiting and (waiting[0].done() or len(waiting) > AHEAD):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _done(work: Callable[[_Item], _Result], item: _Item) -> Future[_Result]:
    result: Future[_Result] = Future()
    result.set_result(work(item))
    return result


def in_batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """A few at a time: handing each over by itself costs more than a small file."""
    ever = iter(items)
    while batch := list(islice(ever, BATCH)):
        yield batch


def content_of(path: str, size: int) -> bytes:
    """All of a file that had `size` bytes just now, without an object for each of tens of thousands. OSError when it cannot be read."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(opened, size + 1)]
        while parts[-1] and sum(map(len, parts)) != size:  # it grows, or the file system gives less at a time
            parts.append(os.read(opened, WHOLE_BYTES))
    finally:
        os.close(opened)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def hash_of(path: str, size: int) -> str:
    """SHA-256 of a file that had `size` bytes just now. OSError when it cannot be read."""
    return sha256_of(Path(path)) if size > WHOLE_BYTES else hashlib.sha256(content_of(path, size)).hexdigest()


def wrong_files(root: Path, expected: Files) -> list[str]:
    """Relative paths of files below `root` that are missing or differ in size or hash."""

    def wrong(batch: list[tuple[str, FileEntry]]) -> list[str]:
        return [path for path, entry in batch if not _same(f"{root}/{path}", entry)]

    return [path for batch in in_turn(wrong, in_batches(expected)) for path in batch]


def _same(path: str, entry: FileEntry) -> bool:
    try:
        return os.lstat(path).st_size == entry.size and hash_of(path, entry.size) == entry.sha256
    except OSError:
        return False
