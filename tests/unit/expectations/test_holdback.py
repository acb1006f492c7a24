"""Holding back: rows with a `chặn` finding do not leave, and every row pulled is accounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records.tables import TABLES
from expectations.check import CheckContext, QualityResult, check
from expectations.findings import no_findings
from expectations.holdback import HELD_SCHEMA, HeldBack, holdback, rows_to_export, save_held
from expectations.rules import all_rules
from infra.settings import Limits
from tests.rules.school_tables import DAY, Row, Tables, mark, pupil, result, snapshot_of, staff, trait
from tests.unit.expectations.made_findings import finding, frame

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

SET_ASIDE = {"pupils": 2, "marks": 3}


def school() -> Tables:
    """Rows that `chặn` findings stand on, beside rows that they do not."""
    broken: Row = {"pupil_code": "7900000002", "personal_number": "7.92E+10"}
    nameless = [pupil(None, personal_number="079318000009", source_row=40), pupil(None, personal_number="7.92E+10", source_row=41)]
    twice = [mark("7900000001", "TO", score="9.5", attempt=attempt) for attempt in (1, 2)]
    return {
        "pupils": [
            pupil("7900000001"),
            pupil("7900000001") | broken,
            pupil("7900000001", source_system="csdl") | broken,
            *nameless,
            pupil("7900000003", sex=None),
            pupil("7900000004", source_system="csdl"),
        ],
        "marks": [*twice, mark("7900000001", "TV", score="9")],
        "traits": [trait("7900000001", "YN", level="H"), trait("7900000001", "NA", level="D")],
        "year_results": [result("7900000001", "HTT"), result("7900000009", "HTT")],
        "staff": [staff("GV001"), staff("GV002", personal_number="079085012345")],
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    snapshot = snapshot_of(tmp_path_factory.mktemp("night"), school())
    qlnt = replace(snapshot.sources["qlnt"], quarantined=SET_ASIDE)
    return replace(snapshot, sources={**snapshot.sources, "qlnt": qlnt})


@pytest.fixture(scope="module")
def held_back(night: Snapshot) -> HeldBack:
    return holdback(night, check(night, all_rules(), CheckContext(DAY, Limits())))


def held_keys(held_back: HeldBack, table: str) -> list[tuple[str, str, str]]:
    return held_back.held.filter(pl.col("table") == table).select("source_system", "finding_key", "rules").rows()


def test_rows_with_a_grave_finding_are_held_with_the_rules_that_stand_on_them(held_back: HeldBack) -> None:
    assert held_keys(held_back, "pupils") == [
        ("csdl", "7900000002", "ID-6/2"),
        ("qlnt", "7900000002", "ID-6/2"),
        ("qlnt", "qlnt#pupils#40", "ID-4/3"),
        ("qlnt", "qlnt#pupils#41", "ID-6/2"),
    ]
    assert held_keys(held_back, "traits") == [("qlnt", "7900000001|YN|CN", "TT27-7.4/4")]
    assert held_keys(held_back, "staff") == [("staff", "GV002", "ID-4/5")]
    assert held_keys(held_back, "year_results") == [("qlnt", "7900000001", "TT27-9.5")]


def test_every_row_of_a_record_is_held_not_only_the_newest(held_back: HeldBack) -> None:
    assert held_keys(held_back, "marks") == [("qlnt", "7900000001|TO|CN", "TT27-7.1e")] * 2


def test_exported_held_and_set_aside_are_what_was_pulled(night: Snapshot, held_back: HeldBack) -> None:
    assert [total.table for total in held_back.totals] == list(TABLES)
    for total in held_back.totals:
        assert total.exported + total.held + total.quarantined == total.pulled
        assert total.pulled == night.rows[total.table] + SET_ASIDE.get(total.table, 0)
    assert held_back.exported + held_back.held.height + held_back.quarantined == held_back.pulled
    assert held_back.quarantined == sum(SET_ASIDE.values())


@pytest.mark.parametrize("table", TABLES)
def test_what_leaves_is_every_row_but_the_held_ones(table: str, night: Snapshot, held_back: HeldBack) -> None:
    leaving = rows_to_export(night, table, held_back).collect()
    total = next(total for total in held_back.totals if total.table == table)
    place = ["source_system", "source_file", "source_sheet", "source_row"]
    held = set(held_back.held.filter(pl.col("table") == table).select(place).rows())
    assert leaving.height == total.exported
    assert leaving.columns == list(TABLES[table].names)
    assert set(leaving.select(place).rows()) == set(night.scan(table).select(place).collect().rows()) - held


def test_findings_of_other_severities_hold_nothing(night: Snapshot) -> None:
    findings = frame(*(finding("ID-1", "7900000001", severity=severity) for severity in ("dừng", "xem kỹ", "nhắc")))
    held_back = holdback(night, QualityResult(findings, {}))
    assert held_back.held.is_empty()
    assert held_back.held.schema == HELD_SCHEMA


def test_a_finding_of_two_systems_at_once_holds_the_rows_of_both(night: Snapshot) -> None:
    findings = frame(finding("DCH-3", "7900000002", severity="chặn", system="qlnt×csdl"))
    assert held_keys(holdback(night, QualityResult(findings, {})), "pupils") == [
        ("csdl", "7900000002", "DCH-3"),
        ("qlnt", "7900000002", "DCH-3"),
    ]


def test_a_finding_of_one_system_leaves_the_other_alone(night: Snapshot) -> None:
    findings = frame(finding("ID-4/3", "7900000002", severity="chặn", system="csdl"))
    assert held_keys(holdback(night, QualityResult(findings, {})), "pupils") == [("csdl", "7900000002", "ID-4/3")]


def test_two_grave_findings_hold_a_row_once(night: Snapshot) -> None:
    findings = frame(*(finding(rule, "7900000001", severity="chặn") for rule in ("ID-6/2", "ID-4/3")))
    held_back = holdback(night, QualityResult(findings, {}))
    assert held_keys(held_back, "pupils") == [("qlnt", "7900000001", "ID-4/3, ID-6/2")]


def test_without_findings_everything_leaves(night: Snapshot) -> None:
    held_back = holdback(night, QualityResult(no_findings(), {}))
    assert held_back.exported == sum(night.rows.values())


def test_what_is_held_is_written_the_same_each_time(night: Snapshot, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        file = save_held(holdback(night, check(night, all_rules(), CheckContext(DAY, Limits()))), tmp_path / "held" / "2027-05-31")
        written.append((file.read_bytes(), (file.parent / "totals.csv").read_bytes()))
    assert written[0] == written[1]
    assert [path.name for path in (tmp_path / "held").iterdir()] == ["2027-05-31"]
    totals = pl.read_csv(tmp_path / "held" / "2027-05-31" / "totals.csv")
    assert totals.columns == ["table", "pulled", "exported", "held", "quarantined"]
    assert totals.filter(pl.col("table") == "pupils").row(0) == ("pupils", 9, 3, 4, 2)
    assert b"Nguy" not in written[0][0]  # places and codes, no names
