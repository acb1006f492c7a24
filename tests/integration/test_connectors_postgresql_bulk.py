"""The two ways out of PostgreSQL, ADBC and the server-side cursor: one state of the data, the same text, the same refusals."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import adbc_driver_manager
import polars as pl
import pytest

from connectors.column_maps import DatabaseMap, DatabaseTable
from connectors.delivery import Delivery
from connectors.errors import SourceRefused, SourceUnreachable
from connectors.sql.adbc import open_bulk
from tests.integration.connector_sources import DAY
from tests.integration.fault_proxy import FaultProxy, proxied
from tests.integration.postgresql_school import PASSWORD, READER, reading, refused, school_database
from tests.integration.sql_servers import PostgreSql, breaking_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from connectors.sql.adbc import Bulk
    from connectors.sql.source import DatabaseSource

pytestmark = pytest.mark.server
MANY = 300_000
BOUND = 60  # seconds, for what would never end


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    with school_database() as started:
        yield started


@pytest.fixture
def source(server: PostgreSql, tmp_path: Path) -> DatabaseSource:
    return reading(server, tmp_path)


def bulk_of(source: DatabaseSource, connection: Connection) -> Bulk:
    bulk = open_bulk(source.access, connection, [])
    assert bulk is not None
    return bulk


def test_the_quick_way_could_not_write(source: DatabaseSource, server: PostgreSql) -> None:
    server.run(f"GRANT DELETE ON hoc_sinh TO {READER}")
    with (
        source.access.engine() as engine,
        source.access.read_only(engine) as connection,
        closing(bulk_of(source, connection)) as bulk,
        bulk.connection.cursor() as cursor,
        pytest.raises(adbc_driver_manager.Error, match="read-only"),
    ):
        cursor.execute("DELETE FROM hoc_sinh")


def test_the_quick_way_sees_the_state_of_the_transaction(source: DatabaseSource, server: PostgreSql) -> None:
    with source.access.engine() as engine, source.access.read_only(engine) as connection:
        server.run("INSERT INTO phan_cong VALUES (98, '3A', 'TO', 'CB001')")
        try:
            with closing(bulk_of(source, connection)) as bulk, bulk.connection.cursor() as cursor:
                cursor.execute("SELECT count(*), current_setting('statement_timeout'), current_setting('TimeZone') FROM phan_cong")
                assert cursor.fetchone() == (3, "10min", "Asia/Ho_Chi_Minh"), "a row from after the first connection began is seen"
        finally:
            server.run("DELETE FROM phan_cong WHERE id = 98")


AWKWARD = r"""
CREATE TYPE loai AS ENUM ('Tốt', 'Đạt');
CREATE TABLE la (id BIGINT PRIMARY KEY, "Cột % : lạ" TEXT, so NUMERIC, thuc4 REAL, thuc8 DOUBLE PRECISION, ngay DATE, luc TIMESTAMP,
    luc_mui TIMESTAMPTZ, gio TIME, tick BOOLEAN, byte BYTEA, ma CHAR(4), loai loai, mang INTEGER[], khoa UUID, tep JSONB, mang_so MONEY);
INSERT INTO la VALUES
    (10, 'Nguyễn Thị Hằng', 9.50, 9.1, 0.1, '2018-05-31', '2027-05-20 08:15:00', '2027-05-20 01:15:00+00', '08:15', true, '\x4b68e1', 'a',
        'Tốt', '{1,2}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', 12.5),
    (9, '', 'NaN', 'NaN', 'Infinity', 'infinity', '-infinity', 'infinity', '24:00', false, '\x', '', NULL, '{}', NULL, 'null', 0),
    (2, E'hai\ndòng "x", y', 1e-9, 1e10, 1e300, '0044-03-15 BC', '2027-05-20 00:00:00', '2027-05-20 00:00:00+07', '00:00', NULL, NULL, NULL,
        'Đạt', NULL, NULL, '[]', NULL),
    (-1, '  ', -0.00, 2, 3, '10000-01-01', '2027-05-20 08:15:00.123456', '2027-05-20 08:15:00.5+07', NULL, NULL, '\x00ff', 'abcd', NULL,
        NULL, NULL, NULL, NULL),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""
