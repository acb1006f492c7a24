"""Drift against the newest earlier night: a source that lost half its rows stops every export."""

from __future__ import annotations

import polars as pl

from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_16_1B

# Smaller tables move by nature; half is the measure of the house (architecture: `dừng`).
SMALLEST_TABLE, HALF = 50, 0.5

RULES: tuple[Rule, ...] = (
    Rule(
        code="BD-1",
        article=QC_16_1B,
        table="drift",
        view="drift",
        severity=Severity.STOP,
        stated=False,
        column="rows_now",
        needs=(),
        condition=(pl.col("rows") >= SMALLEST_TABLE) & (pl.col("rows_now") < HALF * pl.col("rows")),
        message="Bảng dữ liệu mất hơn một nửa số dòng so với đêm trước",
        expected=pl.format("khoảng {} dòng như đêm trước", "rows"),
        fix="Hỏi nơi quản lý hệ thống nguồn; khi đã rõ thì kéo lại",
        owner=Owner.IT,
    ),
)
