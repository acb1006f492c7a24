"""How to get into a database for reading: where it is, the password from its file, time-outs, and what its refusals mean."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

SQLITE, POSTGRESQL = "sqlite", "postgresql"
POSTGRESQL_DRIVER = "postgresql+psycopg"
POSTGRESQL_PORT = 5432
PATIENCE_SECONDS = 15  # for a connection, or for a database that another program has locked
STATEMENT_SECONDS = 600  # per statement; a table of a million rows takes a few seconds
SCHOOL_TIME_ZONE = "Asia/Ho_Chi_Minh"
# SQLSTATE and SQLite codes -> what it means, what to do.
REFUSALS = {
    "57014": ("Cơ sở dữ liệu trả lời quá lâu nên đã ngừng đọc", "chạy lại lúc hệ thống rảnh"),
    "42501": ("Tài khoản không có quyền đọc bảng", "nhờ quản trị cấp quyền SELECT cho tài khoản chỉ đọc"),
    "SQLITE_NOTADB": ("Tệp không phải là cơ sở dữ liệu SQLite, hoặc đã hỏng", "chép lại tệp từ hệ thống nguồn rồi chạy lại"),
    "SQLITE_CORRUPT": ("Cơ sở dữ liệu SQLite bị hỏng", "chép lại tệp từ hệ thống nguồn rồi chạy lại"),
    "SQLITE_BUSY": ("Cơ sở dữ liệu đang bị chương trình khác khóa", "đóng chương trình đó hoặc đợi nó xong, rồi chạy lại"),
    "SQLITE_CANTOPEN": ("Không mở được cơ sở dữ liệu", "xem quyền đọc tệp và thư mục chứa nó, rồi chạy lại"),
}


@dataclass(frozen=True, slots=True)
class Access:
    """A database that is read. The address never holds a password; `password_file` is read when connecting."""

    url: URL
    password_file: Path | None = None
    patience: float = PATIENCE_SECONDS
    longest_statement: float = STATEMENT_SECONDS

    @property
    def where(self) -> str:
        """Where it is, for messages: the file, or the address without secrets."""
        return self.url.database or "" if self._is_sqlite else self.url.render_as_string(hide_password=True)

    @property
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == SQLITE

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine for one fetch. SourceUnreachable when the file is missing, SourceRefused when it is empty."""
        engine = self._sqlite_engine() if self._is_sqlite else self._server_engine()
        try:
            yield engine
        finally:
            engine.dispose()

    def _sqlite_engine(self) -> Engine:
        file = Path(self.url.database or "")
        if not file.is_file():
            raise SourceUnreachable("Không thấy tệp cơ sở dữ liệu", where=str(file), fix="xem đường dẫn và ổ đĩa, rồi chạy lại")
        if not file.stat().st_size:
            raise SourceRefused("Tệp cơ sở dữ liệu rỗng (0 byte)", where=str(file), fix=REFUSALS["SQLITE_NOTADB"][1])
        return create_engine("sqlite://", creator=_open_read_only(file, self.patience), poolclass=NullPool, hide_parameters=True)

    def _server_engine(self) -> Engine:
        try:
            url = self.url.set(password=read_secret(self.password_file)) if self.password_file else self.url
            timeout = {"connect_timeout": max(1, round(self.patience))}
            return create_engine(url, connect_args=timeout, poolclass=NullPool, hide_parameters=True)
        except ConfigurationError as error:
            # One source's password file is that source's trouble: the other sources of the night go on.
            raise SourceRefused(error.what, where=error.where, fix=error.fix) from error
        except (ImportError, NoSuchModuleError) as error:
            raise SourceRefused("Máy này chưa cài trình nối PostgreSQL", where=self.where, fix="cài gói psycopg rồi chạy lại") from error

    @contextmanager
    def read_only(self, engine: Engine) -> Iterator[Connection]:
        """One transaction that sees one state of the data and could not write if it wanted to."""
        try:
            connection = engine.connect()
        except SQLAlchemyError as error:
            raise self._no_connection(error) from None
        with connection:
            for statement in self._beginning():
                connection.exec_driver_sql(statement)
            yield connection
            connection.rollback()

    def _beginning(self) -> tuple[str, ...]:
        if self._is_sqlite:
            return ("PRAGMA query_only = ON", "BEGIN")
        return (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            f"SET LOCAL statement_timeout = {round(self.longest_statement * 1000)}",
            f"SET LOCAL lock_timeout = {round(self.patience * 1000)}",
            f"SET LOCAL TIME ZONE '{SCHOOL_TIME_ZONE}'",
        )

    def _no_connection(self, error: SQLAlchemyError) -> SourceError:
        """Servers tell their reasons in their own language: whether one answers at all is asked again."""
        if self._is_sqlite:
            return refusal(error, self.where)
        if not _answers(self.url.host or "", self.url.port or POSTGRESQL_PORT, self.patience):
            fix = "xem máy chủ, mạng, địa chỉ và cổng, rồi chạy lại"
            return SourceUnreachable("Máy chủ cơ sở dữ liệu không trả lời", where=self.where, fix=fix)
        fix = "xem tên đăng nhập, tệp mật khẩu và tên cơ sở dữ liệu"
        return SourceRefused("Máy chủ cơ sở dữ liệu không cho vào", where=self.where, fix=fix)


def database_url(text: str, home: Path) -> URL:
    """The address of a setting; a relative SQLite path starts at the home. ConfigurationError when it cannot be used."""
    try:
        url = make_url(text)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise _wrong_url("không đúng dạng", "xem mẫu trong infra/truong.example.toml") from None
    if url.password is not None:
        raise _wrong_url("có mật khẩu", "bỏ mật khẩu khỏi url, ghi vào tệp và nêu tệp đó ở password_file")
    backend = url.get_backend_name()
    if backend not in (SQLITE, POSTGRESQL):
        raise _wrong_url(f"thuộc loại `{backend}` chưa đọc được", f"dùng {SQLITE} hoặc {POSTGRESQL}")
    if backend == SQLITE:
        return url.set(database=str((home / (url.database or "")).resolve()))
    return url.set(drivername=POSTGRESQL_DRIVER)


def _wrong_url(what: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"Địa chỉ cơ sở dữ liệu {what}", where="url", fix=fix)


def refusal(error: SQLAlchemyError, where: str) -> SourceError:
    """What a database's error means to a person; the driver's own text is left out, it may quote data."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return SourceUnreachable("Mất kết nối với cơ sở dữ liệu giữa chừng", where=where, fix="xem máy chủ và mạng, rồi chạy lại")
    origin = getattr(error, "orig", None)
    code = str(getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None) or type(origin or error).__name__)
    what, fix = REFUSALS.get(code, (f"Cơ sở dữ liệu từ chối đọc ({code})", "xem hệ thống nguồn có mở được bình thường không, rồi chạy lại"))
    return SourceRefused(what, where=where, fix=fix)


def _open_read_only(file: Path, patience: float) -> Callable[[], sqlite3.Connection]:
    """Opens without ever creating the file; the path is quoted, so blanks, marks and `?` in it are safe."""
    address = f"file:{quote(str(file.resolve()))}?mode=ro"
    return lambda: sqlite3.connect(address, uri=True, timeout=patience, check_same_thread=False)


def _answers(host: str, port: int, patience: float) -> bool:
    """Whether anything listens there. A host that is a folder (or none) is a local socket."""
    if not host or host.startswith("/"):
        return Path(host or "/var/run/postgresql", f".s.PGSQL.{port}").exists()
    try:
        with socket.create_connection((host, port), timeout=patience):
            return True
    except OSError:
        return False
