"""Holding back: rows with a `chặn` finding do not leave; every row pulled is accounted for.

exported + held + quarantined = pulled, table by table. A counted form subtracts nobody (architecture):
it becomes a draft. Lists of rows are taken through `rows_to_export`.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.snapshot import publish
from connectors.records.systems import TOGETHER
from connectors.records.tables import TABLES
from expectations.rule import Severity
from expectations.views.keys import TABLE_KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from expectations.check import QualityResult

HELD_FOLDER = "held"  # below the findings, so that the backup takes it along
HELD_FILE, TOTALS_FILE = "held.csv", "totals.csv"
KEY = "finding_key"
HELD_SCHEMA = pl.Schema(
    {
        "table": pl.String(), "source_system": pl.String(), "source_file": pl.String(), "source_sheet": pl.String(),
        "source_row": pl.Int64(), KEY: pl.String(), "rules": pl.String(),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableTotals:
    """What became of a table's rows tonight."""

    table: str
    pulled: int
    exported: int
    held: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class HeldBack:
    """`held`: one line per row that may not leave (HELD_SCHEMA: its place, its key and the rules it breaks)."""

    totals: tuple[TableTotals, ...]
    held: pl.DataFrame

    @property
    def pulled(self) -> int:
        """Rows that the systems delivered."""
        return sum(total.pulled for total in self.totals)

    @property
    def quarantined(self) -> int:
        """Rows that were set aside because they could not be read."""
        return sum(total.quarantined for total in self.totals)

    @property
    def exported(self) -> int:
        """Rows that may leave."""
        return sum(total.exported for total in self.totals)


def holdback(snapshot: Snapshot, result: QualityResult) -> HeldBack:
    """Find the rows that `chặn` findings stand on, and the totals of every table."""
    blocked = _blocked(result)
    held = pl.concat([pl.DataFrame(schema=HELD_SCHEMA), *(_held_rows(snapshot, table, blocked) for table in TABLES)])
    counts = dict(held.group_by("table").len().iter_rows())
    return HeldBack(tuple(_totals(snapshot, table, counts.get(table, 0)) for table in TABLES), held)


def rows_to_export(snapshot: Snapshot, table: str, held_back: HeldBack) -> pl.LazyFrame:
    """A table without the rows that are held back."""
    here = held_back.held.lazy().filter(pl.col("table") == table).select("source_system", KEY)
    return _with_key(snapshot, table).join(here, on=["source_system", KEY], how="anti", nulls_equal=True).drop(KEY)


def _blocked(result: QualityResult) -> pl.DataFrame:
    """Table, system and key of every `chặn` finding, with the rules that stand there."""
    grave = result.findings.filter(pl.col("severity") == Severity.BLOCK.value)
    apart = grave.with_columns(source_system=pl.col("system").str.split(TOGETHER)).explode("source_system")
    rules = pl.col("rule").unique().sort().str.join(", ").alias("rules")
    return apart.group_by("table", "source_system", pl.col("key").alias(KEY)).agg(rules)


def _held_rows(snapshot: Snapshot, table: str, blocked: pl.DataFrame) -> pl.DataFrame:
    here = blocked.filter(pl.col("table") == table).drop("table")
    if here.is_empty():
        return pl.DataFrame(schema=HELD_SCHEMA)
    rows = _with_key(snapshot, table).join(here.lazy(), on=["source_system", KEY], nulls_equal=True)
    wanted = rows.with_columns(pl.lit(table).alias("table")).select(list(HELD_SCHEMA))
    return wanted.sort("source_system", "source_file", "source_sheet", "source_row").collect()


def _with_key(snapshot: Snapshot, table: str) -> pl.LazyFrame:
    return snapshot.scan(table).with_columns(TABLE_KEYS[table].alias(KEY))


def _totals(snapshot: Snapshot, table: str, held: int) -> TableTotals:
    rows = snapshot.rows.get(table, 0)
    aside = sum(state.quarantined.get(table, 0) for state in snapshot.sources.values())
    return TableTotals(table, pulled=rows + aside, exported=rows - held, held=held, quarantined=aside)


def save_held(held_back: HeldBack, folder: Path) -> Path:
    """Write which rows are held and every table's totals as `findings/held/DAY`, whole or not at all; returns the list's path."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    held_back.held.write_csv(aside / HELD_FILE)
    pl.DataFrame([asdict(total) for total in held_back.totals]).write_csv(aside / TOTALS_FILE)
    publish(aside, folder)
    return folder / HELD_FILE
