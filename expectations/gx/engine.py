"""Great Expectations' execution engine over our one scan: every metric that a suite asks for is answered from `expectations.check`.

Great Expectations gathers the metrics of all expectations of a batch into bundles and gives each bundle
to its engine. Ours declares the metrics of the native types that the catalogue uses, and one for the
school's own rules, as bundleable (their `aggregate_fn` only notes the question), and answers all of
them from one scan. It never hands out a value: counts, and keys where they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import polars as pl
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.core.id_dict import IDDict
from great_expectations.core.metric_function_types import MetricFunctionTypes, MetricPartialFunctionTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.metrics.metric_provider import MetricProvider
from great_expectations.expectations.registry import get_metric_kwargs, register_core_metrics, register_metric
from great_expectations.expectations.row_conditions import deserialize_row_condition

from expectations.gx.rule_expectation import SCHOOL_METRIC, configuration_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration

    from expectations.gx.scan import Scan
    from expectations.rule import Rule

NULLS, ROW_COUNT = "column_values.nonnull", "table.row_count"
# The metric behind each native type that the catalogue uses.
COLUMN_METRICS = (NULLS, *(f"column_values.{name}" for name in ("in_set", "match_regex", "not_match_regex", "between", "unique")))
COLUMNS_METRICS = ("compound_columns.unique",)
COUNT, KEYS, FILTERED = "unexpected_count", "unexpected_index_list", "filtered_row_count"
# Asked for by Great Expectations whatever the result format: a value of a person, or a query for one. We give neither.
EMPTY_ANSWERS: Mapping[str, Any] = {"unexpected_values": [], "unexpected_index_query": None}
NOT_OF_THE_QUESTION = ("batch_id", "result_format", "table")


@dataclass(frozen=True)
class Question:
    """One metric as it is asked: its name without the last part, that part, and on what."""

    metric: str
    part: str
    domain: Mapping[str, Any]
    value: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same for the same metric of the same rows, whatever the batch and the result format."""
        return self.metric, _identity(self.domain), _identity(self.value)


def _identity(arguments: Mapping[str, Any]) -> str:
    said = {name: value for name, value in arguments.items() if name not in NOT_OF_THE_QUESTION and value is not None}
    return str(IDDict(said).to_id())


class SnapshotBatchData(BatchData):
    """One table of the snapshot, with the scan of all tables."""

    def __init__(self, engine: SnapshotExecutionEngine, table: str, scan: Scan) -> None:
        super().__init__(engine)
        self.table, self.scan = table, scan

    @cached_property
    def rules(self) -> Mapping[tuple[str, str, str], Rule]:
        """The rules of this table that have a native expectation, by the question that it asks."""
        natives = [rule for rule in self.scan.of_table(self.table) if rule.native]
        return {_question_of(rule, self.scan.systems_asked(rule)).identity: rule for rule in natives}


def _question_of(rule: Rule, systems: Sequence[str] | None) -> Question:
    """The question that Great Expectations itself makes of a rule's native expectation."""
    expectation: Any = configuration_of(rule, systems).to_domain_obj()
    kwargs = get_metric_kwargs(f"{expectation.map_metric}.{COUNT}", expectation.configuration, {"result_format": "BASIC"})
    return Question(expectation.map_metric, COUNT, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])


