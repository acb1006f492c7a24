"""Where a rule has a native expectation, Great Expectations' own engine finds the same rows as we do, by their keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from expectations.findings import FINDING_SCHEMA
from expectations.gx.parity import native_parity
from expectations.rule import NativeExpectation, Owner, Rule, Severity
from expectations.views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)
TOLD = ("rule", "system", "key")


@dataclass(frozen=True)
class Result:
    findings: pl.DataFrame
    examined: dict[str, int]


def a_rule(code: str, table: str, native: NativeExpectation, condition: pl.Expr) -> Rule:
    column = str(native.arguments["column"])
    return Rule(
        code=code, article="", table=table, view=table, severity=Severity.REVIEW, column=column, message=code, fix="", owner=Owner.CLERK,
        condition=condition, needs=(column,), native=native,
    )  # fmt: skip


RULES = (
    a_rule(
        "ID-1",
        "pupils",
        NativeExpectation("expect_column_values_to_match_regex", {"column": "pupil_code", "regex": r"^\d{10}$"}),
        pl.col("pupil_code").is_not_null() & ~pl.col("pupil_code").str.contains(r"^\d{10}$"),
    ),
    a_rule(
        "FULL", "pupils", NativeExpectation("expect_column_values_to_not_be_null", {"column": "full_name"}), pl.col("full_name").is_null()
    ),
    a_rule(
        "TT27-7.4/1",
        "traits",
        NativeExpectation("expect_column_values_to_not_be_in_set", {"column": "level_text", "value_set": ["Ð"]}),
        pl.col("level_text") == "Ð",
    ),
    a_rule(
        "SK-1/2",
        "health",
        NativeExpectation("expect_column_values_to_be_between", {"column": "weight_kg", "min_value": 10, "max_value": 100}),
        ~pl.col("weight_kg").is_between(10, 100),
    ),
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    pupils = pl.DataFrame(
        {
            "pupil_code": ["7900000001", "790000002", None, "79000000O4", "7900000005", "x"],
            "full_name": ["Lê A", None, "Trần B", None, "Võ C", None],
            "birth_date": [date(2018, 1, 2), date(2030, 1, 1), None, date(2019, 5, 6), DAY, date(2028, 1, 1)],
            "source_system": ["qlnt"] * 5 + ["csdl"],
            "source_row": range(6),
        }
    )
    traits = pl.DataFrame({"level_text": ["Đ", "Ð", "T", None, "Ð"], "source_system": "qlnt", "source_row": range(5)})
    health = pl.DataFrame({"weight_kg": [9.9, 10.0, 100.0, 100.1, None, 250.0], "source_system": "csdl", "source_row": range(6)})
    sources = {
        "qlnt": SourceState("qlnt", DAY, {"pupils": ("pupil_code", "full_name", "birth_date"), "traits": ("level_text",)}),
        # The sector database delivers codes and names here, but no birth dates.
        "csdl": SourceState("csdl", DAY, {"pupils": ("pupil_code", "full_name"), "health": ("weight_kg",)}),
    }
    return write_snapshot(tmp_path / "snapshot", DAY, {"pupils": pupils, "traits": traits, "health": health}, sources)


def our_own(snapshot: Snapshot) -> Result:
    """Findings as the check makes them: the condition over the rows of the systems asked."""
    found = [
        snapshot.scan(rule.table)
        .filter(pl.col("source_system").is_in([name for name in snapshot.sources if snapshot.delivers(name, rule.table, rule.needs)]))
        .filter(rule.condition)
        .select(rule=pl.lit(rule.code), system="source_system", key=VIEWS[rule.view].key)
        .collect()
        for rule in RULES
    ]
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING_SCHEMA.items() if name not in TOLD]
    return Result(pl.concat(found).with_columns(missing), {})


def test_the_two_engines_agree_on_planted_defects(snapshot: Snapshot) -> None:
    rows = native_parity(snapshot, RULES, our_own(snapshot))
    assert [(row.rule, row.gx_count, row.our_count) for row in rows] == [
        ("FULL", 3, 3), ("ID-1", 3, 3), ("SK-1/2", 3, 3), ("TT27-7.4/1", 2, 2),
    ]  # fmt: skip
    assert all(row.agrees for row in rows)


def test_a_difference_shows(snapshot: Snapshot) -> None:
    result = our_own(snapshot)
    rows = native_parity(snapshot, RULES, Result(result.findings.filter(pl.col("rule") != "ID-1"), {}))
    assert [(row.rule, row.only_gx, row.only_ours) for row in rows if not row.agrees] == [("ID-1", 3, 0)]


def test_as_many_rows_but_other_rows_do_not_agree(snapshot: Snapshot) -> None:
    findings = our_own(snapshot).findings
    other = findings.with_columns(key=pl.when(pl.col("key") == "x").then(pl.lit("y")).otherwise("key"))
    rows = native_parity(snapshot, RULES, Result(other, {}))
    assert [(row.rule, row.gx_count - row.our_count, row.only_gx, row.only_ours) for row in rows if not row.agrees] == [
        ("FULL", 0, 1, 1), ("ID-1", 0, 1, 1),
    ]  # fmt: skip


def test_rules_without_a_native_expectation_are_left_out(snapshot: Snapshot) -> None:
    assert native_parity(snapshot, [replace(RULES[0], native=None)], our_own(snapshot)) == []


def test_a_native_expectation_that_cannot_run_is_an_error(snapshot: Snapshot) -> None:
    wrong = replace(RULES[0], native=NativeExpectation("expect_column_values_to_match_regex", {"column": "no_such_column", "regex": "x"}))
    with pytest.raises(RuntimeError, match="ID-1"):
        native_parity(snapshot, [wrong], our_own(snapshot))
