"""How big the demo school is, who is in it, and that their numbers are right (ID-2 to ID-4, checked here by hand)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.demo.school import build_school
from connectors.records.codes import reference

if TYPE_CHECKING:
    from connectors.demo.school import School

DAY = date(2027, 5, 31)
KINH, HOA, KHMER, CHAM, FOREIGN = "01", "04", "05", "17", "55"


def number_faults(number: str | None, born: str, sex: str) -> list[str]:
    """What is wrong with a personal number, read off the decree (NĐ 137/2015 Điều 13) and no code of ours."""
    if number is None or len(number) != 12 or not number.isascii() or not number.isdigit():
        return ["not 12 digits"]
    digit = {("19", "Nam"): "0", ("19", "Nữ"): "1", ("20", "Nam"): "2", ("20", "Nữ"): "3"}[born[:2], sex]
    provinces = set(reference()["ma_tinh_dinh_danh"])
    faults = {
        "province": number[:3] not in provinces,
        "century and sex": number[3] != digit,
        "year of birth": number[4:6] != born[2:4],
    }
    return [name for name, wrong in faults.items() if wrong]


def test_a_school_has_thirty_classes_and_1050_pupils_by_default(school: School) -> None:
    assert (len(school.classes), len(school.pupils)) == (30, 1050)
    assert len(school.qlnt.pupils) == len(school.csdl.pupils) == 1050
    assert Counter(plan.grade for plan in school.classes) == dict.fromkeys(range(1, 6), 6)


def test_no_class_has_more_than_35_pupils(school: School) -> None:
    sizes = Counter(row.class_name for row in school.qlnt.pupils)
    assert set(sizes) == {row.class_name for row in school.qlnt.classes}
    assert max(sizes.values()) <= 35


@pytest.mark.parametrize("pupils", [60, 61, 299, 1050, 1777])
def test_a_school_has_exactly_as_many_pupils_as_asked_for(pupils: int) -> None:
    school = build_school(3, pupils, date(2026, 9, 30))
    assert len(school.qlnt.pupils) == len({row.pupil_code for row in school.qlnt.pupils}) == pupils
    assert {plan.grade for plan in school.classes} == {1, 2, 3, 4, 5}


def test_about_sixty_people_work_there(school: School) -> None:
    assert 55 <= len(school.hr.staff) <= 65
    assert {row.homeroom_code for row in school.qlnt.classes} <= {row.staff_code for row in school.hr.staff}
    assert {row.staff_code for row in school.qlnt.assignments} <= {row.staff_code for row in school.hr.staff}


def test_every_class_has_a_teacher_for_every_subject_of_its_gradebook(school: School) -> None:
    taught = {(row.class_name, row.subject) for row in school.qlnt.assignments}
    assert {(row.class_name, row.subject) for row in school.qlnt.marks} == taught


def test_personal_numbers_of_pupils_are_right_and_nobody_elses(school: School) -> None:
    own = [row for row in school.qlnt.pupils if row.ethnicity != FOREIGN]
    wrong = {row.pupil_code: faults for row in own if (faults := number_faults(row.personal_number, row.birth_date or "", row.sex or ""))}
    assert not wrong
    assert len({row.personal_number for row in school.qlnt.pupils}) == len(school.qlnt.pupils)
    assert {row.personal_number[3] for row in own if row.personal_number} == {"2", "3"}


def test_both_systems_have_the_same_number_of_a_pupil(school: School) -> None:
    own = {row.pupil_code: row.personal_number for row in school.qlnt.pupils}
    assert own == {row.pupil_code: row.personal_number for row in school.csdl.pupils}


def test_staff_have_right_numbers_or_the_old_nine_digit_card(school: School) -> None:
    old = [row for row in school.hr.staff if len(row.personal_number or "") == 9]
    wrong = [
        row.staff_code
        for row in school.hr.staff
        if row not in old and number_faults(row.personal_number, row.birth_date or "", row.sex or "")
    ]
    assert len(old) == 1
    assert not wrong


def test_ministry_codes_have_ten_digits(school: School) -> None:
    assert all(len(row.pupil_code) == 10 and row.pupil_code.isdigit() for row in school.qlnt.pupils)


def test_the_school_is_kinh_and_hoa_with_khmer_and_cham(school: School) -> None:
    groups = Counter(row.ethnicity for row in school.qlnt.pupils)
    assert groups[KINH] > len(school.pupils) / 2
    assert len(school.pupils) / 4 < groups[HOA] < groups[KINH]
    assert groups[KHMER] >= 1
    assert groups[CHAM] >= 1


def test_pupils_are_as_old_as_their_grade_unless_there_is_a_reason(school: School) -> None:
    rows = [row for row in school.qlnt.pupils if int((row.birth_date or "")[:4]) != 2026 - 5 - row.grade]
    assert rows
    excused = [row for row in rows if row.enrolment_kind == "3" or row.policy_category or row.ethnicity != KINH]
    assert rows == excused
