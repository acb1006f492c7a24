"""The same connector on a real MariaDB: the snapshot equals that of SQLite; refusals are told apart; nothing can be written."""

from __future__ import annotations

import gc
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pymysql
import pytest
import trustme
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connectors.catalogue import build_sources
from connectors.column_maps import DatabaseMap, DatabaseTable
from connectors.delivery import Delivery
from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from connectors.records.tables import TABLES
from connectors.sql.source import DatabaseSource
from infra.settings import load_settings
from tests.integration.connector_sources import CODE, DAY, QLNT_COLUMNS, QLNT_ROWS, fetched, left_over, write_qlnt
from tests.integration.fault_proxy import FaultProxy, proxied
from tests.integration.sql_servers import MariaDb, breaking_network, mariadb
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server
READER, PASSWORD = "doc_du_lieu", "mật-khẩu-rất-khó"
MANY = 200_000
BOUND = 60  # seconds, for what would never end


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[MariaDb]:
    """With TLS, for those who ask for it."""
    with mariadb(authority) as started:
        _fill(started)
        yield started


def _fill(server: MariaDb) -> None:
    """The same rows as in SQLite, in the types that a server would use."""
    with server.connect() as connection, connection.cursor() as cursor:
        for table, columns in QLNT_COLUMNS.items():
            typed = columns.replace("luc_nhap TEXT", "luc_nhap DATETIME").replace("lan_cuoi TEXT", "lan_cuoi DATE")
            typed = typed.replace("khong_danh_gia INTEGER", "khong_danh_gia BIT(1)").replace("khoa TEXT", "khoa VARCHAR(40)")
            cursor.execute(f"CREATE TABLE {table} ({typed})")
            for row in QLNT_ROWS[table]:
                cursor.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)  # noqa: S608 - constants
        cursor.execute(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute(f"GRANT SELECT ON truong.* TO {READER}@'127.0.0.1'")


@pytest.fixture
def source(server: MariaDb, tmp_path: Path) -> DatabaseSource:
    """The source as a school's own settings give it."""
    return built(tmp_path, f"mariadb://{READER}@127.0.0.1:{server.port}/truong")


def built(tmp_path: Path, url: str) -> DatabaseSource:
    (tmp_path / "qlnt.pass").write_text(f"{PASSWORD}\n", encoding="utf-8")
    (tmp_path / "qlnt.pass").chmod(0o600)
    (tmp_path / "truong.toml").write_text(
        f'[school]\nname = "T"\n[sources.qlnt]\nkind = "database"\nurl = "{url}"\npassword_file = "qlnt.pass"\ncolumn_map = "qlnt_2026"\n',
        encoding="utf-8",
    )
    (found,) = build_sources(load_settings(tmp_path / "truong.toml"), tmp_path / "out" / "landing", tmp_path / "out" / "work")
    assert isinstance(found, DatabaseSource)
    return replace(found, access=replace(found.access, patience=3))


def of_tables(source: DatabaseSource, *tables: DatabaseTable) -> DatabaseSource:
    assert isinstance(source.column_map, DatabaseMap)
    return replace(source, column_map=source.column_map.model_copy(update={"tables": tables}))


def test_snapshot_equals_that_of_sqlite_byte_for_byte(source: DatabaseSource, tmp_path: Path) -> None:
    write_qlnt(tmp_path / "qlnt" / "qlnt.sqlite")
    sqlite_snapshot = fetched(tmp_path, "qlnt", tmp_path / "sqlite")
    snapshot = source.fetch(DAY)
    assert sum(snapshot.rows.values()) > 10
    for table in (*TABLES, "quarantine"):
        assert snapshot.path(table).read_bytes() == sqlite_snapshot.path(table).read_bytes(), table
    assert snapshot.sources["qlnt"].delivered == sqlite_snapshot.sources["qlnt"].delivered
    assert snapshot.sources["qlnt"].data_as_of == DAY


def test_mysql_in_the_address_is_the_same(server: MariaDb, tmp_path: Path) -> None:
    assert built(tmp_path, f"mysql://{READER}@127.0.0.1:{server.port}/truong").fetch(DAY).rows["pupils"] == 2


def test_the_transaction_could_not_write(source: DatabaseSource, server: MariaDb) -> None:
    server.run(f"GRANT ALL ON truong.* TO {READER}@'127.0.0.1'")
    try:
        with (
            source.access.engine() as engine,
            source.access.read_only(engine) as connection,
            pytest.raises(DBAPIError, match="READ ONLY"),
        ):
            connection.exec_driver_sql("DELETE FROM hoc_sinh")
    finally:
        server.run(f"REVOKE ALL ON truong.* FROM {READER}@'127.0.0.1'", f"GRANT SELECT ON truong.* TO {READER}@'127.0.0.1'")
    assert server.rows("SELECT count(*) FROM hoc_sinh") == [(len(QLNT_ROWS["hoc_sinh"]),)]


def test_one_state_of_the_data_is_seen(source: DatabaseSource, server: MariaDb) -> None:
    with source.access.engine() as engine, source.access.read_only(engine) as connection:
        server.run("INSERT INTO phan_cong VALUES (99, '3A', 'TO', 'CB001')")
        try:
            assert connection.exec_driver_sql("SELECT count(*) FROM phan_cong").scalar() == 2
        finally:
            server.run("DELETE FROM phan_cong WHERE id = 99")


AWKWARD = """
INSERT INTO la VALUES
 (2, 9.50, 9.1, 0.1, '2018-05-31', '2027-05-20 08:15:00', '08:15:00', 1, X'4B68E1', b'101', 2027, 'Tốt', _latin1 X'E1'),
 (10, -0.00, 1e10, 1e300, '0000-00-00', '0000-00-00 00:00:00', '00:00:00', 0, '', b'0', 1999, 'Đạt', ''),
 (-1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
CARRIED = {
    "full_name": "latinh", "pupil_code": "so", "personal_number": "thuc4", "nationality": "thuc8", "birth_date": "ngay", "status": "luc",
    "class_name": "gio", "not_assessed": "tick", "disability": "byte", "sex": "bit", "grade": "nam", "ethnicity": "loai",
}  # fmt: skip


def test_awkward_values_become_the_text_that_people_see(source: DatabaseSource, server: MariaDb, tmp_path: Path) -> None:
    columns = (
        "id INT PRIMARY KEY, so DECIMAL(8,2), thuc4 FLOAT, thuc8 DOUBLE, ngay DATE, luc DATETIME(3), gio TIME, tick BOOLEAN, "
        "`byte` VARBINARY(9), `bit` BIT(3), nam YEAR, loai ENUM('Tốt', 'Đạt'), latinh VARCHAR(9) CHARACTER SET latin1"
    )
    server.run("SET GLOBAL sql_mode = ''", f"CREATE TABLE la ({columns})")
    server.run(AWKWARD)
    (tmp_path / "landing").mkdir()
    try:
        table = DatabaseTable(to="pupils", source="la", row="id", required={name: (heading,) for name, heading in CARRIED.items()})
        of_tables(source, table)._pull(tmp_path / "landing", tmp_path, Delivery("qlnt"))
    finally:
        server.run("DROP TABLE la", "SET GLOBAL sql_mode = DEFAULT")
    rows = pl.read_parquet(tmp_path / "landing" / "la.parquet")
    assert rows["source_row"].to_list() == [-1, 2, 10]
    assert list(rows.drop("source_row").row(0)) == [None] * 12
    first, second = ({heading: rows[name][number] for name, heading in CARRIED.items()} for number in (1, 2))
    assert first == {
        "latinh": "á", "so": "9.50", "thuc4": "9.1", "thuc8": "0.1", "ngay": "2018-05-31", "luc": "2027-05-20 08:15:00", "gio": "08:15:00",
        "tick": "1", "byte": "Kh\ufffd", "bit": "5", "nam": "2027", "loai": "Tốt",
    }  # fmt: skip
    assert second == {
        "latinh": "", "so": "0.00", "thuc4": "10000000000", "thuc8": "1e+300", "ngay": "0000-00-00", "luc": "0000-00-00", "gio": "00:00:00",
        "tick": "0", "byte": None, "bit": "0", "nam": "1999", "loai": "Đạt",
    }  # fmt: skip


def refused(source: DatabaseSource, tmp_path: Path) -> SourceError:
    """The error of a fetch that fails and leaves nothing."""
    with pytest.raises(SourceError) as caught:
        source.fetch(DAY)
    line = caught.value.line()
    assert "→" in line
    assert PASSWORD not in line
    assert CODE not in line
    assert left_over(tmp_path / "out") == []
    return caught.value


def test_wrong_password(source: DatabaseSource, tmp_path: Path) -> None:
    (tmp_path / "qlnt.pass").write_text("sai\n", encoding="utf-8")
    error = refused(source, tmp_path)
    assert type(error) is SourceRefused
    assert "không cho vào" in error.line()


def test_unknown_database(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(database="khong_co")))
    assert type(refused(wrong, tmp_path)) is SourceRefused


def test_nobody_listens(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(port=free_port())))
    assert type(refused(wrong, tmp_path)) is SourceUnreachable


def test_lost_column_and_lost_table(source: DatabaseSource, server: MariaDb, tmp_path: Path) -> None:
    server.run("ALTER TABLE hoc_sinh RENAME COLUMN ho_ten TO ho_va_ten")
    try:
        error = refused(source, tmp_path)
    finally:
        server.run("ALTER TABLE hoc_sinh RENAME COLUMN ho_va_ten TO ho_ten")
    assert type(error) is SourceChanged
    assert "“ho_ten”" in error.line()
    assert "“ho_va_ten”" in error.line()
    server.run("RENAME TABLE diem TO diem_cu")
    try:
        assert type(refused(source, tmp_path)) is SourceChanged
    finally:
        server.run("RENAME TABLE diem_cu TO diem")


def test_no_right_to_read_a_table(source: DatabaseSource, server: MariaDb, tmp_path: Path) -> None:
    others = [f"GRANT SELECT ON truong.{table} TO {READER}@'127.0.0.1'" for table in QLNT_COLUMNS if table != "diem"]
    server.run(f"REVOKE ALL ON truong.* FROM {READER}@'127.0.0.1'", *others)
    try:
        error = refused(source, tmp_path)
    finally:
        revoked = [other.replace("GRANT", "REVOKE").replace(" TO ", " FROM ") for other in others]
        server.run(*revoked, f"GRANT SELECT ON truong.* TO {READER}@'127.0.0.1'")
    assert type(error) is SourceRefused
    assert "SELECT" in error.line()


@pytest.fixture
def many(source: DatabaseSource, server: MariaDb) -> Iterator[DatabaseSource]:
    """The source with so many marks that they come in several batches."""
    rows = f"SELECT seq, concat('79', seq), '3A', 3, 'TO', 'CK1', 'T', '9', 1, 'CB1', now() FROM seq_1_to_{MANY}"  # noqa: S608 - a constant
    server.run("CREATE TABLE cat AS SELECT * FROM diem", "TRUNCATE diem", f"INSERT INTO diem {rows}")
    yield of_tables(source, *(table for table in source.column_map.tables if table.source == "diem"))
    server.run("TRUNCATE diem", "INSERT INTO diem SELECT * FROM cat", "DROP TABLE cat")


def through(source: DatabaseSource, port: int, *, longest: float = 600, patience: float = 5) -> DatabaseSource:
    access = replace(source.access, url=source.access.url.set(port=port), longest_statement=longest, patience=patience)
    return replace(source, access=access)


@pytest.mark.parametrize("silent", [False, True], ids=["cut", "silent"])
def test_server_gone_in_mid_read(many: DatabaseSource, server: MariaDb, tmp_path: Path, *, silent: bool) -> None:
    start = time.monotonic()
    with breaking_network(server.port, 1_000_000 if silent else 3_000_000, silent=silent) as port:
        error = refused(through(many, port, longest=5, patience=2) if silent else through(many, port), tmp_path)
    assert type(error) is SourceUnreachable
    assert "giữa chừng" in error.line()
    assert time.monotonic() - start < BOUND


def test_a_greeting_that_comes_byte_by_byte_is_given_up(source: DatabaseSource, server: MariaDb, tmp_path: Path) -> None:
    with proxied(server.port, "drip") as proxy:
        error = refused(through(source, proxy.port, patience=1), tmp_path)
        assert proxy.dripped == 0, "it was waited for to its end"
    assert type(error) is SourceUnreachable
    assert "không trả lời" in error.line()


def dripped_on(source: DatabaseSource, proxy: FaultProxy) -> None:
    with source._connected() as connection:
        proxy.mode = "drip"
        try:
            connection.exec_driver_sql("SELECT * FROM hoc_sinh")
        finally:
            assert proxy.dripped == 0


def test_rows_that_come_byte_by_byte_end_with_the_whole(source: DatabaseSource, server: MariaDb) -> None:
    with proxied(server.port) as proxy:
        wanted = through(source, proxy.port)
        wanted = replace(wanted, access=replace(wanted.access, overall=4))
        with pytest.raises(SourceUnreachable, match="giữa chừng"):
            dripped_on(wanted, proxy)


def read_some(source: DatabaseSource, *, break_off: bool) -> None:
    with source._connected() as connection:
        rows = connection.execute(text("SELECT * FROM diem"), execution_options={"yield_per": 1000})
        for _ in rows.partitions():
            if break_off:
                raise ZeroDivisionError


@pytest.mark.parametrize("open_line", [False, True], ids=["cut", "broken off here"])
def test_a_reading_that_broke_off_leaves_nothing_behind_that_reads_on(
    many: DatabaseSource, server: MariaDb, monkeypatch: pytest.MonkeyPatch, *, open_line: bool
) -> None:
    """Cursor and result of the driver read what is left when they are thrown away: from a line that is gone, an error nobody can catch."""
    untold: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: untold.append(told.exc_value))
    with breaking_network(server.port, 10**9 if open_line else 3_000_000) as port, suppress(SourceError, ZeroDivisionError):
        read_some(through(many, port), break_off=open_line)
    gc.collect()
    assert untold == []


def test_all_rows_of_several_batches_arrive_in_order(many: DatabaseSource) -> None:
    rows = many.fetch(DAY).scan("marks").select("source_row").collect()["source_row"]
    assert rows.equals(pl.Series("source_row", range(1, MANY + 1), dtype=pl.Int64))


@pytest.fixture
def endless(source: DatabaseSource, server: MariaDb) -> Iterator[DatabaseSource]:
    """The source with marks that take ten minutes to come, on whatever machine."""
    who = f"{READER}@'127.0.0.1'"
    server.run("RENAME TABLE diem TO diem_that", "CREATE VIEW diem AS SELECT * FROM diem_that WHERE sleep(600) = 0")
    server.run(f"GRANT SHOW VIEW ON truong.* TO {who}")  # to be told its columns
    yield of_tables(source, *(table for table in source.column_map.tables if table.source == "diem"))
    server.run(f"REVOKE SHOW VIEW ON truong.* FROM {who}", "DROP VIEW diem", "RENAME TABLE diem_that TO diem")


def test_a_statement_that_takes_too_long(endless: DatabaseSource, tmp_path: Path) -> None:
    error = refused(replace(endless, access=replace(endless.access, longest_statement=1)), tmp_path)
    assert type(error) is SourceRefused
    assert "quá lâu" in error.line()


def test_a_locked_table_is_given_up(source: DatabaseSource, server: MariaDb, tmp_path: Path) -> None:
    impatient = replace(source, access=replace(source.access, patience=1))
    with server.connect() as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES diem WRITE")
        error = refused(impatient, tmp_path)
        cursor.execute("UNLOCK TABLES")
    assert type(error) is SourceRefused
    assert "khóa" in error.line()


def test_tls_where_the_address_asks_for_it(server: MariaDb, authority: trustme.CA, tmp_path: Path) -> None:
    ours, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(ours))
    trustme.CA().cert_pem.write_to_path(str(other))
    address = f"mariadb://{READER}@127.0.0.1:{server.port}/truong?ssl_ca="
    source = built(tmp_path, f"{address}{ours}")
    with source.access.engine() as engine, source.access.read_only(engine) as connection:
        assert connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1]
    assert type(refused(built(tmp_path, f"{address}{other}"), tmp_path)) is SourceRefused


def test_the_password_is_nowhere(source: DatabaseSource, tmp_path: Path) -> None:
    source.fetch(DAY)
    assert PASSWORD not in repr(source)
    (tmp_path / "qlnt.pass").unlink()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_the_superuser_of_these_tests_is_not_the_reader(server: MariaDb) -> None:
    # guards the test above: the reader's rights are what is tested, not root's
    with (
        pymysql.connect(host="127.0.0.1", port=server.port, user=READER, password=PASSWORD.encode(), database="truong") as connection,
        connection.cursor() as cursor,
        pytest.raises(pymysql.Error),
    ):
        cursor.execute("DELETE FROM hoc_sinh")
