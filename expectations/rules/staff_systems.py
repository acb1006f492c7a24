"""The school's staff list and TEMIS say the same of everybody who works here (Điều 16.2b)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import STAFF
from expectations.rule import Owner, Rule, Severity
from expectations.views.comparison import HABITS
from expectations.views.facts import TWELVE_DIGITS
from infra.regulations import QC_16_2B

_both = partial(
    Rule,
    article=QC_16_2B,
    table=STAFF.name,
    view="staff_reconciliation",
    severity=Severity.REVIEW,
    stated=False,
    owner=Owner.CLERK,
)

FIX = "Hồ sơ nhân sự và TEMIS › Hồ sơ cán bộ: đối chiếu giấy tờ gốc, sửa bên sai cho hai bên giống nhau"

RULES: tuple[Rule, ...] = (
    _both(
        code="DCH-10",
        column="staff_code",
        needs=("staff_code", "status"),
        condition=~(pl.col("is_here") & pl.col("is_there")) & ~pl.col("gone_from_either"),
        message="Cán bộ đang làm việc chỉ có ở một trong hai nơi: hồ sơ nhân sự và TEMIS",
        expected=pl.when("is_here")
        .then(pl.lit("có ở hồ sơ nhân sự, thiếu ở TEMIS"))
        .otherwise(pl.lit("có ở TEMIS, thiếu ở hồ sơ nhân sự")),
        fix="Hồ sơ nhân sự (hoặc TEMIS) › Hồ sơ cán bộ: thêm hồ sơ thiếu, hoặc ghi chuyển đi, nghỉ cho hồ sơ thừa",
    ),
    _both(
        code="DCH-11",
        column="full_name",
        needs=("staff_code", "full_name"),
        condition=~pl.col("name_rung").is_in(HABITS),
        message="Họ tên cán bộ ở hồ sơ nhân sự và TEMIS khác nhau (đã bỏ qua chữ hoa, khoảng trắng, vị trí dấu)",
        expected=pl.format("TEMIS ghi: {} ({})", "full_name_temis", "name_rung"),
        fix=FIX,
    ),
    _both(
        code="DCH-12",
        column="birth_date",
        needs=("staff_code", "birth_date"),
        condition=pl.col("birth_date") != pl.col("birth_date_temis"),
        message="Ngày sinh cán bộ ở hồ sơ nhân sự và TEMIS khác nhau",
        expected=pl.format("TEMIS ghi: {}", "birth_date_temis"),
        fix=FIX,
    ),
    _both(
        code="DCH-13",
        column="personal_number",
        needs=("staff_code", "personal_number"),
        # A number that is none, or an old card's, is told by ID-7; two whole numbers cannot both be right.
        condition=pl.all_horizontal(pl.col("personal_number", "personal_number_temis").str.contains(TWELVE_DIGITS))
        & (pl.col("personal_number") != pl.col("personal_number_temis")),
        message="Số CCCD cán bộ ở hồ sơ nhân sự và TEMIS khác nhau",
        expected=pl.format("TEMIS ghi: {}", "personal_number_temis"),
        fix=FIX,
    ),
    _both(
        code="DCH-14",
        column="gone",
        needs=("staff_code", "status"),
        condition=pl.col("gone") != pl.col("gone_temis"),
        message="Một nơi ghi cán bộ đã rời trường, nơi kia ghi còn làm việc (hồ sơ nhân sự, TEMIS)",
        expected=pl.when("gone").then(pl.lit("TEMIS ghi còn làm việc")).otherwise(pl.lit("TEMIS ghi đã rời trường")),
        fix=FIX,
    ),
)
