"""The demo school's QLNT database as SQL statements for PostgreSQL and MariaDB, row by row as SQLite has it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS_A_STATEMENT = 500
# SQLite's declared types -> what both servers understand; text keeps codes as they are.
# With a length: without one MariaDB makes no key of a text.
TYPES = {"INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "TEXT": "VARCHAR(500)"}


def statements(database: Path, *, backslashes: bool) -> Iterator[str]:
    """CREATE and INSERT statements of every table. `backslashes`: the server takes them for escapes (MariaDB)."""
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        for (table,) in found.fetchall():
            yield from _table(connection, str(table), backslashes=backslashes)


def _table(connection: sqlite3.Connection, table: str, *, backslashes: bool) -> Iterator[str]:
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    declared = ", ".join(
        f"{name} {TYPES.get(kind.upper(), TYPES['TEXT'])}{' PRIMARY KEY' if key else ''}" for _, name, kind, _, _, key in columns
    )
    yield f"CREATE TABLE {table} ({declared});"
    rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - a table of the database itself
    while batch := rows.fetchmany(ROWS_A_STATEMENT):
        values = ",\n".join("(" + ", ".join(_literal(value, backslashes=backslashes) for value in row) + ")" for row in batch)
        yield f"INSERT INTO {table} VALUES\n{values};"


def _literal(value: object, *, backslashes: bool) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("'", "''")
    return f"'{text.replace(chr(92), chr(92) * 2) if backslashes else text}'"
