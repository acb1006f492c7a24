"""A fictional primary school of one year, from a seed: its people, and what each of its systems holds about them.

Everything that exists on the demo's day is there and nothing later: no mark before it is due, no
movement of the future, no month that has not ended. Clean data holds what looks wrong and is right
(`people.Role`); no rule may find anything in it.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from connectors.demo import hr, views
from connectors.demo.assessment import Assessment
from connectors.demo.dice import dice
from connectors.demo.enrolment import ClassPlan, Registrar, plan_classes
from connectors.demo.numbers import Numbers
from connectors.demo.rows import AssignmentRow, ClassRow, Csdl, Qlnt, StaffFiles
from connectors.demo.staff import Employee, StaffOffice
from connectors.records.school_year import SchoolYear

if TYPE_CHECKING:
    from connectors.demo.people import Pupil

SCHOOL_NAME = "Trường Tiểu học Sao Khuê"
SESSIONS_PER_DAY = 2


@dataclass(slots=True)
class School:
    """The school as it is (`pupils`, `classes`, `staff`) and as its three systems tell it."""

    seed: int
    day: date
    year: SchoolYear
    classes: list[ClassPlan]
    pupils: list[Pupil]
    staff: list[Employee]
    teaching: dict[tuple[str, str], str] = field(default_factory=dict)  # (class, subject) -> staff code, as it is
    qlnt: Qlnt = field(default_factory=Qlnt)
    csdl: Csdl = field(default_factory=Csdl)
    hr: StaffFiles = field(default_factory=StaffFiles)
    name: str = SCHOOL_NAME


def build_school(seed: int, pupils: int, day: date) -> School:
    """The whole school on a day. The same arguments give the same school."""
    year = SchoolYear.of(day)
    numbers = Numbers(dice(seed, "numbers"))
    classes = plan_classes(dice(seed, "classes"), pupils)
    children = Registrar(dice(seed, "enrolment"), numbers, year, day).enrol(classes)
    office = StaffOffice(dice(seed, "staff"), numbers, day)
    office.hire(classes)
    school = School(seed, day, year, classes, children, office.people)
    _open_registers(school, office)
    _fill_gradebooks(school, office)
    _count_absences(school)
    _keep_staff_files(school)
    return school


def _open_registers(school: School, office: StaffOffice) -> None:
    own, sector = dice(school.seed, "qlnt"), dice(school.seed, "csdl")
    for pupil in school.pupils:
        school.qlnt.pupils.append(views.pupil_row(own, pupil))
        school.qlnt.guardians += views.guardian_rows(pupil)
        school.qlnt.movements += views.movement_rows(pupil)
        school.csdl.pupils.append(views.sector_row(sector, pupil))
        if pupil.at_school:
            school.csdl.health.append(views.health_row(sector, pupil))
    school.qlnt.classes = [
        ClassRow(plan.name, plan.grade, school.year.label, office.homeroom[plan.name].code, SESSIONS_PER_DAY, 0) for plan in school.classes
    ]


def _fill_gradebooks(school: School, office: StaffOffice) -> None:
    teaching = office.teaching(school.classes)
    school.teaching = {cell: person.code for cell, person in teaching.items()}
    school.qlnt.assignments = [AssignmentRow(name, subject, person.code) for (name, subject), person in teaching.items()]
    users = {cell: person.username for cell, person in teaching.items()}
    assessment = Assessment(dice(school.seed, "marks"), school.year, school.day, school.qlnt, users)
    members = {name: list(pupils) for name, pupils in groupby(school.pupils, key=lambda pupil: pupil.class_name)}
    for plan in school.classes:
        assessment.fill(plan, members[plan.name])


def _count_absences(school: School) -> None:
    rng = dice(school.seed, "attendance")
    for month in school.year.due_months(school.day):
        first, last = month_span(month)
        school.qlnt.attendance += [views.attendance_row(rng, pupil, month) for pupil in school.pupils if pupil.present(first, last)]


def month_span(month: str) -> tuple[date, date]:
    """First and last day of a month written `2026-09`."""
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _keep_staff_files(school: School) -> None:
    rng = dice(school.seed, "hr")
    school.hr.ratings = hr.ratings(rng, school.staff, school.day)
    school.hr.staff = hr.staff_rows(school.staff, school.hr.ratings)
    accounts = hr.accounts(rng, school.staff, school.day)
    school.qlnt.accounts = [row for row in accounts if row.account_system == "qlnt"]
    school.hr.accounts = [row for row in accounts if row.account_system != "qlnt"]
