"""Rules over joins, nights and expected sets a second time, in plain Python over rows as dictionaries: no Polars, no view of ours.

Each function reads rules.md again and gives the keys that its rule finds. A system that does not deliver what a
rule needs is left out by the caller, by the rule's own `needs`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.records import codes
from connectors.records.school_year import SchoolYear
from infra.settings import Gradebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.settings import Limits

Row = dict[str, Any]
Read = TypeVar("Read")
Told = set[tuple[str, str]]  # system, key
MAIN, SECTOR, TOGETHER = "qlnt", "csdl", "qlnt×csdl"
ENTERING, LEAVING = (*codes.MOVED_IN, *codes.CAME_BACK), (*codes.MOVED_OUT, *codes.DROPPED_OUT)
TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"


@dataclass(frozen=True)
class Approved:
    """The principal approved a class's results at a time, as they were on a night."""

    class_name: str
    time: str
    night: School


@dataclass(frozen=True, eq=False)
class School:
    """A night's rows, table by table, what the school set, and the nights before it.

    `delivered`: per system and table the columns that it has.
    """

    tables: Mapping[str, list[Row]]
    day: date
    limits: Limits
    gradebook: Gradebook = field(default_factory=Gradebook)
    earlier: tuple[School, ...] = ()
    approvals: tuple[Approved, ...] = ()
    delivered: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def of(self, table: str, system: str | None = None) -> list[Row]:
        return [row for row in self.tables[table] if system is None or row["source_system"] == system]

    @property
    def year(self) -> SchoolYear:
        return SchoolYear.of(self.day, self.gradebook.due_days, self.gradebook.locked_days)

    def reached(self, grade: int | None) -> bool:
        """Whether Thông tư 27 rules a grade this year: grade g from the school year that starts in 2019 + g (TT27-0.2)."""
        return grade is not None and self.year.start_year >= 2019 + grade


def remembered(read: Callable[..., Read]) -> Callable[..., Read]:
    """Many readings begin with the same rows, and a school does not change."""
    return lru_cache(maxsize=256)(read)


def key(row: Row, *columns: str) -> tuple[str, str]:
    place = "#".join(str(row[name] if row[name] is not None else "") for name in ("source_file", "source_sheet", "source_row"))
    told = "|".join("" if row[name] is None else str(row[name]) for name in columns)
    return row["source_system"], place if row[columns[0]] is None else told


def pupils(school: School, test: Callable[[Row], object]) -> Told:
    return {key(row, "pupil_code") for row in school.of("pupils") if test(row)}


def at_school(row: Row) -> bool:
    return row["status"] in codes.AT_SCHOOL


def guardians(school: School, row: Row) -> list[Row]:
    return [one for one in school.of("guardians", row["source_system"]) if one["pupil_code"] == row["pupil_code"] is not None]


