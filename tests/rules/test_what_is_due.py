"""What is owed when, and by whom: nothing that is not yet due is missing, nobody owes for a time away (TT27-7.1a, 7.2, HS-6)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records import codes
from tests.rules.school_tables import (
    Case,
    Row,
    Text,
    book,
    case,
    checked,
    findings_of,
    found_by,
    mark,
    merged,
    movement,
    next_code,
    pairs,
    pupil,
    staff,
)

if TYPE_CHECKING:
    from pathlib import Path

LEVEL, BOOK, TRAIT, RESULT = "TT27-7.1a/1", "TT27-7.1a/2", "TT27-7.2", "TT27-9.5"
BOOKS = {BOOK, "TT27-7.2/1", "QC-19.6/10", "SK-1/5"}
ABOUT = (LEVEL, BOOK, TRAIT, RESULT)
ALL = "GK1 CK1 GK2 CN"
COLUMNS = {1: 8, 2: 8, 3: 11, 4: 12, 5: 12}  # rules.md CT-2


def owing(says: str, times: str, *moves: tuple[str, str], **values: Text) -> tuple[Case, str]:
    """A pupil alone in a class, without any mark; `times` it is asked for."""
    code = next_code()
    rows: list[Row] = [movement(code, *move) for move in moves]
    return case(says, code, ABOUT, "", pupils=[pupil(code, class_name=f"3/{code}", **values)], movements=rows), times


OWING = [
    owing("a pupil of the class owes all four times", ALL),
    owing("one who moved in at the start as well", ALL, ("10", "2026-08-20"), status="10", status_date="2026-08-20"),
    owing("one who moved in for the second term owes that term", "GK2 CN", ("06", "2027-02-01"), status="06", status_date="2027-02-01"),
    owing("one who moved in on a due day owes it", "CK1 GK2 CN", ("02", "2027-01-15"), status="02", status_date="2027-01-15"),
    owing("one who moved in a day later does not", "GK2 CN", ("06", "2027-01-16"), status="06", status_date="2027-01-16"),
    owing("without a movement the date of the status counts", "GK2 CN", status="06", status_date="2027-02-01"),
    owing("the movement's date counts more than the status's", "GK2 CN", ("06", "2027-02-01"), status="06", status_date="2026-09-01"),
    owing("one who moved away owes what was due before", "GK1", ("04", "2026-12-01"), status="04", status_date="2026-12-01"),
    owing("one who moved away on a due day does not owe it", "", ("04", "2026-11-15"), status="04", status_date="2026-11-15"),
    owing("one who dropped out in the second term owes the first", "GK1 CK1", ("09", "2027-03-01"), status="09", status_date="2027-03-01"),
    owing("one who is gone since nobody knows when owes nothing", "", status="12"),
    owing("one who left and came back owes from then on", "GK2 CN", ("04", "2026-12-01"), ("06", "2027-02-10"), status="06"),
    owing("one who came and left again owes what lies between", "CK1", ("02", "2026-12-01"), ("08", "2027-02-10"), status="08"),
    owing("a disabled pupil is assessed", ALL, disability="05"),
    owing("a pupil who is not assessed owes nothing", "", disability="05", not_assessed="1"),
    owing("a status that nobody knows owes nothing", "", status="99"),
]
# For the census of cases: who owes fails each rule, who owes nothing passes it.
CASES = [case(item.says, item.key, ABOUT, f"{LEVEL} {TRAIT} {RESULT}" if "CN" in times else "") for item, times in OWING]
CASES += [case("a whole class left blank", "5A|TV|CN", (BOOK,), BOOK)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return pairs(checked(tmp_path_factory.mktemp("owing"), merged(item for item, _ in OWING), rules=ABOUT))


@pytest.mark.parametrize(("item", "times"), OWING, ids=lambda value: getattr(value, "says", ""))
def test_a_pupil_owes_the_times_at_which_it_was_here(item: Case, times: str, found: set[tuple[str, str]]) -> None:
    told = {time for time in codes.TIMES if (LEVEL, f"{item.key}|TV|{time}") in found}
    assert told == set(times.split())
    assert {time for time in codes.TIMES if (TRAIT, f"{item.key}|YN|{time}") in found} == told
    assert found_by(item, found) == ({RESULT} if "CN" in told else set())


@pytest.mark.parametrize(
    ("day", "times"),
    [
        (date(2026, 8, 1), ""),
        (date(2026, 11, 14), ""),
        (date(2026, 11, 15), "GK1"),
        (date(2027, 1, 14), "GK1"),
        (date(2027, 1, 15), "GK1 CK1"),
        (date(2027, 3, 30), "GK1 CK1"),
        (date(2027, 3, 31), "GK1 CK1 GK2"),
        (date(2027, 5, 24), "GK1 CK1 GK2"),
        (date(2027, 5, 25), ALL),
        (date(2027, 7, 31), ALL),
    ],
)
def test_what_is_not_yet_due_is_not_missing(day: date, times: str, tmp_path: Path) -> None:
    told = findings_of(tmp_path, {"pupils": [pupil("7900000001")]}, day, [LEVEL, TRAIT])
    assert {key.split("|")[2] for _, key in told} == set(times.split())


@pytest.mark.parametrize(("day", "due"), [(date(2027, 5, 30), False), (date(2027, 5, 31), True), (date(2027, 8, 1), False)])
def test_a_result_is_asked_for_from_the_end_of_may(day: date, *, due: bool, tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": [pupil("7900000001")]}, day, [RESULT])
    assert pairs(quality) == ({(RESULT, "7900000001")} if due else set())
    assert quality.examined == {RESULT: int(due)}


@pytest.mark.parametrize("grade", codes.GRADES)
def test_every_subject_of_the_grade_is_asked_for(grade: int, tmp_path: Path) -> None:
    row = pupil("7900000001", grade=grade, class_name=f"{grade}A")
    told = findings_of(tmp_path, {"pupils": [row]}, date(2026, 11, 15), [LEVEL])
    assert told == {(LEVEL, f"7900000001|{subject}|GK1") for subject in codes.compulsory_subjects(grade)}
    assert len(told) == COLUMNS[grade]


@pytest.mark.parametrize("grade", codes.GRADES)
def test_a_whole_book_of_the_grade_owes_nothing(grade: int, tmp_path: Path) -> None:
    tables = {"pupils": [pupil("7900000001", grade=grade, class_name=f"{grade}A")], "marks": book("7900000001", grade, codes.TIMES)}
    assert findings_of(tmp_path, tables, rules=[LEVEL, BOOK, "TT27-7.1b"]) == set()


def class_of(size: int, filled: int = 0, level: Text = "T") -> dict[str, list[Row]]:
    """Grade 5, so many pupils, the first `filled` with rows in every book, all with this level in Tiếng Việt at CN."""
    codes_of = [f"790000000{number}" for number in range(size)]
    rows = [row for code in codes_of[:filled] for row in book(code, 5, codes.TIMES)]
    for row in rows:
        if (row["subject"], row["time"]) == ("TV", "CN"):
            row |= {"level": level, "score": None}
    return {"pupils": [pupil(code, grade=5, class_name="5A") for code in codes_of], "marks": rows}


def told_of_vietnamese(folder: Path, tables: dict[str, list[Row]]) -> set[tuple[str, str]]:
    return {pair for pair in findings_of(folder, tables, rules=[LEVEL, BOOK]) if "|TV|CN" in pair[1]}


def test_a_class_without_a_row_is_told_once(tmp_path: Path) -> None:
    assert told_of_vietnamese(tmp_path, class_of(5)) == {(BOOK, "5A|TV|CN")}


def test_a_class_of_rows_left_blank_is_told_once(tmp_path: Path) -> None:
    assert told_of_vietnamese(tmp_path, class_of(5, filled=5, level=None)) == {(BOOK, "5A|TV|CN")}


def test_a_class_that_has_begun_is_told_pupil_by_pupil(tmp_path: Path) -> None:
    assert told_of_vietnamese(tmp_path, class_of(5, filled=1)) == {(LEVEL, f"790000000{number}|TV|CN") for number in range(1, 5)}


def test_a_very_small_class_is_told_pupil_by_pupil(tmp_path: Path) -> None:
    assert told_of_vietnamese(tmp_path, class_of(4)) == {(LEVEL, f"790000000{number}|TV|CN") for number in range(4)}


def test_an_empty_book_says_how_many_pupils_are_asked_for(tmp_path: Path) -> None:
    found = checked(tmp_path, class_of(7), rules=[BOOK]).findings.filter(pl.col("key") == "5A|TV|CN")
    assert found.select("expected", "class_name").rows() == [("đủ 7 học sinh", "5A")]


def test_a_combined_column_stands_for_its_parts(tmp_path: Path) -> None:
    rows = [row for row in book("7900000001", 3, codes.TIMES) if row["subject"] not in {"TH", "CN"}]
    rows += [mark("7900000001", "THCN", time, score="9" if time in {"CK1", "CN"} else None) for time in codes.TIMES if time != "GK2"]
    told = findings_of(tmp_path, {"pupils": [pupil("7900000001")], "marks": rows}, rules=[LEVEL, BOOK, "TT27-7.1b", "TT27-7.1d"])
    assert told == {(LEVEL, f"7900000001|{part}|GK2") for part in ("TH", "CN")}


def test_marks_of_another_system_do_not_fill_the_schools_books(tmp_path: Path) -> None:
    rows = book("7900000001", 3, ["GK1"])
    tables = {"pupils": [pupil("7900000001")], "marks": [*rows[1:], *({**row, "source_system": "csdl"} for row in rows)]}
    told = findings_of(tmp_path, tables, date(2026, 11, 15), [LEVEL])
    assert told == {(LEVEL, f"7900000001|{rows[0]['subject']}|GK1")}


def test_a_school_whose_books_are_all_empty_is_told_of_everything_that_is_due(tmp_path: Path) -> None:
    """The expected set drives the check: a table without a row is not a table without a fault."""
    quality = checked(tmp_path, {"pupils": [pupil(f"790000000{number}") for number in range(1, 6)]})
    told = {rule for rule, _ in pairs(quality)}
    assert told >= {*BOOKS, RESULT}
    assert told.isdisjoint({LEVEL, TRAIT, "QC-19.6/9", "SK-1/4"})  # each book once, not once for each pupil


def test_nothing_due_of_nobody_is_grey(tmp_path: Path) -> None:
    quality = checked(tmp_path, {"staff": [staff("GV001")]}, rules=[LEVEL, TRAIT, RESULT, "QC-19.6/9", "SK-1/4", *BOOKS])
    assert pairs(quality) == set()
    assert set(quality.examined.values()) == {0}
