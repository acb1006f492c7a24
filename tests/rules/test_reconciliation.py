"""QLNT beside the sector database, pupil by pupil (Điều 16.2b, 19.6a)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.views.comparison import ALTOGETHER, BY_CASE, BY_I_AND_Y, BY_MARKS, BY_TONE_PLACE, rung
from tests.rules.school_tables import Case, Text, case, checked, findings_of, findings_of_cases, found_by, next_code, pairs, pupil

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = tuple(f"DCH-{number}" for number in range(1, 8))


def both(says: str, finds: str, here: dict[str, Text], there: dict[str, Text]) -> Case:
    """A pupil in both systems, with what differs."""
    code = next_code()
    rows = [pupil(code, **here), pupil(code, source_system="csdl", **there)]
    return case(says, code, ABOUT, finds, pupils=rows)


def only(says: str, system: str) -> Case:
    code = next_code()
    return case(says, code, ABOUT, "DCH-1", pupils=[pupil(code, source_system=system)])


def named(says: str, finds: str, here: Text, there: Text) -> Case:
    return both(says, finds, {"full_name": here}, {"full_name": there})


NAMES = [
    named("capitals are no other name", "", "Nguyễn Văn An", "NGUYỄN VĂN AN"),
    named("blanks are no other name", "", "Nguyễn Văn An", " Nguyễn  Văn\u00a0An "),
    named("the tone's place is no other name", "", "Lê Hoà Thuý", "Lê Hòa Thúy"),
    named("composed letters are no other name", "", "Nguyễn Văn Ước", unicodedata.normalize("NFD", "Nguyễn Văn Ước")),
    named("Ð of another keyboard is no other name", "", "Đặng An", "Ðặng An"),
    named("the tone's place in capitals is no other name", "", "LÊ HOÀ", "Lê Hòa"),
    named("y for i is another name", "DCH-2", "Trần Mỹ Kỳ", "Trần Mĩ Kì"),
    named("a missing tone is another name", "DCH-2", "Nguyễn Văn An", "Nguyên Văn An"),
    named("D without its stroke is another name", "DCH-2", "Đặng An", "Dặng An"),
    named("a missing middle name is another name", "DCH-2", "Nguyễn Văn An", "Nguyễn An"),
    named("a name that is missing is for QC-19.6 to tell", "", "Nguyễn Văn An", None),
]
FIELDS = [
    both("the same in both", "", {}, {}),
    both("another class in other letters is the same class", "", {"class_name": "3a"}, {"class_name": "3 A"}),
    both("another personal number", "DCH-7", {"personal_number": "079218000001"}, {"personal_number": "079218000002"}),
    both("a number that is none is told as that", "", {"personal_number": "079218000001"}, {"personal_number": "79218000001"}),
    both("a number that is missing is told as that", "", {"personal_number": "079218000001"}, {"personal_number": None}),
    both("another birth date", "DCH-3", {}, {"birth_date": "2018-03-06"}),
    both("a birth date written otherwise", "", {}, {"birth_date": "05/03/2018"}),
    both("another sex", "DCH-4", {}, {"sex": "02"}),
    both("a sex as the code of the ministry", "", {}, {"sex": "01"}),
    both("another class", "DCH-5", {}, {"class_name": "3B"}),
    both("another class of someone who left matters no more", "", {"status": "04"}, {"status": "04", "class_name": "3B"}),
    both("at school here, moved away there", "DCH-6", {}, {"status": "04"}),
    both("at school here, moved away there from another class: only the status is told", "DCH-6", {}, {"status": "04", "class_name": "3B"}),
    both("moved away here from another class, at school there", "DCH-6", {"status": "04", "class_name": "3B"}, {}),
    both("moved in here, studying there: both at school", "", {"status": "02"}, {}),
    both("moved away here, dropped out there", "DCH-6", {"status": "04"}, {"status": "05"}),
    both("a status that nobody knows is compared with nothing", "", {}, {"status": "99"}),
    both("three differences are told as three", "DCH-2 DCH-3 DCH-4", {}, {"full_name": "Ai", "birth_date": "2018-01-01", "sex": "Nữ"}),
]
CASES = [*NAMES, *FIELDS, only("only in QLNT", "qlnt"), only("only in the sector database", "csdl")]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("both"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_both_systems_say_the_same_of_a_pupil(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ("Trần Mỹ", "Trần Mĩ", "chỉ khác i/y"),
        ("TRẦN QUÝ", "Trần Quí", "chỉ khác i/y"),
        ("Lê Thúy", "Lê Thuí", "khác cả khi bỏ dấu"),
        ("Nguyễn Văn An", "Nguyên Văn Ăn", "chỉ khác dấu"),
        ("Đặng An", "Dang An", "chỉ khác dấu"),
        ("Nguyễn Văn An", "Nguyễn Anh", "khác cả khi bỏ dấu"),
        ("Nguyễn Văn An", unicodedata.normalize("NFD", "NGUYỄN VĂN ANH"), "khác cả khi bỏ dấu"),
    ],
)
def test_a_difference_says_on_which_rung_it_ends(here: str, there: str, told: str, tmp_path: Path) -> None:
    rows = [pupil("7900000001", full_name=here), pupil("7900000001", source_system="csdl", full_name=there)]
    findings = checked(tmp_path, {"pupils": rows}, rules=ABOUT).findings
    assert findings.select("rule", "value").rows() == [("DCH-2", here)]
    assert findings["expected"].item().endswith(f"({told})")


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("Lê Hoà", "Lê Hoà", None),
        ("Lê Hòa", unicodedata.normalize("NFD", "Lê Hòa"), None),
        ("Lê Hòa", "Lê Hoà", BY_TONE_PLACE),
        ("Lê Hòa", "LÊ  HOÀ", BY_CASE),
        ("Lê Mỹ", "lê mĩ", BY_I_AND_Y),
        ("Lê Mỹ", "LE MI", BY_MARKS),
        ("Lê Mỹ", "Lê Mai", ALTOGETHER),
        ("Lê Mỹ", None, None),
    ],
)
def test_the_ladder_has_five_rungs(left: str, right: str | None, told: str | None) -> None:
    frame = pl.DataFrame({"left": [left], "right": [right]}, schema={"left": pl.String, "right": pl.String})
    assert frame.select(rung("left", "right")).item() == told


def test_nothing_is_compared_while_a_system_has_no_pupils(tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": [pupil("7900000001")], "health": [{"pupil_code": "1"}]}, rules=ABOUT)
    assert pairs(quality) == set()
    assert set(quality.examined.values()) == {0}  # grey, not green


def test_a_finding_of_both_names_both_systems(tmp_path: Path) -> None:
    rows = [pupil("7900000001", class_name="3B"), pupil("7900000001", source_system="csdl", birth_date="2018-01-01")]
    findings = checked(tmp_path, {"pupils": rows}, rules=ABOUT).findings
    assert findings.select("rule", "system", "class_name").rows() == [("DCH-3", "qlnt×csdl", "3B"), ("DCH-5", "qlnt×csdl", "3B")]


def test_pupils_without_a_code_cannot_be_compared(tmp_path: Path) -> None:
    rows = [pupil("7900000001"), pupil("7900000001", source_system="csdl"), pupil(None), pupil(None, source_system="csdl", sex="Nữ")]
    assert findings_of(tmp_path, {"pupils": rows}, rules=ABOUT) == set()
