"""A resource page by page, until all is there: no page twice, no cursor twice, no more records than the API itself counts."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast

from connectors.errors import SourceRefused
from connectors.rest.client import resolved
from connectors.rest.errors import login_page, other_shape, too_much
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.column_maps import Paging
    from connectors.rest.client import Answer
    from connectors.rest.memory import Asked

AGAIN = "chạy lại lúc không ai sửa dữ liệu; nếu vẫn vậy, hỏi nhà cung cấp"
BUG = "hỏi nhà cung cấp hệ thống, rồi chạy lại"
LINE_ENDS = re.compile(rb"[\r\n]+")
BOM = b"\xef\xbb\xbf"
FIELD_NAME = re.compile(r"[A-Za-z_]\w{0,40}")  # a key that is none may be somebody's code
OFFERED = 3

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: the whole of it as a line of bytes, its records, what it says of the rest."""

    line: bytes = field(repr=False)
    told: Record = field(repr=False)
    records: list[Record] = field(repr=False)
    total: int | None
    next: str | None
    url: str
    mark: str = ""


def object_of(answer: Answer) -> Record:
    """The JSON object of an answer. SourceRefused for HTML, SourceChanged for anything else."""
    start = answer.body.removeprefix(BOM).lstrip()[:1]
    if start == b"<" or answer.content_type.lower().startswith("text/html"):
        raise login_page(answer.where)
    try:
        # Python's parser takes NaN and Infinity, which are no JSON and no number that a school has.
        told = json.loads(answer.body.removeprefix(BOM).decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        # The parser quotes what it stumbles over, which may be data.
        raise other_shape("API trả dữ liệu không phải JSON đúng, hoặc bị cắt", answer.where) from None
    if not isinstance(told, dict):
        raise other_shape("API trả JSON không phải một đối tượng", answer.where)
    return told


def _no_number(text: str) -> object:
    raise ValueError(text)


def value_at(told: Record, path: str) -> object:
    """The value of `meta.total`; None where there is none."""
    value: object = told
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def page_of(answer: Answer, paging: Paging) -> Page:
    """An answer as a page. SourceChanged when its shape is not the map's."""
    told = object_of(answer)
    records = value_at(told, paging.items)
    if not isinstance(records, list):
        raise other_shape(f"Trang của API không có danh sách “{paging.items}”{_nearest(paging.items, told)}", answer.where)
    if not all(isinstance(record, dict) for record in records):
        raise other_shape(f"Danh sách “{paging.items}” của API có phần tử không phải một đối tượng", answer.where)
    # Within JSON a line end is only ever blank space between tokens: one page, one line.
    line = LINE_ENDS.sub(b" ", answer.body.removeprefix(BOM))
    return Page(line, told, records, _total(told, paging, answer.where), _next(told, paging, answer), answer.url, answer.mark)


def _nearest(lost: str, told: Record) -> str:
    """The names of the fields that are there instead, the likeliest first."""
    names = [name for name in told if FIELD_NAME.fullmatch(name)]
    near = get_close_matches(lost.rpartition(".")[2], names, OFFERED, cutoff=0)
    return f" (gần nhất: {', '.join(f'“{name}”' for name in near)})" if near else ""


def _total(told: Record, paging: Paging, where: str) -> int | None:
    if not paging.total:
        return None
    total = value_at(told, paging.total)
    if not isinstance(total, int) or isinstance(total, bool):
        raise other_shape(f"Trang của API không có tổng số “{paging.total}”{_nearest(paging.total, told)}", where)
    return total


def _next(told: Record, paging: Paging, answer: Answer) -> str | None:
    """The cursor or address of the page that follows; None on the last page."""
    if paging.style not in ("cursor", "links"):
        return None
    after = value_at(told, paging.next)
    if after is None or after == "":
        return None
    if not isinstance(after, str | int) or isinstance(after, bool):
        raise other_shape(f"“{paging.next}” của API không phải là chỗ của trang sau", answer.where)
    return resolved(answer.url, str(after)) if paging.style == "links" else str(after)


@dataclass(slots=True)
class Reading:
    """The pages of one resource, and what makes it stop."""

    client: Asked
    paging: Paging
    url: str
    received: int = 0
    _bytes: int = 0
    _total: int | None = None
    _pages: set[bytes] = field(default_factory=set)
    _cursors: set[str] = field(default_factory=set)

    def pages(self) -> Iterator[Page]:
        """Every page, and the certainty at the end that this was all. A page that came is not asked for again.

        A reading always starts at the first page: a page of an hour ago and one of now are not one state of the data.
        SourceRefused when they are too many or do not add up, SourceChanged when one has another shape than the map's.
        """
        url = self.url
        query: dict[str, str | int] | None = self._first_query()
        for asked in range(self.client.pace.limits.most_pages):
            page = page_of(self.client.get(url, query), self.paging)
            self._check(page)
            yield page
            self._bytes += len(page.line)
            if self._bytes > self.client.pace.limits.resource_bytes:
                raise too_much(self.client.pace.limits.resource_bytes, self.url)
            if self._is_last(page):
                self._check_all()
                return
            url, query = self._following(page, asked + 1)
        raise SourceRefused(f"API trả quá {number(self.client.pace.limits.most_pages)} trang", where=self.url, fix=BUG)

    def _first_query(self) -> dict[str, str | int]:
        size: dict[str, str | int] = {self.paging.size: self.paging.page_size} if self.paging.size else {}
        first = {"pages": self.paging.first_page, "offset": 0}.get(self.paging.style)
        return size if first is None else {self.paging.page: first, **size}

    def _following(self, page: Page, asked: int) -> tuple[str, dict[str, str | int] | None]:
        if self.paging.style == "links":
            return self._new(cast("str", page.next)), None
        place = {"pages": self.paging.first_page + asked, "offset": self.received}.get(self.paging.style)
        return self.url, {**self._first_query(), self.paging.page: self._new(cast("str", page.next)) if place is None else place}

    def _new(self, cursor: str) -> str:
        if cursor in self._cursors:
            raise SourceRefused("API chỉ quay lại một trang đã đọc: phân trang không có điểm dừng", where=self.url, fix=BUG)
        self._cursors.add(cursor)
        return cursor

    def _is_last(self, page: Page) -> bool:
        # Whatever total was promised: _check_all then says what is missing.
        if not page.records:
            return True
        if self.paging.style in ("cursor", "links"):
            return page.next is None
        return self._total is not None and self.received >= self._total

    def _check(self, page: Page) -> None:
        if self._total not in (None, page.total):
            raise SourceRefused("Tổng số dòng đổi giữa chừng: dữ liệu đang được sửa lúc đọc", where=self.url, fix=AGAIN)
        self._total = page.total
        if page.records and (mark := _mark(page.records)) in self._pages:
            raise SourceRefused("API trả lại đúng một trang đã đọc", where=self.url, fix=BUG)
        if page.records:
            self._pages.add(mark)
        self.received += len(page.records)
        if self._total is not None and self.received > self._total:
            self._check_all()

    def _check_all(self) -> None:
        if self._total is not None and self.received != self._total:
            told = f"API báo có {number(self._total)} dòng nhưng đã gửi {number(self.received)} dòng"
            raise SourceRefused(told, where=self.url, fix=f"không dùng dòng nào; {AGAIN}")


def _mark(records: list[Record]) -> bytes:
    """What tells a page from another: how many records it has, the first and the last of them."""
    return hashlib.sha256(json.dumps([len(records), records[0], records[-1]]).encode()).digest()