def by_code(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["pupil_code"] is not None:
            found[row["source_system"], row["pupil_code"]].append(row)
    return found


# ---- pupils beside their guardians, movements and each other


def without_guardian(school: School) -> Told:
    named = {one for one, rows in by_code(school.of("guardians")).items() if any(row["full_name"] for row in rows)}
    return pupils(school, lambda row: at_school(row) and (row["source_system"], row["pupil_code"]) not in named)


def without_phone(school: School) -> Told:
    called = {one for one, rows in by_code(school.of("guardians")).items() if any(row["phone"] for row in rows)}
    silent = pupils(school, lambda row: at_school(row) and not row["contact_phone"])
    return {(system, code) for system, code in silent if (system, code) not in called}


def mother_without_year(school: School) -> Told:
    wrong = {
        one
        for one, rows in by_code(school.of("guardians")).items()
        if any(row["full_name"] and row["relation"] == codes.MOTHER and row["birth_year"] is None for row in rows)
    }
    return pupils(school, lambda row: at_school(row) and (row["source_system"], row["pupil_code"]) in wrong)


def status_against_movements(school: School) -> Told:
    moved, listed = by_code(school.of("movements")), codes.codes_of("trang_thai_hoc_sinh")

    def wrong(row: Row) -> bool:
        own = moved.get((row["source_system"], row["pupil_code"]), [])
        if row["status"] not in listed:
            return False
        if not own:
            return bool(row["status"] != "01")
        last = max(own, key=lambda one: (one["date"] or date.min, one["source_row"]))
        return bool(last["kind"] != row["status"])

    return pupils(school, wrong)


def grade_against_class(school: School) -> Told:
    def wrong(row: Row) -> bool:
        found = re.match("[1-5]", row["class_name"] or "")
        if not found:
            return False
        return at_school(row) if row["grade"] is None else int(found[0]) != row["grade"]

    return pupils(school, wrong)


def same_number(school: School) -> Told:
    told: Told = set()
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in school.of("pupils"):
        if row["pupil_code"] and row["personal_number"]:
            groups[row["source_system"], row["personal_number"]].add(row["pupil_code"])
    for (system, _), members in groups.items():
        ordered = sorted(members)
        told |= {(system, f"{one}|{other}") for one, other in pairwise(ordered)}
    return told


def shared_phone(school: School) -> Told:
    reference = codes.reference()
    forms = [re.compile(reference[name]["bieu_thuc"]) for name in ("dien_thoai_di_dong", "dien_thoai_co_dinh")]
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    sharing = [row for row in school.of("pupils") if at_school(row) and any(form.search(row["contact_phone"] or "") for form in forms)]
    for row in sharing:
        users[row["source_system"], row["contact_phone"]].add(row["pupil_code"])
    many = {one for one, members in users.items() if len(members) >= school.limits.shared_phone_pupils}
    return {key(row, "pupil_code") for row in sharing if (row["source_system"], row["contact_phone"]) in many}


def old_phone(school: School) -> Told:
    old = codes.reference()["doi_dau_so_2018"]
    return pupils(school, lambda row: re.fullmatch("[0-9]{11}", row["contact_phone"] or "") and row["contact_phone"][:4] in old)


def unlisted_status(school: School) -> Told:
    return pupils(school, lambda row: row["status"] not in codes.codes_of("trang_thai_hoc_sinh"))


def born_later(school: School) -> Told:
    return pupils(school, lambda row: row["birth_date"] and row["birth_date"] > school.day)


def years_older(school: School, row: Row) -> int | None:
    if row["grade"] is None or row["birth_date"] is None:
        return None
    # six years old in the year in which grade 1 begins (TT 28/2020 Điều 33)
    return int(school.year.start_year - 5 - row["grade"] - row["birth_date"].year)


def of_age(school: School, test: Callable[[int], bool]) -> Told:
    def wrong(row: Row) -> bool:
        older = years_older(school, row)
        return at_school(row) and older is not None and row["birth_date"] <= school.day and test(older)

    return pupils(school, wrong)


def status_date_out_of_place(school: School) -> Told:
    def wrong(row: Row) -> bool:
        day, born = row["status_date"], row["birth_date"]
        return day is not None and (day > school.day or (born is not None and day < born))

    return pupils(school, wrong)


def number_against(place: slice, right: Callable[[Row], int | None], table: str) -> Callable[[School], Told]:
    """A twelve-digit number whose digits at a place are not what sex and birth date ask for."""

    def find(school: School) -> Told:
        told = set()
        for row in school.of(table):
            wanted = right(row) if re.fullmatch("[0-9]{12}", row["personal_number"] or "") and row["birth_date"] else None
            if wanted is not None and int(row["personal_number"][place]) != wanted:
                told.add(key(row, "pupil_code" if table == "pupils" else "staff_code"))
        return told

    return find


def right_sign(row: Row) -> int | None:
    if row["sex"] not in {codes.MALE, codes.FEMALE}:
        return None
    return int(2 * (row["birth_date"].year // 100 - 19) + (row["sex"] == codes.FEMALE))


def right_year(row: Row) -> int | None:
    return int(row["birth_date"].year % 100)


# ---- two systems side by side


def both_sides(school: School) -> Iterator[tuple[str, Row | None, Row | None]]:
    sides: list[dict[str, Row]] = []
    for system in (MAIN, SECTOR):
        rows: dict[str, Row] = {}
        for row in school.of("pupils", system):
            rows.setdefault(row["pupil_code"], row)
        rows.pop(None, None)  # type: ignore[call-overload]
        sides.append(rows)
    here, there = sides
    if here and there:
        for code in {*here, *there}:
            yield code, here.get(code), there.get(code)


def only_in_one(school: School) -> Told:
    return {(TOGETHER, code) for code, here, there in both_sides(school) if here is None or there is None}


def differs(column: str) -> Callable[[School], Told]:
    def find(school: School) -> Told:
        pairs = [(code, here[column], there[column]) for code, here, there in both_sides(school) if here and there]
        return {(TOGETHER, code) for code, one, other in pairs if one is not None and other is not None and one != other}

    return find


def status_groups_differ(school: School) -> Told:
    def group(row: Row) -> str | None:
        lists = {"here": codes.AT_SCHOOL, "moved": codes.MOVED_OUT, "left": codes.DROPPED_OUT}
        return next((name for name, members in lists.items() if row["status"] in members), None)

    pairs = [(code, group(here), group(there)) for code, here, there in both_sides(school) if here and there]
    return {(TOGETHER, code) for code, one, other in pairs if one and other and one != other}


def classes_differ(school: School) -> Told:
    both = {(TOGETHER, code) for code, here, there in both_sides(school) if here and there and at_school(here) and at_school(there)}
    return differs("class_name")(school) & both
