"""All rules over one night's snapshot: each view is scanned once, with every rule's condition as a column of that scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.systems import SYSTEMS, TOGETHER
from expectations.findings import (
    FINDING_SCHEMA,
    IDENTITY,
    ROOT,
    WAIVED_SCHEMA,
    no_findings,
    nothing_folded,
    nothing_waived,
    ordered,
    without,
)
from expectations.roots import is_cause, told_once
from expectations.rule import Severity
from expectations.views import VIEWS
from expectations.views.scene import PLACE, Scene
from infra.settings import Gradebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule
    from expectations.views.approvals import Approval
    from expectations.views.scene import View
    from infra.settings import Limits

STEP = " › "  # between the parts of a way to fix something: system › menu › field
ROW_KEY = "key of the row"  # computed once for all rules of a view
FILE_ENDINGS = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The night's day, the school's own thresholds and dates, and the results that the principal approved."""

    day: date
    limits: Limits
    gradebook: Gradebook = field(default_factory=Gradebook)
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityResult:
    """Findings (FINDING_SCHEMA, in their one order) and, per rule code, how many rows were examined.

    0 examined is grey: not enough data to say anything, never "good". `folded`: the findings that a root cause
    among `findings` stands for. `waived`: those of `findings` that are a signed exception tonight.
    """

    findings: pl.DataFrame
    examined: Mapping[str, int]
    folded: pl.DataFrame = field(default_factory=nothing_folded)
    waived: pl.DataFrame = field(default_factory=nothing_waived)

    @property
    def open(self) -> pl.DataFrame:
        """Findings that somebody still has to see to: those that no exception was signed for."""
        return without(self.findings, self.waived, IDENTITY)

    @property
    def singles(self) -> pl.DataFrame:
        """A finding for every record that breaks a rule, waived or not, as if nothing had been folded."""
        return _unfolded(self.findings, self.folded)

    @property
    def signed_singles(self) -> pl.DataFrame:
        """The part of `singles` that is waived, by itself or with its root cause (WAIVED_SCHEMA)."""
        terms = [name for name in WAIVED_SCHEMA if name not in FINDING_SCHEMA]
        causes = self.waived.select(pl.col(IDENTITY).name.prefix("root_"), *terms)
        covered = self.folded.join(causes, on=ROOT, nulls_equal=True).select(list(WAIVED_SCHEMA))
        return pl.concat([without(self.waived, _counting(self.folded), IDENTITY), covered])

    @property
    def open_singles(self) -> pl.DataFrame:
        """As `singles`, without what is waived; a waived root cause waives all that it stands for."""
        return _unfolded(self.open, self.open_folded)

    @property
    def open_folded(self) -> pl.DataFrame:
        """What root causes stand for that are not waived."""
        return without(self.folded, self.waived.select(pl.col(IDENTITY).name.prefix("root_")), ROOT)


def _unfolded(findings: pl.DataFrame, folded: pl.DataFrame) -> pl.DataFrame:
    """Findings in place of the lines that only count them; a cause that is a rule of its own stays."""
    return ordered(pl.concat([without(findings, _counting(folded), IDENTITY), folded.select(list(FINDING_SCHEMA))]))


def _counting(folded: pl.DataFrame) -> pl.DataFrame:
    """Identities of the lines that only count findings of their own rule."""
    return folded.filter(pl.col("rule") == pl.col("root_rule")).select(pl.col(ROOT).name.replace("^root_", "")).unique()


@dataclass(frozen=True, slots=True)
class _Scan:
    """One pass over one view: the rules that look at it, and which systems each of them asks."""

    view: View
    frame: pl.LazyFrame
    asked: tuple[tuple[Rule, frozenset[str]], ...]

    def failing(self) -> pl.LazyFrame:
        """Rows that break at least one rule, with a boolean column per rule code."""
        flags = [_breaks(rule, systems) for rule, systems in self.asked]
        return self.frame.select(*sorted(self._carried()), *flags).filter(pl.any_horizontal([rule.code for rule, _ in self.asked]))

    def row_counts(self) -> pl.LazyFrame:
        """Rows of the view per system."""
        return self.frame.group_by("source_system").agg(rows=pl.len())

    def examined(self, rows: Mapping[str, int]) -> dict[str, int]:
        """Per rule, the rows of the systems that it asked."""
        return {rule.code: sum(count for system, count in rows.items() if system in systems) for rule, systems in self.asked}

    def _carried(self) -> set[str]:
        """Columns that findings are made of."""
        rules = [rule for rule, _ in self.asked]
        texts = [value for rule in rules for value in (rule.expected, rule.key) if isinstance(value, pl.Expr)]
        shown = {rule.column for rule in rules} | {self.view.class_name or "source_system", *PLACE}
        return shown.union(*(expression.meta.root_names() for expression in (self.view.key, *texts)))


def _breaks(rule: Rule, systems: frozenset[str]) -> pl.Expr:
    """The condition as a column named by the rule's code; rows of systems that are not asked never break it."""
    is_asked = pl.col("source_system").is_in(sorted(systems))
    return (is_asked & rule.condition).fill_null(value=False).alias(rule.code)


