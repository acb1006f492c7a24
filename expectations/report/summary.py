"""The report's numbers: counted once here, shown by the page and the workbooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.column import PersonalData
from connectors.records.tables import TABLES
from expectations.findings import IDENTITY, ROOT
from expectations.ledger import day_of, severities_of
from expectations.progress import grade_entry
from expectations.readiness import readiness
from expectations.report.content import MAIN_SYSTEM
from expectations.report.coverage import Completeness, Progress, completeness, progress, pupils_at_school
from expectations.report.gradebook import GradeEntry, grade_entry_of
from expectations.report.ordering import class_order
from expectations.rule import WEIGHTS, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.report.content import ReportContent

GROUPS_FOR_TODAY = 5
SENSITIVE_COUNTS = ("disabled_pupils",)  # counted for a rule, in no table


@dataclass(frozen=True, slots=True)
class SourceAge:
    """How fresh a system's own data is; `age` in days, None when the system does not say."""

    system: str
    data_as_of: date | None
    age: int | None
    rows: int
    fresh: bool
    taken_from: date | None


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """All findings of one rule. `classes` is empty where naming a class could point to a child.

    `folded`: how many findings those among them that are root causes stand for.
    """

    rule: Rule
    count: int
    new: int
    classes: tuple[tuple[str, int], ...]
    class_count: int
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """Findings of one owner or one class by severity; `pupils` is 0 where it does not apply."""

    name: str
    counts: Mapping[Severity, int]
    pupils: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule, how many rows it examined (0: not enough data) and how many broke it."""

    rule: Rule
    examined: int
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """Since the newest earlier night: new findings, gone ones, and those still there."""

    since: date
    new: int
    gone: int
    still: int


@dataclass(frozen=True, slots=True)
class Night:
    """One point of the trend."""

    day: date
    counts: Mapping[Severity, int]


@dataclass(frozen=True, slots=True)
class WaivedLine:
    """Signed exceptions of one rule: how many, and until when the first of them holds."""

    rule: Rule
    count: int
    until: date


@dataclass(frozen=True, slots=True)
class RootLine:
    """One cause told once: the rule, table and column that tell it, and how many findings it stands for."""

    rule: Rule
    table: str
    column: str
    folded: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All numbers of a report; findings are the open ones, exceptions stand apart."""

    sources: tuple[SourceAge, ...]
    severities: Mapping[Severity, int]
    groups: tuple[RuleGroup, ...]
    owners: tuple[Line, ...]
    classes: tuple[Line, ...]
    rules: tuple[RuleLine, ...]
    change: Change | None
    trend: tuple[Night, ...]
    completeness: Completeness
    progress: Progress
    waived: tuple[WaivedLine, ...]
    roots: tuple[RootLine, ...]
    grade_entry: GradeEntry

    @property
    def total(self) -> int:
        return sum(self.severities.values())

    @property
    def not_examined(self) -> int:
        """Rules that had no row to examine."""
        return sum(line.examined == 0 for line in self.rules)

    @property
    def today(self) -> tuple[RuleGroup, ...]:
        """What to do today: the heaviest groups."""
        return self.groups[:GROUPS_FOR_TODAY]


def summarise(content: ReportContent) -> Summary:
    severities = _by_severity(content.result.open)
    groups = _groups(content)
    books = grade_entry(content.snapshot, content.day, content.gradebook, content.limits)
    places = readiness(books, content.result.open_singles, content.snapshot, content.approvals)
    return Summary(
        sources=_sources(content),
        severities=severities,
        groups=groups,
        owners=_lines(content.result.open, "owner", {}),
        classes=_class_lines(content),
        rules=_rule_lines(content, {group.rule.code: group.count for group in groups}),
        change=_change(content),
        trend=(*(Night(day_of(night), severities_of(night)) for night in content.earlier), Night(content.day, severities)),
        completeness=completeness(content),
        waived=_waived_lines(content),
        roots=_root_lines(content),
        progress=progress(books, content.day),
        grade_entry=grade_entry_of(books, places, content.day),
    )


def _by_severity(findings: pl.DataFrame) -> dict[Severity, int]:
    counts = dict(findings.group_by("severity").len().iter_rows())
    return {severity: counts.get(severity.value, 0) for severity in Severity}


def _sources(content: ReportContent) -> tuple[SourceAge, ...]:
    rows = _rows_by_system(content)
    return tuple(
        SourceAge(
            system=name,
            data_as_of=state.data_as_of,
            age=(content.day - state.data_as_of).days if state.data_as_of else None,
            rows=rows.get(name, 0),
            fresh=state.fresh,
            taken_from=state.taken_from,
        )
        for name, state in sorted(content.snapshot.sources.items(), key=lambda item: (item[0] != MAIN_SYSTEM, item[0]))
    )


