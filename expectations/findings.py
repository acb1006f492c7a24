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
# What was waived tonight: the finding as it stands, until when, why, who signed and on which day.
WAIVED_SCHEMA = pl.Schema({**FINDING_SCHEMA, "until": pl.String(), "reason": pl.String(), "signer": pl.String(), "signed_on": pl.String()})
IDENTITY = ["rule", "system", "table", "key"]
# Findings that one root cause stands for, with the identity of the finding that tells it.
ROOT = [f"root_{name}" for name in IDENTITY]
FOLDED_SCHEMA = pl.Schema({**FINDING_SCHEMA, **dict.fromkeys(ROOT, pl.String())})
SORTED_BY = ["rule", "table", "key", "system", "source_file", "source_sheet", "source_row"]


def no_findings() -> pl.DataFrame:
    """An empty frame of findings."""
    return pl.DataFrame(schema=FINDING_SCHEMA)


def nothing_waived() -> pl.DataFrame:
    """An empty frame of waived findings."""
    return pl.DataFrame(schema=WAIVED_SCHEMA)


def nothing_folded() -> pl.DataFrame:
    """An empty frame of findings told by a root cause."""
    return pl.DataFrame(schema=FOLDED_SCHEMA)


def without(findings: pl.DataFrame, others: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Findings that are not among others; a missing value equals a missing one."""
    return findings if others.is_empty() else findings.join(others, on=on, how="anti", nulls_equal=True, maintain_order="left")


def ordered(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings in their one order: the same night gives the same bytes."""
    return findings.select(list(FINDING_SCHEMA)).sort(SORTED_BY, nulls_last=False)


def write_csv(findings: pl.DataFrame, file: Path) -> None:
    """Write findings as CSV (UTF-8), aside first, then renamed; only its owner can read it, for it names pupils."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.part")
    aside.unlink(missing_ok=True)  # one that a kill left keeps the mode it had
    aside.touch(mode=0o600)
    ordered(findings).write_csv(aside)
    aside.replace(file)
