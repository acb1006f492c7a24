"""A Great Expectations project: one suite and one validation result per table, and the Data Docs built from them."""

from __future__ import annotations

import shutil
from datetime import datetime, time
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

import great_expectations as gx
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult, ExpectationValidationResult, RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier

from connectors.records.tables import TABLES
from expectations.gx.rule_expectation import configuration_of, stable_id
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from great_expectations.data_context.data_context.file_data_context import FileDataContext

    from expectations.rule import Rule

Counted = tuple["Rule", int, int]  # a rule, the rows it examined, the rows that broke it
DRIFT = "Nguồn và khối lượng dữ liệu"  # the one suite that is about all tables
PROJECT, CONFIGURATION, SITE = "gx", "great_expectations.yml", "data_docs"


def build_project(folder: Path, day: date, counted: Sequence[Counted]) -> None:
    """Write suites and results into `folder/gx` and the pages into `folder/data_docs`."""
    context = _open_context(folder / PROJECT)
    run = RunIdentifier(run_name=day.isoformat(), run_time=datetime.combine(day, time(), tzinfo=SCHOOL_ZONE))
    tables = groupby(sorted(counted, key=_table_order), key=lambda entry: entry[0].table)
    suites = [_store_table(context, run, table, list(entries)) for table, entries in tables]
    context.build_data_docs()
    shutil.rmtree(folder / SITE / "static", ignore_errors=True)  # fonts and pictures of pages that are not used
    _prove_pages(folder / SITE, suites)


def _table_order(counted: Counted) -> tuple[int, str]:
    rule, _, _ = counted
    return (list(TABLES).index(rule.table) if rule.table in TABLES else len(TABLES)), rule.code


def _open_context(folder: Path) -> FileDataContext:
    folder.mkdir(parents=True)
    template = files("expectations.gx").joinpath("templates", CONFIGURATION).read_text(encoding="utf-8")
    (folder / CONFIGURATION).write_text(template, encoding="utf-8")
    context = gx.get_context(mode="file", context_root_dir=folder)
    context.enable_analytics(enable=False)
    # Opening a project rewrites its settings with its defaults; the pages must follow ours.
    (folder / CONFIGURATION).write_text(template, encoding="utf-8")
    return context


def _store_table(context: FileDataContext, run: RunIdentifier, table: str, counted: Sequence[Counted]) -> str:
    """Store a table's suite and its validation result; the suite is named after the table."""
    suite = ExpectationSuite(
        name=table,
        expectations=[configuration_of(rule) for rule, _, _ in counted],
        id=stable_id(table),
        meta={"table": _label(table)},
    )
    name = ExpectationSuiteIdentifier(name=table)
    context.expectations_store.set(name, suite)
    context.validation_results_store.set(ValidationResultIdentifier(name, run, table), _result_of_table(table, run, counted))
    return table


def _label(table: str) -> str:
    return TABLES[table].label if table in TABLES else DRIFT


def _result_of_table(table: str, run: RunIdentifier, counted: Sequence[Counted]) -> ExpectationSuiteValidationResult:
    results = [_result_of_rule(*entry) for entry in counted]
    evaluated = [result for result in results if result.success is not None]
    good = sum(bool(result.success) for result in evaluated)
    return ExpectationSuiteValidationResult(
        # Nothing evaluated is no success.
        success=bool(evaluated) and good == len(evaluated),
        results=results,
        suite_name=table,
        statistics={
            "evaluated_expectations": len(evaluated),
            "successful_expectations": good,
            "unsuccessful_expectations": len(evaluated) - good,
            "success_percent": 100 * good / len(evaluated) if evaluated else None,
        },
        meta={
            "run_id": run.to_json_dict(),
            "table": _label(table),
            "not_evaluated": len(results) - len(evaluated),
            "active_batch_definition": {"data_asset_name": table},
        },
    )


def _result_of_rule(rule: Rule, examined: int, broken: int) -> ExpectationValidationResult:
    """Counts only. `success` is None where no row was examined: neither good nor bad."""
    result: dict[str, Any] = {"element_count": examined, "unexpected_count": broken}
    if examined:
        result["unexpected_percent"] = 100 * broken / examined
    return ExpectationValidationResult(
        success=broken == 0 if examined or broken else None,
        expectation_config=configuration_of(rule),
        result=result,
        meta={"rule": rule.code, "severity": rule.severity.value},
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def _prove_pages(site: Path, suites: Sequence[str]) -> None:
    """Great Expectations only logs a page that it could not build: a missing or empty one is an error here."""
    expected = [site / "index.html", *(site / "expectations" / f"{suite}.html" for suite in suites)]
    results = [page for suite in suites for page in (site / "validations" / suite).rglob("*.html")]
    empty = [page.name for page in (*expected, *results) if not page.is_file() or page.stat().st_size == 0]
    if empty or len(results) != len(suites):
        message = f"Data Docs were not built: {empty or 'validation results missing'}"
        raise RuntimeError(message)
