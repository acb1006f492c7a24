"""Classes with their counts, movements, attendance as entered and as expected, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.school_year import LAST_LESSONS
from connectors.records.tables import ATTENDANCE, CLASSES, HEALTH, MOVEMENTS
from expectations.views.enrolment import due_months, enrolment, obliged_all_month, obliged_on
from expectations.views.facts import is_at_school, is_listed, term_of
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.people import people
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTH, CLASS_MONTH = ["pupil_code", "month"], ["class_name", "month"]
MEASURED = ["source_system", "pupil_code"]


def classes(scene: Scene) -> pl.LazyFrame:
    """Classes with pupils (at school), disabled_pupils, teacher_is_known (null without any staff row), teacher_gone, limit_class_size."""
    here = scene.main("pupils").filter(is_at_school()).group_by("class_name")
    counts = here.agg(pupils=pl.len(), disabled_pupils=pl.col("disability").is_not_null().sum())
    staff = people(scene).select(homeroom_code="staff_code", is_staff="staff_known", teacher_gone="staff_gone")
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
    ours = rows.filter(pl.col("month_first").is_between(scene.year.first_day, scene.year.on(LAST_LESSONS)))
    terms = ours.with_columns(term=term_of("month_first", scene.terms)).group_by("source_system", "pupil_code", "term")
    # The class of the last month: a pupil may have changed it within the term.
    place = pl.col("class_name", *(column for column in PLACE if column != "source_system")).sort_by("month").last()
    counted = terms.agg(place, days_off=(pl.col("excused").fill_null(0) + pl.col("unexcused").fill_null(0)).sum())
    return counted.with_columns(limit_term_days=scene.limits.max_school_days_a_term)


def expected_attendance(scene: Scene) -> pl.LazyFrame:
    """What `_expected_attendance` tells, with each class's class_pupils and entered_pupils of that month."""
    filled = _expected_attendance(scene)
    books = attendance_books(scene).select(*CLASS_MONTH, "class_pupils", "entered_pupils")
    return filled.join(books, on=CLASS_MONTH, how="left", nulls_equal=True)


def attendance_books(scene: Scene) -> pl.LazyFrame:
    """One row per class and month that must be complete: class_pupils, entered_pupils (with any day off or a 0)."""
    place = [pl.col(column).sort_by("source_row").first() for column in PLACE]
    entered = pl.any_horizontal(pl.col("excused", "unexcused").is_not_null())
    return _expected_attendance(scene).group_by(CLASS_MONTH).agg(*place, class_pupils=pl.len(), entered_pupils=entered.sum())


def _expected_attendance(scene: Scene) -> pl.LazyFrame:
    """Pupils × months that must be complete, with the days off entered if there are any; computed once for all views."""
    return scene.shared("expected_attendance", _entered_months)


def _entered_months(scene: Scene) -> pl.LazyFrame:
    entered = scene.main("attendance").select(*MONTH, "excused", "unexcused").unique(MONTH, keep="first", maintain_order=True)
    months = enrolment(scene).join(due_months(scene), how="cross").filter(obliged_all_month())
    return months.join(entered, on=MONTH, how="left")


def health(scene: Scene) -> pl.LazyFrame:
    """Health records with the limits of what can be."""
    limits = scene.limits
    return scene.table("health").with_columns(
        limit_low_cm=limits.lowest_height_cm,
        limit_high_cm=limits.highest_height_cm,
        limit_low_kg=limits.lightest_kg,
        limit_high_kg=limits.heaviest_kg,
    )


def expected_health(scene: Scene) -> pl.LazyFrame:
    """Pupils at school × systems with health records, once all must have been measured: measured, class_pupils, class_measured.

    A pupil who came after the day has been measured elsewhere and is not asked for. Where one system has records,
    another that could have some and has none at all is not where the school keeps them.
    """
    by = scene.year.on(scene.limits.measured_by_day)
    here = enrolment(scene).filter(obliged_on(pl.lit(scene.day), assessed_only=False) & obliged_on(pl.lit(by), assessed_only=False))
    systems = [name for name in scene.snapshot.sources if scene.snapshot.delivers(name, HEALTH.name, ["pupil_code"])]
    nowhere = [pl.lit(None, dtype=pl.String).alias("source_file"), pl.lit(None, dtype=pl.String).alias("source_sheet")]
    asked = here.filter(pl.lit(scene.day >= by)).select("pupil_code", "class_name", *nowhere, source_row=pl.lit(None, dtype=pl.Int64))
    filled = pl.all_horizontal(pl.col("height_cm", "weight_kg").is_not_null())
    filed = scene.table("health").filter(filled).select(*MEASURED, measured=pl.lit(value=True)).unique(MEASURED)
    keeping = pl.LazyFrame({"source_system": systems}, schema={"source_system": pl.String})
    if scene.has_rows(HEALTH.name):
        keeping = keeping.join(scene.table("health"), on="source_system", how="semi")
    crossed = asked.join(keeping, how="cross")
    joined = crossed.join(filed, on=MEASURED, how="left").with_columns(pl.col("measured").fill_null(value=False))
    of_class = ["source_system", "class_name"]
    return joined.with_columns(class_pupils=pl.len().over(of_class), class_measured=pl.col("measured").sum().over(of_class))


def unmeasured_classes(scene: Scene) -> pl.LazyFrame:
    """One row per class and system with health records: class_pupils who had to be measured, class_measured who were."""
    columns = ["source_system", "class_name", "class_pupils", "class_measured"]
    return expected_health(scene).unique(columns[:2]).select(*columns, "source_file", "source_sheet", "source_row")


VIEWS: Mapping[str, View] = {
    "classes": View(build=classes, key=TABLE_KEYS[CLASSES.name], class_name="class_name"),
    "movements": View(build=movements, key=TABLE_KEYS[MOVEMENTS.name], class_name="class_name"),
    "attendance": View(build=attendance, key=TABLE_KEYS[ATTENDANCE.name], class_name="class_name"),
    "attendance_terms": View(build=attendance_terms, key=key_of("pupil_code", "term"), class_name="class_name"),
    "expected_attendance": View(build=expected_attendance, key=TABLE_KEYS[ATTENDANCE.name], class_name="class_name"),
    "attendance_books": View(build=attendance_books, key=key_of(*CLASS_MONTH), class_name="class_name"),
    "health": View(build=health, key=TABLE_KEYS[HEALTH.name], class_name="class_name"),
    "expected_health": View(build=expected_health, key=TABLE_KEYS[HEALTH.name], class_name="class_name"),
    "unmeasured_classes": View(build=unmeasured_classes, key=pl.col("class_name"), class_name="class_name"),
}
