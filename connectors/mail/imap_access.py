"""The mail server over IMAP: reached in bounded time, encrypted, trusted, logged in to. The only module that uses imaplib."""

from __future__ import annotations

import imaplib
import socket
import ssl
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.errors import SourceRefused, SourceUnreachable
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.errors import SourceError
    from infra.source_settings import ImapServer

COMMAND_SECONDS = 25.0  # for one command, all of it, however slowly the bytes come
GOODBYE_SECONDS = 3.0
LONGEST_LINE, LARGEST_LITERAL = 1_000_000, 1_000_000
RECEIVED_AT_ONCE = 65_536
# What happens when a connection ends, and when the server does not do what it is asked: the first is one of the second.
DROPPED, NOT_DONE = (OSError, imaplib.IMAP4.abort), imaplib.IMAP4.error
AGAIN = "xem máy chủ thư và đường mạng rồi chạy lại"
CA_FIX = "đặt ca_file đúng nơi cấp chứng chỉ và host đúng tên trong chứng chỉ, ở mục [mail.imap]"
TLS_FIX = 'đặt đúng port và security ("tls" cho 993, "starttls" cho 143) ở mục [mail.imap]; mật khẩu không bao giờ gửi khi chưa mã hóa'


class Wire(imaplib.IMAP4):
    """imaplib, with one deadline over all of a command and a bound on what it takes in."""

    ends_at: float
    received: bytearray
    came_by: socket.socket | None = None

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.received = bytearray()
        self.ends_at = time.monotonic() + COMMAND_SECONDS
        super().open(host, port, timeout)

    def begin(self, seconds: float | None = None) -> None:
        """A new command begins now."""
        seconds = COMMAND_SECONDS if seconds is None else seconds
        self.ends_at = time.monotonic() + seconds
        self.sock.settimeout(seconds)

    def read(self, size: int) -> bytes:
        if size > LARGEST_LITERAL:
            raise self.abort("literal too large")
        while len(self.received) < size:
            self._receive()
        return self._taken(size)

    def readline(self) -> bytes:
        if self.came_by is not self.sock:
            # What came before TLS stood may be anybody's: it is not believed (RFC 3501, 6.2.1).
            self.received.clear()
            self.came_by = self.sock
        while (end := self.received.find(b"\n") + 1) == 0:
            if len(self.received) > LONGEST_LINE:
                raise self.abort("line too long")
            self._receive()
        return self._taken(end)

    def _receive(self) -> None:
        if (left := self.ends_at - time.monotonic()) <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        chunk = self.sock.recv(RECEIVED_AT_ONCE)
        if not chunk:
            raise self.abort("closed by the server")
        self.received += chunk

    def _taken(self, size: int) -> bytes:
        taken = bytes(self.received[:size])
        del self.received[:size]
        return taken


