"""A vanished column and a new one that look alike: told as a rename, with the line of the column map to paste."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from connectors.contract import Breach, Kind
from connectors.headings import LIKELY_RENAME, Header, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connectors.column_maps import TableMap


@dataclass(frozen=True, slots=True)
class Headed:
    """The headings of one sheet or table of a source, and the maps that read it."""

    header: Header
    tables: tuple[TableMap, ...]


def with_renames(breaches: Sequence[Breach], headed: Sequence[Headed], map_name: str) -> tuple[Breach, ...]:
    """The same breaches; a lost column that seems to have a new name says so, and which line to add to which map."""
    return tuple(_advised(breach, headed, map_name) if breach.kind is Kind.LOST_COLUMN else breach for breach in breaches)


def _advised(breach: Breach, headed: Sequence[Headed], map_name: str) -> Breach:
    for sheet, table in _readers(breach, headed):
        old = table.headings[breach.column]
        new = _new_name(old, sheet.header)
        if new:
            names = ", ".join(f'"{name}"' for name in (*old, new))
            group = "required" if breach.column in table.required else "optional"
            line = f"{breach.column} = [{names}]"
            advice = f"có thể đã đổi tên thành “{new}”: nếu đúng, sửa dòng này ở [tables.{group}] của {map_name}.toml: {line}"
            return replace(breach, advice=advice)
    return breach


def _readers(breach: Breach, headed: Sequence[Headed]) -> Iterator[tuple[Headed, TableMap]]:
    for sheet in headed:
        yield from ((sheet, table) for table in sheet.tables if table.to == breach.table and breach.column in table.headings)


def _new_name(old: Sequence[str], header: Header) -> str:
    """The heading that no map knows and that is spelt most like one of the old ones; empty: none is."""
    if any(fold(name) in header.folded for name in old):
        return ""
    unknown = {text: heading for text, heading in zip(header.folded, header.headings, strict=True) if text and text not in header.known}
    close = (match for name in old for match in get_close_matches(fold(name), list(unknown), 1, LIKELY_RENAME))
    return unknown.get(next(close, ""), "")
