"""A system read from its own database: SQLite, PostgreSQL or MariaDB, in one read-only transaction.

Only the columns that the column map names are ever asked for. Rows come in batches, become text and are
written to the landing batch by batch: a million marks need no more memory than fifty thousand, and seconds.
Nothing of a row goes into an exception.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from sqlalchemy import column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from connectors.cells import text_of
from connectors.delivery import PROVENANCE_ROW, Delivery, Places, WrittenPart, landed
from connectors.errors import SourceChanged, SourceRefused
from connectors.headings import Header, known_headings
from connectors.records.cleaning import clean_date
from connectors.records.quarantine import FEWEST_CELLS, NO_KEY
from connectors.records.snapshot import ROWS_IN_A_GROUP, sha256_of
from connectors.records.streaming import Encoder, ParquetFile, TableWriter, constant, regrouped
from connectors.sql.adbc import BulkFailedError, open_bulk
from connectors.sql.columns import ask
from connectors.sql.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sqlalchemy import ColumnClause, Connection

    from connectors.column_maps import DatabaseMap, DatabaseTable, InfoTable
    from connectors.records.snapshot import Snapshot
    from connectors.sql.access import Access
    from connectors.sql.adbc import Bulk
    from connectors.sql.columns import Asked

BATCH = ROWS_IN_A_GROUP  # rows held as Python objects at a time


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """One system's database, read as its column map tells."""

    system: str
    access: Access
    column_map: DatabaseMap
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Read every table of the map in one transaction, land it as delivered, write the snapshot (see Source.fetch)."""
        # Cleaned tables wait in a folder inside the landing, which is gone before the landing gets its name.
        with landed(self.places, day, self.system) as landing, TemporaryDirectory(prefix=".rows.", dir=landing) as aside:
            delivery = Delivery(self.system)
            self._pull(landing, Path(aside), delivery)
            return delivery.snapshot(self.places.work / day.isoformat() / self.system, day)

    def _pull(self, landing: Path, aside: Path, delivery: Delivery) -> None:
        """Land every table; it is cleaned while it comes, so that no second reading of it is needed."""
        failures: list[str] = []
        with self._connected() as connection, _bulk(self.access, connection, failures) as bulk:
            for table_map in self.column_map.tables:
                table = _Coming(table_map, self.system, landing / f"{table_map.source}.parquet", aside / f"{table_map.source}.parquet")
                table.land(connection, bulk, self._asked(connection, table_map))
                self._add(table, delivery)
            if self.column_map.as_of and (as_of := _as_of(connection, self.column_map.as_of)):
                delivery.dates.append(as_of)
        if failures:
            fix = "nhờ quản trị cho tài khoản này mở hai kết nối; số liệu vẫn đủ"
            delivery.told.append(
                f"Cách đọc nhanh PostgreSQL không dùng được ({failures[0]}), đã đọc cách chậm [{self.access.where}] → {fix}"
            )

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self.access.engine() as engine, self.access.read_only(engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            # Drivers quote the value that they stumble over: the error that travels on must not carry it.
            raise refusal(error, self.access.where) from None

    def _asked(self, connection: Connection, table_map: DatabaseTable) -> Asked:
        """The question for a table: its mapped columns under their canonical names, and the number of each row."""
        inspector, where = inspect(connection), f"{self.access.where}, bảng “{table_map.source}”"
        if not inspector.has_table(table_map.source):
            fix = "xem lại phiên bản hệ thống nguồn và quyền đọc; nếu bảng đã đổi tên thì sửa bản đồ cột"
            raise SourceChanged(f"Mất bảng “{table_map.source}”", where=self.access.where, fix=fix)
        columns = inspector.get_columns(table_map.source)
        header = Header(tuple(entry["name"] for entry in columns), where, known_headings([table_map]))
        row = header.index((table_map.row,))
        if row is None:
            raise SourceChanged(f"Mất cột “{table_map.row}”", where=where, fix="cột này đánh số dòng: xem lại phiên bản hệ thống nguồn")
        places = {**header.columns(table_map), PROVENANCE_ROW: row}
        return ask(table_map.source, places, columns, typed=not self.access.is_sqlite)

    def _add(self, table: _Coming, delivery: Delivery) -> None:
        """Add what landed of a source table to the delivery; what cannot be a row is set aside."""
        table_map = table.table_map
        delivery.files[table.landing.name] = sha256_of(table.landing)
        if table_map.never_empty and not table.rows:
            where = f"{self.access.where}, bảng “{table_map.source}”"
            raise SourceRefused("Bảng không có dòng nào", where=where, fix="xem hệ thống nguồn có đang được nạp lại không, rồi chạy lại")
        rows = pl.scan_parquet(table.landing)
        here = rows.collect_schema().names()
        if table.strays:
            delivery.set_aside(table_map.to, NO_KEY, self.system, table_map.source, rows.filter(_is_stray(table_map.key, here)))
        mapped = (*(name for name in here if name != PROVENANCE_ROW), *table_map.constant)
        delivery.parts.append(WrittenPart(table_map.to, table.cleaned, mapped))


@dataclass(slots=True)
class _Coming:
    """A table of the source on its way into two files: as delivered, and canonical. `strays`: rows that are no rows."""

    table_map: DatabaseTable
    system: str
    landing: Path
    cleaned: Path
    rows: int = 0
    strays: int = 0

    def land(self, connection: Connection, bulk: Bulk | None, asked: Asked) -> None:
        """Write it as it comes, batch by batch, by the quickest way that works."""
        if bulk:
            # The cursor sees the same state of the data, and says what is wrong if it is not the quick way.
            with suppress(BulkFailedError):
                return self._write(bulk.batches(asked), asked)
        return self._write(_batches(connection, asked), asked)

    def _write(self, batches: Generator[pa.RecordBatch], asked: Asked) -> None:
        self.rows = self.strays = 0
        origin = {"source_system": self.system, "source_file": self.system, "source_sheet": self.table_map.source}
        landing, canonical = ParquetFile(self.landing, asked.schema), TableWriter(self.table_map.to, self.cleaned, origin)
        encoder = Encoder()
        # Closed at once, also when the disk is full: nothing reads on while the connection is taken away.
        with closing(batches), closing(landing), closing(canonical):
            for group in regrouped(batches):
                encoded = encoder.encode(group)
                landing.write(encoded)
                canonical.write(self._meant(self._without_strays(group, encoded)))
                self.rows += group.num_rows

    def _without_strays(self, group: pa.RecordBatch, encoded: pa.RecordBatch) -> pa.RecordBatch:
        """Rows without a key are rare: only where there are some is a look at all columns worth its time."""
        key = self.table_map.key
        if not key or any(_is_full(encoded.column(name)) for name in key):
            return encoded
        stray = pl.DataFrame(pl.from_arrow(group)).select(_is_stray(key, group.schema.names)).to_series()
        self.strays += int(stray.sum())
        return encoded.filter((~stray).to_arrow())

    def _meant(self, group: pa.RecordBatch) -> pa.RecordBatch:
        """With what the map says of empty cells and of columns that the source does not have."""
        for name, text in self.table_map.when_empty.items():
            if (at := group.schema.get_field_index(name)) >= 0:
                group = group.set_column(at, name, group.column(at).cast(pa.string()).fill_null(text))
        for name, text in self.table_map.constant.items():
            group = group.append_column(name, constant(text, group.num_rows))
        return group


@contextmanager
def _bulk(access: Access, connection: Connection, failures: list[str]) -> Iterator[Bulk | None]:
    bulk = open_bulk(access, connection, failures)
    with closing(bulk) if bulk else nullcontext():
        yield bulk


def _batches(connection: Connection, asked: Asked) -> Generator[pa.RecordBatch]:
    result = connection.execute(asked.statement, execution_options={"yield_per": BATCH})
    yield from map(asked.from_rows, result.partitions())


def _is_filled(name: str) -> pl.Expr:
    """Blanks are no value."""
    return pl.col(name).is_not_null() & (pl.col(name).str.strip_chars() != "")


def _is_full(column: pa.Array) -> bool:
    texts = pl.Series(pl.from_arrow(column.dictionary if isinstance(column, pa.DictionaryArray) else column))
    return column.null_count == 0 and bool((texts.str.strip_chars() != "").all())


def _is_keyless(key: tuple[str, ...]) -> pl.Expr:
    return ~pl.any_horizontal(_is_filled(name) for name in key)


def _is_stray(key: tuple[str, ...], here: list[str]) -> pl.Expr:
    """Rows that cannot be rows: no key and hardly a value."""
    filled = [_is_filled(name) for name in here if name != PROVENANCE_ROW]
    return _is_keyless(key) & (pl.sum_horizontal(filled) < FEWEST_CELLS)


def _as_of(connection: Connection, info: InfoTable) -> date | None:
    """The day of the system's own data, if it tells."""
    if not inspect(connection).has_table(info.source):
        return None
    value: ColumnClause[object] = column(info.value_column)
    asked = select(value).select_from(table(info.source)).where(column(info.key_column) == info.key)
    told = pl.DataFrame({"day": [text_of(connection.execute(asked).scalar())]}, schema={"day": pl.String})
    day = told.select(clean_date(pl.col("day"))).item()
    return day if isinstance(day, date) else None
