"""Marks that ask for a second look (Điều 16.1b): one score for all, a book entered in a minute, a score far from the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.demo.faults_marks import FINAL, MARKS, early, key, tested
from connectors.demo.gradebook import MATHS, VIETNAMESE, C, H
from connectors.demo.planting import NoTarget
from connectors.records.codes import tested_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import MarkRow

ENOUGH_ROWS = 12  # the check looks at books of at least ten marks; some rows may be spoilt otherwise
THE_ONE_SCORE = "7"  # goes with T and with H, and is near to every other score
FALLEN_TO = 4


def _column(plan: Planting, suits: Callable[[MarkRow], bool]) -> list[MarkRow]:
    """All rows of a class, subject and time that nothing was done to but for a few."""
    row = plan.mark(suits)
    cell = (row.class_name, row.subject, row.time)
    rows = [other for other in plan.school.qlnt.marks if (other.class_name, other.subject, other.time) == cell]
    untouched = [other for other in rows if other is row or (other.pupil_code, other.subject, other.time) not in plan.cells]
    if len(untouched) < ENOUGH_ROWS or len(untouched) < len(rows):
        raise NoTarget
    plan.cells.update((other.pupil_code, other.subject, other.time) for other in rows)
    return rows


def one_score_for_all(plan: Planting) -> None:
    """Not in Toán, which a competence follows, nor in Tiếng Việt, where special cases have theirs."""
    rows = _column(plan, lambda row: early(row) and tested(row) and row.subject not in (MATHS, VIETNAMESE))
    for row in rows:
        row.score, row.level = THE_ONE_SCORE, H if row.level == C else row.level
    plan.record(MARKS, f"{rows[0].class_name}|{rows[0].subject}|{rows[0].time}", "QC-16.1b/2")


def hurried_entry(plan: Planting) -> None:
    """A whole book within a minute on its last evening."""
    rows = _column(plan, lambda row: early(row) and row.subject != VIETNAMESE)
    day = plan.school.year.due_date(rows[0].time).isoformat()
    for number, row in enumerate(rows):
        row.entered_at = f"{day} 21:40:{number % 60:02d}"
    plan.record(MARKS, f"{rows[0].class_name}|{rows[0].subject}|{rows[0].time}", "QC-16.1b/3")


def far_from_before(plan: Planting) -> None:
    """A score that fell from very good to weak; the test after it may then seem to jump up again, which is told as well."""
    row = plan.mark(lambda row: early(row) and row.subject == VIETNAMESE and tested(row) and bool(plan.jumps(row, FALLEN_TO)))
    for time in plan.jumps(row, FALLEN_TO):
        plan.record(MARKS, f"{row.pupil_code}|{row.subject}|{time}", "QC-16.1b/1")
    plan.cells.update((row.pupil_code, row.subject, time) for time in tested_times(row.subject, row.grade))
    row.score, row.level = str(FALLEN_TO), C


def zero_before_tt27(plan: Planting) -> None:
    """A 0 in a grade where the rules before Thông tư 27 forbade it; it may lie far from the tests beside it, which is told as well."""
    row = plan.mark(lambda row: row.subject == VIETNAMESE and tested(row), before_tt27=True)
    plan.record(MARKS, key(row), "TT27-0.2/1")
    for time in plan.jumps(row, 0):
        plan.record(MARKS, f"{row.pupil_code}|{row.subject}|{time}", "QC-16.1b/1")
    plan.cells.update((row.pupil_code, row.subject, time) for time in tested_times(row.subject, row.grade))
    row.score, row.level = "0", C


def attempt_twice(plan: Planting) -> None:
    row = plan.mark(lambda row: row.time != FINAL and row.attempt == 1)
    plan.school.qlnt.marks.append(replace(row))
    plan.record(MARKS, key(row), "TT27-7.1f")


ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    one_score_for_all, hurried_entry, far_from_before, zero_before_tt27, attempt_twice,
)  # fmt: skip
