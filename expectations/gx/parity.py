"""Parity: rules with a native expectation, evaluated by Great Expectations' own pandas engine and metrics beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.gx.quiet import keep_quiet
from expectations.gx.scan import INDEX_COLUMNS, Scan
from expectations.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from connectors.records.snapshot import Snapshot
    from expectations.gx.scan import Checked
    from expectations.rule import Rule

# Every key of a failing row, and not even in memory a value of it.
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
    "unexpected_index_column_names": list(INDEX_COLUMNS),
}


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One rule evaluated twice; they agree, or one of the two is wrong.

    `gx_count`, `our_count`: failing records (system and key; a code that stands in two rows is one record).
    `only_gx`, `only_ours`: how many of them only one of the two found. `examined`: rows that Great Expectations looked at.
    """

    rule: str
    gx_count: int
    our_count: int
    only_gx: int
    only_ours: int
    examined: int

    @property
    def agrees(self) -> bool:
        return self.only_gx == self.only_ours == 0


def native_parity(snapshot: Snapshot, rules: Sequence[Rule], result: Checked) -> list[ParityRow]:
    """Evaluate every rule that has a native expectation with Great Expectations, over the systems that the rule asks."""
    keep_quiet()
    import great_expectations as gx  # noqa: PLC0415 - importing it takes seconds
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 - as above

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source, scan = context.data_sources.add_pandas("snapshot"), Scan(snapshot, rules, lambda: result)
    rows = []
    for rule in sorted((rule for rule in rules if rule.native), key=lambda rule: rule.code):
        batch = source.add_dataframe_asset(rule.code).add_batch_definition_whole_dataframe("all")
        frame = snapshot.scan(rule.table).with_columns(key=_key(rule)).collect().to_pandas()
        validated = batch.get_batch({"dataframe": frame}).validate(_expectation(scan, rule), result_format=RESULT_FORMAT)
        rows.append(_compared(rule, validated, scan))
    return rows


def _key(rule: Rule) -> pl.Expr:
    return VIEWS[rule.view].key if rule.key is None else rule.key


def _expectation(scan: Scan, rule: Rule) -> Any:  # noqa: ANN401 - any expectation type of Great Expectations
    from expectations.gx.rule_expectation import configuration_of  # noqa: PLC0415 - as above

    return configuration_of(rule, scan.systems_asked(rule)).to_domain_obj()


def _compared(rule: Rule, validated: Any, scan: Scan) -> ParityRow:  # noqa: ANN401 - a validation result of Great Expectations
    """Both sets of keys side by side. RuntimeError when Great Expectations could not run, or did not give every key."""
    from expectations.gx.store import refuse_broken  # noqa: PLC0415 - as above

    refuse_broken(validated)
    told, broken = _pairs(validated.result.get("unexpected_index_list") or []), validated.result["unexpected_count"]
    if len(told) != broken:
        message = f"{rule.code}: Great Expectations gave {len(told)} keys of {broken} failing rows"
        raise RuntimeError(message)
    theirs, ours = set(told), set(_pairs(scan.keys(rule.code)))
    return ParityRow(rule.code, len(theirs), len(ours), len(theirs - ours), len(ours - theirs), validated.result["element_count"])


def _pairs(index_list: Sequence[Mapping[str, Sequence[str]]]) -> list[tuple[str, ...]]:
    """System and key of each failing row; Great Expectations gives them column by column once values are excluded."""
    return [pair for columns in index_list for pair in zip(*(columns[name] for name in INDEX_COLUMNS), strict=True)]
