"""A column map for a file that nobody described yet: proposed from its headings and from how its columns look.

Proposed, never used by itself: a person reads it, corrects it and pastes it. What is said of a file are its
headings and counts, no value of any row.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING

from connectors.cells import text_of
from connectors.column_maps import FileMap, FolderMap, SheetTable, load_map, map_names
from connectors.column_maps.looks import look_of
from connectors.errors import SourceChanged
from connectors.headings import Header, fold, known_headings
from connectors.records.cleaning import DERIVED
from connectors.records.tables import TABLES
from connectors.sheets.layout import FEWEST_HEADINGS, HEADER_WITHIN, Sheet, find_sheet, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import PurePath

    from connectors.sheets.grid import Grid

ALIKE = 0.8  # likeness of two folded headings from which one is proposed for the other
BY_LOOK = 0.5  # what a heading is worth that only its values speak for
MISSED = 0.3  # what a column is worth that a shipped map requires and the file lacks
LOOKED_AT = 500  # rows
MANY_DIGITS = re.compile(r"\d.*\d.*\d.*\d")  # a "heading" like that may be somebody's number


@dataclass(frozen=True, slots=True)
class Match:
    """A heading for a canonical column. `how`: `tên`, `gần giống` or `giá trị`; `filled`: rows with a value."""

    column: str
    heading: str
    how: str
    score: float
    filled: int


@dataclass(frozen=True, slots=True)
class SheetProposal:
    """What a sheet could be. `others`: parts of the shipped maps that fit as they are (father, mother)."""

    sheet: str
    header_row: int
    rows: int
    table: str
    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    others: tuple[SheetTable, ...] = ()


def propose(grids: Sequence[Grid], file: PurePath, system: str | None = None) -> list[SheetProposal]:
    """A proposal for each visible sheet with a header. SourceChanged when there is none, or none with a key column."""
    shipped = shipped_tables(system)
    every = FileMap(names=("*",), tables=tuple(shipped))
    visible = [grid for grid in grids if not grid.hidden]
    sheets = [sheet for grid in visible if (sheet := find_sheet(grid, file.name, every) or _by_likeness(grid, file.name, every))]
    proposals = [best for sheet in sheets if (best := _best(sheet, shipped))]
    if not proposals:
        raise SourceChanged(
            "Không nhận ra dòng tiêu đề hay cột mã nào để đề xuất bản đồ cột",
            where=file.name,
            fix="thêm tên cột mã (ví dụ “Mã học sinh”, “Mã cán bộ”) ở dòng tiêu đề rồi chạy lại",
        )
    return proposals


def _by_likeness(grid: Grid, file: str, every: FileMap) -> Sheet | None:
    """The sheet below the row with the most headings that are only like known ones."""
    known = known_headings(every.tables)
    rows = [[text_of(cell) or "" for cell in row] for row in grid.rows[:HEADER_WITHIN]]
    scores = [sum(max(_likeness(fold(text), name) for name in known) >= ALIKE for text in row if text) for row in rows]
    if max(scores, default=0) < FEWEST_HEADINGS:
        return None
    at = scores.index(max(scores))
    header = Header(tuple(rows[at]), place(file, grid.sheet), known)
    return Sheet(file, grid.sheet, header, (), grid.first_row + at + 1, grid.rows[at + 1 :])


def shipped_tables(system: str | None) -> list[SheetTable]:
    """Tables of the shipped maps that read files; those of one system, where that system has such maps."""
    maps = [column_map for name in map_names() if isinstance(column_map := load_map(name), FolderMap)]
    chosen = [column_map for column_map in maps if column_map.system == system] or maps
    return [table for column_map in chosen for file_map in column_map.files for table in file_map.tables]


def _best(sheet: Sheet, shipped: Sequence[SheetTable]) -> SheetProposal | None:
    """The table that most of the headings speak for."""
    columns = {heading: [text_of(row[at]) for row in sheet.rows[:LOOKED_AT] if at < len(row)] for at, heading in _headings(sheet)}
    proposals = [_proposal(table, sheet, columns, shipped) for table in dict.fromkeys(table.to for table in shipped if not table.only_with)]
    keyed = [proposal for proposal in proposals if {match.column for match in proposal.matches} & set(TABLES[proposal.table].key)]
    return max(keyed, key=lambda proposal: sum(match.score for match in proposal.matches) - MISSED * len(proposal.missing), default=None)


def _headings(sheet: Sheet) -> list[tuple[int, str]]:
    """Places and headings without those that stand twice: a map could not tell them apart."""
    times = Counter(sheet.header.folded)
    return [
        (at, heading)
        for at, (heading, plain) in enumerate(zip(sheet.header.headings, sheet.header.folded, strict=True))
        if times[plain] == 1
    ]


def _proposal(table: str, sheet: Sheet, columns: Mapping[str, Sequence[str | None]], shipped: Sequence[SheetTable]) -> SheetProposal:
    names = _names(table, shipped)
    scored = [
        (*_score(heading, texts, table, column, names[column]), heading, column) for heading, texts in columns.items() for column in names
    ]
    matches: dict[str, Match] = {}
    taken: set[str] = set()
    for score, how, heading, column in sorted(scored, key=lambda entry: -entry[0]):
        if score and column not in matches and heading not in taken:
            taken.add(heading)
            matches[column] = Match(column, heading, how, score, sum(text is not None for text in columns[heading]))
    required = {column for shipped_table in shipped if shipped_table.to == table for column in shipped_table.required}
    others = tuple(_others(sheet, shipped)) if table == "pupils" else ()
    known = {fold(name) for other in others for texts in other.headings.values() for name in texts}
    left = tuple(
        _safe(heading, at) for at, heading in enumerate(columns) if heading.strip() and heading not in taken and fold(heading) not in known
    )
    in_order = tuple(matches[column.name] for column in TABLES[table].own if column.name in matches)
    wanted = (required | set(TABLES[table].key)) - matches.keys()
    missing = tuple(column.name for column in TABLES[table].own if column.name in wanted)
    return SheetProposal(sheet.name, sheet.first_row - 1, len(sheet.rows), table, in_order, missing, left, others)


def _names(table: str, shipped: Iterable[SheetTable]) -> dict[str, tuple[str, ...]]:
    """Canonical column -> every heading it is known by, and its own label."""
    names: dict[str, list[str]] = {column.name: [column.label] for column in TABLES[table].own if (table, column.name) not in DERIVED}
    for shipped_table in shipped:
        if shipped_table.to == table:
            for column, headings in shipped_table.headings.items():
                names[column] += headings
    return {column: tuple(dict.fromkeys(texts)) for column, texts in names.items()}


def _score(heading: str, texts: Sequence[str | None], table: str, column: str, names: Sequence[str]) -> tuple[float, str]:
    """How much speaks for a heading to be a column, and what."""
    plain = fold(heading)
    likeness = max((_likeness(plain, fold(name)) for name in names), default=0.0)
    if likeness == 1:
        return 1.0, "tên"
    looks = look_of(table, column, texts)
    if likeness >= ALIKE:
        return likeness * (0.9 + 0.1 * looks), "gần giống"
    return (BY_LOOK * looks, "giá trị") if plain else (0.0, "")


@cache
def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if one and other else 0.0


def _others(sheet: Sheet, shipped: Iterable[SheetTable]) -> Iterable[SheetTable]:
    here = set(sheet.header.folded)
    for table in shipped:
        if table.only_with and all(here & set(map(fold, names)) for names in table.required.values()):
            found = {column: _first(names, here) for column, names in table.headings.items()}
            required = {column: found[column] for column in table.required}
            optional = {column: found[column] for column in table.optional if found[column]}
            yield table.model_copy(update={"required": required, "optional": optional})


def _first(names: Iterable[str], here: set[str]) -> tuple[str, ...]:
    return next(((name,) for name in names if fold(name) in here), ())


def _safe(heading: str, place: int) -> str:
    return f"(cột thứ {place + 1})" if MANY_DIGITS.search(heading) else " ".join(heading.split())


def as_toml(proposals: Sequence[SheetProposal], file: PurePath, system: str) -> str:
    """The map to paste: one for all sheets of a table, as the first of them reads."""
    first = {proposal.table: proposal for proposal in reversed(proposals)}
    head = [f"kind = {_text('folder')}", f"system = {_text(system)}", f"version = {_text('moi')}", f"label = {_text(file.stem)}"]
    lines = [*head, 'date_words = ["Ngày xuất dữ liệu", "Ngày xuất", "Ngày lập"]', "", "[[files]]", f"names = [{_text(_pattern(file))}]"]
    for proposal in reversed(first.values()):
        required = {match.column: match.heading for match in proposal.matches}
        lines += _table_lines(proposal.table, required, {})
        for other in proposal.others:
            lines += _table_lines(other.to, {column: names[0] for column, names in other.required.items()}, dict(other.constant), other)
    return "\n".join(lines) + "\n"


def _table_lines(to: str, required: Mapping[str, str], constant: Mapping[str, str], like: SheetTable | None = None) -> list[str]:
    lines = ["", "[[files.tables]]", f"to = {_text(to)}"]
    if like:
        lines.append(f"only_with = [{', '.join(map(_text, like.only_with))}]")
    groups = {
        "constant": constant,
        "required": required,
        "optional": {column: names[0] for column, names in (like.optional if like else {}).items()},
    }
    for group, pairs in groups.items():
        if pairs:
            lines += [f"[files.tables.{group}]", *(f"{column} = {_text(text)}" for column, text in pairs.items())]
    return lines


def _pattern(file: PurePath) -> str:
    """A file's name without what changes from one export to the next."""
    return re.sub(r"[\s_\-.()]*\d.*$", "", file.stem) + "*"


def _text(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
