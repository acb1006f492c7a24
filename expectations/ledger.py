"""The ledger over all nights: since when each finding stands open, and what each night found in all.

A night's findings lie in `findings/DAY`: `findings.csv` for people and machines, `findings.parquet`, `folded.parquet`
(what root causes stand for), `waived.parquet` (signed exceptions) and `examined.json` for later steps, `summary.json`
with counts only. Each night is told from the newest
earlier one, so the same earlier nights give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.snapshot import publish
from expectations.check import QualityResult
from expectations.findings import IDENTITY, SORTED_BY, nothing_folded, nothing_waived, ordered, write_csv
from expectations.rule import WEIGHTS, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FINDINGS, FOLDED, WAIVED = "findings.parquet", "folded.parquet", "waived.parquet"
EXAMINED, SUMMARY = "examined.json", "summary.json"
NIGHTS_SHOWN = 30
DAY_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}")  # `2027-05-31~1` is a night that was replaced


def with_history(findings: pl.DataFrame, day: date, findings_root: Path) -> pl.DataFrame:
    """Findings (or folded ones) with first_seen and nights_open filled from the newest earlier night.

    A finding that was gone for a night starts anew: what comes back was not simply left open. One that a root cause
    stood for was not gone.
    """
    before = _newest_before(findings_root, day)
    bare = findings.drop("first_seen", "nights_open")
    joined = (
        bare.with_columns(first_seen=pl.lit(None, pl.String), nights_open=pl.lit(None, pl.Int64))
        if before is None
        else bare.join(_open_before(before), on=IDENTITY, how="left", nulls_equal=True)
    )
    dated = joined.with_columns(
        first_seen=pl.col("first_seen").fill_null(day.isoformat()),
        nights_open=pl.col("nights_open").fill_null(0) + 1,
    )
    return dated.select(findings.columns).sort(SORTED_BY, nulls_last=False)


def _open_before(night: Path) -> pl.DataFrame:
    """Identity, first_seen and nights_open of all that a night found, told by itself or by a root cause."""
    parts = [pl.read_parquet(night / FINDINGS), _read(night / FOLDED, nothing_folded())]
    known = pl.concat([part.select(*IDENTITY, "first_seen", "nights_open") for part in parts])
    return known.unique(IDENTITY, keep="first", maintain_order=True)


def save_findings(result: QualityResult, folder: Path, day: date) -> None:
    """Write a night's findings as `findings/DAY`, whole or not at all; other content retires the old folder."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    findings = ordered(result.findings)
    write_csv(findings, aside / "findings.csv")
    for name, frame in ((FINDINGS, findings), (FOLDED, result.folded), (WAIVED, result.waived)):
        frame.write_parquet(aside / name, compression="zstd")
    _write_json(aside / EXAMINED, dict(sorted(result.examined.items())))
    _write_json(aside / SUMMARY, summary_of(result.open, day, result.open_folded) | _not_open(result))
    publish(aside, folder)


def load_result(folder: Path) -> QualityResult:
    """A night's findings as they were saved. FileNotFoundError when that night was not checked."""
    examined: dict[str, int] = json.loads((folder / EXAMINED).read_text(encoding="utf-8"))
    findings = pl.read_parquet(folder / FINDINGS)
    return QualityResult(findings, examined, _read(folder / FOLDED, nothing_folded()), _read(folder / WAIVED, nothing_waived()))


def _read(file: Path, otherwise: pl.DataFrame) -> pl.DataFrame:
    """A part of a night's findings; a night from before there was such a part has nothing in it."""
    return pl.read_parquet(file) if file.is_file() else otherwise


def _not_open(result: QualityResult) -> dict[str, Any]:
    """What is listed and not open, as counts: exceptions by rule, and findings that a root cause stands for."""
    rules = result.waived.group_by("rule").len().sort("rule")
    return {"waived": dict(rules.iter_rows()), "folded": result.folded.height}


def summary_of(findings: pl.DataFrame, day: date, folded: pl.DataFrame | None = None) -> dict[str, Any]:
    """Counts of open findings only: by severity, and per rule how many findings, records and classes; the gravest rules first.

    `folded`: what root causes among the findings stand for; it is counted for the rule that tells the cause, and weighs there.
    """
    behind = {} if folded is None else {(rule, table): n for rule, table, n in folded.group_by("root_rule", "root_table").len().iter_rows()}
    by_severity = dict(findings.group_by("severity").len().iter_rows())
    rules = findings.group_by("rule", "severity", "table", "message", "owner").agg(
        count=pl.len(), records=pl.col("key").str.split("|").list.first().n_unique(), classes=pl.col("class_name").drop_nulls().n_unique()
    )
    told = [line | {"folded": behind.get((line["rule"], line["table"]), 0)} for line in rules.iter_rows(named=True)]
    lines = sorted(told, key=lambda line: (-_weight(line), line["rule"], line["severity"], line["table"], line["message"]))
    return {
        "day": day.isoformat(),
        "total": findings.height,
        "by_severity": {severity.value: by_severity.get(severity.value, 0) for severity in Severity},
        "rules": lines,
    }


def _weight(line: Mapping[str, Any]) -> int:
    """How much a line of a summary weighs; one that stands for a hundred findings weighs as much as a hundred."""
    return WEIGHTS[Severity(line["severity"])] * int(line["count"] + line["folded"])


def earlier_summaries(findings_root: Path, before: date, nights: int = NIGHTS_SHOWN) -> list[dict[str, Any]]:
    """Summaries of the newest `nights` nights before a day, oldest first; retired folders (`DAY~1`) do not count."""
    folders = [folder for folder in _nights(findings_root, before) if (folder / SUMMARY).is_file()]
    return [{"day": folder.name} | json.loads((folder / SUMMARY).read_text(encoding="utf-8")) for folder in folders[-nights:]]


def day_of(summary: Mapping[str, Any]) -> date:
    return date.fromisoformat(summary["day"])


def severities_of(summary: Mapping[str, Any]) -> dict[Severity, int]:
    """Open findings of a night by severity."""
    counts = summary.get("by_severity", {})
    return {severity: int(counts.get(severity.value, 0)) for severity in Severity}


def _nights(findings_root: Path, before: date) -> list[Path]:
    """Folders of the nights before a day, oldest first."""
    return sorted(folder for folder in findings_root.glob("*") if DAY_FOLDER.fullmatch(folder.name) and folder.name < before.isoformat())


def _newest_before(findings_root: Path, day: date) -> Path | None:
    return next((folder for folder in reversed(_nights(findings_root, day)) if (folder / FINDINGS).is_file()), None)


def _write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
