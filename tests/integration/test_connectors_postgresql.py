"""The same connector on a real PostgreSQL: the snapshot equals that of SQLite; refusals are told apart; nothing can be written."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from connectors.catalogue import build_sources
from connectors.database import DatabaseSource
from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from connectors.records.snapshot import MANIFEST
from connectors.records.tables import TABLES
from infra.settings import load_settings
from tests.integration.connector_sources import CODE, DAY, QLNT_COLUMNS, QLNT_ROWS, fetched, left_over, write_qlnt

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server
READER, PASSWORD = "doc_du_lieu", "mat-khau-rat-kho"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of these tests only."""

    port: int

    def run(self, *statements: str) -> None:
        with psycopg.connect(host="127.0.0.1", port=self.port, user="app", dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def _as_server_user(command: list[str]) -> None:
    """PostgreSQL refuses to run as root: then the user that its package made runs it."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("thiếu máy chủ PostgreSQL (gói Debian: postgresql)")
    return found[-1].parent


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs, folder, port = _programs(), Path(tempfile.mkdtemp(prefix="truong-pg-")), _free_port()
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _as_server_user([f"{programs}/initdb", "-D", str(data), "-U", "app", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        access = "host all app 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (data / "pg_hba.conf").write_text(access, encoding="utf-8")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        _as_server_user([f"{programs}/pg_ctl", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", options, "start"])
        try:
            _fill(Server(port))
            yield Server(port)
        finally:
            _as_server_user([f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(server: Server) -> None:
    """The same rows as in SQLite, in the types that a server would use."""
    with psycopg.connect(host="127.0.0.1", port=server.port, user="app", dbname="postgres", autocommit=True) as connection:
        for table, columns in QLNT_COLUMNS.items():
            typed = columns.replace("luc_nhap TEXT", "luc_nhap TIMESTAMP").replace("lan_cuoi TEXT", "lan_cuoi DATE")
            connection.execute(f"CREATE TABLE {table} ({typed})".encode())
            for row in QLNT_ROWS[table]:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})".encode(), row)  # noqa: S608 - constants
        connection.execute("ALTER TABLE hoc_sinh ALTER khong_danh_gia TYPE BOOLEAN USING khong_danh_gia = 1")
        connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())


@pytest.fixture
def source(server: Server, tmp_path: Path) -> DatabaseSource:
    """The source as a school's own settings give it."""
    (tmp_path / "qlnt.pass").write_text(f"{PASSWORD}\n", encoding="utf-8")
    (tmp_path / "qlnt.pass").chmod(0o600)
    (tmp_path / "truong.toml").write_text(
        f'[school]\nname = "T"\n[sources.qlnt]\nkind = "database"\nurl = "postgresql://{READER}@127.0.0.1:{server.port}/postgres"\n'
        'password_file = "qlnt.pass"\ncolumn_map = "qlnt_2026"\n',
        encoding="utf-8",
    )
    (built,) = build_sources(load_settings(tmp_path / "truong.toml"), tmp_path / "out" / "landing", tmp_path / "out" / "work")
    assert isinstance(built, DatabaseSource)
    return replace(built, access=replace(built.access, patience=3))


def test_snapshot_equals_that_of_sqlite_byte_for_byte(source: DatabaseSource, tmp_path: Path) -> None:
    write_qlnt(tmp_path / "qlnt" / "qlnt.sqlite")
    sqlite_snapshot = fetched(tmp_path, "qlnt", tmp_path / "sqlite")
    snapshot = source.fetch(DAY)
    assert sum(snapshot.rows.values()) > 10
    for table in TABLES:
        assert snapshot.path(table).read_bytes() == sqlite_snapshot.path(table).read_bytes(), table
    assert snapshot.sources["qlnt"].delivered == sqlite_snapshot.sources["qlnt"].delivered
    assert snapshot.sources["qlnt"].data_as_of == DAY


def test_the_password_is_nowhere(source: DatabaseSource, tmp_path: Path) -> None:
    source.fetch(DAY)
    assert PASSWORD not in repr(source)
    (tmp_path / "qlnt.pass").unlink()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_the_transaction_could_not_write(source: DatabaseSource, server: Server) -> None:
    server.run(f"GRANT DELETE ON hoc_sinh TO {READER}")
    with source.access.engine() as engine, source.access.read_only(engine) as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.exec_driver_sql("DELETE FROM hoc_sinh")


def test_one_state_of_the_data_is_seen(source: DatabaseSource, server: Server) -> None:
    with source.access.engine() as engine, source.access.read_only(engine) as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM phan_cong").scalar()
        server.run("INSERT INTO phan_cong VALUES (99, '3A', 'TO', 'CB001')")
        try:
            assert connection.exec_driver_sql("SELECT count(*) FROM phan_cong").scalar() == before
        finally:
            server.run("DELETE FROM phan_cong WHERE id = 99")


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


def test_password_file_that_others_can_read(source: DatabaseSource, tmp_path: Path) -> None:
    (tmp_path / "qlnt.pass").chmod(0o644)
    error = refused(source, tmp_path)
    assert type(error) is SourceRefused
    assert "chmod 600" in error.line()


def test_unknown_database(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(database="khong_co")))
    assert type(refused(wrong, tmp_path)) is SourceRefused


def test_nobody_listens(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(port=_free_port())))
    assert type(refused(wrong, tmp_path)) is SourceUnreachable


def test_unknown_host(source: DatabaseSource, tmp_path: Path) -> None:
    wrong = replace(source, access=replace(source.access, url=source.access.url.set(host="may-chu.invalid")))
    assert type(refused(wrong, tmp_path)) is SourceUnreachable


def test_lost_column_and_lost_table(source: DatabaseSource, server: Server, tmp_path: Path) -> None:
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


def test_no_right_to_read_a_table(source: DatabaseSource, server: Server, tmp_path: Path) -> None:
    server.run(f"REVOKE ALL ON diem FROM {READER}")
    try:
        error = refused(source, tmp_path)
    finally:
        server.run(f"GRANT SELECT ON diem TO {READER}")
    assert type(error) is SourceRefused
    assert "SELECT" in error.line()


def test_a_table_locked_for_long_is_given_up(source: DatabaseSource, server: Server, tmp_path: Path) -> None:
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
