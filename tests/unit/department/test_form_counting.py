"""What each row and column counts, and what is told when a pupil cannot be placed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.department.counting import Counts, count_form
from infra.settings import School

if TYPE_CHECKING:
    from conftest import Roster

WHOLE = (1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)


def counted(roster: Roster, school: School, day: date = date(2026, 9, 30)) -> Counts:
    return count_form(roster.snapshot(day), school)


def firsts(counts: Counts) -> dict[str, int]:
    """Rows that count anybody in column 1."""
    return {code: row[0] for code, row in counts.values.items() if row[0] and int(code) >= 37}


def test_born_on_the_last_day_of_2019_is_seven_and_not_at_the_right_age(roster: Roster, school: School) -> None:
    roster.add(birth_date=date(2019, 12, 31))
    assert firsts(counted(roster, school)) == {"37": 1, "38": 1, "40": 1, "47": 1, "57": 1, "59": 1}


def test_born_on_new_year_2020_is_six_and_at_the_right_age(roster: Roster, school: School) -> None:
    roster.add(birth_date=date(2020, 1, 1))
    assert firsts(counted(roster, school)) == {"37": 1, "38": 1, "40": 1, "46": 1, "52": 1, "57": 1, "59": 1}


def test_a_hoa_girl_counts_in_columns_1_to_4(roster: Roster, school: School) -> None:
    roster.add(sex="Nữ", ethnicity="04")
    assert counted(roster, school).values["37"] == (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0)


def test_a_kinh_boy_counts_in_column_1_only(roster: Roster, school: School) -> None:
    roster.add()
    assert counted(roster, school).values["37"] == WHOLE


def test_a_minority_boy_is_no_girl(roster: Roster, school: School) -> None:
    roster.add(ethnicity="02")
    assert counted(roster, school).values["37"][:4] == (1, 0, 1, 0)


def test_a_private_school_in_the_mountains_fills_the_other_block_and_row(roster: Roster) -> None:
    roster.add(sex="Nữ")
    counts = counted(roster, School(name="Tư thục", public=False, region="miền núi"))
    assert counts.values["37"] == counts.values["39"] == (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0)
    assert counts.values["38"] == (0,) * 12
    assert counts.values["27"] == (5, 0, 5)


def test_a_foreigner_is_no_minority_but_is_flagged(roster: Roster, school: School) -> None:
    roster.add(ethnicity="55")
    counts = counted(roster, school)
    assert (counts.values["37"], counts.foreigners, counts.problems) == (WHOLE, 1, [])


def test_ages_at_both_ends(roster: Roster, school: School) -> None:
    roster.add(birth_date=date(2021, 1, 1))
    roster.add(birth_date=date(2015, 12, 31), grade=5, class_name="5A", enrolment_kind="4")
    roster.add(birth_date=date(2016, 1, 1), grade=5, class_name="5A", enrolment_kind="4")
    numbers = firsts(counted(roster, school))
    assert [numbers.get(code) for code in ("45", "50", "51", "56")] == [1, 1, 1, 1]


@pytest.mark.parametrize(("grade", "row"), [(1, "40"), (2, "41"), (3, "42"), (4, "43"), (5, "44")])
def test_grades_right_ages_and_informatics(roster: Roster, school: School, grade: int, row: str) -> None:
    roster.add(grade=grade, class_name=f"{grade}A", birth_date=date(2021 - grade, 5, 5), enrolment_kind="4")
    numbers = firsts(counted(roster, school))
    assert numbers[row] == numbers[str(51 + grade)] == numbers[str(45 + grade)] == 1
    assert ("73" in numbers) == (grade >= 3)


def test_retained_transferred_and_newly_enrolled_are_apart(roster: Roster, school: School) -> None:
    for kind in ("0", "2", "1", "3", "3"):
        roster.add(enrolment_kind=kind)
    numbers = firsts(counted(roster, school))
    assert (numbers["57"], numbers["58"]) == (2, 2)


@pytest.mark.parametrize(("kind", "row"), [("01", "65"), ("02", "63"), ("03", "62"), ("04", "66"), ("05", "64"), ("06", None)])
def test_disabilities_by_type(roster: Roster, school: School, kind: str, row: str | None) -> None:
    roster.add(disability=kind)
    numbers = firsts(counted(roster, school))
    assert {code for code in numbers if 61 <= int(code) <= 66} == {"61", *([row] if row else [])}


def test_policy_and_single_session(roster: Roster, school: School) -> None:
    roster.classes[0]["sessions_per_day"] = 1
    roster.add(policy_category="08")
    counts = counted(roster, school)
    assert (firsts(counts)["74"], counts.values["59"][0], counts.values["33"]) == (1, 0, (4, 4, 0))


def test_classes_by_grade_combined_and_of_this_year_only(roster: Roster, school: School) -> None:
    roster.add()
    roster.classes[1]["combined"] = True
    roster.classes.append({"class_name": "1A cũ", "grade": 1, "school_year": "2025-2026", "sessions_per_day": 2})
    roster.classes.append({"class_name": "1B", "grade": 1, "school_year": None, "sessions_per_day": 2})
    counts = counted(roster, school)
    assert {code: row[0] for code, row in counts.values.items() if int(code) < 37} == {
        "27": 6, "28": 2, "29": 1, "30": 1, "31": 1, "32": 1, "33": 6, "36": 1,
    }  # fmt: skip
    assert counts.problems == []


def test_a_pupil_of_a_combined_class_counts_in_the_own_grade(roster: Roster, school: School) -> None:
    roster.add(class_name="1A", grade=2, enrolment_kind="4")
    roster.add(class_name="1A", grade=None)
    numbers = firsts(counted(roster, school))
    assert (numbers["41"], numbers["40"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "told", "lost"),
    [
        ({"sex": None}, "giới tính", []),
        ({"ethnicity": None}, "dân tộc", []),
        ({"ethnicity": "99"}, "dân tộc", []),
        ({"birth_date": None}, "ngày sinh", ["46", "52"]),
        ({"grade": None, "class_name": None}, "khối", ["40", "52", "57", "59"]),
        ({"grade": 6}, "khối", ["40", "52", "57"]),
        ({"enrolment_kind": None}, "loại nhập học", ["57"]),
        ({"class_name": "9Z"}, "mấy buổi/ngày", ["59"]),
        ({"disability": "77"}, "loại khuyết tật lạ", []),
        ({"policy_category": "77"}, "diện chính sách lạ", []),
        ({"status": None}, "trạng thái", []),
        ({"pupil_code": None}, "không có mã định danh", []),
    ],
)
def test_what_cannot_be_placed_stays_in_the_total_and_is_told(
    roster: Roster, school: School, change: dict[str, object], told: str, lost: list[str]
) -> None:
    roster.add()
    roster.add(**change)
    counts = counted(roster, school)
    assert counts.values["37"][0] == 2
    assert any(problem.startswith("1 ") and told in problem for problem in counts.problems), counts.problems
    assert [code for code in ("40", "46", "52", "57", "59") if counts.values[code][0] == 1] == lost


def test_a_newly_enrolled_pupil_of_lop_3_is_told_and_not_in_row_57(roster: Roster, school: School) -> None:
    roster.add(grade=3, class_name="3A")
    counts = counted(roster, school)
    assert counts.values["57"][0] == 0
    assert ["Trúng tuyển" in problem for problem in counts.problems] == [True]


def test_both_rows_of_a_repeated_code_count_and_are_told(roster: Roster, school: School) -> None:
    code = roster.add()
    roster.add(pupil_code=code)
    counts = counted(roster, school)
    assert counts.values["37"][0] == 2
    assert counts.problems == ["2 dòng học sinh trùng mã định danh: dòng nào cũng được đếm"]


def test_classes_without_grade_sessions_or_with_a_repeated_name_are_told(roster: Roster, school: School) -> None:
    roster.add()
    roster.classes += [roster.classes[4], {"class_name": "6A", "school_year": "2026-2027"}]
    counts = counted(roster, school)
    assert counts.values["27"][0] == 6
    assert [problem[:24] for problem in counts.problems] == [
        "1 lớp chưa rõ khối (1–5)",
        "1 lớp chưa ghi số buổi/n",
        "1 lớp có tên trùng nhau ",
    ]


def test_rows_whose_column_is_not_delivered_are_blank_and_never_zero(roster: Roster, school: School) -> None:
    roster.add(disability=None, enrolment_kind=None)
    roster.lacking = {"pupils.disability", "pupils.enrolment_kind", "classes.sessions_per_day", "classes.combined"}
    counts = counted(roster, school)
    gone = {"33", "36", "57", "58", "59", "61", "62", "63", "64", "65", "66"}
    assert gone.isdisjoint(counts.values)
    reasons = dict(counts.blank)
    assert gone <= set(reasons)
    assert reasons["57"] == "hệ thống qlnt không giao cột «Loại nhập học»"
    assert counts.problems == []


def test_blank_rows_are_listed_in_order_with_the_parts_not_asked_last(roster: Roster, school: School) -> None:
    roster.add()
    codes = [code for code, reason in counted(roster, school).blank if reason]
    assert codes == ["34", "35", "60", *map(str, range(67, 73)), "75", "76", "77", "1–26", "78–119", "120–132"]


def test_every_row_of_parts_ii_and_iii_is_either_counted_or_blank(roster: Roster, school: School) -> None:
    roster.add()
    counts = counted(roster, school)
    assert sorted([*counts.values, *(code for code, _ in counts.blank[:-3])], key=int) == [str(code) for code in range(27, 78)]


def test_nothing_delivered_leaves_everything_blank_and_is_a_problem(roster: Roster, school: School) -> None:
    roster.classes = []
    counts = counted(roster, school)
    assert counts.values == {}
    assert [problem.split(":")[1] for problem in counts.problems] == [" phần II để trống", " phần III để trống"]


def test_rows_of_other_systems_do_not_count(roster: Roster, school: School) -> None:
    roster.add()
    roster.add(source_system="csdl")
    assert counted(roster, school).values["37"] == WHOLE


def test_twenty_thousand_pupils_are_counted(roster: Roster, school: School) -> None:
    for _ in range(20_000):
        roster.add(status="04", status_date=date(2026, 10, 1))
    snapshot = roster.snapshot(date(2027, 1, 1))
    counts = count_form(snapshot, school)
    assert counts.values["37"][0] == 20_000
