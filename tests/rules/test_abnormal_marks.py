"""Marks that ask for a second look (Điều 16.1b), and attempts that nothing puts in order (TT27-7.1f)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Text,
    case,
    checked,
    findings_of,
    findings_of_cases,
    found_by,
    mark,
    next_code,
    pairs,
    pupil,
    rules_named,
    snapshot_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.check import QualityResult

JUMP, ALIKE, HURRIED, TWICE = "QC-16.1b/1", "QC-16.1b/2", "QC-16.1b/3", "TT27-7.1f"
ABOUT = (JUMP, ALIKE, HURRIED, TWICE)
TEN = tuple(range(10))


def scored(says: str, finds: str, first: tuple[str, Text], second: tuple[str, Text], subject: str = "TO", **values: Text) -> Case:
    """A pupil of grade 5 with two tests (time, score); told of the second."""
    code = next_code()
    where: Row = {"grade": 5, "class_name": "5A"}
    rows = [mark(code, subject, time, "T", score, **where) for time, score in (first, second)]
    return case(says, f"{code}|{subject}|{second[0]}", (JUMP,), finds, pupils=[pupil(code, **where, **values)], marks=rows)


def book_of(says: str, rule: str, finds: str, entries: list[Row]) -> Case:
    """A whole gradebook in Tiếng Việt of a class of its own, at the first term's end (due on 15 January)."""
    name = f"5/{next_code()}"
    codes = [next_code() for _ in entries]
    where: Row = {"grade": 5, "class_name": name}
    rows = [mark(code, "TV", "CK1", "T", **where) | entry for code, entry in zip(codes, entries, strict=True)]
    return case(says, f"{name}|TV|CK1", (rule,), finds, marks=rows)


def alike(says: str, finds: str, scores: list[Text]) -> Case:
    return book_of(says, ALIKE, finds, [{"score": score} for score in scores])


def entered(says: str, finds: str, moments: list[Text]) -> Case:
    return book_of(says, HURRIED, finds, [{"score": str(5 + number % 5), "entered_at": moment} for number, moment in enumerate(moments)])


def tried(says: str, finds: str, *entries: Row) -> Case:
    code = next_code()
    rows = [mark(code, "TV", "CN", grade=5, class_name="5A") | {"score": "9"} | entry for entry in entries]
    return case(says, f"{code}|TV|CN", (TWICE,), finds, marks=rows)


def within(minute: str, seconds: range | tuple[int, ...] = TEN) -> list[Text]:
    return [f"{minute}:{second:02d}" for second in seconds]


