"""What every view is built from: tonight's snapshot, its day, the school's limits, earlier nights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.school_year import SchoolYear
from infra.settings import Gradebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.views.approvals import Approval
    from infra.settings import Limits

# The school's own system, whose rows say what is expected; the sector database is compared with it.
MAIN, SECTOR = "qlnt", "csdl"
PLACE = ("source_system", "source_file", "source_sheet", "source_row")


@dataclass(frozen=True)
class Scene:
    """The night as the views see it."""

    snapshot: Snapshot
    day: date
    limits: Limits
    earlier: tuple[Snapshot, ...] = ()
    gradebook: Gradebook = field(default_factory=Gradebook)
    approvals: tuple[Approval, ...] = ()
    _shared: dict[str, pl.LazyFrame] = field(default_factory=dict, compare=False, repr=False)

    def shared(self, name: str, build: Callable[[Scene], pl.LazyFrame]) -> pl.LazyFrame:
        """A frame that many views start from: one node in all their plans, so that a check computes it once."""
        if name not in self._shared:
            self._shared[name] = build(self).cache()
        return self._shared[name]

    @cached_property
    def year(self) -> SchoolYear:
        """The school year of the day, with the school's own dates."""
        return SchoolYear.of(self.day, self.gradebook.due_days, self.gradebook.locked_days)

    @cached_property
    def earlier_this_year(self) -> tuple[Snapshot, ...]:
        """Earlier nights of this school year, oldest first: a new one starts with other pupils and empty books."""
        ours = [night for night in self.earlier if SchoolYear.of(night.day).start_year == self.year.start_year]
        return tuple(sorted(ours, key=lambda night: night.day))

    @property
    def terms(self) -> SchoolYear:
        """The school year with the day on which the school's second term starts."""
        return replace(self.year, second_term_starts=self.limits.second_term_day)

    def table(self, name: str) -> pl.LazyFrame:
        """All systems' rows of a table."""
        return self.snapshot.scan(name)

    def main(self, name: str) -> pl.LazyFrame:
        """The school's own rows of a table."""
        return self.snapshot.scan(name).filter(pl.col("source_system") == MAIN)

    def has_rows(self, table: str) -> bool:
        """Whether any system delivered a row of a table."""
        return self.snapshot.rows.get(table, 0) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the rules of one family look at.

    `build` gives a lazy frame with the columns that the rules name and with PLACE; `key` is the
    record's own identity in it and `class_name` the column that tells its class, if it has one.
    `joint`: systems seen side by side, all of which must deliver what a rule needs.
    """

    build: Callable[[Scene], pl.LazyFrame]
    key: pl.Expr
    class_name: str | None = None
    joint: tuple[str, ...] = ()
