"""A system read from its own database: SQLite or PostgreSQL, through SQLAlchemy, in one read-only transaction.

Only the columns that the column map names are ever asked for. Values come in batches and become text
columns at once, so that a million marks cost seconds. Nothing of a row goes into an exception.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from connectors.cells import text_column, text_of
from connectors.database_access import Access, refusal
from connectors.delivery import PROVENANCE_ROW, Delivery, Part, Places, landed
from connectors.errors import SourceChanged, SourceRefused
from connectors.headings import Header, known_headings
from connectors.records.cleaning import clean_date
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import ColumnClause, Connection, Select

    from connectors.column_maps import DatabaseMap, DatabaseTable, InfoTable
    from connectors.records.snapshot import Snapshot

BATCH = 50_000  # rows held as Python objects at a time
FEWEST_CELLS = 2  # that make a row without a code a row


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """One system's database, read as its column map tells."""

    system: str
    access: Access
    column_map: DatabaseMap
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Read every table of the map in one transaction, land it as delivered, write the snapshot (see Source.fetch)."""
        with landed(self.places, day, self.system) as landing:
            delivery = Delivery(self.system)
            with self._connected() as connection:
                for table_map in self.column_map.tables:
                    self._add(_read(connection, table_map, self.access.where), table_map, delivery, landing)
                if self.column_map.as_of and (as_of := _as_of(connection, self.column_map.as_of)):
                    delivery.dates.append(as_of)
            return delivery.snapshot(self.places.work / day.isoformat() / self.system, day)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self.access.engine() as engine, self.access.read_only(engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            # Drivers quote the value that they stumble over: the error that travels on must not carry it.
            raise refusal(error, self.access.where) from None

    def _add(self, rows: pl.DataFrame, table_map: DatabaseTable, delivery: Delivery, landing: Path) -> None:
        """Land the rows of a source table as they came and add those that are rows to the delivery."""
        file = landing / f"{table_map.source}.parquet"
        rows.write_parquet(file, compression="zstd")
        delivery.files[file.name] = sha256_of(file)
        if table_map.never_empty and rows.is_empty():
            where = f"{self.access.where}, bảng “{table_map.source}”"
            raise SourceRefused("Bảng không có dòng nào", where=where, fix="xem hệ thống nguồn có đang được nạp lại không, rồi chạy lại")
        kept = _without_strays(rows, table_map)
        delivery.quarantined[table_map.to] += rows.height - kept.height
        mapped = (*(name for name in kept.columns if name != PROVENANCE_ROW), *table_map.constant)
        filled = [pl.col(name).fill_null(text) for name, text in table_map.when_empty.items() if name in kept.columns]
        constant = [pl.lit(text).alias(name) for name, text in table_map.constant.items()]
        delivery.parts.append(Part(table_map.to, kept.with_columns(*filled, *constant), mapped, self.system, table_map.source))


def _without_strays(rows: pl.DataFrame, table_map: DatabaseTable) -> pl.DataFrame:
    """Rows but those that cannot be rows: no key and hardly a value."""
    if not table_map.key:
        return rows
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in rows.columns if name != PROVENANCE_ROW)
    keyless = pl.all_horizontal(pl.col(name).is_null() for name in table_map.key)
    return rows.filter(~(keyless & (filled < FEWEST_CELLS)))


def _read(connection: Connection, table_map: DatabaseTable, where: str) -> pl.DataFrame:
    """A table's mapped columns as text under their canonical names, and the number of each row, in that order."""
    header = _header(connection, table_map, where)
    row = header.index((table_map.row,))
    if row is None:
        raise SourceChanged(f"Mất cột “{table_map.row}”", where=header.where, fix="cột này đánh số dòng: xem lại phiên bản hệ thống nguồn")
    places = {**header.columns(table_map), PROVENANCE_ROW: row}
    wanted: list[ColumnClause[object]] = [column(header.headings[at]) for at in places.values()]
    asked: Select[tuple[object, ...]] = select(*wanted).select_from(table(table_map.source)).order_by(column(header.headings[row]))
    result = connection.execution_options(yield_per=BATCH).execute(asked)
    return pl.concat([_batch(tuple(places), ()), *(_batch(tuple(places), rows) for rows in result.partitions())])


def _batch(names: Sequence[str], rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    values = zip(*rows, strict=True) if rows else ([] for _ in names)
    columns = [text_column(name, cells) for name, cells in zip(names, values, strict=True)]
    return pl.DataFrame(columns).with_columns(pl.col(PROVENANCE_ROW).cast(pl.Int64, strict=False))


def _header(connection: Connection, table_map: DatabaseTable, where: str) -> Header:
    inspector = inspect(connection)
    if not inspector.has_table(table_map.source):
        fix = "xem lại phiên bản hệ thống nguồn và quyền đọc; nếu bảng đã đổi tên thì sửa bản đồ cột"
        raise SourceChanged(f"Mất bảng “{table_map.source}”", where=where, fix=fix)
    names = tuple(entry["name"] for entry in inspector.get_columns(table_map.source))
    return Header(names, f"{where}, bảng “{table_map.source}”", known_headings([table_map]))


def _as_of(connection: Connection, info: InfoTable) -> date | None:
    """The day of the system's own data, if it tells."""
    if not inspect(connection).has_table(info.source):
        return None
    value: ColumnClause[object] = column(info.value_column)
    asked = select(value).select_from(table(info.source)).where(column(info.key_column) == info.key)
    told = pl.DataFrame({"day": [text_of(connection.execute(asked).scalar())]}, schema={"day": pl.String})
    day = told.select(clean_date(pl.col("day"))).item()
    return day if isinstance(day, date) else None
