"""Who was at school on the census day, rebuilt from the movements of the school's own system.

A later night can still tell the day's enrolment: the last movement up to the day decides, else the first
one after it (someone who leaves on 1 October was there; someone who comes on 1 October was not), else the
pupil never moved. Kinds are those of rules.md HS-6; a movement on the day itself has happened.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.school_year import SchoolYear

if TYPE_CHECKING:
    from datetime import date

    from connectors.records.snapshot import Snapshot

SYSTEM = "qlnt"
# The term is part of the kind (trang_thai_hoc_sinh): it dates a movement whose own date is missing.
SECOND_TERM, SUMMER = ("06", "07", "08", "09"), ("10", "11", "12")
SUMMER_STARTS = (6, 1)


def own_rows(snapshot: Snapshot, table: str) -> pl.LazyFrame:
    """The rows of a table that the school's own system delivered."""
    return snapshot.scan(table).filter(pl.col("source_system") == SYSTEM)


def pupils_with_presence(snapshot: Snapshot) -> pl.LazyFrame:
    """The pupil rows with `present`, and why that may be wrong: `undated`, `contradicted`, `repeated`.

    In doubt a pupil is counted, never subtracted: without any movement and status, or when a movement that
    decides has no date. Only a dated leaving subtracts, also where the status still says «đang học» (`contradicted`).
    """
    pupils = _persons(snapshot)
    at_school = pl.col("status").is_in(codes.AT_SCHOOL).fill_null(value=False)
    return pupils.join(_presence(pupils, snapshot), on="person", how="left").with_columns(
        present=pl.col("present").fill_null(value=True),
        undated=pl.col("undated").fill_null(value=False),
        contradicted=(pl.col("gone") & at_school).fill_null(value=False),
        repeated=pl.col("pupil_code").is_not_null() & pl.col("pupil_code").is_duplicated(),
    )


def unknown_movers(snapshot: Snapshot) -> tuple[int, int]:
    """(movements without a pupil code, codes that were at school by their movements and are no pupil any more)."""
    pupils = _persons(snapshot)
    nameless = own_rows(snapshot, "movements").select(pl.col("pupil_code").is_null().sum())
    vanished = _presence(pupils, snapshot).filter("present").join(pupils, on="person", how="anti").select(pl.len())
    first, second = pl.collect_all([nameless, vanished])
    return int(first.item()), int(second.item())


def _persons(snapshot: Snapshot) -> pl.LazyFrame:
    """Every row is a pupil: one without a code is still counted, as a person of its own."""
    rows = own_rows(snapshot, "pupils").with_row_index("number")
    return rows.with_columns(person=pl.coalesce("pupil_code", pl.format("?{}", "number")))


def _presence(pupils: pl.LazyFrame, snapshot: Snapshot) -> pl.LazyFrame:
    """person, present, undated, gone (left by the day and never came again)."""
    day = SchoolYear.of(snapshot.day).census_day
    when, by_then = pl.col("date"), pl.col("date") <= day
    came_or_went = pl.col("kind").is_in(codes.ENTERING)
    dates = (
        _events(pupils, snapshot)
        .group_by("person")
        .agg(
            came=when.filter(came_or_went & by_then).max(),
            went=when.filter(~came_or_went & by_then).max(),
            comes=when.filter(came_or_went & ~by_then).min(),
            goes=when.filter(~came_or_went & ~by_then).min(),
            undated=when.is_null().any(),
        )
    )
    moved, moves = (pl.any_horizontal(pl.col(names).is_not_null()) for names in (["came", "went"], ["comes", "goes"]))
    here_since = pl.col("went").is_null() | (pl.col("came") > pl.col("went")).fill_null(value=False)
    here_until = pl.col("comes").is_null() | (pl.col("goes") <= pl.col("comes")).fill_null(value=False)
    present = pl.when(moved).then(here_since).otherwise(here_until) | pl.col("undated")
    return dates.select("person", "undated", present=present, gone=pl.col("went").is_not_null() & ~present & ~moves)


def _events(pupils: pl.LazyFrame, snapshot: Snapshot) -> pl.LazyFrame:
    """person, kind, date: the movements; a pupil's status where no dated movement of that kind tells the same."""
    moves = own_rows(snapshot, "movements").select(person="pupil_code", kind="kind", date="date", recorded=pl.lit(value=True))
    statuses = pupils.select("person", kind="status", date="status_date", recorded=pl.lit(value=False))
    dated = pl.col("date").is_not_null()
    sure, same = dated & pl.col("recorded"), ("person", "kind")
    events = pl.concat([moves, statuses]).filter(pl.col("person").is_not_null() & pl.col("kind").is_in(codes.ENTERING + codes.LEAVING))
    events = events.filter(sure | ~sure.any().over(same)).filter(dated | ~dated.any().over(same))
    return events.with_columns(date=pl.coalesce("date", _date_by_kind(snapshot.day)))


def _date_by_kind(day: date) -> pl.Expr:
    """When an undated movement must have happened, as far as the census day is concerned; null where nobody can tell."""
    year = SchoolYear.of(day)
    if day <= year.census_day:
        return pl.lit(day)  # whatever is known has happened
    summer = year.first_day - timedelta(days=1) if day < year.on(SUMMER_STARTS) else None
    return (
        pl.when(pl.col("kind").is_in(SECOND_TERM))
        .then(pl.lit(year.on(year.second_term_starts)))
        .when(pl.col("kind").is_in(SUMMER))
        .then(pl.lit(summer, dtype=pl.Date))
    )