class _TlsWire(Wire, imaplib.IMAP4_SSL):  # type: ignore[misc] # typeshed: another default port
    """The same, encrypted from the first byte."""


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server of the settings: reached, trusted, logged in to, or a typed error."""

    settings: ImapServer
    home: Path

    @property
    def where(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    def addresses(self) -> list[str]:
        """The server's addresses. SourceUnreachable when its name is not known."""
        try:
            found = socket.getaddrinfo(self.settings.host, self.settings.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self.lost(error) from None
        return sorted({str(address[0]) for *_, address in found})

    def logged_in(self) -> Wire:
        """A new connection, encrypted and logged in."""
        with ExitStack() as unless_well:
            wire = self.greeted()
            unless_well.callback(shut, wire)
            self.log_in(wire)
            unless_well.pop_all()
        return wire

    def greeted(self) -> Wire:
        """A new encrypted connection; the server's certificate is verified."""
        context = self._trust()
        try:
            return self._connected(context)
        except ssl.SSLCertVerificationError as error:
            raise self._refused(f"Không tin được chứng chỉ của máy chủ thư ({error.verify_message})", CA_FIX) from None
        except ssl.SSLError:
            raise self._refused("Máy chủ thư không mã hóa (TLS) được ở cổng này", TLS_FIX) from None
        except DROPPED as error:
            raise self.lost(error) from None
        except imaplib.IMAP4.error:
            raise self._refused("Máy chủ thư từ chối kết nối này", AGAIN) from None

    def log_in(self, wire: Wire) -> None:
        """SourceRefused when user or password are wrong. The password may hold any letter."""
        password = read_secret(self.home / self.settings.password_file)
        wire.begin()
        try:
            # First choice, since imaplib's own LOGIN sends ASCII only, and a password may have Vietnamese letters.
            if "AUTH=PLAIN" in wire.capabilities:
                wire.authenticate("PLAIN", lambda _: f"\0{self.settings.user}\0{password}".encode())
            else:
                wire.login(self.settings.user, password)
        except DROPPED as error:
            raise self.lost(error) from None
        except imaplib.IMAP4.error as error:
            raise self._not_let_in(str(error)) from None
        except UnicodeEncodeError:
            raise self._refused("Máy chủ thư này không nhận mật khẩu có dấu", "đặt mật khẩu không dấu cho tài khoản này") from None

    def lost(self, error: BaseException) -> SourceUnreachable:
        """The error of a server that is not there, or not any more."""
        what = "Máy chủ thư ngắt kết nối giữa chừng"
        if isinstance(error, TimeoutError):
            what = f"Máy chủ thư không trả lời trong {COMMAND_SECONDS:g} giây"
        elif isinstance(error, socket.gaierror):
            what = "Không tìm thấy máy chủ thư theo tên này"
        elif isinstance(error, ConnectionRefusedError | PermissionError) or type(error) is OSError:
            what = "Không kết nối được máy chủ thư"
        return SourceUnreachable(what, where=self.where, fix=AGAIN)

    def _refused(self, what: str, fix: str) -> SourceRefused:
        return SourceRefused(what, where=self.where, fix=fix)

    def _not_let_in(self, told: str) -> SourceError:
        if "[UNAVAILABLE]" in told.upper():
            return SourceUnreachable("Máy chủ thư tạm thời không cho đăng nhập", where=self.where, fix=AGAIN)
        return self._refused("Máy chủ thư từ chối tên hoặc mật khẩu", "sửa user và tệp password_file ở mục [mail.imap]")

    def _trust(self) -> ssl.SSLContext:
        if self.settings.ca_file is None:
            return ssl.create_default_context()
        file = self.home / self.settings.ca_file
        try:
            return ssl.create_default_context(cafile=str(file))
        except OSError as error:  # an SSLError is one, too
            raise ConfigurationError("Không đọc được tệp chứng chỉ gốc (ca_file)", where=str(file), fix="chỉ đúng tệp PEM") from error

    def _connected(self, context: ssl.SSLContext) -> Wire:
        host, port = self.settings.host, self.settings.port
        if self.settings.security == "tls":
            return _TlsWire(host, port, ssl_context=context, timeout=COMMAND_SECONDS)
        with ExitStack() as unless_well:
            wire = Wire(host, port, timeout=COMMAND_SECONDS)
            unless_well.callback(shut, wire)
            self._refuse_plain(wire)
            wire.begin()
            wire.starttls(context)
            unless_well.pop_all()
        return wire

    def _refuse_plain(self, wire: Wire) -> None:
        if "STARTTLS" not in wire.capabilities:
            raise self._refused("Máy chủ thư không có STARTTLS", TLS_FIX)


def leave(wire: Wire) -> None:
    with suppress(OSError, imaplib.IMAP4.error):
        wire.begin(GOODBYE_SECONDS)
        wire.logout()
    shut(wire)


def shut(wire: Wire) -> None:
    with suppress(OSError):
        wire.shutdown()