# Any canonical columns will do to carry them.
CARRIED = {
    "full_name": "Cột % : lạ", "pupil_code": "so", "personal_number": "thuc4", "nationality": "thuc8", "birth_date": "ngay",
    "status": "luc",
    "status_date": "luc_mui", "class_name": "gio", "not_assessed": "tick", "disability": "byte", "sex": "ma", "ethnicity": "loai",
    "permanent_address": "mang", "policy_category": "khoa", "contact_phone": "tep", "grade": "mang_so",
}  # fmt: skip
AWKWARD_TEXTS = {
    "source_row": [-1, 2, 3, 9, 10],
    "full_name": ["  ", 'hai\ndòng "x", y', None, "", "Nguyễn Thị Hằng"],
    "pupil_code": ["0.00", "0.000000001", None, "NaN", "9.50"],
    "personal_number": ["2", "10000000000", None, "nan", "9.1"],
    "nationality": ["3", "1e+300", None, "inf", "0.1"],
    "birth_date": ["10000-01-01", "0044-03-15 BC", None, "infinity", "2018-05-31"],
    "status": ["2027-05-20 08:15:00", "2027-05-20", None, "-infinity", "2027-05-20 08:15:00"],
    "status_date": ["2027-05-20 08:15:00", "2027-05-20", None, "infinity", "2027-05-20 08:15:00"],
    "class_name": [None, "00:00:00", None, "24:00:00", "08:15:00"],
    "not_assessed": [None, None, None, "0", "1"],
    "disability": ["\x00\ufffd", None, None, None, "Kh\ufffd"],
    "ethnicity": [None, "Đạt", None, None, "Tốt"],
    "contact_phone": [None, "[]", None, "null", '{"a": 1}'],
}


@pytest.fixture
def awkward(source: DatabaseSource, server: PostgreSql) -> Iterator[DatabaseSource]:
    """The source with one table of values that no program likes."""
    table = DatabaseTable(to="pupils", source="la", row="id", required={name: (heading,) for name, heading in CARRIED.items()})
    server.run(*filter(str.strip, AWKWARD.split(";\n")), f"GRANT SELECT ON la TO {READER}")
    assert isinstance(source.column_map, DatabaseMap)
    yield replace(source, column_map=source.column_map.model_copy(update={"tables": (table,)}))
    server.run("DROP TABLE la", "DROP TYPE loai")


def landed(source: DatabaseSource, folder: Path, table: str = "la") -> pl.DataFrame:
    folder.mkdir()
    (folder / "rows").mkdir()
    source._pull(folder, folder / "rows", Delivery("qlnt"))
    return pl.read_parquet(folder / f"{table}.parquet")


