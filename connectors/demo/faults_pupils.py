"""Defects in the particulars of pupils: what is missing, what cannot be (Điều 19.6a, HS-1…HS-8, TU-2, TU-3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.names import KINH
from connectors.demo.numbers import century_and_sex
from connectors.records.codes import CAME_BACK, DROPPED_OUT, MOTHER, MOVED_IN, MOVED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.people import Pupil
    from connectors.demo.planting import Planting

PUPILS = "pupils"
UNKNOWN_DISABILITY = "99"
UNKNOWN_POLICY, UNKNOWN_STATUS, UNKNOWN_ETHNICITY = "99", "Bảo lưu", "Việt kiều"
FAR_TOO_OLD = 4  # years; up to 3 are allowed to some (Thông tư 28/2020/TT-BGDĐT Điều 33)
WITHIN_A_TERM = ("02", "04", "05", "06", "08", "09")
SINGLE_KINDS = tuple(sorted({*MOVED_IN, *MOVED_OUT, *DROPPED_OUT} - set(CAME_BACK)))


def blank_own(field: str, rule: str) -> Callable[[Planting], None]:
    """Empty one field in the school's system."""

    def plant(plan: Planting) -> None:
        pupil = plan.pupil()
        setattr(plan.own[pupil.code], field, None)
        plan.record(PUPILS, pupil.code, rule)

    return plant


def blank_sector(field: str, rule: str) -> Callable[[Planting], None]:
    """Empty one field in the sector database."""

    def plant(plan: Planting) -> None:
        pupil = plan.pupil()
        setattr(plan.sector[pupil.code], field, None)
        plan.record(PUPILS, pupil.code, rule)

    return plant


