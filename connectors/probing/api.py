"""What stands between us and an API on the day the officer sets it up: step by step, up to the first that fails."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connectors.certificates import told_of
from connectors.errors import SourceError
from connectors.rest.client import connected, origin, trusted
from connectors.rest.errors import no_tls, not_there, not_trusted
from connectors.rest.paging import page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.rest.client import RestClient
    from connectors.rest.source import RestSource

RESOLVE, PORT, TLS, SIGN_IN, RIGHTS, READ = "tên máy", "cổng", "TLS", "đăng nhập", "quyền", "đọc thử"


@dataclass(frozen=True, slots=True)
class Probed:
    """One step: whether it went well, and one line of what was seen (never a value of a record)."""

    step: str
    well: bool
    detail: str


def probe(source: RestSource) -> Iterator[Probed]:
    """Name resolution, port, TLS, token, rights, fields of the first page of each resource; stops at what fails."""
    scheme, host, port = origin(source.settings.url)
    steps: list[tuple[str, Callable[[], str]]] = [
        (RESOLVE, lambda: _resolve(source, host)),
        (PORT, lambda: _connect(source, host, port or 0)),
    ]
    if scheme == "https":
        steps.append((TLS, lambda: _shake_hands(source, host, port or 0)))
    for step, run in steps:
        done = _step(step, run)
        yield done
        if not done.well:
            return
    yield from _over_http(source)


def _step(step: str, run: Callable[[], str]) -> Probed:
    try:
        return Probed(step, well=True, detail=run())
    except SourceError as error:
        return Probed(step, well=False, detail=error.line())


def _resolve(source: RestSource, host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise not_there(source.settings.url) from None
    return ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(source: RestSource, host: str, port: int) -> str:
    try:
        with socket.create_connection((host, port), timeout=source.limits.connect_seconds):
            return str(port)
    except OSError:
        raise not_there(source.settings.url) from None


def _shake_hands(source: RestSource, host: str, port: int) -> str:
    trust, where = trusted(source.settings.ca_file), source.settings.url
    try:
        with (
            socket.create_connection((host, port), timeout=source.limits.connect_seconds) as plain,
            trust.wrap_socket(plain, server_hostname=host) as safe,
        ):
            return told_of(safe)
    except ssl.SSLCertVerificationError:
        raise not_trusted(where) from None
    except OSError:
        raise no_tls(where) from None


def _over_http(source: RestSource) -> Iterator[Probed]:
    try:
        with connected(source.settings, source.pace(), source.column_map.client_in) as client:
            done = _step(SIGN_IN, lambda: _sign_in(client))
            yield done
            if done.well:
                yield _rights(client)
                yield from (_step(READ, partial(_fields, source, client, table.path)) for table in source.column_map.tables)
    except SourceError as error:
        yield Probed(SIGN_IN, well=False, detail=error.line())


def _sign_in(client: RestClient) -> str:
    client.token = client.sign_in()
    return "được cấp thẻ truy cập"


def _rights(client: RestClient) -> Probed:
    scope = client.token.scope if client.token else ""
    if client.token and client.token.may_write:
        return Probed(RIGHTS, well=False, detail=f"client_id này ghi được vào hệ thống ({scope}) → xin khóa chỉ đọc")
    return Probed(RIGHTS, well=True, detail=scope or "hệ thống không cho biết quyền của client_id → xác nhận với quản trị là chỉ đọc")


def _fields(source: RestSource, client: RestClient, path: str) -> str:
    paging = source.column_map.paging
    # One record tells the fields; more would be pupils' data for nothing.
    query: dict[str, str | int] = {paging.size: 1} if paging.size else {}
    page = page_of(client.get(client.url(path), query), paging)
    names = ", ".join(page.records[0]) if page.records else "không có dòng nào"
    return f"{path}: {names}"
