"""A hidden folder that is filled beside its target and is gone afterwards, also after a kill: it may hold pupils' data."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASIDE = ".khoi-phuc-"  # in the hidden name of a folder that is still being filled


@contextmanager
def hidden_beside(target: Path) -> Iterator[Path]:
    """A hidden folder beside a target, held by a lock, gone afterwards whatever happened; what those who were killed left goes, too."""
    remove_left(target.parent)
    aside = target.with_name(f".{target.name}{ASIDE}{os.getpid()}")
    aside.mkdir(mode=0o700)
    try:
        with _held(aside):
            yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def remove_left(parent: Path) -> int:
    """Remove what killed restores and repairs left half-filled in a folder: data that nobody vouches for. Returns how many."""
    left = [folder for folder in parent.glob(f".*{ASIDE}*") if folder.is_dir() and not _is_held(folder)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """A lock on the folder itself: the kernel drops it when we die, however we die, and no number of a process is taken for another's."""
    with _opened_folder(folder) as descriptor:
        with suppress(OSError):  # a file system without locks: there nothing is removed
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_held(folder: Path) -> bool:
    try:
        with _opened_folder(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
