"""From the grid of a sheet to rows of canonical tables, as a file map tells: title dates, header, data, footers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from connectors.cells import text_of
from connectors.delivery import PROVENANCE_ROW, Part
from connectors.errors import SourceChanged
from connectors.headings import Header, fold, known_headings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.column_maps import FileMap, Letters, TableMap
    from connectors.grid import Grid

HEADER_WITHIN = 60  # rows from the first used one; title blocks are a tenth of that
FEWEST_HEADINGS = 2  # that make a row a header: one known word may stand in a title
FEWEST_CELLS = 2  # that make a row without a code a row
SIGNATURE_CELLS = 3  # "Người lập biểu … Hiệu trưởng": so few cells, and a phrase where the code should be
DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})|(\d{4})-(\d{2})-(\d{2})")

Line = tuple[int, list[str | None]]  # real row number, cells as text


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose header was found: data lines below it, title lines above it."""

    file: str
    name: str
    header: Header
    titles: tuple[str, ...]
    lines: tuple[Line, ...]


def find_sheet(grid: Grid, file: str, file_map: FileMap) -> Sheet | None:
    """The sheet's header is the row with the most known headings; None when no row has any."""
    known = known_headings(file_map.tables)
    texts = [[text_of(cell) for cell in row] for row in grid.rows]
    scores = [sum(fold(text) in known for text in row if text) for row in texts[:HEADER_WITHIN]]
    best = max(scores, default=0)
    if best < FEWEST_HEADINGS:
        return None
    at = scores.index(best)
    header = Header(tuple(text or "" for text in texts[at]), place(file, grid.sheet), known)
    titles = tuple(" ".join(text for text in row if text) for row in texts[:at])
    numbered = enumerate(texts[at + 1 :], grid.first_row + at + 1)
    return Sheet(file, grid.sheet, header, titles, tuple((number, row) for number, row in numbered if any(row)))


def place(file: str, sheet: str) -> str:
    """A file and its sheet as messages name them."""
    return f"{file}, trang “{sheet}”" if sheet else file


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


def parts_of(sheet: Sheet, file_map: FileMap) -> tuple[list[Part], int]:
    """The canonical rows of a sheet, and how many lines were set aside because they cannot be rows."""
    places = [sheet.header.columns(table) for table in file_map.tables]
    keys = [places[0][name] for name in file_map.tables[0].key]
    lines = [line for line in sheet.lines if not _is_stray(line[1], keys, sheet.header.headings)]
    built = [(table, _rows(table, columns, lines)) for table, columns in zip(file_map.tables, places, strict=True)]
    parts = [_part(name, [pair for pair in built if pair[0].to == name], sheet) for name in dict.fromkeys(table.to for table, _ in built)]
    return parts, len(sheet.lines) - len(lines)


def _is_stray(cells: Sequence[str | None], keys: Sequence[int], headings: Sequence[str]) -> bool:
    """Whether a line is a total, a signature or a repeated header instead of a row."""
    code = next((text for place in keys if (text := cells[place])), None)
    filled = sum(text is not None for text in cells)
    if code is None:
        return filled < FEWEST_CELLS
    phrase = " " in code.strip()
    repeated = all(cells[place] == headings[place] for place in keys)
    return repeated or (phrase and (filled < FEWEST_CELLS or (filled <= SIGNATURE_CELLS and not any(map(str.isdigit, code)))))


def _rows(table: TableMap, columns: dict[str, int], lines: Sequence[Line]) -> pl.DataFrame:
    texts = {name: pl.Series(name, [cells[at] for _, cells in lines], dtype=pl.String) for name, at in columns.items()}
    for name, letters in table.lettered.items():
        texts[name] = _lettered(name, letters, [texts.pop(column) for column in letters.columns])
    numbers = pl.Series(PROVENANCE_ROW, [number for number, _ in lines], dtype=pl.Int64)
    filled = [pl.col(name).fill_null(text) for name, text in table.when_empty.items() if name in texts]
    rows = pl.DataFrame([*texts.values(), numbers]).with_columns(*filled)
    if table.only_with:
        rows = rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in table.only_with if name in texts))
    return rows.with_columns(pl.lit(text).alias(name) for name, text in table.constant.items())


def _lettered(name: str, letters: Letters, columns: Sequence[pl.Series]) -> pl.Series:
    """A letter per cell; cells that say nothing known get the letter for that; no cell filled: null."""
    known = {fold(text): letter for text, letter in letters.letters.items()}
    rows = zip(*(column.to_list() for column in columns), strict=True)
    joined = ["".join(known.get(fold(text or ""), letters.otherwise) for text in row) if any(row) else None for row in rows]
    return pl.Series(name, joined, dtype=pl.String)


def _part(table: str, built: Sequence[tuple[TableMap, pl.DataFrame]], sheet: Sheet) -> Part:
    """Several maps of one table (father, mother) interleaved in the order of the sheet's rows."""
    rows = pl.concat([frame for _, frame in built], how="diagonal").sort(PROVENANCE_ROW, maintain_order=True)
    mapped = set.intersection(*({name for name in table_map.mapped if name in frame.columns} for table_map, frame in built))
    return Part(table, rows, tuple(sorted(mapped)), sheet.file, sheet.name)
