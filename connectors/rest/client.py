"""The one place that speaks HTTP: token, bearer, pace, TLS, redirects, size cap. Gives whole answers or typed errors."""

from __future__ import annotations

import ssl
import zlib
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

from connectors.deadlines import Cutoff, cut_after
from connectors.errors import SourceError, SourceRefused
from connectors.rest import errors as told
from connectors.rest.pace import Pace, seconds_asked
from connectors.rest.sign_in import Token, client_proof, token_of
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from infra.source_settings import ApiSource

REDIRECTS = 3
GZIP = zlib.MAX_WBITS | 16
PACKED, PLAIN = ("gzip", "x-gzip"), ("", "identity")
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "truong"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `body` is unpacked and empty unless the status is 200. `location`: where a redirect points; `mark`: the ETag."""

    url: str
    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""
    asked: float | None = None
    mark: str = ""

    @property
    def where(self) -> str:
        """Its address as messages name it: without the query."""
        return plain_address(self.url)


def plain_address(url: str) -> str:
    """An address without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


@dataclass(slots=True)
class RestClient:
    """One connection to one API for one fetch."""

    settings: ApiSource
    secret: str = field(repr=False)
    pace: Pace
    client_in: str
    http: httpx.Client = field(repr=False)
    cutoff: Cutoff = field(repr=False)
    token: Token | None = field(default=None, repr=False)

    def url(self, path: str) -> str:
        """The address of a path of the map or of the settings."""
        return self.settings.url.rstrip("/") + path

    def get(self, url: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """A page with 200. The token is renewed before it ends, and once when the API no longer takes it."""
        answer = self._admitted(url, query)
        if answer.status != HTTPStatus.OK:
            raise told.refused_status(answer.status, answer.where)
        return answer

    def is_unchanged(self, url: str, mark: str) -> bool:
        """Whether the server says that what is there is still what it gave this mark."""
        return self._admitted(url, None, mark).status == HTTPStatus.NOT_MODIFIED

    def _admitted(self, url: str, query: Mapping[str, str | int] | None, mark: str = "") -> Answer:
        answer = self._patiently(lambda: self._follow(url, query, mark), plain_address(url))
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        self.token = None
        return self._patiently(lambda: self._follow(url, query, mark), plain_address(url))

    def sign_in(self) -> Token:
        """A new token. SourceRefused when the client's id or secret is wrong."""
        url = self.url(self.settings.token_path)
        headers, form = client_proof(self.settings.client_id, self.secret, self.client_in)
        request = self.http.build_request("POST", url, headers=headers, data=form)
        asked_at = self.pace.clock()
        answer = self._patiently(lambda: self._send(request), plain_address(url))
        if answer.location:
            # Neither the secret nor the question for a token is sent on to another address.
            raise told.refused_sign_in(HTTPStatus.NOT_FOUND, answer.where)
        if answer.status != HTTPStatus.OK:
            raise told.refused_sign_in(answer.status, answer.where)
        return token_of(answer.body, answer.where, asked_at)

    def _patiently(self, send: Callable[[], Answer], where: str) -> Answer:
        """Ask until there is an answer that waiting would not change, or patience ends."""
        for attempt in count(1):
            failure, asked, answer = None, None, None
            try:
                answer = send()
            except httpx.TransportError as error:
                # httpx quotes addresses with their query: its own text does not travel on.
                failure = self._meaning(error, where)
            if answer is not None:
                if answer.status not in told.RETRIED:
                    return answer
                failure, asked = told.busy(answer.status, where, attempt), answer.asked
            self._wait(failure, attempt, asked, where)
        raise AssertionError  # pragma: no cover - count never ends

    def _wait(self, failure: SourceError | None, attempt: int, asked: float | None, where: str) -> None:
        if self._is_late:
            raise told.out_of_time(self.pace.limits, where)
        wait = self.pace.wait_after(attempt, asked)
        if failure and (wait is None or isinstance(failure, SourceRefused)):
            raise failure
        self.pace.sleep(wait or 0)

    @property
    def _is_late(self) -> bool:
        return self.cutoff.over or self.pace.remaining <= 0

    def _meaning(self, error: httpx.TransportError, where: str) -> SourceError:
        causes = tuple(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return told.not_trusted(where)
        if isinstance(error, httpx.ConnectError) and any(isinstance(cause, ssl.SSLError) for cause in causes):
            return told.no_tls(where)
        if isinstance(error, httpx.ReadTimeout):
            return told.silent(self.pace.limits.read_seconds, where)
        return told.not_there(where) if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else told.cut_off(where)

    def _follow(self, url: str, query: Mapping[str, str | int] | None, mark: str) -> Answer:
        """Ask with the bearer; redirects are followed on the same host only."""
        known = {"If-None-Match": mark} if mark else {}
        for _ in range(REDIRECTS + 1):
            self._same_host(url)
            answer = self._send(self.http.build_request("GET", url, params=query, headers={**self._bearer(), **known}))
            if not answer.location:
                return answer
            url, query = resolved(answer.url, answer.location), None
        raise told.round_and_round(plain_address(url))

    def _same_host(self, url: str) -> None:
        if origin(url) != origin(self.settings.url):
            raise told.elsewhere(plain_address(self.settings.url))

    def _bearer(self) -> dict[str, str]:
        if self.token is None or self.pace.clock() >= self.token.renew_at:
            self.token = self.sign_in()
        return {"Authorization": f"Bearer {self.token.text}"}

    def _send(self, request: httpx.Request) -> Answer:
        self.pace.wait_turn()
        url = str(request.url)
        if self._is_late:
            raise told.out_of_time(self.pace.limits, plain_address(url))
        request.extensions["trace"] = _seen(self.cutoff)
        response = self.http.send(request, stream=True)
        try:
            well = response.status_code == HTTPStatus.OK
            return Answer(
                url=url,
                status=response.status_code,
                body=_body(response, self.pace.limits.page_bytes) if well else b"",
                content_type=response.headers.get("content-type", ""),
                location=response.headers.get("location", "") if response.has_redirect_location else "",
                asked=seconds_asked(response.headers.get("retry-after"), response.headers.get("date")),
                mark=response.headers.get("etag", ""),
            )
        finally:
            response.close()


def resolved(base: str, link: str) -> str:
    """A link of an answer as an address; what cannot be one is the empty address, which is on no host."""
    try:
        return str(httpx.URL(urljoin(base, link)))
    except (ValueError, httpx.InvalidURL):
        return ""


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; what is no address gives no host."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _body(response: httpx.Response, cap: int) -> bytes:
    """The unpacked body. It never grows beyond the cap: a packed bomb is stopped while it is unpacked."""
    where, packing = plain_address(str(response.url)), response.headers.get("content-encoding", "").strip().lower()
    if packing not in PACKED + PLAIN:
        raise told.strange_packing(where)
    unpack = zlib.decompressobj(GZIP) if packing in PACKED else None
    body, received = bytearray(), 0
    for chunk in response.iter_raw():
        received += len(chunk)
        try:
            body += unpack.decompress(chunk, cap + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise httpx.ReadError("torn") from None
        if max(len(body), received) > cap:
            raise told.too_large(cap, where)
    if unpack and (not unpack.eof or unpack.unused_data):
        raise httpx.ReadError("torn")
    return bytes(body)


def _seen(cutoff: Cutoff) -> Callable[[str, Mapping[str, Any]], None]:
    """Listens to what the HTTP library tells of a request: every new connection is put under the deadline."""

    def seen(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            cutoff.watch(info["return_value"].get_extra_info("socket"))

    return seen


@contextmanager
def connected(settings: ApiSource, pace: Pace, client_in: str) -> Iterator[RestClient]:
    """A client for one fetch. SourceRefused when the secret or the CA cannot be read."""
    trust, secret, cutoff = trusted(settings.ca_file), secret_of(settings), Cutoff()
    timeout = httpx.Timeout(pace.limits.read_seconds, connect=pace.limits.connect_seconds)
    # Nothing of the environment (proxy, .netrc, certificates) decides where a school's data go.
    # And one connection at a time: the deadline watches the newest only.
    client = httpx.Client(verify=trust, timeout=timeout, headers=HEADERS, trust_env=False, limits=httpx.Limits(max_connections=1))
    with client as http, cut_after(pace.remaining, cutoff.end), closing(cutoff):
        yield RestClient(settings, secret, pace, client_in, http, cutoff)


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are always verified: against the school's own CA file, or what the machine trusts. SourceRefused for another file."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError):
        raise SourceRefused("Không đọc được tệp CA", where=str(ca_file), fix="xem ca_file trong truong.toml (tệp PEM)") from None


def secret_of(settings: ApiSource) -> str:
    """The client's secret. SourceRefused: one source's file is that source's trouble, and the other sources of the night go on."""
    try:
        return read_secret(settings.secret_file)
    except ConfigurationError as error:
        raise SourceRefused(error.what, where=error.where, fix=error.fix) from error
