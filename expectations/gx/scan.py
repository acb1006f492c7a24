"""What Great Expectations asks about: one night's snapshot, its rules, and the one scan that answers all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import polars as pl

from expectations.check import delivers_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule

# What a failing row is known by; never its values.
INDEX_COLUMNS = ("source_system", "key")


class Checked(Protocol):
    """What a check gives: findings, and per rule how many rows it examined."""

    @property
    def findings(self) -> pl.DataFrame: ...
    @property
    def examined(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class Scan:
    """The rules over a snapshot. `check` runs at most once, when the first of its answers is asked for."""

    snapshot: Snapshot
    rules: Sequence[Rule]
    check: Callable[[], Checked]

    @cached_property
    def checked(self) -> Checked:
        return self.check()

    @cached_property
    def records(self) -> pl.DataFrame:
        """A finding for every record that breaks a rule, also where the check tells one cause for many of them."""
        singles: pl.DataFrame = getattr(self.checked, "singles", self.checked.findings)
        # a caller may have put the single findings in place of the told ones already
        return singles.unique(["rule", "system", "table", "key"], keep="first", maintain_order=True)

    @cached_property
    def broken(self) -> Mapping[str, int]:
        """Rule code -> how many records break it."""
        return dict(self.records.group_by("rule").len().iter_rows())

    def of_table(self, table: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.table == table)

    def keys(self, code: str) -> list[dict[str, list[str]]]:
        """System and key of every record that breaks a rule, in the shape of an `unexpected_index_list` without values."""
        mine = self.records.filter(pl.col("rule") == code).select(source_system="system", key="key")
        return [mine.sort(INDEX_COLUMNS).to_dict(as_series=False)] if mine.height else []

    def systems_asked(self, rule: Rule) -> tuple[str, ...] | None:
        """The systems whose rows a rule looks at; None where these are all that deliver its table."""
        delivering = [system for system, state in self.snapshot.sources.items() if state.delivered.get(rule.table)]
        asked = tuple(sorted(system for system in self.snapshot.sources if delivers_all(self.snapshot, system, rule)))
        return None if set(delivering) <= set(asked) else asked
