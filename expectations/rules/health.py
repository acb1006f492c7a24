"""Health: heights and weights that a primary-school pupil can have (rules.md SK-1)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import HEALTH
from expectations.rule import NativeExpectation, Owner, Rule, Severity
from infra.regulations import QC_20

_health = partial(Rule, article=QC_20, table=HEALTH.name, view="health", severity=Severity.REVIEW, owner=Owner.NURSE)

# Plausible for 5 to 12 years [KT] (rules.md SK-1).
LOWEST_CM, HIGHEST_CM = 85, 180
LIGHTEST_KG, HEAVIEST_KG = 10, 100
HEIGHT, WEIGHT = pl.col("height_cm"), pl.col("weight_kg")
# in metres, to the centimetre: 0.85 is 85 although 0.85 * 100 is not exactly so
IN_METRES = (HEIGHT * 100).round(1).is_between(LOWEST_CM, HIGHEST_CM)
FIX = "CSDL ngành › Sức khỏe học sinh: đối chiếu phiếu khám, sửa rồi lưu"

RULES: tuple[Rule, ...] = (
    _health(
        code="SK-1/1",
        column="height_cm",
        needs=("height_cm",),
        condition=~HEIGHT.is_between(LOWEST_CM, HIGHEST_CM) & ~IN_METRES,
        message="Chiều cao khó có ở tuổi tiểu học",
        expected=f"từ {LOWEST_CM} đến {HIGHEST_CM} cm",
        fix=FIX,
    ),
    _health(
        code="SK-1/2",
        column="weight_kg",
        needs=("weight_kg",),
        condition=~WEIGHT.is_between(LIGHTEST_KG, HEAVIEST_KG),
        message="Cân nặng khó có ở tuổi tiểu học",
        expected=f"từ {LIGHTEST_KG} đến {HEAVIEST_KG} kg",
        fix=FIX,
        native=NativeExpectation(
            "expect_column_values_to_be_between", {"column": "weight_kg", "min_value": LIGHTEST_KG, "max_value": HEAVIEST_KG}
        ),
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
)
