"""Qualities and competences: TT27-7.2, 7.3 and the letter traps of 7.4."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.records import codes
from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    Case,
    Row,
    Text,
    case,
    character,
    checked,
    findings_of,
    findings_of_cases,
    found_by,
    mark,
    next_code,
    pupil,
    rules_named,
    snapshot_of,
    trait,
)

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = ("TT27-7.4/1", "TT27-7.4/2", "TT27-7.4/4", "TT27-7.2")
MATHS = ("TT27-7.3",)
MISSING, BOOK = "TT27-7.2", "TT27-7.2/1"
GRADE_ONE = [name for name, entry in codes.traits().items() if 1 in entry.grades]


def lettered(says: str, finds: str, text: Text, grade: int = 3) -> Case:
    code = next_code()
    rows = [trait(code, "YN", "CN", text, grade=grade)]
    return case(says, f"{code}|YN|CN", LETTERS, finds, pupils=[pupil(code)], traits=rows)


def beside(maths: Text, level: Text, finds: str) -> Case:
    """The competence "tính toán" beside the level in Toán."""
    code = next_code()
    says = f"Toán {maths} and tính toán {level} {'do not agree' if finds else 'are no contradiction'}"
    return case(says, f"{code}|TTO|CN", MATHS, finds, marks=[mark(code, "TO", "CN", maths)], traits=[trait(code, "TTO", "CN", level)])


def whole_class(says: str, finds: str, pupils: int, *levels: Text) -> Case:
    """A class of grade 1 at the middle of the first term; the first pupils have one level each, the others no row."""
    name = f"1/{next_code()}"
    codes_of = [next_code() for _ in range(pupils)]
    rows = [trait(code, "YN", "GK1", level, class_name=name, grade=1) for code, level in zip(codes_of, levels, strict=False)]
    return case(says, f"{name}|PCNL|GK1", (BOOK,), finds, pupils=[pupil(code, class_name=name, grade=1) for code in codes_of], traits=rows)


BOOKS = [
    whole_class("five pupils of whom nobody has a level are told as a class", BOOK, 5),
    whole_class("rows left blank are no levels", BOOK, 5, None, "  ", None, None, None),
    whole_class("one level of one pupil is a beginning", "", 5, "T"),
    whole_class("a level that is none is a beginning as well", "", 6, "X"),
    whole_class("four pupils are told one by one", "", 4),
]
TEXTS = [
    *(lettered(f"{text} is a level", "", text) for text in ("T", "Đ", "C", "t", "đ", "c", "CCG")),
    lettered("Eth (U+00D0) looks like Đ", "TT27-7.4/1", "\u00d0"),
    lettered("the small eth too", "TT27-7.4/1", "\u00f0"),
    lettered("D without its stroke", "TT27-7.4/2", "D"),
    lettered("the small d too", "TT27-7.4/2", "d"),
    lettered("H is of subjects", "TT27-7.4/4", "H"),
    *(lettered(f"{text} is no level", "TT27-7.4/4", text) for text in ("X", "DD", "Tốt", "1", "T Đ")),
    lettered("a row left blank is missing", "TT27-7.2", None),
    lettered("blanks are missing", "TT27-7.2", "  "),
]
AGREEING = [beside(maths, level, "") for maths, level in ("TT", "HĐ", "CC")]
OTHERS = [beside(maths, level, "TT27-7.3") for maths, level in ("TĐ", "TC", "HT", "HC", "CT", "CĐ")]
UNKNOWN = [beside("T", None, ""), beside(None, "C", ""), beside("Đ", "C", ""), beside("T", "H", ""), beside("H", "D", "")]
CASES = [*BOOKS, *TEXTS, *AGREEING, *OTHERS, *UNKNOWN]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("traits"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_level_of_character_is_one_of_three_letters(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_only_the_level_in_maths_at_the_same_time_is_compared(tmp_path: Path) -> None:
    tables = {"marks": [mark("1", "TO", "CK1", "C"), mark("1", "TV", "CN", "C")], "traits": [trait("1", "TTO"), trait("1", "TTO", "CK1")]}
    assert findings_of(tmp_path, tables, rules=MATHS) == {("TT27-7.3", "1|TTO|CK1")}


def test_the_last_attempt_in_maths_is_compared(tmp_path: Path) -> None:
    rows = [mark("1", "TO", level="C", attempt=1), mark("1", "TO", level="T", attempt=2)]
    assert findings_of(tmp_path, {"marks": rows, "traits": [trait("1", "TTO")]}, rules=MATHS) == set()


@pytest.mark.parametrize("grade", codes.GRADES)
def test_every_trait_of_the_grade_is_asked_for(grade: int, tmp_path: Path) -> None:
    rows = [row for row in character("7900000001", grade, codes.TIMES) if row["time"] != "CN"]
    tables = {"pupils": [pupil("7900000001", grade=grade, class_name=f"{grade}A")], "traits": rows}
    told = findings_of(tmp_path, tables, rules=["TT27-7.2"])
    # 5 qualities, 3 general and 7 specific competences; Công nghệ and Tin học from grade 3
    asked = set(codes.traits()) - ({"CN", "TH"} if grade <= 2 else set())
    assert told == {("TT27-7.2", f"7900000001|{name}|CN") for name in asked}
    assert len(asked) == (13 if grade <= 2 else 15)


@pytest.mark.parametrize(("grade", "asked"), [(3, 15), (1, 13)])
def test_technology_and_computing_are_asked_from_the_grade_that_the_school_set(grade: int, asked: int, tmp_path: Path) -> None:
    night = snapshot_of(tmp_path, {"pupils": [pupil("7900000001", grade=grade, class_name=f"{grade}A")]}, date(2026, 11, 15))
    context = CheckContext(date(2026, 11, 15), Limits())
    assert check(night, rules_named(["TT27-7.2"]), context).findings.height == asked
    earlier = replace(context, limits=Limits(digital_traits_from_grade=1))
    assert check(night, rules_named(["TT27-7.2"]), earlier).findings.height == 15


def class_of(size: int, filled: int) -> dict[str, list[Row]]:
    """Grade 1; the first pupils have every level at the middle of the first term."""
    codes_of = [f"790000000{number}" for number in range(size)]
    rows = [row for code in codes_of[:filled] for row in character(code, 1, ["GK1"])]
    return {"pupils": [pupil(code, class_name="1A", grade=1) for code in codes_of], "traits": rows}


@pytest.mark.parametrize(
    ("size", "filled", "told"),
    [
        (5, 0, {(BOOK, "1A|PCNL|GK1")}),
        (5, 1, {(MISSING, f"790000000{number}|{name}|GK1") for number in range(1, 5) for name in GRADE_ONE}),
        (4, 0, {(MISSING, f"790000000{number}|{name}|GK1") for number in range(4) for name in GRADE_ONE}),
        (5, 5, set()),
    ],
)
def test_a_class_is_told_once_or_pupil_by_pupil_and_never_both(size: int, filled: int, told: set[tuple[str, str]], tmp_path: Path) -> None:
    assert findings_of(tmp_path, class_of(size, filled), date(2026, 11, 15), [MISSING, BOOK]) == told


def test_an_empty_class_says_how_many_pupils_are_asked_for_at_each_time(tmp_path: Path) -> None:
    tables = class_of(6, 0) | {"traits": [row for number in range(6) for row in character(f"790000000{number}", 1, ["CK1"])]}
    found = checked(tmp_path, tables, date(2027, 3, 31), [MISSING, BOOK]).findings
    told = found.select("key", "class_name", "expected", "column", "value").rows()
    assert told == [(f"1A|PCNL|{time}", "1A", "đủ mức của 6 học sinh", "class_pupils", "6") for time in ("GK1", "GK2")]
