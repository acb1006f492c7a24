"""A Great Expectations project of one night: a suite per table, run as one checkpoint by our own engine, and its Data Docs."""

from __future__ import annotations

import shutil
from datetime import datetime, time
from importlib.resources import files
from typing import TYPE_CHECKING

import great_expectations as gx
from great_expectations import Checkpoint, ValidationDefinition
from great_expectations.core import ExpectationSuite, RunIdentifier
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier

from connectors.records.tables import TABLES
from expectations.gx.actions import BuildPages, ProvePages
from expectations.gx.rule_expectation import configuration_of, stable_id
from expectations.rule import table_label
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from pathlib import Path

    from great_expectations.data_context.data_context.file_data_context import FileDataContext

    from expectations.gx.datasource import SnapshotDatasource
    from expectations.gx.scan import Scan

PROJECT, CONFIGURATION, SITE = "gx", "great_expectations.yml", "data_docs"
SOURCE, WHOLE_TABLE, NIGHT = "snapshot", "all", "night"
# What a night's run keeps: counts. With more, Great Expectations would ask for values of pupils.
COUNTS_ONLY = {"result_format": "BASIC", "exclude_unexpected_values": True, "partial_unexpected_count": 0}


def build_project(folder: Path, scan: Scan) -> None:
    """Run the night's checkpoint; suites and results go into `folder/gx`, the pages into `folder/data_docs`."""
    context = _open_context(folder / PROJECT)
    site = folder / SITE
    definitions = validation_definitions(context, scan)
    checkpoint = Checkpoint(
        name=NIGHT,
        validation_definitions=definitions,
        actions=[BuildPages(name="pages"), ProvePages(name="proof", site=str(site))],
        result_format=COUNTS_ONLY,
    )
    day = scan.snapshot.day
    run = RunIdentifier(run_name=day.isoformat(), run_time=datetime.combine(day, time(), tzinfo=SCHOOL_ZONE))
    context.checkpoints.add(checkpoint).run(run_id=run)
    shutil.rmtree(site / "static", ignore_errors=True)  # fonts and pictures of pages that are not used
    _write_configuration(folder / PROJECT)


def validation_definitions(context: FileDataContext, scan: Scan) -> list[ValidationDefinition]:
    """A suite over a batch per table that has rules, added to a context; `run()` of each is answered by the scan."""
    from expectations.gx.datasource import SnapshotDatasource  # noqa: F401, PLC0415 - makes `add_snapshot` known, which asks Great Expectations

    source = context.data_sources.add_snapshot(name=SOURCE)
    source.look_at(scan)
    return [context.validation_definitions.add(_definition(source, context, scan, table)) for table in _tables(scan)]


def _tables(scan: Scan) -> list[str]:
    """Tables that have rules, in the order of the records; what is about all tables comes last."""
    order = list(TABLES)
    return sorted({rule.table for rule in scan.rules}, key=lambda table: (order.index(table) if table in order else len(order), table))


def _definition(source: SnapshotDatasource, context: FileDataContext, scan: Scan, table: str) -> ValidationDefinition:
    """The suite is named after its table."""
    rules = sorted(scan.of_table(table), key=lambda rule: rule.code)
    suite = ExpectationSuite(
        name=table,
        expectations=[configuration_of(rule, scan.systems_asked(rule)) for rule in rules],
        id=stable_id(table),
        meta={"table": table_label(table)},
    )
    # Not `context.suites.add`: it gives every expectation a new id, and the same night would not be the same bytes.
    context.expectations_store.set(ExpectationSuiteIdentifier(name=table), suite)
    batch = source.add_table(table).add_batch_definition(WHOLE_TABLE)
    return ValidationDefinition(name=table, data=batch, suite=suite)


def _open_context(folder: Path) -> FileDataContext:
    folder.mkdir(parents=True)
    _write_configuration(folder)
    context = gx.get_context(mode="file", context_root_dir=folder)
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _write_configuration(folder: Path) -> None:
    """Our own settings, before and after: opening and using a project rewrites them with defaults and with ids of the clock."""
    template = files("expectations.gx").joinpath("templates", CONFIGURATION).read_text(encoding="utf-8")
    (folder / CONFIGURATION).write_text(template, encoding="utf-8")
