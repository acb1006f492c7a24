"""From the rows of a sheet to rows of canonical tables, column by column; what cannot be a row is set aside with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

import polars as pl

from connectors.cells import WHOLE_UP_TO, text_of
from connectors.column_maps import SPREAD
from connectors.delivery import PROVENANCE_ROW, Part
from connectors.errors import SourceChanged, SourceRefused
from connectors.headings import fold
from connectors.records.quarantine import FEWEST_CELLS, NO_KEY, NOT_A_ROW
from connectors.sheets.legacy_encodings import SUSPECT, converted, family_of, may_be_old_code, refused
from connectors.sheets.workbook_parts import NOT_COMPUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.column_maps import FileMap, Letters, SheetTable, Spread
    from connectors.sheets.layout import Sheet

SIGNATURE_CELLS = 3  # "Người lập biểu … Hiệu trưởng": so few cells, and a phrase where the code should be
BLANK_STARTS = ("\n ", "\n\t", "\n\r", "\n\xa0", "\n\u3000")  # where a cell of blanks only may begin
BLANK = ""  # no reason at all: a blank line is nothing that was delivered


@dataclass(frozen=True, slots=True)
class Stray:
    """A line that was set aside: its number, why, and its filled cells by heading (personal data: for the quarantine only)."""

    row: int
    reason: str
    values: Mapping[str, str]


def place(file: str, sheet: str) -> str:
    """A file and its sheet as messages name them."""
    return f"{file}, trang “{sheet}”" if sheet else file


def parts_of(sheet: Sheet, file_map: FileMap) -> tuple[list[Part], int]:
    """The canonical rows of a sheet, and how many lines were set aside because they cannot be rows."""
    parts, strays = read_rows(sheet, file_map)
    return parts, len(strays)


def read_rows(sheet: Sheet, file_map: FileMap) -> tuple[list[Part], list[Stray]]:
    """The canonical rows of a sheet, and the lines that cannot be rows."""
    places = [sheet.header.columns(table) for table in file_map.tables]
    read = sorted({at for found in places for at in found.values()})
    columns = {at: _Cells(values) for at, values in _columns(sheet, read).items()}
    lines = _texts(sheet, columns)
    if any(may_be_old_code(cells.joined) for cells in columns.values()):
        lines = _in_unicode(lines, sheet, file_map.legacy)
    keys = [places[0][name] for name in file_map.tables[0].key if name in places[0]]
    verdicts = _Verdicts(sheet, keys, read)
    reasons = {at: reason for at in verdicts.suspects(lines) if (reason := verdicts.of(at)) is not None}
    strays = [verdicts.stray(at, reason) for at, reason in reasons.items() if reason != BLANK]
    rows = lines.filter(~pl.int_range(pl.len()).is_in(list(reasons))) if reasons else lines
    _refuse_if_nothing_is_computed(sheet, rows, strays)
    built = [(table, _rows(table, found, rows, sheet)) for table, found in zip(file_map.tables, places, strict=True)]
    parts = [_part(name, [pair for pair in built if pair[0].to == name], sheet) for name in dict.fromkeys(table.to for table, _ in built)]
    return parts, strays


def _columns(sheet: Sheet, places: Sequence[int]) -> dict[int, Sequence[object]]:
    """The raw cells of the columns at these places; lines that are too short end in nothing."""
    columns = list(zip_longest(*sheet.rows))
    empty: tuple[None, ...] = (None,) * len(sheet.rows)
    return {at: columns[at] if at < len(columns) else empty for at in places}


def _texts(sheet: Sheet, columns: Mapping[int, _Cells]) -> pl.DataFrame:
    """The columns as text, named by their place; the real row number last."""
    numbers = pl.int_range(sheet.first_row, sheet.first_row + len(sheet.rows), eager=True).alias(PROVENANCE_ROW)
    return pl.DataFrame([*(cells.texts(str(at)) for at, cells in columns.items()), numbers])


class _Cells:
    """One column of raw cells, and its strings in one (so that most questions need no look at each)."""

    def __init__(self, values: Sequence[object]) -> None:
        self.values = values
        try:
            self.joined, self.all_text = "\n".join(cast("Sequence[str]", values)), True
        except TypeError:
            self.joined, self.all_text = "\n".join(value for value in values if type(value) is str), False

    def texts(self, name: str) -> pl.Series:
        """As `text_of` cell by cell; columns of one type, with or without empty cells, go the quick way."""
        if self.all_text:
            return pl.Series(name, self._without_blanks(cast("Sequence[str]", self.values)), dtype=pl.String)
        numbers = [value for value in self.values if type(value) is float]
        only = not self.joined.strip("\n") and set(map(type, self.values)) <= {float, str}
        if only and all(map(float.is_integer, numbers)) and max(map(abs, numbers)) < WHOLE_UP_TO:
            return pl.Series(name, [int(value) if type(value) is float else None for value in self.values], dtype=pl.Int64).cast(pl.String)
        return pl.Series(name, [text_of(value) for value in self.values], dtype=pl.String)

    def _without_blanks(self, texts: Sequence[str]) -> Sequence[str | None]:
        if self.joined[:1].isspace() or any(start in self.joined for start in BLANK_STARTS):
            return [None if not text or text.isspace() else text for text in texts]
        return [text or None for text in texts] if "" in texts else texts


def _in_unicode(lines: pl.DataFrame, sheet: Sheet, legacy: str | None) -> pl.DataFrame:
    """Text in an old code is converted if the map allows that code, else refused by name."""
    for name, suspect in lines.select(pl.col(pl.String).str.contains(SUSPECT).any()).to_dicts()[0].items():
        if not suspect:
            continue
        different = lines[name].drop_nulls().unique().to_list()
        if not (family := family_of(different)):
            continue
        where = f"{place(sheet.file, sheet.name)}, cột “{sheet.header.headings[int(name)]}”"
        if family != legacy:
            raise refused(family, where)
        readable = {text: converted(text, family, where) for text in different if not text.isascii()}
        lines = lines.with_columns(pl.col(name).replace(readable))
    return lines


class _Verdicts:
    """Which lines below a header are rows. Only lines that look odd are looked at cell by cell."""

    def __init__(self, sheet: Sheet, keys: Sequence[int], read: Sequence[int]) -> None:
        self.sheet, self.keys, self.headings = sheet, keys, sheet.header.headings
        self.unreadable = {
            number: f"ô lỗi {text} ở cột “{self.headings[at]}”" for (number, at), text in sheet.unreadable.items() if at in read
        }

    def suspects(self, lines: pl.DataFrame) -> list[int]:
        """Places of lines without a code, with a phrase as code, with the headings again, with unreadable or surplus cells."""
        columns = [lines[str(at)].to_list() for at in self.keys]
        headings = [self.headings[at] for at in self.keys]
        codes = columns[0] if len(columns) == 1 else [next(filter(None, row), None) for row in zip(*columns, strict=True)]
        odd = {at for at, code in enumerate(codes) if code is None or " " in code or code in headings}
        odd |= {number - self.sheet.first_row for number in self.unreadable if number >= self.sheet.first_row}
        odd |= {at for at, row in enumerate(self.sheet.rows) if len(row) > len(self.headings)}
        return sorted(odd)

    def of(self, at: int) -> str | None:
        """Why a line is no row; BLANK for a blank one, None when it is a row."""
        cells = [text_of(cell) for cell in self.sheet.rows[at]]
        filled = sum(text is not None for text in cells)
        if not filled and self.sheet.first_row + at not in self.unreadable:
            return BLANK
        if any(cells[len(self.headings) :]):
            return f"dòng có {len(cells)} ô, nhiều hơn {len(self.headings)} cột của tiêu đề"
        code = next((text for place in self.keys if place < len(cells) and (text := cells[place])), None)
        if code is not None and self._is_footer(code, cells, filled):
            return NOT_A_ROW
        if reason := self.unreadable.get(self.sheet.first_row + at):
            return reason
        return NO_KEY if code is None and filled < FEWEST_CELLS else None

    def _is_footer(self, code: str, cells: Sequence[str | None], filled: int) -> bool:
        """Whether a line is a total, a signature or a repeated header instead of a row."""
        phrase = " " in code.strip()
        repeated = all(place < len(cells) and cells[place] == self.headings[place] for place in self.keys)
        return repeated or (phrase and (filled < FEWEST_CELLS or (filled <= SIGNATURE_CELLS and not any(map(str.isdigit, code)))))

    def stray(self, at: int, reason: str) -> Stray:
        names = [*self.headings, *[""] * len(self.sheet.rows[at])]
        texts = ((names[place] or f"cột {place + 1}", text_of(cell)) for place, cell in enumerate(self.sheet.rows[at]))
        return Stray(self.sheet.first_row + at, reason, {name: text for name, text in texts if text})


def _refuse_if_nothing_is_computed(sheet: Sheet, rows: pl.DataFrame, strays: Sequence[Stray]) -> None:
    if rows.is_empty() and any(NOT_COMPUTED in stray.reason for stray in strays):
        fix = "mở tệp bằng Excel, chờ tính xong, lưu lại rồi chép đè"
        raise SourceRefused("Mọi dòng đều có công thức chưa được tính", where=place(sheet.file, sheet.name), fix=fix)


def _rows(table: SheetTable, found: dict[str, int], lines: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    texts = {name: lines[str(at)].alias(name) for name, at in found.items() if not name.startswith(SPREAD)}
    for name, letters in table.lettered.items():
        texts[name] = _lettered(name, letters, [texts.pop(column) for column in letters.columns])
    for name, part in table.from_cell.items():
        if part.column not in texts:
            continue  # an optional column that is not there tonight
        texts[name] = _taken(texts[part.column].alias(name), part.pattern)
    for name in table.when_empty.keys() & texts.keys():
        texts[name] = texts[name].fill_null(table.when_empty[name])
    rows = pl.DataFrame([*texts.values(), lines[PROVENANCE_ROW]])
    if table.only_with:
        rows = rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in table.only_with if name in texts))
    if table.spread:
        rows = _spread(table.spread, {name: lines[str(at)] for name, at in found.items() if name.startswith(SPREAD)}, rows)
    told = table.constant | _told_once(table, sheet)
    return rows.with_columns(pl.lit(text).alias(name) for name, text in told.items()) if told else rows


def _taken(texts: pl.Series, pattern: str) -> pl.Series:
    """What a pattern finds in each text; null where it finds nothing."""
    different = texts.drop_nulls().unique().to_list()
    return texts.replace_strict(different, [_match(pattern, text) for text in different], default=None, return_dtype=pl.String)


def _match(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found["v"].strip() if found and found["v"] else None


def _told_once(table: SheetTable, sheet: Sheet) -> dict[str, str]:
    """What the name of the sheet (of the file, where there are no sheets) or a title line says of all its rows."""
    name = sheet.name or PurePath(sheet.file).stem
    by_name = {column: _match(pattern, name) for column, pattern in table.from_sheet.items()}
    by_title = {
        column: next(filter(None, (_match(pattern, title) for title in sheet.titles)), None) for column, pattern in table.from_title.items()
    }
    told = by_name | by_title
    if lost := [column for column, text in told.items() if text is None]:
        kind = "tên trang" if lost[0] in by_name else "dòng tên biểu"
        fix = "đặt tên đúng mẫu rồi xuất lại, hoặc sửa from_sheet/from_title trong bản đồ cột"
        raise SourceChanged(f"Không thấy `{lost[0]}` trong {kind}", where=place(sheet.file, sheet.name), fix=fix)
    return {column: text for column, text in told.items() if text}


def _spread(spread: Spread, columns: Mapping[str, pl.Series], rows: pl.DataFrame) -> pl.DataFrame:
    """A row for each filled cell of the columns that are rows, in the order of the sheet."""
    name, level = spread.name, spread.level
    apart = [
        rows.with_columns(pl.lit(value.removeprefix(SPREAD)).alias(name), levels.alias(level)).filter(pl.col(level).is_not_null())
        for value, levels in columns.items()
    ]
    return pl.concat(apart).sort(PROVENANCE_ROW, maintain_order=True)


def _lettered(name: str, letters: Letters, columns: Sequence[pl.Series]) -> pl.Series:
    """A letter per cell; cells that say nothing known get the letter for that; no cell filled: null."""
    known = {fold(text): letter for text, letter in letters.letters.items()}
    different = {text for column in columns for text in column.unique().to_list()}
    letter_of: Callable[[str | None], str] = {text: known.get(fold(text or ""), letters.otherwise) for text in different}.__getitem__
    rows = zip(*(column.to_list() for column in columns), strict=True)
    joined = ["".join(map(letter_of, row)) if any(row) else None for row in rows]
    return pl.Series(name, joined, dtype=pl.String)


def _part(table: str, built: Sequence[tuple[SheetTable, pl.DataFrame]], sheet: Sheet) -> Part:
    """Several maps of one table (father, mother) interleaved in the order of the sheet's rows."""
    rows = built[0][1]
    if len(built) > 1:
        rows = pl.concat([frame for _, frame in built], how="diagonal").sort(PROVENANCE_ROW, maintain_order=True)
    mapped = set.intersection(*({name for name in table_map.mapped if name in frame.columns} for table_map, frame in built))
    return Part(table, rows, tuple(sorted(mapped)), sheet.file, sheet.name)
