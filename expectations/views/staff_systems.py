"""The school's staff list beside TEMIS, person by person (Điều 16.2b, 24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from expectations.views.comparison import rung
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN, OTHER = "staff", "temis"
COMPARED = ("full_name", "birth_date", "personal_number")


def staff_reconciliation(scene: Scene) -> pl.LazyFrame:
    """Staff codes of both lists side by side (`_temis` columns); empty unless both have rows.

    is_here, is_there, gone, gone_temis (on the day, by status and, where there is one, its date), name_rung.
    """
    here, there = _one_row_per_code(scene, OWN, ""), _one_row_per_code(scene, OTHER, f"_{OTHER}")
    joined = here.join(there, left_on="staff_code", right_on=f"staff_code_{OTHER}", how="full", coalesce=True)
    places = [pl.coalesce(column, f"{column}_{OTHER}").alias(column) for column in PLACE if column != "source_system"]
    known = joined.with_columns(is_here=pl.col("source_system").is_not_null(), is_there=pl.col(f"source_system_{OTHER}").is_not_null())
    both = known.filter(pl.col("is_here").any() & pl.col("is_there").any())
    return both.with_columns(
        *places,
        source_system=pl.lit(f"{OWN}×{OTHER}"),
        name_rung=rung("full_name", f"full_name_{OTHER}"),
        gone_from_either=pl.any_horizontal(pl.col("gone", f"gone_{OTHER}").fill_null(value=False)),
    )


def _one_row_per_code(scene: Scene, system: str, suffix: str) -> pl.LazyFrame:
    rows = scene.table("staff").filter((pl.col("source_system") == system) & pl.col("staff_code").is_not_null())
    on_the_day = pl.col("status_date").is_null() | (pl.col("status_date") <= scene.day)
    gone = (pl.col("status").is_in(codes.STAFF_LEFT) & on_the_day).fill_null(value=False)
    single = rows.unique("staff_code", keep="first", maintain_order=True)
    return single.select("staff_code", *COMPARED, *PLACE, gone=gone).select(pl.all().name.suffix(suffix))


VIEWS: Mapping[str, View] = {
    "staff_reconciliation": View(build=staff_reconciliation, key=pl.col("staff_code"), joint=(OWN, OTHER)),
}
