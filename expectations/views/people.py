"""The staff as other tables ask for it: who is known, who has gone and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import STAFF

if TYPE_CHECKING:
    from expectations.views.scene import Scene


def people(scene: Scene) -> pl.LazyFrame:
    """One row per staff code: staff_code, gone_on, staff_gone (on the day, by status and its date), staff_known (True)."""
    rows = scene.table("staff").filter(pl.col("staff_code").is_not_null()).unique("staff_code", keep="first", maintain_order=True)
    dated = [system for system in scene.snapshot.sources if scene.snapshot.delivers(system, STAFF.name, ["status_date"])]
    # A list without dates says nothing about the day: who is to retire may stand there as retired already.
    undated_is_gone = pl.col("status_date").is_null() & pl.col("source_system").is_in(dated)
    gone = pl.col("status").is_in(codes.STAFF_LEFT) & (undated_is_gone | (pl.col("status_date") <= scene.day))
    return rows.select("staff_code", gone_on="status_date", staff_gone=gone.fill_null(value=False), staff_known=pl.lit(value=True))
