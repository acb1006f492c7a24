"""One answer as a page: which shapes are pages, and what is told of those that are none."""

from __future__ import annotations

import json

import pytest

from connectors.column_maps import Paging
from connectors.errors import SourceChanged, SourceRefused
from connectors.rest.client import Answer, origin, resolved
from connectors.rest.paging import page_of, value_at

URL = "https://qlnt.example/api/v1/hoc-sinh?page=1&token=kin"


def answer(body: bytes | str, content_type: str = "application/json") -> Answer:
    return Answer(URL, 200, body.encode() if isinstance(body, str) else body, content_type)


def test_a_page_keeps_its_bytes_on_one_line() -> None:
    body = b'\xef\xbb\xbf{\r\n  "items": [\n    {"ho_ten": "\\u00c1nh \xc4\x90\\n"}\n  ],\n  "total": 1\n}'
    page = page_of(answer(body), Paging())
    assert b"\n" not in page.line
    assert json.loads(page.line) == {"items": [{"ho_ten": "Ánh Đ\n"}], "total": 1}
    assert (page.total, page.records) == (1, [{"ho_ten": "Ánh Đ\n"}])


def test_items_total_and_next_may_lie_deeper() -> None:
    paging = Paging(style="links", items="data.rows", total="meta.count", next="meta.links.next")
    page = page_of(answer('{"data": {"rows": [{}]}, "meta": {"count": 9, "links": {"next": "?page=2"}}}'), paging)
    assert (page.records, page.total, page.next) == ([{}], 9, "https://qlnt.example/api/v1/hoc-sinh?page=2")
    assert value_at({"a": [1]}, "a.b") is None


@pytest.mark.parametrize(("after", "found"), [("null", None), ('""', None), ('"abc"', "abc"), ("7", "7")])
def test_a_cursor_is_any_text_or_number_and_nothing_on_the_last_page(after: str, found: str | None) -> None:
    assert page_of(answer('{"items": [], "total": 0, "next": ' + after + "}"), Paging(style="cursor")).next == found


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "không phải JSON"),
        (b"{", "không phải JSON"),
        (b"[" * 200_000, "không phải JSON"),
        (b'{"items": [{"diem": NaN}], "total": 1}', "không phải JSON"),
        (b'{"items": [{"ma": ' + b"7" * 5000 + b'}], "total": 1}', "không phải JSON"),
        ('{"items": [{"ten": "Ước"}], "total": 1}'.encode("cp1258", "replace"), "không phải JSON"),
        (b'{"items": "\xff"}', "không phải JSON"),
        (b"null", "không phải một đối tượng"),
        (b'{"item": [], "total": 1}', "“items” (gần nhất: “item”"),
        (b'{"items": {"a": 1}, "total": 1}', "không có danh sách “items”"),
        (b'{"items": [1], "total": 1}', "phần tử không phải"),
        (b'{"items": [], "totals": 1}', "“total” (gần nhất: “totals”"),
        (b'{"items": [], "total": "1"}', "không có tổng số"),
        (b'{"items": [], "total": true}', "không có tổng số"),
    ],
)
def test_what_is_no_page_is_a_changed_source_that_quotes_nothing(body: bytes, told: str) -> None:
    with pytest.raises(SourceChanged) as caught:
        page_of(answer(body), Paging())
    line = caught.value.line()
    assert told in line
    assert "https://qlnt.example/api/v1/hoc-sinh" in line
    assert "kin" not in line, "a query may hold a secret"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_keys_that_look_like_codes_are_not_told() -> None:
    with pytest.raises(SourceChanged) as caught:
        page_of(answer('{"7900000001": {}, "079218000001": {}, "Đặng Thị Ước": {}}'), Paging())
    assert "79" not in caught.value.line()
    assert "Ước" not in caught.value.line()


@pytest.mark.parametrize(("body", "kind"), [("\n <html>", "application/json"), ("{}", "text/html; charset=utf-8")])
def test_html_is_told_as_a_login_page(body: str, kind: str) -> None:
    with pytest.raises(SourceRefused, match="trang đăng nhập"):
        page_of(answer(body, kind), Paging())


@pytest.mark.parametrize("link", ["https://[::1/", "https://máy:chủ", "//[x", "http://a:99999999/"])
def test_links_that_are_no_addresses_lead_to_no_host(link: str) -> None:
    assert origin(resolved(URL, link))[1] != "qlnt.example"


def test_an_origin_knows_the_usual_ports() -> None:
    assert origin("https://Qlnt.Example/x") == origin("https://qlnt.example:443") == ("https", "qlnt.example", 443)
    assert origin("http://qlnt.example") != origin("https://qlnt.example")
