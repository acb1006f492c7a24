"""Marks that ask for a second look (Điều 16.1b): scores beside the test before, whole books, and attempts numbered twice."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import MARKS
from expectations.views.enrolment import due_times, enrolment
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.marks import IS_ENTERED, MARK, latest_marks
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOK = ["source_system", "class_name", "subject", "time"]
FIRST_PLACE = [column for column in PLACE if column != "source_system"]


@cache
def previous_tests() -> pl.DataFrame:
    """subject, grade, time, previous_time: the periodic test that comes before each one (Điều 7.1)."""
    rows = [
        (subject, grade, time, before)
        for subject in codes.subjects()
        for grade in codes.GRADES
        for before, time in pairwise(codes.tested_times(subject, grade))
    ]
    return pl.DataFrame(rows, schema=["subject", "grade", "time", "previous_time"], orient="row")


def score_jumps(scene: Scene) -> pl.LazyFrame:
    """Right scores with previous_score (of the test before), disabled and limit_score_jump."""
    scored = latest_marks(scene).filter("is_right_score")
    before = scored.select("source_system", "pupil_code", "subject", previous_time="time", previous_score="score_value")
    pupils = enrolment(scene).select("pupil_code", "disabled")
    return (
        scored.join(previous_tests().lazy(), on=["subject", "grade", "time"])
        .join(before, on=["source_system", "pupil_code", "subject", "previous_time"])
        .join(pupils, on="pupil_code", how="left")
        .with_columns(pl.col("disabled").fill_null(value=False), limit_score_jump=scene.limits.score_jump)
    )


def mark_books(scene: Scene) -> pl.LazyFrame:
    """One row per class, subject and time: scores, different_scores, one_score, entries, first_entered, last_entered, deadline."""
    score = pl.col("score_value").filter("is_right_score")
    books = latest_marks(scene).filter("is_entered").group_by(BOOK)
    counted = books.agg(
        pl.col(*FIRST_PLACE).sort_by("source_row").first(),
        scores=score.len(),
        different_scores=score.n_unique(),
        one_score=score.first(),
        entries=pl.len(),
        first_entered=pl.col("entered_at").min(),
        last_entered=pl.col("entered_at").max(),
        all_stamped=pl.col("entered_at").is_not_null().all(),
    )
    # the day itself still counts: a book is late from the next midnight on
    deadline = pl.col("due").cast(pl.Datetime("us")) + timedelta(days=1)
    return counted.join(due_times(scene), on="time", how="left").with_columns(
        deadline=deadline,
        last_hours_from=deadline - timedelta(hours=scene.limits.last_hours),
        limit_alike=scene.limits.alike_marks_from,
    )


def mark_attempts(scene: Scene) -> pl.LazyFrame:
    """One row per pupil, subject, time, attempt and moment with rows: where that is over 1, nothing tells which is the last (TT27-7.1f)."""
    attempts = scene.table("marks").filter(IS_ENTERED).group_by("source_system", *MARK, pl.col("attempt").fill_null(1), "entered_at")
    return attempts.agg(pl.col("class_name", *FIRST_PLACE).sort_by("source_row").last(), rows=pl.len())


MARK_KEY, BOOK_KEY = TABLE_KEYS[MARKS.name], key_of("class_name", "subject", "time")
VIEWS: Mapping[str, View] = {
    "score_jumps": View(build=score_jumps, key=MARK_KEY, class_name="class_name"),
    "mark_books": View(build=mark_books, key=BOOK_KEY, class_name="class_name"),
    "mark_attempts": View(build=mark_attempts, key=MARK_KEY, class_name="class_name"),
}
