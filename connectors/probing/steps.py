"""The steps of `truong connect SOURCE --test`, as data: find the machine, its port, who it is, log in, rights, headings.

Every step looks and says what it found; nothing is written, neither there nor here. This module reaches machines,
files and folders; what comes behind the door is in database.py, store.py and api.py; kinds.py puts them together.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from connectors.certificates import told_of
from connectors.sql.access import database_url
from infra.errors import SchoolError
from infra.source_settings import ApiSource, BucketSource, DatabaseSource, FolderSource, ImapServer, SftpSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from infra.settings import Settings
    from infra.source_settings import SourceSettings

PATIENCE_SECONDS = 5.0
DEFAULT_PORTS = {"postgresql": 5432, "mariadb": 3306, "mysql": 3306, "https": 443, "http": 80}
Found = TypeVar("Found")


class Mark(StrEnum):
    """How a step went. WARN: it works, and somebody should still do something."""

    GOOD = "✓"
    BAD = "✗"
    WARN = "!"
    SKIPPED = "–"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was looked at, how it went, what to do about it; `lines`: what to read or paste."""

    label: str
    mark: Mark
    detail: str
    fix: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A step to be taken. `look` returns the step, or raises SchoolError; where a `vital` one fails nothing more is tried."""

    label: str
    look: Callable[[], Step]
    vital: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is: a machine and its port, or a file or folder here. `tls`: speaks TLS from the first byte."""

    host: str = ""
    port: int = 0
    path: Path | None = None
    tls: bool = False
    ca_file: Path | None = None

    @property
    def told(self) -> str:
        """For messages."""
        return str(self.path) if self.path else f"{self.host}:{self.port}"


def run(checks: Sequence[Check]) -> Iterator[Step]:
    """Take the steps in order, each told as soon as it is done; after a vital one that failed the others are only named."""
    stopped = False
    for check in checks:
        step = Step(check.label, Mark.SKIPPED, "chưa thử vì bước trước hỏng") if stopped else _taken(check)
        stopped = stopped or (check.vital and step.mark is Mark.BAD)
        yield step


def _taken(check: Check) -> Step:
    try:
        return check.look()
    except SchoolError as error:
        return Step(check.label, Mark.BAD, f"{error.what} [{error.where}]" if error.where else error.what, error.fix)


def place_of(source: SourceSettings, settings: Settings) -> Place:
    """Where a source of the settings is. ConfigurationError when its address cannot be used."""
    if isinstance(source, DatabaseSource):
        return _place_of_database(source, settings)
    if isinstance(source, FolderSource):
        return Place(path=settings.path(source.path))
    if isinstance(source, SftpSource):
        return Place(source.host, source.port)
    return _place_of_url(source, settings)


def place_of_mail(server: ImapServer, settings: Settings) -> Place:
    """Where the mail server is."""
    return Place(server.host, server.port, tls=server.security == "tls", ca_file=settings.path(server.ca_file) if server.ca_file else None)


def _place_of_database(source: DatabaseSource, settings: Settings) -> Place:
    url = database_url(source.url, settings.home)
    backend, host = url.get_backend_name(), url.host or ""
    if backend not in DEFAULT_PORTS:
        return Place(path=Path(url.database or ""))
    if not host or host.startswith("/"):
        # Without a host libpq takes the local socket, which Debian keeps there.
        return Place(path=Path(host or "/var/run/postgresql"))
    return Place(host, url.port or DEFAULT_PORTS[backend])


def _place_of_url(source: BucketSource | ApiSource, settings: Settings) -> Place:
    parts = urlsplit(source.endpoint if isinstance(source, BucketSource) else source.url)
    ca_file = settings.path(source.ca_file) if source.ca_file else None
    return Place(parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0), tls=parts.scheme == "https", ca_file=ca_file)


