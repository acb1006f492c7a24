"""Staff, the accounts and lessons beside the staff who own them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import ACCOUNTS, ASSIGNMENTS, STAFF
from expectations.views.facts import is_listed, with_number_facts
from expectations.views.keys import TABLE_KEYS
from expectations.views.people import people
from expectations.views.scene import Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping


def staff(scene: Scene) -> pl.LazyFrame:
    """Staff with has_left, status_listed and the facts of their personal numbers."""
    return with_number_facts(scene.table("staff")).with_columns(
        has_left=pl.col("status").is_in(codes.STAFF_LEFT).fill_null(value=False),
        status_listed=is_listed("status", "trang_thai_can_bo"),
    )


def assignments(scene: Scene) -> pl.LazyFrame:
    """Who teaches what, with staff_known, staff_gone and gone_on; nothing without a staff list to compare with."""
    joined = scene.table("assignments").join(people(scene), on="staff_code", how="left").filter(pl.lit(scene.has_rows("staff")))
    return joined.with_columns(pl.col("staff_known", "staff_gone").fill_null(value=False))


def accounts(scene: Scene) -> pl.LazyFrame:
    """Accounts with owner_known, owner_gone (on the day, by status and its date), gone_on, days_gone, of_pupil, idle_before."""
    owners = people(scene).rename({"staff_code": "owner_code", "staff_gone": "owner_gone", "staff_known": "owner_known"})
    pupils = scene.table("pupils").select(owner_code="pupil_code", of_pupil=pl.lit(value=True)).unique("owner_code")
    joined = scene.table("accounts").join(owners, on="owner_code", how="left").join(pupils, on="owner_code", how="left")
    of_pupil = pl.col("of_pupil").fill_null(value=False)
    return joined.with_columns(
        owner_known=pl.col("owner_known").fill_null(value=False) | of_pupil,
        owner_gone=pl.col("owner_gone").fill_null(value=False),
        of_pupil=of_pupil,
        days_gone=(pl.lit(scene.day) - pl.col("gone_on")).dt.total_days(),
        idle_before=pl.lit(scene.day).dt.offset_by(f"-{scene.limits.idle_account_days}d"),
    )


def account_owners(scene: Scene) -> pl.LazyFrame:
    """Accounts, when there is a staff list to compare them with (else nothing: not enough data)."""
    return accounts(scene).filter(pl.lit(scene.has_rows("staff")))


VIEWS: Mapping[str, View] = {
    "staff": View(build=staff, key=TABLE_KEYS[STAFF.name]),
    "assignments": View(build=assignments, key=TABLE_KEYS[ASSIGNMENTS.name], class_name="class_name"),
    "accounts": View(build=accounts, key=TABLE_KEYS[ACCOUNTS.name]),
    "account_owners": View(build=account_owners, key=TABLE_KEYS[ACCOUNTS.name]),
}
