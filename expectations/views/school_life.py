"""Classes with their counts, movements, attendance as entered and as expected, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import ATTENDANCE, CLASSES, HEALTH, MOVEMENTS
from expectations.views.enrolment import due_months, enrolment, obliged_all_month
from expectations.views.facts import is_at_school, is_listed, term_of
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTH = ["pupil_code", "month"]
LAST_DAY_OF_LESSONS = (5, 31)


def classes(scene: Scene) -> pl.LazyFrame:
    """Classes with pupils (at school), disabled_pupils, teacher_is_known (null without any staff row), limit_class_size."""
    here = scene.main("pupils").filter(is_at_school()).group_by("class_name")
    counts = here.agg(pupils=pl.len(), disabled_pupils=pl.col("disability").is_not_null().sum())
    staff = scene.table("staff").select(homeroom_code="staff_code", is_staff=pl.lit(value=True)).unique()
    joined = scene.table("classes").join(counts, on="class_name", how="left").join(staff, on="homeroom_code", how="left")
    known = pl.col("is_staff").fill_null(value=False) if scene.has_rows("staff") else pl.lit(None, dtype=pl.Boolean)
    return joined.with_columns(
        pl.col("pupils", "disabled_pupils").fill_null(0), teacher_is_known=known, limit_class_size=scene.limits.class_size
    )


def movements(scene: Scene) -> pl.LazyFrame:
    """Movements with kind_is_listed, reason_is_listed and the pupil's class."""
    pupils = enrolment(scene).select("pupil_code", "class_name")
    listed = is_listed("kind", "trang_thai_hoc_sinh")
    return (
        scene.table("movements")
        .join(pupils, on="pupil_code", how="left")
        .with_columns(kind_is_listed=listed, reason_is_listed=is_listed("reason", "ly_do_thoi_hoc"))
    )


def attendance(scene: Scene) -> pl.LazyFrame:
    """Days off as entered, with limit_school_days."""
    return scene.table("attendance").with_columns(limit_school_days=scene.limits.max_school_days_a_month)


def attendance_terms(scene: Scene) -> pl.LazyFrame:
    """Days off of each pupil in each term of this school year (a month belongs to the term it begins in), with limit_term_days."""
    first_day = pl.format("{}-01", "month").str.to_date("%Y-%m-%d", strict=False)
    rows = scene.table("attendance").with_columns(month_first=first_day)
    ours = rows.filter(pl.col("month_first").is_between(scene.year.first_day, scene.year.on(LAST_DAY_OF_LESSONS)))
    terms = ours.with_columns(term=term_of("month_first", scene.terms)).group_by("source_system", "pupil_code", "term")
    place = pl.col("class_name", *(column for column in PLACE if column != "source_system")).sort_by("month").last()
    counted = terms.agg(place, days_off=(pl.col("excused").fill_null(0) + pl.col("unexcused").fill_null(0)).sum())
    return counted.with_columns(limit_term_days=scene.limits.max_school_days_a_term)


def expected_attendance(scene: Scene) -> pl.LazyFrame:
    """Pupils × months that must be complete, with the days off entered if there are any."""
    entered = scene.main("attendance").select(*MONTH, "excused", "unexcused").unique(MONTH, keep="first", maintain_order=True)
    months = enrolment(scene).join(due_months(scene), how="cross").filter(obliged_all_month())
    return months.join(entered, on=MONTH, how="left")


def health(scene: Scene) -> pl.LazyFrame:
    """Health records as delivered."""
    return scene.table("health")


VIEWS: Mapping[str, View] = {
    "classes": View(build=classes, key=TABLE_KEYS[CLASSES.name], class_name="class_name"),
    "movements": View(build=movements, key=TABLE_KEYS[MOVEMENTS.name], class_name="class_name"),
    "attendance": View(build=attendance, key=TABLE_KEYS[ATTENDANCE.name], class_name="class_name"),
    "attendance_terms": View(build=attendance_terms, key=key_of("pupil_code", "term"), class_name="class_name"),
    "expected_attendance": View(build=expected_attendance, key=TABLE_KEYS[ATTENDANCE.name], class_name="class_name"),
    "health": View(build=health, key=TABLE_KEYS[HEALTH.name], class_name="class_name"),
}
