"""Engines that take many times as long: pandera (Polars and pandas) and Great Expectations' own pandas engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tests.benchmarks.rule_engines import UNIQUE, Found, broken, broken_in_pandas, scanned_pandas, tables
from tests.benchmarks.rule_table import CARRIED, SPECS, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Q = "unexpected_index_list"


def pandera_polars(folder: Path) -> Found:
    import pandera.polars as pa
    from pandera.errors import SchemaErrors

    frame = tables(folder).collect(engine="streaming")

    def check_of(spec: Spec) -> Any:
        return pa.Check(lambda data: data.lazyframe.select(~broken(spec)), name=spec.code, ignore_na=False)

    try:
        pa.DataFrameSchema(checks=[check_of(spec) for spec in SPECS]).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases, rows = errors.failure_cases, frame["source_row"]
        return {spec.code: rows[cases.filter(pl.col("check") == spec.code)["index"].unique().to_list()] for spec in SPECS}
    return {spec.code: [] for spec in SPECS}


def pandera_pandas(folder: Path) -> Found:
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    frame = scanned_pandas(folder)

    def column_check(spec: Spec) -> Any:
        told = {"error": spec.code}  # what a failure case calls the check
        ways: dict[str, Callable[[], Any]] = {
            "in": lambda: pa.Check.isin(spec.wanted, **told),
            "like": lambda: pa.Check.str_contains(spec.wanted[0], **told),
            "between": lambda: pa.Check.in_range(*spec.wanted, **told),
        }
        return ways[spec.kind]()

    simple = [spec for spec in SPECS if spec.where is None and spec.kind in {"in", "like", "between"}]
    columns = {name: pa.Column(nullable=True, checks=[column_check(spec) for spec in simple if spec.column == name]) for name in CARRIED}
    wide = [spec for spec in SPECS if spec not in simple]

    def frame_check(spec: Spec) -> Any:
        return pa.Check(lambda data: ~broken_in_pandas(data, spec), name=spec.code, ignore_na=False)

    try:
        pa.DataFrameSchema(columns, checks=[frame_check(spec) for spec in wide]).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        named = {spec.code: cases.loc[cases["check"] == spec.code, "index"].unique() for spec in SPECS}
        return {code: frame["source_row"].to_numpy()[index.astype("int64")] for code, index in named.items()}
    return {spec.code: [] for spec in SPECS}


def gx_pandas(folder: Path) -> Found:
    from expectations.gx.quiet import keep_quiet

    keep_quiet()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batches = context.data_sources.add_pandas("marks").add_dataframe_asset("marks").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="marks", expectations=[_gx_expectation(spec) for spec in SPECS])
    keys = {"result_format": "COMPLETE", "exclude_unexpected_values": True, "unexpected_index_column_names": ["source_row"]}
    result = batches.get_batch({"dataframe": scanned_pandas(folder)}).validate(suite, result_format=keys)
    return {entry.expectation_config.meta["code"]: _gx_rows(entry) for entry in result.results}


def _gx_rows(entry: Any) -> list[int]:
    assert "unexpected_count" in entry.result, entry.exception_info
    return [row for columns in entry.result.get(Q) or [] for row in columns["source_row"]]


def _gx_expectation(spec: Spec) -> Any:
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    rows = {"row_condition": Column(spec.where[0]).is_in(spec.where[1])} if spec.where else {}
    named = {"column": spec.column, "meta": {"code": spec.code}, **rows}
    ways: dict[str, Callable[[], Any]] = {
        "full": lambda: gxe.ExpectColumnValuesToNotBeNull(**named),
        "in": lambda: gxe.ExpectColumnValuesToBeInSet(**named, value_set=list(spec.wanted)),
        "like": lambda: gxe.ExpectColumnValuesToMatchRegex(**named, regex=spec.wanted[0]),
        "between": lambda: gxe.ExpectColumnValuesToBeBetween(**named, min_value=spec.wanted[0], max_value=spec.wanted[1]),
        "unique": lambda: gxe.ExpectCompoundColumnsToBeUnique(
            column_list=list(UNIQUE.columns), ignore_row_if="any_value_is_missing", meta={"code": spec.code}
        ),
        # A set of 200 thousand codes is copied again and again there; it gets the answer of the join instead.
        "known": lambda: gxe.ExpectColumnValuesToBeInSet(
            column="known", value_set=[True], row_condition=Column(spec.column).is_not_null(), meta={"code": spec.code}
        ),
    }
    return ways[spec.kind]()


SLOW_ENGINES: Mapping[str, Callable[[Path], Found]] = {
    "pandera (Polars)": pandera_polars,
    "pandera (pandas)": pandera_pandas,
    "Great Expectations (pandas)": gx_pandas,
}
