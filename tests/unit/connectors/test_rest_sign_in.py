"""What is sent for a token and what counts as one."""

from __future__ import annotations

import base64
import json
from math import inf

import pytest

from connectors.errors import SourceChanged, SourceRefused
from connectors.rest.sign_in import client_proof, token_of

WHERE = "https://qlnt.example/oauth/token"


def test_the_secret_goes_in_the_header_encoded_as_the_standard_wants() -> None:
    headers, form = client_proof("trường:1", "a b%", "header")
    kind, _, pair = headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(pair).decode()) == ("Basic", "tr%C6%B0%E1%BB%9Dng%3A1:a+b%25")
    assert form == {"grant_type": "client_credentials"}


def test_the_secret_goes_in_the_form_where_the_map_says_so() -> None:
    headers, form = client_proof("x", "s", "body")
    assert headers == {}
    assert form == {"grant_type": "client_credentials", "client_id": "x", "client_secret": "s"}


@pytest.mark.parametrize(
    ("expires_in", "renew_at"), [(3600, 3670), (40, 130), ("40", 130), (None, inf), (0, inf), ("soon", inf), ("nan", inf), ([1], inf)]
)
def test_a_token_is_renewed_half_a_minute_or_a_quarter_of_its_life_before_it_ends(expires_in: object, renew_at: float) -> None:
    assert token_of(json.dumps({"access_token": "abc", "expires_in": expires_in}).encode(), WHERE, 100).renew_at == renew_at


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b"[" * 100_000, b"{}", b'{"access_token": 5}', b'{"access_token": ""}', b'{"access_token": "a\\r\\nX: y"}'],
)
def test_what_is_no_token_is_a_changed_source(body: bytes) -> None:
    with pytest.raises(SourceChanged) as caught:
        token_of(body, WHERE, 0)
    assert WHERE in caught.value.line()


def test_a_page_instead_of_a_token_is_told_as_such() -> None:
    with pytest.raises(SourceRefused, match="trang đăng nhập"):
        token_of(b"  <!DOCTYPE html><html>", WHERE, 0)


@pytest.mark.parametrize(
    ("scope", "may_write"), [("read", False), ("read:marks", False), ("", False), ("read write", True), ("ADMIN", True)]
)
def test_a_scope_that_sounds_like_writing_is_noticed(scope: str, may_write: bool) -> None:  # noqa: FBT001 - a table of cases
    token = token_of(json.dumps({"access_token": "abc", "scope": scope}).encode(), WHERE, 0)
    assert token.may_write is may_write
    assert "abc" not in repr(token)
