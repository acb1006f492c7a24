"""Qualities and competences under Thông tư 27/2020 Điều 7: all entered, with the right letters."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import TRAITS
from expectations.rule import NativeExpectation, Owner, Rule, Severity, not_null
from expectations.rules.marks import FOLDED_FROM
from infra.regulations import TT27_7

_trait = partial(
    Rule,
    article=TT27_7,
    table=TRAITS.name,
    view="traits",
    severity=Severity.REVIEW,
    owner=Owner.HOMEROOM,
    column="level_text",
    needs=("level", "level_text"),
)

TEXT, LEVEL, MATHS = pl.col("level_text"), pl.col("level"), pl.col("maths_level")
# Chữ Đ là U+0110; the letter Eth of other keyboards looks the same (rules.md TT27-7.4).
ETH, PLAIN_D = "^[\u00d0\u00f0]$", "^[Dd]$"
AGREES_WITH_MATHS = ((MATHS == "T") & (LEVEL == "T")) | ((MATHS == "H") & (LEVEL == "Đ")) | ((MATHS == "C") & (LEVEL == "C"))
BOOK_IS_EMPTY = (pl.col("class_pupils") >= FOLDED_FROM) & (pl.col("entered_levels") == 0)
FIX = "QLNT › Sổ đánh giá phẩm chất, năng lực: nhập lại mức bằng danh sách chọn rồi lưu"

RULES: tuple[Rule, ...] = (
    _trait(
        code="TT27-7.2",
        view="expected_traits",
        stated=False,
        condition=TEXT.is_null() & ~BOOK_IS_EMPTY,
        message="Đã đến hạn mà phẩm chất hoặc năng lực chưa có mức",
        expected="T, Đ hoặc C",
        fix="QLNT › Sổ đánh giá phẩm chất, năng lực: nhập mức cho học sinh rồi lưu",
    ),
    _trait(
        code="TT27-7.2/1",
        view="character_books",
        stated=False,
        column="class_pupils",
        condition=BOOK_IS_EMPTY,
        message="Đã đến hạn mà phẩm chất, năng lực của cả lớp còn trống",
        expected=pl.format("đủ mức của {} học sinh", "class_pupils"),
        fix="QLNT › Sổ đánh giá phẩm chất, năng lực: giáo viên chủ nhiệm nhập mức cho cả lớp rồi lưu",
    ),
    _trait(
        code="TT27-7.3",
        view="maths_traits",
        column="level",
        condition=~AGREES_WITH_MATHS,
        message="Mức năng lực tính toán và mức môn Toán không đi cùng nhau: đề nghị xem lại",
        expected=pl.format("môn Toán ở mức {} (thường đi cùng: T–T, H–Đ, C–C)", MATHS),
        fix=FIX,
    ),
    _trait(
        code="TT27-7.4/1",
        condition=TEXT.str.contains(ETH),
        message="Chữ Đ gõ bằng ký tự khác (Ð của tiếng nước ngoài), nhìn giống nhưng máy không nhận",
        expected="Đ (chữ Việt)",
        fix=FIX,
        native=NativeExpectation("expect_column_values_to_not_match_regex", {"column": "level_text", "regex": ETH}),
    ),
    _trait(
        code="TT27-7.4/2",
        condition=TEXT.str.contains(PLAIN_D),
        message="Chữ Đ gõ thiếu dấu thành D",
        expected="Đ",
        fix=FIX,
        native=NativeExpectation("expect_column_values_to_not_match_regex", {"column": "level_text", "regex": PLAIN_D}),
    ),
    _trait(
        code="TT27-7.4/4",
        severity=Severity.BLOCK,
        condition=TEXT.is_not_null() & LEVEL.is_null(),
        message="Mức phẩm chất, năng lực không phải T, Đ, C (H chỉ dùng cho môn học)",
        expected="T, Đ hoặc C",
        fix=FIX,
        native=not_null("level", ("level_text", "not null", ())),
    ),
)
