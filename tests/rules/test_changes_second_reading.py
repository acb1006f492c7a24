"""What changed, and how far a book is, written a second time in plain Python and compared on random pupils."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records.snapshot import SourceState
from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from expectations.progress import grade_entry
from expectations.views.approvals import Approval, sealed
from infra.settings import Gradebook, Limits
from tests.rules.school_tables import Row, Tables, Text, cleaned_frame, mark, pairs, pupil, rules_named, school_class
from tests.rules.test_second_implementation import FIRST_CODE, InMemory

if TYPE_CHECKING:
    from expectations.check import QualityResult

pytestmark = pytest.mark.slow  # read a second time in CI; the rules' own cases stand in every check
FIXED = settings(max_examples=60, derandomize=True, deadline=None, database=None)
BEFORE, TONIGHT = date(2027, 5, 30), date(2027, 5, 31)
RULES = ("QC-15.4/1", "QC-15.4/2", "QC-19.7/1", "QC-19.7/2")
LEVELS = {"T": "T", "htt": "T", "HTT": "T", "H": "H", "ht": "H", "C": "C"}  # other texts are no level
SCORES = {"10": "10", "10.0": "10", "9": "9", "9,0": "9", "7": "7", "0": "0"}  # other texts are no score
Cells = tuple[Text, Text]  # level, score as delivered
NOTHING: Cells = (None, None)


@dataclass(frozen=True)
class Pupil:
    """One pupil's mark in Toán at the end of the year on two nights; `has_left` on the second."""

    before: Cells
    tonight: Cells
    has_left: bool


cells = st.tuples(st.sampled_from([*LEVELS, "Đ", "X", None]), st.sampled_from([*SCORES, "9.5", "11", "chín", None]))
pupils = st.lists(st.builds(Pupil, cells | st.just(NOTHING), cells | st.just(NOTHING), st.booleans()), min_size=1, max_size=25)


def says(delivered: Cells) -> tuple[Text, Text]:
    """The cells as people understand them; `9.5` and `X` stay as they are."""
    level, score = delivered
    return LEVELS.get(str(level), level), SCORES.get(str(score), score)


def changed(one: Pupil) -> set[str]:
    """Endings of the rules for the cells that are not the same."""
    if one.has_left and one.tonight == NOTHING:
        return set()
    old, new = says(one.before), says(one.tonight)
    return {ending for ending, was, is_now in zip(("1", "2"), old, new, strict=True) if was != is_now}


def changed_though_it_was_right(one: Pupil) -> set[str]:
    """The same, but only of a mark that was right, and only of cells that were filled."""
    level, score = one.before
    right = (level is None or level in LEVELS) and (score is None or score in SCORES) and one.before != NOTHING
    filled = {ending for ending, cell in (("1", level), ("2", score)) if cell is not None}
    return changed(one) & filled if right else set()


def code_of(place: int) -> str:
    return str(FIRST_CODE + place)


def night(drawn: list[Pupil], day: date) -> InMemory:
    tables: Tables = defaultdict(list)
    for place, one in enumerate(drawn):
        left: Row = {"status": "04", "status_date": "2027-05-31"} if one.has_left and day == TONIGHT else {}
        tables["pupils"].append(pupil(code_of(place), **left))
        level, score = one.before if day == BEFORE else one.tonight
        if (level, score) != NOTHING:
            tables["marks"].append(mark(code_of(place), "TO", "CN", level, score))
    return in_memory(tables, day)


def in_memory(tables: Tables, day: date) -> InMemory:
    frames = {name: cleaned_frame(name, rows) for name, rows in tables.items() if rows}
    whole = SourceState("qlnt", day, {name: table.names for name, table in TABLES.items()})
    return InMemory(Path(), day, {"qlnt": whole}, {name: frame.height for name, frame in frames.items()}, frames)


def compared(drawn: list[Pupil], gradebook: Gradebook, approvals: tuple[Approval, ...] = ()) -> QualityResult:
    context = CheckContext(TONIGHT, Limits(), gradebook, approvals)
    return check(night(drawn, TONIGHT), rules_named(RULES), context, [night(drawn, BEFORE)])


