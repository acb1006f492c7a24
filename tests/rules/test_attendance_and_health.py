"""Days off every month (CC-1, QC-19.6d) and heights and weights that can be true (SK-1)."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Text,
    case,
    checked,
    findings_of,
    findings_of_cases,
    found_by,
    next_code,
    pairs,
    pupil,
    rules_named,
    snapshot_of,
)

DAYS_OFF = ("CC-1/1", "CC-1/2", "CC-1/3")
MISSING = ("QC-19.6/9",)
BOOK = "QC-19.6/10"
BODY = ("SK-1/1", "SK-1/2", "SK-1/3")
TERM = ("CC-1/4",)
MEASURED = ("SK-1/4", "SK-1/5")
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04", "2027-05")


def absent(code: str, month: str = "2026-10", excused: Text = 0, unexcused: Text = 0, total: Text = None) -> Row:
    return {"pupil_code": code, "class_name": "3A", "month": month, "excused": excused, "unexcused": unexcused, "total": total}


def days_off(says: str, finds: str, excused: Text, unexcused: Text, total: Text = None) -> Case:
    code = next_code()
    return case(says, f"{code}|2026-10", DAYS_OFF, finds, attendance=[absent(code, "2026-10", excused, unexcused, total)])


def month(says: str, finds: str, excused: Text = 0, unexcused: Text = 0, **values: Text) -> Case:
    """October of a pupil, entered in part."""
    code = next_code()
    rows = [absent(code, "2026-10", excused, unexcused)]
    return case(says, f"{code}|2026-10", MISSING, finds, pupils=[pupil(code, **values)], attendance=rows)


def body(says: str, finds: str, height: Text = "125", weight: Text = "25") -> Case:
    code = next_code()
    row: Row = {"pupil_code": code, "class_name": "3A", "checked_on": "2026-10-10", "height_cm": height, "weight_kg": weight}
    return case(says, code, BODY, finds, health=[row])


def term(says: str, finds: str, months: dict[str, int], name: str = "kỳ 1") -> Case:
    """Days off by month; told of a term."""
    code = next_code()
    return case(says, f"{code}|{name}", TERM, finds, attendance=[absent(code, month, days) for month, days in months.items()])


def measured(says: str, finds: str, height: Text = "125", weight: Text = "25", *, filed: bool = True, **values: Text) -> Case:
    """A pupil alone in a class, with or without a line in the health records."""
    code = next_code()
    rows: list[Row] = [{"pupil_code": code, "height_cm": height, "weight_kg": weight}] if filed else []
    return case(says, code, MEASURED, finds, pupils=[pupil(code, class_name=f"3/{code}", **values)], health=rows)


def whole_class(says: str, finds: str, pupils: int, lines: int) -> Case:
    name = f"3/{next_code()}"
    codes = [next_code() for _ in range(pupils)]
    rows: list[Row] = [{"pupil_code": code, "height_cm": "125", "weight_kg": "25"} for code in codes[:lines]]
    return case(says, name, MEASURED, finds, pupils=[pupil(code, class_name=name) for code in codes], health=rows)


def month_of_class(says: str, finds: str, pupils: int, *days: Text) -> Case:
    """October of a class whose pupils came in October or before; of the first ones leave is entered."""
    name = f"3/{next_code()}"
    codes = [next_code() for _ in range(pupils)]
    rows = [absent(code, "2026-10", excused, None) for code, excused in zip(codes, days, strict=False)]
    return case(says, f"{name}|2026-10", (BOOK,), finds, pupils=[pupil(code, class_name=name) for code in codes], attendance=rows)


MONTHS_OF_CLASSES = [
    month_of_class("five pupils without a row in October are told as a class", BOOK, 5),
    month_of_class("rows left blank are no days", BOOK, 5, None, None, None, None, None),
    month_of_class("one pupil's leave is a beginning", "", 5, 0),
    month_of_class("four pupils are told one by one", "", 4),
]
TERMS = [
    term("90 days are a term", "", {"2026-09": 25, "2026-10": 25, "2026-11": 25, "2026-12": 15}),
    term("91 days are more than a term", "CC-1/4", {"2026-09": 25, "2026-10": 25, "2026-11": 25, "2026-12": 16}),
    term("January is of the first term", "CC-1/4", {"2026-09": 25, "2026-10": 25, "2026-11": 25, "2027-01": 16}),
    term("February is not", "", {"2026-09": 25, "2026-10": 25, "2026-11": 25, "2027-02": 16}),
    term("the second term has its own sum", "CC-1/4", {"2027-02": 25, "2027-03": 25, "2027-04": 25, "2027-05": 16}, "kỳ 2"),
    term("another school year's months do not count", "", {"2026-09": 25, "2026-10": 25, "2026-11": 25, "2025-12": 16}),
]
MEASURES = [
    measured("measured and weighed", ""),
    measured("without a line", "SK-1/4", filed=False),
    measured("measured and not weighed", "SK-1/4", weight=None),
    measured("weighed and not measured", "SK-1/4", height=None),
    measured("a pupil who is not assessed grows as well", "SK-1/4", filed=False, disability="05", not_assessed="1"),
    measured("who moved away is not asked", "", filed=False, status="08", status_date="2027-03-01"),
    measured("who came after the day was measured elsewhere", "", filed=False, status="06", status_date="2027-01-18"),
    measured("who came on the last day is asked", "SK-1/4", filed=False, status="02", status_date="2026-12-31"),
    whole_class("five pupils of whom nobody is measured are told as a class", "SK-1/5", 5, 0),
    whole_class("of six one is measured: the others are told one by one", "", 6, 1),
    whole_class("four pupils are told one by one", "", 4, 0),
]
ATTENDANCE = [
    days_off("no day off", "", 0, 0, 0),
    days_off("less than none with leave", "CC-1/1", -1, 0),
    days_off("less than none without leave", "CC-1/1", 0, -1),
    days_off("a wrong sum of negative days is told as the negative alone", "CC-1/1", -1, 1, 5),
    days_off("the sum is the total", "", 2, 3, 5),
    days_off("another sum is not", "CC-1/2", 2, 3, 6),
    days_off("no total is no wrong total", "", 2, 3),
    days_off("26 days are a month", "", 20, 6, 26),
    days_off("27 days are more than a month", "CC-1/3", 20, 7),
    days_off("`1.0` of a spreadsheet is 1", "", "1.0", "0", "1"),
    month("both entered", ""),
    month("with leave not entered", "QC-19.6/9", excused=None),
    month("without leave not entered", "QC-19.6/9", unexcused=None),
    month("half a day cannot be read", "QC-19.6/9", excused="0,5"),
    month("a pupil who is not assessed is still counted", "QC-19.6/9", excused=None, disability="05", not_assessed="1"),
    month("moved away in the month", "", excused=None, status="04", status_date="2026-10-31"),
    month("moved away after the month", "QC-19.6/9", excused=None, status="04", status_date="2026-11-01"),
    month("came in the month", "", excused=None, status="02", status_date="2026-10-02"),
    month("came before the month's second day", "QC-19.6/9", excused=None, status="02", status_date="2026-10-01"),
]
HEALTH = [
    *(body(f"{height} cm can be", "", height=height) for height in ("85", "125", "180")),
    *(body(f"{height} cm cannot be", "SK-1/1", height=height) for height in ("84.9", "180,1", "0", "12.5", "1250")),
    *(body(f"{height} is in metres", "SK-1/3", height=height) for height in ("0.85", "1.25", "1,8")),
    *(body(f"{height} is not in metres either", "SK-1/1", height=height) for height in ("0.84", "1.81")),
    *(body(f"{weight} kg can be", "", weight=weight) for weight in ("10", "25,5", "100")),
    *(body(f"{weight} kg cannot be", "SK-1/2", weight=weight) for weight in ("9.9", "100.1", "0", "250")),
    body("not measured is not wrong", "", None, None),
]
CASES = [*ATTENDANCE, *MONTHS_OF_CLASSES, *TERMS, *HEALTH, *MEASURES]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("days"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_days_off_and_bodies_can_be_true(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (date(2026, 9, 29), 0),
        (date(2026, 9, 30), 1),
        (date(2026, 10, 30), 1),
        (date(2027, 2, 28), 6),
        (date(2027, 5, 30), 8),
        (date(2027, 5, 31), 9),
        (date(2027, 7, 31), 9),
        (date(2027, 8, 1), 0),
    ],
)
def test_only_months_that_have_ended_are_asked_for(day: date, months: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    told = findings_of(tmp_path_factory.mktemp("months"), {"pupils": [pupil("7900000001")]}, day, MISSING)
    assert told == {("QC-19.6/9", f"7900000001|{month}") for month in MONTHS[:months]}


@pytest.mark.parametrize(("day", "told"), [(date(2026, 12, 30), set()), (date(2026, 12, 31), {("SK-1/4", "7900000001")})])
def test_nobody_has_to_be_measured_before_the_day(day: date, told: set[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = {"pupils": [pupil("7900000001")], "health": [{"pupil_code": "7900000009", "height_cm": "120", "weight_kg": "25"}]}
    assert findings_of(tmp_path_factory.mktemp("due"), tables, day, MEASURED) == told


def test_a_class_that_is_not_measured_is_not_told_pupil_by_pupil(tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = {"pupils": [pupil(next_code()) for _ in range(5)], "health": [{"pupil_code": "7900000009"}]}
    quality = checked(tmp_path_factory.mktemp("class"), tables, rules=MEASURED)
    assert quality.findings.select("rule", "key", "value", "system").rows() == [("SK-1/5", "3A", "5", "csdl")]


def test_every_system_with_health_records_is_asked_by_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    line: Row = {"pupil_code": "7900000001", "height_cm": "120", "weight_kg": "25"}
    other = {"pupil_code": "7900000002", "height_cm": "120", "weight_kg": "25", "source_system": "health"}
    tables: dict[str, list[Row]] = {"pupils": [pupil("7900000001"), pupil("7900000002")], "health": [line, other]}
    nothing = {("qlnt", "health"): ()}
    night = snapshot_of(tmp_path_factory.mktemp("systems"), tables, DAY, nothing)
    findings = check(night, rules_named(MEASURED), CheckContext(DAY, Limits())).findings
    assert findings.select("system", "key").rows() == [("health", "7900000001"), ("csdl", "7900000002")]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(), set()),
        (Limits(lowest_height_cm=126), {"SK-1/1"}),
        (Limits(highest_height_cm=124), {"SK-1/1"}),
        (Limits(heaviest_kg=24), {"SK-1/2"}),
        (Limits(lightest_kg=26), {"SK-1/2"}),
    ],
)
def test_the_school_says_what_can_be(limits: Limits, told: set[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    rows: list[Row] = [{"pupil_code": "7900000001", "height_cm": "125", "weight_kg": "25"}]
    night = snapshot_of(tmp_path_factory.mktemp("limits"), {"health": rows})
    assert {rule for rule, _ in pairs(check(night, rules_named(BODY), CheckContext(DAY, limits)))} == told


def test_a_very_small_class_without_any_row_of_attendance_is_told_of_every_pupil(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The roll is what is expected: whoever entered nothing at all does not go unseen."""
    codes = {"3A": ["7900000001", "7900000002"], "3B": ["7900000003", "7900000004"]}
    pupils = [pupil(code, class_name=name) for name, members in codes.items() for code in members]
    rows = [absent(code, month) for code in codes["3A"] for month in MONTHS]
    quality = checked(tmp_path_factory.mktemp("empty"), {"pupils": pupils, "attendance": rows}, rules=(*MISSING, BOOK))
    assert pairs(quality) == {("QC-19.6/9", f"{code}|{month}") for code in codes["3B"] for month in MONTHS}
    assert quality.examined == {"QC-19.6/9": 4 * len(MONTHS), BOOK: 2 * len(MONTHS)}


