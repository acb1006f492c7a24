"""Age and grade: TU-1 to TU-3 (TT 28/2020 Điều 33), at every grade and at its boundaries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connectors.records import codes
from tests.rules.school_tables import DAY, Case, Text, case, findings_of, findings_of_cases, found_by, merged, next_code, pupil

ABOUT = ("TU-2/1", "TU-2/2", "TU-3")
RIGHT_BIRTH_YEAR = {1: 2020, 2: 2019, 3: 2018, 4: 2017, 5: 2016}  # rules.md TU-1, 2026-2027


def born_on(day: date, says: str, finds: str) -> Case:
    code = next_code()
    return case(says, code, ABOUT, finds, pupils=[pupil(code, birth_date=day.isoformat())])


def aged(says: str, finds: str, year: int, grade: int = 3, **values: Text) -> Case:
    """A pupil born at the end of a year: only the calendar year counts."""
    code = next_code()
    row = pupil(code, birth_date=f"{year}-12-31", grade=grade, class_name=f"{grade}A", **values)
    return case(says, code, ABOUT, finds, pupils=[row])


BY_GRADE = [
    aged(f"born in {year + years} is {told} in grade {grade}", finds, year + years, grade)
    for grade, year in RIGHT_BIRTH_YEAR.items()
    for years, told, finds in (
        (1, "too young", "TU-3"),
        (0, "right", ""),
        (-1, "a year older", "TU-2/1"),
        (-3, "three years older", "TU-2/1"),
        (-4, "four years older", "TU-2/2"),
    )
]
REASONS = [
    aged("a retained pupil may be a year older", "", 2017, enrolment_kind="3"),
    aged("a pupil of a policy category may be two years older", "", 2016, policy_category="08"),
    aged("a disabled pupil may be three years older", "", 2015, disability="05"),
    aged("a pupil of an ethnic minority may be older", "", 2017, ethnicity="Chăm"),
    aged("a reason does not allow four years", "TU-2/2", 2014, enrolment_kind="3", policy_category="08", disability="05"),
    aged("a reason does not make anyone old enough", "TU-3", 2019, policy_category="08"),
    aged("a pupil who moved away is not asked", "", 2013, status="04", status_date="2026-11-02"),
    aged("a birth date in the future is not an age", "", 2030),
    born_on(DAY, "born on the day itself is too young", "TU-3"),
    born_on(DAY + timedelta(days=1), "born a day later is a birth date in the future", ""),
]
CASES = [*BY_GRADE, *REASONS]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("age"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_age_is_counted_by_calendar_years(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_the_first_day_of_a_year_is_that_year(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001", birth_date="01/01/2018"), pupil("7900000002", birth_date="01/01/2017")]
    assert findings_of(tmp_path_factory.mktemp("age"), {"pupils": rows}, rules=ABOUT) == {("TU-2/1", "7900000002")}


def test_the_next_school_year_asks_for_the_next_birth_years(tmp_path_factory: pytest.TempPathFactory) -> None:
    told = findings_of(tmp_path_factory.mktemp("age"), merged(BY_GRADE), date(2027, 8, 1), ABOUT)
    on_time = {item.key for item in BY_GRADE if "is right" in item.says}
    assert {key for rule, key in told if rule == "TU-2/1"} >= on_time
    assert {key for rule, key in told if rule == "TU-3"} == set()


def test_every_ethnic_minority_is_a_reason(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil(f"79000000{code}", birth_date="2017-05-05", ethnicity=code) for code in codes.minority_codes()]
    assert findings_of(tmp_path_factory.mktemp("age"), {"pupils": rows}, rules=ABOUT) == set()