JUMPS = [
    scored("five points less than the test before", JUMP, ("GK1", "9"), ("CK1", "4")),
    scored("five points more", JUMP, ("GK2", "5"), ("CN", "10")),
    scored("four points are within what happens", "", ("GK1", "9"), ("CK1", "5")),
    scored("the test before of the same subject counts, not an earlier one", "", ("GK1", "10"), ("GK2", "4")),
    scored("a subject that is tested twice a year", JUMP, ("CK1", "10"), ("CN", "5"), "KH"),
    scored("a score at a time without a test is not compared", "", ("GK1", "10"), ("CK1", "4"), "KH"),
    scored("a score that is none is not compared", "", ("GK1", "10,5"), ("CK1", "4")),
    scored("the same, the other way round", "", ("GK1", "9"), ("CK1", "vắng")),
    scored("a disabled pupil is marked against a plan", "", ("GK1", "9"), ("CK1", "2"), disability="05"),
]
BOOKS = [
    alike("ten pupils with one score", ALIKE, ["8"] * 10),
    alike("the same score written in two ways", ALIKE, ["8"] * 9 + ["8,0"]),
    alike("nine pupils are too few to say", "", ["8"] * 9),
    alike("one pupil with another score", "", ["8"] * 9 + ["9"]),
    alike("a score that is none does not count", "", ["8"] * 9 + ["tám"]),
    alike("ten alike beside one who was away", ALIKE, ["8"] * 10 + [None]),
]
MOMENTS = [
    entered("ten marks in a minute on the last evening", HURRIED, within("2027-01-15 21:40")),
    entered("nine marks are too few to say", "", within("2027-01-15 21:40", TEN[:9])),
    entered("59 seconds from first to last", HURRIED, within("2027-01-15 21:40", (*TEN[:9], 59))),
    entered("a minute from first to last", "", [*within("2027-01-15 21:40", TEN[:9]), "2027-01-15 21:41:00"]),
    entered("the day begins 24 hours before the deadline", HURRIED, within("2027-01-15 00:00")),
    entered("a second before that it is early enough", "", ["2027-01-14 23:59:59", *within("2027-01-15 00:00", TEN[:9])]),
    entered("days before it is nobody's hurry", "", within("2027-01-12 21:40")),
    entered("after the deadline it is late, which is another matter", "", within("2027-01-16 00:00")),
    entered("a mark without its moment says nothing of the book", "", [*within("2027-01-15 21:40"), None]),
]
ATTEMPTS = [
    tried("an attempt once", "", {"attempt": 1}),
    tried("a first and a second one", "", {"attempt": 1}, {"attempt": 2}),
    tried("the first one twice at the same moment", TWICE, *({"attempt": 1, "entered_at": "2027-05-20 08:00:00"},) * 2),
    tried("twice without any moment", TWICE, {"attempt": 1}, {"attempt": 1}),
    tried("without numbers it is the first one", TWICE, {"attempt": None}, {"attempt": 1}),
    tried(
        "a later moment tells which is the last", "", {"attempt": 1, "entered_at": "2027-05-20"}, {"attempt": 1, "entered_at": "2027-05-21"}
    ),
    tried("a row left blank is no attempt", "", {"attempt": 1}, {"attempt": 1, "score": None, "level": None}),
]
CASES = [*JUMPS, *BOOKS, *MOMENTS, *ATTEMPTS]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("odd"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_mark_asks_for_a_second_look(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def with_limits(folder: Path, item: Case, limits: Limits) -> QualityResult:
    return check(snapshot_of(folder, item.tables), rules_named(item.about), CheckContext(DAY, limits))


@pytest.mark.parametrize(("limits", "told"), [(Limits(score_jump=6), set()), (Limits(score_jump=5), {JUMP})])
def test_the_school_says_how_far_is_far(limits: Limits, told: set[str], tmp_path: Path) -> None:
    quality = with_limits(tmp_path, JUMPS[0], limits)
    assert {rule for rule, _ in pairs(quality)} == told


def test_the_school_says_how_many_are_a_class(tmp_path: Path) -> None:
    nine = next(item for item in BOOKS if "nine" in item.says)
    assert {rule for rule, _ in pairs(with_limits(tmp_path, nine, Limits(alike_marks_from=9)))} == {ALIKE}


def test_the_school_says_how_many_hours_are_the_last(tmp_path: Path) -> None:
    early = next(item for item in MOMENTS if "days before" in item.says)
    assert {rule for rule, _ in pairs(with_limits(tmp_path, early, Limits(last_hours=100)))} == {HURRIED}


def test_a_jump_tells_the_test_before_and_asks_for_a_look_only(tmp_path: Path) -> None:
    findings = checked(tmp_path, JUMPS[0].tables, rules=ABOUT).findings
    assert findings.select("value", "expected", "severity").rows() == [("4", "lần trước (GK1) là 9 điểm", "xem kỹ")]
    assert findings["message"].str.ends_with("đề nghị xem lại").all()


def test_a_book_that_is_not_yet_due_is_nobodys_hurry(tmp_path: Path) -> None:
    assert findings_of(tmp_path, MOMENTS[0].tables, date(2027, 1, 14), (HURRIED,)) == set()


def test_odd_marks_are_told_with_the_school_system_that_holds_them(tmp_path: Path) -> None:
    findings = checked(tmp_path, BOOKS[0].tables, rules=ABOUT).findings
    assert findings.select("system", pl.col("class_name").str.starts_with("5/")).rows() == [("qlnt", True)]
