"""The school's system in a PostgreSQL: its tables, an account that may only read, and the source as settings give it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connectors.catalogue import build_sources
from connectors.errors import SourceError
from connectors.sql.source import DatabaseSource
from infra.settings import load_settings
from tests.integration.connector_sources import CODE, DAY, QLNT_COLUMNS, QLNT_ROWS, left_over
from tests.integration.sql_servers import PostgreSql, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER, PASSWORD = "doc_du_lieu", "mat-khau-rat-kho"


@contextmanager
def school_database() -> Iterator[PostgreSql]:
    with postgresql() as server:
        _fill(server)
        yield server


def _fill(server: PostgreSql) -> None:
    """The same rows as in SQLite, in the types that a server would use."""
    with server.connect() as connection:
        for table, columns in QLNT_COLUMNS.items():
            typed = columns.replace("luc_nhap TEXT", "luc_nhap TIMESTAMP").replace("lan_cuoi TEXT", "lan_cuoi DATE")
            connection.execute(f"CREATE TABLE {table} ({typed})".encode())
            for row in QLNT_ROWS[table]:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})".encode(), row)  # noqa: S608 - constants
        connection.execute("ALTER TABLE hoc_sinh ALTER khong_danh_gia TYPE BOOLEAN USING khong_danh_gia = 1")
        connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())


def reading(server: PostgreSql, tmp_path: Path) -> DatabaseSource:
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
