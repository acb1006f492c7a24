"""Defects in numbers and phones, names, addresses, and differences between the two systems (ID-*, DT-*, TX-1, DC-1, DCH-*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.names import newer_tones
from connectors.records.codes import FEMALE, MALE, reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.people import Pupil
    from connectors.demo.planting import Planting

PUPILS = "pupils"
UNKNOWN_PROVINCE = "003"
SHARED_BY = 5  # pupils on one phone (DT-5)
FIRST_DAYS = 12  # of a month: day and month can be swapped


def sector_number(change: Callable[[str], str], *rules: str) -> Callable[[Planting], None]:
    """Change the personal number in the sector database."""

    def plant(plan: Planting) -> None:
        pupil = plan.pupil(lambda pupil: change(pupil.personal_number) not in plan.numbers)
        plan.sector[pupil.code].personal_number = changed = change(pupil.personal_number)
        plan.numbers.add(changed)
        plan.record(PUPILS, pupil.code, *rules)

    return plant


def other_sex_digit(number: str) -> str:
    return f"{number[:3]}{int(number[3]) ^ 1}{number[4:]}"


def other_year_digits(number: str) -> str:
    return f"{number[:4]}{(int(number[4:6]) + 1) % 100:02d}{number[6:]}"


def other_tail(number: str) -> str:
    return f"{number[:6]}{(int(number[6:]) + 7) % 10**6:06d}"


def as_spreadsheets_shorten(number: str) -> str:
    return f"{number[1]}.{number[2:9]}E+10"


def sector_phone(make: Callable[[Planting], str], rule: str) -> Callable[[Planting], None]:
    """Write another phone into the sector database."""

    def plant(plan: Planting) -> None:
        pupil = plan.pupil()
        plan.sector[pupil.code].contact_phone = make(plan)
        plan.record(PUPILS, pupil.code, rule)

    return plant


def unknown_prefix(plan: Planting) -> str:
    return f"095{plan.rng.randrange(10**7):07d}"


def number_before_2018(plan: Planting) -> str:
    return f"{plan.rng.choice(tuple(reference()['doi_dau_so_2018']))}{plan.rng.randrange(10**7):07d}"


def lost_zero(plan: Planting) -> str:
    return f"90{plan.rng.randrange(10**7):07d}"


def short_landline(plan: Planting) -> str:
    return f"028{plan.rng.randrange(10**7):07d}"


def one_phone_for_many(plan: Planting) -> None:
    phone = f"0968{plan.rng.randrange(10**6):06d}"
    for pupil in [plan.pupil() for _ in range(SHARED_BY)]:
        plan.own[pupil.code].contact_phone = phone
        plan.record(PUPILS, pupil.code, "DT-5")


def malformed_code(plan: Planting) -> None:
    pupil = plan.pupil()
    wrong = pupil.code[:-1]
    plan.sector[pupil.code].pupil_code = wrong
    # Found twice: each system has a code that the other lacks.
    plan.record(PUPILS, wrong, "ID-1", "DCH-1")
    plan.record(PUPILS, pupil.code, "DCH-1")


def missing_in_sector(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.remove([plan.sector[pupil.code]])
    plan.record(PUPILS, pupil.code, "DCH-1")


def other_name(plan: Planting) -> None:
    pupil = plan.pupil()
    surname, _, rest = pupil.name.partition(" ")
    plan.sector[pupil.code].full_name = newer_tones(f"{surname} Ngọc {rest}" if not rest.startswith("Ngọc") else f"{surname} Kim {rest}")
    plan.record(PUPILS, pupil.code, "DCH-2")


def name_with_a_digit(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].full_name = f"{newer_tones(pupil.name)}1"
    plan.record(PUPILS, pupil.code, "TX-1", "DCH-2")


def name_with_foreign_letter(plan: Planting) -> None:
    """Ð of another keyboard: the same name to the eye, and to the comparison of the two systems."""
    pupil = plan.pupil(lambda pupil: "Đ" in pupil.name)
    plan.sector[pupil.code].full_name = pupil.name.replace("Đ", "\u00d0")
    plan.record(PUPILS, pupil.code, "TX-1")


def name_with_other_i(plan: Planting) -> None:
    pupil = plan.pupil(lambda pupil: "Mỹ" in pupil.name)
    plan.sector[pupil.code].full_name = newer_tones(pupil.name).replace("Mỹ", "Mĩ")
    plan.record(PUPILS, pupil.code, "DCH-2")


def half_new_address(plan: Planting) -> None:
    """The new ward and the old district (DC-1): nobody can tell which of the two was put right."""
    pupil = plan.pupil(lambda pupil: "Quận" not in pupil.family.address)
    plan.own[pupil.code].permanent_address = pupil.family.address.replace(", Thành phố", ", Quận 11, Thành phố")
    plan.record(PUPILS, pupil.code, "DC-1/1")


def ward_without_district(plan: Planting) -> None:
    pupil = plan.pupil(lambda pupil: "Quận 11, " in pupil.family.address)
    plan.own[pupil.code].permanent_address = pupil.family.address.replace("Quận 11, ", "")
    plan.record(PUPILS, pupil.code, "DC-1/2")


def swapped_birth_date(plan: Planting) -> None:
    pupil = plan.pupil(lambda pupil: pupil.birth.day <= FIRST_DAYS and pupil.birth.day != pupil.birth.month)
    plan.sector[pupil.code].birth_date = f"{pupil.birth:%m/%d/%Y}"
    plan.record(PUPILS, pupil.code, "DCH-3")


def other_sex(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].sex = MALE if pupil.sex == FEMALE else FEMALE
    plan.record(PUPILS, pupil.code, "DCH-4", "ID-4/3")


def other_class(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].class_name = _another_class(plan, pupil)
    plan.record(PUPILS, pupil.code, "DCH-5")


def _another_class(plan: Planting, pupil: Pupil) -> str:
    others = [row.name for row in plan.school.classes if row.grade == pupil.grade and row.name != pupil.class_name]
    # A small school has one class a grade.
    return plan.rng.choice(others) if others else f"{pupil.grade}Z"


def gone_in_sector(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].status = "Chuyển đi kỳ 1"
    plan.record(PUPILS, pupil.code, "DCH-6")


def no_number(plan: Planting) -> None:
    pupil = plan.pupil()
    plan.sector[pupil.code].personal_number = None
    plan.record(PUPILS, pupil.code, "ID-2")


ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    malformed_code,
    no_number,
    sector_number(lambda number: number[:10], "ID-4/1"),
    sector_number(lambda number: UNKNOWN_PROVINCE + number[3:], "ID-4/2", "DCH-7"),
    sector_number(other_sex_digit, "ID-4/3", "DCH-7"),
    sector_number(other_year_digits, "ID-4/4", "DCH-7"),
    sector_number(other_tail, "DCH-7"),
    sector_number(lambda number: number[1:], "ID-6/1"),
    sector_number(as_spreadsheets_shorten, "ID-6/2"),
    sector_phone(unknown_prefix, "DT-1"),
    sector_phone(number_before_2018, "DT-2"),
    sector_phone(short_landline, "DT-3"),
    sector_phone(lost_zero, "DT-4"),
    one_phone_for_many,
    missing_in_sector,
    other_name,
    name_with_a_digit,
    name_with_foreign_letter,
    name_with_other_i,
    half_new_address,
    ward_without_district,
    swapped_birth_date,
    other_sex,
    other_class,
    gone_in_sector,
)
FILLERS: tuple[Callable[[Planting], None], ...] = (
    no_number,
    sector_number(other_sex_digit, "ID-4/3", "DCH-7"),
    sector_number(other_year_digits, "ID-4/4", "DCH-7"),
    sector_number(lambda number: number[1:], "ID-6/1"),
    sector_phone(unknown_prefix, "DT-1"),
    sector_phone(number_before_2018, "DT-2"),
    sector_phone(lost_zero, "DT-4"),
    swapped_birth_date,
    other_class,
)
