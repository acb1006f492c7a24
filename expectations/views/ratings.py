"""Ratings of staff as the regulations compute them, the ratings that must be on file, and how many each group has of the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import RATINGS
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.scene import PLACE, Scene, View
from infra.regulations import CIVIL_RATING_FROM, CIVIL_RATING_LOWEST, STANDARD_CRITERIA_NEEDED

if TYPE_CHECKING:
    from collections.abc import Mapping

# Criteria 3-7 make up standard 2 of TT 20/2018, Điều 5.
SECOND_STANDARD_AT, SECOND_STANDARD_LENGTH = 2, 5
SYSTEM_AND_CODE = ["source_system", "staff_code"]
HEAD, TEACHERS, ARRIVED = "01", "03", "07"  # loai_can_bo, nhom_can_bo, trang_thai_can_bo
EXCELLENT, GOOD = "HTXSNV", "HTTNV"


def ratings(scene: Scene) -> pl.LazyFrame:
    """Ratings with computed_standard (TT 20/2018), computed_civil (NĐ 233/2026), null where there is nothing to compute from.

    Also rated_year (the last year that `year` names), by_criteria and by_score (whether those regulations rule that year),
    arrived_late (under half a year at work in it), is_head, and unit_rating with above_unit for the newest due year.
    """
    staff = _staff_of_ratings(scene).select(*SYSTEM_AND_CODE, "position", "arrived_on")
    year, limits = pl.col("rated_year"), scene.limits
    joined = scene.table("ratings").join(staff, on=SYSTEM_AND_CODE, how="left").with_columns(rated_year=_rated_year())
    rank = {rating: place for place, rating in enumerate((CIVIL_RATING_LOWEST, *reversed(CIVIL_RATING_FROM)))}
    # A unit whose rating the school did not set ranks above all: nobody is called higher.
    above = pl.col("civil_rating").replace_strict(rank, default=None, return_dtype=pl.Int64) > rank.get(limits.unit_rating, len(rank))
    return joined.with_columns(
        computed_standard=_standard(),
        computed_civil=_civil(),
        by_criteria=(year <= limits.tt20_until_year).fill_null(value=True),
        by_score=(year >= limits.nd233_from_year).fill_null(value=True),
        arrived_late=(pl.col("arrived_on").dt.year() == year) & (pl.col("arrived_on") > _middle_of(year)),
        is_head=pl.col("position") == HEAD,
        above_unit=above & (year == newest_due_year(scene)),
        unit_rating=pl.lit(limits.unit_rating),
    )


def expected_ratings(scene: Scene) -> pl.LazyFrame:
    """Staff at work × the newest due year, with what is on file.

    year, teaches, worked_half (of that year), civil_rating, self_rating, rated_by_head (in that year or the one before).
    """
    due = newest_due_year(scene)
    rows = scene.table("ratings").with_columns(rated_year=_rated_year())
    filed = rows.filter(pl.col("rated_year") == due).unique(SYSTEM_AND_CODE, keep="first", maintain_order=True)
    headed = rows.filter(pl.col("rated_year").is_between(due - 1, due) & pl.col("standard_rating").is_not_null())
    staff = _staff_of_ratings(scene).filter(~pl.col("status").is_in(codes.STAFF_LEFT).fill_null(value=False))
    joined = staff.join(filed.select(*SYSTEM_AND_CODE, "civil_rating", self_rated="self_rating"), on=SYSTEM_AND_CODE, how="left")
    joined = joined.join(headed.select(*SYSTEM_AND_CODE, rated_by_head=pl.lit(value=True)).unique(), on=SYSTEM_AND_CODE, how="left")
    return joined.with_columns(
        year=pl.lit(str(due)),
        teaches=(pl.col("staff_group") == TEACHERS).fill_null(value=False),
        worked_half=(pl.col("arrived_on") <= _middle_of(pl.lit(due))).fill_null(value=True),
        rated_by_head=pl.col("rated_by_head").fill_null(value=False),
    )


def rating_groups(scene: Scene) -> pl.LazyFrame:
    """One row per staff group and year, however the year is written: excellent and good (how many were rated so), limit_percent."""
    staff = _staff_of_ratings(scene).select(*SYSTEM_AND_CODE, "staff_group")
    rows = scene.table("ratings").with_columns(year=pl.coalesce(_rated_year().cast(pl.String), "year"))
    groups = rows.join(staff, on=SYSTEM_AND_CODE).filter(pl.col("staff_group").is_not_null())
    place = [pl.col(column).sort_by("source_row").first() for column in PLACE if column != "source_system"]
    rated = pl.col("civil_rating")
    counted = groups.group_by("source_system", "staff_group", "year").agg(
        *place, excellent=(rated == EXCELLENT).sum(), good=(rated == GOOD).sum()
    )
    return counted.with_columns(limit_percent=scene.limits.excellent_percent)


def newest_due_year(scene: Scene) -> int:
    """The newest year that has ended, so that its ratings must be on file."""
    return scene.day.year - 1


def _staff_of_ratings(scene: Scene) -> pl.LazyFrame:
    """Staff, one row per system and code, with arrived_on (null where the person was always here)."""
    rows = scene.table("staff").filter(pl.col("staff_code").is_not_null()).unique(SYSTEM_AND_CODE, keep="first", maintain_order=True)
    return rows.with_columns(arrived_on=pl.when(pl.col("status") == ARRIVED).then("status_date"))


def _rated_year() -> pl.Expr:
    return pl.col("year").str.extract(r"(\d{4})\D*$").cast(pl.Int64)


def _middle_of(year: pl.Expr) -> pl.Expr:
    return pl.date(year, 7, 1)


def _standard() -> pl.Expr:
    """Tốt, Khá, Đạt or Chưa đạt of fifteen criteria (rules.md CB-2)."""
    criteria = pl.col("criteria")
    second = criteria.str.slice(SECOND_STANDARD_AT, SECOND_STANDARD_LENGTH)
    none_failed, none_below_good = ~criteria.str.contains("C"), ~criteria.str.contains("[ĐC]")
    many_best = criteria.str.count_matches("T") >= STANDARD_CRITERIA_NEEDED
    many_good = criteria.str.count_matches("[TK]") >= STANDARD_CRITERIA_NEEDED
    rating = (
        pl.when(none_below_good & many_best & second.str.contains("^T+$"))
        .then(pl.lit("Tốt"))
        .when(none_failed & many_good & second.str.contains("^[TK]+$"))
        .then(pl.lit("Khá"))
        .when(none_failed)
        .then(pl.lit("Đạt"))
        .otherwise(pl.lit("Chưa đạt"))
    )
    return pl.when(criteria.str.contains("^[TKĐC]{15}$")).then(rating)


def _civil() -> pl.Expr:
    """The rating of a score of 0 to 100 (rules.md CB-4)."""
    score = pl.col("civil_score")
    rating = pl.lit(CIVIL_RATING_LOWEST)
    for name, lowest in reversed(CIVIL_RATING_FROM.items()):
        rating = pl.when(score >= lowest).then(pl.lit(name)).otherwise(rating)
    return pl.when(score.is_between(0, 100)).then(rating)


VIEWS: Mapping[str, View] = {
    "ratings": View(build=ratings, key=TABLE_KEYS[RATINGS.name]),
    "expected_ratings": View(build=expected_ratings, key=TABLE_KEYS[RATINGS.name]),
    "rating_groups": View(build=rating_groups, key=key_of("staff_group", "year")),
}
