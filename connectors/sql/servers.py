"""The kinds of database that are read: driver, port, how to connect, and how a transaction begins that cannot write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SQLITE, POSTGRESQL, MARIADB, MYSQL = "sqlite", "postgresql", "mariadb", "mysql"
SCHOOL_OFFSET = "+07:00"  # the same for MariaDB, whose names of zones are often not installed; Việt Nam has no summer time


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds: for a connection or a lock, and for one statement."""

    connection: float
    statement: float

    @property
    def silence(self) -> float:
        """After so long without a word the server itself is given up: its own time-out should have come first."""
        return self.connection + self.statement


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of database server."""

    name: str
    driver: str
    port: int
    package: str
    connecting: Callable[[Patience, str | None], Mapping[str, object]]
    beginning: Callable[[Patience, bool], tuple[str, ...]]


def begin_postgresql(patience: Patience) -> tuple[str, ...]:
    """One state of the data, nothing written, nothing waited for too long."""
    return (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        f"SET LOCAL statement_timeout = {round(patience.statement * 1000)}",
        f"SET LOCAL lock_timeout = {round(patience.connection * 1000)}",
        # The server casts values to text (columns.py): an account's own zone and style must not show in them.
        f"SET LOCAL TIME ZONE '{SCHOOL_ZONE.key}'",
        "SET LOCAL datestyle = ISO",
    )


def _begin_mariadb(patience: Patience, is_mariadb: bool) -> tuple[str, ...]:  # noqa: FBT001 - MariaDB or MySQL, which name the limit differently
    limit = f"max_statement_time = {patience.statement}" if is_mariadb else f"max_execution_time = {round(patience.statement * 1000)}"
    return (
        f"SET SESSION {limit}, lock_wait_timeout = {max(1, round(patience.connection))}, time_zone = '{SCHOOL_OFFSET}'",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _connect_postgresql(patience: Patience, password: str | None) -> Mapping[str, object]:
    wait = max(1, round(patience.connection))
    limits = {"connect_timeout": wait, "keepalives_idle": wait, "tcp_user_timeout": wait * 1000}
    return limits | ({"password": password} if password else {})


def _connect_mariadb(patience: Patience, password: str | None) -> Mapping[str, object]:
    """The driver sends a text password as Latin-1, which has no Vietnamese letters: so it gets the bytes."""
    limits = {"connect_timeout": max(1, round(patience.connection)), "read_timeout": patience.silence, "write_timeout": patience.silence}
    return {**limits, "charset": "utf8mb4", **({"password": password.encode()} if password else {})}


SERVERS: Mapping[str, Server] = {
    POSTGRESQL: Server(
        "PostgreSQL", "postgresql+psycopg", 5432, "psycopg", _connect_postgresql, lambda patience, _: begin_postgresql(patience)
    ),
    MYSQL: Server("MariaDB", "mysql+pymysql", 3306, "pymysql", _connect_mariadb, _begin_mariadb),
}
