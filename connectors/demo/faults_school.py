"""Defects in classes, movements, attendance and health (TU-4, HS-2, CC-1, SK-1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.demo.gradebook import MATHS
from connectors.demo.planting import NoTarget
from connectors.demo.rows import MarkRow, MovementRow
from connectors.records.codes import DROPPED_OUT, MOVED_IN, MOVED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.people import Pupil
    from connectors.demo.planting import Planting
    from connectors.demo.rows import AttendanceRow, ClassRow, HealthRow

CLASSES, MOVEMENTS, ATTENDANCE, HEALTH, PUPILS = "classes", "movements", "attendance", "health", "pupils"
CLASS_SIZE, COMBINED_SIZE, DISABLED_A_CLASS = 35, 15, 2  # Thông tư 28/2020/TT-BGDĐT Điều 16.1
MOST_MOVED = 8  # pupils taken from other classes to crowd one
NOBODY = "CB9999"
TOO_MANY_DAYS = 27  # school days that no month has
NO_MOVEMENT, UNKNOWN_REASON = "01", "77"
A_MONTH = timedelta(days=31)
MEASURED_BY = (12, 31)
FEWEST_IN_A_CLASS = 8  # of at least five pupils without a row the class is told, not each of them
A_TERM = 90  # school days: half of 35 weeks, rounded up
OFTEN_AWAY = 25  # days a month, which is possible


def _class(plan: Planting, suits: Callable[[ClassRow, list[Pupil]], bool]) -> tuple[ClassRow, list[Pupil]]:
    """A class that nothing was done to, and its pupils at school."""
    members: dict[str, list[Pupil]] = {}
    for pupil in plan.school.pupils:
        if pupil.at_school:
            members.setdefault(plan.own[pupil.code].class_name, []).append(pupil)
    row = plan.draw(plan.school.qlnt.classes, lambda row: row.class_name, lambda row: suits(row, members[row.class_name]))
    return row, members[row.class_name]


def crowded_class(plan: Planting) -> None:
    """Move pupils of the same grade into one class until it is too big; everything about them moves with them."""
    # Their gradebooks have other columns: who changed over would bring marks that the class does not keep.
    whole = {row.name for row in plan.school.classes if row.combined_columns}
    row, members = _class(plan, lambda row, members: row.class_name not in whole and len(members) > CLASS_SIZE - MOST_MOVED)
    others = {other.name for other in plan.school.classes if other.grade == row.grade} - {row.class_name} - whole
    needed = CLASS_SIZE + 1 - len(members)
    moved = {plan.pupil(lambda pupil: pupil.class_name in others).code for _ in range(needed)}
    tables = (plan.school.qlnt.marks, plan.school.qlnt.traits, plan.school.qlnt.year_results, plan.school.qlnt.attendance)
    rows = [line for table in (*tables, plan.school.qlnt.pupils, plan.school.csdl.pupils, plan.school.csdl.health) for line in table]
    for line in rows:
        if line.pupil_code in moved:
            line.class_name = row.class_name
    plan.record(CLASSES, row.class_name, "TU-4/1")


def homeroom(code: str | None) -> Callable[[Planting], None]:
    """A class without a homeroom teacher, or with one whom nobody knows."""

    def plant(plan: Planting) -> None:
        row, _ = _class(plan, lambda *_: True)
        row.homeroom_code = code
        plan.record(CLASSES, row.class_name, "TU-4/2")

    return plant


def many_disabled(plan: Planting) -> None:
    row, members = _class(plan, lambda *_: True)
    needed = DISABLED_A_CLASS + 1 - sum(pupil.disability is not None for pupil in members)
    for chosen in [plan.pupil(lambda pupil: pupil.class_name == row.class_name) for _ in range(needed)]:
        plan.own[chosen.code].disability = "05"
    plan.record(CLASSES, row.class_name, "TU-4/3")


def big_combined_class(plan: Planting) -> None:
    row, _ = _class(plan, lambda _, members: len(members) > COMBINED_SIZE)
    row.combined = 1
    plan.record(CLASSES, row.class_name, "TU-4/4")


def movement_blank(field: str, kinds: tuple[str, ...], rule: str) -> Callable[[Planting], None]:
    """A movement that does not say where to, where from, or why."""

    def plant(plan: Planting) -> None:
        pupil = plan.mover(*kinds)
        row = plan.movements[pupil.code][0]
        setattr(row, field, None)
        plan.record(MOVEMENTS, f"{pupil.code}|{row.date}", rule)

    return plant


def unknown_reason(plan: Planting) -> None:
    pupil = plan.mover(*DROPPED_OUT)
    row = plan.movements[pupil.code][0]
    row.reason = UNKNOWN_REASON
    plan.record(MOVEMENTS, f"{pupil.code}|{row.date}", "HS-2/7")


def mark_after_leaving(plan: Planting) -> None:
    """A level of a time that was due long after the pupil had gone."""
    year, times = plan.school.year, plan.school.year.due_times(plan.school.day)
    gone = {pupil.code: pupil.left_on + A_MONTH for pupil in plan.movers if pupil.left_on}
    late = {code: time for code, until in gone.items() for time in times if year.due_date(time) > until}
    pupil = plan.mover_among(late)
    time = late[pupil.code]
    entry = (f"{year.due_date(time)} 09:00:00", plan.school.qlnt.marks[0].entered_by)
    plan.school.qlnt.marks.append(MarkRow(pupil.code, pupil.class_name, pupil.grade, MATHS, time, "T", None, 1, entry[1], entry[0]))
    plan.record("marks", f"{pupil.code}|{MATHS}|{time}", "HS-6/1")


def movement_of_no_kind(plan: Planting) -> None:
    pupil = plan.pupil()
    day = (plan.school.day - timedelta(days=3)).isoformat()
    plan.school.qlnt.movements.append(MovementRow(pupil.code, NO_MOVEMENT, day, None, None))
    plan.record(MOVEMENTS, f"{pupil.code}|{day}", "HS-2/6")


def negative_days(row: AttendanceRow) -> None:
    row.excused = -1


def wrong_total(row: AttendanceRow) -> None:
    row.total = (row.total or 0) + 1


def more_than_a_month(row: AttendanceRow) -> None:
    row.excused, row.unexcused, row.total = TOO_MANY_DAYS, 0, TOO_MANY_DAYS


def days_missing(row: AttendanceRow) -> None:
    row.excused = row.total = None


def absence(change: Callable[[AttendanceRow], None], rule: str) -> Callable[[Planting], None]:
    """Spoil one month of one pupil."""

    def plant(plan: Planting) -> None:
        row = plan.absence()
        change(row)
        plan.record(ATTENDANCE, f"{row.pupil_code}|{row.month}", rule)

    return plant


def away_for_a_term(plan: Planting) -> None:
    """Every month is possible, the term is not."""
    first_term = [month for month in plan.school.year.due_months(plan.school.day) if month[-2:] in ("09", "10", "11", "12")]
    if len(first_term) * OFTEN_AWAY <= A_TERM:
        raise NoTarget
    chosen = plan.absence(lambda row: _all_months_free(plan, row.pupil_code, first_term))
    for row in plan.school.qlnt.attendance:
        if row.pupil_code == chosen.pupil_code and row.month in first_term:
            row.excused, row.unexcused, row.total = OFTEN_AWAY, 0, OFTEN_AWAY
            plan.cells.add((row.pupil_code, "absence", row.month))
    plan.record(ATTENDANCE, f"{chosen.pupil_code}|kỳ 1", "CC-1/4")


def _all_months_free(plan: Planting, code: str, months: list[str]) -> bool:
    return all(plan.free(code, "absence", month) for month in months)


def month_missing(plan: Planting) -> None:
    row = plan.absence()
    plan.remove([row])
    plan.record(ATTENDANCE, f"{row.pupil_code}|{row.month}", "QC-19.6/9")


def month_of_class_missing(plan: Planting) -> None:
    """A month that a homeroom teacher has not entered at all: told once."""
    row = plan.absence()
    rows = [other for other in plan.school.qlnt.attendance if (other.class_name, other.month) == (row.class_name, row.month)]
    if len(rows) < FEWEST_IN_A_CLASS:
        raise NoTarget
    plan.remove(rows)
    plan.cells.update((other.pupil_code, "absence", other.month) for other in rows)
    plan.record(ATTENDANCE, f"{row.class_name}|{row.month}", "QC-19.6/10")


def measure(change: Callable[[HealthRow], None], rule: str) -> Callable[[Planting], None]:
    """Spoil one pupil's height or weight."""

    def plant(plan: Planting) -> None:
        row = plan.measured()
        change(row)
        plan.record(HEALTH, row.pupil_code, rule)

    return plant


