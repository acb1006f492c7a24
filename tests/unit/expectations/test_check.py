"""check(): the same night gives the same findings, in one order, each told once, with its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import CheckContext, QualityResult, check, stops_export
from expectations.findings import FINDING_SCHEMA, SORTED_BY
from expectations.rules import all_rules
from infra.settings import Limits
from tests.rules import test_classes, test_marks, test_minimum_fields, test_personal_numbers, test_pupil_records, test_year_results
from tests.rules.school_tables import DAY, checked, merged, pupil, rules_named, snapshot_of
from tests.unit.expectations.made_findings import finding, frame

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

FAMILIES = (test_classes, test_marks, test_minimum_fields, test_personal_numbers, test_pupil_records, test_year_results)
TONIGHT = CheckContext(DAY, Limits())


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A school with hundreds of findings of many kinds."""
    return snapshot_of(tmp_path_factory.mktemp("night"), merged(item for family in FAMILIES for item in family.CASES))


@pytest.fixture(scope="module")
def quality(night: Snapshot) -> QualityResult:
    return check(night, all_rules(), TONIGHT)


def test_the_same_night_gives_the_same_findings_every_time(night: Snapshot, quality: QualityResult) -> None:
    assert quality.findings.height > 500
    # Polars may give the rows of a join or a group in another order each time.
    for _ in range(5):
        again = check(night, all_rules(), TONIGHT)
        assert again.findings.equals(quality.findings)
        assert again.examined == quality.examined


def test_the_order_of_the_rules_does_not_matter(night: Snapshot, quality: QualityResult) -> None:
    backwards = check(night, all_rules()[::-1], TONIGHT)
    assert backwards.findings.equals(quality.findings)
    assert backwards.examined == quality.examined


def test_one_rule_finds_alone_what_it_finds_among_all(night: Snapshot, quality: QualityResult) -> None:
    for code in ("ID-4/3", "TT27-9.9", "TT27-7.1a/2", "HS-8/3"):
        alone = check(night, rules_named([code]), TONIGHT)
        assert alone.findings.equals(quality.findings.filter(pl.col("rule") == code))
        assert alone.examined == {code: quality.examined[code]}


def test_findings_have_their_columns_in_their_one_order(quality: QualityResult) -> None:
    assert quality.findings.schema == FINDING_SCHEMA
    assert quality.findings.equals(quality.findings.sort(SORTED_BY, nulls_last=False))


def test_each_record_is_told_once_by_a_rule(quality: QualityResult) -> None:
    assert not quality.findings.select("rule", "system", "table", "key").is_duplicated().any()


def test_history_is_left_to_the_ledger(quality: QualityResult) -> None:
    assert quality.findings.select("first_seen", "nights_open").null_count().row(0) == (quality.findings.height,) * 2


def test_every_rule_is_counted_even_if_it_looked_at_nothing(quality: QualityResult) -> None:
    assert set(quality.examined) == {rule.code for rule in all_rules()}
    assert quality.examined["BD-1"] == 0  # no earlier night


def test_a_finding_carries_its_rule_and_its_place(tmp_path: Path) -> None:
    rows = [pupil("7900000001", sex=None, source_file="DanhSach.xlsx", source_sheet="Lớp 3", source_row=21, source_system="csdl")]
    found = checked(tmp_path, {"pupils": rows}, rules=["QC-19.6/4"]).findings.row(0, named=True)
    rule = rules_named(["QC-19.6/4"])[0]
    assert {name: found[name] for name in ("severity", "article", "message", "owner", "column")} == {
        "severity": rule.severity.value, "article": rule.article, "message": rule.message, "owner": rule.owner.value, "column": "sex",
    }  # fmt: skip
    assert [found[name] for name in ("system", "table", "key", "class_name")] == ["csdl", "pupils", "7900000001", "3A"]
    assert [found[name] for name in ("source_file", "source_sheet", "source_row")] == ["DanhSach.xlsx", "Lớp 3", 21]


def test_a_record_without_its_code_is_named_by_its_place(tmp_path: Path) -> None:
    rows = [pupil(None, sex=None, source_file="f.xlsx", source_sheet="s", source_row=9)]
    assert checked(tmp_path, {"pupils": rows}, rules=["QC-19.6/4"]).findings["key"].to_list() == ["f.xlsx#s#9"]


def test_the_schools_own_limits_count(tmp_path: Path) -> None:
    shared = [pupil(f"790000000{number}", contact_phone="0908123456") for number in range(3)]
    snapshot = snapshot_of(tmp_path, {"pupils": shared})
    of = [check(snapshot, rules_named(["DT-5"]), CheckContext(DAY, Limits(shared_phone_pupils=limit))).findings.height for limit in (3, 4)]
    assert of == [3, 0]


def test_no_rules_find_nothing(night: Snapshot) -> None:
    nothing = check(night, [], TONIGHT)
    assert nothing.findings.schema == FINDING_SCHEMA
    assert (nothing.findings.height, nothing.examined) == (0, {})


@pytest.mark.parametrize("severity", ["dừng", "chặn", "xem kỹ", "nhắc"])
def test_only_dung_stops_every_export(severity: str) -> None:
    assert stops_export(QualityResult(frame(finding("BD-1", "pupils", severity=severity)), {})) is (severity == "dừng")


def test_a_system_that_did_not_take_part_is_not_asked(night: Snapshot) -> None:
    nobody = check(replace(night, sources={}), all_rules(), TONIGHT)
    assert nobody.findings.is_empty()
    assert set(nobody.examined.values()) == {0}
