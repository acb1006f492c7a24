"""Defects that show only beside an earlier night, an approval or the school's own settings (BD-*, QC-15.4, QC-19.7, CB-4/5).

They are what happens to good data between two nights, so each is planted in tonight's school alone.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from connectors.demo.faults_marks import MARKS, TRAITS, compulsory, early, key, tested, trait_key
from connectors.demo.faults_results import RESULTS, is_result
from connectors.demo.faults_school import CLASS_SIZE
from connectors.demo.faults_staff import lesson_key
from connectors.demo.gradebook import COMPUTING_COMPETENCE, FAIR, GOOD, H_FROM, MATHS, T_FROM, H, T
from connectors.demo.planting import NoTarget, whole_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import MarkRow, TraitRow, YearResultRow

    Here = Callable[[MarkRow | TraitRow | YearResultRow], bool]

APPROVED_FAMILY, CLOSED_FAMILY = "QC-15.4", "QC-19.7"
APPROVED_TIMES = ("CK1", "CN")  # the middle of the year for its marks, the end for its results
UNIT_RATING, ABOVE_UNIT, ITS_SCORE = "HTTNV", "HTXSNV", 92.0
HEAD, MANAGERS = "01", "01"  # loai_can_bo, nhom_can_bo
JUMP = 5  # pupils more or fewer in a class overnight
FEWEST_ROWS = 50  # of a table before losing half of it means anything
TOP_SCORE = 10
A_PAIR = 2
ROUNDS = 2  # of every changed cell: more than one of a kind, and never so many that pupils run out


def approved_class(plan: Planting) -> str:
    """The class whose results the principal approved that night: not one of just two in its grade, between which pupils change over."""
    classes = plan.school.classes
    others = [one for one in classes if sum(other.grade == one.grade for other in classes) != A_PAIR]
    return plan.rng.choice(others or classes).name


def plant_changes(plan: Planting, approved: str) -> None:
    """What changed since the earlier night, in `approved` and elsewhere; whole pupils before single cells of theirs."""
    planters: list[Callable[[Planting], None]] = [
        partial(class_moved, approved=approved),
        partial(pupil_deleted, approved=approved),
        partial(mark_vanished, approved=approved),
        half_the_lessons_lost,
        head_above_unit,
    ]
    for family, here in ((APPROVED_FAMILY, _approved(approved)), (CLOSED_FAMILY, _elsewhere(approved))):
        planters += [partial(change, family=family, here=here) for change in CHANGES] * ROUNDS
    for planter in planters:
        with suppress(NoTarget):
            planter(plan)


def _approved(name: str) -> Here:
    return lambda row: row.class_name == name and getattr(row, "time", APPROVED_TIMES[-1]) in APPROVED_TIMES


def _elsewhere(name: str) -> Here:
    return lambda row: row.class_name != name


def _as_it_was(plan: Planting, name: str) -> bool:
    """Whether nothing is found of a class as such, or of a book of it."""
    return name not in plan.touched and not any(key.split("|")[0] == name for _, _, key in plan.faults)


def _untouched(plan: Planting, code: str) -> bool:
    """Whether nothing was done to any cell of a pupil."""
    return all(cell[0] != code for cell in plan.cells)


# Between two nights (BD-*)


def class_moved(plan: Planting, approved: str) -> None:
    """So many pupils go into the parallel class that both sizes ask for a look."""
    # As in `crowded_class`: their gradebooks have other columns.
    whole = {row.name for row in plan.school.classes if row.combined_columns}
    names = [row for row in plan.school.classes if row.name not in {approved, *whole} and _as_it_was(plan, row.name)]
    pairs = [(one.name, other.name) for one in names for other in names if one.grade == other.grade and one is not other]
    if not pairs:
        raise NoTarget
    source, target = plan.rng.choice(pairs)
    moved = {plan.pupil(lambda pupil: plan.own[pupil.code].class_name == source and _untouched(plan, pupil.code)).code for _ in range(JUMP)}
    before = sum(pupil.at_school and plan.own[pupil.code].class_name == target for pupil in plan.school.pupils)
    qlnt, csdl = plan.school.qlnt, plan.school.csdl
    for table in (qlnt.pupils, qlnt.marks, qlnt.traits, qlnt.year_results, qlnt.attendance, csdl.pupils, csdl.health):
        for row in table:
            if row.pupil_code in moved:
                row.class_name = target
    plan.record("drift", f"pupils|{source}", "BD-3")
    plan.record("drift", f"pupils|{target}", "BD-3")
    if before + JUMP > CLASS_SIZE:
        plan.record("classes", target, "TU-4/1")


def pupil_deleted(plan: Planting, approved: str) -> None:
    """Taken off the school's roll by mistake; the sector database still has the child."""
    # one pupil less in a class that just changed by so many would take its change below what is told
    elsewhere = {row.class_name for row in plan.school.qlnt.classes if ("BD-3", "drift", f"pupils|{row.class_name}") not in plan.faults}
    pupil = plan.pupil(lambda pupil: plan.own[pupil.code].class_name in elsewhere - {approved} and _untouched(plan, pupil.code))
    plan.remove([plan.own[pupil.code]])
    plan.record("pupils", pupil.code, "BD-4", "DCH-1")


