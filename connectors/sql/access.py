"""How to get into a database for reading: where it is, the password from its file, time-outs, a transaction that cannot write."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.deadlines import NIGHTLY, Cutoff, cut_after
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.sql.lines import let_in_within
from connectors.sql.refusals import REFUSALS, refusal
from connectors.sql.servers import MARIADB, MYSQL, POSTGRESQL, SERVERS, SQLITE, Patience
from connectors.sql.silence import give_up_after
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from connectors.sql.servers import Server

PATIENCE_SECONDS = 15  # for a connection, or for a database that another program has locked
STATEMENT_SECONDS = 600  # per statement; a table of a million rows takes a few seconds


@dataclass(frozen=True, slots=True)
class Access:
    """A database that is read. The address never holds a password; `password_file` is read when connecting."""

    url: URL
    password_file: Path | None = None
    patience: float = PATIENCE_SECONDS
    longest_statement: float = STATEMENT_SECONDS
    overall: float = NIGHTLY.overall

    @property
    def where(self) -> str:
        """Where it is, for messages: the file, or the address without secrets."""
        if self.is_sqlite:
            return self.url.database or ""
        return self.url.set(drivername=self.url.get_backend_name()).render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file here, which knows no column types."""
        return self.url.get_backend_name() == SQLITE

    @property
    def is_postgresql(self) -> bool:
        """Whether the quickest way of reading is there."""
        return self.url.get_backend_name() == POSTGRESQL

    @property
    def limits(self) -> Patience:
        """How long is waited for what."""
        return Patience(self.patience, self.longest_statement)

    @property
    def _server(self) -> Server:
        return SERVERS[self.url.get_backend_name()]

    def password(self) -> str | None:
        """What its file holds. SourceRefused when the file is missing or others can read it."""
        try:
            return read_secret(self.password_file) if self.password_file else None
        except ConfigurationError as error:
            # One source's password file is that source's trouble: the other sources of the night go on.
            raise SourceRefused(error.what, where=error.where, fix=error.fix) from error

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine for one fetch. SourceUnreachable when the file is missing, SourceRefused when it is empty."""
        cutoff = Cutoff()
        engine = self._sqlite_engine() if self.is_sqlite else self._server_engine(cutoff)
        with closing(cutoff), cut_after(self.overall, cutoff.end):
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
        # Parameters are hidden from SQLAlchemy's own errors: they would quote rows.
        return create_engine("sqlite://", creator=_open_read_only(file, self.patience), poolclass=NullPool, hide_parameters=True)

    def _server_engine(self, cutoff: Cutoff) -> Engine:
        connecting = dict(self._server.connecting(self.limits, self.password()))
        try:
            engine = create_engine(self.url, connect_args=connecting, poolclass=NullPool, hide_parameters=True)
        except (ImportError, NoSuchModuleError) as error:
            what, fix = f"Máy này chưa cài trình nối {self._server.name}", f"cài gói {self._server.package} rồi chạy lại"
            raise SourceRefused(what, where=self.where, fix=fix) from error
        if self.is_postgresql:
            give_up_after(engine, self.limits.silence, cutoff)
        else:
            let_in_within(engine, self.limits.connection, cutoff)
        return engine

    @contextmanager
    def read_only(self, engine: Engine) -> Iterator[Connection]:
        """One transaction that sees one state of the data and could not write if it wanted to."""
        try:
            connection = engine.connect()
        except (SQLAlchemyError, OSError) as error:
            raise self._no_connection(error) from None
        with connection:
            for statement in self._beginning(engine):
                connection.exec_driver_sql(statement)
            yield connection
            connection.rollback()

    def _beginning(self, engine: Engine) -> tuple[str, ...]:
        if self.is_sqlite:
            # Python's driver begins no transaction for a SELECT: without BEGIN each table would be read in a state of its own.
            return ("PRAGMA query_only = ON", "BEGIN")
        return self._server.beginning(self.limits, bool(getattr(engine.dialect, "is_mariadb", False)))

    def _no_connection(self, error: SQLAlchemyError | OSError) -> SourceError:
        """Servers tell their reasons in their own language: whether one answers at all is asked again."""
        if self.is_sqlite and isinstance(error, SQLAlchemyError):
            return refusal(error, self.where)
        if isinstance(error, TimeoutError) or not self._answers():
            fix = "xem máy chủ, mạng, địa chỉ và cổng, rồi chạy lại"
            return SourceUnreachable("Máy chủ cơ sở dữ liệu không trả lời", where=self.where, fix=fix)
        fix = "xem tên đăng nhập, tệp mật khẩu, tên cơ sở dữ liệu và chứng chỉ TLS nếu địa chỉ có yêu cầu"
        return SourceRefused("Máy chủ cơ sở dữ liệu không cho vào", where=self.where, fix=fix)

    def _answers(self) -> bool:
        """Whether anything listens there. For PostgreSQL a host that is a folder (or none) is a local socket."""
        host, port = self.url.host or "", self.url.port or self._server.port
        if self.is_postgresql and (not host or host.startswith("/")):
            return Path(host or "/var/run/postgresql", f".s.PGSQL.{port}").exists()
        try:
            with socket.create_connection((host or "localhost", port), timeout=self.patience):
                return True
        except OSError:
            return False


def database_url(text: str, home: Path) -> URL:
    """The address of a setting; a relative SQLite path starts at the home. ConfigurationError when it cannot be used."""
    try:
        url = make_url(text)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise _wrong_url("không đúng dạng", "xem mẫu trong infra/truong.example.toml") from None
    if url.password is not None or "password" in url.query or "passwd" in url.query:
        raise _wrong_url("có mật khẩu", "bỏ mật khẩu khỏi url, ghi vào tệp và nêu tệp đó ở password_file")
    backend = url.drivername.split("+")[0]
    if backend == SQLITE:
        return url.set(database=str((home / (url.database or "")).resolve()))
    # One dialect for both: which of the two it is, the server says itself (`is_mariadb`).
    server = SERVERS.get(MYSQL if backend == MARIADB else backend)
    if server is None:
        raise _wrong_url(f"thuộc loại `{backend}` chưa đọc được", f"dùng {SQLITE}, {POSTGRESQL} hoặc {MARIADB}")
    return url.set(drivername=server.driver)


def _wrong_url(what: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"Địa chỉ cơ sở dữ liệu {what}", where="url", fix=fix)


def _open_read_only(file: Path, patience: float) -> Callable[[], sqlite3.Connection]:
    """Opens without ever creating the file; the path is quoted, so blanks, marks and `?` in it are safe."""
    address = f"file:{quote(str(file.resolve()))}?mode=ro"
    return lambda: sqlite3.connect(address, uri=True, timeout=patience, check_same_thread=False)
