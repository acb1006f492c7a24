"""Consistent dumps of PostgreSQL and MariaDB by the servers' own programs: one moment of the data, whoever writes meanwhile.

A dump is either staged as a file or streamed into restic. Either way it counts only when the program ended
well and wrote its last line.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from backup.client_secrets import mariadb_secrets, postgresql_secrets
from backup.dump_stream import CUT_SHORT, FELL_SILENT, DumpCount, pass_on
from backup.errors import BackupFailed, DumpFailed
from backup.manifest import FileEntry
from backup.stored import DAY_TAG, DUMP_NAME_TAG, DUMP_TAG
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from sqlalchemy import URL

    from backup.repository import Repository

SQLITE, POSTGRESQL, MARIADB = "sqlite", "postgresql", "mariadb"
PROGRAMS = {POSTGRESQL: ("pg_dump",), MARIADB: ("mariadb-dump", "mysqldump")}
PACKAGES = {POSTGRESQL: "postgresql-client", MARIADB: "mariadb-client"}
LOCK_SECONDS = 60
DUMP_FIX = "xem máy chủ cơ sở dữ liệu, mạng và tài khoản sao lưu, rồi chạy lại `truong nightly`"
# What the programs say -> what it means here. Their own words may name what is private, so they are not repeated.
_REASONS = (
    ((FELL_SILENT,), "máy chủ im lặng giữa chừng nên bị dừng", DUMP_FIX),
    (("version mismatch",), "pg_dump cũ hơn máy chủ", "cài postgresql-client cùng bản với máy chủ"),
    (
        ("password authentication failed", "no password supplied", "Access denied"),
        "máy chủ không nhận tài khoản",
        "xem user và tệp mật khẩu",
    ),
    (("permission denied", "SELECT command denied", "need (at least one of)"), "tài khoản không được đọc hết", "cấp quyền đọc mọi bảng"),
    (("does not exist", "Unknown database"), "không có cơ sở dữ liệu tên đó", "xem lại url trong [backup.databases]"),
    (("Connection refused", "could not connect", "Can't connect", "connection to server"), "máy chủ không trả lời", DUMP_FIX),
    (("Lost connection", "server closed the connection", "gone away", "terminating connection"), "đứt giữa chừng", DUMP_FIX),
)


@dataclass(frozen=True, slots=True)
class ServerDump:
    """A database of a server that must be dumped. The address holds no password; the dump is called `NAME.sql`."""

    name: str
    url: str
    password_file: Path | None = None
    stream: bool = False

    @property
    def file(self) -> str:
        """The dump's name; restic 0.18.0 refuses a folder in the name of what it reads from a command."""
        return f"{self.name}.sql"

    @property
    def where(self) -> str:
        """The database for messages, without secrets."""
        return f"{self.name} ({_parsed(self.url).host or 'máy này'})"

    def program(self) -> tuple[str, str]:
        """The kind of server and the program that dumps it. ConfigurationError when this machine has none."""
        kind = _kind(_parsed(self.url))
        program = next((found for name in PROGRAMS.get(kind, ()) if (found := shutil.which(name))), None)
        if program is None:
            fix = f"chạy: apt-get install {PACKAGES.get(kind, PACKAGES[POSTGRESQL])}"
            raise ConfigurationError(f"Máy này chưa có chương trình sao chép {kind}", where=self.name, fix=fix)
        return kind, program