@pytest.mark.parametrize(
    ("size", "entered", "told"),
    [
        (5, 0, {(BOOK, f"3A|{month}") for month in MONTHS}),
        (5, 1, {("QC-19.6/9", f"790000000{number}|{month}") for number in range(1, 5) for month in MONTHS}),
        (5, 5, set()),
    ],
)
def test_a_class_is_told_once_a_month_or_pupil_by_pupil(
    size: int, entered: int, told: set[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    codes = [f"790000000{number}" for number in range(size)]
    tables = {"pupils": [pupil(code) for code in codes], "attendance": [absent(code, one) for code in codes[:entered] for one in MONTHS]}
    assert findings_of(tmp_path_factory.mktemp("classes"), tables, rules=(*MISSING, BOOK)) == told


def test_who_came_or_went_in_the_month_does_not_make_a_class(tmp_path_factory: pytest.TempPathFactory) -> None:
    late = [pupil(f"790000000{number}", status="02", status_date="2026-10-02") for number in range(1, 3)]
    tables = {"pupils": [*late, *(pupil(f"790000000{number}") for number in range(3, 9))]}
    found = checked(tmp_path_factory.mktemp("came"), tables, date(2026, 10, 31), (*MISSING, BOOK)).findings
    asked = [(f"3A|{month}", f"số ngày nghỉ của {pupils} học sinh (không nghỉ: 0)") for month, pupils in (("2026-09", 6), ("2026-10", 6))]
    assert found.select("key", "expected").rows() == asked


def test_a_school_that_entered_no_attendance_at_all_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("nothing")
    assert len(findings_of(folder, {"pupils": [pupil("7900000001")]}, rules=MISSING)) == len(MONTHS)


def test_attendance_that_the_system_does_not_keep_is_grey(tmp_path_factory: pytest.TempPathFactory) -> None:
    night = snapshot_of(tmp_path_factory.mktemp("grey"), {"pupils": [pupil("7900000001")]}, delivered={("qlnt", "attendance"): ()})
    quality = check(night, rules_named(MISSING), CheckContext(DAY, Limits()))
    assert (pairs(quality), quality.examined) == (set(), {"QC-19.6/9": 0})


def test_a_height_in_metres_is_proposed_in_centimetres(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows: list[Row] = [{"pupil_code": "7900000001", "height_cm": "1.25", "weight_kg": "25"}]
    found = checked(tmp_path_factory.mktemp("health"), {"health": rows}, rules=BODY).findings
    assert found.filter(pl.col("rule") == "SK-1/3")["expected"].to_list() == ["đề nghị 125,0 cm"]
