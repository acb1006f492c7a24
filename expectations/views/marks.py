"""Marks: the latest attempts as entered, and every mark that Thông tư 27/2020 expects by tonight."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import MARKS
from expectations.views.enrolment import due_times, enrolment, obliged_at, obliged_on
from expectations.views.facts import follows_tt27
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.programme import WHOLE_OF, elective_subjects, expected_subjects, subject_facts
from expectations.views.scene import MAIN, PLACE, Scene, View
from infra.regulations import TOP_SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping

SCIENCE = "KH"
MARK = ["pupil_code", "subject", "time"]
BOOK = ["class_name", "grade", "time", "subject"]
CLASS_SUBJECT = ["class_name", "subject"]
ENTERED = ["level", "level_text", "score", "score_value", "locked"]
# Subjects of the programme before 2018 without a successor: their names, and their codes in vendors' lists (rules.md CT-4).
OLD_SUBJECTS = ("thủ công", "kỹ thuật", "kĩ thuật", "tcg1", "ktt1")
# A test is given some weeks before its marks are due: only marks of a later one are odd.
AFTER_LEAVING = timedelta(days=30)
OF_MAIN = pl.col("source_system") == MAIN
IS_ENTERED = pl.col("level_text").is_not_null() | pl.col("score").is_not_null()  # systems also keep rows for cells left blank


def latest_marks(scene: Scene) -> pl.LazyFrame:
    """What `_latest_marks` tells, computed once for all views of a check."""
    return scene.shared("latest_marks", _latest_marks)


def _latest_marks(scene: Scene) -> pl.LazyFrame:
    """The highest attempt of each pupil, subject and time (TT27-7.1f: the last one counts); adds is_right_score, is_entered."""
    rows = scene.table("marks").select(*MARK, "class_name", "grade", *ENTERED, *PLACE, "entered_at", attempt=pl.col("attempt").fill_null(1))
    # the date, then the place decide between attempts that nobody numbered
    in_order = rows.sort("attempt", "entered_at", "source_row", "source_file", "source_sheet")
    newest = in_order.unique(["source_system", *MARK], keep="last")
    value = pl.col("score_value")
    return newest.with_columns(
        is_right_score=(value.is_between(0, TOP_SCORE) & (value % 1 == 0)).fill_null(value=False), is_entered=IS_ENTERED
    )


def marks(scene: Scene) -> pl.LazyFrame:
    """Latest marks with what their subject, grade and pupil ask for.

    is_known, is_old (of the programme before 2018), is_taught, is_tested, is_ever_tested (of the subject; null in a
    grade that Thông tư 27 had not reached), follows_tt27, test_due (at this time), obliged (pupil, at a due time),
    disabled, long_gone (left more than AFTER_LEAVING before the time was due), and the limits.
    """
    start_year, limits = scene.year.start_year, scene.limits
    pupils = enrolment(scene).select("pupil_code", "joined_on", "left_on", "ever_obliged", "assessed", "disabled")
    joined = (
        latest_marks(scene)
        .join(_facts(scene), on=["subject", "grade"], how="left")
        .join(pupils, on="pupil_code", how="left")
        .join(due_times(scene), on="time", how="left")
    )
    return joined.with_columns(
        is_known=pl.col("subject").is_in(list(codes.subjects())),
        is_old=pl.col("subject").str.to_lowercase().is_in(OLD_SUBJECTS),
        follows_tt27=follows_tt27("grade", start_year),
        test_due=pl.any_horizontal((pl.col("time") == time) & pl.col(f"tested_{time}") for time in codes.TIMES),
        obliged=(pl.col("due").is_not_null() & obliged_on(pl.col("due"))).fill_null(value=False),
        disabled=pl.col("disabled").fill_null(value=False),
        long_gone=pl.col("left_on") + AFTER_LEAVING < pl.col("due"),
        limit_t=limits.level_t_from,
        limit_h=limits.level_h_from,
        limit_c=limits.level_c_to,
        old_accepted=limits.accept_old_subjects,
    )


def _facts(scene: Scene) -> pl.LazyFrame:
    """subject_facts of the grades that Thông tư 27 had reached; Khoa học is tested where the school says so (TT27-7.1b)."""
    facts = subject_facts().lazy().filter(follows_tt27("grade", scene.year.start_year))
    return facts.with_columns(pl.col("is_tested", "is_ever_tested", "^tested_.*$") & _may_be_tested(scene))


def _may_be_tested(scene: Scene) -> pl.Expr:
    return pl.lit(value=scene.limits.science_is_tested) | (pl.col("subject") != SCIENCE)


def expected_marks(scene: Scene) -> pl.LazyFrame:
    """Obliged pupils × their class's books × due times, with the latest entry if there is one.

    is_entered, the entered columns (null when absent), is_tested, and the whole book's expected_rows and entered_rows.
    """
    filled = filled_marks(scene)
    books = _books_of(filled).select(*BOOK, "expected_rows", "entered_rows")
    return filled.join(books, on=BOOK, how="left", nulls_equal=True)


def gradebooks(scene: Scene) -> pl.LazyFrame:
    """One row per class, subject and due time: expected_rows (obliged pupils) and entered_rows."""
    return _books_of(filled_marks(scene))


def filled_marks(scene: Scene) -> pl.LazyFrame:
    """Every mark expected by tonight and what is entered for it, computed once for all views of a check."""
    return scene.shared("filled_marks", _filled_marks)


def _filled_marks(scene: Scene) -> pl.LazyFrame:
    return filled_marks_at(scene, due_times(scene))


def filled_marks_at(scene: Scene, times: pl.LazyFrame) -> pl.LazyFrame:
    """Every mark expected at the times (time, due) that are asked for, and what is entered for it."""
    entered = latest_marks(scene).filter(OF_MAIN).select(*MARK, *ENTERED, "is_right_score", "is_entered")
    classes = enrolment(scene).select("class_name", "grade").unique()
    # Also pupils without a class owe their marks: a missing class equals a missing one.
    expected = obliged_at(scene, times).join(kept_books(scene, classes), on=["class_name", "grade", "time"], nulls_equal=True)
    return expected.join(entered, on=MARK, how="left").with_columns(pl.col("is_entered", "is_right_score").fill_null(value=False))


def filled_electives_at(scene: Scene, times: pl.LazyFrame) -> pl.LazyFrame:
    """The same for electives that a class keeps: expected of the pupils who were assessed in one this year (rules.md TT27-9.8).

    A class keeps one that is assigned to a teacher, or in which most of its pupils were assessed. Who chose an elective is
    told by no system: where nobody has been assessed yet, nobody is expected.
    """
    electives = elective_subjects().lazy().filter(follows_tt27("grade", scene.year.start_year))
    entered = latest_marks(scene).filter(OF_MAIN & pl.col("is_entered"))
    chosen = entered.join(electives, on=["subject", "grade"], how="semi").select("pupil_code", "subject").unique()
    expected = obliged_at(scene, times).join(chosen, on="pupil_code").join(_kept_electives(scene, chosen), on=CLASS_SUBJECT, how="semi")
    marks = entered.select(*MARK, *ENTERED, "is_entered")
    rows = expected.join(electives, on=["subject", "grade"], how="semi").join(marks, on=MARK, how="left")
    return rows.with_columns(pl.col("is_entered").fill_null(value=False), is_tested=pl.lit(value=False))


def _kept_electives(scene: Scene, chosen: pl.LazyFrame) -> pl.LazyFrame:
    pupils = enrolment(scene).filter("ever_obliged").select("pupil_code", "class_name", size=pl.len().over("class_name"))
    taken = pupils.join(chosen, on="pupil_code").group_by(CLASS_SUBJECT).agg(pl.col("size").first(), takers=pl.len())
    assigned = scene.main("assignments").select(*CLASS_SUBJECT, is_assigned=pl.lit(value=True)).unique()
    joined = taken.join(assigned, on=CLASS_SUBJECT, how="left")
    return joined.filter(pl.col("is_assigned") | (2 * pl.col("takers") > pl.col("size")))


def kept_books(scene: Scene, classes: pl.LazyFrame) -> pl.LazyFrame:
    """class_name, grade, time, subject, is_tested: the books that each class keeps, combined ones instead of parts where it does so.

    `classes`: class_name, grade, one row per class.
    """
    books = classes.join(expected_subjects().lazy().filter(follows_tt27("grade", scene.year.start_year)), on="grade")
    shapes = gradebook_shapes(scene).filter(OF_MAIN).select("class_name", "time", "whole", "combined")
    shaped = books.join(shapes, on=["class_name", "time", "whole"], how="left")
    combined = pl.col("combined").fill_null(value=False)
    return shaped.filter(pl.col("is_whole") == combined).select(*BOOK, is_tested=pl.col("is_tested") & _may_be_tested(scene))


def _books_of(filled: pl.LazyFrame) -> pl.LazyFrame:
    place = [pl.col(column).sort_by("source_row").first() for column in PLACE]
    return filled.group_by(BOOK).agg(*place, expected_rows=pl.len(), entered_rows=pl.col("is_entered").sum())


def gradebook_shapes(scene: Scene) -> pl.LazyFrame:
    """Per class, time and combined code: has_whole and has_parts with entries, and which of them the class keeps (TT27-7.1d)."""
    whole_of = {**WHOLE_OF, **{whole: whole for whole in codes.COMBINED_SUBJECTS}}
    rows = scene.table("marks").filter(pl.col("subject").is_in(list(whole_of)))
    whole = pl.col("subject").replace_strict(whole_of, default=None, return_dtype=pl.String)
    is_whole = pl.col("subject").is_in(list(codes.COMBINED_SUBJECTS))
    place = [pl.col(column).filter(is_whole).first() for column in PLACE if column != "source_system"]
    books = rows.group_by("source_system", "class_name", "time", whole.alias("whole"))
    shapes = books.agg(*place, has_whole=(is_whole & IS_ENTERED).any(), has_parts=(~is_whole & IS_ENTERED).any(), only_whole=is_whole.all())
    # Parts win: a combined column that is there and was left blank is no second shape.
    return shapes.with_columns(combined=~pl.col("has_parts") & (pl.col("has_whole") | pl.col("only_whole")))


VIEWS: Mapping[str, View] = {
    "marks": View(build=marks, key=TABLE_KEYS[MARKS.name], class_name="class_name"),
    "expected_marks": View(build=expected_marks, key=TABLE_KEYS[MARKS.name], class_name="class_name"),
    "gradebooks": View(build=gradebooks, key=key_of("class_name", "subject", "time"), class_name="class_name"),
    "gradebook_shapes": View(build=gradebook_shapes, key=key_of("class_name", "whole", "time"), class_name="class_name"),
}
