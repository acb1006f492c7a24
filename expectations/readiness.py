"""Which classes' results the principal can approve tonight, and what stands in the way (Điều 15.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.quarantine import NOT_A_ROW
from connectors.records.tables import MARKS, TRAITS, YEAR_RESULTS
from expectations.progress import State
from expectations.rule import Severity
from expectations.views.approvals import in_force
from expectations.views.programme import CN
from expectations.views.scene import MAIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.views.approvals import Approval

RESULT_TABLES = (MARKS.name, TRAITS.name, YEAR_RESULTS.name)
DRIFT = "drift"
# What these rules find is counted as missing already.
ENTRY_RULES = ("TT27-7.1a/1", "TT27-7.1a/2", "TT27-7.1b", "TT27-7.2", "TT27-7.2/1")
AFTER_APPROVAL = "QC-15.4/"


class Readiness(StrEnum):
    """Whether the results of a class at a time can be approved."""

    READY = "duyệt được"
    LOOK_FIRST = "xem trước rồi duyệt"
    NOT_READY = "chưa duyệt được"
    NOT_DUE = "chưa đến hạn"
    APPROVED = "đã duyệt"
    CHANGED = "đã duyệt, sau đó có sửa"
    UNKNOWN = "chưa đủ dữ liệu"


CAN_APPROVE = (Readiness.READY, Readiness.LOOK_FIRST)


def readiness(books: pl.DataFrame, findings: pl.DataFrame, snapshot: Snapshot, approvals: Sequence[Approval] = ()) -> pl.DataFrame:
    """One row per class and assessment time, in the order of `books` (progress.grade_entry).

    class_name, time, due, expected, missing (pupils' entries over all books), empty (books without any entry),
    blocked (`chặn` findings on the results), aside (rows set aside that name the class), to_review (`xem kỹ` findings),
    changed (since the approval), approved_on, state (Readiness). Only findings on marks, traits and year results count.
    """
    places = books.group_by("class_name", "time", maintain_order=True).agg(
        pl.col("due").first(),
        pl.col("expected", "missing").sum(),
        empty=(~pl.col("begun") & (pl.col("expected") > 0)).sum().cast(pl.Int64),
        unknown=(pl.col("state") == State.UNKNOWN.value).any(),
    )
    found = _findings_by_place(findings, places)
    joined = places.join(found, on=["class_name", "time"], how="left", nulls_equal=True).join(
        _set_aside(snapshot, places), on="class_name", how="left", nulls_equal=True
    )
    counted = joined.join(_approved_on(approvals, snapshot.day), on=["class_name", "time"], how="left").with_columns(
        pl.col("blocked", "to_review", "changed", "aside").fill_null(0)
    )
    return counted.with_columns(state=_state(snapshot.day)).drop("unknown")


def _state(day: date) -> pl.Expr:
    approved, obstacles = pl.col("approved_on").is_not_null(), pl.sum_horizontal("missing", "blocked", "aside")
    # The first that holds speaks: an approval stands whatever is found later, unless one of its cells was changed.
    choices = [
        (approved & (pl.col("changed") > 0), Readiness.CHANGED),
        (approved, Readiness.APPROVED),
        (pl.col("unknown") | (pl.col("expected") == 0), Readiness.UNKNOWN),
        ((pl.col("due") > day) & (pl.col("missing") > 0), Readiness.NOT_DUE),
        (obstacles > 0, Readiness.NOT_READY),
        (pl.col("to_review") > 0, Readiness.LOOK_FIRST),
    ]
    state = pl.lit(Readiness.READY.value)
    for condition, name in reversed(choices):
        state = pl.when(condition).then(pl.lit(name.value)).otherwise(state)
    return state


def _findings_by_place(findings: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """blocked, to_review and changed per class and time; a finding without a class or a time stands in every place that it may mean."""
    of_drift = (pl.col("table") == DRIFT) & pl.col("key").str.split("|").list.first().is_in(RESULT_TABLES)
    kept = findings.filter(((pl.col("system") == MAIN) & pl.col("table").is_in(RESULT_TABLES)) | of_drift)
    last = pl.when(pl.col("table") == YEAR_RESULTS.name).then(pl.lit(CN)).otherwise(pl.col("key").str.split("|").list.last())
    told = kept.filter(~pl.col("rule").is_in(ENTRY_RULES)).select("rule", "severity", at_class="class_name", at_time=last)
    no_such_time = ~pl.col("at_time").is_in(places["time"].unique().to_list())
    vague, place = pl.col("at_class").is_null() | no_such_time, places.select("class_name", "time")
    # Only the vague ones meet every place: all of them would be millions of pairs in a large school.
    elsewhere = place.join(told.filter(vague), how="cross").filter(
        (pl.col("at_class").is_null() | (pl.col("at_class") == pl.col("class_name")))
        & (no_such_time | (pl.col("at_time") == pl.col("time")))
    )
    exact = place.join(told.filter(~vague), left_on=["class_name", "time"], right_on=["at_class", "at_time"])
    here = pl.concat([exact, elsewhere.select(exact.columns)])
    changed = pl.col("rule").str.starts_with(AFTER_APPROVAL)
    grave = pl.col("severity").is_in([Severity.STOP.value, Severity.BLOCK.value])
    review = (pl.col("severity") == Severity.REVIEW.value) & ~changed
    return here.group_by("class_name", "time").agg(
        blocked=grave.sum().cast(pl.Int64), to_review=review.sum().cast(pl.Int64), changed=changed.sum().cast(pl.Int64)
    )


def _set_aside(snapshot: Snapshot, places: pl.DataFrame) -> pl.DataFrame:
    """class_name, aside: rows of results that could not be read and that name the class; lines that are no record do not count."""
    rows = snapshot.quarantine().filter((pl.col("source_system") == MAIN) & pl.col("table").is_in(RESULT_TABLES))
    unread = rows.filter(pl.col("reason") != NOT_A_ROW).select("values").collect()
    classes = places.select("class_name").unique().drop_nulls()
    # The values of such a row are JSON text: between quotes a class is named whole, and 3A is not found in 3A1.
    named = classes.join(unread, how="cross").filter(
        pl.col("values").str.contains(pl.concat_str(pl.lit('"'), "class_name", pl.lit('"')), literal=True)
    )
    return named.group_by("class_name").agg(aside=pl.len().cast(pl.Int64))


def _approved_on(approvals: Sequence[Approval], day: date) -> pl.DataFrame:
    rows = [(each.class_name, each.time, each.day) for each in in_force(approvals, day)]
    return pl.DataFrame(rows, schema={"class_name": pl.String, "time": pl.String, "approved_on": pl.Date}, orient="row")
