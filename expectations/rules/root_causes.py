"""What befalls a sheet of a source as a whole: a column without a value, lines that tell of nobody (told once: expectations/roots.py)."""

from __future__ import annotations

import polars as pl

from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_16_1B

# From so many rows on, a sheet in which (nearly) every row has the same thing wrong has one cause. 98 of 100: somebody may
# have begun to put it right by hand.
FEWEST_ROWS, WHOLLY = 20, 0.98
CLOSE_TOGETHER = 0.5  # of the lines between the first and the last that are wrong
NOTHING = 0  # columns of a row that say something

RULES: tuple[Rule, ...] = (
    Rule(
        code="NN-1",
        article=QC_16_1B,
        table="drift",
        view="sheet_columns",
        severity=Severity.REVIEW,
        stated=False,
        column="column_name",
        needs=(),
        condition=(pl.col("rows") >= FEWEST_ROWS) & (pl.col("rows") - pl.col("filled") >= WHOLLY * pl.col("rows")),
        message="Cả cột không có giá trị nào trong trang của nguồn: một nguyên nhân, không phải lỗi của từng dòng",
        expected="cột có giá trị như ở các trang, hệ thống khác",
        fix="Xem tệp nguồn: xuất lại đủ cột, hoặc nhập cả cột trong hệ thống nguồn, rồi kéo lại",
        owner=Owner.IT,
    ),
    Rule(
        code="NN-2",
        article=QC_16_1B,
        table="drift",
        view="keyless_rows",
        severity=Severity.REVIEW,
        stated=False,
        column="source_row",
        needs=(),
        condition=pl.col("told") == NOTHING,
        message="Dòng trống: không có mã và không ghi gì về ai, chỉ có ô điền sẵn",
        expected="xóa dòng trống, hoặc ghi đủ mã và họ tên",
        fix="Xem tệp nguồn: xóa dòng trống rồi xuất lại",
        owner=Owner.IT,
    ),
)
