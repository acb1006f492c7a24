"""What a source must keep to, and what tonight's delivery breaks: columns, rows, change, age of the data itself.

Tonight's delivery is held against the last good nights of the same source and against its settings. The same
inputs give the same breaches; nothing is read but counts and names of columns. What a person accepted is told by
`covers` and `came_back`; who may accept and where it is written down is the business of flows.accepting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

import polars as pl

from connectors.errors import SourceChanged
from connectors.records.cleaning import DERIVED
from connectors.records.school_calendar import Season
from connectors.records.snapshot import Snapshot, SourceState
from connectors.records.tables import TABLES
from infra.clock import vietnamese_date
from infra.errors import ExitCode
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from connectors.records.school_calendar import SchoolCalendar
    from infra.source_settings import Contract

GOOD_NIGHTS = 5  # whose median is what is usual (issue 3, part 5)
SMALLEST_TABLE = 50  # tables below move by nature; the same floor as of the drift rule BD-1
SEASON_CHANGE = 0.5  # in a season of change any table may move by half: beyond that BD-1 stops the export anyway
# Tables that the school year turns over: what they hold in summer and August says nothing of the nights before.
TURNED_OVER = frozenset(
    {"pupils", "guardians", "classes", "movements", "assignments", "marks", "traits", "year_results", "attendance", "health"}
)
# Tables that fill up over the year: they start at nothing, and more rows than yesterday are what is hoped for.
FILLING = frozenset({"movements", "marks", "traits", "year_results", "attendance", "health", "ratings"})


class Kind(StrEnum):
    """What is not as it must be. Kinds in NOTES are told and trip nothing."""

    LOST_TABLE = "mất bảng"
    LOST_COLUMN = "mất cột"
    EMPTY = "rỗng"
    FEW = "quá ít"
    CHANGE = "đổi nhiều"
    AGE = "số liệu cũ"
    NEW_COLUMN = "cột mới"
    NO_AGE = "không rõ ngày"


ROWS = (Kind.EMPTY, Kind.FEW, Kind.CHANGE)
NOTES = (Kind.NEW_COLUMN, Kind.NO_AGE)
SET_BY_HAND = (Kind.FEW, Kind.AGE)  # measured against the settings: no night makes them usual


class ContractBroken(SourceChanged):
    """A source delivers, but not what it promised: its last good data stands in and nothing that depends on it leaves."""

    exit_code = ExitCode.DATA_STOPPED_EXPORT


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that is broken.

    `before`/`now`: rows as usual and tonight, or days of age allowed and reached; `least`: rows that the settings ask
    for; `day`: of the data; `advice`: what may have happened.
    """

    kind: Kind
    table: str = ""
    column: str = ""
    before: int = 0
    now: int = 0
    least: int = 0
    day: date | None = None
    advice: str = ""

    @property
    def trips(self) -> bool:
        """Whether the source's last good data must stand in."""
        return self.kind not in NOTES

    def line(self) -> str:
        """The breach in Vietnamese, without an end."""
        table = TABLES[self.table].label if self.table in TABLES else self.table
        column = TABLES[self.table].label_of(self.column) if self.table in TABLES else self.column
        told = {
            Kind.LOST_TABLE: f"mất bảng {table} (thường {number(self.before)} dòng)",
            Kind.LOST_COLUMN: f"bảng {table} mất cột “{column}”",
            Kind.EMPTY: f"bảng {table} rỗng, thường {number(self.before)} dòng (rỗng không phải là 0)",
            Kind.FEW: f"bảng {table} chỉ có {number(self.now)} dòng, cần ít nhất {number(self.least)}{self._usual()}",
            Kind.CHANGE: f"bảng {table} {number(self.now)} dòng, thường {number(self.before)}{self._percent()}",
            Kind.AGE: f"số liệu ngày {vietnamese_date(self.day)} đã cũ {self.now} ngày (không kể ngày nghỉ), cho phép {self.before}",
            Kind.NEW_COLUMN: f"bảng {table} có thêm cột “{column}”",
            Kind.NO_AGE: "nguồn không cho biết ngày của số liệu, nên không xét được mới hay cũ",
        }[self.kind]
        return f"{told}; {self.advice}" if self.advice else told

    def _usual(self) -> str:
        return f", thường {number(self.before)}" if self.before > self.least else ""

    def _percent(self) -> str:
        change = round(100 * abs(self.now - self.before) / self.before) if self.before else 0
        return f" ({'giảm' if self.now < self.before else 'tăng'} {change} %)"


def only_system(night: Snapshot, system: str) -> Snapshot | None:
    """One system's part of a night as the contract looks at it: its state and its own row counts; None when it was not there.

    The files stay those of the night: only `rows` and `sources` are the system's.
    """
    state = night.sources.get(system)
    if state is None:
        return None
    if len(night.sources) == 1:
        return night
    own = {table: _rows_of(night, table, system) for table in night.rows}
    return Snapshot(night.folder, night.day, {system: state}, own)


def _rows_of(night: Snapshot, table: str, system: str) -> int:
    if not night.rows[table]:
        return 0
    return int(night.scan(table).filter(pl.col("source_system") == system).select(pl.len()).collect().item())


