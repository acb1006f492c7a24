"""A stand-in for the school management system's HTTP API: the tables of qlnt.sqlite as JSON pages, behind a token and TLS.

`GET /api/v1/hoc-sinh?page=1&size=500` (also `offset=` and `cursor=`) gives `items`, `total`, `next`, `cursor`, `as_of`;
`POST /oauth/token` takes client credentials. Faults are planned from outside (connectors.demo.stand_in_faults).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

from connectors.demo.stand_in_faults import Fault, Planned, changed, spoil

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connectors.demo.stand_in_faults import Payload

ROOT, TOKEN_PATH, ABOUT, DAY_OF_DATA = "/api/v1/", "/oauth/token", "thong_tin", "ngay_du_lieu"
LARGEST_PAGE = 1000
IDLE_SECONDS = 60
TICKS = ("khong_danh_gia", "lop_ghep", "hoan_thanh", "len_lop", "dang_mo")  # an API says true and false
MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})")  # and gives moments with their zone


@dataclass
class StandIn:
    """The API of one database. `tls`: the server's certificate; None speaks plain HTTP (on loopback only)."""

    database: Path
    client_id: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    token_seconds: float = 3600
    plans: list[Planned] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    turned_away: int = 0  # requests without a bearer that counts
    unchanged: int = 0  # requests for what the client has already
    marks: bool = True  # whether answers carry an ETag
    port: int = 0
    _tokens: dict[str, float] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def plan(self, fault: Fault, path: str, detail: str = "", *, after: int = 0, times: int = 0) -> None:
        """Let a fault happen to requests to a path; see Planned."""
        self.plans.append(Planned(fault, path, detail, after, times))

    def due(self, method: str, path: str) -> list[Planned]:
        """Write a request down; the faults that are due for it. Revoking tokens is done at once."""
        with self._lock:
            self.asked.append(f"{method} {path}")
            found = [planned for planned in self.plans if planned.is_due(urlsplit(path).path)]
            if any(planned.fault is Fault.REVOKED for planned in found):
                self._tokens.clear()
            return found

    def grant(self, header: str, form: Mapping[str, str]) -> str:
        """A token for the right client; empty for any other."""
        named, _, pair = header.partition(" ")
        known = (form.get("client_id", ""), form.get("client_secret", ""))
        if named.lower() == "basic":
            client_id, _, secret = base64.b64decode(pair).decode().partition(":")
            # Both are form-encoded before they are joined (RFC 6749, 2.3.1).
            known = (unquote_plus(client_id), unquote_plus(secret))
        if known != (self.client_id, self.secret) or form.get("grant_type") != "client_credentials":
            return ""
        token = secrets.token_urlsafe()
        with self._lock:
            self._tokens[token] = time.monotonic() + self.token_seconds
        return token

    def admits(self, header: str) -> bool:
        """Whether a bearer is one of ours and has not ended."""
        with self._lock:
            counts = self._tokens.get(header.removeprefix("Bearer "), 0) > time.monotonic()
            self.turned_away += not counts
            return counts

    def page(self, path: str, query: Mapping[str, str], *, first: bool) -> Payload | None:
        """One page of a resource; None where there is no such table."""
        table = path.removeprefix(ROOT).replace("-", "_")
        with closing(sqlite3.connect(f"{self.database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if table not in tables:
                return None
            about: Payload = dict(connection.execute(f"SELECT khoa, gia_tri FROM {ABOUT}").fetchall())  # noqa: S608 - a constant
            if table == ABOUT:
                return about
            size, skip = _place(query, first=first)
            (total,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a table of the database
            # Ordered: else a database may give a row on two pages, and another on none.
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY id LIMIT ? OFFSET ?", (size, skip))  # noqa: S608
            items = [{name: _as_json(name, row[name]) for name in row.keys()} for row in rows]  # noqa: SIM118 - a Row, not a dict
        cursor = str(skip + size) if skip + size < total else None
        after = f"{path}?cursor={cursor}&size={size}" if cursor else None
        return {"items": items, "total": total, "next": after, "cursor": cursor, "as_of": about.get(DAY_OF_DATA)}


def _place(query: Mapping[str, str], *, first: bool) -> tuple[int, int]:
    """How many records, and how many before them."""
    size = min(LARGEST_PAGE, max(1, int(query.get("size", 500))))
    if first:
        return size, 0
    if "cursor" in query or "offset" in query:
        return size, int(query.get("cursor") or query["offset"])
    return size, (max(1, int(query.get("page", 1))) - 1) * size


def _as_json(name: str, value: object) -> object:
    if name in TICKS and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and (moment := MOMENT.fullmatch(value)):
        return f"{moment[1]}T{moment[2]}+07:00"
    return value


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float] = IDLE_SECONDS
    # Headers and body are two writes: the second would wait until the client has acknowledged the first.
    disable_nagle_algorithm = True

    def __init__(self, stand_in: StandIn, *rest: object) -> None:
        self.stand_in = stand_in
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        # Read whatever comes of it: what is left over would be taken for the connection's next request.
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        due = self.stand_in.due("POST", self.path)
        if any(spoil(self, planned, dict) for planned in due):
            return
        if self.path != TOKEN_PATH:
            self.reply(HTTPStatus.NOT_FOUND, b"", {})
        elif token := self.stand_in.grant(self.headers.get("Authorization", ""), form):
            seconds = self.stand_in.token_seconds
            self._json({"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": "read"})
        else:
            self.reply(HTTPStatus.UNAUTHORIZED, b'{"error": "invalid_client"}', {})

    def do_GET(self) -> None:
        due = self.stand_in.due("GET", self.path)
        parts = urlsplit(self.path)
        if any(spoil(self, planned, lambda: self._payload(due) or {}) for planned in due):
            return
        if not self.stand_in.admits(self.headers.get("Authorization", "")):
            self.reply(HTTPStatus.UNAUTHORIZED, b'{"error": "invalid_token"}', {"WWW-Authenticate": "Bearer"})
        elif not parts.path.startswith(ROOT) or (payload := self._payload(due)) is None:
            self.reply(HTTPStatus.NOT_FOUND, b'{"error": "not_found"}', {})
        else:
            self._json(payload)

    def _payload(self, due: list[Planned]) -> Payload | None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        first = any(planned.fault is Fault.FIRST_PAGE for planned in due)
        payload = self.stand_in.page(parts.path, query, first=first)
        for planned in due:
            payload = changed(payload, planned) if payload else payload
        return payload

    def _json(self, payload: Payload) -> None:
        body = json.dumps(payload, ensure_ascii=False).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if not self.stand_in.marks:
            self.reply(HTTPStatus.OK, body, {})
        elif self.headers.get("If-None-Match") == etag:
            self.stand_in.unchanged += 1
            self.reply(HTTPStatus.NOT_MODIFIED, b"", {"ETag": etag})
        else:
            self.reply(HTTPStatus.OK, body, {"ETag": etag})

    def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def write(self, block: bytes) -> None:
        """Bytes past all rules; the connection ends after them."""
        self.close_connection = True
        self.wfile.write(block)

    def log_message(self, *_: object) -> None:
        """Say nothing: addresses and times of a demo are nobody's business."""


class _Server(ThreadingHTTPServer):
    """Shakes hands in the connection's own thread, so that a slow client keeps nobody waiting."""

    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if self.tls and not isinstance(request, tuple):
            request.settimeout(IDLE_SECONDS)
            with self.tls.wrap_socket(request, server_side=True) as safe:
                super().finish_request(safe, client_address)
        else:
            super().finish_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is an everyday thing."""


@contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve on loopback until the block ends; `stand_in.port` (0: any free one) tells where."""
    with _Server(("127.0.0.1", stand_in.port), partial(_Handler, stand_in)) as server:
        server.tls, stand_in.port = stand_in.tls, server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
