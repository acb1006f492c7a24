"""Headings as people write them: found by name whatever the case, the marks and the blanks; a lost one is told."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.errors import SourceChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.column_maps import TableMap

LIKELY_RENAME = 0.6  # likeness of two folded headings from which one is offered as the other's new name
OFFERED = 3


@lru_cache(maxsize=4096)
def fold(heading: str) -> str:
    """A heading without case, marks, punctuation and extra blanks: `Mã định danh Bộ GD&ĐT` -> `ma dinh danh bo gd dt`."""
    # NFD takes marks off their letters, but knows no parts of đ.
    plain = unicodedata.normalize("NFD", heading.casefold().replace("đ", "d"))
    letters = "".join(" " if not character.isalnum() else character for character in plain if not unicodedata.combining(character))
    return " ".join(letters.split())


@dataclass(frozen=True, slots=True)
class Header:
    """The headings of one sheet or table, in order.

    `where` names it in messages; `known`: folded headings that some map of this file uses (never a rename).
    """

    headings: tuple[str, ...]
    where: str
    known: frozenset[str] = frozenset()
    folded: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", tuple(map(fold, self.headings)))

    def index(self, names: Sequence[str]) -> int | None:
        """Place of the column known by one of these names; the earlier name wins. SourceChanged when two columns bear it."""
        for name in map(fold, names):
            if (count := self.folded.count(name)) > 1:
                raise SourceChanged(
                    f"Có {count} cột cùng tên “{self.headings[self.folded.index(name)]}”, không biết lấy cột nào",
                    where=self.where,
                    fix="xóa hoặc đổi tên cột thừa trong tệp rồi chạy lại",
                )
            if count:
                return self.folded.index(name)
        return None

    def columns(self, table: TableMap) -> dict[str, int]:
        """Canonical column -> place. SourceChanged when a required one is lost; lost optional ones are left out."""
        found = {name: self.index(names) for name, names in (table.headings | table.spread_headings).items()}
        found |= {text: self.index((text,)) for letters in table.lettered.values() for text in letters.columns}
        lost = [name for name, place in found.items() if place is None and name not in (*table.optional, *table.spread_headings)]
        if lost:
            self._tell_lost(table, lost)
        if table.spread_headings and all(found[name] is None for name in table.spread_headings):
            self._tell_lost(table, [names[0] for names in table.spread_headings.values()])
        return {name: place for name, place in found.items() if place is not None}

    def _tell_lost(self, table: TableMap, lost: Sequence[str]) -> None:
        usual = [table.required[name][0] if name in table.required else name for name in lost]
        told = ", ".join(f"“{heading}”" for heading in usual)
        offered = self._like_a_rename(usual)
        guess = f"có thể đã đổi tên thành {offered}: nếu đúng, thêm tên mới vào bản đồ cột; nếu không, " if offered else ""
        raise SourceChanged(f"Mất cột {told}", where=self.where, fix=f"{guess}xuất lại với đủ cột rồi chạy lại")

    def _like_a_rename(self, lost: Iterable[str]) -> str:
        unknown = {text: heading for text, heading in zip(self.folded, self.headings, strict=True) if text and text not in self.known}
        close = [text for heading in lost for text in _resembling(fold(heading), list(unknown))]
        return ", ".join(f"“{unknown[text]}”" for text in dict.fromkeys(close))


def joined_lines(upper: Sequence[str], lower: Sequence[str], known: frozenset[str]) -> tuple[str, ...]:
    """Two lines of headings as one: «Cha» over «Họ tên», «Năm sinh» is `Họ tên Cha`, `Năm sinh Cha`.

    A cell of the upper line is a group as far as cells below it have no other above them; with nothing below
    it is a heading that spans both lines.
    """
    joined, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or (group if below else "")
        joined.append(_joined(group, below, lower, known) if below and group else below or above)
    return tuple(joined)


def _joined(group: str, below: str, lower: Sequence[str], known: frozenset[str]) -> str:
    """The spelling that a map knows; a heading that stands below several groups is none without its group."""
    spellings = [f"{below} {group}", f"{group} {below}", *([below] if list(map(fold, lower)).count(fold(below)) == 1 else [])]
    return next((text for text in spellings if fold(text) in known), spellings[0])


def known_headings(tables: Sequence[TableMap]) -> frozenset[str]:
    """All folded headings that these maps look for."""
    names = [text for table in tables for texts in (*table.headings.values(), *table.spread_headings.values()) for text in texts]
    return frozenset(map(fold, (*names, *(text for table in tables for letters in table.lettered.values() for text in letters.columns))))


def _resembling(lost: str, candidates: list[str]) -> list[str]:
    """Candidates that are spelt much like the lost heading, or hold all of its words, or only words of it."""
    close = get_close_matches(lost, candidates, OFFERED, LIKELY_RENAME)
    words = set(lost.split())
    kin = (text for text in candidates if words <= set(text.split()) or set(text.split()) < words)
    return list(dict.fromkeys([*close, *kin]))[:OFFERED]