def examine(snapshot: Snapshot, earlier: Sequence[Snapshot], contract: Contract, day: date, calendar: SchoolCalendar) -> tuple[Breach, ...]:
    """Every breach of a one-system snapshot: columns, then rows (the gravest thing per table), then age.

    `earlier`: one-system snapshots of the source's good nights, newest first; only the last five count. Without any
    there is nothing to compare with: then only the settings speak.
    """
    (state,) = snapshot.sources.values()
    nights = earlier[:GOOD_NIGHTS]
    season = calendar.season_of(day)
    rows = (_rows(table, snapshot, nights, contract, season) for table in TABLES)
    return (*_columns(state, nights), *(breach for breach in rows if breach), *_age(state, contract, day, calendar))


def _columns(state: SourceState, nights: Sequence[Snapshot]) -> Iterator[Breach]:
    """Tables and columns that the newest good night had and tonight lacks, and the other way round."""
    if not nights:
        return
    newest = nights[0]
    before = next(iter(newest.sources.values())).delivered
    for table in (name for name in TABLES if name in before):
        now = state.delivered.get(table)
        if now is None:
            yield Breach(Kind.LOST_TABLE, table, before=newest.rows.get(table, 0))
            continue
        yield from (Breach(Kind.LOST_COLUMN, table, column) for column in _own(table, before[table]) if column not in now)
        yield from (Breach(Kind.NEW_COLUMN, table, column) for column in _own(table, now) if column not in before[table])


def _own(table: str, columns: Iterable[str]) -> list[str]:
    """Columns without those that are made from another one: one lost heading is one breach."""
    return [column for column in columns if (table, column) not in DERIVED]


def usual_rows(table: str, nights: Iterable[Snapshot]) -> int | None:
    """The median of a table's rows on the nights that had the table; None when none had."""
    counts = [night.rows.get(table, 0) for night in nights if table in next(iter(night.sources.values())).delivered]
    return round(median(counts)) if counts else None


def _rows(table: str, snapshot: Snapshot, nights: Sequence[Snapshot], contract: Contract, season: Season) -> Breach | None:
    """The gravest thing that is wrong with the number of rows of a table."""
    (state,) = snapshot.sources.values()
    usual, least = usual_rows(table, nights), contract.min_rows.get(table, 0)
    now, before = snapshot.rows.get(table, 0), usual or 0
    if table not in state.delivered:
        # A table that was there on the nights before is told as lost already.
        return Breach(Kind.FEW, table, before=least, least=least) if least and not before else None
    if not now and before and _must_have_rows(table, before, season):
        return Breach(Kind.EMPTY, table, before=before)
    if now < least:
        return Breach(Kind.FEW, table, before=max(before, least), now=now, least=least)
    allowed = _allowed(table, rising=now > before, usual=contract.max_change, season=season)
    small = max(now, before) < SMALLEST_TABLE
    moved = allowed is not None and abs(now - before) > allowed * before
    return Breach(Kind.CHANGE, table, before=before, now=now) if before and moved and not small else None


def _must_have_rows(table: str, before: int, season: Season) -> bool:
    """Empty is not zero, but what fills up over the year may be nearly nothing, and starts anew in summer."""
    if table not in FILLING:
        return True
    return before >= SMALLEST_TABLE and not _turns_over(table, season)


def _allowed(table: str, *, rising: bool, usual: float, season: Season) -> float | None:
    """By what share a table may move tonight; None: by any."""
    if _turns_over(table, season) or (rising and table in FILLING):
        return None
    return usual if season is Season.LESSONS else max(usual, SEASON_CHANGE)


def _turns_over(table: str, season: Season) -> bool:
    return table in TURNED_OVER and season in (Season.SUMMER, Season.ROLL_OVER)


def _age(state: SourceState, contract: Contract, day: date, calendar: SchoolCalendar) -> Iterator[Breach]:
    most = contract.max_age_days
    if most is None:
        return
    if state.data_as_of is None:
        yield Breach(Kind.NO_AGE)
    elif (age := calendar.working_age(state.data_as_of, day)) > most:
        yield Breach(Kind.AGE, before=most, now=age, day=state.data_as_of)


def covers(accepted: Breach, tonight: Breach) -> bool:
    """Whether an accepted breach lets tonight's pass: the same thing, at the accepted state or between it and what was usual."""
    if tonight.kind in ROWS:
        low, high = sorted((accepted.now, accepted.before))
        return accepted.kind in ROWS and accepted.table == tonight.table and low <= tonight.now <= high
    if (accepted.kind, accepted.table, accepted.column) != (tonight.kind, tonight.table, tonight.column):
        return False
    return tonight.kind is not Kind.AGE or (accepted.day is not None and tonight.day is not None and tonight.day >= accepted.day)


def came_back(accepted: Breach, night: Snapshot, contract: Contract, calendar: SchoolCalendar) -> bool:
    """Whether a later good night was again as before: then what was accepted is over, and a new fall is a new breach."""
    (state,) = night.sources.values()
    if accepted.kind in ROWS:
        return abs(night.rows.get(accepted.table, 0) - accepted.before) <= contract.max_change * accepted.before
    if accepted.kind is Kind.AGE:
        return state.data_as_of is not None and calendar.working_age(state.data_as_of, night.day) <= accepted.before
    columns = state.delivered.get(accepted.table)
    return columns is not None and (accepted.kind is Kind.LOST_TABLE or accepted.column in columns)