def unknown_policy(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.own[pupil.code].policy_category = UNKNOWN_POLICY
    plan.record(PUPILS, pupil.code, "QC-19.6/6")


def no_guardian(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.remove(plan.guardians[pupil.code])
    plan.record(PUPILS, pupil.code, "QC-19.6/7")


def no_phone_at_all(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.own[pupil.code].contact_phone = None
    for row in plan.guardians[pupil.code]:
        row.phone = None
    plan.record(PUPILS, pupil.code, "QC-19.6/8")


def unknown_status(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].status = UNKNOWN_STATUS
    plan.record(PUPILS, pupil.code, "HS-1/2")


def no_mother(plan: Planting) -> None:
    pupil = plan.pupil(lambda pupil: pupil.policy is None and len(pupil.family.parents) > 1)
    plan.remove(row for row in plan.guardians[pupil.code] if row.relation == MOTHER)
    plan.record(PUPILS, pupil.code, "HS-1/3")


def no_mothers_year(plan: Planting) -> None:
    pupil = plan.pupil()
    for row in plan.guardians[pupil.code]:
        row.birth_year = None if row.relation == MOTHER else row.birth_year
    plan.record(PUPILS, pupil.code, "HS-1/4")


def unknown_ethnicity(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].ethnicity = UNKNOWN_ETHNICITY
    plan.record(PUPILS, pupil.code, "HS-1/5")


def disabled_without_kind(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.own[pupil.code].policy_category = "06"
    plan.record(PUPILS, pupil.code, "HS-2/1")


def unknown_disability(plan: Planting) -> None:
    # One more in a class that has some may be one too many for it (TU-4/3).
    disabled = {row.class_name for row in plan.school.qlnt.pupils if row.disability}
    pupil = plan.pupil(lambda pupil: plan.own[pupil.code].class_name not in disabled)
    plan.own[pupil.code].disability = UNKNOWN_DISABILITY
    plan.record(PUPILS, pupil.code, "HS-2/8")


def undated_status(plan: Planting) -> None:
    pupil = plan.mover(*SINGLE_KINDS)
    plan.own[pupil.code].status_date = None
    plan.record(PUPILS, pupil.code, "HS-2/2")


def impossible_birth_date(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].birth_date = f"31/02/{pupil.birth.year}"
    plan.record(PUPILS, pupil.code, "HS-4/1")


def born_tomorrow(plan: Planting) -> None:
    pupil = plan.pupil()
    birth = pupil.birth.replace(year=plan.school.day.year + 1)
    plan.own[pupil.code].birth_date = birth.isoformat()
    plan.record(PUPILS, pupil.code, "HS-4/2", "ID-4/4", "DCH-3")


def status_of_tomorrow(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.own[pupil.code].status_date = (plan.school.day + timedelta(days=20)).isoformat()
    plan.record(PUPILS, pupil.code, "HS-4/3")


def other_grade(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].grade = str(pupil.grade % 5 + 1)
    plan.record(PUPILS, pupil.code, "HS-5/1")


def odd_class_name(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].class_name = f"Lá {pupil.class_name}"
    plan.record(PUPILS, pupil.code, "HS-5/2", "DCH-5")


def movement_not_recorded(plan: Planting) -> None:
    pupil = plan.mover(*SINGLE_KINDS)
    plan.remove(plan.movements[pupil.code])
    plan.record(PUPILS, pupil.code, "HS-6")


def status_of_other_term(plan: Planting) -> None:
    pupil = plan.mover(*WITHIN_A_TERM)
    plan.own[pupil.code].status_date = date(plan.school.year.start_year, 8, 3).isoformat()
    plan.record(PUPILS, pupil.code, "HS-7")


def listed_twice(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.school.csdl.pupils.append(replace(plan.sector[pupil.code]))
    plan.record(PUPILS, pupil.code, "HS-8/1")


def shared_number(plan: Planting) -> None:
    first = plan.pupil()
    # Of the same year and sex, which the number tells: else ID-4 would find it as well.
    second = plan.pupil(lambda pupil: (pupil.birth.year, pupil.sex) == (first.birth.year, first.sex))
    plan.own[second.code].personal_number = first.personal_number
    plan.record(PUPILS, pair(first, second), "HS-8/2")
    plan.record(PUPILS, second.code, "DCH-7")


def same_child_twice(plan: Planting) -> None:
    first = plan.pupil()
    # Of the same year, so that the child's own number still fits.
    second = plan.pupil(lambda pupil: pupil.birth.year == first.birth.year and pupil.birth != first.birth and pupil.name != first.name)
    row = plan.own[second.code]
    row.full_name, row.birth_date = first.name, first.birth.isoformat()
    plan.record(PUPILS, pair(first, second), "HS-8/3")
    plan.record(PUPILS, second.code, "DCH-2", "DCH-3")


def pair(first: Pupil, second: Pupil) -> str:
    """Key of a finding about two pupils."""
    return "|".join(sorted((first.code, second.code)))


def other_age(years: int, rule: str) -> Callable[[Planting], None]:
    """Make a pupil older (or younger) by years everywhere, with a number that fits."""

    def plant(plan: Planting) -> None:
        # Of a minority, or with a policy, a pupil may be older (Thông tư 28/2020/TT-BGDĐT Điều 33).
        pupil = plan.pupil(lambda pupil: pupil.family.ethnicity == KINH and pupil.policy is None)
        birth = pupil.birth.replace(year=pupil.birth.year - years)
        number = pupil.personal_number
        head = f"{number[:3]}{century_and_sex(birth.year, pupil.sex)}{birth:%y}"
        fitting = next(new for step in range(10**6) if (new := f"{head}{(int(number[6:]) + step) % 10**6:06d}") not in plan.numbers)
        plan.numbers.add(fitting)
        own, sector = plan.own[pupil.code], plan.sector[pupil.code]
        own.birth_date, sector.birth_date = birth.isoformat(), f"{birth:%d/%m/%Y}"
        own.personal_number = sector.personal_number = fitting
        plan.record(PUPILS, pupil.code, rule)

    return plant


ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    blank_own("full_name", "QC-19.6/1"),
    blank_sector("birth_date", "QC-19.6/2"),
    blank_sector("ethnicity", "QC-19.6/3"),
    blank_own("sex", "QC-19.6/4"),
    blank_sector("permanent_address", "QC-19.6/5"),
    unknown_policy,
    no_guardian,
    no_phone_at_all,
    blank_sector("class_name", "HS-1/1"),
    unknown_status,
    no_mother,
    no_mothers_year,
    unknown_ethnicity,
    disabled_without_kind,
    unknown_disability,
    undated_status,
    impossible_birth_date,
    born_tomorrow,
    status_of_tomorrow,
    other_grade,
    odd_class_name,
    movement_not_recorded,
    status_of_other_term,
    listed_twice,
    shared_number,
    same_child_twice,
    other_age(1, "TU-2/1"),
    other_age(FAR_TOO_OLD, "TU-2/2"),
    other_age(-1, "TU-3"),
)
