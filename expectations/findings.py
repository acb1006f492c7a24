"""Findings: the machine-readable result of a check (columns fixed in the architecture)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

FINDING_SCHEMA = pl.Schema(
    {
        "rule": pl.String(),
        "severity": pl.String(),
        "article": pl.String(),
        "system": pl.String(),
        "table": pl.String(),
        "key": pl.String(),
        "class_name": pl.String(),
        "column": pl.String(),
        "value": pl.String(),
        "expected": pl.String(),
        "message": pl.String(),
        "fix": pl.String(),
        "owner": pl.String(),
        "source_file": pl.String(),
        "source_sheet": pl.String(),
        "source_row": pl.Int64(),
        "first_seen": pl.String(),
        "nights_open": pl.Int64(),
    }
)
SORTED_BY = ["rule", "table", "key", "system", "source_file", "source_sheet", "source_row"]


def no_findings() -> pl.DataFrame:
    """An empty frame of findings."""
    return pl.DataFrame(schema=FINDING_SCHEMA)


def ordered(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings in their one order: the same night gives the same bytes."""
    return findings.select(list(FINDING_SCHEMA)).sort(SORTED_BY, nulls_last=False)


def write_csv(findings: pl.DataFrame, file: Path) -> None:
    """Write findings as CSV (UTF-8), aside first, then renamed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.part")
    ordered(findings).write_csv(aside)
    aside.replace(file)
