"""A rule as an expectation: a native type where one says exactly the same, else one named after the school's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.rule import Severity

if TYPE_CHECKING:
    from expectations.rule import Rule

SCHOOL_RULE = "expect_school_rule_to_hold"
# Great Expectations knows three severities; what stops or blocks an export is critical.
SEVERITIES = {
    Severity.STOP: FailureSeverity.CRITICAL,
    Severity.BLOCK: FailureSeverity.CRITICAL,
    Severity.REVIEW: FailureSeverity.WARNING,
    Severity.REMIND: FailureSeverity.INFO,
}


class ExpectSchoolRuleToHold(BatchExpectation):
    """No row breaks a rule of the school, named by its code. Its counts come from the one scan of `expectations.check`."""

    rule: str
    column: str

    def _validate(self, *_: object, **__: object) -> dict[str, Any]:
        """Great Expectations' engine cannot compute this; its counts are given to it."""
        message = f"{self.rule}: computed by expectations.check, not by Great Expectations"
        raise NotImplementedError(message)


def configuration_of(rule: Rule) -> ExpectationConfiguration:
    """The rule's configuration; its id is the same every night."""
    native = rule.native
    return ExpectationConfiguration(
        type=native.type if native else SCHOOL_RULE,
        kwargs=dict(native.arguments) if native else {"rule": rule.code, "column": rule.column},
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


def stable_id(name: str) -> str:
    """An id that depends on nothing but the name."""
    return str(uuid5(NAMESPACE_URL, f"truong:{name}"))
