"""Great Expectations' own `ValidationDefinition.run()` is answered by one scan of ours, with every count and every key."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from expectations.check import CheckContext, QualityResult, check
from expectations.gx.quiet import keep_quiet
from expectations.gx.scan import Scan
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Limits

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from great_expectations.data_context import AbstractDataContext

    from connectors.records.snapshot import Snapshot

keep_quiet()
DAY = date(2027, 5, 31)
KEYS = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
    "unexpected_index_column_names": ["source_system", "key"],
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "sources", DemoOptions(pupils=120, mails=5, all_systems=True))
    pulled, _ = pull_side_by_side(sources_of_folder(folder / "sources", folder / "landing", folder / "work"), DAY)
    return combine(pulled, folder / "snapshot", DAY)


class Scans:
    """How often the snapshot was scanned."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.done = snapshot, 0

    def __call__(self) -> QualityResult:
        self.done += 1
        return check(self.snapshot, all_rules(), CheckContext(DAY, Limits()))


@pytest.fixture(scope="module")
def context() -> AbstractDataContext:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@pytest.fixture(scope="module")
def ran(snapshot: Snapshot, context: AbstractDataContext) -> tuple[Scan, Scans, list[Any]]:
    from expectations.gx.project import validation_definitions

    scans = Scans(snapshot)
    scan = Scan(snapshot, all_rules(), scans)
    results = [definition.run(result_format=KEYS) for definition in validation_definitions(context, scan)]
    return scan, scans, [entry for result in results for entry in result.results]


def test_one_scan_answers_every_table(ran: tuple[Scan, Scans, list[Any]]) -> None:
    _, scans, results = ran
    assert scans.done == 1
    assert {entry.expectation_config.meta["rule"] for entry in results} == {rule.code for rule in all_rules()}


def test_every_count_and_every_key_is_that_of_the_scan(ran: tuple[Scan, Scans, list[Any]]) -> None:
    scan, _, results = ran
    for entry in results:
        code = entry.expectation_config.meta["rule"]
        assert entry.exception_info["raised_exception"] is False, code
        assert entry.result["unexpected_count"] == scan.broken.get(code, 0), code
        assert entry.result["unexpected_index_list"] == scan.keys(code), code
        assert entry.success is (code not in scan.broken), code
    assert sum(entry.result["unexpected_count"] for entry in results) == scan.records.height > 0


def test_a_native_expectation_keeps_its_type(ran: tuple[Scan, Scans, list[Any]]) -> None:
    types = {entry.expectation_config.meta["rule"]: entry.expectation_config.type for entry in ran[2]}
    assert {code: type_ for code, type_ in types.items() if type_ != "expect_school_rule_to_hold"} == {
        rule.code: rule.native.type for rule in all_rules() if rule.native
    }


def test_what_it_looked_at_is_what_pandas_looks_at(snapshot: Snapshot, ran: tuple[Scan, Scans, list[Any]]) -> None:
    from expectations.gx.parity import native_parity

    scan, _, results = ran
    ours = {entry.expectation_config.meta["rule"]: entry.result["element_count"] for entry in results}
    theirs = {row.rule: (row.examined, row.gx_count) for row in native_parity(snapshot, scan.rules, scan.checked)}
    assert {code: (ours[code], scan.broken.get(code, 0)) for code in theirs} == theirs


def test_no_value_is_in_a_result(snapshot: Snapshot, ran: tuple[Scan, Scans, list[Any]]) -> None:
    text = json.dumps([entry.to_json_dict() for entry in ran[2]], ensure_ascii=False)
    names = snapshot.scan("pupils").select("full_name").collect()["full_name"].drop_nulls().to_list()
    assert len(names) > 100
    assert not [name for name in names if name in text]
    assert "unexpected_list" not in text


def test_an_expectation_that_is_no_rule_of_ours_is_not_answered(snapshot: Snapshot, context: AbstractDataContext) -> None:
    from great_expectations import ExpectationSuite, ValidationDefinition
    from great_expectations.expectations import ExpectColumnValuesToMatchRegex

    from expectations.gx.datasource import SnapshotDatasource

    source = context.data_sources.add_snapshot(name="other")
    assert isinstance(source, SnapshotDatasource)
    source.look_at(Scan(snapshot, all_rules(), Scans(snapshot)))
    foreign = ExpectColumnValuesToMatchRegex(column="full_name", regex="^Nguyễn")
    suite = context.suites.add(ExpectationSuite(name="other", expectations=[foreign]))
    batch = source.add_table("pupils").add_batch_definition("all")
    (entry,) = context.validation_definitions.add(ValidationDefinition(name="other", data=batch, suite=suite)).run().results
    assert entry.success is False
    infos = list(entry.exception_info.values())
    assert all(info["raised_exception"] for info in infos)
    assert any("no rule of the catalogue" in info["exception_message"] for info in infos)


def test_a_kept_project_says_that_it_cannot_ask_again(context: AbstractDataContext) -> None:
    from expectations.gx.datasource import SnapshotDatasource

    source = context.data_sources.add_snapshot(name="kept")
    assert isinstance(source, SnapshotDatasource)
    batch = source.add_table("pupils").add_batch_definition("all")
    with pytest.raises(LookupError, match="only a night's own run"):
        batch.get_batch()


def test_a_rule_that_could_not_be_evaluated_stops_the_night(tmp_path: Path, snapshot: Snapshot) -> None:
    from expectations.gx.validation import write_validation

    class Broken:
        examined: dict[str, int] = {}  # noqa: RUF012

        @property
        def findings(self) -> pl.DataFrame:
            message = "Nguyễn Văn An"
            raise ValueError(message)

    with pytest.raises(RuntimeError, match="could not run") as told:
        write_validation(Broken(), all_rules(), snapshot, tmp_path / "out")
    assert "Nguyễn" not in str(told.value)
    assert not (tmp_path / "out").exists()