def in_metres(row: HealthRow) -> None:
    row.height_cm = round(row.height_cm / 100, 2)


def too_tall(row: HealthRow) -> None:
    row.height_cm = round(row.height_cm + 100, 1)


def too_heavy(row: HealthRow) -> None:
    row.weight_kg = round(row.weight_kg * 10, 1)


def not_measured(plan: Planting) -> None:
    _measuring_is_over(plan)
    row = plan.measured()
    plan.remove([row])
    plan.record(HEALTH, row.pupil_code, "SK-1/4")


def class_not_measured(plan: Planting) -> None:
    """A whole class without a line in the health workbook: told once."""
    _measuring_is_over(plan)
    row = plan.measured()
    rows = [other for other in plan.school.csdl.health if other.class_name == row.class_name]
    if len(rows) < FEWEST_IN_A_CLASS:
        raise NoTarget
    plan.remove(rows)
    plan.cells.update((other.pupil_code, "health", "") for other in rows)
    plan.record(HEALTH, row.class_name, "SK-1/5")


def _measuring_is_over(plan: Planting) -> None:
    if plan.school.day < plan.school.year.on(MEASURED_BY):
        raise NoTarget


ABSENCE_FAULTS: tuple[Callable[[Planting], None], ...] = (
    absence(negative_days, "CC-1/1"),
    absence(wrong_total, "CC-1/2"),
    absence(more_than_a_month, "CC-1/3"),
    absence(days_missing, "QC-19.6/9"),
    month_missing,
)
HEALTH_FAULTS: tuple[Callable[[Planting], None], ...] = (
    measure(in_metres, "SK-1/3"),
    measure(too_tall, "SK-1/1"),
    measure(too_heavy, "SK-1/2"),
    not_measured,
)
# Classes and movements come before everything else: later defects must find pupils in their final class.
FIRST: tuple[Callable[[Planting], None], ...] = (
    crowded_class,
    homeroom(None),
    homeroom(NOBODY),
    many_disabled,
    big_combined_class,
    movement_blank("reason", DROPPED_OUT, "HS-2/3"),
    movement_blank("place", MOVED_OUT, "HS-2/4"),
    movement_blank("place", MOVED_IN, "HS-2/5"),
    movement_of_no_kind,
    unknown_reason,
    mark_after_leaving,
)
ONE_OF_EACH = (month_of_class_missing, away_for_a_term, *ABSENCE_FAULTS, class_not_measured, *HEALTH_FAULTS)
