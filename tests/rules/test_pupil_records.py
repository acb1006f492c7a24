"""Conditional fields, dates, class names, terms and look-alikes of pupil records (HS-2, HS-4, HS-5, HS-7, HS-8)."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Text,
    case,
    findings_of,
    findings_of_cases,
    found_by,
    next_code,
    pairs,
    pupil,
    rules_named,
    snapshot_of,
)

ABOUT = ("HS-2/1", "HS-2/2", "HS-2/8", "HS-4/1", "HS-4/2", "HS-4/3", "HS-5/1", "HS-5/2", "HS-7", "HS-8/1")


def record(says: str, finds: str, **values: Text) -> Case:
    code = next_code()
    return case(says, code, ABOUT, finds, pupils=[pupil(code, **values)])


def alike(says: str, rule: str, finds: str, *others: dict[str, Text]) -> Case:
    """A pupil and others with the same name, birth date and number but for what is said of them."""
    codes = [next_code() for _ in range(len(others) + 1)]
    first = pupil(codes[0], full_name=f"Lê Thị Hòa {codes[0]}", personal_number=f"079218{codes[0][-6:]}")
    rows = [first, *({**first, "pupil_code": code} | other for code, other in zip(codes[1:], others, strict=True))]
    return case(says, "|".join(codes[:2]), (rule,), finds, pupils=rows)


CONDITIONAL = [
    record("disabled by policy needs the kind", "HS-2/1", policy_category="06"),
    record("disabled by policy with the kind", "", policy_category="06", disability="05"),
    record("other policies need no kind", "", policy_category="08"),
    *(record(f"kind {kind} of disability is in the list", "", disability=kind) for kind in ("01", "06")),
    *(record(f"kind {kind} of disability is not", "HS-2/8", disability=kind) for kind in ("00", "07", "5", "khiếm thị")),
    record("a changed status needs its date", "HS-2/2", status="02"),
    record("someone studying needs no date", "", status="01"),
    record("a status out of the list is told as that alone", "", status="99"),
]
DATES = [
    record("a day that does not exist", "HS-4/1", birth_date="31/02/2018"),
    record("a date in words", "HS-4/1", birth_date="năm 2018"),
    record("month before day is not guessed", "HS-4/1", birth_date="03/25/2018"),
    record("29 February of a leap year", "", birth_date="29/02/2020"),
    record("29 February of another year", "HS-4/1", birth_date="29/02/2019"),
    record("a spreadsheet's midnight does not count", "", birth_date="2018-03-05 00:00:00"),
    record("born tonight", "", birth_date="2027-05-31"),
    record("born tomorrow", "HS-4/2", birth_date="2027-06-01"),
    record("a status on the day of birth", "", birth_date="2018-03-05", status="01", status_date="2018-03-05"),
    record("a status before birth", "HS-4/3", birth_date="2018-03-05", status="01", status_date="2018-03-04"),
    record("a status from tonight", "", status="01", status_date="31/05/2027"),
    record("a status from tomorrow", "HS-4/3", status="01", status_date="01/06/2027"),
    record("a status from tomorrow without a birth date", "HS-4/3", birth_date=None, status="01", status_date="01/06/2027"),
]
CLASSES = [
    *(record(f"class {name} is of grade 3", "", class_name=name) for name in ("3A", "3/2", "3.1", "3")),
    *(record(f"class {name} is not of grade 3", "HS-5/1", class_name=name) for name in ("2A", "4/2", "5.1")),
    *(record(f"class {name} has no grade", "HS-5/2", class_name=name) for name in ("A3", "Lá 1", "6A", "0A")),
    record("a grade in words", "", class_name="4B", grade="Khối 4"),
    record("no class has no grade to compare", "", class_name=None),
    record("a class without the pupil's grade", "HS-5/1", grade=None),
    record("a grade that nobody recorded matters no more once a pupil is gone", "", grade=None, status="12", status_date="2026-08-02"),
]
TERMS = [
    record(f"status {status} on {day} {'is' if right else 'is not'} of its term", "" if right else "HS-7", status=status, status_date=day)
    for status, day, right in [
        *((status, "2026-09-01", True) for status in ("02", "03", "04", "05")),
        *((status, "2027-01-15", True) for status in ("02", "04")),
        *((status, "2027-01-16", False) for status in ("02", "03", "04", "05")),
        *((status, "2027-01-16", True) for status in ("06", "07", "08", "09")),
        *((status, "2027-01-15", False) for status in ("06", "07", "08", "09")),
        *((status, "2026-08-31", True) for status in ("10", "11", "12")),
        *((status, "2026-09-01", False) for status in ("10", "11", "12")),
        ("04", "2026-08-31", False),
        ("04", f"{DAY}", False),  # a status of the day itself is in force
        ("08", "2027-05-31", True),
        ("01", "2027-02-01", True),
    ]
]
TWINS = [
    alike("same name and date are perhaps one pupil", "HS-8/3", "HS-8/3", {}),
    alike("twins have other names", "HS-8/3", "", {"full_name": "Lê Thị Huệ"}),
    alike("another birth date is another pupil", "HS-8/3", "", {"birth_date": "2018-03-06"}),
    alike("the same number in two records", "HS-8/2", "HS-8/2", {"full_name": "Lê Thị Huệ"}),
    alike("other numbers are other pupils", "HS-8/2", "", {"personal_number": "079218999999"}),
    alike("no number is not the same number", "HS-8/2", "", {"personal_number": None}),
]
CASES = [*CONDITIONAL, *DATES, *CLASSES, *TERMS, *TWINS]
REPEATED = [
    case("a code in two rows", "7911111111", ("HS-8/1",), "HS-8/1", pupils=[pupil("7911111111"), pupil("7911111111", full_name="Trần")]),
    case("a code in two systems is one pupil seen twice", "7922222222", ("HS-8/1",), "",
         pupils=[pupil("7922222222"), pupil("7922222222", source_system="csdl")]),
    case("no code is not the same code", "qlnt#pupils#901", ("HS-8/1",), "",
         pupils=[pupil(None, source_row=901), pupil(None, source_row=902)]),
]  # fmt: skip
CASES += REPEATED


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("records"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_record_does_not_contradict_itself(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def name_of(text: str) -> set[tuple[str, str]]:
    return {("HS-8/3", text)}


@pytest.mark.parametrize(
    "spelling", ["LÊ THỊ HÒA", "Lê Thị Hoà", unicodedata.normalize("NFD", "Lê Thị Hòa"), "  Lê  Thị\u00a0Hòa", "lê thị hoà"]
)
def test_the_same_name_in_another_spelling_is_the_same_name(spelling: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001", full_name="Lê Thị Hòa"), pupil("7900000002", full_name=spelling)]
    assert findings_of(tmp_path_factory.mktemp("names"), {"pupils": rows}, rules=["HS-8/3"]) == name_of("7900000001|7900000002")


@pytest.mark.parametrize("spelling", ["Lê Thị Hoa", "Lê Thị Hóa", "Lê Thị Hòai", "Lê Thi Hòa"])
def test_a_name_with_another_tone_is_another_name(spelling: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001", full_name="Lê Thị Hòa"), pupil("7900000002", full_name=spelling)]
    assert findings_of(tmp_path_factory.mktemp("names"), {"pupils": rows}, rules=["HS-8/3"]) == set()


def test_three_alike_are_two_pairs_each_told_once_with_sorted_codes(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil(code, full_name="Lê Hoà", personal_number="079218000001") for code in ("7900000003", "7900000001", "7900000002")]
    told = findings_of(tmp_path_factory.mktemp("alike"), {"pupils": rows}, rules=["HS-8/2", "HS-8/3"])
    assert told == {(rule, f"790000000{n}|790000000{n + 1}") for rule in ("HS-8/2", "HS-8/3") for n in (1, 2)}


def test_a_pupil_in_two_rows_is_told_of_every_double(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each row of 7900000001 is another pupil's double: both pairs are told."""
    one, two = {"full_name": "Lê An", "personal_number": "079218000001"}, {"full_name": "Lê Bình", "personal_number": "079218000002"}
    rows = [pupil("7900000001", **one), pupil("7900000001", **two), pupil("7900000002", **one), pupil("7900000003", **two)]
    told = findings_of(tmp_path_factory.mktemp("doubles"), {"pupils": rows}, rules=["HS-8/2", "HS-8/3"])
    assert told == {(rule, f"7900000001|790000000{other}") for rule in ("HS-8/2", "HS-8/3") for other in (2, 3)}


def test_pupils_of_two_systems_are_not_each_others_doubles(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001", full_name="Lê"), pupil("7900000002", full_name="Lê", source_system="csdl")]
    assert findings_of(tmp_path_factory.mktemp("systems"), {"pupils": rows}, rules=["HS-8/2", "HS-8/3"]) == set()


@pytest.mark.parametrize(("starts", "told"), [("16/01", set()), ("10/01", {("HS-7", "7900000001")})])
def test_the_city_says_when_the_second_term_starts(
    starts: str, told: set[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [pupil("7900000001", status="04", status_date="2027-01-12")]
    limits = Limits.model_validate({"second_term_starts": starts})
    night = snapshot_of(tmp_path_factory.mktemp("terms"), {"pupils": rows})
    assert pairs(check(night, rules_named(["HS-7"]), CheckContext(DAY, limits))) == told


def test_a_status_of_a_coming_day_has_no_term_yet(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001", status="02", status_date="2027-03-01")]
    told = findings_of(tmp_path_factory.mktemp("term"), {"pupils": rows}, date(2027, 2, 1), ["HS-7", "HS-4/3"])
    assert told == {("HS-4/3", "7900000001")}
