"""A check finds in a demo school exactly what was planted there, and nothing in a clean one."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from connectors.demo.delivery import FAULTS_FILE
from connectors.demo.faults import plant
from connectors.demo.nights import two_nights
from connectors.demo.school import build_school
from expectations.check import CheckContext, check
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Limits
from tests.e2e.running import truong

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DAY = date(2027, 5, 31)
PUPILS, SMALLEST_SCHOOL, LARGE_SCHOOLS = 300, 60, (1000, 1500)
SEEDS, CLEAN_SEEDS = range(1, 21), range(1, 11)
QUICK_SEEDS = (1, 2)
FEWEST_FAULTS, FEWEST_RULES = 50, 35
# Before any mark is due, in the second term with one term's marks, and with marks of three times.
OTHER_DAYS = (date(2026, 9, 30), date(2027, 1, 20), date(2027, 4, 5))
# Thông tư 27 had reached grades 1 and 2 only, and addresses had districts.
OLD_YEAR = date(2022, 5, 31)
# Only beside an earlier night, an approval, a lock date or the unit's rating (test_demo_nights.py finds them).
BETWEEN_NIGHTS = {
    *(f"BD-{number}" for number in (1, 3, 4, 5)),
    *(f"{family}/{number}" for family in ("QC-15.4", "QC-19.7") for number in range(1, 9)),
    "CB-4/5",
}
CONTRACT = (
    "rule", "severity", "article", "system", "table", "key", "class_name", "column", "value", "expected", "message", "fix", "owner",
    "source_file", "source_sheet", "source_row", "first_seen", "nights_open",
)  # fmt: skip

Found = tuple[str, str, str]  # rule, table, key


def quick_first(seeds: Iterable[int]) -> list[object]:
    """Every seed; all but two only where there is time."""
    return [seed if seed in QUICK_SEEDS else pytest.param(seed, marks=pytest.mark.slow) for seed in seeds]


def written(folder: Path, options: DemoOptions) -> Path:
    write_demo(folder / "sources", replace(options, mails=5))
    return folder / "sources"


def planted_in(sources: Path) -> list[Found]:
    faults = json.loads((sources / FAULTS_FILE).read_text(encoding="utf-8"))
    return [(fault["rule"], fault["table"], fault["key"]) for fault in faults]


def found_in(sources: Path, scratch: Path, day: date) -> pl.DataFrame:
    pulled, errors = pull_side_by_side(sources_of_folder(sources, scratch / "landing", scratch / "work"), day)
    assert not errors
    return check(combine(pulled, scratch / "snapshot", day), all_rules(), CheckContext(day, Limits())).findings


def assert_same(found: list[Found], planted: list[Found]) -> None:
    missed, invented = set(planted) - set(found), set(found) - set(planted)
    assert not missed, f"{len(missed)} planted and not found, like {sorted(missed)[:5]}"
    assert not invented, f"{len(invented)} found and not planted, like {sorted(invented)[:5]}"
    assert len(found) == len(set(found)), "a finding is told twice"
    assert len(planted) == len(set(planted)), "a fault is listed twice"


def assert_found_as_planted(folder: Path, options: DemoOptions) -> list[Found]:
    sources = written(folder, options)
    planted = planted_in(sources)
    assert_same(found_in(sources, folder, options.day).select("rule", "table", "key").rows(), planted)
    return planted


def assert_nothing_in_clean_data(folder: Path, options: DemoOptions) -> None:
    sources = written(folder, replace(options, clean=True))
    assert not (sources / FAULTS_FILE).exists()
    assert found_in(sources, folder, options.day).select("rule", "table", "key").rows() == []


@pytest.mark.parametrize("seed", quick_first(SEEDS))
def test_every_planted_fault_is_found_and_nothing_else(tmp_path: Path, seed: int) -> None:
    planted = assert_found_as_planted(tmp_path, DemoOptions(PUPILS, seed, DAY))
    assert len(planted) >= FEWEST_FAULTS
    assert len({rule for rule, _, _ in planted}) >= FEWEST_RULES


def test_with_all_systems_their_differences_are_found_as_well(tmp_path: Path) -> None:
    planted = assert_found_as_planted(tmp_path, DemoOptions(PUPILS, 1, DAY, all_systems=True))
    assert {rule for rule, _, _ in planted} >= {f"DCH-{number}" for number in range(10, 15)}


@pytest.mark.parametrize("seed", quick_first(CLEAN_SEEDS))
def test_nothing_is_found_in_clean_data(tmp_path: Path, seed: int) -> None:
    assert_nothing_in_clean_data(tmp_path, DemoOptions(PUPILS, seed, DAY))


@pytest.mark.parametrize("seed", quick_first(SEEDS))
def test_a_lost_column_and_an_empty_line_are_told_once_each(tmp_path: Path, seed: int) -> None:
    sources = written(tmp_path, DemoOptions(PUPILS, seed, DAY))
    found = found_in(sources, tmp_path, DAY)
    planted = [(rule, key) for rule, _, key in planted_in(sources) if rule in ("NN-1", "NN-2")]
    assert [rule for rule, _ in planted] == ["NN-1", "NN-2"]
    told = found.filter(pl.col("rule").is_in(["NN-1", "NN-2"]))
    assert told.select("rule", "key").rows() == planted
    column, line = told["value"].to_list()
    assert re.fullmatch(r"\d+ dòng, không có giá trị: dòng 7–\d+", column)
    assert re.fullmatch(r"1 dòng trống: dòng \d+", line)


def test_findings_are_the_same_without_the_list_of_faults(tmp_path: Path) -> None:
    sources = written(tmp_path, DemoOptions(PUPILS, 1, DAY))
    with_list = found_in(sources, tmp_path / "with", DAY)
    (sources / FAULTS_FILE).unlink()
    assert found_in(sources, tmp_path / "without", DAY).equals(with_list)
    assert with_list.height >= FEWEST_FAULTS


@pytest.mark.slow
@pytest.mark.parametrize("seed", QUICK_SEEDS)
@pytest.mark.parametrize("day", OTHER_DAYS, ids=str)
def test_faults_are_found_on_any_day_of_the_year(tmp_path: Path, day: date, seed: int) -> None:
    options = DemoOptions(PUPILS, seed, day)
    assert assert_found_as_planted(tmp_path / "faulty", options)
    assert_nothing_in_clean_data(tmp_path / "clean", options)


@pytest.mark.slow
@pytest.mark.parametrize("seed", QUICK_SEEDS)
def test_the_smallest_school_is_checked_as_exactly(tmp_path: Path, seed: int) -> None:
    options = DemoOptions(SMALLEST_SCHOOL, seed, DAY)
    assert len(assert_found_as_planted(tmp_path / "faulty", options)) >= FEWEST_FAULTS
    assert_nothing_in_clean_data(tmp_path / "clean", options)


@pytest.mark.parametrize("pupils", LARGE_SCHOOLS)
def test_a_large_school_is_checked_as_exactly(tmp_path: Path, pupils: int) -> None:
    options = DemoOptions(pupils, 1, DAY)
    assert_found_as_planted(tmp_path / "faulty", options)
    assert_nothing_in_clean_data(tmp_path / "clean", options)


@pytest.mark.parametrize("seed", quick_first(range(1, 4)))
def test_an_old_year_is_judged_by_the_rules_of_its_day(tmp_path: Path, seed: int) -> None:
    options = DemoOptions(PUPILS, seed, OLD_YEAR)
    planted = assert_found_as_planted(tmp_path / "faulty", options)
    assert {rule for rule, _, _ in planted} >= {"TT27-0.2/1", "TT27-0.2/2", "DC-1/2"}
    assert_nothing_in_clean_data(tmp_path / "clean", options)


def test_twenty_schools_together_break_every_rule() -> None:
    schools = [*((seed, DAY) for seed in SEEDS), (1, OLD_YEAR)]
    planted = {rule for seed, day in schools for rule, _, _ in plant(build_school(seed, PUPILS, day), seed)}
    changed = {rule for seed in SEEDS for rule, _, _ in two_nights(DemoOptions(PUPILS, seed, DAY, clean=True)).faults}
    known = {rule.code for rule in all_rules()}
    assert sorted(planted | changed) == sorted(known)
    assert known - planted == BETWEEN_NIGHTS


@pytest.mark.slow
def test_the_command_writes_the_planted_faults_as_csv(tmp_path: Path) -> None:
    sources, out = tmp_path / "truong", tmp_path / "findings.csv"
    made = truong("demo-data", "--out", sources, "--pupils", str(PUPILS), "--seed", "3", "--json")
    assert made.code == 0, made.err
    checked = truong("check", "--from", sources, "--out", out, "--json", cwd=tmp_path)
    assert checked.code == 0, checked.err
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == CONTRACT
    assert_same([(row["rule"], row["table"], row["key"]) for row in rows], planted_in(sources))
    assert json.loads(checked.out)["findings"] == json.loads(made.out)["faults"] == len(rows)
    assert {(row["first_seen"], row["nights_open"]) for row in rows} == {(DAY.isoformat(), "1")}
    told = ("severity", "article", "system", "message", "fix", "owner")
    assert all(row[name] for row in rows for name in told)
