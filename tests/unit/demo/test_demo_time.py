"""Nothing in the demo school is later than its day, and all that is due by then is there."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.demo.school import School, build_school

if TYPE_CHECKING:
    from collections.abc import Iterator

# Start of the year, between the terms, spring, before and after the end of the year, summer.
DAYS = (date(2026, 9, 30), date(2027, 1, 20), date(2027, 4, 5), date(2027, 5, 30), date(2027, 5, 31), date(2026, 8, 10))
ISO, VIETNAMESE = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"\d{2}/\d{2}/\d{4}")
DUE = {"GK1": date(2026, 11, 15), "CK1": date(2027, 1, 15), "GK2": date(2027, 3, 31), "CN": date(2027, 5, 25)}


@pytest.fixture(scope="module", params=DAYS, ids=str)
def dated(request: pytest.FixtureRequest) -> School:
    return build_school(4, 150, request.param)


def dates_in(row: object) -> Iterator[date]:
    for field in fields(row):  # type: ignore[arg-type]
        value = str(getattr(row, field.name))
        yield from (date.fromisoformat(text) for text in ISO.findall(value))
        yield from (date(int(text[6:]), int(text[3:5]), int(text[:2])) for text in VIETNAMESE.findall(value))


def rows_of(school: School) -> Iterator[object]:
    for system in (school.qlnt, school.csdl, school.hr):
        for name in system.__slots__:
            yield from getattr(system, name)


def test_nothing_is_later_than_the_day(dated: School) -> None:
    ahead = [row for row in rows_of(dated) if max(dates_in(row), default=dated.day) > dated.day]
    leaving = [row for row in dated.hr.staff if row.status_date and date.fromisoformat(row.status_date) > dated.day]
    assert ahead == leaving
    assert all(row.decision_number for row in leaving), "only a signed decision may take effect later"


def test_who_has_yet_to_leave_still_has_an_open_account(dated: School) -> None:
    leaving = {row.staff_code for row in dated.hr.staff if row.status_date and date.fromisoformat(row.status_date) > dated.day}
    accounts = [row for row in (*dated.qlnt.accounts, *dated.hr.accounts) if row.owner_code in leaving]
    assert accounts
    assert all(row.active for row in accounts)


def test_exactly_the_times_that_are_due_have_marks(dated: School) -> None:
    due = {time for time, day in DUE.items() if day <= dated.day} if dated.year.start_year == 2026 else set()
    assert {row.time for row in dated.qlnt.marks} == {row.time for row in dated.qlnt.traits} == due


def test_results_come_with_the_last_day_of_the_year(dated: School) -> None:
    assert bool(dated.qlnt.year_results) == (dated.day == date(2027, 5, 31))


def test_only_months_that_have_ended_have_attendance(dated: School) -> None:
    for month in {row.month for row in dated.qlnt.attendance}:
        first = date.fromisoformat(f"{month}-01")
        assert (first + timedelta(days=31)).replace(day=1) - timedelta(days=1) <= dated.day
    months = {row.month for row in dated.qlnt.attendance}
    assert len(months) == {date(2026, 9, 30): 1, date(2027, 1, 20): 4, date(2027, 4, 5): 7, date(2027, 5, 31): 9}.get(
        dated.day, len(months)
    )


def test_who_left_has_no_mark_after_that_and_who_came_none_before(dated: School) -> None:
    people = {pupil.code: pupil for pupil in dated.pupils}
    for row in dated.qlnt.marks:
        pupil, due = people[row.pupil_code], DUE[row.time]
        assert pupil.left_on is None or pupil.left_on > due
        assert pupil.joined_on is None or pupil.joined_on <= due
