"""Rules over joins and expected sets find in a demo school what a plain reading of rules.md finds there, key by key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from connectors.records.snapshot import write_snapshot
from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from expectations.gx.scan import INDEX_COLUMNS, Scan
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Limits
from tests.rules.plain_more import MORE
from tests.rules.plain_school import MAIN, SECTOR, TOGETHER, School
from tests.rules.plain_year import PLAIN as FIRST
from tests.rules.plain_year import fewer_rows
from tests.rules.test_second_implementation import NUMBER_RULES, RESULT_RULES

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule

DAY = date(2027, 5, 31)
PUPILS = 120
PLAIN = {**FIRST, **MORE}
# Proved a second time elsewhere: on random pupils (test_second_implementation.py).
ELSEWHERE = {*NUMBER_RULES, *RESULT_RULES}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "sources", DemoOptions(pupils=PUPILS, mails=5, all_systems=True))
    pulled, _ = pull_side_by_side(sources_of_folder(folder / "sources", folder / "landing", folder / "work"), DAY)
    return combine(pulled, folder / "snapshot", DAY)


@pytest.fixture(scope="module")
def school(snapshot: Snapshot) -> School:
    return School({name: snapshot.scan(name).collect().to_dicts() for name in TABLES}, DAY, Limits())


@pytest.fixture(scope="module")
def scan(snapshot: Snapshot) -> Scan:
    rules = all_rules()
    return Scan(snapshot, rules, lambda: check(snapshot, rules, CheckContext(DAY, Limits())))


def asked(snapshot: Snapshot, rule: Rule) -> set[str]:
    """Systems that deliver what a rule needs; for two side by side both or none."""
    needs = [need.partition(".") for need in rule.needs]
    systems = {
        system
        for system in snapshot.sources
        if all(snapshot.delivers(system, table if dot else rule.table, [column if dot else table]) for table, dot, column in needs)
    }
    return systems | {TOGETHER} if {MAIN, SECTOR} <= systems else systems


@pytest.mark.parametrize("code", PLAIN)
def test_the_same_keys(code: str, school: School, scan: Scan) -> None:
    rule = next(rule for rule in scan.rules if rule.code == code)
    systems = asked(scan.snapshot, rule)
    plain = {(system, key) for system, key in PLAIN[code](school) if system in systems}
    ours = {pair for columns in scan.keys(code) for pair in zip(*(columns[name] for name in INDEX_COLUMNS), strict=True)}
    assert ours - plain == set()
    assert plain - ours == set()


def test_how_many_are_proved(scan: Scan, capsys: pytest.CaptureFixture[str]) -> None:
    native = {rule.code for rule in scan.rules if rule.native}
    plain = {*PLAIN, *ELSEWHERE, "BD-1"} - native
    broken = {code for code in PLAIN if scan.keys(code)}
    with capsys.disabled():
        print(
            f"\nof {len(scan.rules)} rules {len(native)} are proved by Great Expectations' own engine, "
            f"{len(plain)} by a plain second implementation ({len(broken)} of them broken in this school)",
            end=" ",
        )
    assert plain.isdisjoint(native)
    assert len(native) >= 33
    assert len(plain) >= 69


def test_a_school_that_differs_is_seen(school: School) -> None:
    fewer = replace(school, tables={**school.tables, "guardians": []})
    assert len(PLAIN["QC-19.6/7"](fewer)) > len(PLAIN["QC-19.6/7"](school))


def test_a_night_that_lost_its_rows(snapshot: Snapshot, school: School, tmp_path: Path) -> None:
    kept = {"marks": 2, "traits": 3, "health": 2}  # every how many rows are still there
    frames = {name: snapshot.scan(name).gather_every(kept.get(name, 1)).collect() for name in TABLES}
    frames["attendance"] = frames["attendance"].head(5)
    tonight = write_snapshot(tmp_path / "tonight", DAY, frames, snapshot.sources)
    found = check(tonight, [rule for rule in all_rules() if rule.code == "BD-1"], CheckContext(DAY, Limits()), [snapshot]).findings
    less = School({name: frame.to_dicts() for name, frame in frames.items()}, DAY, Limits())
    plain = {(system, table) for system, table in fewer_rows(school, less)}
    assert set(found.select("system", "key").iter_rows()) == plain
    assert {table for _, table in plain} == {"attendance", "traits"}
