"""What changed since the newest earlier night: half the rows (BD-1), class sizes, pupils, marks (BD-3 to BD-5)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.check import CheckContext, check, stops_export
from infra.settings import Limits
from tests.rules.school_tables import DAY, Row, Tables, case, checked, mark, movement, pairs, pupil, rules_named, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

YESTERDAY, BEFORE = date(2027, 5, 30), date(2027, 5, 29)
ABOUT = ("BD-1",)
# Rows before and tonight; what is found for the table.
COUNTS = [(100, 100, ""), (100, 50, ""), (100, 49, "BD-1"), (100, 0, "BD-1"), (50, 24, "BD-1"), (49, 0, ""), (0, 100, ""), (51, 25, "BD-1")]
SIZES = [(30, 30, ""), (30, 26, ""), (30, 25, "BD-3"), (30, 35, "BD-3"), (30, 34, ""), (5, 0, "BD-3"), (4, 0, ""), (0, 5, "BD-3")]
# What became of one of ten pupils since last night: its rows tonight, and what is found.
GONE: list[tuple[str, list[Row], list[Row], str]] = [
    ("still there", [pupil("7900000001")], [], ""),
    ("no longer listed", [], [], "BD-4"),
    ("no longer listed after moving away", [], [movement("7900000001", "04", "2027-05-31")], ""),
    ("no longer listed after coming", [], [movement("7900000001", "06", "2027-02-01")], ""),
    ("no longer listed after a movement of no such kind", [], [movement("7900000001", "01", "2027-05-31")], "BD-4"),
    ("listed as moved away", [pupil("7900000001", status="08", status_date="2027-05-31")], [], ""),
]
# Tonight's row of a mark that was entered last night.
MARKS: list[tuple[str, list[Row], str]] = [
    ("as it was", [mark("7900000001", "TV", "CN", "T", "9")], ""),
    ("another score", [mark("7900000001", "TV", "CN", "T", "5")], ""),
    ("only the level is left", [mark("7900000001", "TV", "CN", "T", None)], ""),
    ("left blank", [mark("7900000001", "TV", "CN", None, None)], "BD-5"),
    ("without a row", [], "BD-5"),
]
CASES = [
    *(case(f"{before} rows, then {now}", "pupils", ABOUT, finds) for before, now, finds in COUNTS),
    *(case(f"{before} in the class, then {now}", "pupils|3A", ("BD-3",), finds) for before, now, finds in SIZES),
    *(case(f"a pupil {says}", "7900000001", ("BD-4",), finds) for says, _, _, finds in GONE),
    *(case(f"a mark {says}", "3A|TV|CN", ("BD-5",), finds) for says, _, finds in MARKS),
]


def rows(number: int, system: str = "qlnt") -> list[Row]:
    return [pupil(f"79{index:08d}", source_system=system) for index in range(number)]


def night(folder: Path, number: int, day: date = YESTERDAY) -> Snapshot:
    return snapshot_of(folder / day.isoformat(), {"pupils": rows(number)}, day)


@pytest.mark.parametrize(("before", "now", "finds"), COUNTS)
def test_half_the_rows_are_the_measure(before: int, now: int, finds: str, tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": rows(now)}, rules=ABOUT, earlier=[night(tmp_path, before)])
    assert pairs(quality) == ({(finds, "pupils")} if finds else set())
    assert stops_export(quality) is bool(finds)


def test_without_an_earlier_night_there_is_nothing_to_compare(tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": rows(3)}, rules=ABOUT)
    assert pairs(quality) == set()
    assert quality.examined == {"BD-1": 0}


def test_the_newest_earlier_night_counts_in_whatever_order_they_come(tmp_path: Path) -> None:
    nights = [night(tmp_path, 60), night(tmp_path, 200, BEFORE)]
    for earlier in (nights, nights[::-1]):
        assert pairs(checked(tmp_path, {"pupils": rows(60)}, rules=ABOUT, earlier=earlier)) == set()


def test_each_system_is_compared_with_itself(tmp_path: Path) -> None:
    before = snapshot_of(tmp_path / "before", {"pupils": rows(60) + rows(60, "csdl")}, YESTERDAY)
    now = snapshot_of(tmp_path, {"pupils": rows(90) + rows(10, "csdl")})
    found = check(now, rules_named(ABOUT), CheckContext(DAY, Limits()), [before]).findings
    assert found.select("system", "table", "key", "value").rows() == [("csdl", "drift", "pupils", "10")]


def since(folder: Path, before: Tables, now: Tables, *rules: str, day: date = YESTERDAY) -> set[tuple[str, str]]:
    return pairs(checked(folder, now, rules=rules, earlier=[snapshot_of(folder / "before", before, day)]))


@pytest.mark.parametrize(("before", "now", "finds"), SIZES)
def test_a_class_that_grew_or_shrank_overnight_is_looked_at(before: int, now: int, finds: str, tmp_path: Path) -> None:
    others = [pupil(f"78{number:08d}", class_name="3B") for number in range(20)]
    told = since(tmp_path, {"pupils": rows(before) + others}, {"pupils": rows(now) + others}, "BD-3")
    assert told == ({("BD-3", "pupils|3A")} if finds else set())


def test_the_school_says_how_much_a_class_may_change(tmp_path: Path) -> None:
    now, limits = snapshot_of(tmp_path, {"pupils": rows(27)}), Limits(class_size_jump=3)
    assert pairs(check(now, rules_named(["BD-3"]), CheckContext(DAY, limits), [night(tmp_path, 30)])) == {("BD-3", "pupils|3A")}


@pytest.mark.parametrize(("says", "listed", "moves", "finds"), GONE, ids=[item[0] for item in GONE])
def test_a_pupil_does_not_vanish_without_a_movement(says: str, listed: list[Row], moves: list[Row], finds: str, tmp_path: Path) -> None:
    others = [pupil(f"78{number:08d}") for number in range(9)]
    told = since(tmp_path, {"pupils": [pupil("7900000001"), *others]}, {"pupils": [*listed, *others], "movements": moves}, "BD-4")
    assert told == ({("BD-4", "7900000001")} if finds else set()), says


def test_half_a_school_gone_is_a_broken_source_and_not_so_many_pupils(tmp_path: Path) -> None:
    assert since(tmp_path, {"pupils": rows(10)}, {"pupils": rows(4)}, "BD-4") == set()
    assert len(since(tmp_path / "half", {"pupils": rows(10)}, {"pupils": rows(5)}, "BD-4")) == 5


def test_a_pupil_of_the_sector_database_alone_is_not_missed(tmp_path: Path) -> None:
    here = rows(3)
    assert since(tmp_path, {"pupils": [*here, pupil("7900000099", source_system="csdl")]}, {"pupils": here}, "BD-4") == set()


@pytest.mark.parametrize(("says", "entered", "finds"), MARKS, ids=[item[0] for item in MARKS])
def test_a_mark_that_was_entered_does_not_vanish(says: str, entered: list[Row], finds: str, tmp_path: Path) -> None:
    people = [pupil("7900000001"), pupil("7900000002")]
    other = mark("7900000002", "TO", "CN", "T", "9")
    before: Tables = {"pupils": people, "marks": [mark("7900000001", "TV", "CN", "T", "9"), other]}
    told = since(tmp_path, before, {"pupils": people, "marks": [*entered, other]}, "BD-5")
    assert told == ({("BD-5", "3A|TV|CN")} if finds else set()), says


def test_a_mark_that_stood_in_two_classes_is_missed_in_the_later_one_every_time(tmp_path: Path) -> None:
    """Enough of them that a class chosen by chance would be another one somewhere."""
    people = [pupil(f"79{number:08d}") for number in range(50)]
    twice = [mark(str(one["pupil_code"]), "TV", class_name=name) for one in people for name in (f"3/{one['pupil_code']}", "3B")]
    assert since(tmp_path, {"pupils": people, "marks": twice}, {"pupils": people, "marks": [mark("7900000099", "TV")]}, "BD-5") == {
        ("BD-5", "3B|TV|CN")
    }


def test_marks_of_a_pupil_who_is_no_longer_listed_went_with_the_pupil(tmp_path: Path) -> None:
    before: Tables = {"pupils": [pupil("7900000001"), pupil("7900000002")], "marks": [mark("7900000001", "TV")]}
    now: Tables = {"pupils": [pupil("7900000002")], "marks": [mark("7900000002", "TV")]}
    assert since(tmp_path, before, now, "BD-5") == set()


def test_a_table_of_marks_that_is_wholly_gone_is_told_as_that(tmp_path: Path) -> None:
    before: Tables = {"pupils": [pupil("7900000001")], "marks": [mark("7900000001", "TV")]}
    assert since(tmp_path, before, {"pupils": [pupil("7900000001")]}, "BD-5") == set()


def test_a_new_school_year_starts_with_other_pupils_and_empty_books(tmp_path: Path) -> None:
    before: Tables = {"pupils": rows(30), "marks": [mark("7900000000", "TV")]}
    now: Tables = {"pupils": rows(20), "marks": [mark("7900000001", "TV")]}
    assert since(tmp_path, before, now, "BD-3", "BD-4", "BD-5", day=date(2026, 7, 31)) == set()
