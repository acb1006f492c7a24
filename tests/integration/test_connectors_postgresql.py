"""The same connector on a real PostgreSQL: the snapshot equals that of SQLite; refusals are told apart; nothing can be written."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from connectors.records.snapshot import MANIFEST
from connectors.records.tables import TABLES
from tests.integration.connector_sources import DAY, QLNT_ROWS, fetched, write_qlnt
from tests.integration.postgresql_school import PASSWORD, READER, reading, refused, school_database
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.sql.source import DatabaseSource
    from tests.integration.sql_servers import PostgreSql

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    with school_database() as started:
        yield started


@pytest.fixture
def source(server: PostgreSql, tmp_path: Path) -> DatabaseSource:
    return reading(server, tmp_path)


def test_snapshot_equals_that_of_sqlite_byte_for_byte(source: DatabaseSource, tmp_path: Path) -> None:
    write_qlnt(tmp_path / "qlnt" / "qlnt.sqlite")
    sqlite_snapshot = fetched(tmp_path, "qlnt", tmp_path / "sqlite")
    snapshot = source.fetch(DAY)
    assert sum(snapshot.rows.values()) > 10
    for table in (*TABLES, "quarantine"):
        assert snapshot.path(table).read_bytes() == sqlite_snapshot.path(table).read_bytes(), table
    assert snapshot.sources["qlnt"].delivered == sqlite_snapshot.sources["qlnt"].delivered
    assert snapshot.sources["qlnt"].data_as_of == DAY


def test_the_password_is_nowhere(source: DatabaseSource, tmp_path: Path) -> None:
    source.fetch(DAY)
    assert PASSWORD not in repr(source)
    (tmp_path / "qlnt.pass").unlink()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_the_transaction_could_not_write(source: DatabaseSource, server: PostgreSql) -> None:
    server.run(f"GRANT DELETE ON hoc_sinh TO {READER}")
    with source.access.engine() as engine, source.access.read_only(engine) as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.exec_driver_sql("DELETE FROM hoc_sinh")


def test_one_state_of_the_data_is_seen(source: DatabaseSource, server: PostgreSql) -> None:
    with source.access.engine() as engine, source.access.read_only(engine) as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM phan_cong").scalar()
        server.run("INSERT INTO phan_cong VALUES (99, '3A', 'TO', 'CB001')")
        try:
            assert connection.exec_driver_sql("SELECT count(*) FROM phan_cong").scalar() == before
        finally:
            server.run("DELETE FROM phan_cong WHERE id = 99")


def test_rows_without_key_are_kept_with_their_reason(source: DatabaseSource) -> None:
    snapshot = source.fetch(DAY)
    (kept,) = snapshot.quarantine().collect().rows(named=True)
    assert (kept["table"], kept["source_sheet"], kept["source_row"]) == ("pupils", "hoc_sinh", 9)
    assert kept["values"] == '{"grade":"3"}'


def test_wrong_password(source: DatabaseSource, tmp_path: Path) -> None:
    (tmp_path / "qlnt.pass").write_text("sai\n", encoding="utf-8")
    error = refused(source, tmp_path)
    assert type(error) is SourceRefused
    assert "không cho vào" in error.line()


def test_password_file_that_others_can_read(source: DatabaseSource, tmp_path: Path) -> None:
    (tmp_path / "qlnt.pass").chmod(0o644)
    error = refused(source, tmp_path)
    assert type(error) is SourceRefused
    assert "chmod 600" in error.line()


def test_unknown_database(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(database="khong_co")))
    assert type(refused(wrong, tmp_path)) is SourceRefused


def test_nobody_listens(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(port=free_port())))
    assert type(refused(wrong, tmp_path)) is SourceUnreachable


def test_unknown_host(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(host="may-chu.invalid")))
    assert type(refused(wrong, tmp_path)) is SourceUnreachable


def test_lost_column_and_lost_table(source: DatabaseSource, server: PostgreSql, tmp_path: Path) -> None:
    server.run("ALTER TABLE hoc_sinh RENAME ho_ten TO ho_va_ten")
    try:
        error = refused(source, tmp_path)
    finally:
        server.run("ALTER TABLE hoc_sinh RENAME ho_va_ten TO ho_ten")
    assert type(error) is SourceChanged
    assert "“ho_ten”" in error.line()
    assert "“ho_va_ten”" in error.line()
    server.run("ALTER TABLE diem RENAME TO diem_cu")
    try:
        assert type(refused(source, tmp_path)) is SourceChanged
    finally:
        server.run("ALTER TABLE diem_cu RENAME TO diem")


def test_no_right_to_read_a_table(source: DatabaseSource, server: PostgreSql, tmp_path: Path) -> None:
    server.run(f"REVOKE ALL ON diem FROM {READER}")
    try:
        error = refused(source, tmp_path)
    finally:
        server.run(f"GRANT SELECT ON diem TO {READER}")
    assert type(error) is SourceRefused
    assert "SELECT" in error.line()


def test_a_table_locked_for_long_is_given_up(source: DatabaseSource, server: PostgreSql, tmp_path: Path) -> None:
    impatient = replace(source, access=replace(source.access, longest_statement=0.3))
    with psycopg.connect(host="127.0.0.1", port=server.port, user="app", dbname="postgres") as other:
        other.execute("LOCK TABLE diem IN ACCESS EXCLUSIVE MODE")
        assert type(refused(impatient, tmp_path)) is SourceRefused


def test_a_server_that_accepts_and_says_nothing_is_given_up(source: DatabaseSource, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held: list[socket.socket] = []
        accept = threading.Thread(target=lambda: [held.append(silent.accept()[0]) for _ in range(2)], daemon=True)
        accept.start()
        url = source.access.url.set(port=silent.getsockname()[1])
        error = refused(replace(source, access=replace(source.access, url=url, patience=2)), tmp_path)
        assert isinstance(error, SourceError)
        for connection in held:
            connection.close()


def test_sqlite_file_stays_what_it_was(tmp_path: Path) -> None:
    # the fixture rows are the same objects in both: guard against a fixture that drifts apart
    file = write_qlnt(tmp_path / "qlnt.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM hoc_sinh").fetchone()[0] == len(QLNT_ROWS["hoc_sinh"])


def test_manifest_has_no_address(source: DatabaseSource) -> None:
    manifest = (source.fetch(DAY).folder / MANIFEST).read_text(encoding="utf-8")
    assert "127.0.0.1" not in manifest
    assert READER not in manifest
