"""Names, addresses, phones, ages and look-alikes read a second time in plain Python."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from connectors.records import codes
from connectors.records.school_year import FIRST_TERM, SECOND_TERM, SUMMER
from tests.rules.plain_school import MAIN, TOGETHER, TONE_MARKS, Row, School, Told, at_school, both_sides, by_code, pupils, years_older
from tests.rules.test_second_implementation import plain_number_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DISTRICTS_END = date(2025, 7, 1)
NEW_WARDS = {f"phường {name}" for name in ("minh phụng", "bình thới", "hòa bình", "phú thọ")}
LEFT_OUT = ("05", "07")  # orphans, and children who were abandoned
TERM_OF_STATUS = {
    **dict.fromkeys(("02", "03", "04", "05"), FIRST_TERM),
    **dict.fromkeys(("06", "07", "08", "09"), SECOND_TERM),
    **dict.fromkeys(("10", "11", "12"), SUMMER),
}


def term_of(school: School, day: date) -> str:
    """September to the second term's first day, to the end of May, and the rest (HS-7)."""
    start = school.year.start_year
    month, first = school.limits.second_term_day
    second = date(start + (month < 9), month, first)
    if date(start, 9, 1) <= day < second:
        return FIRST_TERM
    return SECOND_TERM if second <= day <= date(start + 1, 5, 31) else SUMMER


def wrong_term(school: School) -> Told:
    def wrong(row: Row) -> bool:
        day, term = row["status_date"], TERM_OF_STATUS.get(row["status"])
        return day is not None and day <= school.day and term is not None and term_of(school, day) != term

    return pupils(school, wrong)


def mother_not_named(school: School) -> Told:
    """Of somebody whose family is on file; orphans and abandoned children are not asked, as the school's own record tells."""
    families, own = by_code(school.of("guardians")), by_code(school.of("pupils", MAIN))

    def wrong(row: Row) -> bool:
        named = [one["relation"] for one in families.get((row["source_system"], row["pupil_code"]), []) if one["full_name"]]
        known = own.get((MAIN, row["pupil_code"]), [])
        policy = row["policy_category"] or (known[0]["policy_category"] if known else None)
        return at_school(row) and policy not in LEFT_OUT and bool(named) and codes.MOTHER not in named

    return pupils(school, wrong)


# ---- names


def name_key(name: str) -> tuple[tuple[str, str], ...]:
    """Syllable by syllable the letters and the tone: case, blanks and where the tone stands do not count (TX-1)."""
    letters = unicodedata.normalize("NFD", name).lower().replace("ð", "đ")
    return tuple((re.sub(f"[{TONE_MARKS}]", "", one), re.sub(f"[^{TONE_MARKS}]", "", one)) for one in letters.split())


def odd_letters(school: School) -> Told:
    def fits(letter: str) -> bool:
        if letter in "Ðð":
            return False
        return letter in " '’.-" or unicodedata.category(letter)[0] == "M" or unicodedata.name(letter, "").startswith("LATIN ")

    return pupils(school, lambda row: not all(fits(letter) for letter in row["full_name"] or ""))


def names_differ(school: School) -> Told:
    named = [(code, here["full_name"], there["full_name"]) for code, here, there in both_sides(school) if here and there]
    return {(TOGETHER, code) for code, one, other in named if one and other and name_key(one) != name_key(other)}


def one_child_twice(school: School) -> Told:
    groups: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for row in school.of("pupils"):
        if row["pupil_code"] and row["full_name"] and row["birth_date"]:
            groups[row["source_system"], name_key(row["full_name"]), row["birth_date"]].add(row["pupil_code"])
    return {(str(group[0]), f"{one}|{other}") for group, members in groups.items() for one, other in pairwise(sorted(members))}


# ---- addresses: their parts are set apart by commas and dashes


def parts_of(address: str | None) -> list[str]:
    return [part.strip().lower() for part in re.split("[,–-]", address or "")]


def names_district(address: str | None) -> bool:
    parts = parts_of(address)
    of_a_province = any(re.match("thành phố .", one) and other.startswith("tỉnh") for one, other in pairwise(parts))
    return of_a_province or any(re.match(r"(quận|huyện|thị xã) .|q\.? ?\d|[qh]\. |thành phố thủ đức", part) for part in parts)


def ward_in_a_district_that_ended(school: School) -> Told:
    def wrong(row: Row) -> bool:
        return (
            at_school(row) and names_district(row["permanent_address"]) and bool(NEW_WARDS.intersection(parts_of(row["permanent_address"])))
        )

    return pupils(school, wrong) if school.day >= DISTRICTS_END else set()


def ward_without_district(school: School) -> Told:
    """A ward with a number is one of many; before districts ended every ward was."""
    asked = r"(phường|p\.?) ?\d" if school.day >= DISTRICTS_END else r"(phường|xã|thị trấn) .|p\.? ?\d"

    def wrong(row: Row) -> bool:
        return (
            at_school(row)
            and not names_district(row["permanent_address"])
            and any(re.match(asked, part) for part in parts_of(row["permanent_address"]))
        )

    return pupils(school, wrong)


# ---- phones, ages, personal numbers


def wrong_phone(school: School) -> Told:
    """None of the kinds that DT-1 to DT-4 know, not even one that lost or kept too many digits."""
    reference = codes.reference()
    forms = [reference[name]["bieu_thuc"] for name in ("dien_thoai_di_dong", "dien_thoai_co_dinh")]
    others = [*forms, "^02[0-9]{5,}$", "^[35789][0-9]{8}$"]

    def wrong(row: Row) -> bool:
        phone = row["contact_phone"]
        old = phone is not None and re.fullmatch("[0-9]{11}", phone) and phone[:4] in reference["doi_dau_so_2018"]
        return phone is not None and not old and not any(re.search(form, phone) for form in others)

    return pupils(school, wrong)


def older_without_reason(school: School) -> Told:
    def wrong(row: Row) -> bool:
        older = years_older(school, row)
        reasons = row["enrolment_kind"] == codes.RETAINED or row["policy_category"] or row["disability"] or row["ethnicity"] != codes.KINH
        return at_school(row) and older in {1, 2, 3} and not reasons

    return pupils(school, wrong)


def number_told(code: str) -> Callable[[School], Told]:
    """What ID-2 to ID-6 say of a number: who is not at school needs none."""

    def wrong(row: Row) -> bool:
        return code in plain_number_findings(row, row["birth_date"]) and (at_school(row) or code != "ID-2")

    return lambda school: pupils(school, wrong)


TEXTS: Mapping[str, Callable[[School], Told]] = {
    "HS-1/3": mother_not_named,
    "HS-7": wrong_term,
    "HS-8/3": one_child_twice,
    "DT-1": wrong_phone,
    "TU-2/1": older_without_reason,
    "TX-1": odd_letters,
    "DC-1/1": ward_in_a_district_that_ended,
    "DC-1/2": ward_without_district,
    "DCH-2": names_differ,
    **{code: number_told(code) for code in ("ID-2", "ID-4/1", "ID-4/2", "ID-4/3", "ID-4/4", "ID-6/1", "ID-6/2")},
}
