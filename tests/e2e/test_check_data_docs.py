"""`truong check --data-docs`: findings, validation results and pages of one folder of sources, and `rules explain --json`."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING

from tests.e2e.running import truong

if TYPE_CHECKING:
    from pathlib import Path


def test_check_writes_data_docs_that_count_what_it_found(tmp_path: Path) -> None:
    assert truong("demo-data", "--out", tmp_path / "sources", "--pupils", "60").code == 0
    done = truong("check", "--from", tmp_path / "sources", "--out", tmp_path / "findings.csv", "--data-docs", tmp_path / "gx")
    assert done.code == 0, done.err
    assert (tmp_path / "gx" / "data_docs" / "index.html").is_file()
    assert (tmp_path / "findings.csv").stat().st_mode & 0o077 == 0  # it names pupils
    with (tmp_path / "findings.csv").open(encoding="utf-8") as stream:
        found = Counter(row["rule"] for row in csv.DictReader(stream))
    stored = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "gx" / "gx" / "validations").rglob("*.json")]
    counts = {entry["meta"]["rule"]: entry["result"]["unexpected_count"] for table in stored for entry in table["results"]}
    # A cause that is told once is one line of the findings, and every record behind it is counted here.
    assert sum(counts.values()) >= sum(found[rule] for rule in found if rule in counts) > 0
    assert all(counts[rule] >= found[rule] for rule in found if counts.get(rule))


def test_explain_tells_a_machine_everything_about_a_rule() -> None:
    done = truong("rules", "explain", "qc-19.6/1", "--json")
    rule = json.loads(done.out)
    assert rule["code"] == "QC-19.6/1"
    assert rule["native_expectation"]["type"] == "expect_column_values_to_not_be_null"
    assert "full_name" in rule["condition"]
    assert rule["needs"] == ["full_name", "status"]
    assert truong("rules", "explain", "khong-co", "--json").code == 10
