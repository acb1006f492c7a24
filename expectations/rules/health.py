"""Health: heights and weights that a primary-school pupil can have (rules.md SK-1)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import HEALTH
from expectations.rule import Owner, Rule, Severity
from expectations.rules.marks import FOLDED_FROM
from infra.regulations import QC_20

_health = partial(Rule, article=QC_20, table=HEALTH.name, view="health", severity=Severity.REVIEW, owner=Owner.NURSE)

HEIGHT, WEIGHT = pl.col("height_cm"), pl.col("weight_kg")
# in metres, to the centimetre: 0.85 is 85 although 0.85 * 100 is not exactly so
IN_METRES = (HEIGHT * 100).round(1).is_between(pl.col("limit_low_cm"), pl.col("limit_high_cm"))
# A class of whose pupils nobody is measured is told once, not pupil by pupil.
CLASS_IS_EMPTY = (pl.col("class_pupils") >= FOLDED_FROM) & (pl.col("class_measured") == 0)
FIX = "CSDL ngành › Sức khỏe học sinh: đối chiếu phiếu khám, sửa rồi lưu"

RULES: tuple[Rule, ...] = (
    _health(
        code="SK-1/1",
        column="height_cm",
        needs=("height_cm",),
        condition=~HEIGHT.is_between(pl.col("limit_low_cm"), pl.col("limit_high_cm")) & ~IN_METRES,
        message="Chiều cao khó có ở tuổi tiểu học",
        expected=pl.format("từ {} đến {} cm", "limit_low_cm", "limit_high_cm"),
        fix=FIX,
    ),
    _health(
        code="SK-1/2",
        column="weight_kg",
        needs=("weight_kg",),
        condition=~WEIGHT.is_between(pl.col("limit_low_kg"), pl.col("limit_high_kg")),
        message="Cân nặng khó có ở tuổi tiểu học",
        expected=pl.format("từ {} đến {} kg", "limit_low_kg", "limit_high_kg"),
        fix=FIX,
    ),
    _health(
        code="SK-1/3",
        column="height_cm",
        needs=("height_cm",),
        condition=IN_METRES,
        message="Chiều cao ghi bằng mét thay vì xăng-ti-mét",
        expected=pl.format("đề nghị {} cm", (HEIGHT * 100).round(1).cast(pl.String).str.replace(".", ",", literal=True)),
        fix=FIX,
    ),
    _health(
        code="SK-1/4",
        view="expected_health",
        stated=False,
        column="pupil_code",
        needs=("pupil_code", "height_cm", "weight_kg"),
        condition=~pl.col("measured") & ~CLASS_IS_EMPTY,
        message="Học sinh chưa được đo chiều cao, cân nặng trong năm học",
        expected="chiều cao (cm) và cân nặng (kg) của năm học này",
        fix="CSDL ngành › Sức khỏe học sinh: đo bù, nhập rồi lưu",
    ),
    _health(
        code="SK-1/5",
        view="unmeasured_classes",
        stated=False,
        column="class_pupils",
        needs=("pupil_code", "height_cm", "weight_kg"),
        condition=CLASS_IS_EMPTY,
        message="Cả lớp chưa được đo chiều cao, cân nặng trong năm học",
        expected=pl.format("chiều cao, cân nặng của {} học sinh", "class_pupils"),
        fix="CSDL ngành › Sức khỏe học sinh: lên lịch đo cho cả lớp, nhập rồi lưu",
    ),
)
