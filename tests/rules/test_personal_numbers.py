"""Personal numbers of pupils and staff: rules.md §3.3 with all its examples."""

from __future__ import annotations

import pytest

from tests.rules.school_tables import Case, Text, case, findings_of_cases, found_by, next_code, pupil, staff

OF_PUPILS = ("ID-1", "ID-2", "ID-4/1", "ID-4/2", "ID-4/3", "ID-4/4", "ID-6/1", "ID-6/2")
OF_STAFF = ("ID-7", "ID-4/5", "ID-4/6")


def of_pupil(says: str, finds: str, **values: Text) -> Case:
    code = next_code()
    return case(says, code, OF_PUPILS, finds, pupils=[pupil(code, **values)])


def of_code(says: str, finds: str, code: str) -> Case:
    return case(says, code, OF_PUPILS, finds, pupils=[pupil(code, personal_number="079218012345")])


def of_staff(says: str, finds: str, **values: Text) -> Case:
    code = f"GV{next_code()}"
    return case(says, code, OF_STAFF, finds, staff=[staff(code, **values)])


EXAMPLES = [
    of_pupil("079218012345 of a boy born in 2018 is right", "", personal_number="079218012345"),
    of_pupil("079318012345 of a boy is a girl's", "ID-4/3", personal_number="079318012345"),
    of_pupil("079217012345 is of 2017", "ID-4/4", personal_number="079217012345"),
    of_pupil("079018012345 is of 1918", "ID-4/3", personal_number="079018012345"),
    of_pupil("79218012345 lost its zero and would fit with it", "ID-6/1", personal_number="79218012345"),
    of_pupil("003 is no province", "ID-4/2", personal_number="003218012345"),
    of_pupil(
        "001318000000 of a girl in TP.HCM is right: the address does not count",
        "",
        personal_number="001318000000",
        sex="Nữ",
        permanent_address="TP.HCM",
    ),
]
FURTHER = [
    of_pupil("both parts wrong are told as two", "ID-4/3 ID-4/4", personal_number="079317012345"),
    of_pupil("a girl of 2018 has a 3", "", personal_number="079318012345", sex="Nữ"),
    of_pupil("sex as a code of the ministry counts too", "ID-4/3", personal_number="079218012345", sex="02"),
    of_pupil("someone born in 1999 has a 0", "", personal_number="079099012345", birth_date="31/12/1999"),
    of_pupil("born on 1 January 2000 asks for a 2", "ID-4/3", personal_number="079000012345", birth_date="01/01/2000"),
    of_pupil("the year is compared by its two digits, with their zero", "", personal_number="079209012345", birth_date="2009-02-03"),
    of_pupil("without a sex only the year is compared", "ID-4/4", personal_number="079317012345", sex=None),
    of_pupil("without a birth date nothing is compared", "", personal_number="079317012345", birth_date=None),
    of_pupil("codes from 100 are foreign countries", "", personal_number="101218012345"),
    of_pupil("ten digits are too few", "ID-4/1", personal_number="7921801234"),
    of_pupil("thirteen digits are too many", "ID-4/1", personal_number="0792180123456"),
    of_pupil("a letter is no digit", "ID-4/1", personal_number="07921801234O"),
    of_pupil("digits of other scripts are no digits", "ID-4/1", personal_number="０７９２１８０１２３４５"),
    of_pupil("eleven digits that do not fit a boy are only too few", "ID-4/1", personal_number="79318012345"),
    of_pupil("eleven digits that do not fit the year are only too few", "ID-4/1", personal_number="79217012345"),
    of_pupil("eleven digits without a province are only too few", "ID-4/1", personal_number="03218012345"),
    of_pupil("eleven digits cannot be judged without a sex", "ID-4/1", personal_number="79218012345", sex=None),
    of_pupil("the .0 of a spreadsheet is no fault of its own", "", personal_number="079218012345.0"),
    of_pupil("the .0 of a spreadsheet goes, the lost zero stays lost", "ID-6/1", personal_number="79218012345.0"),
    of_pupil("blanks between digits do not count", "", personal_number=" 079 218 012 345"),
    of_pupil("7.92E+10 has lost its digits", "ID-6/2", personal_number="7.92E+10"),
    of_pupil("7,92E+10 with a comma as well", "ID-6/2", personal_number="7,92E+10"),
    of_pupil("7.9218E10 without a plus as well", "ID-6/2", personal_number="7.9218E10"),
    of_pupil("a pupil at school needs a number", "ID-2", personal_number=None),
    of_pupil("blanks are no number", "ID-2", personal_number="   "),
    of_pupil("a pupil who moved away needs none", "", personal_number=None, status="04", status_date="2026-11-02"),
    of_pupil("a foreigner needs none", "", personal_number=None, ethnicity="55"),
    of_pupil("a foreigner's passport is allowed", "", personal_number="C1234567", ethnicity="Người nước ngoài"),
    of_pupil("a passport of anyone else is not", "ID-4/1", personal_number="C1234567"),
    of_code("a code of ten digits is right", "", "7900123456"),
    of_code("a code of nine digits is not", "ID-1", "790012345"),
    of_code("a code of eleven digits is not", "ID-1", "79001234567"),
    of_code("a code with a letter is not", "ID-1", "79O0123456"),
]
STAFF = [
    of_staff("a woman born in 1985 has 1 and 85", "", personal_number="079185012345"),
    of_staff("a man's digit for a woman is told", "ID-4/5", personal_number="079085012345"),
    of_staff("another year is told", "ID-4/6", personal_number="079186012345"),
    of_staff("nine digits of the old card are allowed", "", personal_number="023456789"),
    of_staff("eight digits are not", "ID-7", personal_number="23456789"),
    of_staff("ten digits are not", "ID-7", personal_number="0234567890"),
    of_staff("eleven digits are not", "ID-7", personal_number="79185012345"),
    of_staff("none at all is for CB-1 to tell", "", personal_number=None),
    of_staff("a birth date written with slashes is compared", "ID-4/6", personal_number="079185012345", birth_date="1/4/1986"),
]
CASES = [*EXAMPLES, *FURTHER, *STAFF]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("numbers"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_personal_number_is_judged_part_by_part(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds
