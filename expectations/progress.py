"""Grade entry by class, subject, assessment time and teacher (Điều 16.1a, 19.7a).

What the programme and the roll expect drives it, never the rows that happen to exist: a class whose books are
wholly empty is told, and a book that expects nobody is grey.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import MARKS, TRAITS
from expectations.views.enrolment import all_times, enrolment
from expectations.views.marks import filled_electives_at, filled_marks_at, kept_books
from expectations.views.programme import CHARACTER
from expectations.views.scene import MAIN, Scene
from expectations.views.traits import filled_traits_at
from infra.settings import Gradebook, Limits

if TYPE_CHECKING:
    from datetime import date

    from connectors.records.snapshot import Snapshot

SUBJECT_ORDER = ("TV", "TO", "NN1", "DD", "TNXH", "KH", "LSDL", "TH", "CN", "THCN", "GDTC", "AN", "MT", "NT", "HDTN", "TDT", CHARACTER)
BOOK = ["class_name", "grade", "time", "subject"]


class State(StrEnum):
    """How far a book is; `thiếu` comes with the number of pupils who lack something."""

    NOT_DUE = "chưa đến hạn"
    ENTERING = "đang nhập"
    MISSING = "thiếu"
    COMPLETE = "đủ"
    LOCKED = "đã khóa"
    UNKNOWN = "chưa đủ dữ liệu"


def grade_entry(snapshot: Snapshot, day: date, gradebook: Gradebook | None = None, limits: Limits | None = None) -> pl.DataFrame:
    """One row per class, assessment time and subject of the programme, kept elective (and CHARACTER), sorted by them.

    class_name, grade, time, due, subject, teachers (staff codes of the assignments), expected, complete and missing
    (pupils on the roll on the due date; one lacks something without a level, or without the score of a due test),
    begun (anything entered), locked, state (State). Where the school's own system does not deliver what is asked for,
    nothing is called missing. `limits`: which tests and qualities the school asks for; by default those of the texts.
    """
    scene = Scene(snapshot, day, limits or Limits(), gradebook=gradebook or Gradebook())
    books = pl.concat([_subject_books(scene), _character_books(scene)])
    dated = books.join(all_times(scene), on="time").join(_teachers(scene), on=["class_name", "subject"], how="left")
    lock_dates = {time: scene.year.lock_date(time) for time in codes.TIMES}
    by_date = pl.col("time").is_in([time for time, locked in lock_dates.items() if locked and locked <= day])
    lacking = pl.when("known").then(pl.col("expected") - pl.col("complete")).otherwise(0)
    told = dated.with_columns(missing=lacking, locked=by_date | pl.col("locked_at_source"))
    states = told.with_columns(pl.col("teachers").fill_null([]), state=_state(day))
    order = [pl.col("class_name"), _place(codes.TIMES, "time"), _place(SUBJECT_ORDER, "subject")]
    wanted = [*BOOK, "due", "teachers", "expected", "complete", "missing", "begun", "locked", "state"]
    return states.sort(order, nulls_last=True).select(wanted).collect()


def current_time(books: pl.DataFrame, day: date) -> str:
    """The assessment time that people are busy with: the last one that is due, before the first one that one."""
    due: dict[str, date] = dict(books.select("time", "due").unique().sort("due").iter_rows())
    return next((time for time in reversed(due) if due[time] <= day), next(iter(due), codes.TIMES[0]))


def _state(day: date) -> pl.Expr:
    """The state of a book; a complete one is complete before its due date as well."""
    complete = pl.when(pl.col("locked")).then(pl.lit(State.LOCKED.value)).otherwise(pl.lit(State.COMPLETE.value))
    return (
        pl.when((pl.col("expected") == 0) | ~pl.col("known"))
        .then(pl.lit(State.UNKNOWN.value))
        .when(pl.col("missing") == 0)
        .then(complete)
        .when(pl.col("due") <= day)
        .then(pl.lit(State.MISSING.value))
        .when(pl.col("begun"))
        .then(pl.lit(State.ENTERING.value))
        .otherwise(pl.lit(State.NOT_DUE.value))
    )


def _place(order: tuple[str, ...], column: str) -> pl.Expr:
    return pl.col(column).replace_strict({name: place for place, name in enumerate(order)}, default=len(order), return_dtype=pl.Int32)


def _classes(scene: Scene) -> pl.LazyFrame:
    """class_name, grade of every class that is listed or that has a pupil who owed or owes marks."""
    # "2026 - 2027", as people type it, too; a class without a year is taken for one of this year.
    of_this_year = pl.col("school_year").str.replace_all(r"\s", "").eq_missing(scene.year.label) | pl.col("school_year").is_null()
    listed = scene.main("classes").filter(of_this_year).select("class_name", "grade")
    attended = enrolment(scene).filter(pl.col("ever_obliged")).select("class_name", "grade")
    return pl.concat([listed.filter(pl.col("class_name").is_not_null()), attended]).filter(pl.col("grade").is_not_null()).unique()


def _subject_books(scene: Scene) -> pl.LazyFrame:
    has_levels, has_scores = (scene.snapshot.delivers(MAIN, MARKS.name, [column]) for column in ("level_text", "score"))
    lacks_test = pl.col("is_tested") & pl.col("score").is_null()
    electives = filled_electives_at(scene, all_times(scene))
    filled = pl.concat([filled_marks_at(scene, all_times(scene)), electives], how="diagonal")
    entered = filled.with_columns(done=pl.col("level_text").is_not_null() & ~lacks_test)
    all_locked = (pl.col("locked").fill_null(value=False)).all()
    counts = entered.group_by(BOOK).agg(*_counts(), begun=pl.col("is_entered").any(), locked_at_source=all_locked)
    known = pl.lit(has_levels) & (~pl.col("is_tested") | pl.lit(has_scores))
    books = [kept_books(scene, _classes(scene)), electives.select(*BOOK, "is_tested").unique()]
    return _with_counts(pl.concat(books).with_columns(known=known), counts)


def _character_books(scene: Scene) -> pl.LazyFrame:
    """The same for qualities and competences; a pupil lacks something as long as one of them has no level."""
    level = pl.col("level_text").is_not_null()
    rows = filled_traits_at(scene, all_times(scene))
    pupils = rows.group_by("class_name", "grade", "time", "pupil_code").agg(done=level.all(), begun=level.any())
    counts = pupils.group_by("class_name", "grade", "time").agg(*_counts(), pl.col("begun").any(), locked_at_source=pl.lit(value=False))
    known = pl.lit(scene.snapshot.delivers(MAIN, TRAITS.name, ["level_text"]))
    books = _classes(scene).join(all_times(scene).select("time"), how="cross").with_columns(known=known, subject=pl.lit(CHARACTER))
    return _with_counts(books, counts.with_columns(subject=pl.lit(CHARACTER)))


def _counts() -> list[pl.Expr]:
    return [pl.len().cast(pl.Int64).alias("expected"), pl.col("done").sum().cast(pl.Int64).alias("complete")]


def _with_counts(books: pl.LazyFrame, counts: pl.LazyFrame) -> pl.LazyFrame:
    """Books with their counts; one that nobody is expected in counts 0."""
    joined = books.join(counts, on=BOOK, how="left", nulls_equal=True)
    filled = joined.with_columns(pl.col("expected", "complete").fill_null(0), pl.col("begun", "locked_at_source").fill_null(value=False))
    return filled.select(*BOOK, "known", "expected", "complete", "begun", "locked_at_source")


def _teachers(scene: Scene) -> pl.LazyFrame:
    """class_name, subject, teachers: who is assigned; a combined subject and its parts stand for each other where only one is named."""
    assigned = scene.main("assignments").select("class_name", "subject", "staff_code").drop_nulls()
    pairs = [(part, whole) for whole, parts in codes.COMBINED_SUBJECTS.items() for part in parts]
    related = pl.LazyFrame(pairs + [(whole, part) for part, whole in pairs], schema=["subject", "other"], orient="row")
    by_relation = assigned.join(related, on="subject").select("class_name", "staff_code", subject="other", rank=pl.lit(1))
    ranked = pl.concat([assigned.with_columns(rank=pl.lit(0)), by_relation], how="diagonal")
    nearest = ranked.filter(pl.col("rank") == pl.col("rank").min().over("class_name", "subject"))
    homerooms = scene.main("classes").select("class_name", pl.lit(CHARACTER).alias("subject"), staff_code="homeroom_code").drop_nulls()
    every = pl.concat([nearest.select("class_name", "subject", "staff_code"), homerooms])
    return every.group_by("class_name", "subject").agg(teachers=pl.col("staff_code").unique().sort())
