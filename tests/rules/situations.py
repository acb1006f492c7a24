"""Nights of a demo school on which rules and their plain readings are compared: the same rows as a snapshot and as dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from expectations.gx.scan import INDEX_COLUMNS, Scan
from expectations.rules import all_rules
from expectations.views.approvals import Approval, sealed
from infra.settings import Gradebook, Limits
from tests.rules.disturbed_school import DAY, disturbed, years_ago
from tests.rules.plain_school import MAIN, SECTOR, TOGETHER, Approved, School
from tests.rules.plain_staff import BOTH, OTHER, OWN
from tests.rules.test_second_implementation import InMemory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from connectors.records.snapshot import Snapshot, SourceState
    from expectations.rule import Rule
    from tests.rules.disturbed_school import Tables
    from tests.rules.plain_school import Told


@dataclass(frozen=True)
class Plan:
    """A night and its earlier ones, what the school set, and what was approved when: class, time, night.

    `years_ago`: how many years the days in the demo school's rows are put back; `sizes`: tables cut to so many rows on the
    earlier nights, and to so many tonight.
    """

    day: date = DAY
    years_ago: int = 0
    sizes: tuple[tuple[str, int, int], ...] = ()
    limits: Limits = field(default_factory=Limits)
    gradebook: Gradebook = field(default_factory=Gradebook)
    nights: tuple[date, ...] = ()
    approved: tuple[tuple[str, str, date], ...] = ()


@dataclass(frozen=True)
class Situation:
    """A night as the rules are told it, and as the plain readings are."""

    school: School
    scan: Scan

    def asked(self, rule: Rule) -> set[str]:
        """Systems that deliver what a rule needs; for two side by side both or none."""
        needs, snapshot = [need.partition(".") for need in rule.needs], self.scan.snapshot
        systems = {
            system
            for system in snapshot.sources
            if all(snapshot.delivers(system, table if dot else rule.table, [column if dot else table]) for table, dot, column in needs)
        }
        sides = {TOGETHER: {MAIN, SECTOR}, BOTH: {OWN, OTHER}}
        return systems | {name for name, both in sides.items() if both <= systems}

    def told(self, code: str) -> Told:
        """What a rule finds."""
        return {pair for columns in self.scan.keys(code) for pair in zip(*(columns[name] for name in INDEX_COLUMNS), strict=True)}


def rows_of(snapshot: Snapshot) -> Tables:
    return {name: snapshot.scan(name).collect().to_dicts() for name in TABLES}


def in_memory(rows: Tables, day: date, sources: Mapping[str, SourceState]) -> InMemory:
    frames = {name: pl.DataFrame(rows[name], schema=table.schema) for name, table in TABLES.items()}
    return InMemory(Path(), day, sources, {name: frame.height for name, frame in frames.items()}, frames)


def as_it_is(snapshot: Snapshot) -> Situation:
    context = CheckContext(snapshot.day, Limits())
    school = School(rows_of(snapshot), snapshot.day, Limits(), delivered=_delivered(snapshot))
    return Situation(school, Scan(snapshot, all_rules(), lambda: check(snapshot, all_rules(), context)))


def on_a_disturbed_night(snapshot: Snapshot, seed: int, plan: Plan, folder: Path) -> Situation:
    """Tonight and every earlier night disturbed each in its own way; what was approved lies in files in a folder."""
    rows, sources, day = rows_of(snapshot), _with_locks(snapshot.sources), plan.day
    nights = {on: years_ago(disturbed(rows, seed * 100 + place), plan.years_ago) for place, on in enumerate((day, *plan.nights))}
    for name, before, now in plan.sizes:
        for on, tables in nights.items():
            del tables[name][now if on == day else before :]
    snapshots = {on: in_memory(tables, on, sources) for on, tables in nights.items()}
    schools = {on: School(tables, on, plan.limits, plan.gradebook) for on, tables in nights.items()}
    approvals = tuple(_sealed(folder, snapshots[on], class_name, time) for class_name, time, on in plan.approved)
    school = replace(
        schools[day],
        earlier=tuple(schools[on] for on in plan.nights),
        approvals=tuple(Approved(class_name, time, schools[on]) for class_name, time, on in plan.approved),
        delivered=_delivered(snapshots[day]),
    )
    context = CheckContext(day, plan.limits, plan.gradebook, approvals)
    earlier = [snapshots[on] for on in plan.nights]
    return Situation(school, Scan(snapshots[day], all_rules(), lambda: check(snapshots[day], all_rules(), context, earlier)))


def _sealed(folder: Path, night: Snapshot, class_name: str, time: str) -> Approval:
    file = folder / f"{class_name}-{time}-{night.day}.parquet"
    sealed(night, class_name, time).write_parquet(file)
    return Approval(class_name, time, night.day, file)


def _delivered(snapshot: Snapshot) -> dict[str, Mapping[str, tuple[str, ...]]]:
    return {name: state.delivered for name, state in snapshot.sources.items()}


def _with_locks(sources: Mapping[str, SourceState]) -> dict[str, SourceState]:
    """The school's own system also says which marks are locked."""
    own = sources[MAIN]
    marks = (*own.delivered["marks"], "locked")
    return {**sources, MAIN: replace(own, delivered={**own.delivered, "marks": marks})}
