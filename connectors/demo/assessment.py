"""Marks, levels and year results of every pupil, for the times already due: what teachers have entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.demo.dice import chance
from connectors.demo.gradebook import (
    LOWEST_BEFORE,
    MATHS,
    VIETNAMESE,
    C,
    drawn_mark,
    drawn_trait,
    overall,
    reached,
    special_mark,
    subjects_of,
    traits_of,
    written_score,
)
from connectors.demo.people import Role
from connectors.demo.rows import MarkRow, TraitRow, YearResultRow
from connectors.records.codes import tested_times

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from random import Random

    from connectors.demo.enrolment import ClassPlan
    from connectors.demo.people import Pupil
    from connectors.demo.rows import Qlnt
    from connectors.records.school_year import SchoolYear

FINAL = "CN"
Cell = tuple[str, str | None]  # level, score as written


@dataclass(slots=True)
class Assessment:
    """Fills the gradebooks of a school management system."""

    rng: Random
    year: SchoolYear
    day: date
    system: Qlnt
    teachers: Mapping[tuple[str, str], str]  # (class, subject) -> user name

    def fill(self, plan: ClassPlan, pupils: list[Pupil]) -> None:
        """All due times of one class, and the year results when they are due."""
        for time in self.year.due_times(self.day):
            present = [pupil for pupil in pupils if pupil.assessed_on(self.year.due_date(time))]
            final = self._fill_time(plan, time, present)
            if time == FINAL and self.year.results_are_due(self.day):
                self.system.year_results += [self._result(pupil, *final[pupil.code]) for pupil in present]

    def _fill_time(self, plan: ClassPlan, time: str, pupils: list[Pupil]) -> dict[str, tuple[dict[str, Cell], list[str]]]:
        codes = traits_of(plan.grade)
        filled: dict[str, tuple[dict[str, Cell], list[str]]] = {pupil.code: ({}, []) for pupil in pupils}
        for subject in subjects_of(plan):
            cell = subject, time, time in tested_times(subject, plan.grade), self._last_tested(subject, plan.grade)
            stamp = self._entered(plan, subject, time)
            for pupil in pupils:
                filled[pupil.code][0][subject] = self._mark(pupil, cell, stamp)
        for pupil in pupils:
            cells, levels = filled[pupil.code]
            maths = cells[MATHS][0]
            for trait in codes:
                levels.append(level := drawn_trait(self.rng, pupil.strength, maths, trait))
                self.system.traits.append(TraitRow(pupil.code, plan.name, plan.grade, time, trait, level))
        return filled

    def _entered(self, plan: ClassPlan, subject: str, time: str) -> tuple[str, str]:
        on = self.year.due_date(time) - timedelta(days=self.rng.randrange(1, 11))
        moment = f"{on.isoformat()} {self.rng.randrange(7, 22):02d}:{self.rng.randrange(60):02d}:{self.rng.randrange(60):02d}"
        return self.teachers[plan.name, subject], moment

    def _mark(self, pupil: Pupil, cell: tuple[str, str, bool, str], stamp: tuple[str, str]) -> Cell:
        subject, time, tested, last = cell
        level, score = special_mark(pupil, subject, time, last) or drawn_mark(self.rng, pupil.strength, tested=tested)
        if score is not None and not reached(pupil.grade, self.year.start_year):
            score = max(score, LOWEST_BEFORE)
        written, attempt = written_score(self.rng, score), 1
        if pupil.role is Role.RETEST and subject == VIETNAMESE and time == last:
            self._add(pupil, (subject, time), (C, "4"), (1, (stamp[0], _days_before(stamp[1], 3))))
            level, written, attempt = "H", "6", 2  # the last attempt counts (rules.md TT27-7.1f)
        self._add(pupil, (subject, time), (level, written), (attempt, stamp))
        return level, written

    def _last_tested(self, subject: str, grade: int) -> str:
        due = [time for time in self.year.due_times(self.day) if time in tested_times(subject, grade)]
        return due[-1] if due else ""

    def _add(self, pupil: Pupil, cell: tuple[str, str], mark: Cell, entry: tuple[int, tuple[str, str]]) -> None:
        attempt, (user, moment) = entry
        self.system.marks.append(MarkRow(pupil.code, pupil.class_name, pupil.grade, *cell, *mark, attempt, user, moment))

    def _result(self, pupil: Pupil, cells: dict[str, Cell], trait_levels: list[str]) -> YearResultRow:
        tests = [int(float(score.replace(",", "."))) for _, score in cells.values() if score is not None]
        result = overall([level for level, _ in cells.values()], trait_levels, tests)
        by_tt27, passed = reached(pupil.grade, self.year.start_year), result != "CHT"
        if result == "HTXS" and not by_tt27:
            result = "HTT"  # the best that there was
        decision = f"{self.rng.randrange(40, 90)}/QĐ-THSK" if pupil.role is Role.BY_DECISION and not passed else None
        return YearResultRow(
            pupil.code,
            pupil.class_name,
            pupil.grade,
            result,
            self._reward(pupil, result) if by_tt27 else None,
            int(passed),
            int(passed or bool(decision)),
            decision,
        )

    def _reward(self, pupil: Pupil, result: str) -> str | None:
        if result == "HTXS":
            return "HSXS"
        return "HSTB" if result == "HTT" and pupil.role is not Role.UNTITLED and chance(self.rng, 0.6) else None


def _days_before(moment: str, days: int) -> str:
    return str(datetime.fromisoformat(moment) - timedelta(days=days))
