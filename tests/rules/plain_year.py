"""The second half of the plain second implementation: classes, staff, attendance, what is owed when, accounts."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.records import codes
from tests.rules.plain_school import (
    MAIN,
    Row,
    School,
    Told,
    at_school,
    born_later,
    by_code,
    classes_differ,
    differs,
    grade_against_class,
    key,
    mother_without_year,
    number_against,
    of_age,
    old_phone,
    only_in_one,
    remembered,
    right_sign,
    right_year,
    same_number,
    shared_phone,
    status_against_movements,
    status_date_out_of_place,
    status_groups_differ,
    unlisted_status,
    without_guardian,
    without_phone,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENTERING, LEAVING = (*codes.MOVED_IN, *codes.CAME_BACK), (*codes.MOVED_OUT, *codes.DROPPED_OUT)

# ---- classes


def pupils_of(school: School, row: Row) -> list[Row]:
    return [one for one in school.of("pupils", MAIN) if at_school(one) and one["class_name"] == row["class_name"] is not None]


def classes(school: School, test: Callable[[Row], object]) -> Told:
    return {key(row, "class_name") for row in school.of("classes") if test(row)}


def big_class(school: School) -> Told:
    return classes(school, lambda row: len(pupils_of(school, row)) > school.limits.class_size)


def without_teacher(school: School) -> Told:
    known = {row["staff_code"] for row in school.of("staff")}
    return classes(school, lambda row: row["homeroom_code"] is None or (known and row["homeroom_code"] not in known))


def many_disabled(school: School) -> Told:
    return classes(school, lambda row: sum(one["disability"] is not None for one in pupils_of(school, row)) > 2)


def big_combined_class(school: School) -> Told:
    return classes(school, lambda row: row["combined"] and len(pupils_of(school, row)) > 15)


# ---- staff and movements


def staff(school: School, test: Callable[[Row], object]) -> Told:
    return {key(row, "staff_code") for row in school.of("staff") if test(row)}


def unlisted_staff(school: School) -> Told:
    return staff(school, lambda row: row["status"] not in codes.codes_of("trang_thai_can_bo"))


def left_without_decision(school: School) -> Told:
    return staff(school, lambda row: row["status"] in codes.STAFF_LEFT and not (row["status_date"] and row["decision_number"]))


def unlisted_movement(school: School) -> Told:
    listed = {*codes.codes_of("trang_thai_hoc_sinh")} - {"01"}
    return {key(row, "pupil_code", "date") for row in school.of("movements") if row["kind"] not in listed}


# ---- attendance and health


def negative_days(row: Row) -> bool:
    return any(row[name] is not None and row[name] < 0 for name in ("excused", "unexcused"))


def attendance(school: School, test: Callable[[Row], object]) -> Told:
    return {key(row, "pupil_code", "month") for row in school.of("attendance") if test(row)}


def wrong_total(row: Row) -> bool:
    days = [row[name] for name in ("excused", "unexcused", "total")]
    return not negative_days(row) and None not in days and days[0] + days[1] != days[2]


def too_many_days(school: School) -> Told:
    whole = [row for row in school.of("attendance") if row["excused"] is not None and row["unexcused"] is not None]
    return {key(row, "pupil_code", "month") for row in whole if row["excused"] + row["unexcused"] > school.limits.max_school_days_a_month}


def health(school: School, test: Callable[[float], object]) -> Told:
    return {key(row, "pupil_code") for row in school.of("health") if row["height_cm"] is not None and test(row["height_cm"])}


def in_metres(height: float) -> bool:
    return 85 <= round(height * 100, 1) <= 180


# ---- who owes what when


@remembered
def enrolled(school: School) -> list[tuple[Row, date | None, date | None]]:
    """Pupils of the school's own book who were ever enrolled, with the days they came and went."""
    return list(_enrolled(school))


def _enrolled(school: School) -> Iterator[tuple[Row, date | None, date | None]]:
    moved, seen = by_code(school.of("movements", MAIN)), set()
    for row in school.of("pupils", MAIN):
        if row["pupil_code"] is None or row["pupil_code"] in seen:
            continue
        seen.add(row["pupil_code"])
        came, went = (_last(row, moved.get((MAIN, row["pupil_code"]), []), kinds) for kinds in (ENTERING, LEAVING))
        went = None if came and went and came > went else went
        if at_school(row) or went:
            yield row, came, went


def _last(row: Row, moved: list[Row], kinds: tuple[str, ...]) -> date | None:
    days = [one["date"] for one in moved if one["kind"] in kinds and one["date"]]
    return max(days) if days else row["status_date"] if row["status"] in kinds else None


def attendance_missing(school: School) -> Told:
    entered: dict[tuple[str, str], Row] = {}
    for row in school.of("attendance", MAIN):
        entered.setdefault((row["pupil_code"], row["month"]), row)
    told: Told = set()
    for row, came, went in enrolled(school):
        for month in school.year.due_months(school.day):
            first = date.fromisoformat(f"{month}-01")
            last = first.replace(day=monthrange(first.year, first.month)[1])
            if (came and came > first) or (went and went <= last):
                continue
            days = entered.get((row["pupil_code"], month), {})
            if days.get("excused") is None or days.get("unexcused") is None:
                told.add((MAIN, f"{row['pupil_code']}|{month}"))
    return told


