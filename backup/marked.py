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

    from infra.secrecy import Mark

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
        keys = {path: _key(path) for path in sorted(files_at(str(place))) if not self._is_cleared(path, place)}
        new = [path for path, key in keys.items() if key and key not in self._known]
        with ThreadPoolExecutor(READERS) as readers:
            inside = dict(zip(new, readers.map(_inside, new), strict=True))
        above = len(str(place.parent)) + 1
        for path, key in keys.items():
            if key:
                self._fresh[key] = inside[path] if path in inside else self._known[key]
            self._note(path, mark_in_name(path[above:]), self._fresh.get(key, ""))

    def _note(self, path: str, named: Mark | None, inside: str) -> None:
        """Keep the mark of a file's name, of a folder's up to the listed one, or of its text."""
        if named or inside not in {"", UNREADABLE}:
            self.marked[path] = named.value if named else inside
        elif inside == UNREADABLE:
            self.unreadable += 1

    def remember(self) -> None:
        """Keep what was found, and what is left out tonight, for the copies and the next night."""
        write_json(self.cache, {"looked": self._fresh, "left_out": self.marked})

    def _is_cleared(self, path: str, place: Path) -> bool:
        names = {path, path.removeprefix(f"{place}/"), path.rsplit("/", 1)[-1]} if self.cleared else set()
        return not self.cleared.isdisjoint(names)


def _key(path: str) -> str:
    """Stands for a file as it is now; empty when it vanished (hashing tells that)."""
    try:
        seen = os.lstat(path)
    except OSError:
        return ""
    return f"{seen.st_dev}-{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}{_kind(path)}"


def _kind(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return ".eml" if folder.rpartition("/")[2] in MAILDIR_FOLDERS else os.path.splitext(name)[1].lower()  # noqa: PTH122 - twenty thousand files


def _inside(path: str) -> str:
    look = look_at(Path(path), f"x{_kind(path)}")  # the name is asked with its folders
    return look.mark.value if look.mark else "" if look.readable else UNREADABLE


def left_out(state: Path) -> dict[str, str]:
    """What the newest staged night leaves out: absolute path -> mark (`state`: the folder of known.json)."""
    return dict(read_json(state / MARKS_FILE).get("left_out", {}))


def told_of_marked(marked: Mapping[str, str]) -> list[str]:
    """Of each file its place and what the law says to do. The mark in small letters: this text travels by mail, and is no secret."""
    return [f"không sao lưu “{path}”: mang dấu «{mark.lower()}» (Điều 6); {WHAT_TO_DO}" for path, mark in sorted(marked.items())]
