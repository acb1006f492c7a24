"""The school's staff list beside TEMIS, person by person: DCH-10 to DCH-14."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rules.school_tables import Case, Text, case, checked, findings_of_cases, found_by, next_code, pairs, staff

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = tuple(f"DCH-{number}" for number in range(10, 15))
LEFT = {"status": "05", "status_date": "2027-01-31", "decision_number": "12/QĐ"}


def both(says: str, finds: str, here: dict[str, Text], there: dict[str, Text]) -> Case:
    """A person on both lists, with what differs."""
    code = f"GV{next_code()}"
    named = {"full_name": "Lê Hòa"}
    rows = [staff(code, **{**named, **here}), staff(code, source_system="temis", **{**named, **there})]
    return case(says, code, ABOUT, finds, staff=rows)


def only(says: str, finds: str, system: str, **values: Text) -> Case:
    code = f"GV{next_code()}"
    return case(says, code, ABOUT, finds, staff=[staff(code, source_system=system, **values)])


CASES = [
    both("the same on both", "", {}, {}),
    only("only on the school's list", "DCH-10", "staff"),
    only("only in TEMIS", "DCH-10", "temis"),
    only("only on one, and gone", "", "staff", **LEFT),
    only("only in TEMIS, and gone", "", "temis", **LEFT),
    both("another name", "DCH-11", {"full_name": "Lê Hoa"}, {}),
    both("the name in capitals with the tone elsewhere", "", {"full_name": "LÊ  HOÀ"}, {}),
    both("no name on one list is told by CB-1", "", {"full_name": None}, {}),
    both("another birth date", "DCH-12", {"birth_date": "1985-04-02"}, {}),
    both("no birth date on one list", "", {}, {"birth_date": None}),
    both("another number", "DCH-13", {"personal_number": "079185012346"}, {}),
    both("an old card beside the new number", "", {"personal_number": "023456789"}, {}),
    both("a number that is none is told by ID-7", "", {"personal_number": "0791850123"}, {}),
    both("left here, at work there", "DCH-14", LEFT, {}),
    both("at work here, left there", "DCH-14", {}, {"status": "02"}),
    both("left on both, each with its own word", "", LEFT, {"status": "08"}),
    both("leaving tonight is having left", "DCH-14", {**LEFT, "status_date": "2027-05-31"}, {}),
    both("leaving tomorrow is being at work", "", {**LEFT, "status_date": "2027-06-01"}, {"status": "04"}),
    both("a status out of the list is told by CB-5", "", {"status": "99"}, {}),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("lists"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_two_lists_say_the_same_of_everybody(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_nothing_is_compared_while_a_list_is_empty(tmp_path: Path) -> None:
    quality = checked(tmp_path, {"staff": [staff("GV001")], "ratings": [{"staff_code": "GV001", "source_system": "temis"}]}, rules=ABOUT)
    assert pairs(quality) == set()
    assert set(quality.examined.values()) == {0}


def test_a_finding_of_both_lists_names_both_and_says_how_the_names_differ(tmp_path: Path) -> None:
    rows = [staff("GV001", full_name="Trần Mỹ"), staff("GV001", full_name="Trần Mĩ", source_system="temis")]
    findings = checked(tmp_path, {"staff": rows}, rules=ABOUT).findings
    assert findings.select("rule", "system", "value", "expected").rows() == [
        ("DCH-11", "staff×temis", "Trần Mỹ", "TEMIS ghi: Trần Mĩ (chỉ khác i/y)")
    ]
