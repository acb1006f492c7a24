"""Tables of any length, cleaned and written group by group while they come: no more than a group is held.

Marks are few texts many times over. So a column of few texts becomes a dictionary (its distinct texts, and which of
them each row has): each text is then cleaned once a group, and Parquet takes the dictionary as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.records.cleaning import clean_texts
from connectors.records.snapshot import ROWS_IN_A_GROUP
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SAMPLE = 1024  # rows that show whether a column repeats itself
DIFFERENCES = "DELTA_BINARY_PACKED"


def regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in groups of `ROWS_IN_A_GROUP`: the same rows then give the same bytes, however a driver cut them."""
    waiting: list[pa.RecordBatch] = []
    room = ROWS_IN_A_GROUP
    for batch in batches:
        rest = batch
        while rest.num_rows >= room:
            yield _joined([*waiting, rest.slice(0, room)])
            rest, waiting, room = rest.slice(room), [], ROWS_IN_A_GROUP
        if rest.num_rows:
            waiting.append(rest)
            room -= rest.num_rows
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


@dataclass(slots=True)
class Encoder:
    """Turns the text columns that repeat themselves into dictionaries; the first group decides which, a file has one schema."""

    names: frozenset[str] | None = None

    def encode(self, group: pa.RecordBatch) -> pa.RecordBatch:
        """A group with the same values."""
        if self.names is None:
            self.names = frozenset(name for name, column in zip(group.schema.names, group.columns, strict=True) if _repeats(column))
        columns = [
            column.dictionary_encode() if name in self.names else column
            for name, column in zip(group.schema.names, group.columns, strict=True)
        ]
        return pa.record_batch(columns, names=group.schema.names)


def _repeats(column: pa.Array) -> bool:
    sample = column.slice(0, SAMPLE)
    return pa.types.is_string(column.type) and bool(pc.count_distinct(sample, mode="all").as_py() * 2 <= len(sample))


@dataclass(slots=True)
class ParquetFile:
    """A Parquet file that takes group by group.

    Statistics are left out: nothing asks for them, and they cost a quarter of the writing. What is no dictionary yet
    is not made one: row numbers and moments are written as differences, which takes half the time and a tenth of the bytes.
    """

    path: Path
    empty: pa.Schema
    _writer: pq.ParquetWriter | None = None

    def write(self, group: pa.RecordBatch) -> None:
        """Add a group; all have the schema of the first."""
        self._open(group.schema).write_batch(group, row_group_size=ROWS_IN_A_GROUP)

    def close(self) -> None:
        """End the file; without a group it is a table without rows."""
        self._open(self.empty).close()

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self._writer is None:
            shared = [entry.name for entry in schema if pa.types.is_dictionary(entry.type)]
            steady = {entry.name: DIFFERENCES for entry in schema if pa.types.is_int64(entry.type) or pa.types.is_timestamp(entry.type)}
            kept = {"compression": "zstd", "store_schema": False, "write_statistics": False}
            self._writer = pq.ParquetWriter(self.path, schema, **kept, use_dictionary=shared, column_encoding=steady)
        return self._writer


@dataclass(slots=True)
class TableWriter:
    """A canonical table, whole and typed, in a file of its own. `origin`: columns that have one text in all rows, as it is."""

    table: str
    path: Path
    origin: Mapping[str, str]
    rows: int = 0
    _file: ParquetFile = field(init=False)
    _known: dict[str, _Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        empty = TABLES[self.table].schema.to_frame().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self._file = ParquetFile(self.path, pa.schema([_plain(name) for name in empty]))

    def write(self, group: pa.RecordBatch) -> None:
        """Add a group of delivered text (columns by canonical names, plain or dictionaries, and `source_row`)."""
        columns: dict[str, pa.Array] = {name: constant(text, group.num_rows) for name, text in self.origin.items()}
        for name, column in zip(group.schema.names, group.columns, strict=True):
            columns |= {name: column} if name not in _own(self.table) else self._cleaned(name, column)
        whole = [columns[entry.name] if entry.name in columns else pa.nulls(group.num_rows, entry.type) for entry in self._file.empty]
        self._file.write(pa.record_batch(whole, names=self._file.empty.names))
        self.rows += group.num_rows

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _cleaned(self, name: str, column: pa.Array) -> dict[str, pa.Array]:
        """The canonical columns that a delivered one gives."""
        if not isinstance(column, pa.DictionaryArray):
            return self._read(name, column)
        texts = column.dictionary
        known = self._known.get(name)
        # A column of few texts brings the same ones in every group: then there is nothing to read.
        if known is None or (places := pc.index_in(texts, known.texts)).null_count:
            known = self._known[name] = _Known(texts, self._read(name, texts))
            return {made: _spread(array, column, texts) for made, array in known.made.items()}
        return {made: _spread(array.take(places), column, texts) for made, array in known.made.items()}

    def _read(self, name: str, texts: pa.Array) -> dict[str, pa.Array]:
        read = clean_texts(self.table, name, pl.Series(name, pl.from_arrow(texts)))
        return {made.name: _array(made).cast(self._file.empty.field(made.name).type) for made in read}


@dataclass(frozen=True, slots=True)
class _Known:
    """Texts of a column that were read, and what each of them is in the canonical columns."""

    texts: pa.Array
    made: Mapping[str, pa.Array]


def delivered(frame: pl.DataFrame) -> pa.RecordBatch:
    """A frame of delivered text and `source_row` as a group."""
    arrays = map(_array, frame)
    plain = [array.cast(pa.string()) if pa.types.is_large_string(array.type) else array for array in arrays]
    return pa.record_batch(plain, names=frame.columns)


def _array(values: pl.Series) -> pa.Array:
    return values.to_arrow(compat_level=pl.CompatLevel.oldest())


def _own(table: str) -> frozenset[str]:
    return frozenset(column.name for column in TABLES[table].own)


def _plain(entry: pa.Field) -> pa.Field:
    return entry.with_type(pa.string()) if pa.types.is_large_string(entry.type) else entry


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """A column that has one text in all rows."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text], pa.string()))


def _spread(cleaned: pa.Array, column: pa.DictionaryArray, texts: pa.Array) -> pa.Array:
    """What each distinct text became, for every row that has it."""
    if not pa.types.is_string(cleaned.type):
        return cleaned.take(column.indices)
    if cleaned.equals(texts):
        return column
    # Two spellings may have become one text: Parquet needs a dictionary in which every text is there once, and no null.
    distinct = cleaned.dictionary_encode()
    return pa.DictionaryArray.from_arrays(distinct.indices.take(column.indices), distinct.dictionary)
