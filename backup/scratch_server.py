"""Loads a restored dump into a database of its own on a scratch server, counts its rows there, and drops it again.

The servers' own programs do it. A dump names owners and rights that a scratch server does not know; that alone
is no fault of the dump. Anything else that the server refuses is.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from backup.client_secrets import CONNECT_SECONDS, mariadb_secrets, postgresql_secrets
from backup.errors import RestoreError
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

POSTGRESQL, MARIADB = "postgresql", "mariadb"
PROGRAMS = {POSTGRESQL: ("psql",), MARIADB: ("mariadb", "mysql")}
PACKAGES = {POSTGRESQL: "postgresql-client", MARIADB: "mariadb-client"}
DATABASE = "truong_thu_"  # how a scratch database begins: nobody takes it for a real one
LOAD_SECONDS = 3600.0
FORGOTTEN_SECONDS = 2 * LOAD_SECONDS  # nobody can still be loading it
HEAD = 4096  # bytes of a dump that say what wrote it
_REFUSED = re.compile(r"^(?:psql:.*)?ERROR\b.*$", re.MULTILINE)
# Owners and definers that only the school's server has.
_NO_FAULT = re.compile(r'role ".*" does not exist|ERROR 1227 |ERROR 1449 |must be owner of|must be able to SET ROLE')
# One statement counts every table as it is; ONLY leaves the rows of a partitioned table to its parts.
_POSTGRESQL_COUNT = (
    "SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name, (xpath('/row/c/text()', "
    "query_to_xml(format('SELECT count(*) AS c FROM ONLY %I.%I', table_schema, table_name), false, true, '')))[1]::text "
    "FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)
_DATABASES = {
    POSTGRESQL: "SELECT datname FROM pg_database",
    MARIADB: "SELECT schema_name FROM information_schema.schemata",
}
_MARIADB_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = DATABASE()"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch server (infra.restore_settings): its address without a password, and the file that holds that."""

    url: str
    password_file: Path | None = None

    @property
    def kind(self) -> str:
        """`postgresql` or `mariadb`."""
        backend = make_url(self.url).get_backend_name()
        return MARIADB if backend in {"mysql", MARIADB} else backend

    @property
    def where(self) -> str:
        """The server for messages."""
        return f"{self.kind} {make_url(self.url).host or 'máy này'}"