def check(snapshot: Snapshot, rules: Sequence[Rule], context: CheckContext, earlier: Sequence[Snapshot] = ()) -> QualityResult:
    """Run the rules over a snapshot; `earlier` are snapshots of earlier nights, for drift and for changes.

    A system is asked only for what it delivers. The same snapshot, context and earlier nights give
    the same findings. first_seen and nights_open are left empty (expectations.ledger fills them).
    """
    scene = Scene(snapshot, context.day, context.limits, tuple(earlier), gradebook=context.gradebook, approvals=context.approvals)
    scans = [
        _scan(VIEWS[name], [rule for rule in rules if rule.view == name], scene)
        for name in dict.fromkeys(rule.view for rule in rules if not is_cause(rule))
    ]
    asking = [scan for scan in scans if scan.asked]
    # All plans at once, so that what views share is computed once; in memory, since the streaming engine of Polars 2.1 panics in
    # str.format over a part that a filter left empty.
    collected = pl.collect_all([frame for scan in asking for frame in (scan.failing(), scan.row_counts())])
    examined = dict.fromkeys([rule.code for rule in rules], 0)
    found = [no_findings()]
    for scan, failing, counts in zip(asking, collected[::2], collected[1::2], strict=True):
        found.append(_findings(scan, failing))
        examined |= scan.examined(dict(counts.iter_rows()))
    # A code that stands in two rows is one record: it is told once, at the first of them.
    once = ordered(pl.concat(found)).unique(["rule", "system", "table", "key"], keep="first", maintain_order=True)
    return told_once(scene, rules, QualityResult(once, examined))


def stops_export(result: QualityResult) -> bool:
    """Whether anything found tonight forbids every export (`dừng`)."""
    return bool((result.findings["severity"] == Severity.STOP.value).any())


def _scan(view: View, rules: Sequence[Rule], scene: Scene) -> _Scan:
    asked = [(rule, _systems_asked(rule, view, scene.snapshot)) for rule in rules]
    return _Scan(view, view.build(scene), tuple((rule, systems) for rule, systems in asked if systems))


def _systems_asked(rule: Rule, view: View, snapshot: Snapshot) -> frozenset[str]:
    """Systems that deliver every column that the rule needs; for a view over several systems all of them or none."""
    able = [system for system in snapshot.sources if delivers_all(snapshot, system, rule)]
    if view.joint:
        return frozenset([TOGETHER.join(view.joint)]) if set(view.joint) <= set(able) else frozenset()
    return frozenset(able)


def delivers_all(snapshot: Snapshot, system: str, rule: Rule) -> bool:
    """Whether a system delivers what a rule needs (`guardians.phone` names another table's column)."""
    needs = [need.partition(".") for need in rule.needs]
    return all(snapshot.delivers(system, table if dot else rule.table, [column if dot else table]) for table, dot, column in needs)


def _findings(scan: _Scan, failing: pl.DataFrame) -> pl.DataFrame:
    """The rows that break each rule as findings: what stands in the row, what the rule says of it, and the rule's own words.

    Column by column, not one query per rule: planning and running those took a tenth as long as the scan itself.
    """
    broken = [(rule, systems, rows) for rule, systems in scan.asked if len(rows := failing[rule.code].arg_true())]
    if not broken:
        return no_findings()
    failing = failing.with_columns(scan.view.key.alias(ROW_KEY))
    class_name = pl.col(scan.view.class_name) if scan.view.class_name else pl.lit(None)
    places = [pl.col(name) for name in PLACE if name != "source_system"]
    shared = failing.select(pl.col("source_system").alias("system"), class_name.alias("class_name"), *places)
    said = pl.concat([_said(rule, systems, failing, rows) for rule, systems, rows in broken])
    told = shared[pl.concat([rows for _, _, rows in broken])].hstack(said)
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in FINDING_SCHEMA.items()
    )


def _said(rule: Rule, systems: frozenset[str], failing: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """What one rule, which asks `systems`, says of its failing rows."""
    said = {
        "rule": rule.code,
        "severity": rule.severity.value,
        "article": rule.article,
        "table": rule.table,
        "column": rule.column,
        "expected": rule.expected,
        "message": rule.message,
        "fix": _fix(rule, systems),
        "owner": rule.owner.value,
    }
    key = failing[ROW_KEY].gather(rows) if rule.key is None else _text(rule.key, failing, rows)
    value = failing[rule.column].gather(rows).cast(pl.String)
    return pl.DataFrame({**{name: _text(text, failing, rows) for name, text in said.items()}, "key": key, "value": value})


def _text(text: str | pl.Expr | None, failing: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """The same text for every row, or one that is made of the row."""
    if not isinstance(text, pl.Expr):
        return pl.Series([text], dtype=pl.String).new_from_index(0, len(rows))
    columns = {ROW_KEY, *text.meta.root_names()}  # one at least, which gives the number of rows
    return failing.select(sorted(columns))[rows].select(told=text.cast(pl.String)).to_series()


def _fix(rule: Rule, systems: frozenset[str]) -> str | pl.Expr:
    """The way to put it right, begun in the system that the row came from (whose files bear other names)."""
    begins, *steps = rule.fix.split(STEP)
    if begins not in {system.place for system in SYSTEMS.values()}:
        return rule.fix
    elsewhere = [step for step in steps if not step.endswith(FILE_ENDINGS)]
    places = {name: SYSTEMS[name].place for name in sorted(systems & SYSTEMS.keys())}
    ways = {name: STEP.join([place, *elsewhere]) for name, place in places.items() if place != begins}
    way = pl.lit(rule.fix)
    for name, text in ways.items():
        way = pl.when(pl.col("source_system") == name).then(pl.lit(text)).otherwise(way)
    return way if ways else rule.fix