@dataclass(frozen=True, slots=True)
class _Call:
    """A dump program, ready to run; its password lies in a file that goes when the call is over."""

    command: tuple[str, ...]
    secrets: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def dump_to_file(dump: ServerDump, target: Path) -> Mapping[str, int]:
    """Dump into a file, written aside and renamed. Rows per table; DumpFailed and no file when it did not come whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with _call(dump, target.parent) as call, aside.open("wb") as sink:
            count = pass_on(call.command, sink, {**os.environ, **call.environment})
        _require_whole(dump, count)
        aside.replace(target)
    except OSError as error:
        raise DumpFailed(
            f"Không ghi được bản sao cơ sở dữ liệu ({error.strerror})", where=dump.where, fix="dọn đĩa rồi chạy lại"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return count.rows


def stream_dump(dump: ServerDump, repository: Repository, day: date, scratch: Path) -> tuple[FileEntry, Mapping[str, int]]:
    """Let restic read a dump as it comes: nothing on our disk. Its size, hash and rows; DumpFailed, and no snapshot, when it broke off."""
    scratch.mkdir(parents=True, exist_ok=True)
    tags = (DUMP_TAG, f"{DAY_TAG}{day.isoformat()}", f"{DUMP_NAME_TAG}{dump.name}")
    with _call(dump, scratch) as call:
        report = call.secrets / "report.json"
        command = [sys.executable, "-m", "backup.dump_stream", str(report), "--", *call.command]
        try:
            repository.save_output(command, dump.file, tags, call.environment)
        except BackupFailed:
            if report.exists():
                _require_whole(dump, _counted(report))
            raise
        count = _counted(report)
    return FileEntry(count.size, count.sha256), count.rows


def _counted(report: Path) -> DumpCount:
    return DumpCount(**json.loads(report.read_text(encoding="utf-8")))


def _require_whole(dump: ServerDump, count: DumpCount) -> None:
    if count.exit_code in {0, CUT_SHORT} and count.ended:
        return
    told = f"chương trình sao chép dừng giữa chừng (mã thoát {count.exit_code or CUT_SHORT})"
    reasons = (entry for entry in _REASONS if any(words in count.complaints for words in entry[0]))
    _, why, fix = next(reasons, ((), told, DUMP_FIX))
    raise DumpFailed(f"Không sao chép được cơ sở dữ liệu: {why}", where=dump.where, fix=fix)


@contextmanager
def _call(dump: ServerDump, folder: Path) -> Iterator[_Call]:
    """The program's command; the password goes through a file of its own that only we can read, never through the command line."""
    kind, program = dump.program()
    # Hidden, below the data folder: what a kill leaves behind is swept by the next night.
    with tempfile.TemporaryDirectory(prefix=f".{dump.name}-", dir=folder) as secrets:
        make = _postgresql if kind == POSTGRESQL else _mariadb
        try:
            call = make(dump, program, Path(secrets))
        except ConfigurationError as error:  # the password file is gone or open to others: this database's trouble, not the night's
            raise DumpFailed(error.what, where=f"{dump.name}: {error.where}", fix=error.fix) from error
        yield call


def _postgresql(dump: ServerDump, program: str, secrets: Path) -> _Call:
    address = _parsed(dump.url).set(drivername=POSTGRESQL).render_as_string(hide_password=False)
    command = (program, "--no-password", f"--lock-wait-timeout={LOCK_SECONDS}s", "--encoding=UTF8", f"--dbname={address}")
    return _Call(command, secrets, postgresql_secrets(secrets, dump.password_file))


def _mariadb(dump: ServerDump, program: str, secrets: Path) -> _Call:
    url = _parsed(dump.url)
    # A row a line, so that they can be counted and two nights share most of their pieces; one transaction sees one moment.
    options = ("--single-transaction", "--quick", "--skip-extended-insert", "--no-autocommit", "--skip-dump-date", "--hex-blob")
    whole = ("--routines", "--triggers", "--events", "--default-character-set=utf8mb4", "--skip-add-locks")
    return _Call((program, mariadb_secrets(secrets, url, dump.password_file), *options, *whole, "--", str(url.database)), secrets)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise ConfigurationError("Địa chỉ cơ sở dữ liệu không đúng dạng", where="backup.databases", fix="xem truong.example.toml") from None


def _kind(url: URL) -> str:
    backend = url.get_backend_name()
    return MARIADB if backend in {"mysql", "mariadb"} else backend


def kind_of(url: str) -> str:
    """`sqlite`, `postgresql` or `mariadb`. ConfigurationError for an address that is none of them or holds a password."""
    parsed = _parsed(url)
    if parsed.password is not None or "password" in parsed.query:
        fix = "ghi mật khẩu vào tệp và nêu tệp đó ở password_file"
        raise ConfigurationError("Địa chỉ cơ sở dữ liệu có mật khẩu", where="backup.databases", fix=fix)
    if (kind := _kind(parsed)) not in {SQLITE, *PROGRAMS}:
        raise ConfigurationError(
            f"Chưa sao lưu được cơ sở dữ liệu loại `{kind}`", where="backup.databases", fix="dùng sqlite, postgresql, mariadb"
        )
    return kind
