"""The school's mail on an IMAP server, read header by header over TLS; nothing is changed there, not even a flag.

Folders are opened by EXAMINE and headers only peeked at: no message becomes read, none stops being new. Other
people's and shared folders are left alone. A size is RFC822.SIZE, the message with CRLF line ends: a Maildir
file that was written with bare LF is smaller by one byte a line.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from connectors.certificates import told_of
from connectors.deadlines import NIGHTLY
from connectors.errors import SourceRefused, SourceUnreachable
from connectors.mail.imap_access import AGAIN, DROPPED, NOT_DONE, Server, leave, shut
from connectors.mail.imap_answers import Folder, Namespaces, folders_of, messages_of, namespaces_of, uids_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from connectors.mail.imap_access import Wire
    from connectors.mail.imap_answers import Part
    from connectors.records.mail import Message
    from infra.source_settings import ImapServer

PAUSE_SECONDS = 1.0  # before connecting again
BATCH = 200  # messages a FETCH asks for
WINDOW = 50_000  # messages a SEARCH asks for: a line of answer that imap_access.LONGEST_LINE has room for
HEADER_BYTES = 32_768  # of the four headers of one message; what is longer is cut
WANTED = f"(UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT MESSAGE-ID)]<0.{HEADER_BYTES}>)"

Answer = TypeVar("Answer")


def read_imap(settings: ImapServer, home: Path, overall: float = NIGHTLY.overall) -> Iterator[Message]:
    """Headers of every message of the account, the inbox first, then folder by folder, in the order of arrival.

    `home`: where relative paths of the settings start. The connection is made at the first message. When it
    drops it is made once more and the reading goes on behind the last message; the second time is an error.
    `overall`: seconds for everything, however many answers come just in time.
    SourceUnreachable when nothing answers (in time), SourceRefused when the server says no or cannot be trusted.
    """
    reader = _Reader(Server(settings, home), time.monotonic() + overall)
    try:
        for folder in reader.folders():
            yield from reader.messages(folder)
    finally:
        reader.close()


def probe_imap(settings: ImapServer, home: Path) -> Iterator[tuple[str, str]]:
    """Step by step what `truong connect mail --test` tells: (step, what was seen). Raises at the step that fails."""
    server = Server(settings, home)
    yield "Tên máy chủ", ", ".join(server.addresses())
    wire = server.greeted()
    try:
        yield "Cổng", f"{settings.port} có máy chủ thư trả lời"
        yield "TLS", _certificate(wire)
        server.log_in(wire)
        yield "Đăng nhập", f"được, tài khoản {settings.user}"
        yield "Thư mục", f"{len(_listed(wire))} thư mục đọc được"
    except DROPPED as error:
        raise server.lost(error) from None
    finally:
        leave(wire)


@dataclass(slots=True)
class _Reader:
    """One reading of the whole account, over at most two connections."""

    server: Server
    ends_at: float
    wire: Wire | None = None
    folder: Folder | None = None
    validity: int = 0
    reconnected: bool = False

    def folders(self) -> list[Folder]:
        """Every folder of the account's own that can be opened."""
        return self._steady(_listed)

    def messages(self, folder: Folder) -> Iterator[Message]:
        """Headers of a folder's messages, a batch in memory at a time."""
        self.folder, self.validity = folder, 0
        exists = self._steady(self._examined)
        for uids in self._numbers(exists):
            remaining = iter(uids)
            while batch := tuple(islice(remaining, BATCH)):
                answers = self._steady(partial(self._fetched, uids=f"{batch[0]}:{batch[-1]}"))
                yield from messages_of(answers, folder, self.validity, frozenset(batch))

    def close(self) -> None:
        """Log out."""
        if self.wire:
            leave(self.wire)
        self.wire = None

    def _steady(self, step: Callable[[Wire], Answer]) -> Answer:
        """Do a step; when the connection drops, make it once more in the whole reading and do the step again."""
        while True:
            if time.monotonic() > self.ends_at:
                raise SourceUnreachable("Quá giờ cho phép vẫn chưa đọc xong thư", where=self._where, fix=AGAIN)
            try:
                return step(self._connection())
            except DROPPED as error:
                self._give_up_or_wait(error)
            except NOT_DONE:
                raise self._unread() from None  # BAD: the text quotes what was sent

    def _connection(self) -> Wire:
        if self.wire is None:
            self.wire = self.server.logged_in()
            if self.reconnected and self.folder:
                self._examined(self.wire)
        return self.wire

    def _give_up_or_wait(self, error: BaseException) -> None:
        if self.wire:
            shut(self.wire)
        self.wire = None
        if self.reconnected:
            raise self.server.lost(error) from None
        self.reconnected = True
        time.sleep(PAUSE_SECONDS)

    def _examined(self, wire: Wire) -> int:
        """Open the folder read-only; how many messages it has. SourceRefused when it is gone or was built anew."""
        if self.folder is None:
            return 0
        wire.begin()
        # imaplib sends bytes as they are; a name need not be ASCII on every server.
        kind, told = wire.select(cast("str", self.folder.quoted), readonly=True)
        if kind != "OK":
            raise self._unread()
        validity = _number(wire.response("UIDVALIDITY")[1])
        if self.validity not in (0, validity):
            raise SourceRefused("Máy chủ thư đánh số lại thư mục giữa chừng", where=self._where, fix="chạy lại từ đầu")
        self.validity = validity
        return _number(told)

    def _numbers(self, exists: int) -> Iterator[list[int]]:
        """The folder's message numbers in windows: each search asks for what lies behind the last number that was told."""
        last = 0
        for top in (*range(WINDOW, exists, WINDOW), None):
            place = f"1:{top} " if top else ""
            found = uids_of(self._steady(partial(self._searched, query=f"{place}UID {last + 1}:*")), last) if exists else []
            last = found[-1] if found else last
            yield found

    def _searched(self, wire: Wire, query: str) -> Sequence[Part]:
        wire.begin()
        return self._told(wire.uid("SEARCH", query))

    def _fetched(self, wire: Wire, uids: str) -> Sequence[Part]:
        wire.begin()
        return self._told(wire.uid("FETCH", uids, WANTED))

    def _told(self, answer: tuple[str, list[Any]]) -> Sequence[Part]:
        if answer[0] != "OK":
            raise self._unread()
        return answer[1]

    def _unread(self) -> SourceRefused:
        fix = "nếu thư mục vừa bị xóa hay đổi tên thì chạy lại; nếu không, xem quyền của tài khoản này"
        return SourceRefused("Không đọc được thư mục thư", where=self._where, fix=fix)

    @property
    def _where(self) -> str:
        return f"{self.server.where}, thư mục “{self.folder.name}”" if self.folder else self.server.where


def _listed(wire: Wire) -> list[Folder]:
    wire.begin()
    kind, told = wire.list('""', '"*"')
    return folders_of(cast("Sequence[Part]", told), _namespaces(wire)) if kind == "OK" else []


def _namespaces(wire: Wire) -> Namespaces:
    wire.begin()
    try:
        kind, told = wire.namespace()
    except DROPPED:
        raise
    except NOT_DONE:
        return Namespaces()  # a server that does not know the command has only one
    return namespaces_of(told) if kind == "OK" else Namespaces()


def _number(answers: Sequence[Part]) -> int:
    """The last number told; 0 when there is none."""
    texts = [answer for answer in answers if isinstance(answer, bytes) and answer.isdigit()]
    return int(texts[-1]) if texts else 0


def _certificate(wire: Wire) -> str:
    """Protocol and the last day of the certificate; it was verified when the connection was made."""
    return told_of(wire.sock) if isinstance(wire.sock, ssl.SSLSocket) else "không mã hóa"
