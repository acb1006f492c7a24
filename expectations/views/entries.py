"""What is entered for pupils as plain cells that two nights can be compared by: marks, levels of traits, year results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import MARKS, TRAITS, YEAR_RESULTS
from expectations.views.programme import CN
from expectations.views.scene import MAIN, PLACE
from infra.regulations import TOP_SCORE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connectors.records.snapshot import Snapshot

# Per table, the columns beside the pupil that name a record, and its cells.
ITEMS: Mapping[str, tuple[str, ...]] = {MARKS.name: ("subject", "time"), TRAITS.name: ("trait", "time"), YEAR_RESULTS.name: ("time",)}
CELLS: Mapping[str, tuple[str, ...]] = {
    MARKS.name: ("level_text", "score"),
    TRAITS.name: ("level_text",),
    YEAR_RESULTS.name: ("result", "reward", "completed", "promoted", "principal_decision"),
}


def entries(snapshot: Snapshot, table: str, times: Collection[str]) -> pl.LazyFrame:
    """The school's own records of a table at some times, one per pupil and item, cells as text that says the same for the same value.

    pupil_code, ITEMS, CELLS, is_right (every filled cell is one that Điều 7 knows), is_locked, and the row's place. The
    score 9.0 is told as 9 and a level in other letters as its code: a system that writes them anew changed nothing.
    """
    rows = snapshot.scan(table).filter((pl.col("source_system") == MAIN) & pl.col("pupil_code").is_not_null())
    if table == YEAR_RESULTS.name:
        rows = rows.with_columns(time=pl.lit(CN))
    told = rows.filter(pl.col("time").is_in(sorted(times))).with_columns(
        _cells(table), is_right=_is_right(table), is_locked=_is_locked(table)
    )
    wanted = ["pupil_code", *ITEMS[table], *CELLS[table], "is_right", "is_locked", *PLACE]
    # an attempt that nobody numbered is the first one, as everywhere
    last = [pl.col("attempt").fill_null(1), "entered_at", "source_row"] if table == MARKS.name else ["source_row"]
    newest = told.sort(last, maintain_order=True, nulls_last=False).unique(["pupil_code", *ITEMS[table]], keep="last", maintain_order=True)
    return newest.select(wanted).filter(pl.any_horizontal(pl.col(CELLS[table]).is_not_null()))


def _cells(table: str) -> list[pl.Expr]:
    level = pl.coalesce("level", "level_text").alias("level_text")
    if table == MARKS.name:
        value = pl.col("score_value")
        whole = pl.when(value == value.round()).then(value.cast(pl.Int64).cast(pl.String))
        return [level, pl.coalesce(whole, "score").alias("score")]
    if table == TRAITS.name:
        return [level]
    yes_no = [pl.when(name).then(pl.lit("có")).when(~pl.col(name)).then(pl.lit("không")).alias(name) for name in ("completed", "promoted")]
    return [*yes_no, *(pl.col(name) for name in CELLS[table] if name not in {"completed", "promoted"})]


def _is_right(table: str) -> pl.Expr:
    """Whether what is entered can stand: putting right what cannot is what a finding asked for."""
    if table == YEAR_RESULTS.name:
        return pl.lit(value=True)
    level = pl.col("level").is_not_null() | pl.col("level_text").is_null()
    value = pl.col("score_value")
    score = pl.col("score").is_null() | (value.is_between(0, TOP_SCORE) & (value % 1 == 0)).fill_null(value=False)
    return level & score if table == MARKS.name else level


def _is_locked(table: str) -> pl.Expr:
    return pl.col("locked").fill_null(value=False) if table == MARKS.name else pl.lit(value=False)