def away(day: date, came: date | None, went: date | None) -> bool:
    return bool((came and came > day) or (went and went <= day))


@remembered
def grade_of_class(school: School) -> dict[str | None, int | None]:
    return {row["class_name"]: row["grade"] for row in reversed(school.of("classes", MAIN)) if row["class_name"] is not None}


def traits_missing(school: School) -> Told:
    grades = grade_of_class(school)
    levels = {(row["pupil_code"], row["trait"], row["time"]) for row in school.of("traits", MAIN) if row["level_text"] is not None}
    told: Told = set()
    for row, came, went in enrolled(school):
        grade = grades.get(row["class_name"]) or row["grade"]
        for time in school.year.due_times(school.day):
            due = school.year.due_date(time)
            if row["not_assessed"] or away(due, came, went) or not school.reached(grade):
                continue
            wanted = [trait.code for trait in codes.traits().values() if grade in trait.grades]
            told |= {(MAIN, f"{row['pupil_code']}|{one}|{time}") for one in wanted if (row["pupil_code"], one, time) not in levels}
    return told


# ---- accounts and nights


def owners(school: School) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in school.of("staff"):
        found.setdefault(row["staff_code"], row)
    return found


def accounts(school: School, test: Callable[[Row, Row | None], object]) -> Told:
    staff = owners(school)
    return {
        key(row, "account_system", "username") for row in school.of("accounts") if row["active"] and test(row, staff.get(row["owner_code"]))
    }


def owner_gone(school: School, owner: Row | None) -> bool:
    """By the status and its date; a list that has dates and leaves this one out says gone, one without dates says nothing of the day."""
    if owner is None or owner["status"] not in codes.STAFF_LEFT:
        return False
    dated = "status_date" in school.delivered.get(owner["source_system"], {}).get("staff", ())
    return dated if owner["status_date"] is None else bool(owner["status_date"] <= school.day)


def gone_but_open(school: School) -> Told:
    return accounts(school, lambda _, owner: owner_gone(school, owner))


def nobodys(school: School) -> Told:
    here = {row["pupil_code"] for row in school.of("pupils")} - {None}
    return accounts(school, lambda row, owner: owner is None and row["owner_code"] not in here) if school.of("staff") else set()


def idle(school: School) -> Told:
    before = school.day - timedelta(days=school.limits.idle_account_days)
    of_pupils = {row["pupil_code"] for row in school.of("pupils")} - {None}

    def wrong(row: Row, owner: Row | None) -> bool:
        return bool(
            row["last_login"] and row["last_login"] < before and not owner_gone(school, owner) and row["owner_code"] not in of_pupils
        )

    return accounts(school, wrong)


def fewer_rows(before: School, school: School) -> Told:
    """Tables that lost more than half of at least fifty rows of a system since the night before."""
    told: Told = set()
    for table, rows in before.tables.items():
        now = Counter(row["source_system"] for row in school.of(table))
        then = Counter(row["source_system"] for row in rows)
        told |= {(system, table) for system, count in then.items() if count >= 50 and 2 * now[system] < count}
    return told


PLAIN: Mapping[str, Callable[[School], Told]] = {
    "QC-19.6/7": without_guardian, "QC-19.6/8": without_phone, "HS-1/4": mother_without_year, "HS-6": status_against_movements,
    "HS-5/1": grade_against_class, "HS-8/2": same_number, "DT-5": shared_phone, "DT-2": old_phone, "HS-1/2": unlisted_status,
    "HS-4/2": born_later, "TU-2/2": lambda school: of_age(school, lambda older: older > 3),
    "TU-3": lambda school: of_age(school, lambda older: older < 0), "HS-4/3": status_date_out_of_place,
    "ID-4/5": number_against(slice(3, 4), right_sign, "staff"), "ID-4/6": number_against(slice(4, 6), right_year, "staff"),
    "TU-4/4": big_combined_class, "CB-5": unlisted_staff, "CB-6": left_without_decision, "HS-2/6": unlisted_movement,
    "DCH-5": classes_differ,
    "DCH-1": only_in_one, "DCH-3": differs("birth_date"), "DCH-4": differs("sex"), "DCH-6": status_groups_differ,
    "TU-4/1": big_class, "TU-4/2": without_teacher, "TU-4/3": many_disabled,
    "CC-1/1": lambda school: attendance(school, negative_days), "CC-1/2": lambda school: attendance(school, wrong_total),
    "CC-1/3": too_many_days, "SK-1/3": lambda school: health(school, in_metres),
    "SK-1/1": lambda school: health(school, lambda height: not 85 <= height <= 180 and not in_metres(height)),
    "QC-19.6/9": attendance_missing, "TT27-7.2": traits_missing,
    "QC-10.1": gone_but_open, "QC-10.1/1": nobodys, "PL-7": idle,
}  # fmt: skip
