"""More rules read a second time in plain Python: lessons, allowances, lists of codes, attempts, and use after leaving."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from connectors.records import codes
from tests.rules.plain_empty_classes import PLAIN_EMPTY
from tests.rules.plain_school import TOGETHER, Row, School, Told, both_sides, key, pupils
from tests.rules.plain_year import classes, owner_gone, owners, staff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MANAGERS = "01"


def numbers_differ(school: School) -> Told:
    pairs = [(code, here["personal_number"], there["personal_number"]) for code, here, there in both_sides(school) if here and there]
    whole = [(code, one, other) for code, one, other in pairs if all(re.fullmatch("[0-9]{12}", number or "") for number in (one, other))]
    return {(TOGETHER, code) for code, one, other in whole if one != other}


def unlisted_disability(school: School) -> Told:
    return pupils(school, lambda row: row["disability"] is not None and row["disability"] not in codes.codes_of("loai_khuyet_tat"))


def landline_of_wrong_length(school: School) -> Told:
    forms = [re.compile(codes.reference()[name]["bieu_thuc"]) for name in ("dien_thoai_di_dong", "dien_thoai_co_dinh")]

    def wrong(row: Row) -> bool:
        phone = row["contact_phone"] or ""
        return bool(re.fullmatch("02[0-9]{5,}", phone)) and not any(form.search(phone) for form in forms)

    return pupils(school, wrong)


def unlisted_reason(school: School) -> Told:
    listed = codes.codes_of("ly_do_thoi_hoc")
    left = [row for row in school.of("movements") if row["kind"] in codes.DROPPED_OUT and row["reason"] is not None]
    return {key(row, "pupil_code", "date") for row in left if row["reason"] not in listed}


def lessons(school: School, test: Callable[[Row | None], object]) -> Told:
    known = owners(school) if school.of("staff") else None
    if known is None:
        return set()
    return {key(row, "class_name", "subject") for row in school.of("assignments") if test(known.get(row["staff_code"]))}


def class_of_somebody_gone(school: School) -> Told:
    known = owners(school)
    return classes(school, lambda row: owner_gone(school, known.get(row["homeroom_code"])))


def used_after_leaving(school: School) -> Told:
    known, told = owners(school), set()
    for row in school.of("accounts"):
        owner = known.get(row["owner_code"])
        if (
            owner
            and owner_gone(school, owner)
            and None not in (row["last_login"], owner["status_date"])
            and row["last_login"] > owner["status_date"]
        ):
            told.add(key(row, "account_system", "username"))
    return told


def allowance(school: School, test: Callable[[Row, bool], object]) -> Told:
    return staff(school, lambda row: row["status"] not in codes.STAFF_LEFT and test(row, (row["leadership_allowance"] or 0) > 0))


def two_rows_of_one_attempt(school: School) -> Told:
    entered = [row for row in school.of("marks") if row["level_text"] is not None or row["score"] is not None]
    rows = Counter((*key(row, "pupil_code", "subject", "time"), row["attempt"] or 1, row["entered_at"]) for row in entered)
    return {(system, mark) for (system, mark, _, _), count in rows.items() if count > 1}


MORE: Mapping[str, Callable[[School], Told]] = {
    "DCH-7": numbers_differ,
    "HS-2/8": unlisted_disability,
    "DT-3": landline_of_wrong_length,
    "HS-2/7": unlisted_reason,
    "DCH-8": lambda school: lessons(school, lambda owner: owner is None),
    "DCH-9": lambda school: lessons(school, lambda owner: owner_gone(school, owner)),
    "TU-4/5": class_of_somebody_gone,
    "QC-10.1/2": used_after_leaving,
    "CB-1/8": lambda school: allowance(school, lambda row, paid: row["staff_group"] == MANAGERS and not paid),
    "CB-1/9": lambda school: allowance(school, lambda row, paid: row["staff_group"] not in {None, MANAGERS} and paid),
    "TT27-7.1f": two_rows_of_one_attempt,
    **PLAIN_EMPTY,
}
