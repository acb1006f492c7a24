"""Files that bear the mark of a state secret go into no backup (Điều 6, 10.2; PL-5): found, left out, and named with their place.

Only what others made is looked at: our own tables and ledgers hold no documents. What was found in a file is
remembered by device, inode, size and time of change, so that only new files are opened.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from backup.hashes import READERS, files_at
from backup.known import read_json, write_json
from infra.secrecy import WHAT_TO_DO, look_at, mark_in_name

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS_FILE = "marks.json"
# Parts of a night that hold files of others; listed folders do, too.
FOREIGN_PARTS = frozenset({"landing", "exports", "mail"})
MAILDIR_FOLDERS = frozenset({"cur", "new"})  # the messages in them have no suffix
UNREADABLE = "?"  # encrypted or broken: nobody can say what is inside


@dataclass(slots=True)
class SecrecyLook:
    """Looks through folders. `cleared`: names or paths of files that a person has found to be no secret.

    `marked`: absolute path -> the mark; `unreadable`: how many files could not be looked into (they are saved).
    """

    cache: Path
    cleared: frozenset[str] = frozenset()
    marked: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0
    _known: dict[str, str] = field(default_factory=dict)
    _fresh: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self._known = dict(read_json(self.cache).get("looked", {}))
        except (OSError, ValueError, TypeError):
            self._known = {}  # only costs the time to look again

    def look_through(self, place: Path) -> None:
        """Look at every file at or below a place."""
        found = [path for path in sorted(files_at(str(place))) if not self._is_cleared(path, place)]
        with ThreadPoolExecutor(READERS) as readers:
            marks = list(readers.map(lambda path: self._mark(path, place), found, chunksize=64))
        self.marked |= {path: mark for path, mark in zip(found, marks, strict=True) if mark not in {"", UNREADABLE}}
        self.unreadable += marks.count(UNREADABLE)

    def remember(self) -> None:
        """Keep what was found, and what is left out tonight, for the copies and the next night."""
        write_json(self.cache, {"looked": self._fresh, "left_out": self.marked}, indent=None)

    def _is_cleared(self, path: str, place: Path) -> bool:
        return not self.cleared.isdisjoint({path, os.path.relpath(path, place), path.rsplit("/", 1)[-1]})

    def _mark(self, path: str, place: Path) -> str:
        """The mark of a file's name or of a folder's up to the listed one, else of its text; empty when there is none."""
        if named := mark_in_name(os.path.relpath(path, place.parent)):
            return named.value
        try:
            seen = os.lstat(path)
        except OSError:
            return ""  # it vanished: hashing tells that
        kind = ".eml" if Path(path).parent.name in MAILDIR_FOLDERS else Path(path).suffix.lower()
        key = f"{seen.st_dev}-{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}{kind}"
        self._fresh[key] = self._known[key] if key in self._known else _inside(Path(path), kind)
        return self._fresh[key]


def _inside(file: Path, kind: str) -> str:
    look = look_at(file, f"x{kind}")  # the name was asked already, with its folders
    return look.mark.value if look.mark else "" if look.readable else UNREADABLE


def left_out(state: Path) -> dict[str, str]:
    """What the newest staged night leaves out: absolute path -> mark (`state`: the folder of known.json)."""
    return dict(read_json(state / MARKS_FILE).get("left_out", {}))


def told_of_marked(marked: Mapping[str, str]) -> list[str]:
    """Of each file its place and what the law says to do. The mark in small letters: this text travels by mail, and is no secret."""
    return [f"không sao lưu “{path}”: mang dấu «{mark.lower()}» (Điều 6); {WHAT_TO_DO}" for path, mark in sorted(marked.items())]
