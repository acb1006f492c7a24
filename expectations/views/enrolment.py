"""Who owes what when: enrolment from status and movements, and the marks, traits and months that follow from it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import polars as pl

from connectors.records import codes
from expectations.views.facts import is_at_school
from expectations.views.scene import PLACE, Scene


def enrolment(scene: Scene) -> pl.LazyFrame:
    """What `_enrolment` tells, computed once for all views of a check."""
    return scene.shared("enrolment", _enrolment)


def _enrolment(scene: Scene) -> pl.LazyFrame:
    """One row per pupil code of the school's own book.

    pupil_code, class_name, grade (of the class where it is known, else the pupil's), joined_on, left_on,
    ever_obliged, assessed, disabled, and the row's place.
    """
    rows = scene.main("pupils").filter(pl.col("pupil_code").is_not_null()).unique("pupil_code", keep="first", maintain_order=True)
    joined = rows.join(_movement_dates(scene), on="pupil_code", how="left").join(_class_grades(scene), on="class_name", how="left")
    came = _last_date("moved_in_on", codes.ENTERING)
    went = _last_date("moved_out_on", codes.LEAVING)
    # someone who left and came back is here: only the newer of the two dates counts
    left_on = pl.when((came > went).fill_null(value=False)).then(None).otherwise(went)
    return joined.select(
        "pupil_code",
        "class_name",
        *PLACE,
        grade=pl.coalesce("grade_of_class", "grade"),
        joined_on=came,
        left_on=left_on,
        ever_obliged=is_at_school() | left_on.is_not_null(),
        assessed=~pl.col("not_assessed").fill_null(value=False),
        disabled=pl.col("disability").is_not_null(),
    )


def _movement_dates(scene: Scene) -> pl.LazyFrame:
    moved = scene.main("movements").filter(pl.col("pupil_code").is_not_null()).group_by("pupil_code")
    return moved.agg(
        moved_in_on=pl.col("date").filter(pl.col("kind").is_in(codes.ENTERING)).max(),
        moved_out_on=pl.col("date").filter(pl.col("kind").is_in(codes.LEAVING)).max(),
    )


def _class_grades(scene: Scene) -> pl.LazyFrame:
    named = scene.main("classes").filter(pl.col("class_name").is_not_null())
    return named.group_by("class_name").agg(grade_of_class=pl.col("grade").first())


def _last_date(movement: str, kinds: tuple[str, ...]) -> pl.Expr:
    """The newest movement, else the status date where the status itself is of these kinds."""
    return pl.coalesce(movement, pl.when(pl.col("status").is_in(kinds)).then("status_date"))


def obliged_on(day: pl.Expr, *, assessed_only: bool = True) -> pl.Expr:
    """Whether the pupil is enrolled on a day and, unless all count, assessed."""
    here = pl.col("joined_on").is_null() | (pl.col("joined_on") <= day)
    not_gone = pl.col("left_on").is_null() | (pl.col("left_on") > day)
    counts = pl.col("ever_obliged") & pl.col("assessed") if assessed_only else pl.col("ever_obliged")
    return counts & here & not_gone


def obliged_all_month() -> pl.Expr:
    """Whether the pupil is enrolled from `month_first` to `month_last` (also those who are not assessed)."""
    here = pl.col("joined_on").is_null() | (pl.col("joined_on") <= pl.col("month_first"))
    not_gone = pl.col("left_on").is_null() | (pl.col("left_on") > pl.col("month_last"))
    return pl.col("ever_obliged") & here & not_gone


def due_times(scene: Scene) -> pl.LazyFrame:
    """time, due: the assessment times that are due, with their dates."""
    return all_times(scene).filter(pl.col("due") <= scene.day)


def all_times(scene: Scene) -> pl.LazyFrame:
    """time, due: every assessment time of the school year."""
    due = {time: scene.year.due_date(time) for time in codes.TIMES}
    return pl.LazyFrame({"time": list(due), "due": list(due.values())}, schema={"time": pl.String, "due": pl.Date})


def due_months(scene: Scene) -> pl.LazyFrame:
    """month, month_first, month_last of the months whose attendance must be complete."""
    months = scene.year.due_months(scene.day)
    first = [date.fromisoformat(f"{month}-01") for month in months]
    last = [day.replace(day=monthrange(day.year, day.month)[1]) for day in first]
    return pl.LazyFrame(
        {"month": months, "month_first": first, "month_last": last},
        schema={"month": pl.String, "month_first": pl.Date, "month_last": pl.Date},
    )


def obliged_at(scene: Scene, times: pl.LazyFrame) -> pl.LazyFrame:
    """Enrolment × times (time, due), for whom the time counts."""
    return enrolment(scene).join(times, how="cross").filter(obliged_on(pl.col("due")))


def obliged_at_times(scene: Scene) -> pl.LazyFrame:
    """Enrolment × due times, for whom the time counts."""
    return obliged_at(scene, due_times(scene))
