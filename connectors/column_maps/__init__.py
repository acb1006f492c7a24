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

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from connectors.column_maps.parts import SPREAD, Headings, Letters, SheetTable, Spread, Strict, TableMap
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = [
    "SPREAD", "ApiAsOf", "ApiMap", "ApiTable", "ColumnMap", "DatabaseMap", "DatabaseTable", "FileMap", "FolderMap", "Headings",
    "InfoTable", "Letters", "Paging", "SheetTable", "Spread", "TableMap", "load_map", "map_names", "read_map",
]  # fmt: skip
MAP_NAME = re.compile(r"[a-z][a-z0-9_]*")  # also keeps a name of the settings from leaving this folder


class DatabaseTable(TableMap):
    """A canonical table out of a database table; `row` is the column that numbers its rows."""

    source: str
    row: str
    never_empty: bool = False


class FileMap(Strict):
    """A kind of file in a drop folder. `names`: patterns; `sheets`: those that must all be there (none: any with the header).

    `code_list`: the list its codes are of where they do not tell themselves (`bo` the ministry's, `tinh` the
    province's). `legacy`: the old code its text may be in; it is then converted if nothing is lost.
    """

    names: tuple[str, ...] = Field(min_length=1)
    sheets: tuple[str, ...] = ()
    code_list: Literal["bo", "tinh"] | None = None
    legacy: Literal["TCVN3", "VNI"] | None = None
    tables: tuple[SheetTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _read_a_key(self) -> FileMap:
        # Without one, a footer could not be told from a row.
        if not self.tables[0].key:
            raise ValueError(f"bảng `{self.tables[0].to}` phải đọc ít nhất một cột khóa")
        return self


class InfoTable(Strict):
    """Where a database says the day of its own data: a table of keys and values."""

    source: str
    key_column: str
    key: str
    value_column: str


class _Map(Strict):
    """What every map says of itself."""

    system: str
    version: str
    label: str


class FolderMap(_Map):
    """A system that delivers files.

    `date_words`: what stands before the data's own date in a title line. `kept`: names of files that are
    landed and kept, but not read.
    """

    kind: Literal["folder"]
    date_words: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    files: tuple[FileMap, ...] = Field(min_length=1)


class DatabaseMap(_Map):
    """A system that is read from its database."""

    kind: Literal["database"]
    as_of: InfoTable | None = None
    tables: tuple[DatabaseTable, ...] = Field(min_length=1)


class ApiTable(TableMap):
    """A canonical table out of an API's resource; `path` follows the address of the settings.

    `source`: the resource's name; `row`: the field that numbers its records, empty: their place in the stream counts.
    """

    source: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    path: str = Field(pattern=r"^/")
    row: str = ""
    never_empty: bool = False

    @model_validator(mode="after")
    def _plain_fields(self) -> ApiTable:
        if self.lettered or self.only_with:
            raise ValueError("bảng của API không dùng được `lettered` và `only_with`")
        return self


class Paging(Strict):
    """How an API gives its records page by page, and where a page says what. Fields inside fields: `meta.total`.

    `pages`: `page` counts from `first_page`; `offset`: `page` takes how many records came already; `cursor`: `page`
    takes what `next` of the page before holds; `links`: `next` is the address of the page that follows.
    `total`: how many records there are in all; empty only where an API does not tell.
    """

    style: Literal["pages", "offset", "cursor", "links"] = "pages"
    page: str = "page"
    size: str = "size"
    page_size: int = Field(default=500, ge=1)
    first_page: int = 1
    items: str = "items"
    total: str = "total"
    next: str = "next"


class ApiAsOf(Strict):
    """Where an API says the day of its own data: a field of the answer at `path`, or of every page where that is empty."""

    field: str
    path: str = Field(default="", pattern=r"^(/.*)?$")


class ApiMap(_Map):
    """A system that is read over its HTTP API. `client_in`: where its token service wants the client's id and secret."""

    kind: Literal["api"]
    client_in: Literal["header", "body"] = "header"
    paging: Paging = Paging()
    as_of: ApiAsOf | None = None
    tables: tuple[ApiTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _land_apart(self) -> ApiMap:
        # Each resource lands in a file of its name.
        if len({table.source for table in self.tables}) < len(self.tables):
            raise ValueError("có `source` được nêu hai lần")
        return self


ColumnMap = FolderMap | DatabaseMap | ApiMap
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
        key = ".".join(str(part) for part in first["loc"] if part not in ("folder", "database", "api")) or "kind"
        problem = "không có khóa này" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"Bản đồ cột sai ở `{key}`: {problem}", where=file.name, fix="sửa khóa đó trong tệp bản đồ") from error
