"""Cell by cell, what changed since the principal approved results, and since books were closed (Điều 15.4, 19.7)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import MARKS, TABLES, YEAR_RESULTS
from expectations.views.approvals import approved_cells, approved_pupils, in_force
from expectations.views.enrolment import enrolment
from expectations.views.entries import CELLS, ITEMS, entries
from expectations.views.keys import key_of
from expectations.views.programme import CN
from expectations.views.scene import MAIN, PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.views.approvals import Approval

BEFORE = "before_"  # + the cell's name: what it was
NOT_PASSED = "CHT"  # such a pupil is assessed again in summer (Thông tư 27/2020 Điều 11.2): then changes are due


def approved_changes(scene: Scene, table: str) -> pl.LazyFrame:
    """Approved records of a table beside tonight's, also those that were added or are gone.

    pupil_code, ITEMS, class_name, CELLS (tonight), before_CELLS (as approved), since (the approved night).
    """
    approvals = in_force(scene.approvals, scene.day)
    before = approved_cells(approvals, table).rename({name: BEFORE + name for name in CELLS[table]})
    places = _places(approvals)
    pupils = enrolment(scene).select("pupil_code", "left_on", class_now="class_name")
    tonight = entries(scene.snapshot, table, {each.time for each in approvals}).join(
        _approved_pupils(scene), on=["pupil_code", "time"], how="semi"
    )
    both = _beside(before, tonight, table).join(pupils, on="pupil_code", how="left").filter(~_went_with_its_marks(scene.day))
    named = both.with_columns(class_name=pl.coalesce("approved_class", "class_now")).join(places, on=["class_name", "time"], how="left")
    # a record that was added has no night of its own: it is told with that of its class
    told = named.with_columns(since=pl.coalesce("approved_on", "class_approved_on").dt.strftime("%d/%m/%Y"))
    return told if approvals else told.clear()


def closed_changes(scene: Scene, table: str) -> pl.LazyFrame:
    """Records of closed books beside tonight's: as they were on the first night that the book was closed.

    A book is closed from its lock date, or where the school set none from its due date; a mark also when its system
    says that it is locked. is_locked: nothing may be added either; else only records that were right are told.
    Approved classes are left to `approved_changes`, pupils who are assessed again in summer to their teachers.
    """
    before = _closed_cells(scene, table)
    nights = {time: night.day for time in codes.TIMES if (night := _closing_night(scene, table, time))}
    locked = [time for time in nights if scene.year.lock_date(time)]
    asked = codes.TIMES if table == MARKS.name else tuple(nights)  # before a time is closed only a mark can be locked
    tonight = entries(scene.snapshot, table, asked).drop("is_right", "is_locked")
    pupils = enrolment(scene).select("pupil_code", "left_on", "class_name")
    both = _beside(before, tonight, table).join(pupils, on="pupil_code", how="left").filter(~_went_with_its_marks(scene.day))
    is_locked = pl.col("is_locked").fill_null(value=False) | pl.col("time").is_in(locked)
    told = both.with_columns(is_locked=is_locked).filter(pl.col("is_locked") | pl.col("is_right"))
    not_approved = told.join(_approved_pupils(scene), on=["pupil_code", "time"], how="anti")
    open_still = not_approved.join(_assessed_again(scene), on=["pupil_code", "time"], how="anti")
    of_time = pl.col("time").replace_strict(nights, default=None, return_dtype=pl.Date)
    dated = open_still.with_columns(since=pl.coalesce("since", of_time).dt.strftime("%d/%m/%Y"))
    return dated if scene.earlier_this_year else dated.clear()  # nothing to compare with: nothing is read


def _places(approvals: Sequence[Approval]) -> pl.LazyFrame:
    """class_name, time, class_approved_on."""
    rows = [(each.class_name, each.time, each.day) for each in approvals]
    return pl.LazyFrame(rows, schema={"class_name": pl.String, "time": pl.String, "class_approved_on": pl.Date}, orient="row")


def _approved_pupils(scene: Scene) -> pl.LazyFrame:
    """pupil_code, time of everyone whose results were approved, or whose class's were."""
    approvals = in_force(scene.approvals, scene.day)
    here = enrolment(scene).select("pupil_code", "class_name").join(_places(approvals), on="class_name")
    return pl.concat([approved_pupils(approvals), here.select("pupil_code", "time")]).unique()


def _beside(before: pl.LazyFrame, tonight: pl.LazyFrame, table: str) -> pl.LazyFrame:
    both = before.join(tonight, on=["pupil_code", *ITEMS[table]], how="full", coalesce=True)
    gone = pl.col("source_system").is_null()
    return both.with_columns(is_gone=gone, source_system=pl.lit(MAIN))


def _went_with_its_marks(day: date) -> pl.Expr:
    """A pupil who moved away: some systems drop its rows, and nobody changed a mark."""
    return pl.col("is_gone") & (pl.col("left_on") <= day).fill_null(value=False)


def _closed_cells(scene: Scene, table: str) -> pl.LazyFrame:
    """Per time, the records of the night that it is compared with: before_CELLS, is_right, is_locked, since."""
    frames = [_empty_cells(table)]
    for time in codes.TIMES:
        night = _closing_night(scene, table, time)
        if night:
            frames.append(_cells_of(night, table, time))
        elif scene.earlier_this_year and table == MARKS.name:
            frames.append(_cells_of(scene.earlier_this_year[-1], table, time).filter("is_locked"))
    return pl.concat(frames)


def _cells_of(night: Snapshot, table: str, time: str) -> pl.LazyFrame:
    rows = entries(night, table, [time]).drop(PLACE).with_columns(since=pl.lit(night.day))
    return rows.rename({name: BEFORE + name for name in CELLS[table]})


def _empty_cells(table: str) -> pl.LazyFrame:
    texts = ("pupil_code", *ITEMS[table], *(BEFORE + name for name in CELLS[table]))
    return pl.LazyFrame(schema={**dict.fromkeys(texts, pl.String), "is_right": pl.Boolean, "is_locked": pl.Boolean, "since": pl.Date})


def _closing_night(scene: Scene, table: str, time: str) -> Snapshot | None:
    """The first earlier night on which a time's books were closed. Year results close only where the school locks them."""
    due = None if table == YEAR_RESULTS.name else scene.year.due_date(time)
    closing = scene.year.lock_date(time) or due
    if closing is None or closing > scene.day:
        return None
    return next((night for night in scene.earlier_this_year if night.day >= closing), None)


def _assessed_again(scene: Scene) -> pl.LazyFrame:
    """pupil_code, time (CN) of pupils whose result is, or was on an earlier night of this school year, not passed."""
    nights = [snapshot.scan(YEAR_RESULTS.name) for snapshot in (scene.snapshot, *scene.earlier_this_year)]
    not_passed = pl.concat(nights).filter((pl.col("result") == NOT_PASSED) & pl.col("pupil_code").is_not_null())
    return not_passed.select("pupil_code", time=pl.lit(CN)).unique()


VIEWS: Mapping[str, View] = {
    **{
        f"approved_{table}": View(build=partial(approved_changes, table=table), key=key_of(*TABLES[table].key), class_name="class_name")
        for table in ITEMS
    },
    **{
        f"closed_{table}": View(build=partial(closed_changes, table=table), key=key_of(*TABLES[table].key), class_name="class_name")
        for table in ITEMS
    },
}
