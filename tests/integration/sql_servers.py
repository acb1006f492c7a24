"""A PostgreSQL and a MariaDB on loopback for these tests only, and a network between that breaks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pymysql
import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import trustme

STARTED_WITHIN = 60  # seconds
BLOCK = 1 << 14


@dataclass(frozen=True)
class PostgreSql:
    """Its superuser is `app`, trusted on loopback; everyone else needs a password."""

    port: int

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host="127.0.0.1", port=self.port, user="app", dbname="postgres", autocommit=True)

    def run(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()


@dataclass(frozen=True)
class MariaDb:
    """Its superuser is `root` without a password, on loopback only; the database is `truong`."""

    port: int
    folder: Path

    def connect(self) -> pymysql.Connection:  # type: ignore[type-arg]
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database="truong", charset="utf8mb4", autocommit=True)

    def run(self, *statements: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


def _runs_as(user: str, command: Sequence[str]) -> list[str]:
    """Neither server runs as root: then the user that its package made runs it."""
    return [*(["runuser", "-u", user, "--"] if os.geteuid() == 0 else []), *command]


def _done(user: str, command: Sequence[str]) -> None:
    subprocess.run(_runs_as(user, command), check=True, capture_output=True)


def _program(pattern: str, package: str) -> Path:
    found = sorted(Path("/").glob(pattern.lstrip("/")))
    if not found:
        pytest.fail(f"thiếu máy chủ (gói Debian: {package})")
    return found[-1]


@contextmanager
def _folder_of(user: str, prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[PostgreSql]:
    programs, port = _program("/usr/lib/postgresql/*/bin/initdb", "postgresql").parent, free_port()
    with _folder_of("postgres", "truong-pg-") as folder:
        data = folder / "data"
        quick = ("-U", "app", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        _done("postgres", [f"{programs}/initdb", "-D", str(data), *quick])
        access = "host all app 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (data / "pg_hba.conf").write_text(access, encoding="utf-8")
        control = [f"{programs}/pg_ctl", "-w", "-D", str(data)]
        _done("postgres", [*control, "-l", str(folder / "log"), "-o", f"-p {port} -h 127.0.0.1 -k {folder} -F", "start"])
        try:
            yield PostgreSql(port)
        finally:
            # Nothing in it is worth a checkpoint.
            _done("postgres", [*control, "-m", "immediate", "stop"])


@contextmanager
def mariadb(authority: trustme.CA | None = None) -> Iterator[MariaDb]:
    """With an authority it also speaks TLS, with a certificate of that authority."""
    install, program = _program("/usr/bin/mariadb-install-db", "mariadb-server"), _program("/usr/sbin/mariadbd", "mariadb-server")
    with _folder_of("mysql", "truong-maria-") as folder:
        data, port = folder / "data", free_port()
        quick = ("--auth-root-authentication-method=normal", "--skip-test-db", "--user=mysql")
        # The temporary folder of who runs the tests may be closed to the server's user.
        _done("mysql", ["env", f"TMPDIR={folder}", str(install), "--no-defaults", f"--datadir={data}", *quick])
        where = (f"--datadir={data}", f"--socket={folder}/s", f"--port={port}", "--bind-address=127.0.0.1", f"--tmpdir={folder}")
        letters = ("--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--innodb-flush-log-at-trx-commit=0")
        options = (*where, *letters, "--skip-name-resolve", *(_tls_options(folder, authority) if authority else ()))
        with subprocess.Popen(
            _runs_as("mysql", [str(program), "--no-defaults", *options]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _wait_for(port, process)
                with closing(pymysql.connect(host="127.0.0.1", port=port, user="root")) as connection:
                    connection.cursor().execute("CREATE DATABASE truong")
                yield MariaDb(port, folder)
            finally:
                process.terminate()


def _tls_options(folder: Path, authority: trustme.CA) -> tuple[str, ...]:
    certificate = authority.issue_cert("127.0.0.1")
    pems = {"key": [certificate.private_key_pem], "cert": certificate.cert_chain_pems, "ca": [authority.cert_pem]}
    for name, parts in pems.items():
        (folder / f"{name}.pem").write_bytes(b"".join(part.bytes() for part in parts))
    return tuple(f"--ssl-{name}={folder}/{name}.pem" for name in pems)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(pymysql.Error, OSError):
            pymysql.connect(host="127.0.0.1", port=port, user="root").close()
            return
        time.sleep(0.05)
    pytest.fail("MariaDB không khởi động được")


@contextmanager
def breaking_network(port: int, after: int, *, silent: bool = False) -> Iterator[int]:
    """A port that leads to another, until a connection has brought `after` bytes back: then it is cut, or falls silent for good."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ends: list[socket.socket] = []
        threading.Thread(target=_serve, args=(listener, port, (after, silent), ends), daemon=True).start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            for end in ends:
                _cut(end)


def _serve(listener: socket.socket, port: int, limit: tuple[int, bool], ends: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            client, server = listener.accept()[0], socket.create_connection(("127.0.0.1", port))
            ends += [client, server]
            threading.Thread(target=_carry, args=(client, server, None), daemon=True).start()
            threading.Thread(target=_carry, args=(server, client, limit), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, limit: tuple[int, bool] | None) -> None:
    carried = 0
    with suppress(OSError):
        while block := source.recv(BLOCK):
            carried += len(block)
            if limit and carried > limit[0]:
                if limit[1]:
                    return
                break
            target.sendall(block)
    _cut(source)
    _cut(target)


def _cut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
