"""What each system shows of the same children: the school's own rows and the sector database's export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.addresses import OTHER_PROVINCES, WARDS, new_ward_of
from connectors.demo.dice import chance
from connectors.demo.names import newer_tones
from connectors.demo.numbers import written_phone
from connectors.demo.people import Role
from connectors.demo.rows import AttendanceRow, GuardianRow, HealthRow, MovementRow, PupilRow, SectorRow
from connectors.records.codes import FATHER, GUARDIAN, MOTHER, codes_of, reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from connectors.demo.people import Parent, Pupil

HEIGHT_AT_SIX, GROWTH_A_YEAR = 116.0, 5.6  # centimetres
IN_CAPITALS = 0.1  # of the children were typed in capitals into the sector database
EYES = ("Cận thị", "Loạn thị", "Viễn thị")
EXCUSED_DAYS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 3)


def pupil_row(rng: Random, pupil: Pupil) -> PupilRow:
    """qlnt.hoc_sinh."""
    last = pupil.movements[-1] if pupil.movements else None
    return PupilRow(
        pupil_code=pupil.code,
        personal_number=pupil.personal_number,
        full_name=pupil.name,
        birth_date=pupil.birth.isoformat(),
        sex=pupil.sex,
        ethnicity=pupil.family.ethnicity,
        nationality=pupil.nationality,
        permanent_address=pupil.family.address,
        policy_category=pupil.policy,
        disability=pupil.disability,
        not_assessed=int(pupil.role is Role.NOT_ASSESSED),
        contact_phone=_contact(rng, pupil),
        class_name=pupil.class_name,
        grade=pupil.grade,
        enrolment_kind=pupil.enrolment_kind,
        status=pupil.status,
        status_date=last.day.isoformat() if last else None,
    )


def _contact(rng: Random, pupil: Pupil) -> str | None:
    if pupil.role is Role.PHONELESS:
        return None
    phone = written_phone(rng, pupil.family.phone)
    second = pupil.family.parents[0].phone
    return f"{phone} / {second}" if second and second != pupil.family.phone and chance(rng, 0.02) else phone


def guardian_rows(pupil: Pupil) -> Iterator[GuardianRow]:
    """qlnt.phu_huynh: the parents; for an orphan only the guardian."""
    only_guardian = pupil.role in (Role.ORPHAN, Role.ABANDONED)
    for parent in pupil.family.parents:
        if not only_guardian or parent.relation == GUARDIAN:
            yield GuardianRow(pupil.code, parent.relation, parent.name, parent.birth_year, parent.phone)


def movement_rows(pupil: Pupil) -> Iterator[MovementRow]:
    """qlnt.bien_dong."""
    for movement in pupil.movements:
        yield MovementRow(pupil.code, movement.kind, movement.day.isoformat(), movement.place, movement.reason)


def sector_row(rng: Random, pupil: Pupil) -> SectorRow:
    """One line of the sector database's list; an orphan's dead parents are still named there."""
    parents = {parent.relation: parent for parent in pupil.family.parents}
    # The export has no column for a guardian: where nobody knows the parents it stands in the father's.
    father = parents.get(FATHER) or (parents.get(GUARDIAN) if MOTHER not in parents else None)
    mother = parents.get(MOTHER)
    name = newer_tones(pupil.name)
    ethnic_names = {entry["ma"]: entry["ten"] for entry in reference()["dan_toc"]}
    return SectorRow(
        sheet=pupil.grade,
        pupil_code=pupil.code,
        full_name=name.upper() if chance(rng, IN_CAPITALS) else name,
        birth_date=f"{pupil.birth:%d/%m/%Y}",
        sex=pupil.sex,
        ethnicity=ethnic_names[pupil.family.ethnicity],
        status=codes_of("trang_thai_hoc_sinh")[pupil.status],
        contact_phone=_contact(rng, pupil),
        birth_place="Thành phố Hồ Chí Minh" if pupil.personal_number.startswith("079") else rng.choice(OTHER_PROVINCES),
        permanent_address=pupil.family.address,
        home_province=rng.choice(("Thành phố Hồ Chí Minh", *OTHER_PROVINCES)),
        home_ward=new_ward_of(pupil.family.address),
        residence=f"Khu phố {rng.randrange(1, 40)}, Phường {rng.choice(tuple(WARDS))}, Thành phố Hồ Chí Minh",
        **_parent_cells("father", father),
        **_parent_cells("mother", mother),
        class_name=pupil.class_name,
        grade=str(pupil.grade),
        personal_number=pupil.personal_number,
    )


def _parent_cells(prefix: str, parent: Parent | None) -> dict[str, str | None]:
    if parent is None:
        return {prefix: None, f"{prefix}_job": None, f"{prefix}_year": None}
    return {prefix: parent.name, f"{prefix}_job": parent.job, f"{prefix}_year": str(parent.birth_year)}


def health_row(rng: Random, pupil: Pupil) -> HealthRow:
    """One line of the health workbook: centimetres and kilograms that fit the grade."""
    height = round(rng.gauss(HEIGHT_AT_SIX + GROWTH_A_YEAR * pupil.grade, 4.5), 1)
    return HealthRow(
        class_name=pupil.class_name,
        pupil_code=pupil.code,
        full_name=pupil.name,
        birth_date=f"{pupil.birth:%d/%m/%Y}",
        sex=pupil.sex,
        weight_kg=round((height / 100) ** 2 * rng.uniform(13.8, 20.5), 1),
        height_cm=height,
        swims=chance(rng, 0.3),
        eyes=rng.choice(EYES) if chance(rng, 0.2) else None,
    )


def attendance_row(rng: Random, pupil: Pupil, month: str) -> AttendanceRow:
    """Days off in one month; the two kinds add up to the total."""
    excused, unexcused = rng.choice(EXCUSED_DAYS), int(chance(rng, 0.06))
    return AttendanceRow(pupil.code, pupil.class_name, month, excused, unexcused, excused + unexcused)
