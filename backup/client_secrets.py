"""Passwords for the programs of PostgreSQL and MariaDB: in a file that only we can read, never on a command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import URL

CONNECT_SECONDS = 15  # until a server has answered


def postgresql_secrets(folder: Path, password_file: Path | None) -> Mapping[str, str]:
    """Write `pgpass` into a folder of our own; the environment that psql and pg_dump need to find it."""
    file, password = folder / "pgpass", read_secret(password_file) if password_file else ""
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    _private(file, f"*:*:*:*:{escaped}\n" if password else "")
    # In English: server_dumps recognises by the program's words what went wrong.
    return {"PGPASSFILE": str(file), "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS), "LC_ALL": "C.UTF-8"}


def mariadb_secrets(folder: Path, url: URL, password_file: Path | None, more: str = "") -> str:
    """Write `my.cnf` into a folder of our own, with `more` lines of its [client] part; the option that names it."""
    file, password = folder / "my.cnf", read_secret(password_file) if password_file else ""
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    lines = ["[client]", f"host={url.host or 'localhost'}", f"port={url.port or 3306}", f"user={url.username or ''}"]
    lines += [f'password="{escaped}"', *([f"ssl-ca={url.query['ssl_ca']}"] if "ssl_ca" in url.query else []), more]
    _private(file, "\n".join(lines) + "\n")
    return f"--defaults-extra-file={file}"


def _private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
