"""Movements: every coming and going is complete (Điều 19.6a, sector database)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.codes import DROPPED_OUT, MOVED_IN, MOVED_OUT
from connectors.records.tables import MOVEMENTS
from expectations.rule import Owner, Rule, Severity, not_null
from infra.regulations import SECTOR_DATABASE

_movement = partial(
    Rule,
    article=SECTOR_DATABASE,
    table=MOVEMENTS.name,
    view="movements",
    severity=Severity.REVIEW,
    stated=False,
    owner=Owner.CLERK,
)

STUDYING = "01"

RULES: tuple[Rule, ...] = (
    _movement(
        code="HS-2/3",
        column="reason",
        needs=("kind", "reason"),
        condition=pl.col("kind").is_in(DROPPED_OUT) & pl.col("reason").is_null(),
        message="Học sinh thôi học mà chưa ghi lý do",
        expected="mã 01 đến 10 của danh mục lý do thôi học",
        fix="QLNT › Biến động học sinh › Lý do: chọn theo biên bản vận động rồi lưu",
        native=not_null("reason", ("kind", "in", DROPPED_OUT)),
    ),
    _movement(
        code="HS-2/7",
        column="reason",
        needs=("kind", "reason"),
        condition=pl.col("kind").is_in(DROPPED_OUT) & pl.col("reason").is_not_null() & ~pl.col("reason_is_listed"),
        message="Lý do thôi học không có trong danh mục của Bộ",
        expected="mã 01 đến 10 của danh mục lý do thôi học",
        fix="QLNT › Biến động học sinh › Lý do: chọn lại theo biên bản vận động rồi lưu",
    ),
    _movement(
        code="HS-2/4",
        column="place",
        needs=("kind", "place"),
        condition=pl.col("kind").is_in(MOVED_OUT) & pl.col("place").is_null(),
        message="Học sinh chuyển đi mà chưa ghi nơi chuyển đến",
        expected="tên trường và tỉnh, thành phố nơi chuyển đến",
        fix="QLNT › Biến động học sinh › Nơi đến: ghi theo giấy giới thiệu chuyển trường rồi lưu",
        native=not_null("place", ("kind", "in", MOVED_OUT)),
    ),
    _movement(
        code="HS-2/5",
        column="place",
        needs=("kind", "place"),
        condition=pl.col("kind").is_in(MOVED_IN) & pl.col("place").is_null(),
        message="Học sinh chuyển đến mà chưa ghi nơi đã học",
        expected="tên trường và tỉnh, thành phố nơi học trước đó",
        fix="QLNT › Biến động học sinh › Nơi đi: ghi theo giấy giới thiệu chuyển trường rồi lưu",
        native=not_null("place", ("kind", "in", MOVED_IN)),
    ),
    _movement(
        code="HS-2/6",
        column="kind",
        needs=("kind",),
        # 01 is in the list, as a status: it says that nobody came or went.
        condition=~pl.col("kind_is_listed") | (pl.col("kind") == STUDYING).fill_null(value=False),
        message="Loại biến động không có trong danh mục",
        expected="mã 02 đến 12 của danh mục trạng thái học sinh",
        fix="QLNT › Biến động học sinh › Loại: chọn lại trong danh mục rồi lưu",
    ),
)
