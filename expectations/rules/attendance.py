"""Attendance: entered every month, days off that can be true (Điều 19.6d)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import ATTENDANCE
from expectations.rule import Owner, Rule, Severity
from expectations.rules.marks import FOLDED_FROM
from infra.regulations import QC_19_6D

_attendance = partial(
    Rule,
    article=QC_19_6D,
    table=ATTENDANCE.name,
    view="attendance",
    severity=Severity.REVIEW,
    stated=False,
    owner=Owner.HOMEROOM,
)

EXCUSED, UNEXCUSED, TOTAL = pl.col("excused"), pl.col("unexcused"), pl.col("total")
NEGATIVE = (EXCUSED < 0).fill_null(value=False) | (UNEXCUSED < 0).fill_null(value=False)
MONTH_IS_EMPTY = (pl.col("class_pupils") >= FOLDED_FROM) & (pl.col("entered_pupils") == 0)
FIX = "QLNT › Chuyên cần › chọn tháng: đối chiếu sổ theo dõi, sửa rồi lưu"

RULES: tuple[Rule, ...] = (
    _attendance(
        code="CC-1/1",
        column="excused",
        needs=("excused", "unexcused"),
        condition=NEGATIVE,
        message="Số ngày nghỉ là số âm",
        expected="số nguyên từ 0",
        fix=FIX,
    ),
    _attendance(
        code="CC-1/2",
        column="total",
        needs=("excused", "unexcused", "total"),
        # A negative number is told as that (CC-1/1), and not as a wrong sum as well.
        condition=~NEGATIVE & (EXCUSED + UNEXCUSED != TOTAL),
        message="Tổng ngày nghỉ khác với nghỉ có phép cộng nghỉ không phép",
        expected=pl.format("{} + {} = {}", EXCUSED, UNEXCUSED, EXCUSED + UNEXCUSED),
        fix=FIX,
    ),
    _attendance(
        code="CC-1/3",
        column="total",
        needs=("excused", "unexcused"),
        condition=pl.col("limit_school_days") < EXCUSED + UNEXCUSED,
        message="Số ngày nghỉ nhiều hơn số ngày học có thể có trong một tháng",
        expected=pl.format("không quá {} ngày", "limit_school_days"),
        fix=FIX,
    ),
    _attendance(
        code="CC-1/4",
        view="attendance_terms",
        column="days_off",
        needs=("month", "excused", "unexcused"),
        condition=pl.col("days_off") > pl.col("limit_term_days"),
        message="Tổng số ngày nghỉ trong học kỳ nhiều hơn số ngày học của học kỳ",
        expected=pl.format("không quá {} ngày trong một học kỳ", "limit_term_days"),
        fix=FIX,
    ),
    _attendance(
        code="QC-19.6/9",
        view="expected_attendance",
        column="excused",
        needs=("excused", "unexcused"),
        condition=(EXCUSED.is_null() | UNEXCUSED.is_null()) & ~MONTH_IS_EMPTY,
        message="Tháng đã hết mà chưa nhập chuyên cần cho học sinh",
        expected="số ngày nghỉ có phép và không phép (không nghỉ: 0)",
        fix=FIX,
    ),
    _attendance(
        code="QC-19.6/10",
        view="attendance_books",
        column="class_pupils",
        needs=("excused", "unexcused"),
        condition=MONTH_IS_EMPTY,
        message="Tháng đã hết mà cả lớp chưa nhập chuyên cần",
        expected=pl.format("số ngày nghỉ của {} học sinh (không nghỉ: 0)", "class_pupils"),
        fix="QLNT › Chuyên cần › chọn tháng: giáo viên chủ nhiệm nhập cho cả lớp rồi lưu",
    ),
)
