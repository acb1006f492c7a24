"""Classes: size, class teacher, inclusive and combined classes (TU-4)."""

from __future__ import annotations

import pytest

from tests.rules.school_tables import Case, Row, Text, case, findings_of, findings_of_cases, found_by, next_code, pupil, school_class, staff

ABOUT = ("TU-4/1", "TU-4/2", "TU-4/3", "TU-4/4")
TEACHERS = [staff("GV001"), staff("GV002")]


def full_class(says: str, finds: str, size: int, disabled: int = 0, **values: Text) -> Case:
    """A class of its own with so many pupils at school, the first ones disabled, and one who moved away."""
    name = f"4/{next_code()}"
    present = [pupil(next_code(), class_name=name, grade=4, disability="01" if number < disabled else None) for number in range(size)]
    gone: Row = pupil(next_code(), class_name=name, grade=4, disability="01", status="08", status_date="2027-02-01")
    return case(says, name, ABOUT, finds, pupils=[*present, gone], classes=[school_class(name, **values)])


CASES = [
    full_class("35 pupils are a class", "", 35),
    full_class("36 pupils are too many", "TU-4/1", 36),
    full_class("a class without pupils is not too large", "", 0),
    full_class("a class needs its teacher", "TU-4/2", 3, homeroom_code=None),
    full_class("a teacher who is not on the staff list is none", "TU-4/2", 3, homeroom_code="GV999"),
    full_class("another teacher of the list will do", "", 3, homeroom_code="GV002"),
    full_class("two disabled pupils learn together", "", 10, 2),
    full_class("three disabled pupils need a decision", "TU-4/3", 10, 3),
    full_class("15 pupils are a combined class", "", 15, combined="1"),
    full_class("16 pupils are too many for a combined class", "TU-4/4", 16, combined="có"),
    full_class("16 pupils are few for a class that is not combined", "", 16, combined="không"),
    full_class("nobody said whether the class is combined", "", 16, combined=None),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    teachers = case("the staff list", "", (), "", staff=TEACHERS)
    return findings_of_cases(tmp_path_factory.mktemp("classes"), [*CASES, teachers])


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_class_is_counted_by_who_is_at_school(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_without_a_staff_list_no_teacher_is_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = {"classes": [school_class("3A"), school_class("3B", homeroom_code=None)]}
    assert findings_of(tmp_path_factory.mktemp("classes"), tables, rules=ABOUT) == {("TU-4/2", "3B")}
