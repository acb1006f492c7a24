"""How complete the school's book is: the eight fields of Điều 19.6a, and grade entry, per class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from expectations.check import delivers_all
from expectations.progress import State
from expectations.report.content import MAIN_SYSTEM
from expectations.report.ordering import NO_CLASS, class_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.report.content import ReportContent

# The rule of each of the eight fields, in the order of Điều 19.6a.
FIELD_RULES = tuple(f"QC-19.6/{number}" for number in range(1, 9))


@dataclass(frozen=True, slots=True)
class ClassFields:
    """One class: how many pupils, and how many lack each of the eight fields (None: not enough data)."""

    class_name: str
    pupils: int
    missing: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The eight fields by class; `complete` of `pupils` have them all. `systems` are totals per system."""

    classes: tuple[ClassFields, ...]
    systems: tuple[ClassFields, ...]
    pupils: int
    complete: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Grade entry of a class at one time, over all its books: pupils' entries that are in, those missing, and all."""

    filled: int
    missing: int
    expected: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Grade entry by class and time. `examined` False: there is no book that can be judged."""

    times: tuple[tuple[str, date, bool], ...]  # time, its due date, whether it is due
    classes: tuple[tuple[str, Mapping[str, Entry]], ...]
    examined: bool

    @property
    def due(self) -> Entry:
        """All classes together, at the times that are due."""
        entries = [entries[time] for _, entries in self.classes for time, _, is_due in self.times if is_due]
        return Entry(*(sum(getattr(entry, name) for entry in entries) for name in ("filled", "missing", "expected")))


def pupils_at_school(snapshot: Snapshot) -> pl.DataFrame:
    """Pupils of the school's own book who are at school: pupil_code, class_name, grade, source_system."""
    wanted = pl.col("status").is_in(codes.AT_SCHOOL) & (pl.col("source_system") == main_system(snapshot))
    return snapshot.scan("pupils").filter(wanted).select("pupil_code", "class_name", "grade").collect()


def main_system(snapshot: Snapshot) -> str:
    """The system whose pupils are counted: the school's own, else the first that delivers pupils."""
    delivering = sorted(name for name, state in snapshot.sources.items() if state.delivered.get("pupils"))
    return MAIN_SYSTEM if MAIN_SYSTEM in delivering or not delivering else delivering[0]


def completeness(content: ReportContent) -> Completeness:
    main = main_system(content.snapshot)
    counted = content.result.singles.filter(pl.col("rule").is_in(FIELD_RULES))
    of_main = counted.filter(pl.col("system") == main)
    by_class = _missing(of_main, pl.col("class_name").fill_null(NO_CLASS))
    classes = pupils_at_school(content.snapshot).group_by(pl.col("class_name").fill_null(NO_CLASS)).len().sort("class_name")
    known = _fields_known(content, main)
    pupils = int(classes["len"].sum())
    return Completeness(
        classes=tuple(ClassFields(name, size, _row(by_class.get(name, {}), known)) for name, size in classes.iter_rows()),
        systems=_of_systems(content, counted),
        pupils=pupils if any(known) else 0,
        complete=pupils - of_main.n_unique("key") if of_main.height else pupils,
    )


def _of_systems(content: ReportContent, counted: pl.DataFrame) -> tuple[ClassFields, ...]:
    at_school = content.snapshot.scan("pupils").filter(pl.col("status").is_in(codes.AT_SCHOOL))
    main = main_system(content.snapshot)
    sizes = at_school.group_by("source_system").len().sort(pl.col("source_system") != main, "source_system").collect()
    missing = _missing(counted, pl.col("system"))
    return tuple(
        ClassFields(system, size, _row(missing.get(system, {}), _fields_known(content, system))) for system, size in sizes.iter_rows()
    )


def _missing(counted: pl.DataFrame, group: pl.Expr) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, rule, count in counted.group_by(group.alias("group"), "rule").agg(pl.col("key").n_unique()).iter_rows():
        found.setdefault(name, {})[rule] = count
    return found


def _row(found: Mapping[str, int], known: tuple[bool, ...]) -> tuple[int | None, ...]:
    return tuple(found.get(rule, 0) if is_known else None for rule, is_known in zip(FIELD_RULES, known, strict=True))


def _fields_known(content: ReportContent, system: str) -> tuple[bool, ...]:
    """Per field, whether its rule examined rows of this system: a field that nobody delivers is grey, not complete."""
    asked = {rule.code for rule in content.rules if rule.code in FIELD_RULES and delivers_all(content.snapshot, system, rule)}
    return tuple(content.examined.get(code, 0) > 0 and code in asked for code in FIELD_RULES)


def progress(books: pl.DataFrame, day: date) -> Progress:
    """Grade entry by class and time out of its books (expectations.progress); one that cannot be judged counts nowhere."""
    due = dict(books.select("time", "due").unique().sort("due").iter_rows())
    known = books.filter(pl.col("state") != State.UNKNOWN.value)
    counted = known.group_by("class_name", "time").agg(pl.col("complete", "missing", "expected").sum())
    entries = {(name, time): Entry(*counts) for name, time, *counts in counted.iter_rows()}
    return Progress(
        times=tuple((time, on, on <= day) for time, on in due.items()),
        classes=tuple(
            (name or NO_CLASS, {time: entries.get((name, time), Entry(0, 0, 0)) for time in due})
            for name in sorted(books["class_name"].unique(), key=lambda name: (name is None, class_order(name or "")))
        ),
        examined=not known.is_empty(),
    )
