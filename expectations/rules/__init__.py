"""Every rule, as plain values: no file is read and nothing is computed until a check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.rules import (
    abnormal_marks,
    accounts,
    attendance,
    changes,
    classes,
    drift,
    fields,
    health,
    lessons,
    marks,
    movements,
    names_and_addresses,
    pupils,
    ratings,
    reconciliation,
    root_causes,
    staff,
    staff_systems,
    traits,
    year_results,
)

if TYPE_CHECKING:
    from expectations.rule import Rule

FAMILIES = (
    fields,
    pupils,
    names_and_addresses,
    reconciliation,
    movements,
    classes,
    marks,
    abnormal_marks,
    traits,
    year_results,
    changes,
    attendance,
    health,
    staff,
    staff_systems,
    ratings,
    accounts,
    lessons,
    drift,
    root_causes,
)


def all_rules() -> tuple[Rule, ...]:
    """All rules, in the order of their families; codes are unique."""
    return tuple(rule for family in FAMILIES for rule in family.RULES)
