"""Plants the defects of a demo school, each with every finding that it must lead to (`faults.json`)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from connectors.demo import (
    faults_abnormal,
    faults_identity,
    faults_marks,
    faults_pupils,
    faults_ratings,
    faults_results,
    faults_school,
    faults_staff,
)
from connectors.demo.dice import shuffled
from connectors.demo.faults_sheets import plant_in_sheets
from connectors.demo.planting import Fault, NoTarget, Planting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connectors.demo.school import School

SHARE = 0.02  # of the rows of each big table


def plant(school: School, seed: int) -> list[Fault]:
    """Spoil the school's rows; returns every (rule, table, key) that a check must find, sorted, each once."""
    return sorted(spoil(school, seed).faults)


def spoil(school: School, seed: int) -> Planting:
    """One defect of each kind that the day and the size allow, then more until about 2 % of rows; changes `school` in place.

    The notebook says what must be found and what may still be changed.
    """
    plan = Planting.of(school, seed)
    # In chance order: in a small school not every kind finds a pupil, and no kind shall always be the one left out.
    particulars = shuffled(plan.rng, (*faults_pupils.ONE_OF_EACH, *faults_identity.ONE_OF_EACH))
    marks = (*faults_marks.FIRST, *faults_abnormal.ONE_OF_EACH, *faults_marks.ONE_OF_EACH, *faults_results.ONE_OF_EACH)
    staff = (*faults_staff.ONE_OF_EACH, *faults_ratings.ONE_OF_EACH)
    for planter in (*faults_school.FIRST, *particulars, *marks, *faults_school.ONE_OF_EACH, *staff):
        with suppress(NoTarget):
            planter(plan)
    for table, rows, planters in _fillers(school):
        _fill(plan, table, int(SHARE * rows), planters)
    plan.faults = set(plant_in_sheets(school, plan.rng, plan.finish()))
    return plan


def _fillers(school: School) -> list[tuple[str, int, Sequence[Callable[[Planting], None]]]]:
    return [
        ("pupils", len(school.qlnt.pupils) + len(school.csdl.pupils), faults_identity.FILLERS),
        ("marks", len(school.qlnt.marks), faults_marks.MARK_FILLERS),
        ("traits", len(school.qlnt.traits), faults_marks.TRAIT_FILLERS),
        ("year_results", len(school.qlnt.year_results), faults_results.RESULT_FAULTS),
        ("attendance", len(school.qlnt.attendance), faults_school.ABSENCE_FAULTS),
        ("health", len(school.csdl.health), faults_school.HEALTH_FAULTS),
    ]


def _fill(plan: Planting, table: str, wanted: int, planters: Sequence[Callable[[Planting], None]]) -> None:
    """Plant in turn until so many changes are in a table; a kind that finds no place any more drops out."""
    waiting = list(planters)
    while waiting and plan.planted[table] < wanted:
        planter = waiting.pop(0)
        with suppress(NoTarget):
            planter(plan)
            waiting.append(planter)
