"""Every rule, as plain values: no file is read and nothing is computed until a check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.rules import (
    accounts,
    attendance,
    changes,
    classes,
    drift,
    fields,
    health,
    marks,
    movements,
    pupils,
    reconciliation,
    staff,
    traits,
    year_results,
)

if TYPE_CHECKING:
    from expectations.rule import Rule

FAMILIES = (
    fields, pupils, reconciliation, movements, classes, marks, traits, year_results, changes, attendance, health, staff, accounts, drift,
)  # fmt: skip


def all_rules() -> tuple[Rule, ...]:
    """All rules, in the order of their families; codes are unique."""
    return tuple(rule for family in FAMILIES for rule in family.RULES)
