"""From the records of an API to rows of a canonical table, as text, page by page; only fields that the map names are kept.

Rows are put aside in a file batch by batch: a million marks need no more memory than a hundred thousand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.cells import text_column, text_of
from connectors.delivery import PROVENANCE_ROW
from connectors.errors import SourceChanged, SourceRefused
from connectors.headings import Header, fold, known_headings
from connectors.records.column import Kind
from connectors.records.snapshot import ROWS_IN_A_GROUP
from connectors.records.tables import TABLES
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connectors.column_maps import ApiTable
    from connectors.rest.paging import Record

BATCH = ROWS_IN_A_GROUP  # records held at a time
NESTED = {dict, list}
# What JSON writes for a moment (RFC 3339); plain days and anything else stay as they are.
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")


@dataclass(slots=True)
class Gathering:
    """The records of one table so far, as text in a file. `where` names the resource in messages.

    The file has a column per folded heading that the map knows: which of them the API has is known at the end only.
    """

    table: ApiTable
    where: str
    file: Path
    count: int = 0
    _known: frozenset[str] = field(init=False)
    _times: frozenset[str] = field(init=False)
    _fields: dict[str, None] = field(default_factory=dict)
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _writer: pq.ParquetWriter = field(init=False)
    _last: int = 0
    _in_order: bool = True

    def __post_init__(self) -> None:
        timed = {column.name for column in TABLES[self.table.to].own if column.kind in (Kind.DATE, Kind.MOMENT)}
        self._times = frozenset(fold(text) for name, texts in self.table.headings.items() if name in timed for text in texts)
        self._known = known_headings([self.table]) | ({fold(self.table.row)} if self.table.row else frozenset())
        names = [pa.field(name, pa.large_string()) for name in sorted(self._known)]
        self._writer = pq.ParquetWriter(self.file, pa.schema([*names, pa.field(PROVENANCE_ROW, pa.int64())]), compression="zstd")

    def close(self) -> None:
        """Let the file go, whole or not."""
        self._writer.close()

    def add(self, records: Sequence[Record]) -> None:
        """Add the records of a page. A field that a record leaves out is empty there."""
        names = dict.fromkeys(chain.from_iterable(records))
        self._fields |= names
        texts = {fold(name): self._text(name, records) for name in names if fold(name) in self._known}
        columns = [texts.get(name, pl.Series([None] * len(records), dtype=pl.String)).alias(name) for name in sorted(self._known)]
        self._waiting.append(pl.DataFrame([*columns, self._numbers(texts, len(records))]))
        self.count += len(records)
        if sum(frame.height for frame in self._waiting) >= BATCH:
            self._write()

    def _text(self, name: str, records: Sequence[Record]) -> pl.Series:
        values = [record.get(name) for record in records]
        if NESTED & {*map(type, values)}:
            fix = "trường này phải là một giá trị: xem phiên bản hệ thống nguồn"
            raise SourceChanged(f"Trường “{name}” chứa cả một đối tượng hoặc danh sách", where=self.where, fix=fix)
        try:
            return text_column(name, [moment_text(value) for value in values] if fold(name) in self._times else values)
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can write and no text can hold
            fix = "tìm và sửa chữ hỏng ở hệ thống nguồn, rồi chạy lại"
            raise SourceChanged(f"Trường “{name}” có chữ hỏng, không đọc được", where=self.where, fix=fix) from None

    def _numbers(self, texts: dict[str, pl.Series], records: int) -> pl.Series:
        """The numbers of a page's rows: the map's field, or their places in the stream."""
        if not self.table.row:
            return pl.int_range(self.count + 1, self.count + records + 1, dtype=pl.Int64, eager=True).alias(PROVENANCE_ROW)
        told = texts.get(fold(self.table.row), pl.Series([None] * records, dtype=pl.String))
        numbers = told.cast(pl.Int64, strict=False).alias(PROVENANCE_ROW)
        for number in numbers:
            self._in_order = self._in_order and number is not None and number > self._last
            self._last = number or 0
        return numbers

    def _write(self) -> None:
        batch = pl.concat(self._waiting).to_arrow(compat_level=pl.CompatLevel.oldest())
        self._writer.write_table(batch.cast(self._writer.schema))
        self._waiting.clear()

    def finish(self) -> None:
        """All has come. SourceChanged when a required field is lost, SourceRefused when a row came twice."""
        if self._waiting:
            self._write()
        self.close()
        self._refuse_doubles(self.rows())

    def rows(self) -> pl.LazyFrame:
        """All rows under their canonical names with `source_row`, in its order."""
        rows = pl.scan_parquet(self.file).select(*self._columns(), PROVENANCE_ROW)
        return rows if self._in_order else rows.sort(PROVENANCE_ROW, maintain_order=True)

    def groups(self) -> Iterator[pl.DataFrame]:
        """The same, group by group. An API that sends its rows in no order has them all held at once, to be sorted."""
        if not self._in_order:
            yield from self.rows().collect().iter_slices(ROWS_IN_A_GROUP)
            return
        columns = tuple(self._columns())
        wanted = [*(name for column in columns for name in column.meta.root_names()), PROVENANCE_ROW]
        with pq.ParquetFile(self.file) as file:
            # Without threads: each would keep the memory that it once used.
            for group in range(file.num_row_groups):
                yield pl.DataFrame(pl.from_arrow(file.read_row_group(group, wanted, use_threads=False))).select(*columns, PROVENANCE_ROW)

    def _columns(self) -> Iterator[pl.Expr]:
        if not self.count:
            # Without a record there is no field to miss; whether none is right, the map and the contract say.
            yield from (pl.col(fold(names[0])).alias(name) for name, names in self.table.headings.items())
            return
        header = Header(tuple(self._fields), self.where, self._known)
        if self.table.row and header.index((self.table.row,)) is None:
            fix = "trường này đánh số dòng: xem lại phiên bản hệ thống nguồn"
            raise SourceChanged(f"Mất trường “{self.table.row}”", where=self.where, fix=fix)
        yield from (pl.col(header.folded[at]).alias(name) for name, at in header.columns(self.table).items())

    def _refuse_doubles(self, rows: pl.LazyFrame) -> None:
        """Rows that move while pages are read come twice, and push others out of sight: then the total alone deceives."""
        if not self._in_order and rows.select(pl.col(PROVENANCE_ROW).drop_nulls().is_duplicated().any()).collect().item():
            fix = "không dùng dòng nào; chạy lại lúc không ai sửa dữ liệu"
            raise SourceRefused(f"API gửi hai lần cùng một “{self.table.row}”: dữ liệu đổi giữa các trang", where=self.where, fix=fix)


def moment_text(value: object) -> object:
    """A moment of JSON as a database gives it: the school's wall clock, a midnight as its day; anything else as it is."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
        return text_of(moment.astimezone(SCHOOL_ZONE).replace(tzinfo=None) if moment.tzinfo else moment)
    except (ValueError, OverflowError):
        return value  # 31 February stays as it was delivered, for a rule to name
