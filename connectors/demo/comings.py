"""Pupils who come and go: who moved in, moved out, dropped out or came back, and when (HS-6, HS-7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.addresses import OTHER_SCHOOLS
from connectors.demo.dice import day_between, weighted
from connectors.demo.people import Movement
from connectors.records.codes import DROPPED_OUT, MOVED_IN, MOVED_OUT

if TYPE_CHECKING:
    from random import Random

    from connectors.records.school_year import SchoolYear

ONE_DAY = timedelta(days=1)
AUTUMN, SPRING, SUMMER = ("02", "03", "04", "05"), ("06", "07", "08", "09"), ("10", "11", "12")
# Every kind of coming and going once, before chance decides.
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("02",), ("04",), ("05",), ("06",), ("08",), ("10",), ("11",), ("09",), ("02", "08"), ("05", "07"), ("12",), ("05", "03"),
)  # fmt: skip
FURTHER: dict[tuple[str, ...], float] = {
    ("02",): 4.0,
    ("04",): 4.0,
    ("06",): 3.0,
    ("08",): 3.0,
    ("10",): 3.0,
    ("11",): 3.0,
    ("05",): 1.0,
    ("09",): 1.0,
}
ADDED_REASONS = {"01": 4, "03": 2, "06": 3, "09": 2}  # codes of ly_do_thoi_hoc


def movements_of(rng: Random, number: int, year: SchoolYear, day: date) -> list[Movement]:
    """The movements of the nth pupil who moves, all of them on or before `day`."""
    while True:
        script = SCRIPTS[number] if number < len(SCRIPTS) else weighted(rng, FURTHER)
        if movements := _played(rng, script, year, day):
            return movements
        # Early in the year there was no time yet for some of them.
        number = rng.randrange(len(SCRIPTS))


def window(kind: str, year: SchoolYear) -> tuple[date, date]:
    """When a kind of movement can happen: safely within the term that its code names."""
    if kind in SUMMER:
        return date(year.start_year, 6, 8), date(year.start_year, 8, 28)
    if kind in AUTUMN:
        return date(year.start_year, 9, 8), year.on((1, 12))
    return year.on((1, 18)), year.on((5, 22))


def _played(rng: Random, script: tuple[str, ...], year: SchoolYear, day: date) -> list[Movement]:
    movements: list[Movement] = []
    earliest = date.min
    for kind in script:
        first, last = window(kind, year)
        first, last = max(first, earliest), min(last, day)
        if first > last:
            return []
        on = day_between(rng, first, last, ONE_DAY)
        movements.append(_movement(rng, kind, on))
        earliest = on + 3 * ONE_DAY
    return movements


def _movement(rng: Random, kind: str, on: date) -> Movement:
    place = rng.choice(OTHER_SCHOOLS) if kind in MOVED_IN + MOVED_OUT else None
    return Movement(kind, on, place, weighted(rng, ADDED_REASONS) if kind in DROPPED_OUT else None)
