"""What a real API does wrong, on demand: each fault takes the place of one of the stand-in's answers."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BLOCK = 1 << 20
ENDLESS_BLOCKS = 4096  # of a body that never ends: more than any cap, yet no test machine's disk or memory is asked for it
BOMB_BLOCKS = 256
DRIP_SECONDS = 0.05
DRIPS = 2000
LOGIN_PAGE = '<!DOCTYPE html><html><body><form action="/login"><input type="password" name="mat_khau"></form></body></html>'
Payload = dict[str, object]


class Fault(StrEnum):
    """What goes wrong. `detail` of a plan says how, where a fault needs it."""

    STATUS = "status"  # detail: the status
    BUSY = "busy"  # detail: the status and what Retry-After says: `503 2`
    REVOKED = "revoked"  # every token is forgotten
    LOGIN_PAGE = "login page"
    REDIRECT = "redirect"  # detail: where to
    NO_JSON = "no json"
    OTHER_SHAPE = "other shape"  # a bare list
    RENAMED = "renamed"  # detail: `old new`, in every record or in the page itself
    NESTED = "nested"  # detail: a field that becomes an object
    OMITS_EMPTY = "omits empty"  # fields without a value are left out
    FIRST_PAGE = "first page"  # whatever page was asked for
    EMPTY = "empty"  # no records, the same total
    TOTAL = "total"  # detail: added to the total
    ENDLESS = "endless"  # every page is full, new and followed by another
    STALL = "stall"  # detail: seconds without a word
    DRIP = "drip"  # headers letter by letter
    TRUNCATED = "truncated"  # Content-Length says more than comes
    CUT = "cut"  # connection reset in the middle of the body
    TORN_GZIP = "torn gzip"
    BOMB = "bomb"  # gzip, a quarter of a MB that unpacks to 256
    FLOOD = "flood"  # a body without end


@dataclass(slots=True)
class Planned:
    """A fault for requests to a path: it lets `after` of them pass and then spoils `times` (0: all that come)."""

    fault: Fault
    path: str
    detail: str = ""
    after: int = 0
    times: int = 0
    _seen: int = 0

    def is_due(self, path: str) -> bool:
        """Count a request; whether it is one to spoil."""
        if not path.startswith(self.path):
            return False
        self._seen += 1
        return self._seen > self.after and (not self.times or self._seen <= self.after + self.times)


class Replier(Protocol):
    """The side of a request that an answer goes out by."""

    connection: socket.socket

    def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None: ...
    def write(self, block: bytes) -> None: ...


def changed(payload: Payload, planned: Planned) -> Payload:
    """The page as a system would give it that has this fault in its data."""
    if change := _CHANGES.get(planned.fault):
        return change(payload, planned.detail)
    return payload


def _records(payload: Payload) -> list[Payload]:
    items = payload["items"]
    return items if isinstance(items, list) else []


def _renamed(payload: Payload, detail: str) -> Payload:
    old, _, new = detail.partition(" ")
    if old in payload:
        return {new if name == old else name: value for name, value in payload.items()}
    return {**payload, "items": [{new if name == old else name: record[name] for name in record} for record in _records(payload)]}


def _nested(payload: Payload, detail: str) -> Payload:
    return {**payload, "items": [{**record, detail: {"gia_tri": record.get(detail)}} for record in _records(payload)]}


def _omitting(payload: Payload, _: str) -> Payload:
    return {**payload, "items": [{name: value for name, value in record.items() if value is not None} for record in _records(payload)]}


def _total(payload: Payload, detail: str) -> Payload:
    return {**payload, "total": int(str(payload["total"])) + int(detail)}


def _endless(payload: Payload, _: str) -> Payload:
    """Records that were never there, numbered by the clock so that no page is another's twin."""
    number = time.monotonic_ns()
    records: list[Payload] = _records(payload) or [{"ma_hs": "0"}]
    items = [{**record, "id": number + place} for place, record in enumerate(records)]
    return {**payload, "items": items, "total": 10**9, "next": f"?cursor={number}", "cursor": str(number)}


_CHANGES: dict[Fault, Callable[[Payload, str], Payload]] = {
    Fault.RENAMED: _renamed,
    Fault.NESTED: _nested,
    Fault.OMITS_EMPTY: _omitting,
    Fault.EMPTY: lambda payload, _: {**payload, "items": [], "next": None, "cursor": None},
    Fault.TOTAL: _total,
    Fault.ENDLESS: _endless,
}


def spoil(replier: Replier, planned: Planned, payload: Callable[[], Payload]) -> bool:
    """Answer in place of the server; False when this fault leaves the answer to it."""
    act = _ACTS.get(planned.fault)
    if act:
        act(replier, planned.detail, json.dumps(payload(), ensure_ascii=False).encode())
    return act is not None


def _busy(replier: Replier, detail: str, _: bytes) -> None:
    status, asked = ([*detail.split(" ", maxsplit=1), ""])[:2]
    replier.reply(int(status), b"", {"Retry-After": asked} if asked else {})


def _stall(replier: Replier, detail: str, _: bytes) -> None:
    time.sleep(float(detail))
    replier.reply(HTTPStatus.OK, b"{}", {})


def _drip(replier: Replier, _: str, __: bytes) -> None:
    replier.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _number in range(DRIPS):
        time.sleep(DRIP_SECONDS)
        replier.write(b"a")


def _truncated(replier: Replier, _: str, body: bytes) -> None:
    replier.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
    replier.write(f"Content-Length: {len(body) + 100}\r\n\r\n".encode() + body)


def _cut(replier: Replier, _: str, body: bytes) -> None:
    replier.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    replier.write(body[: len(body) // 2])
    # Closing with nothing to linger for is a reset, as of a machine that went away.
    replier.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _bomb(replier: Replier, _: str, __: bytes) -> None:
    pack = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    packed = [*(pack.compress(b" " * BLOCK) for _number in range(BOMB_BLOCKS)), pack.flush()]
    replier.reply(HTTPStatus.OK, b"".join(packed), {"Content-Encoding": "gzip"})


def _flood(replier: Replier, _: str, __: bytes) -> None:
    replier.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"items": [')
    for _number in range(ENDLESS_BLOCKS):
        replier.write(b" " * BLOCK)


_ACTS: dict[Fault, Callable[[Replier, str, bytes], None]] = {
    Fault.STATUS: lambda replier, detail, _: replier.reply(int(detail), b"", {}),
    Fault.BUSY: _busy,
    Fault.LOGIN_PAGE: lambda replier, _, __: replier.reply(
        HTTPStatus.OK, LOGIN_PAGE.encode(), {"Content-Type": "text/html; charset=utf-8"}
    ),
    Fault.REDIRECT: lambda replier, detail, _: replier.reply(HTTPStatus.FOUND, b"", {"Location": detail}),
    Fault.NO_JSON: lambda replier, _, body: replier.reply(HTTPStatus.OK, body[: len(body) // 2], {}),
    Fault.OTHER_SHAPE: lambda replier, _, body: replier.reply(HTTPStatus.OK, b"[" + body + b"]", {}),
    Fault.STALL: _stall,
    Fault.DRIP: _drip,
    Fault.TRUNCATED: _truncated,
    Fault.CUT: _cut,
    Fault.TORN_GZIP: lambda replier, _, body: replier.reply(HTTPStatus.OK, gzip.compress(body)[:-20], {"Content-Encoding": "gzip"}),
    Fault.BOMB: _bomb,
    Fault.FLOOD: _flood,
}
