"""The year's result as Thông tư 27/2020 Điều 9.2 decides it, beside the one that is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import YEAR_RESULTS
from expectations.views.enrolment import obliged_at_times
from expectations.views.facts import follows_tt27
from expectations.views.keys import TABLE_KEYS
from expectations.views.marks import OF_MAIN, filled_marks, latest_marks
from expectations.views.programme import CN, elective_subjects
from expectations.views.scene import PLACE, Scene, View
from expectations.views.traits import filled_traits
from infra.regulations import RESULT_MINIMUM

if TYPE_CHECKING:
    from collections.abc import Mapping

STORED = ["result", "reward", "completed", "promoted", "principal_decision"]
PUPIL = ["pupil_code", "class_name", "grade", *PLACE]


def year_results(scene: Scene) -> pl.LazyFrame:
    """Pupils enrolled at the end of the year, once results are due: stored columns, computed, because, missing counts.

    `computed` is null when levels_missing, traits_missing or tests_missing is over 0 (not decidable: TT27-9.5 of
    rules.md); `because` names the first condition that keeps it from the better result.
    """
    stored = scene.main("year_results").select("pupil_code", *STORED).unique("pupil_code", keep="first", maintain_order=True)
    learnt = _of_marks(scene).join(_of_traits(scene), on="pupil_code", how="left")
    due = learnt.filter(pl.lit(scene.year.results_are_due(scene.day)))
    joined = due.join(stored, on="pupil_code", how="left").with_columns(*_rungs())
    decidable = pl.sum_horizontal("levels_missing", "traits_missing", "tests_missing") == 0
    return joined.with_columns(computed=pl.when(decidable).then(_result()), because=_because())


def _of_marks(scene: Scene) -> pl.LazyFrame:
    """Counts over the compulsory books and, where the school counts them, over electives that were assessed (TT27-9.8)."""
    level, score = pl.col("level"), pl.col("score_value").filter(pl.col("is_tested"))
    columns = [*PUPIL, "level", "score_value", "is_tested", "is_right_score"]
    rows = filled_marks(scene).filter(pl.col("time") == CN).select(columns)
    if scene.limits.count_electives:
        rows = pl.concat([rows, _electives(scene).select(columns)])
    return rows.group_by(PUPIL).agg(
        levels_missing=level.is_null().sum(),
        tests_missing=(pl.col("is_tested") & ~pl.col("is_right_score")).sum(),
        subjects_at_h=(level == "H").sum(),
        subjects_at_c=(level == "C").sum(),
        lowest_score=score.min(),
    )


def _electives(scene: Scene) -> pl.LazyFrame:
    """End-of-year levels of elective subjects of the obliged pupils: only those that were assessed, none of them tested."""
    entered = latest_marks(scene).filter(OF_MAIN & (pl.col("time") == CN) & pl.col("level_text").is_not_null())
    elective = entered.select("pupil_code", "subject", "level", "score_value", "is_right_score")
    obliged = obliged_at_times(scene).filter(pl.col("time") == CN).join(elective, on="pupil_code")
    return obliged.join(elective_subjects().lazy(), on=["subject", "grade"], how="semi").with_columns(is_tested=pl.lit(value=False))


def old_year_results(scene: Scene) -> pl.LazyFrame:
    """Stored results of grades that Thông tư 27 had not reached in this school year (rules.md TT27-0.2)."""
    return scene.table("year_results").filter(~follows_tt27("grade", scene.year.start_year))


def _of_traits(scene: Scene) -> pl.LazyFrame:
    level = pl.col("level")
    rows = filled_traits(scene).filter(pl.col("time") == CN)
    return rows.group_by("pupil_code").agg(
        traits_missing=level.is_null().sum(),
        traits_at_d=(level == "Đ").sum(),
        traits_at_c=(level == "C").sum(),
    )


def _rungs() -> list[pl.Expr]:
    """all_best and all_enough: whether levels alone allow HTXS/HTT and HT."""
    none_at_c = (pl.col("subjects_at_c") == 0) & (pl.col("traits_at_c") == 0)
    none_between = (pl.col("subjects_at_h") == 0) & (pl.col("traits_at_d") == 0)
    return [(none_at_c & none_between).alias("all_best"), none_at_c.alias("all_enough")]


def _result() -> pl.Expr:
    """The result in the order of Điều 9.2: the first one whose conditions all hold."""
    lowest, best, enough = pl.col("lowest_score"), pl.col("all_best"), pl.col("all_enough")
    return (
        pl.when(best & (lowest >= RESULT_MINIMUM["HTXS"]))
        .then(pl.lit("HTXS"))
        .when(best & (lowest >= RESULT_MINIMUM["HTT"]))
        .then(pl.lit("HTT"))
        .when(enough & (lowest >= RESULT_MINIMUM["HT"]))
        .then(pl.lit("HT"))
        .otherwise(pl.lit("CHT"))
    )


def _because() -> pl.Expr:
    """What keeps the pupil from the next better result, in school words."""
    lowest = pl.col("lowest_score").cast(pl.Int64).cast(pl.String)
    too_low = pl.format("bài kiểm tra cuối năm thấp nhất {} điểm", lowest)
    reached_all = pl.col("all_best") & (pl.col("lowest_score") >= RESULT_MINIMUM["HTXS"])
    return (
        pl.when(pl.col("subjects_at_c") > 0)
        .then(pl.format("{} môn ở mức C", "subjects_at_c"))
        .when(pl.col("traits_at_c") > 0)
        .then(pl.format("{} phẩm chất, năng lực ở mức C", "traits_at_c"))
        .when(pl.col("lowest_score") < RESULT_MINIMUM["HT"])
        .then(too_low)
        .when(pl.col("subjects_at_h") > 0)
        .then(pl.format("{} môn ở mức H", "subjects_at_h"))
        .when(pl.col("traits_at_d") > 0)
        .then(pl.format("{} phẩm chất, năng lực ở mức Đ", "traits_at_d"))
        .when(reached_all)
        .then(pl.lit("mọi mức T, mọi bài kiểm tra cuối năm từ 9 điểm"))
        .otherwise(too_low)
    )


VIEWS: Mapping[str, View] = {
    "year_results": View(build=year_results, key=TABLE_KEYS[YEAR_RESULTS.name], class_name="class_name"),
    "old_year_results": View(build=old_year_results, key=TABLE_KEYS[YEAR_RESULTS.name], class_name="class_name"),
}
