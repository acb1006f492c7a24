"""Ratings that must be on file, quotas by group, who is not rated, by the regulations of their year (CB-2, CB-3, CB-4)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Text,
    case,
    findings_of_cases,
    found_by,
    next_code,
    pairs,
    rating,
    rules_named,
    snapshot_of,
    staff,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rules.school_tables import Tables

SELF, BY_HEAD, CIVIL, EARLY, QUOTA, ABOVE = "CB-2/1", "CB-2/2", "CB-4/2", "CB-4/3", "CB-4/4", "CB-4/5"
OF_YEAR = (SELF, BY_HEAD, CIVIL, EARLY)
LEFT = {"status": "05", "status_date": "2027-01-31", "decision_number": "12/QĐ"}


def filed(says: str, finds: str, years: dict[str, dict[str, Text]], **values: Text) -> Case:
    """A teacher with ratings by year (what differs in each); told of 2026, the newest year that has ended."""
    code = f"GV{next_code()}"
    rows = [rating(code, year, **changes) for year, changes in years.items()]
    return case(says, f"{code}|2026", OF_YEAR, finds, staff=[staff(code, **values)], ratings=rows)


def group(says: str, finds: str, excellent: int, good: int, fair: int = 0) -> Case:
    """A staff group of its own with so many ratings of each kind."""
    name = f"G{next_code()}"
    kinds = ["HTXSNV"] * excellent + ["HTTNV"] * good + ["HTNV"] * fair
    codes = [f"GV{next_code()}" for _ in kinds]
    rows = [rating(code, civil_rating=kind) for code, kind in zip(codes, kinds, strict=True)]
    return case(says, f"{name}|2026", (QUOTA,), finds, staff=[staff(code, staff_group=name) for code in codes], ratings=rows)


BOTH: dict[str, dict[str, Text]] = {"2025": {}, "2026": {}}
YEARS = [
    filed("rated in both years", "", BOTH),
    filed("no rating at all", f"{SELF} {BY_HEAD} {CIVIL}", {}),
    filed("none of 2026", f"{SELF} {CIVIL}", {"2025": {}}),
    filed("a rating of the year by its school year", "", {"2025-2026": {}}),
    filed("not rated by oneself", SELF, {**BOTH, "2026": {"self_rating": None}}),
    filed("rated by the head a year ago is often enough", "", {"2025": {}, "2026": {"standard_rating": None}}),
    filed("rated by the head two years ago is too long ago", BY_HEAD, {"2024": {}, "2026": {"standard_rating": None}}),
    filed("without the rating of the year", CIVIL, {**BOTH, "2026": {"civil_rating": None}}),
    filed("who does not teach has no standard", CIVIL, {}, staff_group="02"),
    filed("who left is not asked", "", {}, **LEFT),
    filed("who came in the first half is asked", f"{SELF} {BY_HEAD} {CIVIL}", {}, status="07", status_date="2026-07-01"),
    filed("who came a day later is not", "", {}, status="07", status_date="2026-07-02"),
    filed("who came a day later is not rated either", EARLY, {"2026": {}}, status="07", status_date="2026-07-02"),
    filed("who came in the first half is rated", "", BOTH, status="07", status_date="2026-07-01"),
    filed("who came the year before is rated", "", BOTH, status="07", status_date="2025-10-01"),
    filed("waiting to retire is being at work", f"{SELF} {BY_HEAD} {CIVIL}", {}, status="04"),
]
QUOTAS = [
    group("one of five is a fifth", "", 1, 5),
    group("one of four is more than a fifth", QUOTA, 1, 4),
    group("two of ten are a fifth", "", 2, 10),
    group("three of ten are more", QUOTA, 3, 10),
    group("those rated lower do not count", QUOTA, 1, 4, 20),
    group("nobody excellent", "", 0, 3),
    group("nobody good and one excellent", QUOTA, 1, 0),
]
HEAD = case("the head above the unit", "GV777|2026", (ABOVE,), ABOVE)
AS_THE_UNIT = case("the head as the unit", "GV777|2026", (ABOVE,), "")
CHECKED = [*YEARS, *QUOTAS]
CASES = [*CHECKED, HEAD, AS_THE_UNIT]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("ratings"), CHECKED)


@pytest.mark.parametrize("item", CHECKED, ids=lambda item: item.says)
def test_ratings_are_there_and_no_better_than_allowed(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def told(folder: Path, tables: Tables, limits: Limits, *rules: str, day: date = DAY) -> set[tuple[str, str]]:
    return pairs(check(snapshot_of(folder, tables, day), rules_named(rules), CheckContext(day, limits)))


@pytest.mark.parametrize(
    ("unit", "of_head", "finds"),
    [
        ("HTTNV", "HTXSNV", {ABOVE}),
        ("HTTNV", "HTTNV", set()),
        ("HTTNV", "HTNV", set()),
        ("HTXSNV", "HTXSNV", set()),
        ("KHTNV", "HTNV", {ABOVE}),
        ("", "HTXSNV", set()),
    ],
)
def test_the_head_is_not_rated_above_the_unit(unit: str, of_head: str, finds: set[str], tmp_path: Path) -> None:
    people = [staff("GV777", position="01", staff_group="01"), staff("GV778")]
    rows = [rating("GV777", civil_rating=of_head), rating("GV778", civil_rating="HTXSNV"), rating("GV777", "2025", civil_rating="HTXSNV")]
    limits = Limits.model_validate({"unit_rating": unit})
    assert told(tmp_path, {"staff": people, "ratings": rows}, limits, ABOVE) == {(rule, "GV777|2026") for rule in finds}


def test_an_excellent_unit_may_have_a_quarter(tmp_path: Path) -> None:
    one_of_four = next(item for item in QUOTAS if "one of four" in item.says)
    tables: Tables = {name: list(rows) for name, rows in one_of_four.tables.items()}
    assert told(tmp_path, tables, Limits(excellent_percent=25), QUOTA) == set()


@pytest.mark.parametrize(("good", "finds"), [(5, set()), (4, {(QUOTA, "03|2026")})])
def test_a_year_written_in_two_ways_is_one_year_of_its_group(good: int, finds: set[tuple[str, str]], tmp_path: Path) -> None:
    codes = [f"GV{number:03d}" for number in range(good + 1)]
    rows = [
        rating(code, "2025-2026" if place % 2 else "2026", civil_rating="HTTNV" if place else "HTXSNV") for place, code in enumerate(codes)
    ]
    assert told(tmp_path, {"staff": [staff(code) for code in codes], "ratings": rows}, Limits(), QUOTA) == finds


@pytest.mark.parametrize(("year", "limits", "finds"), [
    ("2025", Limits(), False), ("2026", Limits(), True), ("2026", Limits(nd233_from_year=2027), False),
    ("2025", Limits(nd233_from_year=2025), True),
])  # fmt: skip
def test_points_decide_only_from_the_year_of_the_new_decree(year: str, limits: Limits, *, finds: bool, tmp_path: Path) -> None:
    rows: list[Row] = [rating("GV001", year, civil_score="95", civil_rating="HTTNV")]
    assert told(tmp_path, {"staff": [staff("GV001")], "ratings": rows}, limits, "CB-4") == ({("CB-4", f"GV001|{year}")} if finds else set())


@pytest.mark.parametrize(("year", "finds"), [("2026", True), ("2025", True), ("2027", False)])
def test_fifteen_criteria_decide_until_there_is_one_title(year: str, *, finds: bool, tmp_path: Path) -> None:
    rows: list[Row] = [rating("GV001", year, criteria="T" * 15, standard_rating="Khá")]
    assert bool(told(tmp_path, {"staff": [staff("GV001")], "ratings": rows}, Limits(), "CB-2", day=date(2028, 5, 31))) is finds


def test_a_system_that_does_not_say_who_teaches_is_not_asked_for_ratings(tmp_path: Path) -> None:
    delivered = {("staff", "staff"): ("staff_code", "full_name", "status")}
    night = snapshot_of(tmp_path, {"staff": [staff("GV001")], "ratings": [rating("GV002")]}, DAY, delivered)
    quality = check(night, rules_named((SELF, BY_HEAD, CIVIL)), CheckContext(DAY, Limits()))
    assert set(quality.examined.values()) == {0}