def mark_vanished(plan: Planting, approved: str) -> None:
    """A mark that was there: missing tonight, and taken out of a closed book."""
    row = plan.mark(lambda row: early(row) and compulsory(row) and row.level is not None and row.class_name != approved)
    plan.remove([row])
    plan.record(MARKS, f"{row.class_name}|{row.subject}|{row.time}", "BD-5")
    plan.record(MARKS, key(row), "TT27-7.1a/1", f"{CLOSED_FAMILY}/1", *([] if row.score is None else [f"{CLOSED_FAMILY}/2"]))


def half_the_lessons_lost(plan: Planting) -> None:
    """A table cut off: of assignments, because nothing else is missed when they are gone."""
    rows = plan.school.qlnt.assignments
    lost = [row for row in rows if lesson_key(row) not in plan.touched][: len(rows) // 2 + 1]
    if len(rows) < FEWEST_ROWS or 2 * len(lost) <= len(rows):
        raise NoTarget
    plan.remove(lost)
    plan.record("drift", "assignments", "BD-1")


# After an approval, or after the book was closed (QC-15.4, QC-19.7)


def another_level(plan: Planting, family: str, here: Here) -> None:
    """Where no test contradicts it and no competence follows it."""
    row = plan.mark(lambda row: here(row) and early(row) and compulsory(row) and row.score is None and row.subject != MATHS)
    row.level = H if row.level == T else T
    plan.record(MARKS, key(row), f"{family}/1")


def another_score(plan: Planting, family: str, here: Here) -> None:
    row = plan.mark(lambda row: here(row) and early(row) and tested(row) and _next_score(plan, row) is not None)
    row.score = _next_score(plan, row)
    plan.record(MARKS, key(row), f"{family}/2")


def _next_score(plan: Planting, row: MarkRow) -> str | None:
    """A point more or less that goes with the same level and lies near the tests beside it."""
    now = whole_score(row.score)
    span = {T: (T_FROM, TOP_SCORE), H: (H_FROM, TOP_SCORE)}.get(row.level or "")
    near = [score for score in (now + 1, now - 1) if span[0] <= score <= span[1] and not plan.jumps(row, score)] if now and span else []
    return f"{near[0]:.0f}" if near else None


def another_trait(plan: Planting, family: str, here: Here) -> None:
    row = plan.trait(lambda row: here(row) and early(row) and row.trait != COMPUTING_COMPETENCE and row.level in (GOOD, FAIR))
    row.level = FAIR if row.level == GOOD else GOOD
    plan.record(TRAITS, trait_key(row), f"{family}/3")


def another_end(
    number: int, results: tuple[str, ...], change: Callable[[YearResultRow], None], *also: str
) -> Callable[[Planting, str, Here], None]:
    """Change one field of a stored year result; `also`: rules that the new value breaks by itself."""

    def plant(plan: Planting, family: str, here: Here) -> None:
        row = plan.result(lambda row: here(row) and is_result(*results)(row))
        change(row)
        plan.record(RESULTS, row.pupil_code, f"{family}/{number}", *also)

    return plant


def better_result(row: YearResultRow) -> None:
    row.result = "HTT"


def other_reward(row: YearResultRow) -> None:
    row.reward = None if row.reward else "HSTB"


def not_completed(row: YearResultRow) -> None:
    row.completed = 0


def not_promoted(row: YearResultRow) -> None:
    row.promoted = 0


def decided(row: YearResultRow) -> None:
    row.principal_decision = "41/QĐ-THSK"


CHANGES: tuple[Callable[..., None], ...] = (
    another_level,
    another_score,
    another_trait,
    another_end(4, ("HT",), better_result, "TT27-9.9"),
    another_end(5, ("HTT",), other_reward),
    another_end(6, ("HT", "HTT"), not_completed, "TT27-11.1"),
    another_end(7, ("HT", "HTT"), not_promoted, "TT27-11.1"),
    another_end(8, ("HT", "HTT", "HTXS"), decided),
)


# Against what the school set


def head_above_unit(plan: Planting) -> None:
    """The head rated better than the unit (Nghị định 90/2020): in a small group that is one too many of the best as well."""
    heads = {row.staff_code for row in plan.school.hr.staff if row.position == HEAD}
    newest = str(plan.school.day.year - 1)
    row = plan.draw(
        plan.school.hr.ratings,
        lambda row: f"{row.staff_code}|{row.year}",
        lambda row: row.staff_code in heads and row.year == newest and row.civil_rating == UNIT_RATING,
    )
    row.civil_score, row.civil_rating = ITS_SCORE, ABOVE_UNIT
    plan.record("ratings", f"{row.staff_code}|{row.year}", "CB-4/5")
    plan.record("ratings", f"{MANAGERS}|{row.year}", "CB-4/4")