def _rows_by_system(content: ReportContent) -> dict[str, int]:
    tables = [content.snapshot.scan(table).select("source_system") for table in TABLES]
    counted = pl.concat(tables).group_by("source_system").len().collect()
    return dict(counted.iter_rows())


def _groups(content: ReportContent) -> tuple[RuleGroup, ...]:
    """Findings by rule, heaviest first."""
    rules = {rule.code: rule for rule in content.rules}
    of_rules = content.result.open.filter(pl.col("rule").is_in(list(rules)))
    behind = dict(content.result.open_folded.group_by("root_rule").len().iter_rows())
    groups = [_group(rules[str(code)], found, (content.day, behind.get(code, 0))) for (code,), found in of_rules.group_by("rule")]
    # One line that stands for a hundred weighs as much as a hundred lines.
    return tuple(sorted(groups, key=lambda group: (-(group.count + group.folded) * WEIGHTS[group.rule.severity], group.rule.code)))


def _group(rule: Rule, found: pl.DataFrame, night: tuple[date, int]) -> RuleGroup:
    day, folded = night
    named = found.drop_nulls("class_name").group_by("class_name").len()
    classes = sorted(named.iter_rows(), key=lambda item: (-item[1], class_order(item[0])))
    return RuleGroup(
        rule=rule,
        count=found.height,
        new=found.filter(pl.col("first_seen") == day.isoformat()).height,
        classes=() if is_sensitive(rule) else tuple(classes),
        class_count=len(classes),
        folded=folded,
    )


def is_sensitive(rule: Rule) -> bool:
    """Whether a rule looks at health, ethnic origin or disability (PL-2): then even a class may point to a child."""
    columns = {column.name: column for column in TABLES[rule.table].columns} if rule.table in TABLES else {}
    column = columns.get(rule.column)
    return rule.column in SENSITIVE_COUNTS or (column is not None and column.personal_data is PersonalData.SENSITIVE)


def _lines(findings: pl.DataFrame, by: str, pupils: Mapping[str, int]) -> tuple[Line, ...]:
    counts: dict[str, dict[Severity, int]] = {name: dict.fromkeys(Severity, 0) for name in pupils}
    for name, severity, count in findings.drop_nulls(by).group_by(by, "severity").len().iter_rows():
        counts.setdefault(name, dict.fromkeys(Severity, 0))[Severity(severity)] = count
    lines = [Line(name, of_name, pupils.get(name, 0)) for name, of_name in counts.items()]
    return tuple(sorted(lines, key=lambda line: (-line.total, line.name)))


def _class_lines(content: ReportContent) -> tuple[Line, ...]:
    classes = pupils_at_school(content.snapshot).drop_nulls("class_name").group_by("class_name").len()
    lines = _lines(content.result.open, "class_name", dict(classes.iter_rows()))
    return tuple(sorted(lines, key=lambda line: class_order(line.name)))


def _rule_lines(content: ReportContent, counts: Mapping[str, int]) -> tuple[RuleLine, ...]:
    lines = [RuleLine(rule, content.examined.get(rule.code, 0), counts.get(rule.code, 0)) for rule in content.rules]
    tables = list(TABLES)
    return tuple(
        sorted(lines, key=lambda line: (tables.index(line.rule.table) if line.rule.table in tables else len(tables), line.rule.code))
    )


def _waived_lines(content: ReportContent) -> tuple[WaivedLine, ...]:
    rules = {rule.code: rule for rule in content.rules}
    counted = content.waived.filter(pl.col("rule").is_in(list(rules))).group_by("rule").agg(pl.len(), pl.col("until").min())
    return tuple(WaivedLine(rules[rule], count, date.fromisoformat(until)) for rule, count, until in counted.sort("rule").iter_rows())


def _root_lines(content: ReportContent) -> tuple[RootLine, ...]:
    """Causes that stand for other findings, those for most first."""
    rules = {rule.code: rule for rule in content.rules}
    counts = content.folded.group_by(pl.col(ROOT).name.replace("^root_", "")).agg(folded=pl.len())
    told = content.findings.join(counts, on=IDENTITY, nulls_equal=True).filter(pl.col("rule").is_in(list(rules)))
    ranked = told.sort(pl.col("folded"), *IDENTITY, descending=[True, *(False for _ in IDENTITY)])
    return tuple(RootLine(rules[row["rule"]], row["table"], row["column"], row["folded"]) for row in ranked.iter_rows(named=True))


def _change(content: ReportContent) -> Change | None:
    if not content.earlier:
        return None
    last = content.earlier[-1]
    still = content.result.open.filter(pl.col("nights_open") > 1).height
    before = sum(severities_of(last).values())
    # What was signed since is no longer open and yet not gone.
    signed = content.waived.filter(pl.col("nights_open") > 1).height - sum(last.get("waived", {}).values())
    gone = max(before - still - max(signed, 0), 0)
    return Change(since=day_of(last), new=content.result.open.height - still, gone=gone, still=still)
