"""Code lists of the sector and of Thông tư 27/2020, read from `reference.yaml` (sources named there).

Codes are text everywhere. Nothing is read at import; each list is built once, on first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

# Statuses by group (rules.md HS-6): who is at school, who moved away, who dropped out.
AT_SCHOOL = ("01", "02", "03", "06", "07", "10")
MOVED_IN = ("02", "06", "10")
MOVED_OUT = ("04", "08", "11")
DROPPED_OUT = ("05", "09", "12")
CAME_BACK = ("03", "07")
ENTERING, LEAVING = (*MOVED_IN, *CAME_BACK), (*MOVED_OUT, *DROPPED_OUT)
# Staff who no longer work here (rules.md CB-6); "08 Thôi việc" is a vendor's addition (CB-5).
STAFF_LEFT = ("02", "03", "05", "08")
KINH, FOREIGNER = "01", "55"
FATHER, MOTHER, GUARDIAN = "cha", "mẹ", "người giám hộ"
MALE, FEMALE = "Nam", "Nữ"
# Enrolment kinds (loai_nhap_hoc).
NEWLY_ENROLLED, TRANSFERRED, RETAINED, PROMOTED_IN = "0", "1", "3", "4"
TIMES = ("GK1", "CK1", "GK2", "CN")
GRADES = (1, 2, 3, 4, 5)


@cache
def reference() -> dict[str, Any]:
    """The whole reference file."""
    text = files("connectors.records").joinpath("reference.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both loaders are safe
    return loaded


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject as gradebooks have it (combined subjects split in their parts, rules.md CT-2).

    `tests`: grade -> assessment times that must have a periodic test (Thông tư 27/2020, Điều 7.1).
    """

    code: str
    name: str
    aliases: tuple[str, ...]
    grades: tuple[int, ...]
    elective_grades: tuple[int, ...]
    tests: Mapping[int, tuple[str, ...]]


@cache
def subjects() -> dict[str, Subject]:
    """Subjects of the 2018 programme by code: TV TO NN1 DD TNXH KH LSDL TH CN GDTC AN MT HDTN TDT, and the combined THCN, NT."""
    built: dict[str, Subject] = {}
    for entry in reference()["mon_hoc"]:
        whole = _subject(entry, entry)
        built.update({part["ma"]: _subject(part, entry) for part in entry.get("phan_mon", ())})
        built[whole.code] = whole
    return built


def _subject(names: dict[str, Any], rules: dict[str, Any]) -> Subject:
    elective = tuple(rules.get("tu_chon_khoi", ()))
    compulsory = () if rules["loai"] == "tu_chon" else tuple(rules["khoi"])
    return Subject(
        code=names["ma"],
        name=names["ten"],
        aliases=tuple(names.get("ten_khac", ())),
        grades=compulsory,
        elective_grades=elective or (tuple(rules["khoi"]) if rules["loai"] == "tu_chon" else ()),
        tests={grade: tuple(times) for grade, times in rules["kiem_tra"].items()},
    )


COMBINED_SUBJECTS: Mapping[str, tuple[str, str]] = {"THCN": ("TH", "CN"), "NT": ("AN", "MT")}


@cache
def compulsory_subjects(grade: int) -> tuple[str, ...]:
    """Codes of the compulsory subjects of a grade, combined subjects split (8, 8, 11, 12, 12 columns: rules.md CT-2)."""
    return tuple(code for code, subject in subjects().items() if grade in subject.grades and code not in COMBINED_SUBJECTS)


def tested_times(subject: str, grade: int) -> tuple[str, ...]:
    """Assessment times at which a subject must have a periodic test in a grade; empty for unknown subjects."""
    entry = subjects().get(subject)
    return entry.tests.get(grade, ()) if entry else ()


@dataclass(frozen=True, slots=True)
class Trait:
    """A quality (phẩm chất) or competence (năng lực) and the grades it is assessed in."""

    code: str
    name: str
    grades: tuple[int, ...]


@cache
def traits() -> dict[str, Trait]:
    """The 5 qualities, 3 general and 7 specific competences by code (Thông tư 27/2020, Điều 7.2)."""
    entries = [entry for name in ("pham_chat", "nang_luc_chung", "nang_luc_dac_thu") for entry in reference()[name]]
    return {entry["ma"]: Trait(entry["ma"], entry["ten"], tuple(entry.get("khoi", GRADES))) for entry in entries}


@cache
def codes_of(name: str) -> dict[str, str]:
    """A simple code list of the reference file: code -> Vietnamese name."""
    return {str(entry["ma"]): entry["ten"] for entry in reference()[name]}


@cache
def ethnicity_codes() -> dict[str, str]:
    """Case-folded spelling of an ethnic group -> its code; ambiguous spellings (Hoa, Thổ) mean the group of that name."""
    spellings = {str(text).casefold(): str(code) for text, code in reference()["dan_toc_bien_the"].items()}
    for entry in reference()["dan_toc"]:
        for other in entry.get("ten_khac", ()):
            spellings.setdefault(other.casefold(), entry["ma"])
    spellings |= {entry["ten"].casefold(): entry["ma"] for entry in reference()["dan_toc"]}
    return spellings


@cache
def minority_codes() -> tuple[str, ...]:
    """Codes that count as dân tộc thiểu số: all but Kinh; foreigners (55) are not settled and not counted."""
    return tuple(entry["ma"] for entry in reference()["dan_toc"] if entry["dtts"])