def expected(family: str, told: list[set[str]]) -> set[tuple[str, str]]:
    return {(f"{family}/{ending}", f"{code_of(place)}|TO|CN") for place, endings in enumerate(told) for ending in endings}


@FIXED
@given(pupils)
def test_locked_books_tell_every_cell_that_is_not_the_same(drawn: list[Pupil]) -> None:
    found = compared(drawn, Gradebook(locked={"CN": "30/05"}))
    assert pairs(found) == expected("QC-19.7", [changed(one) for one in drawn])


@FIXED
@given(pupils)
def test_after_the_due_date_only_what_was_right_and_filled_may_not_change(drawn: list[Pupil]) -> None:
    assert pairs(compared(drawn, Gradebook())) == expected("QC-19.7", [changed_though_it_was_right(one) for one in drawn])


@pytest.fixture(scope="module")
def sealed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("approved") / "cells.parquet"


@FIXED
@given(drawn=pupils)
def test_approved_results_tell_every_cell_that_is_not_the_same(sealed_file: Path, drawn: list[Pupil]) -> None:
    sealed(night(drawn, BEFORE), "3A", "CN").write_parquet(sealed_file)
    found = compared(drawn, Gradebook(), (Approval("3A", "CN", BEFORE, sealed_file),))
    assert pairs(found) == expected("QC-15.4", [changed(one) for one in drawn])


# ---- how far a book is

CLASSES = ("3A", "3B", "3C")


@dataclass(frozen=True)
class Entrant:
    """A pupil of a class with a mark in Toán at CK1; `joined` is the day of coming here."""

    class_name: str
    entry: Cells
    joined: date | None


ARRIVALS = [None, date(2026, 9, 5), date(2027, 1, 15), date(2027, 1, 16)]
entrants = st.lists(
    st.builds(Entrant, st.sampled_from(CLASSES[:2]), cells | st.just(NOTHING), st.sampled_from(ARRIVALS)),
    max_size=20,
)


def plain_state(members: list[Entrant], day: date) -> tuple[str, int, int]:
    """State, expected and missing of the book in Toán at CK1, which has a test and is due on 15 January."""
    due = date(2027, 1, 15)
    asked = [one for one in members if one.joined is None or one.joined <= due]
    missing = sum(None in one.entry for one in asked)
    if not asked:
        return "chưa đủ dữ liệu", 0, 0
    if not missing:
        return "đủ", len(asked), 0
    if day >= due:
        return "thiếu", len(asked), missing
    return "đang nhập" if any(one.entry != NOTHING for one in asked) else "chưa đến hạn", len(asked), missing


@FIXED
@given(entrants, st.sampled_from([date(2027, 1, 14), date(2027, 1, 15), date(2027, 5, 31)]))
def test_a_book_is_as_far_as_a_plain_count_says(drawn: list[Entrant], day: date) -> None:
    tables: Tables = defaultdict(list, classes=[school_class(name) for name in CLASSES])
    members: dict[str, list[Entrant]] = defaultdict(list)
    for place, one in enumerate(drawn):
        came: Row = {"status": "02", "status_date": one.joined.isoformat()} if one.joined else {}
        tables["pupils"].append(pupil(code_of(place), class_name=one.class_name, **came))
        if one.entry != NOTHING:
            tables["marks"].append(mark(code_of(place), "TO", "CK1", *one.entry, class_name=one.class_name))
        members[one.class_name].append(one)
    books = grade_entry(in_memory(tables, day), day)
    rows = [row for row in books.iter_rows(named=True) if (row["subject"], row["time"]) == ("TO", "CK1")]
    told = {row["class_name"]: (row["state"], row["expected"], row["missing"]) for row in rows}
    assert told == {name: plain_state(members[name], day) for name in CLASSES}
    assert set(Counter(row["class_name"] for row in rows).values()) == {1}
