"""Bodies are unpacked piece by piece: what a bomb holds is never held."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import TYPE_CHECKING

import httpx
import pytest

from connectors.errors import SourceRefused
from connectors.rest.client import GZIP, _body

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE, CAP = 1 << 20, 1 << 20


class Chunks(httpx.SyncByteStream):
    """A body as it comes from a network."""

    def __init__(self, body: bytes, size: int = 1 << 16) -> None:
        self.chunks = [body[at : at + size] for at in range(0, len(body), size)]

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks


def gzipped(megabytes: int) -> bytes:
    pack = zlib.compressobj(wbits=GZIP)
    return b"".join([*(pack.compress(b" " * MEGABYTE) for _ in range(megabytes)), pack.flush()])


def response(body: bytes, packing: str = "gzip", size: int = 1 << 16) -> httpx.Response:
    request = httpx.Request("GET", "https://qlnt.example/api?khoa=kin")
    return httpx.Response(200, headers={"Content-Encoding": packing}, stream=Chunks(body, size), request=request)


def test_a_bomb_costs_no_more_memory_than_the_cap() -> None:
    bomb = response(gzipped(256))
    tracemalloc.start()
    try:
        with pytest.raises(SourceRefused, match="lớn hơn") as caught:
            _body(bomb, CAP)
        assert tracemalloc.get_traced_memory()[1] < 8 * CAP
    finally:
        tracemalloc.stop()
    assert "kin" not in caught.value.line()


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_a_packed_body_comes_whole_whatever_its_pieces(size: int) -> None:
    body = bytes(range(256)) * 8
    packed = zlib.compress(body, wbits=GZIP)
    assert _body(response(packed, size=size), CAP) == body
    assert _body(response(body, "identity", size), CAP) == body
    assert _body(response(body, "", size), len(body)) == body, "exactly the cap is not beyond it"


@pytest.mark.parametrize("cut", [slice(-1), slice(0), slice(5, None)])
def test_a_torn_body_is_a_broken_transfer(cut: slice) -> None:
    with pytest.raises(httpx.ReadError):
        _body(response(zlib.compress(b"x" * 100, wbits=GZIP)[cut]), CAP)


def test_more_behind_the_end_of_a_packed_body_is_no_body_and_no_flood() -> None:
    with pytest.raises(httpx.ReadError):
        _body(response(zlib.compress(b"x", wbits=GZIP) + b"rest"), CAP)
    with pytest.raises(SourceRefused, match="lớn hơn"):
        _body(response(zlib.compress(b"x", wbits=GZIP) + b"rest" * CAP), CAP)


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(SourceRefused, match="nén"):
        _body(response(b"x", "br"), CAP)
