"""Where in a sheet the table is: the header below title lines and merged cells, the days that title lines tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from connectors.cells import text_of
from connectors.errors import SourceChanged
from connectors.headings import Header, fold, joined_lines, known_headings
from connectors.sheets.legacy_encodings import converted, family_of, refused
from connectors.sheets.rows import parts_of, place, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connectors.column_maps import FileMap
    from connectors.sheets.grid import Grid

__all__ = ["Sheet", "dates_of", "find_sheet", "no_header", "parts_of", "place", "read_rows"]

HEADER_WITHIN = 60  # rows from the first used one; title blocks are a tenth of that
HEADER_LINES = (2, 3)  # of a header that one line does not hold
FEWEST_HEADINGS = 2  # that make a row a header: one known word may stand in a title
FEWEST_NUMBERS = 3  # that make a line below the header its numbering: (1) (2) (3)
DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})|(\d{4})-(\d{2})-(\d{2})")
NUMBERING = re.compile(r"\(?(\d{1,3})\)?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose header was found: raw rows below it (`first_row`: number of the first), title lines above it."""

    file: str
    name: str
    header: Header
    titles: tuple[str, ...]
    first_row: int
    rows: Sequence[Sequence[object]]
    unreadable: Mapping[tuple[int, int], str] = field(default_factory=dict)


def find_sheet(grid: Grid, file: str, file_map: FileMap) -> Sheet | None:
    """The sheet's header is the line, or two or three lines, with the most known headings; None when nothing is one.

    A hidden sheet is looked at only if the map names it. SourceRefused for headings in an old code.
    """
    if grid.hidden and fold(grid.sheet) not in set(map(fold, file_map.sheets)):
        return None
    head = _Head(grid, file_map)
    if not head.found and (family := family_of(text for row in head.texts for text in row)):
        if family != file_map.legacy:
            raise refused(family, place(file, grid.sheet))
        head = _Head(grid, file_map, family)
    if not head.found:
        return None
    header = Header(head.headings, place(file, grid.sheet), head.known)
    titles = tuple(" ".join(filter(None, row)) for row in head.texts[: head.top])
    rows = grid.rows[head.below :]
    return Sheet(file, grid.sheet, header, titles, grid.first_row + head.below, rows, grid.unreadable)


class _Head:
    """The first rows of a grid as text, and the header among them: lines `top` to `below` (not included)."""

    def __init__(self, grid: Grid, file_map: FileMap, family: str | None = None) -> None:
        self.known = known_headings(file_map.tables)
        # What a whole header has: then nothing below it needs to be looked at.
        enough = len({names for table in file_map.tables for names in table.required.values()})
        self.texts: list[list[str]] = []
        self.score = self.top = self.below = 0
        self.headings: tuple[str, ...] = ()
        for row in grid.rows[:HEADER_WITHIN]:
            texts = [text_of(cell) or "" for cell in row]
            self.texts.append([converted(text, family, grid.sheet) for text in texts] if family else texts)
            if self._offer(self.texts[-1], len(self.texts) - 1) >= enough:
                break
        for lines in HEADER_LINES:
            if self.score < enough:
                self._offer_lines(lines)
        while self.found and self.below < len(grid.rows) and _is_numbering(grid.rows[self.below]):
            self.below += 1

    @property
    def found(self) -> bool:
        return self.score >= FEWEST_HEADINGS

    def _offer(self, headings: Sequence[str], top: int, lines: int = 1) -> int:
        score = sum(fold(text) in self.known for text in headings if text)
        if score > self.score:
            self.score, self.top, self.below, self.headings = score, top, top + lines, tuple(headings)
        return score

    def _offer_lines(self, lines: int) -> None:
        """So many lines as one, from the lowest up. A title or a row of data among them makes no heading more than without it."""
        for top in range(len(self.texts) - lines + 1):
            block = self.texts[top : top + lines]
            width = max(map(len, block))
            *above, joined = ([*row, *[""] * (width - len(row))] for row in block)
            for upper in reversed(above):
                joined = [*joined_lines(upper, joined, self.known)]
            self._offer(joined, top, lines)


def _is_numbering(row: Iterable[object]) -> bool:
    """Whether a line only numbers the columns: `(1) (2) (3)`."""
    texts = [text for cell in row if (text := text_of(cell))]
    numbers = [int(match[1]) for text in texts if (match := NUMBERING.fullmatch(text.strip()))]
    return len(texts) == len(numbers) >= FEWEST_NUMBERS and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def no_header(file: str, sheet: str, file_map: FileMap) -> SourceChanged:
    """The error of a sheet without any row of headings that the map knows."""
    usual = [names[0] for names in file_map.tables[0].required.values()]
    return SourceChanged(
        f"Không thấy dòng tiêu đề (“{usual[0]}”, “{usual[1]}”…)" if len(usual) > 1 else f"Không thấy cột “{usual[0]}”",
        where=place(file, sheet),
        fix="xuất lại đúng mẫu rồi chạy lại; nếu hệ thống đã đổi tên cột thì sửa bản đồ cột",
    )


def dates_of(sheet: Sheet, words: Sequence[str]) -> list[date]:
    """Days that title lines give behind one of these words: `Ngày xuất dữ liệu: 31/05/2027`."""
    folded = tuple(map(fold, words))
    told = (DAY.search(title) for title in sheet.titles if folded and fold(title).startswith(folded))
    return [day for match in told if match and (day := _day(match))]


def _day(match: re.Match[str]) -> date | None:
    day, month, year, iso_year, iso_month, iso_day = (int(text) if text else 0 for text in match.groups())
    try:
        return date(year or iso_year, month or iso_month, day or iso_day)
    except ValueError:
        return None
