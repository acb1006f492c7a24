"""The demo school's further systems (Điều 1, 20, 22, 23), written only when asked for: they agree with the first three.

Everything is made from the school as it is, not from the rows that defects are planted in: what is wrong in
one system is right in the others, and none of these ever adds a finding of its own.
"""

from __future__ import annotations

import os
from datetime import datetime, time
from typing import TYPE_CHECKING

from connectors.demo import hr, views
from connectors.demo.dice import dice
from connectors.demo.files import DEPARTMENT, HEALTH_WIDTHS
from connectors.demo.kept_systems import write_accounting, write_documents, write_website
from connectors.demo.lms import write_accounts, write_lms
from connectors.demo.temis import write_temis
from connectors.demo.workbooks import Sheet, write_workbook
from connectors.records.codes import reference
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.demo.rows import AccountRow, HealthRow, RatingRow
    from connectors.demo.school import School

# System -> its column map; those without one keep their files and have no rows.
OTHER_SYSTEMS = {
    "temis": "temis_2026",
    "lms": "lms_2026",
    "accounts": "accounts_2026",
    "health": "health_2026",
    "documents": "",
    "accounting": "",
    "website": "",
}


def write_other_systems(folder: Path, school: School) -> None:
    """Write a folder for each of OTHER_SYSTEMS below `folder`; the same school gives the same bytes and file times."""
    ratings, accounts = staff_records(school)
    write_temis(folder / "temis", school, ratings)
    write_lms(folder / "lms", school, accounts)
    write_accounts(folder / "accounts", accounts)
    _write_health(folder / "health", school)
    write_documents(folder / "documents", school)
    write_accounting(folder / "accounting", school)
    write_website(folder / "website", school)
    _date_files(folder, school)


def staff_records(school: School) -> tuple[list[RatingRow], list[AccountRow]]:
    """Ratings and accounts as they were before anything was planted: the same dice, thrown again in the same order."""
    rng = dice(school.seed, "hr")
    return hr.ratings(rng, school.staff, school.day), hr.accounts(rng, school.staff, school.day)


def health_rows(school: School) -> Iterator[HealthRow]:
    """Heights and weights as they were before anything was planted."""
    rng = dice(school.seed, "csdl")
    for pupil in school.pupils:
        views.sector_row(rng, pupil)  # what the same dice were thrown for in between
        if pupil.at_school:
            yield views.health_row(rng, pupil)


def _write_health(folder: Path, school: School) -> None:
    """health/: the school nurse's workbook in the shape of the sector database's."""
    titles = (DEPARTMENT, school.name, f"SỔ THEO DÕI SỨC KHỎE NĂM HỌC {school.year.label}", f"Ngày lập: {school.day:%d/%m/%Y}")
    headings = list(zip(reference()["cot_xuat_suc_khoe"], HEALTH_WIDTHS, strict=True))
    lines = [_health_line(number, row) for number, row in enumerate(health_rows(school), 1)]
    write_workbook(folder / "SucKhoe_YTe.xlsx", [Sheet("Sức khỏe", titles, 6, headings, lines)])


def _health_line(number: int, row: HealthRow) -> tuple[object, ...]:
    person = (row.class_name, row.pupil_code, row.full_name, row.birth_date, row.sex)
    return (number, *person, row.weight_kg, row.height_cm, "x" if row.swims else None, row.eyes)


def _date_files(folder: Path, school: School) -> None:
    """The age of kept files is that of the newest: all of them are of the school's day."""
    moment = datetime.combine(school.day, time(12), SCHOOL_ZONE).timestamp()
    for system in OTHER_SYSTEMS:
        for path in (folder / system).rglob("*"):
            if path.is_file():
                os.utime(path, (moment, moment))