def reach_checks(place: Place, patience: float = PATIENCE_SECONDS) -> tuple[Check, ...]:
    """Name and port of a machine (and its certificate), or that a file or folder is there."""
    if place.path:
        return (Check("Có ở đó", lambda: _there(place, patience)),)
    certificate = (Check("Chứng chỉ", lambda: _certificate(place, patience), vital=False),) if place.tls else ()
    return (Check("Tên máy", lambda: _name(place, patience)), Check("Cổng", lambda: _port(place, patience)), *certificate)


def quick_step(place: Place, patience: float) -> Step:
    """A place's name and port, or file, in one step: the first that failed, else the last that went well."""
    # Without the certificate, which takes two connections more.
    steps = [step for step in run(reach_checks(place, patience)[:2]) if step.mark is not Mark.SKIPPED]
    return next((step for step in steps if step.mark is Mark.BAD), steps[-1])


def _there(place: Place, patience: float) -> Step:
    """A folder of a dead network drive may never answer: it is asked beside, and left."""
    path = place.path or Path()
    found = within(patience, path.exists)
    if found is None or isinstance(found, OSError):
        return Step("Có ở đó", Mark.BAD, f"{path} không trả lời", "xem ổ đĩa mạng có còn nối không, rồi thử lại")
    if not found:
        return Step("Có ở đó", Mark.BAD, f"không thấy {path}", "xem lại đường dẫn trong truong.toml, quyền và ổ đĩa, rồi thử lại")
    return Step("Có ở đó", Mark.GOOD, str(path))


def _name(place: Place, patience: float) -> Step:
    found = within(patience, lambda: socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
    if found is None or isinstance(found, OSError):
        return Step(
            "Tên máy", Mark.BAD, f"không tìm được máy “{place.host}”", "xem lại tên máy trong truong.toml và mạng (DNS), rồi thử lại"
        )
    addresses = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    return Step("Tên máy", Mark.GOOD, f"{place.host} là {addresses}")


def _port(place: Place, patience: float) -> Step:
    try:
        with socket.create_connection((place.host, place.port), timeout=patience):
            return Step("Cổng", Mark.GOOD, f"cổng {place.port} mở")
    except OSError as error:
        told = "không trả lời" if isinstance(error, TimeoutError) else "không mở"
        fix = "xem máy chủ có chạy không, cổng trong truong.toml và tường lửa, rồi thử lại"
        return Step("Cổng", Mark.BAD, f"cổng {place.port} của {place.host} {told}", fix)


def _certificate(place: Place, patience: float) -> Step:
    """Verified as the adapters will verify it; the certificate is shown either way, for a person to compare."""
    shown = (f"SHA-256 của chứng chỉ: {_fingerprint(place, patience) or 'không lấy được'}",)
    try:
        context = ssl.create_default_context(cafile=str(place.ca_file) if place.ca_file else None)
        with (
            socket.create_connection((place.host, place.port), timeout=patience) as connection,
            context.wrap_socket(connection, server_hostname=place.host) as secured,
        ):
            told = told_of(secured)
    except ssl.SSLCertVerificationError as error:
        fix = "hỏi nơi quản lý máy chủ: nếu dùng chứng chỉ riêng thì đặt ca_file; không bao giờ tắt kiểm tra"
        return Step("Chứng chỉ", Mark.BAD, f"chứng chỉ không được tin ({error.verify_message})", fix, shown)
    except OSError as error:
        return Step(
            "Chứng chỉ", Mark.BAD, f"không nói chuyện TLS được ({type(error).__name__})", "xem cổng có đúng là cổng TLS không", shown
        )
    return Step("Chứng chỉ", Mark.GOOD, told, lines=shown)


def _fingerprint(place: Place, patience: float) -> str:
    try:
        given = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((place.host, place.port), timeout=patience))
    except OSError:
        return ""
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(given).digest())


def within(patience: float, work: Callable[[], Found]) -> Found | OSError | None:
    """What `work` returns, the operating-system error it raised, or None when it is still busy after so many seconds."""
    answer: SimpleQueue[Found | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(work())
        except OSError as error:
            answer.put(error)

    # A daemon: what hangs in the kernel must not keep the command from ending.
    Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=patience)
    except Empty:
        return None
