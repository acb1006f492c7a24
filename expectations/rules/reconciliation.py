"""QLNT and the sector database, pupil by pupil (Điều 16.2b, 19.6a)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import PUPILS
from expectations.rule import Owner, Rule, Severity
from expectations.views.comparison import HABITS
from expectations.views.facts import TWELVE_DIGITS
from infra.regulations import QC_16_2B

_both = partial(
    Rule,
    article=QC_16_2B,
    table=PUPILS.name,
    view="reconciliation",
    severity=Severity.REVIEW,
    stated=False,
    owner=Owner.CLERK,
)

BOTH_AT_SCHOOL = (pl.col("status_group") == "đang học") & (pl.col("status_group_csdl") == "đang học")
FIX = "QLNT và CSDL ngành › Hồ sơ học sinh: đối chiếu giấy tờ gốc, sửa bên sai cho hai bên giống nhau"


def _in_sector(column: str) -> pl.Expr:
    return pl.format("CSDL ngành ghi: {}", pl.col(f"{column}_csdl"))


RULES: tuple[Rule, ...] = (
    _both(
        code="DCH-1",
        column="pupil_code",
        needs=("pupil_code",),
        condition=~(pl.col("is_in_main") & pl.col("is_in_sector")),
        message="Mã học sinh chỉ có ở một trong hai hệ thống QLNT và CSDL ngành",
        expected=pl.when(pl.col("is_in_main"))
        .then(pl.lit("có ở QLNT, thiếu ở CSDL ngành"))
        .otherwise(pl.lit("có ở CSDL ngành, thiếu ở QLNT")),
        fix="CSDL ngành (hoặc QLNT) › Hồ sơ học sinh: thêm hồ sơ thiếu, hoặc ghi chuyển đi cho hồ sơ thừa",
    ),
    _both(
        code="DCH-2",
        column="full_name",
        needs=("pupil_code", "full_name"),
        condition=~pl.col("name_rung").is_in(HABITS),
        message="Họ tên ở QLNT và CSDL ngành khác nhau (đã bỏ qua chữ hoa, khoảng trắng, vị trí dấu)",
        expected=pl.format("CSDL ngành ghi: {} ({})", "full_name_csdl", "name_rung"),
        fix=FIX,
    ),
    _both(
        code="DCH-3",
        column="birth_date",
        needs=("pupil_code", "birth_date"),
        condition=pl.col("birth_date") != pl.col("birth_date_csdl"),
        message="Ngày sinh ở QLNT và CSDL ngành khác nhau",
        expected=_in_sector("birth_date"),
        fix=FIX,
    ),
    _both(
        code="DCH-4",
        column="sex",
        needs=("pupil_code", "sex"),
        condition=pl.col("sex") != pl.col("sex_csdl"),
        message="Giới tính ở QLNT và CSDL ngành khác nhau",
        expected=_in_sector("sex"),
        fix=FIX,
    ),
    _both(
        code="DCH-5",
        column="class_name",
        needs=("pupil_code", "class_name", "status"),
        condition=BOTH_AT_SCHOOL & ~pl.col("same_class"),
        message="Lớp ở QLNT và CSDL ngành khác nhau",
        expected=_in_sector("class_name"),
        fix=FIX,
    ),
    _both(
        code="DCH-6",
        column="status",
        needs=("pupil_code", "status"),
        condition=pl.col("status_group") != pl.col("status_group_csdl"),
        message="Trạng thái ở QLNT và CSDL ngành khác nhóm nhau (đang học, đã chuyển đi, đã thôi học)",
        expected=pl.format("QLNT: {}; CSDL ngành: {}", "status_group", "status_group_csdl"),
        fix=FIX,
    ),
    _both(
        code="DCH-7",
        column="personal_number",
        needs=("pupil_code", "personal_number"),
        # A number that is none (11 digits, 7.9E+10) is told as that, by ID-4 and ID-6, and not a second time here.
        condition=pl.all_horizontal(pl.col("personal_number", "personal_number_csdl").str.contains(TWELVE_DIGITS))
        & (pl.col("personal_number") != pl.col("personal_number_csdl")),
        message="Số định danh cá nhân ở QLNT và CSDL ngành khác nhau",
        expected=_in_sector("personal_number"),
        fix=FIX,
    ),
)
