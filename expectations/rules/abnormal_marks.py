"""Marks that can be right and still ask for a second look (Điều 16.1b); the school sets how much is odd."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import MARKS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_16_1B, TT27_7

_mark = partial(Rule, article=QC_16_1B, table=MARKS.name, severity=Severity.REVIEW, stated=False, owner=Owner.SUBJECT_TEACHER)

SCORE, PREVIOUS = pl.col("score_value"), pl.col("previous_score")
FIRST, LAST = pl.col("first_entered"), pl.col("last_entered")
FIX = "QLNT › Sổ điểm: đối chiếu bài kiểm tra; đúng thì để nguyên, sai thì sửa rồi lưu"

RULES: tuple[Rule, ...] = (
    _mark(
        code="QC-16.1b/1",
        view="score_jumps",
        column="score",
        needs=("score", "score_value", "time"),
        # A disabled pupil is marked against a personal plan (TT27-9.8), which may have changed in between.
        condition=~pl.col("disabled") & ((SCORE - PREVIOUS).abs() >= pl.col("limit_score_jump")),
        message="Điểm khác hẳn lần kiểm tra trước của cùng môn: đề nghị xem lại",
        expected=pl.format("lần trước ({}) là {} điểm", "previous_time", PREVIOUS.cast(pl.Int64)),
        fix=FIX,
    ),
    _mark(
        code="QC-16.1b/2",
        view="mark_books",
        column="one_score",
        needs=("score", "score_value"),
        condition=(pl.col("scores") >= pl.col("limit_alike")) & (pl.col("different_scores") == 1),
        message="Cả lớp có cùng một điểm ở một môn: đề nghị xem lại",
        expected=pl.format("điểm của từng học sinh ({} em đang cùng một điểm)", "scores"),
        fix=FIX,
    ),
    _mark(
        code="QC-16.1b/3",
        view="mark_books",
        column="first_entered",
        needs=("entered_at",),
        condition=(pl.col("entries") >= pl.col("limit_alike"))
        & pl.col("all_stamped")
        & (pl.duration(minutes=1) > LAST - FIRST)
        & FIRST.is_between(pl.col("last_hours_from"), pl.col("deadline"), closed="left"),
        message="Cả sổ điểm của lớp được nhập trong một phút, sát hạn: đề nghị xem lại",
        expected="nhập dần theo quá trình; nếu nhập từ tệp, đối chiếu tệp với bài kiểm tra",
        fix=FIX,
    ),
    _mark(
        code="TT27-7.1f",
        article=TT27_7,
        view="mark_attempts",
        column="attempt",
        needs=("attempt", "score", "level_text", "entered_at"),
        condition=pl.col("rows") > 1,
        message="Một lần kiểm tra được ghi hai dòng: không biết dòng nào là lần cuối",
        expected="mỗi lần kiểm tra một dòng, lần sau có số thứ tự lớn hơn",
        fix="QLNT › Sổ điểm: giữ dòng đúng, xóa dòng thừa, hoặc đánh lại số lần kiểm tra",
    ),
)
