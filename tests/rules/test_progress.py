"""Grade entry by class, subject and teacher: the roll and the programme drive it, never the rows that exist (Điều 16.1a, 19.7a)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connectors.records import codes
from expectations.progress import State, current_time, grade_entry
from expectations.views.programme import CHARACTER
from infra.settings import Gradebook, Limits
from tests.rules.school_tables import Row, Tables, book, character, mark, pupil, school_class, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

DUE = {"GK1": date(2026, 11, 15), "CK1": date(2027, 1, 15), "GK2": date(2027, 3, 31), "CN": date(2027, 5, 25)}
BEFORE, ON = date(2027, 1, 14), date(2027, 1, 15)
FIVE = [f"790000000{number}" for number in range(5)]


def class_3a(entered: int, *, scored: int = 0, **values: str) -> Tables:
    """Five pupils of 3A; so many have a level in Toán at CK1, and the first of these so many the score of its test."""
    rows = [mark(code, "TO", "CK1", "T", "9" if place < scored else None, **values) for place, code in enumerate(FIVE[:entered])]
    return {"pupils": [pupil(code) for code in FIVE], "classes": [school_class("3A")], "marks": rows}


def books_of(folder: Path, tables: Tables, day: date = ON, gradebook: Gradebook | None = None, **night: Any) -> pl.DataFrame:  # noqa: ANN401 - test data
    return grade_entry(snapshot_of(folder, tables, day, **night), day, gradebook)


def one(books: pl.DataFrame, subject: str = "TO", time: str = "CK1", class_name: str = "3A") -> dict[str, Any]:
    found = books.filter((pl.col("class_name") == class_name) & (pl.col("subject") == subject) & (pl.col("time") == time))
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("entries", "day", "state", "missing"),
    [
        ((0, 0), BEFORE, State.NOT_DUE, 5),
        ((1, 0), BEFORE, State.ENTERING, 5),
        ((3, 3), BEFORE, State.ENTERING, 2),
        ((5, 5), BEFORE, State.COMPLETE, 0),
        ((0, 0), ON, State.MISSING, 5),
        ((3, 3), ON, State.MISSING, 2),
        ((5, 4), ON, State.MISSING, 1),
        ((5, 5), ON, State.COMPLETE, 0),
        ((5, 5), date(2027, 7, 31), State.COMPLETE, 0),
    ],
)
def test_a_book_goes_from_not_due_to_complete(entries: tuple[int, int], day: date, state: State, missing: int, tmp_path: Path) -> None:
    told = one(books_of(tmp_path, class_3a(entries[0], scored=entries[1]), day))
    assert (told["state"], told["missing"], told["expected"], told["complete"]) == (state, missing, 5, 5 - missing)
    assert told["due"] == DUE["CK1"]


def test_a_subject_without_a_test_needs_no_score(tmp_path: Path) -> None:
    tables = class_3a(0) | {"marks": [mark(code, "DD", "CK1", "T") for code in FIVE]}
    assert one(books_of(tmp_path, tables), "DD")["state"] == State.COMPLETE


def test_science_needs_a_score_only_where_the_school_tests_it(tmp_path: Path) -> None:
    """By default limits a class of such a school could never be approved: its science books stayed short of a test that nobody holds."""
    pupils = [pupil(code, class_name="4A", grade=4) for code in FIVE]
    tables = {"pupils": pupils, "classes": [school_class("4A")], "marks": [mark(code, "KH", "CK1", "T") for code in FIVE]}
    snapshot = snapshot_of(tmp_path, tables, ON)
    states = [
        one(grade_entry(snapshot, ON, limits=limits), "KH", class_name="4A")["state"] for limits in (None, Limits(science_is_tested=False))
    ]
    assert states == [State.MISSING, State.COMPLETE]


def test_a_wholly_empty_class_is_told_in_every_subject(tmp_path: Path) -> None:
    books = books_of(tmp_path, class_3a(0)).filter(pl.col("time") == "CK1")
    assert set(books["subject"]) == {*codes.compulsory_subjects(3), CHARACTER}
    assert set(books["state"]) == {State.MISSING.value}
    assert set(books["missing"]) == {5}


def test_a_class_of_nobody_is_grey(tmp_path: Path) -> None:
    tables = class_3a(5, scored=5) | {"classes": [school_class("3A"), school_class("4B")]}
    books = books_of(tmp_path, tables).filter(pl.col("class_name") == "4B")
    assert set(books["subject"]) == {*codes.compulsory_subjects(4), CHARACTER}
    assert set(books["state"]) == {State.UNKNOWN.value}
    assert books["expected"].sum() == 0


def test_a_class_of_another_year_is_not_asked_for(tmp_path: Path) -> None:
    years = {"3A": "2026-2027", "3B": "2026 - 2027", "3C": "2025-2026", "3D": None}
    tables = class_3a(0) | {"classes": [school_class(name, school_year=year) for name, year in years.items()]}
    assert set(books_of(tmp_path, tables)["class_name"]) == {"3A", "3B", "3D"}


def test_a_class_that_no_list_names_is_asked_for_by_its_pupils(tmp_path: Path) -> None:
    books = books_of(tmp_path, {"pupils": [pupil("7900000001", class_name="2C", grade=2)]})
    assert set(books["class_name"]) == {"2C"}
    assert one(books, class_name="2C")["state"] == State.MISSING


def test_what_is_not_delivered_is_grey_and_nobody_is_called_late(tmp_path: Path) -> None:
    delivered = {("qlnt", "marks"): ("pupil_code", "subject", "time", "level", "level_text"), ("qlnt", "traits"): ()}
    books = books_of(tmp_path, class_3a(5), delivered=delivered)
    assert one(books)["state"] == State.UNKNOWN  # without the column of scores nobody knows about the test
    assert one(books, time="GK1")["state"] == State.MISSING  # no test of Toán at mid-term in grade 3
    assert one(books, CHARACTER)["state"] == State.UNKNOWN
    assert (one(books)["missing"], one(books, CHARACTER)["missing"]) == (0, 0)


def test_marks_of_another_system_fill_no_book(tmp_path: Path) -> None:
    assert one(books_of(tmp_path, class_3a(5, scored=5, source_system="csdl")))["missing"] == 5


def test_only_who_is_on_the_roll_that_day_is_expected(tmp_path: Path) -> None:
    came: Row = {"status": "06", "status_date": "2027-02-01"}
    went: Row = {"status": "04", "status_date": "2026-12-01"}
    tables = class_3a(0)
    tables["pupils"] = [pupil(FIVE[0]), pupil(FIVE[1], **came), pupil(FIVE[2], **went), pupil(FIVE[3], disability="05", not_assessed="1")]
    books = books_of(tmp_path, tables, date(2027, 5, 31))
    assert {time: one(books, time=time)["expected"] for time in codes.TIMES} == {"GK1": 2, "CK1": 1, "GK2": 2, "CN": 2}


def test_times_to_come_are_expected_from_who_is_here_now(tmp_path: Path) -> None:
    books = books_of(tmp_path, class_3a(0), date(2026, 10, 1))
    assert set(books["state"]) == {State.NOT_DUE.value}
    assert one(books, time="CN")["expected"] == 5


def test_qualities_and_competences_count_by_pupil(tmp_path: Path) -> None:
    levels = [row for code in FIVE for row in character(code, 3, ["CK1"])]
    tables = class_3a(0) | {"traits": [*levels[1:], levels[0] | {"level": None}]}
    told = one(books_of(tmp_path, tables), CHARACTER)
    assert (told["expected"], told["missing"], told["state"]) == (5, 1, State.MISSING)


def test_a_book_locked_by_date_is_told_as_locked_once_it_is_complete(tmp_path: Path) -> None:
    locked = Gradebook(locked={"CK1": "15/01"})
    complete = one(books_of(tmp_path / "1", class_3a(5, scored=5), ON, locked))
    assert (complete["state"], complete["locked"]) == (State.LOCKED, True)
    early = one(books_of(tmp_path / "2", class_3a(5, scored=5), BEFORE, locked))
    assert (early["state"], early["locked"]) == (State.COMPLETE, False)
    lacking = one(books_of(tmp_path / "3", class_3a(4, scored=4), ON, locked))
    assert (lacking["state"], lacking["missing"], lacking["locked"]) == (State.MISSING, 1, True)


def test_a_book_is_locked_when_its_system_says_so_of_every_mark(tmp_path: Path) -> None:
    rows = class_3a(5, scored=5, locked="1")
    assert one(books_of(tmp_path / "1", rows))["state"] == State.LOCKED
    rows["marks"][0]["locked"] = "0"
    assert one(books_of(tmp_path / "2", rows))["state"] == State.COMPLETE


def test_the_schools_own_due_dates_count(tmp_path: Path) -> None:
    later = Gradebook(due={"CK1": "20/01"})
    told = one(books_of(tmp_path, class_3a(1), ON, later))
    assert (told["state"], told["due"]) == (State.ENTERING, date(2027, 1, 20))


def test_teachers_come_from_the_assignments(tmp_path: Path) -> None:
    def assigned(subject: str, code: str) -> Row:
        return {"class_name": "3A", "subject": subject, "staff_code": code}

    tables = class_3a(0) | {"assignments": [assigned("TO", "GV9"), assigned("TO", "GV2"), assigned("THCN", "GV5"), assigned("AN", "GV6")]}
    books = books_of(tmp_path, tables)
    told = {subject: one(books, subject)["teachers"] for subject in ("TO", "TV", "TH", "CN", "AN", "MT", CHARACTER)}
    assert told == {"TO": ["GV2", "GV9"], "TV": [], "TH": ["GV5"], "CN": ["GV5"], "AN": ["GV6"], "MT": [], CHARACTER: ["GV001"]}


def test_a_class_that_keeps_one_column_for_both_parts_has_one_book(tmp_path: Path) -> None:
    rows = [mark(code, "THCN", "CK1", "T", "9") for code in FIVE]
    tables = class_3a(0) | {"marks": rows, "assignments": [{"class_name": "3A", "subject": "TH", "staff_code": "GV5"}]}
    books = books_of(tmp_path, tables).filter(pl.col("time") == "CK1")
    assert {"TH", "CN"}.isdisjoint(books["subject"])
    assert one(books, "THCN")["state"] == State.COMPLETE
    assert one(books, "THCN")["teachers"] == ["GV5"]


@pytest.mark.parametrize(
    ("day", "time"),
    [(date(2026, 10, 1), "GK1"), (date(2026, 11, 15), "GK1"), (date(2027, 1, 14), "GK1"), (ON, "CK1"), (date(2027, 7, 1), "CN")],
)
def test_people_are_busy_with_the_last_time_that_is_due(day: date, time: str, tmp_path: Path) -> None:
    assert current_time(books_of(tmp_path, class_3a(0), day), day) == time


def test_a_school_without_a_row_has_no_book(tmp_path: Path) -> None:
    books = books_of(tmp_path, {})
    assert books.is_empty()
    assert current_time(books, ON) == "GK1"


def test_whoever_lacks_something_here_has_a_finding_and_nobody_else(tmp_path: Path) -> None:
    """The picture and the rules count the same: a second way to the same number."""
    from tests.rules.school_tables import checked

    rows = [row for code in FIVE[:4] for row in book(code, 3, ["GK1", "CK1"])]
    del rows[3]
    rows[20]["level"] = None
    tables = {"pupils": [pupil(code) for code in FIVE], "marks": rows}
    rules = ("TT27-7.1a/1", "TT27-7.1a/2", "TT27-7.1b")
    found = checked(tmp_path / "check", tables, ON, rules).findings
    subjects = books_of(tmp_path, tables).filter((pl.col("subject") != CHARACTER) & (pl.col("state") == State.MISSING.value))
    assert subjects["missing"].sum() == found.height == 2 * 11 + 2


def snapshot_without_locks(night: Snapshot) -> None:
    """Write the marks as a night from before there was a column for locks."""
    frame = pl.read_parquet(night.path("marks")).drop("locked")
    frame.write_parquet(night.path("marks"))


def test_a_night_from_before_there_were_locks_can_still_be_read(tmp_path: Path) -> None:
    night = snapshot_of(tmp_path, class_3a(5, scored=5), ON)
    snapshot_without_locks(night)
    assert one(grade_entry(night, ON))["state"] == State.COMPLETE


def class_1a(taking: int, *, assigned: bool = False, subject: str = "NN1", at: str = "GK1") -> Tables:
    """Five pupils of 1A, so many of whom were assessed in an elective at one time."""
    rows = [mark(code, subject, at, "T", grade=1, class_name="1A") for code in FIVE[:taking]]
    lessons: list[Row] = [{"class_name": "1A", "subject": subject, "staff_code": "GV009"}] if assigned else []
    return {"pupils": [pupil(code, grade=1, class_name="1A") for code in FIVE], "marks": rows, "assignments": lessons}


@pytest.mark.parametrize(
    ("taking", "assigned", "expected"),
    [(0, False, 0), (0, True, 0), (1, False, 0), (2, False, 0), (3, False, 3), (5, False, 5), (1, True, 1)],
)
def test_an_elective_is_asked_of_the_pupils_who_were_assessed_in_it(*, taking: int, assigned: bool, expected: int, tmp_path: Path) -> None:
    books = books_of(tmp_path, class_1a(taking, assigned=assigned)).filter(pl.col("subject") == "NN1")
    told = {time: (number, state) for time, number, state in books.select("time", "expected", "state").rows()}
    states = {"GK1": State.COMPLETE, "CK1": State.MISSING, "GK2": State.NOT_DUE, "CN": State.NOT_DUE}
    assert told == ({time: (expected, state.value) for time, state in states.items()} if expected else {})


def test_an_elective_names_its_teacher_and_is_complete_without_a_score(tmp_path: Path) -> None:
    told = one(books_of(tmp_path, class_1a(5, assigned=True, at="CK1")), "NN1", class_name="1A")
    assert (told["state"], told["teachers"], told["complete"]) == (State.COMPLETE, ["GV009"], 5)


def test_a_compulsory_subject_is_no_elective_and_an_elective_may_be_of_any_grade(tmp_path: Path) -> None:
    tables = class_3a(0) | {"marks": [mark(code, subject, "CK1", "T") for code in FIVE for subject in ("NN1", "TDT")]}
    books = books_of(tmp_path, tables).filter((pl.col("time") == "CK1") & pl.col("subject").is_in(["NN1", "TDT"]))
    assert books.select("subject", "expected", "state").rows() == [("NN1", 5, State.MISSING), ("TDT", 5, State.COMPLETE)]


def test_who_changes_to_a_class_without_the_elective_owes_it_no_more(tmp_path: Path) -> None:
    tables = class_1a(3)
    tables["pupils"] = [row | {"class_name": "1B" if row["pupil_code"] == FIVE[0] else "1A"} for row in tables["pupils"]]
    tables["pupils"] += [pupil(f"79000000{number}", grade=1, class_name="1B") for number in range(11, 14)]
    books = books_of(tmp_path, tables | {"assignments": [{"class_name": "1A", "subject": "NN1", "staff_code": "GV009"}]})
    assert set(books.filter(pl.col("subject") == "NN1").select("class_name", "expected").iter_rows()) == {("1A", 2)}


def test_half_of_a_class_is_not_most_of_it(tmp_path: Path) -> None:
    tables = class_1a(2)
    tables["pupils"] = tables["pupils"][:4]
    assert "NN1" not in set(books_of(tmp_path, tables)["subject"])
