"""What changed since the newest earlier night: rows per table; within a school year also class sizes, pupils and marks that went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import MARKS, TABLES
from expectations.views.facts import is_at_school
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.marks import IS_ENTERED
from expectations.views.scene import MAIN, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.records.snapshot import Snapshot

OF_MAIN = pl.col("source_system") == MAIN
HERE = OF_MAIN & is_at_school()
MOST = 0.5
NOWHERE = {"source_file": pl.String, "source_sheet": pl.String, "source_row": pl.Int64}


def row_counts(scene: Scene) -> pl.LazyFrame:
    """Rows per table and system in the newest earlier night and tonight; empty without an earlier night."""
    newest = max(scene.earlier, key=lambda snapshot: snapshot.day, default=None)
    before = _row_counts(newest) if newest else _row_counts(scene.snapshot).clear()
    joined = before.join(_row_counts(scene.snapshot), on=["table_name", "source_system"], how="left", suffix="_now")
    return joined.with_columns(pl.col("rows_now").fill_null(0), *_nowhere())


def _row_counts(snapshot: Snapshot) -> pl.LazyFrame:
    counts = [snapshot.scan(name).group_by("source_system").agg(rows=pl.len()).with_columns(table_name=pl.lit(name)) for name in TABLES]
    return pl.concat(counts)


def class_sizes(scene: Scene) -> pl.LazyFrame:
    """Classes of the school's own book with pupils_before and pupils_now at school, and limit_class_size_jump."""
    before, now = _sizes(_before(scene, "pupils"), "pupils_before"), _sizes(scene.table("pupils"), "pupils_now")
    joined = before.join(now, on="class_name", how="full", coalesce=True).with_columns(pl.col("pupils_before", "pupils_now").fill_null(0))
    there_was_a_night = pl.lit(_night_before(scene) is not None)
    return joined.filter(there_was_a_night).with_columns(
        *_nowhere(), source_system=pl.lit(MAIN), table_name=pl.lit("pupils"), limit_class_size_jump=scene.limits.class_size_jump
    )


def _sizes(pupils: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return (
        pupils.filter(HERE & pl.col("class_name").is_not_null())
        .group_by("class_name")
        .agg(
            pl.len().cast(pl.Int64).alias(name)  # signed: a class can shrink
        )
    )


def vanished_pupils(scene: Scene) -> pl.LazyFrame:
    """Pupils who were at school last night: is_listed tonight, has_moved (a movement of leaving or coming), most_are_gone."""
    rows = _before(scene, "pupils").filter(HERE & pl.col("pupil_code").is_not_null())
    before = rows.unique("pupil_code", keep="first", maintain_order=True)
    listed = scene.main("pupils").select("pupil_code", is_listed=pl.lit(value=True)).unique("pupil_code")
    moved = (
        scene.main("movements")
        .filter(pl.col("kind").is_in([*codes.LEAVING, *codes.ENTERING]))
        .select("pupil_code", has_moved=pl.lit(value=True))
    )
    joined = before.select("pupil_code", "class_name", "source_system").join(listed, on="pupil_code", how="left")
    joined = joined.join(moved.unique("pupil_code"), on="pupil_code", how="left")
    here = pl.col("is_listed", "has_moved").fill_null(value=False)
    return joined.with_columns(here, *_nowhere()).with_columns(most_are_gone=pl.col("is_listed").mean() < MOST)


def vanished_marks(scene: Scene) -> pl.LazyFrame:
    """Gradebooks of last night: marks_before, marks_gone (no longer entered, pupil still listed), still_delivered."""
    cell = ["pupil_code", "subject", "time"]
    before = _before(scene, "marks").filter(OF_MAIN & IS_ENTERED).select(*cell, "class_name")
    before = before.unique(cell, keep="last", maintain_order=True)  # entered in two classes: told of the later one, every time
    now = scene.main("marks").filter(IS_ENTERED).select(*cell, is_there=pl.lit(value=True)).unique(cell)
    listed = scene.main("pupils").select("pupil_code").unique()
    joined = before.join(listed, on="pupil_code").join(now, on=cell, how="left")
    books = joined.group_by("class_name", "subject", "time").agg(marks_before=pl.len(), marks_gone=pl.col("is_there").is_null().sum())
    there_are = pl.lit(scene.snapshot.rows.get(MARKS.name, 0) > 0)
    return books.with_columns(*_nowhere(), source_system=pl.lit(MAIN), still_delivered=there_are)


def _night_before(scene: Scene) -> Snapshot | None:
    return scene.earlier_this_year[-1] if scene.earlier_this_year else None


def _before(scene: Scene, table: str) -> pl.LazyFrame:
    night = _night_before(scene)
    return night.scan(table) if night else scene.table(table).clear()


def _nowhere() -> list[pl.Expr]:
    """What went has no place in tonight's files."""
    return [pl.lit(None, dtype=dtype).alias(name) for name, dtype in NOWHERE.items()]


VIEWS: Mapping[str, View] = {
    "drift": View(build=row_counts, key=pl.col("table_name")),
    "class_sizes": View(build=class_sizes, key=key_of("table_name", "class_name"), class_name="class_name"),
    "vanished_pupils": View(build=vanished_pupils, key=TABLE_KEYS["pupils"], class_name="class_name"),
    "vanished_marks": View(build=vanished_marks, key=key_of("class_name", "subject", "time"), class_name="class_name"),
}
