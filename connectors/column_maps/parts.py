"""The parts of every column map: a canonical table out of headings, and what only sheets have."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.records.cleaning import DERIVED
from connectors.records.tables import TABLES

SPREAD = "="  # before the value of a column that becomes rows, so that it is no canonical column's name


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


# A heading and the other spellings it is known by; the first one is the usual one and named in messages.
Headings = Annotated[tuple[str, ...], BeforeValidator(_as_names), Field(min_length=1)]


class Strict(BaseModel):
    """A part of a map: frozen, and no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Letters(Strict):
    """Several cells read as one text, a letter each: the 15 criteria of a rating. None filled: no text at all."""

    columns: tuple[str, ...] = Field(min_length=1)
    letters: dict[str, str]
    otherwise: str = "-"


class TableMap(Strict):
    """One canonical table out of one source table or sheet. All keys of its parts are canonical column names.

    `required`/`optional`: column -> headings; a lost required one is SourceChanged, a lost optional one is
    not delivered. `constant`: the same text in every row. `when_empty`: what an empty cell means (an empty
    tick box is no). `only_with`: a row counts only if one of these is filled (a father, if there is one).
    """

    to: str
    required: dict[str, Headings] = Field(min_length=1)
    optional: dict[str, Headings] = Field(default_factory=dict)
    constant: dict[str, str] = Field(default_factory=dict)
    when_empty: dict[str, str] = Field(default_factory=dict)
    lettered: dict[str, Letters] = Field(default_factory=dict)
    only_with: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _name_canonical_columns(self) -> TableMap:
        if self.to not in TABLES:
            raise ValueError(f"không có bảng chuẩn `{self.to}`")
        known = {column.name for column in TABLES[self.to].own} - {column for table, column in DERIVED if table == self.to}
        for name in (*self.mapped, *self.when_empty, *self.only_with):
            if name not in known:
                raise ValueError(f"bảng `{self.to}` không có cột `{name}` để ghi vào")
        if len(set(self.mapped)) < len(self.mapped):
            raise ValueError(f"bảng `{self.to}` có cột được nêu hai lần")
        return self

    @property
    def mapped(self) -> tuple[str, ...]:
        """Canonical columns that this map fills."""
        return (*self.required, *self.optional, *self.constant, *self.lettered)

    @property
    def headings(self) -> dict[str, tuple[str, ...]]:
        """Column -> headings, required ones first."""
        return {**self.required, **self.optional}

    @property
    def spread_headings(self) -> dict[str, tuple[str, ...]]:
        """Headings of columns that become rows (sheets only), by the value that each stands for."""
        return {}

    @property
    def key(self) -> tuple[str, ...]:
        """Key columns of the table that are read (not constant)."""
        return tuple(name for name in TABLES[self.to].key if name in self.headings)


def _as_pattern(text: str) -> str:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ValueError(f"biểu thức `{text}` không đúng: {error}") from error
    if "v" not in pattern.groupindex:
        raise ValueError(f"biểu thức `{text}` phải có nhóm (?P<v>…)")
    return text


# A regular expression whose group `v` is the value.
Pattern = Annotated[str, AfterValidator(_as_pattern)]


class CellPart(Strict):
    """A value that another column of the row holds: the grade in the class name."""

    column: str
    pattern: Pattern


class Spread(Strict):
    """Columns that are rows: one column per quality, each cell a level. `columns`: value of `name` -> headings."""

    name: str
    level: str
    columns: dict[str, Headings] = Field(min_length=1)


class SheetTable(TableMap):
    """A canonical table out of the rows of a sheet.

    `from_sheet`, `from_title`, `from_cell`: a column's value out of the sheet's name, of a line above the
    header, of another column, for files that hold a class or subject each. Empty cells of `spread` are no rows.
    """

    from_sheet: dict[str, Pattern] = Field(default_factory=dict)
    from_title: dict[str, Pattern] = Field(default_factory=dict)
    from_cell: dict[str, CellPart] = Field(default_factory=dict)
    spread: Spread | None = None

    @model_validator(mode="after")
    def _take_from_what_is_read(self) -> SheetTable:
        if unread := [part.column for part in self.from_cell.values() if part.column not in self.headings]:
            raise ValueError(f"`from_cell` lấy từ cột `{unread[0]}` không được đọc")
        if self.spread and self.only_with:
            raise ValueError("bảng có `spread` không dùng được `only_with`")
        return self

    @property
    def mapped(self) -> tuple[str, ...]:
        spread = (self.spread.name, self.spread.level) if self.spread else ()
        return (*super().mapped, *self.from_sheet, *self.from_title, *self.from_cell, *spread)

    @property
    def spread_headings(self) -> dict[str, tuple[str, ...]]:
        return {SPREAD + value: names for value, names in self.spread.columns.items()} if self.spread else {}
