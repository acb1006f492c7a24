"""Quarantine: what a source delivered that cannot be a row of its table, kept with the reason until the source is fixed.

A row here is no canonical row: its values are kept as the JSON text of an object (heading or column -> delivered text).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

QUARANTINE = "quarantine"
SOURCE_ROW = "source_row"
SCHEMA = pl.Schema(
    {
        "table": pl.String(), "reason": pl.String(), "source_system": pl.String(), "source_file": pl.String(),
        "source_sheet": pl.String(), SOURCE_ROW: pl.Int64(), "values": pl.String(),
    }
)  # fmt: skip
# Reasons, as people read them.
NO_KEY = "không có mã và gần như không có giá trị nào"
NOT_A_ROW = "dòng tổng cộng, chữ ký hoặc tiêu đề lặp lại, không phải một dòng số liệu"
UNREADABLE = "dòng không đọc được"
FEWEST_CELLS = 2  # that make a row without a code a row (NO_KEY)


def quarantined(rows: pl.LazyFrame, origin: Mapping[str, str]) -> pl.LazyFrame:
    """Rows (delivered text, and `source_row` where it is known) in the shape of the quarantine.

    `origin`: the columns of the schema that are the same for all rows.
    """
    delivered = [name for name in rows.collect_schema().names() if name != SOURCE_ROW]
    row = pl.col(SOURCE_ROW) if SOURCE_ROW in rows.collect_schema() else pl.lit(None)
    columns = {name: pl.lit(text) for name, text in origin.items()} | {SOURCE_ROW: row, "values": _as_json(delivered)}
    return rows.select(columns[name].cast(dtype).alias(name) for name, dtype in SCHEMA.items())


def _as_json(names: list[str]) -> pl.Expr:
    """The filled columns of a row as one JSON object; empty ones are left out."""
    pairs = [pl.when(pl.col(name).is_not_null()).then(_pair(name)) for name in names]
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True) if pairs else pl.lit("")
    return pl.concat_str(pl.lit("{"), joined, pl.lit("}"))


def _pair(name: str) -> pl.Expr:
    """The object of one column, without its braces."""
    return pl.struct(pl.col(name)).struct.json_encode().str.slice(1).str.head(-1)
