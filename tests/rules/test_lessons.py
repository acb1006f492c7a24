"""Who teaches and leads classes beside the staff list: DCH-8, DCH-9, TU-4/5."""

from __future__ import annotations

import pytest

from tests.rules.school_tables import Case, Row, Text, case, findings_of, findings_of_cases, found_by, next_code, school_class, staff

UNKNOWN, GONE, LEADER_GONE = "DCH-8", "DCH-9", "TU-4/5"
LEFT = {"status": "05", "status_date": "2027-01-31", "decision_number": "12/QĐ"}


def teaching(says: str, finds: str, *, listed: bool = True, written: bool = True, **values: Text) -> Case:
    """A lesson of a class, and whoever teaches it on the staff list."""
    code, name = f"GV{next_code()}", f"3/{next_code()}"
    rows: list[Row] = [{"class_name": name, "subject": "TV", "staff_code": code if written else None}]
    people = [staff(code, **values)] if listed else []
    return case(says, f"{name}|TV", (UNKNOWN, GONE), finds, assignments=rows, staff=people)


def leading(says: str, finds: str, **values: Text) -> Case:
    code, name = f"GV{next_code()}", f"3/{next_code()}"
    return case(says, name, (LEADER_GONE,), finds, classes=[school_class(name, homeroom_code=code)], staff=[staff(code, **values)])


CASES = [
    teaching("someone on the list", ""),
    teaching("nobody on the list", UNKNOWN, listed=False),
    teaching("no code at all", UNKNOWN, written=False),
    teaching("someone who left", GONE, **LEFT),
    teaching("someone who leaves tonight", GONE, **{**LEFT, "status_date": "2027-05-31"}),
    teaching("someone who leaves tomorrow", "", **{**LEFT, "status_date": "2027-06-01"}),
    teaching("someone waiting for retirement", "", status="04"),
    teaching("someone seconded elsewhere keeps the lesson until it is changed", "", status="06"),
    leading("a class of someone at work", ""),
    leading("a class of someone who left", LEADER_GONE, **LEFT),
    leading("a class of someone who leaves tomorrow", "", **{**LEFT, "status_date": "2027-06-01"}),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("lessons"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_only_people_who_are_there_teach(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_without_a_staff_list_nobody_is_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows: list[Row] = [{"class_name": "3A", "subject": "TV", "staff_code": "GV1"}]
    assert findings_of(tmp_path_factory.mktemp("lessons"), {"assignments": rows}, rules=(UNKNOWN, GONE)) == set()
