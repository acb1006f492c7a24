"""What is asked of a table, and how its values become text.

A server itself turns numbers, days and moments into text: both ways of reading (SQLAlchemy, ADBC) then
get the very same letters, `infinity` and 0000-00-00 travel like any other value, and it costs nothing
that could be measured. SQLite knows no column types: its values become text here, cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from sqlalchemy import (
    BINARY,
    VARBINARY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Text,
    cast,
    column,
    select,
    table,
)
from sqlalchemy.dialects.mysql import BIT, LONGBLOB, MEDIUMBLOB, TINYBLOB

from connectors.cells import bytes_as_text, fractions_as_text, moments_as_text, text_column
from connectors.delivery import PROVENANCE_ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.engine.interfaces import ReflectedColumn
    from sqlalchemy.types import TypeEngine

    Finish = Callable[[pl.Series], pl.Series]

BYTES = (LargeBinary, BINARY, VARBINARY, TINYBLOB, MEDIUMBLOB, LONGBLOB)


@dataclass(frozen=True, slots=True)
class Asked:
    """One table's question: the canonical names, the SELECT, and what is still to do to the values of some columns.

    `bulk`: the same for a driver that gives whole columns. Whole numbers then become text here, where each is turned once.
    """

    names: tuple[str, ...]
    statement: Select[tuple[object, ...]]
    bulk: Select[tuple[object, ...]]
    finish: Mapping[str, Finish]

    @property
    def schema(self) -> pa.Schema:
        """How the table lies in the landing: text, and the number of each row."""
        return pa.schema([(name, pa.int64() if name == PROVENANCE_ROW else pa.string()) for name in self.names])

    def from_rows(self, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
        """Rows of Python values as one batch."""
        cells = zip(*rows, strict=True)
        return self._batch([self._array(text_column(name, values)) for name, values in zip(self.names, cells, strict=True)])

    def from_arrow(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch that a driver gave; columns that are text already pass untouched."""
        arrays = zip(self.schema, batch.columns, strict=True)
        return self._batch([array if self._is_finished(field, array) else self._finished(field.name, array) for field, array in arrays])

    def _batch(self, arrays: Sequence[pa.Array]) -> pa.RecordBatch:
        return pa.record_batch(arrays, schema=self.schema)

    def _is_finished(self, field: pa.Field, array: pa.Array) -> bool:
        return array.type == field.type and (field.name not in self.finish or field.name == PROVENANCE_ROW)

    def _finished(self, name: str, array: pa.Array) -> pa.Array:
        if pa.types.is_integer(array.type):
            return array.cast(self.schema.field(name).type)
        return self._array(pl.Series(name, pl.from_arrow(array)))

    def _array(self, values: pl.Series) -> pa.Array:
        finish = self.finish.get(values.name)
        finished = finish(values) if finish else values
        return finished.to_arrow().cast(self.schema.field(values.name).type)


def ask(source: str, places: Mapping[str, int], columns: Sequence[ReflectedColumn], *, typed: bool) -> Asked:
    """The question for a table, in the order of its row numbers. `places`: canonical name -> place of the source column.

    `typed`: the database knows the types of its columns and turns their values into text itself.
    """
    wanted = {name: columns[at] for name, at in places.items()}
    here = table(source, *(column(found["name"]) for found in columns))
    order = here.c[wanted[PROVENANCE_ROW]["name"]]
    columns_of = {name: here.c[found["name"]] for name, found in wanted.items()}
    finish = {name: _finish(found["type"]) for name, found in wanted.items()} if typed else {}
    todo = {name: finishing for name, finishing in finish.items() if finishing} | {PROVENANCE_ROW: _row_number}
    texts = {name: _expression(name, column, wanted[name]["type"]) for name, column in columns_of.items()} if typed else columns_of
    whole = {name: columns_of[name] for name, found in wanted.items() if isinstance(found["type"], Integer)}
    return Asked(tuple(places), _select(texts, order), _select(texts | whole, order), todo)


def _select(values: Mapping[str, ColumnElement[Any]], order: ColumnElement[Any]) -> Select[tuple[object, ...]]:
    # Names of their own: a server would sort by the text that bears the column's name, not by the column.
    return select(*(value.label(f"c{number}") for number, value in enumerate(values.values()))).order_by(order)


def _expression(name: str, value: ColumnElement[Any], kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if name == PROVENANCE_ROW and isinstance(kind, Integer):
        return cast(value, BigInteger)
    if isinstance(kind, BYTES):
        return value
    # By way of a number: a server would write true, and a tick is 1 or 0 wherever it comes from (cells.text_of).
    if isinstance(kind, Boolean):
        return cast(cast(value, Integer), Text)
    return cast(cast(value, BigInteger), Text) if isinstance(kind, BIT) else cast(value, Text)


def _finish(kind: TypeEngine[Any]) -> Finish | None:
    if isinstance(kind, Date | DateTime):
        return moments_as_text
    if isinstance(kind, Float):
        return fractions_as_text
    return bytes_as_text if isinstance(kind, BYTES) else None


def _row_number(values: pl.Series) -> pl.Series:
    """Null where the source's own number is none."""
    return values.cast(pl.Int64, strict=False)
