"""The planter's notebook: what was changed, what must be found because of it, and what may still be changed.

Rule codes are plain text here; nothing is imported from the rules. A pupil, cell, class, member of
staff or account is changed at most once, so that one defect never hides or alters another.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from connectors.demo.dice import dice, shuffled
from connectors.demo.gradebook import reached
from connectors.demo.people import Pupil, Role
from connectors.records.codes import tested_times

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence
    from random import Random

    from connectors.demo.rows import (
        AttendanceRow,
        GuardianRow,
        HealthRow,
        MarkRow,
        MovementRow,
        PupilRow,
        SectorRow,
        TraitRow,
        YearResultRow,
    )
    from connectors.demo.school import School

Fault: TypeAlias = tuple[str, str, str]  # rule, table, key
T = TypeVar("T")
K = TypeVar("K")
B = TypeVar("B", bound="MarkRow | TraitRow | YearResultRow")
FAR = 5  # points between two tests that ask for a second look (Điều 16.1b)
TRIES = 3000  # draws of a mark before a kind of defect is given up as impossible here


class NoTarget(Exception):
    """Nothing in this school, on this day, can carry the defect."""


@dataclass
class Planting:
    """One school being spoilt."""

    school: School
    rng: Random
    faults: set[Fault] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)  # pupil codes, class names, staff codes, `system|user`
    cells: set[tuple[str, str, str]] = field(default_factory=set)  # pupil, subject or trait, time
    removed: set[int] = field(default_factory=set)  # id() of rows that will be gone
    planted: Counter[str] = field(default_factory=Counter)  # changes by table
    spoilt: int = 0  # ordinary pupils whose particulars were changed

    @classmethod
    def of(cls, school: School, seed: int) -> Planting:
        """A fresh notebook."""
        return cls(school, dice(seed, "faults"))

    def record(self, table: str, key: str, *rules: str) -> None:
        """These rules must find this key."""
        self.faults.update((rule, table, key) for rule in rules)
        self.planted[table] += 1

    # Looking up

    @cached_property
    def people(self) -> dict[str, Pupil]:
        """Pupils by code."""
        return {pupil.code: pupil for pupil in self.school.pupils}

    @cached_property
    def own(self) -> dict[str, PupilRow]:
        """Rows of the school's system by code."""
        return {row.pupil_code: row for row in self.school.qlnt.pupils}

    @cached_property
    def sector(self) -> dict[str, SectorRow]:
        """Rows of the sector database by code."""
        return {row.pupil_code: row for row in self.school.csdl.pupils}

    @cached_property
    def guardians(self) -> dict[str, list[GuardianRow]]:
        """Guardians in the school's system by pupil."""
        return _grouped(self.school.qlnt.guardians, lambda row: row.pupil_code)

    @cached_property
    def movements(self) -> dict[str, list[MovementRow]]:
        """Movements by pupil."""
        return _grouped(self.school.qlnt.movements, lambda row: row.pupil_code)

    @cached_property
    def ordinary(self) -> list[Pupil]:
        """Pupils with nothing special about them, in chance order."""
        return shuffled(self.rng, [pupil for pupil in self.school.pupils if pupil.role is Role.ORDINARY])

    @cached_property
    def movers(self) -> list[Pupil]:
        """Pupils who came or went, in chance order."""
        return shuffled(self.rng, [pupil for pupil in self.school.pupils if pupil.role is Role.MOVER])

    @cached_property
    def scores(self) -> dict[tuple[str, str], list[MarkRow]]:
        """A pupil's marks in a subject."""
        return _grouped(self.school.qlnt.marks, lambda row: (row.pupil_code, row.subject))

    @cached_property
    def numbers(self) -> set[str]:
        """Personal numbers in use: a changed one must not be somebody else's."""
        return {pupil.personal_number for pupil in self.school.pupils}

    # Choosing

    def pupil(self, suits: Callable[[Pupil], bool] = lambda _: True) -> Pupil:
        """An ordinary pupil at school whom nothing was done to; NoTarget when there is none.

        At least half of the ordinary pupils stay as they are, for the defects in their marks.
        """
        if 2 * self.spoilt >= len(self.ordinary):
            raise NoTarget
        self.spoilt += 1
        return self._one(self.ordinary, suits)

    def mover(self, *kinds: str) -> Pupil:
        """A pupil with exactly one movement, of one of these kinds."""
        return self._one(self.movers, lambda pupil: len(pupil.movements) == 1 and pupil.status in kinds)

    def mover_among(self, codes: Container[str]) -> Pupil:
        """A pupil with exactly one movement, out of these."""
        return self._one(self.movers, lambda pupil: len(pupil.movements) == 1 and pupil.code in codes)

    def _one(self, pupils: list[Pupil], suits: Callable[[Pupil], bool]) -> Pupil:
        chosen = next((pupil for pupil in reversed(pupils) if pupil.code not in self.touched and suits(pupil)), None)
        if chosen is None:
            raise NoTarget
        self.touched.add(chosen.code)
        return chosen

    def mark(self, suits: Callable[[MarkRow], bool], *, before_tt27: bool = False) -> MarkRow:
        """A mark that nothing was done to, of a pupil that nothing was done to."""
        return self._of_book(self.school.qlnt.marks, lambda row: (row.subject, row.time), suits, before_tt27=before_tt27)

    def trait(self, suits: Callable[[TraitRow], bool]) -> TraitRow:
        """A level of a quality or competence that nothing was done to."""
        return self._of_book(self.school.qlnt.traits, lambda row: (trait_cell(row), row.time), suits)

    def result(self, suits: Callable[[YearResultRow], bool], *, before_tt27: bool = False) -> YearResultRow:
        """A year result that nothing was done to, of a pupil whose final marks are as they were."""
        return self._of_book(self.school.qlnt.year_results, lambda _: ("result", "CN"), suits, before_tt27=before_tt27)

    def _of_book(
        self, rows: Sequence[B], cell: Callable[[B], tuple[str, str]], suits: Callable[[B], bool], *, before_tt27: bool = False
    ) -> B:
        """A row of a grade that Thông tư 27 had reached, or had not: most rules find nothing in the others."""

        def fits(row: B) -> bool:
            is_old = not reached(row.grade, self.school.year.start_year)
            return is_old is before_tt27 and self.free(row.pupil_code, *cell(row)) and suits(row)

        drawn = self._draw(rows, fits)
        self.cells.add((drawn.pupil_code, *cell(drawn)))
        return drawn

    def free(self, code: str, subject: str, time: str) -> bool:
        """Whether a cell of an ordinary pupil is as it was."""
        return (code, subject, time) not in self.cells and code not in self.touched and self.people[code].role is Role.ORDINARY

    def jumps(self, changed: MarkRow, score: float) -> list[str]:
        """Times at which a pupil's score lies far from that of the test before, once this row has another score."""
        rows = [row for row in self.scores[changed.pupil_code, changed.subject] if id(row) not in self.removed]
        # By attempt: the last one is what stays in the mapping, as it is what counts (TT27-7.1f).
        values = {row.time: whole_score(row.score) for row in sorted(rows, key=lambda row: row.attempt)}
        values[changed.time] = score
        followed = pairwise(tested_times(changed.subject, changed.grade))
        pairs = [(values.get(before), values.get(time), time) for before, time in followed]
        return [time for before, now, time in pairs if before is not None and now is not None and abs(now - before) >= FAR]

    def absence(self, suits: Callable[[AttendanceRow], bool] = lambda _: True) -> AttendanceRow:
        """A month's attendance that nothing was done to."""
        row = self._draw(self.school.qlnt.attendance, lambda row: self.free(row.pupil_code, "absence", row.month) and suits(row))
        self.cells.add((row.pupil_code, "absence", row.month))
        return row

    def measured(self) -> HealthRow:
        """A pupil's line of the health workbook that nothing was done to."""
        row = self._draw(self.school.csdl.health, lambda row: self.free(row.pupil_code, "health", ""))
        self.cells.add((row.pupil_code, "health", ""))
        return row

    def draw(self, rows: Sequence[T], name: Callable[[T], str], suits: Callable[[T], bool] = lambda _: True) -> T:
        """A row of a small list that was not touched, by its name in `touched`."""
        row = self._draw(rows, lambda row: name(row) not in self.touched and suits(row))
        self.touched.add(name(row))
        return row

    def _draw(self, rows: Sequence[T], suits: Callable[[T], bool]) -> T:
        for _ in range(TRIES if rows else 0):
            row = self.rng.choice(rows)
            if id(row) not in self.removed and suits(row):
                return row
        raise NoTarget

    # Changing

    def remove(self, rows: Iterable[object]) -> None:
        """These rows will not be delivered."""
        self.removed.update(map(id, rows))

    def finish(self) -> list[Fault]:
        """Drop the removed rows; all faults in order."""
        for system in (self.school.qlnt, self.school.csdl, self.school.hr):
            for name in system.__slots__:
                setattr(system, name, [row for row in getattr(system, name) if id(row) not in self.removed])
        return sorted(self.faults)


def whole_score(text: str | None) -> float | None:
    """A score as delivered, where it is one."""
    plain = (text or "").replace(",", ".")
    return float(plain) if re.fullmatch(r"(\d|10)(\.0)?", plain) else None


def trait_cell(row: TraitRow) -> str:
    """How a level of a competence is named among the cells: `TH` and `CN` are also subjects."""
    return f"nlpc {row.trait}"


def _grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
