"""Where validation results are kept: settled before they are written, so that nothing else than counts ever gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from great_expectations.data_context.store.validation_results_store import ValidationResultsStore

from expectations.gx.rule_expectation import stable_id
from expectations.rule import table_label

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

# Of a stored result; with any other entry of Great Expectations a value or a key would get onto the disk.
KEPT = {"element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent"}


class CountsOnlyStore(ValidationResultsStore):
    """Great Expectations' store, told in a project's settings; every run stores through it."""

    def store_validation_results(self, suite_validation_result: ExpectationSuiteValidationResult, *names: Any, **more: Any) -> Any:  # noqa: ANN401
        """Settle a result, then store it. RuntimeError when an expectation could not be evaluated."""
        settle(suite_validation_result)
        return super().store_validation_results(suite_validation_result, *names, **more)


def settle(result: ExpectationSuiteValidationResult) -> None:
    """Make a run's result what we say of a table: rules in the order of their codes, zero rows neither good nor bad, counts only."""
    for entry in result.results:
        _settle_rule(entry)
    result.results.sort(key=lambda entry: entry.meta["rule"])
    evaluated = [entry for entry in result.results if entry.success is not None]
    good = sum(bool(entry.success) for entry in evaluated)
    # Nothing evaluated is no success.
    result.success = bool(evaluated) and good == len(evaluated)
    result.statistics = {
        "evaluated_expectations": len(evaluated),
        "successful_expectations": good,
        "unsuccessful_expectations": len(evaluated) - good,
        "success_percent": 100 * good / len(evaluated) if evaluated else None,
    }
    result.meta |= {
        "table": table_label(result.suite_name),
        "not_evaluated": len(result.results) - len(evaluated),
        # Great Expectations makes up new ones every time; the same night must give the same bytes.
        "validation_id": stable_id(f"validation.{result.suite_name}"),
        "checkpoint_id": stable_id("checkpoint"),
    }


def _settle_rule(entry: ExpectationValidationResult) -> None:
    """Great Expectations calls a rule over no row a success; ours is grey."""
    meta = configuration_in(entry).meta
    refuse_broken(entry)
    counts = {name: value for name, value in entry.result.items() if name in KEPT}
    entry.result, entry.meta = counts, {"rule": meta["rule"], "severity": meta["severity"]}
    if not counts["element_count"] and not counts["unexpected_count"]:
        entry.success = None


def configuration_in(entry: ExpectationValidationResult) -> ExpectationConfiguration:
    """What a result is about; every result of a run has it (RuntimeError for one that has not)."""
    if entry.expectation_config is None:
        message = "a validation result without its expectation"
        raise RuntimeError(message)
    return entry.expectation_config


def refuse_broken(entry: ExpectationValidationResult) -> None:
    """RuntimeError for an expectation that was not evaluated: Great Expectations never raises, it only says so in `exception_info`.

    Its own message may hold a value, so only the rule and the expectation's type are told.
    """
    infos = [entry.exception_info] if "raised_exception" in entry.exception_info else list(entry.exception_info.values())
    if any(info.get("raised_exception") for info in infos) or "unexpected_count" not in entry.result:
        configuration = configuration_in(entry)
        message = f"{configuration.meta['rule']}: Great Expectations could not run {configuration.type}"
        raise RuntimeError(message)
