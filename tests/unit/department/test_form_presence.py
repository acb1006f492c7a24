"""Who was at school on 30 September, rebuilt from what is known on a later day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.department.counting import count_form

if TYPE_CHECKING:
    from conftest import Roster

    from infra.settings import School

LATER = date(2027, 5, 31)
SEPT_15, CENSUS_DAY, OCT_1, MARCH = date(2026, 9, 15), date(2026, 9, 30), date(2026, 10, 1), date(2027, 3, 1)


def present(roster: Roster, school: School, day: date = LATER) -> tuple[int, list[str]]:
    roster.add(status="01")  # someone who is always there
    counts = count_form(roster.snapshot(day), school)
    return counts.values["37"][0] - 1, counts.problems


@pytest.mark.parametrize(
    ("status", "movements", "counted"),
    [
        ("04", [("04", SEPT_15)], 0),
        ("04", [("04", CENSUS_DAY)], 0),
        ("04", [("04", OCT_1)], 1),
        ("09", [("09", MARCH)], 1),
        ("11", [("11", date(2026, 7, 1))], 0),
        ("02", [("02", OCT_1)], 0),
        ("02", [("02", CENSUS_DAY)], 1),
        ("10", [("10", date(2026, 8, 20))], 1),
        ("06", [("06", MARCH)], 0),
        ("03", [("05", SEPT_15), ("03", date(2026, 9, 25))], 1),
        ("03", [("05", SEPT_15), ("03", date(2026, 10, 25))], 0),
        ("07", [("05", OCT_1), ("07", MARCH)], 1),
        ("08", [("02", SEPT_15), ("08", MARCH)], 1),
        ("08", [("02", OCT_1), ("08", MARCH)], 0),
        ("04", [("02", SEPT_15), ("04", SEPT_15)], 0),
        ("01", [], 1),
    ],
)
def test_movements_decide(roster: Roster, school: School, status: str, movements: list[tuple[str, date]], counted: int) -> None:
    code = roster.add(status=status)
    for kind, on in movements:
        roster.move(code, kind, on)
    assert present(roster, school) == (counted, [])


@pytest.mark.parametrize(
    ("status", "on", "counted"),
    [
        ("04", SEPT_15, 0),
        ("04", OCT_1, 1),
        ("02", SEPT_15, 1),
        ("02", OCT_1, 0),
        ("08", None, 1),
        ("06", None, 0),
        ("11", None, 0),
        ("10", None, 1),
    ],
)
def test_the_status_decides_where_no_movement_is_recorded(
    roster: Roster, school: School, status: str, on: date | None, counted: int
) -> None:
    roster.add(status=status, status_date=on)
    assert present(roster, school) == (counted, [])


def test_a_movement_is_believed_before_the_status_date(roster: Roster, school: School) -> None:
    code = roster.add(status="04", status_date=SEPT_15)
    roster.move(code, "04", OCT_1)
    assert present(roster, school) == (1, [])


@pytest.mark.parametrize("status", ["04", "05"])
def test_someone_who_left_nobody_knows_when_is_counted_and_told(roster: Roster, school: School, status: str) -> None:
    roster.move(roster.add(status=status), status, None)
    number, problems = present(roster, school)
    assert number == 1
    assert [problem[:40] for problem in problems] == ["1 học sinh có biến động chưa ghi ngày, c"]


def test_someone_who_came_back_nobody_knows_when_is_counted_and_told(roster: Roster, school: School) -> None:
    roster.move(roster.add(status="03"), "05", SEPT_15)
    number, problems = present(roster, school)
    assert number == 1
    assert [problem[:40] for problem in problems] == ["1 học sinh có biến động chưa ghi ngày, c"]


def test_the_status_date_dates_a_movement_without_date(roster: Roster, school: School) -> None:
    roster.move(roster.add(status="04", status_date=SEPT_15), "04", None)
    assert present(roster, school) == (0, [])


def test_on_the_day_itself_who_has_left_is_gone_whenever_it_was(roster: Roster, school: School) -> None:
    roster.add(status="04")
    assert present(roster, school, CENSUS_DAY) == (0, [])


def test_a_summer_kind_without_date_is_doubtful_in_the_next_summer(roster: Roster, school: School) -> None:
    roster.add(status="11")
    number, problems = present(roster, school, date(2027, 6, 20))
    assert (number, len(problems)) == (1, 1)


def test_gone_by_movement_but_at_school_by_status_is_told(roster: Roster, school: School) -> None:
    roster.move(roster.add(status="01"), "04", SEPT_15)
    number, problems = present(roster, school)
    assert number == 0
    assert [problem[:40] for problem in problems] == ["1 học sinh có trạng thái «đang học» nhưn"]


def test_movers_who_are_no_pupils_any_more_are_told(roster: Roster, school: School) -> None:
    roster.move("7900009999", "04", OCT_1)
    roster.move("7900009998", "04", SEPT_15)
    roster.move(None, "04", OCT_1)
    number, problems = present(roster, school)
    assert number == 0
    assert [problem[:30] for problem in problems] == ["1 mã học sinh theo biến động c", "1 biến động không ghi mã học s"]


def test_a_pupil_without_code_is_judged_by_the_own_status(roster: Roster, school: School) -> None:
    roster.add(pupil_code=None, status="04", status_date=SEPT_15)
    roster.add(pupil_code=None, status="04", status_date=OCT_1)
    assert present(roster, school)[0] == 1


def test_movements_of_other_systems_do_not_count(roster: Roster, school: School) -> None:
    code = roster.add()
    roster.movements.append({"pupil_code": code, "kind": "04", "date": SEPT_15, "source_system": "csdl"})
    assert present(roster, school) == (1, [])
