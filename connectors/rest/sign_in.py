"""OAuth 2 client credentials (RFC 6749, 4.4): what is sent for a token and what comes back. Neither is ever told."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from math import inf
from urllib.parse import quote_plus

from connectors.rest.errors import login_page, other_shape

RENEW_BEFORE = 30  # seconds before a token ends; at most a quarter of its life
WRITING = re.compile(r"write|admin|manage|full|delete|update", re.IGNORECASE)
BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, 2.1; also keeps line ends out of a header


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer, when to renew it (on the fetch's clock), and what it may do if the service says so."""

    text: str = field(repr=False)
    renew_at: float
    scope: str = ""

    @property
    def may_write(self) -> bool:
        """Whether its scope sounds like more than reading."""
        return bool(WRITING.search(self.scope))


def client_proof(client_id: str, secret: str, client_in: str) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form fields that ask for a token; the secret in the header (Basic), or in the form."""
    form = {"grant_type": "client_credentials"}
    if client_in == "body":
        return {}, {**form, "client_id": client_id, "client_secret": secret}
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()  # RFC 6749, 2.3.1
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}, form


def token_of(body: bytes, where: str, asked_at: float) -> Token:
    """The token of an answer with 200. SourceChanged when there is none in it."""
    if body.lstrip()[:1] == b"<":
        raise login_page(where)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise other_shape("Nơi cấp thẻ truy cập không trả JSON", where) from None
    text = told.get("access_token") if isinstance(told, dict) else None
    if not isinstance(text, str) or not BEARER.fullmatch(text):
        raise other_shape("Nơi cấp thẻ truy cập không trả “access_token”", where)
    scope = told.get("scope")
    return Token(text, asked_at + _usable(told.get("expires_in")), scope if isinstance(scope, str) else "")


def _usable(expires_in: object) -> float:
    """Seconds that a token can be used; without `expires_in` until the API no longer takes it."""
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return inf
    return seconds - min(RENEW_BEFORE, seconds / 4) if seconds > 0 else inf
