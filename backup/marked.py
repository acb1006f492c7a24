"""Files that bear the mark of a state secret go into no backup (Điều 6, 10.2; PL-5): found, left out, and named with their place.

Only what others made is looked at: our own tables and ledgers hold no documents. A file is looked into while it
is hashed, and again only when it changed; one whose name bears a mark is not opened at all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from backup.known import read_json, write_json
from backup.stored import as_told
from infra.secrecy import WHAT_TO_DO, bears_none, look_at, look_version, mark_in_name

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS_FILE = "marks.json"
# Parts of a night that hold files of others; listed folders do, too.
FOREIGN_PARTS = frozenset({"landing", "exports", "mail"})
MAILDIR_FOLDERS = frozenset({"cur", "new"})  # the messages in them have no suffix
UNREADABLE = "?"  # encrypted or broken: nobody can say what is inside


@dataclass(slots=True)
class SecrecyLook:
    """What a night finds. `cleared`: names or paths of files that a person has found to be no secret.

    `marked`: absolute path -> the mark; `unreadable`: how many files could not be looked into (they are saved).
    """

    cleared: frozenset[str] = frozenset()
    marked: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0

    def below(self, place: Path) -> LookBelow:
        """The look through a file or a folder."""
        return LookBelow(self, str(place))

    def remember(self, file: Path) -> None:
        """Keep what is left out tonight, for the copies and for who asks how things stand."""
        write_json(file, {"left_out": self.marked})


@dataclass(frozen=True, slots=True)
class LookBelow:
    """Looks into the files at or below a place while they are hashed (backup.hashes.LookInside)."""

    night: SecrecyLook
    place: str

    @property
    def version(self) -> str:
        """Of the code that recognises a mark."""
        return look_version()

    def asks(self, path: str) -> bool:
        """Whether a file must be looked into: neither cleared nor marked by its name."""
        return not self._is_cleared(path) and not self._named(path)

    def inside(self, path: str, content: bytes | None) -> str:
        """The mark in a file's text; UNREADABLE, or empty."""
        kind = _kind(path)
        if content is not None and bears_none(content, kind):
            return ""
        look = look_at(Path(path), f"x{kind}", content)  # the name is asked with its folders
        return look.mark.value if look.mark else "" if look.readable else UNREADABLE

    def lets(self, path: str, inside: str) -> bool:
        """False, and noted, for a mark in a file's name, in a folder's up to the listed one, or in its text."""
        if self._is_cleared(path):
            return True
        mark = self._named(path) or inside
        if mark == UNREADABLE:
            self.night.unreadable += 1
        elif mark:
            self.night.marked[path] = mark
        return mark in {"", UNREADABLE}

    def _named(self, path: str) -> str:
        mark = mark_in_name(path[len(self.place.rpartition("/")[0]) + 1 :])
        return mark.value if mark else ""

    def _is_cleared(self, path: str) -> bool:
        if not self.night.cleared:
            return False
        return not self.night.cleared.isdisjoint((path, path.removeprefix(f"{self.place}/"), path.rsplit("/", 1)[-1]))


def _kind(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return ".eml" if folder.rpartition("/")[2] in MAILDIR_FOLDERS else os.path.splitext(name)[1].lower()  # noqa: PTH122 - twenty thousand files


def left_out(state: Path) -> dict[str, str]:
    """What the newest staged night leaves out: absolute path -> mark (`state`: the folder of known.json)."""
    return dict(read_json(state / MARKS_FILE).get("left_out", {}))


def told_of_marked(marked: Mapping[str, str]) -> list[str]:
    """Of each file its place and what the law says to do. The mark in small letters: this text travels by mail, and is no secret."""
    return [f"không sao lưu “{as_told(path)}”: mang dấu «{mark.lower()}» (Điều 6); {WHAT_TO_DO}" for path, mark in sorted(marked.items())]
