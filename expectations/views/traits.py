"""Qualities and competences: as entered, as expected by tonight, and beside the level in Toán."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import TRAITS
from expectations.views.enrolment import due_times, obliged_at
from expectations.views.facts import follows_tt27
from expectations.views.keys import TABLE_KEYS, key_of
from expectations.views.marks import latest_marks
from expectations.views.programme import CHARACTER, DIGITAL_TRAITS, TO, TTO, expected_traits
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAIT = ["pupil_code", "trait", "time"]
BOOK = ["class_name", "time"]


def traits(scene: Scene) -> pl.LazyFrame:
    """The levels as entered."""
    return scene.table("traits")


def filled_traits(scene: Scene) -> pl.LazyFrame:
    """Obliged pupils × the traits of their grade × due times, with the level entered if there is one; computed once for all views."""
    return scene.shared("filled_traits", lambda scene: filled_traits_at(scene, due_times(scene)))


def expected_levels(scene: Scene) -> pl.LazyFrame:
    """The same with their class's class_pupils and entered_levels at that time."""
    filled = filled_traits(scene)
    return filled.join(_books_of(filled).select(*BOOK, "class_pupils", "entered_levels"), on=BOOK, how="left", nulls_equal=True)


def character_books(scene: Scene) -> pl.LazyFrame:
    """One row per class and due time: subject (CHARACTER), class_pupils (obliged), entered_levels of all their traits."""
    return _books_of(filled_traits(scene)).with_columns(subject=pl.lit(CHARACTER))


def _books_of(filled: pl.LazyFrame) -> pl.LazyFrame:
    place = [pl.col(column).sort_by("source_row").first() for column in PLACE]
    return filled.group_by(BOOK).agg(*place, class_pupils=pl.col("pupil_code").n_unique(), entered_levels=pl.col("level_text").count())


def filled_traits_at(scene: Scene, times: pl.LazyFrame) -> pl.LazyFrame:
    """The same at the times (time, due) that are asked for."""
    rows = scene.main("traits").select(*TRAIT, "level", "level_text").filter(pl.col("level_text").is_not_null())
    entered = rows.unique(TRAIT, keep="first")
    return obliged_at(scene, times).join(_asked_traits(scene), on="grade").join(entered, on=TRAIT, how="left")


def _asked_traits(scene: Scene) -> pl.LazyFrame:
    """grade, trait: those of Thông tư 27, technology and computing from the grade that the school set."""
    from_grade = scene.limits.digital_traits_from_grade
    asked = expected_traits().lazy().filter(follows_tt27("grade", scene.year.start_year))
    return asked.filter(~pl.col("trait").is_in(DIGITAL_TRAITS) | (pl.col("grade") >= from_grade))


def maths_traits(scene: Scene) -> pl.LazyFrame:
    """Rows of the competence "tính toán" with maths_level, the level in Toán at the same time."""
    toan = latest_marks(scene).filter(pl.col("subject") == TO).select("source_system", "pupil_code", "time", maths_level="level")
    return scene.table("traits").filter(pl.col("trait") == TTO).join(toan, on=["source_system", "pupil_code", "time"])


VIEWS: Mapping[str, View] = {
    "traits": View(build=traits, key=TABLE_KEYS[TRAITS.name], class_name="class_name"),
    "expected_traits": View(build=expected_levels, key=TABLE_KEYS[TRAITS.name], class_name="class_name"),
    "character_books": View(build=character_books, key=key_of("class_name", "subject", "time"), class_name="class_name"),
    "maths_traits": View(build=maths_traits, key=TABLE_KEYS[TRAITS.name], class_name="class_name"),
}
