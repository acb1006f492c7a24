"""Holding back: rows with a `chặn` finding do not leave; every row pulled is accounted for.

exported + held + quarantined = pulled, for every table and system; the four are counted apart from each other, so that
the sum proves something. A row leaves again once every `chặn` finding on it is waived. A counted form subtracts nobody
(architecture): it becomes a draft. Lists of rows are taken through `rows_to_export`.
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
from infra.errors import DataStoppedExport

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


class TotalsDoNotAddUp(DataStoppedExport):
    """Rows were lost or counted twice: nothing leaves until it is known which. A fault of ours, not of the school."""


@dataclass(frozen=True, slots=True)
class TableTotals:
    """What became of the rows of a table tonight, of one system or (`system` empty) of all."""

    table: str
    pulled: int
    exported: int
    held: int
    quarantined: int
    system: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether no row was lost and none counted twice."""
        return self.exported + self.held + self.quarantined == self.pulled


@dataclass(frozen=True, slots=True)
class HeldBack:
    """`held`: one line per row that may not leave (HELD_SCHEMA: its place, its key and the rules it breaks).

    `totals` by table, in the order of TABLES; `by_system` the same apart for each system that delivered rows.
    """

    totals: tuple[TableTotals, ...]
    held: pl.DataFrame
    by_system: tuple[TableTotals, ...] = ()

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
    """Find the rows that `chặn` findings stand on which nobody signed for, and the totals of every table and system."""
    blocked = _blocked(result)
    held = pl.concat([pl.DataFrame(schema=HELD_SCHEMA), *(_held_rows(snapshot, table, blocked) for table in TABLES)])
    by_system = _totals_by_system(snapshot, held)
    return HeldBack(tuple(_whole_table(snapshot, table, by_system) for table in TABLES), held, by_system)


def require_totals(held_back: HeldBack) -> None:
    """TotalsDoNotAddUp, naming the tables, unless every row that was pulled is accounted for exactly once."""
    wrong = [f"{total.table}{f' ({total.system})' if total.system else ''}" for total in _checked(held_back) if not total.adds_up]
    if wrong:
        fix = "chưa gửi gì đi; báo người bảo trì phần mềm kèm bản sao lưu của đêm này"
        raise TotalsDoNotAddUp("Số dòng xuất, giữ lại và tạm giữ không khớp với số dòng kéo về", where=", ".join(wrong), fix=fix)


def _checked(held_back: HeldBack) -> tuple[TableTotals, ...]:
    return (*held_back.totals, *held_back.by_system)


def rows_to_export(snapshot: Snapshot, table: str, held_back: HeldBack) -> pl.LazyFrame:
    """A table without the rows that are held back."""
    here = held_back.held.lazy().filter(pl.col("table") == table).select("source_system", KEY)
    return _with_key(snapshot, table).join(here, on=["source_system", KEY], how="anti", nulls_equal=True).drop(KEY)


def _blocked(result: QualityResult) -> pl.DataFrame:
    """Table, system and key of every `chặn` finding, with the rules that stand there; a pair of records blocks both."""
    grave = result.open_singles.filter(pl.col("severity") == Severity.BLOCK.value)
    one_part = [name for name, table in TABLES.items() if len(table.key) == 1]
    # A pair of records is told as `code|code` (HS-8); in a key of several parts the same sign only joins the parts.
    keys = pl.when(pl.col("table").is_in(one_part)).then(pl.col("key").str.split("|")).otherwise(pl.concat_list("key"))
    apart = grave.with_columns(keys.alias(KEY), source_system=pl.col("system").str.split(TOGETHER)).explode("source_system").explode(KEY)
    rules = pl.col("rule").unique().sort().str.join(", ").alias("rules")
    return apart.group_by("table", "source_system", KEY).agg(rules)


def _held_rows(snapshot: Snapshot, table: str, blocked: pl.DataFrame) -> pl.DataFrame:
    here = blocked.filter(pl.col("table") == table).drop("table")
    if here.is_empty():
        return pl.DataFrame(schema=HELD_SCHEMA)
    rows = _with_key(snapshot, table).join(here.lazy(), on=["source_system", KEY], nulls_equal=True)
    wanted = rows.with_columns(pl.lit(table).alias("table")).select(list(HELD_SCHEMA))
    return wanted.sort("source_system", "source_file", "source_sheet", "source_row").collect()


def _with_key(snapshot: Snapshot, table: str) -> pl.LazyFrame:
    return snapshot.scan(table).with_columns(TABLE_KEYS[table].alias(KEY))


def _totals_by_system(snapshot: Snapshot, held: pl.DataFrame) -> tuple[TableTotals, ...]:
    """Per table and system: what was pulled, what leaves, what is held, what lies in the quarantine, each counted by itself."""
    kept = _pairs(held.lazy(), "table", "source_system")
    aside = _pairs(snapshot.quarantine(), "table", "source_system")
    # What leaves is counted as it is taken, by rows_to_export: a number made by subtraction would always add up.
    leaving = HeldBack((), held)
    found = []
    for table in TABLES:
        rows, exported = _systems(snapshot.scan(table)), _systems(rows_to_export(snapshot, table, leaving))
        told = {name: state.quarantined.get(table, 0) for name, state in snapshot.sources.items()}
        for system in sorted(rows.keys() | {name for name in snapshot.sources if told[name] or aside.get((table, name))}):
            pulled = rows.get(system, 0) + told.get(system, 0)
            counts = (exported.get(system, 0), kept.get((table, system), 0), aside.get((table, system), 0))
            found.append(TableTotals(table, pulled, *counts, system))
    return tuple(found)


def _pairs(rows: pl.LazyFrame, *by: str) -> dict[tuple[str, str], int]:
    return {(first, second): count for first, second, count in rows.group_by(by).len().collect().iter_rows()}


def _systems(rows: pl.LazyFrame) -> dict[str, int]:
    return dict(rows.group_by("source_system").len().collect().iter_rows())


def _whole_table(snapshot: Snapshot, table: str, by_system: tuple[TableTotals, ...]) -> TableTotals:
    """A table's totals; what was pulled is what the manifest of the snapshot and the sources themselves say, not a sum."""
    parts = [part for part in by_system if part.table == table]
    pulled = snapshot.rows.get(table, 0) + sum(state.quarantined.get(table, 0) for state in snapshot.sources.values())
    exported, held, aside = (sum(getattr(part, name) for part in parts) for name in ("exported", "held", "quarantined"))
    return TableTotals(table, pulled, exported, held, aside)


def save_held(held_back: HeldBack, folder: Path) -> Path:
    """Write which rows are held and every table's totals as `findings/held/DAY`, whole or not at all; returns the list's path."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    held_back.held.write_csv(aside / HELD_FILE)
    totals = [asdict(total) for total in (*held_back.totals, *held_back.by_system)]
    pl.DataFrame(totals).write_csv(aside / TOTALS_FILE)
    publish(aside, folder)
    return folder / HELD_FILE
