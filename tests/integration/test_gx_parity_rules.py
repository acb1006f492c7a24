"""Every native expectation in the catalogue finds exactly the rows that its rule finds: in the demo school, and on harder values."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from expectations.gx.parity import native_parity
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Limits

DAY = date(2027, 5, 31)
PUPILS = 300
# Wrong, right and missing values for the column of each native expectation.
PLANTED: dict[str, dict[str, list[Any]]] = {
    "pupils": {
        "pupil_code": ["7900000001", "7900000002", "7900000002", "79", None, "79000000O4", "7900000007", "7900000008"],
        "personal_number": ["7,92e+10", "7.92E+10", None, None, "79218012345", "x7.92E+10", "079218000001", "12"],
        "contact_phone": ["0908123456", "908123456", None, "512345678", "208123456", "90812345", "3081234567", "781234567"],
        "class_name": ["3A", "A3", None, "6B", "1", "Lá 1", "5/2", "0"],
    },
    "traits": {"level_text": ["Đ", "Ð", "D", "DD", None, "Ð", "T", "Đ"], "pupil_code": [f"79{number:08d}" for number in range(8)]},
    "health": {"weight_kg": [9.9, 10.0, 100.0, 100.1, None, 0.0, 25.0, 26.0], "pupil_code": [f"79{number:08d}" for number in range(8)]},
    "staff": {
        "staff_code": [f"GV{number}" for number in range(8)],
        "personal_number": ["012345678", "079180012345", "12345678", None, "O12345678", "1234567890", "079280012345", ""],
    },
    "ratings": {"staff_code": [f"GV{number}" for number in range(8)], "civil_score": [0.0, 100.0, -0.5, 100.5, None, 90.0, 69.9, 1000.0]},
}


@pytest.fixture(scope="module")
def demo_school(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "sources", DemoOptions(pupils=PUPILS, mails=5))
    pulled, _ = pull_side_by_side(sources_of_folder(folder / "sources", folder / "landing", folder / "work"), DAY)
    return combine(pulled, folder / "snapshot", DAY)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    def place(system: str) -> dict[str, Any]:
        return {"source_system": [system] * 8, "source_file": [system] * 8, "source_sheet": ["x"] * 8, "source_row": list(range(8))}

    extra = {
        "pupils": {"status": ["01"] * 8, "grade": [3] * 8},
        "traits": {"trait": ["YN"] * 8, "time": ["CN"] * 8},
        "ratings": {"year": ["2026"] * 8},
    }
    of = {"staff": "staff", "ratings": "staff"}
    frames = {
        table: pl.DataFrame({**values, **extra.get(table, {}), **place(of.get(table, "qlnt"))}, strict=False)
        for table, values in PLANTED.items()
    }
    sources = {
        system: SourceState(system, DAY, {table: TABLES[table].names for table in PLANTED if of.get(table, "qlnt") == system})
        for system in ("qlnt", "staff")
    }
    return write_snapshot(tmp_path_factory.mktemp("parity") / "snapshot", DAY, frames, sources)


def test_every_native_expectation_finds_what_its_rule_finds(snapshot: Snapshot) -> None:
    rules = all_rules()
    result = check(snapshot, rules, CheckContext(DAY, Limits()))
    rows = native_parity(snapshot, rules, result)
    assert {row.rule for row in rows} == {rule.code for rule in rules if rule.native}
    assert [row for row in rows if not row.agrees] == []
    hard = {rule.code for rule in rules if rule.native and rule.column in PLANTED.get(rule.table, {})}
    assert [row.rule for row in rows if row.gx_count == 0 and row.rule in hard] == []


def test_in_the_demo_school_too(demo_school: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    rules = all_rules()
    rows = native_parity(demo_school, rules, check(demo_school, rules, CheckContext(DAY, Limits())))
    assert {row.rule for row in rows} == {rule.code for rule in rules if rule.native}
    assert [row for row in rows if not row.agrees] == []
    assert [row.rule for row in rows if row.gx_count == 0] == []  # every one of them had something to find
    with capsys.disabled():
        print(f"\n{len(rows)} of {len(rules)} rules: Great Expectations' own engine finds the same keys", end=" ")
