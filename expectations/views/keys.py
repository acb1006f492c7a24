"""The key of a record: its own identity as findings, waivers and the holdback write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping


def place() -> pl.Expr:
    """`file#sheet#row`: stands in where the code itself is missing."""
    parts = [pl.col("source_file"), pl.col("source_sheet"), pl.col("source_row").cast(pl.String)]
    return pl.concat_str([part.fill_null("") for part in parts], separator="#")


def key_of(*columns: str) -> pl.Expr:
    """The columns joined by `|`; the row's place when the first of them is missing."""
    parts = [pl.col(column).cast(pl.String).fill_null("") for column in columns]
    return pl.when(pl.col(columns[0]).is_null()).then(place()).otherwise(pl.concat_str(parts, separator="|"))


TABLE_KEYS: Mapping[str, pl.Expr] = {name: key_of(*table.key) for name, table in TABLES.items()}
