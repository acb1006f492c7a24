"""Staff, their ratings as the regulations compute them, accounts beside the staff who own them, and drift between nights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import ACCOUNTS, RATINGS, STAFF, TABLES
from expectations.views.facts import is_listed, with_number_facts
from expectations.views.keys import TABLE_KEYS
from expectations.views.scene import Scene, View
from infra.regulations import CIVIL_RATING_FROM, CIVIL_RATING_LOWEST, STANDARD_CRITERIA_NEEDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.records.snapshot import Snapshot

# Criteria 3-7 make up standard 2 of TT 20/2018, Điều 5.
SECOND_STANDARD_AT, SECOND_STANDARD_LENGTH = 2, 5


def staff(scene: Scene) -> pl.LazyFrame:
    """Staff with has_left, status_listed and the facts of their personal numbers."""
    return with_number_facts(scene.table("staff")).with_columns(
        has_left=pl.col("status").is_in(codes.STAFF_LEFT).fill_null(value=False),
        status_listed=is_listed("status", "trang_thai_can_bo"),
    )


def ratings(scene: Scene) -> pl.LazyFrame:
    """Ratings with computed_standard (TT 20/2018) and computed_civil (NĐ 233/2026); null where there is nothing to compute from."""
    return scene.table("ratings").with_columns(computed_standard=_standard(), computed_civil=_civil())


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


def accounts(scene: Scene) -> pl.LazyFrame:
    """Accounts with owner_known, owner_gone (on the day, by status and its date), gone_on, days_gone, of_pupil, idle_before."""
    owners = scene.table("staff").filter(pl.col("staff_code").is_not_null()).unique("staff_code", keep="first", maintain_order=True)
    dated = [system for system in scene.snapshot.sources if scene.snapshot.delivers(system, STAFF.name, ["status_date"])]
    # A list without dates says nothing about the day: who is to retire may stand there as retired already.
    undated_is_gone = pl.col("gone_on").is_null() & pl.col("staff_system").is_in(dated)
    owners = owners.select(
        owner_code="staff_code", owner_status="status", gone_on="status_date", staff_system="source_system", owner_known=pl.lit(value=True)
    )
    pupils = scene.table("pupils").select(owner_code="pupil_code", of_pupil=pl.lit(value=True)).unique("owner_code")
    gone = pl.col("owner_status").is_in(codes.STAFF_LEFT) & (undated_is_gone | (pl.col("gone_on") <= scene.day))
    joined = scene.table("accounts").join(owners, on="owner_code", how="left").join(pupils, on="owner_code", how="left")
    of_pupil = pl.col("of_pupil").fill_null(value=False)
    return joined.with_columns(
        owner_known=pl.col("owner_known").fill_null(value=False) | of_pupil,
        owner_gone=gone.fill_null(value=False),
        of_pupil=of_pupil,
        days_gone=(pl.lit(scene.day) - pl.col("gone_on")).dt.total_days(),
        idle_before=pl.lit(scene.day).dt.offset_by(f"-{scene.limits.idle_account_days}d"),
    )


def account_owners(scene: Scene) -> pl.LazyFrame:
    """Accounts, when there is a staff list to compare them with (else nothing: not enough data)."""
    return accounts(scene).filter(pl.lit(scene.has_rows("staff")))


def drift(scene: Scene) -> pl.LazyFrame:
    """Rows per table and system in the newest earlier night and tonight; empty without an earlier night."""
    newest = max(scene.earlier, key=lambda snapshot: snapshot.day, default=None)
    before = _row_counts(newest) if newest else _row_counts(scene.snapshot).clear()
    joined = before.join(_row_counts(scene.snapshot), on=["table_name", "source_system"], how="left", suffix="_now")
    nowhere = [pl.lit(None, dtype=pl.String).alias("source_file"), pl.lit(None, dtype=pl.String).alias("source_sheet")]
    return joined.with_columns(pl.col("rows_now").fill_null(0), *nowhere, source_row=pl.lit(None, dtype=pl.Int64))


def _row_counts(snapshot: Snapshot) -> pl.LazyFrame:
    counts = [snapshot.scan(name).group_by("source_system").agg(rows=pl.len()).with_columns(table_name=pl.lit(name)) for name in TABLES]
    return pl.concat(counts)


VIEWS: Mapping[str, View] = {
    "staff": View(build=staff, key=TABLE_KEYS[STAFF.name]),
    "ratings": View(build=ratings, key=TABLE_KEYS[RATINGS.name]),
    "accounts": View(build=accounts, key=TABLE_KEYS[ACCOUNTS.name]),
    "account_owners": View(build=account_owners, key=TABLE_KEYS[ACCOUNTS.name]),
    "drift": View(build=drift, key=pl.col("table_name")),
}
