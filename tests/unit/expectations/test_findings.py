"""Findings: the machine-readable contract of `truong check`, in its one order."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING

import polars as pl

from expectations.findings import FINDING_SCHEMA, no_findings, ordered, write_csv
from tests.unit.expectations.made_findings import finding, frame

if TYPE_CHECKING:
    from pathlib import Path

# architecture.md, "Finding"
COLUMNS = [
    "rule", "severity", "article", "system", "table", "key", "class_name", "column", "value", "expected", "message", "fix", "owner",
    "source_file", "source_sheet", "source_row", "first_seen", "nights_open",
]  # fmt: skip
SOME = [
    finding("ID-1", "7900000002"),
    finding("ID-1", "7900000001", system="csdl"),
    finding("ID-1", "7900000001"),
    finding("HS-2/6", None, table="movements", source_row=12),
    finding("HS-2/6", None, table="movements", source_row=3),
    finding("HS-5/1", "7900000001", value='3A; "lớp chọn"', expected="khối 3"),
]


def test_columns_are_those_of_the_architecture() -> None:
    assert list(FINDING_SCHEMA) == COLUMNS
    assert no_findings().columns == COLUMNS


def test_the_order_is_by_rule_table_key_system_and_place() -> None:
    told = ordered(frame(*SOME)).select("rule", "key", "system", "source_row").rows()
    assert told == [
        ("HS-2/6", None, "qlnt", 3),
        ("HS-2/6", None, "qlnt", 12),
        ("HS-5/1", "7900000001", "qlnt", 1),
        ("ID-1", "7900000001", "csdl", 1),
        ("ID-1", "7900000001", "qlnt", 1),
        ("ID-1", "7900000002", "qlnt", 1),
    ]


def test_csv_has_the_columns_of_the_architecture_and_keeps_every_letter(tmp_path: Path) -> None:
    write_csv(frame(*SOME), tmp_path / "new" / "findings.csv")
    with (tmp_path / "new" / "findings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == COLUMNS
    assert rows[2]["value"] == '3A; "lớp chọn"'
    assert [row["key"] for row in rows[:2]] == ["", ""]


def test_csv_is_the_same_whatever_the_order_of_the_findings(tmp_path: Path) -> None:
    shuffled = random.Random(7).sample(SOME, len(SOME))
    for name, rows in (("a", SOME), ("b", shuffled)):
        write_csv(frame(*rows), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]  # nothing is left aside


def test_csv_without_findings_has_its_headings(tmp_path: Path) -> None:
    write_csv(no_findings(), tmp_path / "findings.csv")
    assert (tmp_path / "findings.csv").read_text(encoding="utf-8").strip() == ",".join(COLUMNS)


def test_columns_come_in_their_order_whatever_order_they_had() -> None:
    backwards = frame(*SOME).select(pl.all().reverse()).select(COLUMNS[::-1])
    assert ordered(backwards).columns == COLUMNS
