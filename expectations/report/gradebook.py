"""Grade entry and readiness as the page, the workbooks and the command show them: rows in school order, and their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.records import codes
from expectations.progress import SUBJECT_ORDER, State, current_time
from expectations.readiness import Readiness
from expectations.report.ordering import NO_CLASS, class_order
from expectations.report.wording import CHARACTER_NAME
from expectations.views.programme import CHARACTER
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl

# Column headings narrow enough for a page of fifteen.
SHORT_NAMES = {
    "TV": "Tiếng Việt", "TO": "Toán", "NN1": "Ngoại ngữ", "DD": "Đạo đức", "TNXH": "TN&XH", "KH": "Khoa học", "LSDL": "LS&ĐL",
    "TH": "Tin học", "CN": "Công nghệ", "THCN": "Tin–CN", "GDTC": "GDTC", "AN": "Âm nhạc", "MT": "Mĩ thuật", "NT": "Nghệ thuật",
    "HDTN": "HĐTN", "TDT": "Tiếng DTTS", CHARACTER: "PC, NL",
}  # fmt: skip
SHAPES = {
    State.NOT_DUE: "not-due", State.ENTERING: "entering", State.MISSING: "missing", State.COMPLETE: "complete",
    State.LOCKED: "locked", State.UNKNOWN: "unknown",
}  # fmt: skip
VERDICTS = {
    Readiness.READY: "complete", Readiness.LOOK_FIRST: "look", Readiness.NOT_READY: "missing", Readiness.NOT_DUE: "not-due",
    Readiness.APPROVED: "locked", Readiness.CHANGED: "look", Readiness.UNKNOWN: "unknown",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Book:
    """One subject of a class at a time, as expectations.progress counts it."""

    class_name: str | None
    grade: int
    time: str
    subject: str
    due: date
    teachers: Sequence[str]
    expected: int
    complete: int
    missing: int
    begun: bool
    locked: bool
    state: str

    @property
    def shape(self) -> str:
        """The sign that stands in a cell: it tells the state without its colour."""
        return SHAPES[State(self.state)]

    @property
    def count(self) -> str:
        """What stands beside the sign."""
        if self.state == State.MISSING:
            return number(self.missing)
        return f"{number(self.complete)}/{number(self.expected)}" if self.state == State.ENTERING else ""

    @property
    def words(self) -> str:
        """The state in words: `thiếu 3`, `đang nhập 12/31`."""
        told = f"{self.state} {self.count}".strip()
        return f"{told} (sổ đã khóa)" if self.locked and self.state == State.MISSING else told


@dataclass(frozen=True, slots=True)
class Place:
    """A class at a time, as expectations.readiness judges it."""

    class_name: str | None
    time: str
    due: date
    expected: int
    missing: int
    empty: int
    blocked: int
    to_review: int
    changed: int
    aside: int
    approved_on: date | None
    state: str

    @property
    def label(self) -> str:
        """The class as people call it."""
        return self.class_name or NO_CLASS

    @property
    def shape(self) -> str:
        """The sign of the verdict."""
        return VERDICTS[Readiness(self.state)]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What stands in the way, or is to be looked at first; one short phrase each."""
        told = (
            (self.missing, f"thiếu {number(self.missing)} kết quả" + (f" (có {number(self.empty)} sổ còn trống)" if self.empty else "")),
            (self.blocked, f"{number(self.blocked)} chỗ chặn"),
            (self.aside, f"{number(self.aside)} dòng tạm giữ"),
            (self.to_review, f"{number(self.to_review)} chỗ cần xem"),
            (self.changed, f"{number(self.changed)} ô sửa sau khi duyệt"),
        )
        waiting = self.state in {Readiness.NOT_DUE, Readiness.UNKNOWN}
        return () if waiting else tuple(words for count, words in told if count)

    @property
    def short(self) -> str:
        """The verdict in a narrow column, beside its sign: the reasons where there are some."""
        told = ((self.missing, "thiếu"), (self.blocked, "chặn"), (self.aside, "tạm giữ"), (self.to_review, "xem"), (self.changed, "sửa"))
        counts = " · ".join(f"{what} {number(count)}" for count, what in told if count)
        return counts if self.reasons and self.state != Readiness.APPROVED else self.state

    @property
    def words(self) -> str:
        """The verdict with its reasons."""
        if self.state == Readiness.APPROVED:
            return f"{self.state} (số liệu đêm {vietnamese_date(self.approved_on)})"
        return f"{self.state}: {'; '.join(self.reasons)}" if self.reasons else self.state


@dataclass(frozen=True, slots=True)
class GradeEntry:
    """All books and places; `current` is the time that people are busy with."""

    books: tuple[Book, ...]
    places: tuple[Place, ...]
    current: str

    def subjects(self, time: str) -> tuple[str, ...]:
        """The columns of a time's picture: what any class keeps, in the order of the programme."""
        kept = {book.subject for book in self.books if book.time == time}
        return tuple(subject for subject in SUBJECT_ORDER if subject in kept)

    def rows(self, time: str) -> tuple[tuple[Place, Mapping[str, Book]], ...]:
        """Per class its verdict and its books by subject."""
        cells: dict[str | None, dict[str, Book]] = {}
        for book in self.books:
            if book.time == time:
                cells.setdefault(book.class_name, {})[book.subject] = book
        return tuple((place, cells.get(place.class_name, {})) for place in self.at(time))

    def at(self, time: str) -> tuple[Place, ...]:
        """The verdicts of a time."""
        return tuple(place for place in self.places if place.time == time)

    def by_class(self) -> dict[str | None, GradeEntry]:
        """The books and verdicts of each class, in one pass: a city has hundreds of classes."""
        found: dict[str | None, tuple[list[Book], list[Place]]] = {}
        for book in self.books:
            found.setdefault(book.class_name, ([], []))[0].append(book)
        for place in self.places:
            found.setdefault(place.class_name, ([], []))[1].append(place)
        return {name: GradeEntry(tuple(books), tuple(places), self.current) for name, (books, places) in found.items()}

    def states(self, time: str) -> tuple[tuple[str, tuple[Place, ...]], ...]:
        """The verdicts of a time by state, those that can be approved first; only states that occur."""
        found = {state.value: tuple(place for place in self.at(time) if place.state == state) for state in Readiness}
        return tuple((state, places) for state, places in found.items() if places)


def grade_entry_of(books: pl.DataFrame, places: pl.DataFrame, day: date) -> GradeEntry:
    """Rows of both frames in school order (1A, 1B … 3/2, 3/10)."""
    every = [Book(**row) for row in books.iter_rows(named=True)]
    judged = [Place(**row) for row in places.select(Place.__slots__).iter_rows(named=True)]
    return GradeEntry(
        tuple(sorted(every, key=lambda book: _order(book.class_name))),
        tuple(sorted(judged, key=lambda place: _order(place.class_name))),
        current_time(books, day),
    )


def subject_name(subject: str) -> str:
    """A subject in full."""
    known = codes.subjects().get(subject)
    return known.name if known else CHARACTER_NAME


def _order(class_name: str | None) -> tuple[bool, tuple[tuple[int, str], ...]]:
    return class_name is None, class_order(class_name or "")
