"""What the principal approved (Điều 15.4): the results of a class at an assessment time, cell by cell, as they were that night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.school_year import SchoolYear
from expectations.views.enrolment import enrolment
from expectations.views.entries import CELLS, ITEMS, entries
from expectations.views.scene import Scene
from infra.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

NAMES = tuple(dict.fromkeys(name for cells in CELLS.values() for name in cells))
SEALED_SCHEMA = pl.Schema(dict.fromkeys(("table", "pupil_code", "item", "time", *NAMES), pl.String()))


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval. `day`: the night whose data was approved; `cells`: the Parquet file of what it was (SEALED_SCHEMA)."""

    class_name: str
    time: str
    day: date
    cells: Path


def sealed(snapshot: Snapshot, class_name: str, time: str) -> pl.DataFrame:
    """What is entered for the pupils of a class at a time, in one order: the same night gives the same bytes."""
    scene = Scene(snapshot, snapshot.day, Limits())
    pupils = enrolment(scene).filter(pl.col("class_name") == class_name).select("pupil_code")
    frames = [_of_table(snapshot, table, pupils, time) for table in ITEMS]
    return pl.concat([pl.LazyFrame(schema=SEALED_SCHEMA), *frames], how="diagonal").sort("table", "pupil_code", "item").collect()


def _of_table(snapshot: Snapshot, table: str, pupils: pl.LazyFrame, time: str) -> pl.LazyFrame:
    item = pl.col(ITEMS[table][0]) if len(ITEMS[table]) > 1 else pl.lit(None, dtype=pl.String)
    rows = entries(snapshot, table, [time]).join(pupils, on="pupil_code", how="semi")
    return rows.select("pupil_code", "time", *CELLS[table], table=pl.lit(table), item=item)


def in_force(approvals: Iterable[Approval], day: date) -> tuple[Approval, ...]:
    """The newest approval of each class and time up to a day of its school year; of two of the same night the later one in the list.

    Next year's 3A are other pupils, and the same codes of times begin anew.
    """
    this_year = SchoolYear.of(day).start_year
    standing = [each for each in approvals if each.day <= day and SchoolYear.of(each.day).start_year == this_year]
    newest = {(each.class_name, each.time): each for each in sorted(standing, key=lambda each: each.day)}
    return tuple(newest[place] for place in sorted(newest))


def approved_cells(approvals: Sequence[Approval], table: str) -> pl.LazyFrame:
    """The approved cells of a table: pupil_code, ITEMS, CELLS, approved_class, approved_on; of two approvals the newer counts."""
    rows = _opened(approvals).filter(pl.col("table") == table).sort("approved_on", maintain_order=True)
    newest = rows.unique(["pupil_code", "item", "time"], keep="last", maintain_order=True)
    first = ITEMS[table][0]
    named = newest if first == "time" else newest.rename({"item": first})
    return named.select("pupil_code", *ITEMS[table], *CELLS[table], "approved_class", "approved_on")


def approved_pupils(approvals: Sequence[Approval]) -> pl.LazyFrame:
    """pupil_code, time of everyone of whom something was approved."""
    return _opened(approvals).select("pupil_code", "time").unique()


def _opened(approvals: Sequence[Approval]) -> pl.LazyFrame:
    """All files of approvals as one frame, with the class and the night of each."""
    schema = {"file": pl.String, "approved_class": pl.String, "approved_on": pl.Date}
    places = pl.LazyFrame([(str(each.cells), each.class_name, each.day) for each in approvals], schema=schema, orient="row")
    if not approvals:
        return pl.LazyFrame(schema={**SEALED_SCHEMA, **schema})
    # two approvals of the same cells share a file
    files = list(dict.fromkeys(each.cells for each in approvals))
    return pl.scan_parquet(files, schema=SEALED_SCHEMA, include_file_paths="file").join(places, on="file")
