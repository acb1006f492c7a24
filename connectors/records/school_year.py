"""The school year: which term and assessment time a day belongs to, and what is due by then.

The city's yearly plan was not found (rules.md HS-7, §9), so the dates are a setting with these
defaults [KT]; nothing that is not yet due is ever called missing.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_TERM, SECOND_TERM, SUMMER = "kỳ 1", "kỳ 2", "hè"
LAST_LESSONS = (5, 31)
SCHOOL_MONTHS = (9, 10, 11, 12, 1, 2, 3, 4, 5)


def _default_due() -> dict[str, tuple[int, int]]:
    return {"GK1": (11, 15), "CK1": (1, 15), "GK2": (3, 31), "CN": (5, 25)}


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One school year, named by the calendar year it starts in (2026 for 2026-2027)."""

    start_year: int
    due: Mapping[str, tuple[int, int]] = field(default_factory=_default_due)
    locked: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    results_due: tuple[int, int] = (5, 31)
    second_term_starts: tuple[int, int] = (1, 16)

    @classmethod
    def of(
        cls, day: date, due: Mapping[str, tuple[int, int]] | None = None, locked: Mapping[str, tuple[int, int]] | None = None
    ) -> SchoolYear:
        """The school year that a day falls in; the new year opens on 1 August.

        `due` and `locked`: time -> (month, day) where the school set one.
        """
        first_month_of_new_year = 8
        start = day.year if day.month >= first_month_of_new_year else day.year - 1
        return cls(start, {**_default_due(), **(due or {})}, locked or {})

    @property
    def label(self) -> str:
        """Like `2026-2027`."""
        return f"{self.start_year}-{self.start_year + 1}"

    @property
    def first_day(self) -> date:
        """First day of lessons' administrative year (1 September); earlier changes are of the summer."""
        return date(self.start_year, 9, 1)

    @property
    def census_day(self) -> date:
        """30 September: the day the start-of-year statistics are counted on (Biểu 02-TH-ĐN)."""
        return date(self.start_year, 9, 30)

    def on(self, month_day: tuple[int, int]) -> date:
        """The day (month, day) within this school year."""
        month, day = month_day
        return date(self.start_year + (month < self.first_day.month), month, day)

    def due_date(self, time: str) -> date:
        """When every mark of an assessment time (GK1, CK1, GK2, CN) must be in."""
        return self.on(self.due[time])

    def lock_date(self, time: str) -> date | None:
        """From when the books of an assessment time are locked; None where the school set no day."""
        return self.on(self.locked[time]) if time in self.locked else None

    def due_times(self, day: date) -> tuple[str, ...]:
        """Assessment times already due on a day, in order."""
        return tuple(time for time in self.due if self.due_date(time) <= day)

    def results_are_due(self, day: date) -> bool:
        """Whether year results and promotion must be in."""
        return day >= self.on(self.results_due)

    def due_months(self, day: date) -> tuple[str, ...]:
        """Months (`YYYY-MM`) of the school year whose attendance must be complete: those that have ended."""
        months = [(self.start_year + (month < self.first_day.month), month) for month in SCHOOL_MONTHS]
        return tuple(f"{year}-{month:02d}" for year, month in months if date(year, month, monthrange(year, month)[1]) <= day)

    def end_of_term(self, day: date) -> date:
        """Last day of the term that a day falls in: what is allowed for a term is allowed no longer."""
        new_term = self.on(self.second_term_starts)
        if self.first_day <= day < new_term:
            return new_term - timedelta(days=1)
        return self.on(LAST_LESSONS) if new_term <= day <= self.on(LAST_LESSONS) else date(day.year, 8, 31)

    def term_of(self, day: date) -> str:
        """Term of a day: `kỳ 1` from 1 September, `kỳ 2` to 31 May, else `hè` (rules.md HS-7)."""
        if self.first_day <= day < self.on(self.second_term_starts):
            return FIRST_TERM
        return SECOND_TERM if self.on(self.second_term_starts) <= day <= self.on(LAST_LESSONS) else SUMMER
