"""Who teaches and leads classes beside the staff list (Điều 16.2b): only people who are there, and still there."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import ASSIGNMENTS, CLASSES
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_10_1C, QC_16_2B, TT28_16

_lesson = partial(
    Rule,
    article=QC_16_2B,
    table=ASSIGNMENTS.name,
    view="assignments",
    severity=Severity.REVIEW,
    stated=False,
    column="staff_code",
    needs=("staff_code",),
    owner=Owner.VICE_PRINCIPAL,
)

GONE_ON = pl.col("gone_on").dt.strftime("%d/%m/%Y").fill_null("không ghi")

RULES: tuple[Rule, ...] = (
    _lesson(
        code="DCH-8",
        condition=pl.col("staff_code").is_null() | ~pl.col("staff_known"),
        message="Phân công giảng dạy không ghi giáo viên, hoặc mã giáo viên không có trong hồ sơ nhân sự",
        expected="mã của một giáo viên trong hồ sơ nhân sự",
        fix="QLNT › Phân công giảng dạy › chọn lớp, môn: chọn lại giáo viên rồi lưu",
    ),
    _lesson(
        code="DCH-9",
        article=QC_10_1C,
        condition=pl.col("staff_gone"),
        message="Người đã rời trường còn được phân công giảng dạy",
        expected=pl.format("giáo viên đang làm việc (người này rời trường ngày {})", GONE_ON),
        fix="QLNT › Phân công giảng dạy › chọn lớp, môn: chọn giáo viên thay rồi lưu",
    ),
    _lesson(
        code="TU-4/5",
        article=TT28_16,
        table=CLASSES.name,
        view="classes",
        column="homeroom_code",
        needs=("class_name", "homeroom_code"),
        condition=pl.col("teacher_gone"),
        message="Giáo viên chủ nhiệm của lớp đã rời trường",
        expected="mã của một giáo viên đang làm việc",
        fix="QLNT › Danh mục lớp › Giáo viên chủ nhiệm: chọn theo quyết định phân công mới rồi lưu",
    ),
)