@dataclass(frozen=True, slots=True)
class _Client:
    """The server's own program, ready to ask."""

    server: Scratch
    command: tuple[str, ...]
    environment: Mapping[str, str]

    def run(self, arguments: Sequence[str], file: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end, reading `file`; the caller looks at how it ended. RestoreError when it takes too long."""
        try:
            with (file or Path(os.devnull)).open("rb") as stream:
                return subprocess.run(  # noqa: S603 - our own command; the password is in a file
                    [*self.command, *arguments], stdin=stream, capture_output=True, text=True, check=False,
                    env={**os.environ, **self.environment}, timeout=LOAD_SECONDS, errors="replace",
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RestoreError("Nạp thử cơ sở dữ liệu quá lâu nên bị dừng", where=self.server.where, fix="xem máy chủ thử") from None

    def ask(self, statement: str, database: str = "") -> list[list[str]]:
        """Rows of one statement. RestoreError when the server does not answer or refuses."""
        done = self.run(self._one_statement(statement, database))
        if done.returncode:
            raise RestoreError(
                f"Máy chủ thử không làm được: {_first_line(done.stderr)}",
                where=self.server.where,
                fix="xem mục [[scratch]] của truong.toml",
            )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def _one_statement(self, statement: str, database: str) -> list[str]:
        if self.server.kind == POSTGRESQL:
            return ["-At", "-F", "\t", "-c", statement, "-d", _database_url(self.server, database)]
        return ["-N", "-B", "-e", statement, *([database] if database else [])]


def kind_of_dump(file: Path) -> str:
    """Which server wrote a dump: `postgresql`, `mariadb`, or empty."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if b"PostgreSQL database dump" in head:
        return POSTGRESQL
    return MARIADB if b"MariaDB dump" in head or b"MySQL dump" in head else ""


def load_dump(file: Path, servers: Sequence[Scratch]) -> Mapping[str, int] | None:
    """Rows per table of a dump, counted after loading it into a database that is dropped again.

    None when no scratch server of its kind is set. RestoreError when the server refuses part of it.
    """
    server = next((server for server in servers if server.kind == kind_of_dump(file)), None)
    if server is None:
        return None
    with _client(server) as client, _database(client) as name:
        _load(client, name, file)
        return _count(client, name)


def _load(client: _Client, name: str, file: Path) -> None:
    # --force: on behind a refusal, as psql does by itself, so that every one of them is seen.
    arguments = ["-q", "-d", _database_url(client.server, name)] if client.server.kind == POSTGRESQL else ["--force", name]
    done = client.run(arguments, file)
    refused = [line for line in _REFUSED.findall(done.stderr) if not _NO_FAULT.search(line)]
    if refused or (done.returncode and client.server.kind == POSTGRESQL):
        # The server's own words may quote a row: only how many, and which kind of dump.
        raise RestoreError(
            f"Máy chủ thử không nhận {len(refused) or 'một'} lệnh của bản sao cơ sở dữ liệu",
            where=f"{file.name}, {client.server.where}",
            fix="xem máy chủ thử có cùng phiên bản không; nếu có thì chọn bản sao lưu khác",
        )


def _count(client: _Client, name: str) -> dict[str, int]:
    if client.server.kind == POSTGRESQL:
        return {table: int(rows) for table, rows in client.ask(_POSTGRESQL_COUNT, name)}
    tables = [table for (table,) in client.ask(_MARIADB_TABLES, name)]
    return {table: int(client.ask(f"SELECT count(*) FROM {_quoted(table)}", name)[0][0]) for table in tables}  # noqa: S608 - quoted


def _quoted(table: str) -> str:
    doubled = table.replace("`", "``")
    return f"`{doubled}`"


@contextmanager
def _database(client: _Client) -> Iterator[str]:
    _drop_forgotten(client)
    name = f"{DATABASE}{int(time.time())}_{secrets.token_hex(4)}"
    # PostgreSQL gives another encoding than the server's own only on template0.
    encoding = " ENCODING 'UTF8' TEMPLATE template0" if client.server.kind == POSTGRESQL else " CHARACTER SET utf8mb4"
    client.ask(f"CREATE DATABASE {name}{encoding}")
    try:
        yield name
    finally:
        client.ask(f"DROP DATABASE {name}")


def _drop_forgotten(client: _Client) -> None:
    """Drop what a killed drill left: pupils' data on a server where nobody looks for it."""
    for (name,) in client.ask(_DATABASES[client.server.kind]):
        made = re.fullmatch(rf"{DATABASE}(\d+)_[0-9a-f]+", name)
        if made and int(made[1]) < time.time() - FORGOTTEN_SECONDS:
            client.ask(f"DROP DATABASE {name}")


@contextmanager
def _client(server: Scratch) -> Iterator[_Client]:
    program = next((found for name in PROGRAMS[server.kind] if (found := shutil.which(name))), None)
    if program is None:
        raise ConfigurationError(
            f"Máy này chưa có chương trình {PROGRAMS[server.kind][0]}", fix=f"chạy: apt-get install {PACKAGES[server.kind]}"
        )
    with tempfile.TemporaryDirectory(prefix="truong-") as folder:
        make = _psql if server.kind == POSTGRESQL else _mariadb
        yield make(server, program, Path(folder))


def _psql(server: Scratch, program: str, folder: Path) -> _Client:
    # The server's own messages in English, too: refusals are told by the word ERROR.
    environment = {**postgresql_secrets(folder, server.password_file), "PGOPTIONS": "-c lc_messages=C"}
    return _Client(server, (program, "--no-psqlrc", "--no-password"), environment)


def _mariadb(server: Scratch, program: str, folder: Path) -> _Client:
    secrets = mariadb_secrets(folder, make_url(server.url), server.password_file, f"connect-timeout={CONNECT_SECONDS}")
    return _Client(server, (program, secrets, "--default-character-set=utf8mb4"), {})


def _database_url(server: Scratch, database: str) -> str:
    url = make_url(server.url)
    return url.set(drivername=POSTGRESQL, database=database or url.database or "postgres").render_as_string(hide_password=False)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "không rõ lý do")[:160]