def test_both_ways_of_reading_give_the_same_text(awkward: DatabaseSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = landed(awkward, tmp_path / "adbc")
    assert {name: quick[name].to_list() for name in AWKWARD_TEXTS} == AWKWARD_TEXTS
    monkeypatch.setattr("connectors.sql.source.open_bulk", lambda *_: None)
    assert landed(awkward, tmp_path / "cursor").to_dict(as_series=False) == quick.to_dict(as_series=False)
    ninth = awkward.fetch(DAY).scan("pupils").filter(source_row=9).select("birth_date", "birth_date_text").collect()
    assert ninth.rows() == [(None, "infinity")], "a day that never comes stops no night"


@pytest.fixture
def many(source: DatabaseSource, server: PostgreSql) -> Iterator[DatabaseSource]:
    """The source with so many marks that they come in several batches."""
    server.run(
        "CREATE TABLE cat AS SELECT * FROM diem",
        "TRUNCATE diem",
        f"INSERT INTO diem SELECT n, '79' || n, '3A', 3, 'TO', 'CK1', 'T', '9', 1, 'CB1', now() FROM generate_series(1, {MANY}) n",  # noqa: S608
    )
    assert isinstance(source.column_map, DatabaseMap)
    marks = tuple(table for table in source.column_map.tables if table.source == "diem")
    yield replace(source, column_map=source.column_map.model_copy(update={"tables": marks}))
    server.run("TRUNCATE diem", "INSERT INTO diem SELECT * FROM cat", "DROP TABLE cat")


def _wait_until_all_are_gone(server: PostgreSql) -> None:
    """A connection that was closed here counts at the server until its process has ended."""
    deadline = time.monotonic() + BOUND
    while server.rows(f"SELECT 1 FROM pg_stat_activity WHERE usename = '{READER}'"):  # noqa: S608 - a constant
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_account_with_one_connection_is_read_by_the_cursor(
    many: DatabaseSource, server: PostgreSql, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quick = landed(many, tmp_path / "adbc", "diem")
    server.run(f"ALTER ROLE {READER} CONNECTION LIMIT 1")
    try:
        _wait_until_all_are_gone(server)
        with caplog.at_level("INFO"):
            slow = landed(many, tmp_path / "cursor", "diem")
        _wait_until_all_are_gone(server)
        told = many.fetch(DAY).sources["qlnt"].told
    finally:
        server.run(f"ALTER ROLE {READER} CONNECTION LIMIT -1")
    assert "server-side cursor" in caplog.text, "the slower way is told"
    assert PASSWORD not in caplog.text
    assert "Cách đọc nhanh PostgreSQL không dùng được" in told[0]
    assert "→" in told[0]
    assert PASSWORD not in told[0]
    assert many.fetch(DAY).sources["qlnt"].told == (), "by the quick way there is nothing to tell"
    assert slow.equals(quick)
    assert slow.height == MANY


def test_rows_that_are_none_are_set_aside_wherever_they_come(many: DatabaseSource, server: PostgreSql) -> None:
    strays = [5, MANY // 2, MANY - 1]
    emptied = ", ".join(
        f"{name} = NULL" for name in ("ma_hs", "lop", "khoi", "mon", "thoi_diem", "muc", "diem", "lan", "nguoi_nhap", "luc_nhap")
    )
    server.run(f"UPDATE diem SET {emptied} WHERE id IN ({', '.join(map(str, strays))})")  # noqa: S608
    snapshot = many.fetch(DAY)
    assert snapshot.quarantine().select("source_row", "source_sheet").collect().rows() == [(row, "diem") for row in strays]
    assert snapshot.sources["qlnt"].quarantined == {"marks": len(strays)}
    kept = snapshot.scan("marks").select("source_row", "pupil_code", "score_value", "source_sheet").collect()
    assert kept["source_row"].to_list() == [row for row in range(1, MANY + 1) if row not in strays]
    assert kept.select((pl.col("pupil_code") == pl.format("79{}", "source_row")).all()).item()
    assert kept["score_value"].unique().to_list() == [9.0]


def through(source: DatabaseSource, port: int, *, longest: float = 600, patience: float = 5) -> DatabaseSource:
    access = replace(source.access, url=source.access.url.set(port=port), longest_statement=longest, patience=patience)
    return replace(source, access=access)


@pytest.mark.parametrize("quick", [True, False], ids=["ADBC", "cursor"])
@pytest.mark.parametrize("silent", [False, True], ids=["cut", "silent"])
def test_server_gone_in_mid_read(  # noqa: PLR0913 - four fixtures, two ways
    many: DatabaseSource, server: PostgreSql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, quick: bool, silent: bool
) -> None:
    if not quick:
        monkeypatch.setattr("connectors.sql.source.open_bulk", lambda *_: None)
    start = time.monotonic()
    with breaking_network(server.port, 1_000_000 if silent else 3_000_000, silent=silent) as port:
        error = refused(through(many, port, longest=5, patience=2) if silent else through(many, port), tmp_path)
    assert type(error) is SourceUnreachable
    assert "giữa chừng" in error.line()
    assert time.monotonic() - start < BOUND


def test_a_greeting_that_comes_byte_by_byte_is_given_up(source: DatabaseSource, server: PostgreSql, tmp_path: Path) -> None:
    with proxied(server.port, "drip") as proxy:
        error = refused(through(source, proxy.port, patience=1), tmp_path)
        assert proxy.dripped <= 1, "no more than the yes or no to TLS"
    assert type(error) is SourceUnreachable
    assert "không trả lời" in error.line()


def dripped_on(source: DatabaseSource, proxy: FaultProxy) -> None:
    with source._connected() as connection:
        proxy.mode = "drip"
        try:
            connection.exec_driver_sql("SELECT * FROM hoc_sinh")
        finally:
            assert proxy.dripped == 0


def test_rows_that_come_byte_by_byte_end_with_the_whole(source: DatabaseSource, server: PostgreSql) -> None:
    with proxied(server.port) as proxy:
        wanted = through(source, proxy.port)
        wanted = replace(wanted, access=replace(wanted.access, overall=4))
        with pytest.raises(SourceUnreachable, match="giữa chừng"):
            dripped_on(wanted, proxy)


def dripped_on_the_quick_way(source: DatabaseSource, proxy: FaultProxy) -> None:
    (table,) = (table for table in source.column_map.tables if table.source == "hoc_sinh")
    with source._connected() as connection:
        bulk, asked = bulk_of(source, connection), source._asked(connection, table)
        proxy.mode = "drip"
        try:
            list(bulk.batches(asked))
        finally:
            assert proxy.dripped == 0


def test_rows_that_come_byte_by_byte_the_quick_way_end_with_the_whole(source: DatabaseSource, server: PostgreSql) -> None:
    with proxied(server.port) as proxy:
        wanted = through(source, proxy.port)
        wanted = replace(wanted, access=replace(wanted.access, overall=4))
        with pytest.raises(SourceUnreachable, match="giữa chừng"):
            dripped_on_the_quick_way(wanted, proxy)


@pytest.fixture
def endless(source: DatabaseSource, server: PostgreSql) -> Iterator[DatabaseSource]:
    """The source with marks that take ten minutes to come, on whatever machine."""
    server.run(
        "ALTER TABLE diem RENAME TO diem_that",
        "CREATE VIEW diem AS SELECT diem_that.* FROM diem_that, pg_sleep(600)",
        f"GRANT SELECT ON diem TO {READER}",
    )
    marks = tuple(table for table in source.column_map.tables if table.source == "diem")
    yield replace(source, column_map=source.column_map.model_copy(update={"tables": marks}))
    server.run("DROP VIEW diem", "ALTER TABLE diem_that RENAME TO diem")


@pytest.mark.parametrize("quick", [True, False], ids=["ADBC", "cursor"])
def test_a_statement_that_takes_too_long(endless: DatabaseSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, quick: bool) -> None:
    if not quick:
        monkeypatch.setattr("connectors.sql.source.open_bulk", lambda *_: None)
    hasty = replace(endless, access=replace(endless.access, longest_statement=1))
    error = refused(hasty, tmp_path)
    assert type(error) is SourceRefused
    assert "quá lâu" in error.line()
