"""The minimum fields of Điều 19.6a and what the sector database always asks (QC-19.6, HS-1)."""

from __future__ import annotations

import pytest

from tests.rules.school_tables import Case, Row, Text, case, findings_of, findings_of_cases, found_by, guardian, next_code, pupil

FIELDS = tuple(f"QC-19.6/{number}" for number in range(1, 9))
RECORD = tuple(f"HS-1/{number}" for number in range(1, 6))
ABOUT = FIELDS + RECORD
EMPTY = {
    "full_name": "QC-19.6/1", "birth_date": "QC-19.6/2", "ethnicity": "QC-19.6/3", "sex": "QC-19.6/4",
    "permanent_address": "QC-19.6/5", "class_name": "HS-1/1",
}  # fmt: skip
GONE = {"status": "05", "status_date": "2026-11-02"}


def field(says: str, finds: str, **values: Text) -> Case:
    """A pupil with a mother on file."""
    code = next_code()
    return case(says, code, ABOUT, finds, pupils=[pupil(code, **values)], guardians=[guardian(code)])


def family(says: str, finds: str, relatives: list[Row], **values: Text) -> Case:
    code = next_code()
    return case(says, code, ABOUT, finds, pupils=[pupil(code, **values)], guardians=[guardian(code, **person) for person in relatives])


PRESENT = [field("a whole record has nothing missing", "")]
PRESENT += [field(f"an empty {name} is told", rule, **{name: None}) for name, rule in EMPTY.items()]
PRESENT += [field(f"blanks are no {name}", rule, **{name: " \u00a0 "}) for name, rule in EMPTY.items()]
PRESENT += [field(f"a pupil who dropped out needs no {name}", "", **{name: None}, **GONE) for name in EMPTY]
LISTS = [
    field("a sex that nobody knows is missing", "QC-19.6/4", sex="?"),
    field("no policy category means none", "", policy_category=None),
    field("a policy category of the list", "", policy_category="16"),
    field("a policy category out of the list", "QC-19.6/6", policy_category="17"),
    field("a policy category that lost its zero", "QC-19.6/6", policy_category="8"),
    field("an ethnic group by its code", "", ethnicity="17"),
    field("an ethnic group by another spelling", "", ethnicity="Khmer"),
    field("an ethnic group that is in no list", "HS-1/5", ethnicity="Kình"),
    field("no status at all", "HS-1/2", status=None),
    field("a status out of the list", "HS-1/2", status="13"),
    field("a status by its name", "", status="đang học"),
    *(field(f"status {code} is in the list", "", status=code, status_date="2027-02-01") for code in ("02", "04", "09", "12")),
    *(field(f"{code} without its zero is not 0{code}", "HS-1/2", status=code) for code in ("1", "3", "4")),
]
FAMILIES = [
    family("nobody on file", "QC-19.6/7", []),
    family("someone without a name is nobody", "QC-19.6/7", [{"full_name": None}]),
    family("a father alone leaves the mother open", "HS-1/3", [{"relation": "Cha"}]),
    family("an orphan has no mother to name", "", [{"relation": "người giám hộ"}], policy_category="05"),
    family("an abandoned child has no mother to name", "", [{"relation": "người giám hộ"}], policy_category="07"),
    family("a poor child has one", "HS-1/3", [{"relation": "người giám hộ"}], policy_category="08"),
    family("the mother's year of birth is asked", "HS-1/4", [{"birth_year": None}]),
    family("a whole birth date will do", "", [{"birth_year": "12/05/1988"}]),
    family("the father's year of birth is not", "", [{}, {"relation": "cha", "birth_year": None}]),
    family("a family of a pupil who dropped out is not asked", "", [], **GONE),
]
PHONES = [
    family("no phone at all", "QC-19.6/8", [{"phone": None}], contact_phone=None),
    family("the phone of the father is one", "", [{"phone": None}, {"relation": "cha", "phone": "0908123456"}], contact_phone=None),
    family("the pupil's own contact is one", "", [{"phone": None}]),
    family("without anyone on file both are missing", "QC-19.6/7 QC-19.6/8", [], contact_phone=None),
]
CASES = [*PRESENT, *LISTS, *FAMILIES, *PHONES]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("fields"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_record_has_what_is_asked_of_every_pupil(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_the_sector_database_is_not_asked_for_an_orphans_mother_when_qlnt_knows_of_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    both = [pupil("7900000001", policy_category="05"), pupil("7900000001", source_system="csdl", policy_category=None)]
    people = [guardian("7900000001", relation="cha", source_system=system) for system in ("qlnt", "csdl")]
    told = findings_of(tmp_path_factory.mktemp("orphan"), {"pupils": both, "guardians": people}, rules=["HS-1/3"])
    assert told == set()


def test_guardians_of_one_system_do_not_stand_in_for_the_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    both = [pupil("7900000001"), pupil("7900000001", source_system="csdl")]
    told = findings_of(tmp_path_factory.mktemp("both"), {"pupils": both, "guardians": [guardian("7900000001")]}, rules=["QC-19.6/7"])
    assert told == {("QC-19.6/7", "7900000001")}
