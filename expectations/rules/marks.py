"""Marks under Thông tư 27/2020 Điều 7: levels and periodic tests, and the programme they belong to."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import MARKS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_16_2B, TOP_SCORE, TT22_2016, TT27_7, TT32_2018

_mark = partial(Rule, article=TT27_7, table=MARKS.name, view="marks", severity=Severity.REVIEW, owner=Owner.SUBJECT_TEACHER)

# A class of at least this many pupils without any row is told once, not pupil by pupil.
FOLDED_FROM = 5
BOOK_IS_EMPTY = (pl.col("expected_rows") >= FOLDED_FROM) & (pl.col("entered_rows") == 0)
HAS_LEVEL, HAS_SCORE = pl.col("level_text").is_not_null(), pl.col("score").is_not_null()
IS_TAUGHT = pl.col("is_taught").fill_null(value=False)
NOT_OF_GRADE = pl.col("is_known") & ~pl.col("is_taught")
BELONGS = ~NOT_OF_GRADE.fill_null(value=False)  # a mark of a subject outside the grade is told as that and nothing else
LEVEL, VALUE = pl.col("level"), pl.col("score_value")
LEVEL_CONTRADICTS_SCORE = (
    ((LEVEL == "T") & (pl.col("limit_t") > VALUE))
    | ((LEVEL == "H") & (pl.col("limit_h") > VALUE))
    | ((LEVEL == "C") & (pl.col("limit_c") < VALUE))
)
FIX_LEVEL = "QLNT › Sổ điểm › Mức đạt được: nhập theo sổ theo dõi rồi lưu"
FIX_SCORE = "QLNT › Sổ điểm › Điểm kiểm tra định kỳ: đối chiếu bài kiểm tra, sửa rồi lưu"

RULES: tuple[Rule, ...] = (
    _mark(
        code="TT27-7.1a/1",
        view="expected_marks",
        stated=False,
        column="level_text",
        needs=("level", "level_text"),
        condition=pl.col("level_text").is_null() & ~BOOK_IS_EMPTY,
        message="Đã đến hạn mà môn học chưa có mức đạt được",
        expected="T, H hoặc C",
        fix=FIX_LEVEL,
    ),
    _mark(
        code="TT27-7.1a/2",
        view="gradebooks",
        stated=False,
        column="subject",
        needs=("level", "level_text"),
        condition=BOOK_IS_EMPTY,
        message="Đã đến hạn mà sổ điểm của cả lớp còn trống ở môn này",
        expected=pl.format("đủ {} học sinh", "expected_rows"),
        fix="QLNT › Sổ điểm: giáo viên dạy môn nhập cho cả lớp",
    ),
    _mark(
        code="TT27-7.1b",
        stated=False,
        column="score",
        needs=("level_text", "score"),
        condition=BELONGS & pl.col("obliged") & HAS_LEVEL & pl.col("test_due") & ~HAS_SCORE,
        message="Môn phải kiểm tra định kỳ ở thời điểm này mà chưa có điểm",
        expected="điểm nguyên từ 0 đến 10",
        fix=FIX_SCORE,
    ),
    _mark(
        code="TT27-7.1c/1",
        severity=Severity.BLOCK,
        column="score",
        needs=("score",),
        condition=HAS_SCORE & IS_TAUGHT & ~pl.col("is_ever_tested"),
        message="Môn chỉ đánh giá bằng nhận xét mà lại có điểm kiểm tra",
        expected="không có điểm, chỉ có mức đạt được",
        fix="QLNT › Sổ điểm: xóa điểm của môn này, giữ mức đạt được",
    ),
    _mark(
        code="TT27-7.1c/2",
        stated=False,
        column="score",
        needs=("score",),
        condition=HAS_SCORE & pl.col("is_tested") & ~pl.col("test_due"),
        message="Có điểm ở thời điểm không quy định kiểm tra môn này",
        expected="không có điểm ở thời điểm này",
        fix="QLNT › Sổ điểm: xóa điểm, hoặc chuyển về đúng thời điểm rồi lưu",
    ),
    _mark(
        code="TT27-7.1d",
        view="gradebook_shapes",
        stated=False,
        column="whole",
        needs=("subject",),
        condition=pl.col("has_whole") & pl.col("has_parts"),
        message="Một lớp vừa có cột môn chung vừa có cột từng phân môn ở cùng thời điểm",
        expected="chỉ một cách: môn chung, hoặc từng phân môn",
        fix="QLNT › Sổ điểm: giữ một cách ghi cho cả lớp, xóa cách còn lại",
    ),
    _mark(
        code="TT27-7.1e",
        severity=Severity.BLOCK,
        column="score",
        needs=("score", "score_value"),
        condition=BELONGS & HAS_SCORE & ~pl.col("is_right_score"),
        message="Điểm kiểm tra không phải số nguyên từ 0 đến 10",
        expected=f"số nguyên từ 0 đến {TOP_SCORE}",
        fix=FIX_SCORE,
    ),
    _mark(
        code="TT27-7.1g",
        column="level",
        needs=("level", "score_value"),
        # Not of disabled pupils: they are assessed against a plan of their own (TT27-9.8).
        condition=BELONGS & pl.col("is_right_score") & pl.col("test_due") & ~pl.col("disabled") & LEVEL_CONTRADICTS_SCORE,
        message="Mức đạt được và điểm kiểm tra không đi cùng nhau: đề nghị xem lại",
        expected=pl.format("với {} điểm thường là: T từ {}, H từ {}, C đến {}", "score", "limit_t", "limit_h", "limit_c"),
        fix=FIX_LEVEL,
    ),
    _mark(
        code="TT27-7.4/3",
        severity=Severity.BLOCK,
        column="level_text",
        needs=("level", "level_text"),
        condition=BELONGS & HAS_LEVEL & LEVEL.is_null(),
        message="Mức đạt được của môn học không phải T, H, C (Đ chỉ dùng cho phẩm chất, năng lực)",
        expected="T, H hoặc C",
        fix=FIX_LEVEL,
    ),
    _mark(
        code="CT-1",
        article=TT32_2018,
        severity=Severity.BLOCK,
        column="subject",
        needs=("subject", "grade"),
        condition=NOT_OF_GRADE & (HAS_LEVEL | HAS_SCORE),
        message="Môn học không có trong chương trình của khối này",
        expected=pl.format("không có kết quả môn này ở khối {}", "grade"),
        fix="QLNT › Sổ điểm: kiểm tra lại khối và môn, xóa kết quả nhập nhầm",
    ),
    _mark(
        code="CT-1/1",
        article=TT32_2018,
        stated=False,
        column="subject",
        needs=("subject",),
        condition=~pl.col("is_known").fill_null(value=False) & ~pl.col("is_old").fill_null(value=False),
        message="Mã môn học không có trong danh mục của chương trình 2018",
        expected="mã hoặc tên môn của chương trình giáo dục phổ thông 2018",
        fix="QLNT › Danh mục môn học: sửa mã môn rồi lưu",
        owner=Owner.IT,
    ),
    _mark(
        code="CT-4",
        article=TT32_2018,
        column="subject",
        needs=("subject", "grade"),
        # In a grade that the new programme had not reached, the old subject is right.
        condition=pl.col("is_old") & pl.col("follows_tt27") & ~pl.col("old_accepted"),
        message="Môn Thủ công, Kỹ thuật của chương trình cũ còn trong dữ liệu năm nay",
        expected="môn của chương trình 2018 (hai môn này không có môn thay thế đúng)",
        fix="QLNT › Danh mục môn học: bỏ môn cũ khỏi lớp của năm nay rồi lưu",
        owner=Owner.IT,
    ),
    _mark(
        code="TT27-0.2/1",
        article=TT22_2016,
        stated=False,
        column="score",
        needs=("score", "score_value", "grade"),
        condition=~pl.col("follows_tt27") & (VALUE == 0),
        message="Điểm 0 ở khối chưa áp dụng Thông tư 27: quy định trước đó không cho điểm 0",
        expected=f"số nguyên từ 1 đến {TOP_SCORE}",
        fix=FIX_SCORE,
    ),
    _mark(
        code="HS-6/1",
        article=QC_16_2B,
        stated=False,
        column="time",
        needs=("time", "level_text", "score"),
        condition=(HAS_LEVEL | HAS_SCORE) & pl.col("long_gone"),
        message="Học sinh đã rời trường trước đó mà còn có kết quả ở thời điểm này",
        expected=pl.format("không có kết quả sau ngày rời trường {}", pl.col("left_on").dt.strftime("%d/%m/%Y")),
        fix="QLNT › Biến động học sinh, Sổ điểm: sửa ngày rời trường nếu ghi nhầm, hoặc xóa kết quả nhập nhầm",
        owner=Owner.CLERK,
    ),
)
