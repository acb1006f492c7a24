"""A rule as an expectation: a native type where one says exactly the same, else one named after the school's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import AndCondition, Column

from expectations.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expectations.rule import Rule, Where

SCHOOL_RULE, SCHOOL_METRIC = "expect_school_rule_to_hold", "school_rule.result"
# Great Expectations knows three severities; what stops or blocks an export is critical.
SEVERITIES = {
    Severity.STOP: FailureSeverity.CRITICAL,
    Severity.BLOCK: FailureSeverity.CRITICAL,
    Severity.REVIEW: FailureSeverity.WARNING,
    Severity.REMIND: FailureSeverity.INFO,
}


class ExpectSchoolRuleToHold(BatchExpectation):
    """No row breaks a rule of the school, named by its code. Only our own engine knows how to answer it (expectations/gx/engine.py)."""

    rule: str
    column: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (SCHOOL_METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "column")

    def _validate(self, metrics: dict[str, Any], *_: object, **__: object) -> dict[str, Any]:
        """The rule's result as the engine gives it: element_count, unexpected_count and, when asked for, unexpected_index_list."""
        result = metrics[SCHOOL_METRIC]
        return {"success": not result["unexpected_count"], "result": result}


def configuration_of(rule: Rule, systems: Sequence[str] | None = None) -> ExpectationConfiguration:
    """The rule's configuration; its id is the same every night. `systems`: those whose rows it looks at, None for all."""
    return ExpectationConfiguration(
        type=rule.native.type if rule.native else SCHOOL_RULE,
        kwargs=_native_arguments(rule, systems) if rule.native else {"rule": rule.code, "column": rule.column},
        description=rule.message,
        notes=[f"{rule.code}: {rule.message}", f"Căn cứ: {rule.article}", f"Sửa ở đâu: {rule.fix}"],
        severity=SEVERITIES[rule.severity],
        id=stable_id(rule.code),
        meta={
            "rule": rule.code,
            "message": rule.message,
            "article": rule.article,
            "severity": rule.severity.value,
            "fix": rule.fix,
            "owner": rule.owner.value,
        },
    )


def _native_arguments(rule: Rule, systems: Sequence[str] | None) -> dict[str, Any]:
    assert rule.native is not None  # noqa: S101 - its only caller asked
    where = rule.native.where if systems is None else (*rule.native.where, ("source_system", "in", tuple(systems)))
    conditions = [_condition(each) for each in where]
    if not conditions:
        return dict(rule.native.arguments)
    joined = conditions[0] if len(conditions) == 1 else AndCondition(conditions=conditions)
    return {**rule.native.arguments, "row_condition": joined.dict()}


def _condition(where: Where) -> Any:  # noqa: ANN401 - any condition type of Great Expectations
    column, comparison, values = where
    ways = {"in": Column(column).is_in, "not in": Column(column).is_not_in, "not null": lambda _: Column(column).is_not_null()}
    return ways[comparison](values)  # type: ignore[no-untyped-call] # a lambda of theirs and ours


def stable_id(name: str) -> str:
    """An id that depends on nothing but the name."""
    return str(uuid5(NAMESPACE_URL, f"truong:{name}"))