class SnapshotExecutionEngine(ExecutionEngine[pl.Expr]):
    """Answers bundles of metrics from one scan; conditions on rows become Polars expressions."""

    def get_batch_data_and_markers(self, batch_spec: Mapping[str, Any]) -> tuple[SnapshotBatchData, BatchMarkers]:
        scan: Scan = batch_spec["scan"]
        # The snapshot's day, not the clock's: the same night gives the same bytes.
        return SnapshotBatchData(self, batch_spec["table"], scan), BatchMarkers({"ge_load_time": scan.snapshot.day.isoformat()})

    def resolve_metric_bundle(self, metric_fn_bundle: Sequence[MetricComputationConfiguration]) -> dict[Any, Any]:
        """Metric id -> value, for all metrics of a bundle."""
        asked = {entry.metric_configuration.id: entry.metric_fn for entry in metric_fn_bundle}
        table_counts = self._table_counts([question for question in asked.values() if self._rule_of(question) is None])
        return {name: self._answer(question, table_counts) for name, question in asked.items()}

    def _answer(self, question: Question, table_counts: Mapping[Any, int]) -> Any:  # noqa: ANN401 - a count or keys
        scan, rule = self._data_of(question).scan, self._rule_of(question)
        if question.metric == SCHOOL_METRIC:
            return _school_result(scan, question)
        if rule is None:
            return table_counts[question.part, question.identity]
        return scan.keys(rule.code) if question.part == KEYS else scan.broken.get(rule.code, 0)

    def _table_counts(self, questions: Sequence[Question]) -> Mapping[Any, int]:
        """What is not a rule's own count, of one table: rows, missing values, rows without missing ones; one pass for all."""
        counts = {(each.part, each.identity): self._count(each) for each in questions if each.metric != SCHOOL_METRIC}
        if not counts:
            return {}
        data = self._data_of(questions[0])
        row = data.scan.snapshot.scan(data.table).select(expression.alias(str(at)) for at, expression in enumerate(counts.values()))
        return dict(zip(counts, row.collect().row(0), strict=True))

    def _count(self, question: Question) -> pl.Expr:
        condition: Any = deserialize_row_condition(question.domain.get("row_condition"))
        rows = pl.lit(value=True) if condition is None else self.condition_to_filter_clause(condition)
        if question.metric == ROW_COUNT:
            return rows.sum() if condition is not None else pl.len()
        if question.part == FILTERED:
            return (rows & pl.all_horizontal(pl.col(name).is_not_null() for name in question.domain["column_list"])).sum()
        if question.metric == NULLS and question.part == COUNT:
            return (rows & pl.col(question.domain["column"]).is_null()).sum()
        message = f"no rule of the catalogue asks {question.metric} this way"
        raise LookupError(message)

    def _data_of(self, question: Question) -> SnapshotBatchData:
        manager: Any = self.batch_manager
        data: SnapshotBatchData = manager.batch_data_cache.get(question.domain.get("batch_id")) or manager.active_batch_data
        return data

    def _rule_of(self, question: Question) -> Rule | None:
        return self._data_of(question).rules.get(question.identity) if question.part in {COUNT, KEYS} else None

    def _comparison_condition_to_filter_clause(self, condition: Any) -> pl.Expr:  # noqa: ANN401 - a condition of Great Expectations
        """As pandas answers: a missing value is not in any set, and so it is in every `not in`."""
        column, values = pl.col(condition.column.name), list(condition.parameter)
        inside = column.is_in(values).fill_null(value=False)
        return {"IN": inside, "NOT_IN": ~inside}[str(condition.operator)]

    def _nullity_condition_to_filter_clause(self, condition: Any) -> pl.Expr:  # noqa: ANN401 - as above
        column = pl.col(condition.column.name)
        return column.is_null() if condition.is_null else column.is_not_null()

    def _and_condition_to_filter_clause(self, condition: Any) -> pl.Expr:  # noqa: ANN401 - as above
        return pl.all_horizontal(self.condition_to_filter_clause(part) for part in condition.conditions)

    def _or_condition_to_filter_clause(self, condition: Any) -> pl.Expr:  # noqa: ANN401 - as above
        return pl.any_horizontal(self.condition_to_filter_clause(part) for part in condition.conditions)


def _school_result(scan: Scan, question: Question) -> dict[str, Any]:
    """A school rule's counts as map expectations give theirs, with keys in COMPLETE."""
    code = question.value["rule"]
    examined, broken = scan.checked.examined.get(code, 0), scan.broken.get(code, 0)
    result: dict[str, Any] = {"element_count": examined, "unexpected_count": broken}
    if examined:
        result["unexpected_percent"] = 100 * broken / examined
    if question.value["result_format"]["result_format"] == "COMPLETE":
        result["unexpected_index_list"] = scan.keys(code)
    return result


class SnapshotMetric(MetricProvider):
    """All metrics of this engine; the base class finds each one's `aggregate_fn`, by which it joins the bundle."""


def _noted(metric: str, part: str, *_: object, metric_domain_kwargs: Any, metric_value_kwargs: Any, **__: object) -> tuple[Any, Any, Any]:  # noqa: ANN401
    """The question itself stands where other engines put a function of theirs."""
    return Question(metric, part, metric_domain_kwargs, metric_value_kwargs), metric_domain_kwargs, {}


def _nothing(answer: object, **_: object) -> object:
    return answer


def _register(name: str, keys: Mapping[str, tuple[str, ...]], provider: Callable[..., Any] | None, kind: Any) -> None:  # noqa: ANN401
    register_metric(
        metric_name=name,
        metric_domain_keys=keys["metric_domain_keys"],
        metric_value_keys=keys["metric_value_keys"],
        execution_engine=SnapshotExecutionEngine,
        metric_class=SnapshotMetric,
        metric_provider=provider,
        metric_fn_type=kind,
    )


def _register_bundled(metric: str, part: str, keys: Mapping[str, tuple[str, ...]]) -> None:
    name = f"{metric}.{part}" if part else metric
    aggregate = MetricPartialFunctionTypes.AGGREGATE_FN
    _register(f"{name}.{aggregate.metric_suffix}", keys, partial(_noted, metric, part), aggregate)
    _register(name, keys, None, MetricFunctionTypes.VALUE)


def register_metrics() -> None:
    """Make this engine known to Great Expectations' registry; its names and keys are those of the native metrics."""
    register_core_metrics()
    _register_bundled(ROW_COUNT, "", get_metric_kwargs(ROW_COUNT))
    _register_bundled(SCHOOL_METRIC, "", {"metric_domain_keys": ("batch_id",), "metric_value_keys": ("rule", "result_format")})
    for metric in (*COLUMN_METRICS, *COLUMNS_METRICS):
        for part in (COUNT, KEYS, *([FILTERED] if metric in COLUMNS_METRICS else [])):
            _register_bundled(metric, part, get_metric_kwargs(f"{metric}.{part}"))
        for part, answer in EMPTY_ANSWERS.items():
            name = f"{metric}.{part}"
            _register(name, get_metric_kwargs(name), partial(_nothing, answer), MetricFunctionTypes.VALUE)


register_metrics()
