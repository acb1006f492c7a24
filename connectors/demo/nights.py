"""The demo school on two nights running: as it was, and tonight, when things were changed that only a comparison shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.demo.dice import dice
from connectors.demo.faults import spoil
from connectors.demo.faults_later import APPROVED_FAMILY, APPROVED_TIMES, CLOSED_FAMILY, UNIT_RATING, approved_class, plant_changes
from connectors.demo.planting import Planting
from connectors.demo.school import School, build_school

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connectors.demo.delivery import DemoOptions
    from connectors.demo.planting import Fault

A_NIGHT = timedelta(days=1)
ONLY_BY_SETTINGS = ("CB-4/5",)
CELLS_BY_DUE_DATE = 3  # the first three kinds of cells close on their due dates, the year's results only where the school locks them


@dataclass(frozen=True, slots=True)
class Nights:
    """Two nights, and what tonight's check must find beside the earlier one.

    `faults`: with `approved` (class, time) as of the earlier night, `locked` (time -> dd/mm, the day that the school
    closes its books) and `unit_rating` given to the check; see `without_settings` for a check that knows none of them.
    """

    before: School
    tonight: School
    faults: list[Fault]
    approved: tuple[tuple[str, str], ...]
    locked: dict[str, str] = field(default_factory=dict)
    unit_rating: str = UNIT_RATING


def two_nights(options: DemoOptions) -> Nights:
    """The same school twice, with the ordinary defects in both unless it is to be clean, and the changes in the later."""
    earlier, later = (build_school(options.seed, options.pupils, options.day) for _ in range(2))
    spoilt = [Planting.of(school, options.seed) if options.clean else spoil(school, options.seed) for school in (earlier, later)]
    plan = Planting(
        later, dice(options.seed, "changes"), faults=set(spoilt[1].faults), touched=set(spoilt[1].touched), cells=set(spoilt[1].cells)
    )
    approved = approved_class(plan)
    plant_changes(plan, approved)
    # Only what the files say: built for the day before, it would be another school.
    earlier.day -= A_NIGHT
    faults = plan.finish()
    return Nights(earlier, later, faults, tuple((approved, time) for time in APPROVED_TIMES), {"CN": f"{earlier.day:%d/%m}"})


def without_settings(faults: Iterable[Fault]) -> list[Fault]:
    """What a check finds that is given the two nights and nothing else: what was approved is a closed book like any other."""
    return sorted({_by_due_date(fault) for fault in faults if _shows(fault[0])})


def _shows(rule: str) -> bool:
    family, _, number = rule.partition("/")
    return rule not in ONLY_BY_SETTINGS and (family not in {APPROVED_FAMILY, CLOSED_FAMILY} or int(number) <= CELLS_BY_DUE_DATE)


def _by_due_date(fault: Fault) -> Fault:
    rule, table, key = fault
    return rule.replace(f"{APPROVED_FAMILY}/", f"{CLOSED_FAMILY}/"), table, key
