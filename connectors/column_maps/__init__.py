"""Column maps: which heading of which file or database table is which canonical column. Data (TOML), checked on load.

One file per system and version. A map never says how to read; it only names things, so that a
renamed heading is one line to add and no code.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from connectors.records.cleaning import DERIVED
from connectors.records.tables import TABLES
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

MAP_NAME = re.compile(r"[a-z][a-z0-9_]*")  # also keeps a name of the settings from leaving this folder


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


# A heading and the other spellings it is known by; the first one is the usual one and named in messages.
Headings = Annotated[tuple[str, ...], BeforeValidator(_as_names), Field(min_length=1)]


class _Strict(BaseModel):
    """A part of a map: frozen, and no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Letters(_Strict):
    """Several cells read as one text, a letter each: the 15 criteria of a rating. None filled: no text at all."""

    columns: tuple[str, ...] = Field(min_length=1)
    letters: dict[str, str]
    otherwise: str = "-"


class TableMap(_Strict):
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
    def key(self) -> tuple[str, ...]:
        """Key columns of the table that are read (not constant)."""
        return tuple(name for name in TABLES[self.to].key if name in self.headings)


class SheetTable(TableMap):
    """A canonical table out of the rows of a sheet."""


class DatabaseTable(TableMap):
    """A canonical table out of a database table; `row` is the column that numbers its rows."""

    source: str
    row: str
    never_empty: bool = False


class FileMap(_Strict):
    """A kind of file in a drop folder. `names`: patterns; `sheets`: those that must all be there (none: any with the header)."""

    names: tuple[str, ...] = Field(min_length=1)
    sheets: tuple[str, ...] = ()
    tables: tuple[SheetTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _read_a_key(self) -> FileMap:
        # Without one, a footer could not be told from a row.
        if not self.tables[0].key:
            raise ValueError(f"bảng `{self.tables[0].to}` phải đọc ít nhất một cột khóa")
        return self


class InfoTable(_Strict):
    """Where a database says the day of its own data: a table of keys and values."""

    source: str
    key_column: str
    key: str
    value_column: str


class _Map(_Strict):
    """What every map says of itself."""

    system: str
    version: str
    label: str


class FolderMap(_Map):
    """A system that delivers files. `date_words`: what stands before the data's own date in a title line."""

    kind: Literal["folder"]
    date_words: tuple[str, ...] = ()
    files: tuple[FileMap, ...] = Field(min_length=1)


class DatabaseMap(_Map):
    """A system that is read from its database."""

    kind: Literal["database"]
    as_of: InfoTable | None = None
    tables: tuple[DatabaseTable, ...] = Field(min_length=1)


ColumnMap = FolderMap | DatabaseMap
_ADAPTER: TypeAdapter[ColumnMap] = TypeAdapter(Annotated[ColumnMap, Field(discriminator="kind")])


def map_names() -> tuple[str, ...]:
    """Names of the maps that the project ships."""
    names = (entry.name for entry in files("connectors.column_maps").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def load_map(name: str) -> ColumnMap:
    """A map that the project ships. ConfigurationError when there is none of that name or it is wrong."""
    if not MAP_NAME.fullmatch(name) or name not in map_names():
        raise ConfigurationError(f"Không có bản đồ cột `{name}`", where="column_map", fix=f"chọn một trong: {', '.join(map_names())}")
    return read_map(files("connectors.column_maps").joinpath(f"{name}.toml"))


def read_map(file: Traversable | Path) -> ColumnMap:
    """Read and check a map file. ConfigurationError names the file and the key."""
    try:
        values: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"Bản đồ cột không đọc được: {error}", where=file.name, fix="sửa dòng đó rồi chạy lại") from error
    try:
        return _ADAPTER.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        # The discriminator adds its own value at the head of the location; the file has no such key.
        key = ".".join(str(part) for part in first["loc"] if part not in ("folder", "database")) or "kind"
        problem = "không có khóa này" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"Bản đồ cột sai ở `{key}`: {problem}", where=file.name, fix="sửa khóa đó trong tệp bản đồ") from error
