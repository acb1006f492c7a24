"""Parity: rules with a native expectation, counted by Great Expectations' own pandas engine beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.check import delivers_all
from expectations.gx.quiet import keep_quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.records.snapshot import Snapshot
    from expectations.gx.scan import Checked
    from expectations.rule import Rule

# Counts only: the engine must not even keep a value in memory for its result.
RESULT_FORMAT = {"result_format": "BASIC", "exclude_unexpected_values": True, "partial_unexpected_count": 0}


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One rule counted twice; they agree, or one of the two is wrong."""

    rule: str
    gx_count: int
    our_count: int

    @property
    def agrees(self) -> bool:
        return self.gx_count == self.our_count


def native_parity(snapshot: Snapshot, rules: Sequence[Rule], result: Checked) -> list[ParityRow]:
    """Count every rule that has a native expectation with Great Expectations, over the systems that the rule asks."""
    keep_quiet()
    import great_expectations as gx  # noqa: PLC0415 - importing it takes seconds
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 - as above

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("snapshot")
    ours = dict(result.findings.group_by("rule").len().iter_rows())
    natives = [rule for rule in rules if rule.native is not None]
    rows = []
    for rule in sorted(natives, key=lambda rule: rule.code):
        batch = source.add_dataframe_asset(rule.code).add_batch_definition_whole_dataframe("all")
        validated = batch.get_batch({"dataframe": _rows_asked(snapshot, rule).to_pandas()}).validate(
            _expectation(rule), result_format=RESULT_FORMAT
        )
        rows.append(ParityRow(rule.code, _count(rule, validated), ours.get(rule.code, 0)))
    return rows


def _rows_asked(snapshot: Snapshot, rule: Rule) -> pl.DataFrame:
    """The rule's table, of the systems that deliver what it needs."""
    systems = [system for system in snapshot.sources if delivers_all(snapshot, system, rule)]
    return snapshot.scan(rule.table).filter(pl.col("source_system").is_in(systems)).collect()


def _expectation(rule: Rule) -> Any:  # noqa: ANN401 - any expectation type of Great Expectations
    from expectations.gx.rule_expectation import configuration_of  # noqa: PLC0415 - as above

    return configuration_of(rule).to_domain_obj()


def _count(rule: Rule, validated: Any) -> int:  # noqa: ANN401 - a validation result of Great Expectations
    """Great Expectations never raises: a rule that could not run says so only in `exception_info`.

    Its own message may hold a value, so only the rule and the expectation's type are told.
    """
    problems = [info for info in _infos(validated.exception_info) if info.get("raised_exception")]
    if problems or "unexpected_count" not in validated.result:
        message = f"{rule.code}: Great Expectations could not run {validated.expectation_config.type}"
        raise RuntimeError(message)
    return int(validated.result["unexpected_count"])


def _infos(exception_info: dict[str, Any]) -> list[dict[str, Any]]:
    """Exception infos, whether given flat or per metric."""
    return [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
