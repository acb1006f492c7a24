"""One root cause, told once: a lost column, lines without anything in them, a sheet that is wrong throughout in the same way.

What such a cause stands for leaves the list and is kept beside it (FOLDED_SCHEMA), so that totals add up and rows stay
held. Three causes are known:

- NN-1, a column without values in a sheet: as if the system did not deliver it there. What is folded are findings of
  rules that need the column, on the empty cells of that sheet; once no sheet of the system has a value, all of them,
  also those on other tables.
- NN-2, lines that tell of nobody: one finding per sheet, with everything that is found on those lines.
- one rule that fails on wholly all filled cells of a column in a sheet (all phones lost their leading zero): the rule
  itself tells it once, under the key `file#sheet#column`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.systems import TOGETHER
from connectors.records.tables import TABLES
from expectations.findings import FINDING_SCHEMA, FOLDED_SCHEMA, IDENTITY, SORTED_BY, ordered
from expectations.rule import Severity
from expectations.rules.root_causes import CLOSE_TOGETHER, FEWEST_ROWS, WHOLLY
from expectations.views.sheets import SHEET, VIEWS, base_of, rows_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expectations.check import QualityResult
    from expectations.rule import Rule
    from expectations.views.scene import Scene

PLACE_OF_SHEET = ["system", "source_file", "source_sheet"]
BY_WEIGHT = [severity.value for severity in Severity]  # the gravest first
AT = "at"  # a finding's place in the list, while causes are looked for


def is_cause(rule: Rule) -> bool:
    """Whether a rule tells causes: it is asked here, not in the scan of single rows."""
    return rule.view in VIEWS


def told_once(scene: Scene, rules: Sequence[Rule], result: QualityResult) -> QualityResult:
    """The result with every known cause told once. The same scene, rules and findings give the same result."""
    single = result.findings.with_row_index(AT)
    examined, causes, folded = dict(result.examined), [], []
    for rule in sorted(filter(is_cause, rules), key=lambda rule: rule.code, reverse=True):  # lines before the columns they leave empty
        frame = VIEWS[rule.view].build(scene).collect()
        examined[rule.code] = _rows(scene) if rule.view == "keyless_rows" else frame.height
        lines = frame.filter(rule.condition)
        told, stood_for = _blank_lines(rule, lines, single) if rule.view == "keyless_rows" else _lost_columns(rule, lines, (single, rules))
        causes.append(told)
        folded.append(stood_for)
        single = single.filter(~pl.col(AT).is_in(stood_for[AT].implode()))
    told, stood_for = _wrong_throughout(scene, single)
    causes, folded = [*causes, told], [*folded, stood_for]
    if all(frame.is_empty() for frame in causes):  # as on most nights: the findings stand in their order already
        return replace(result, examined=examined)
    single = single.filter(~pl.col(AT).is_in(stood_for[AT].implode()))
    kept = pl.concat(folded).select(list(FOLDED_SCHEMA)).sort(SORTED_BY, nulls_last=False)
    gravest = _as_grave_as(pl.concat(causes), kept)
    return replace(result, findings=ordered(pl.concat([single.drop(AT), gravest])), examined=examined, folded=kept)


def _rows(scene: Scene) -> int:
    """All rows of the night: each was asked whether it tells of anybody."""
    counts = pl.collect_all([rows_asked(scene, table).select(pl.len()) for table in TABLES])
    return sum(int(count.item()) for count in counts)


def _as_grave_as(causes: pl.DataFrame, folded: pl.DataFrame) -> pl.DataFrame:
    """Causes with the gravest severity of what they stand for: telling a thing once must not make it lighter."""
    rank = {name: index for index, name in enumerate(BY_WEIGHT)}
    graves = folded.group_by(f"root_{name}" for name in IDENTITY).agg(
        grave=pl.col("severity").replace_strict(rank, return_dtype=pl.Int64).min()
    )
    joined = causes.join(graves, left_on=IDENTITY, right_on=[f"root_{name}" for name in IDENTITY], how="left", nulls_equal=True)
    own = pl.col("severity").replace_strict(rank, return_dtype=pl.Int64)
    names = dict(enumerate(BY_WEIGHT))
    return joined.with_columns(severity=pl.min_horizontal(own, "grave").replace_strict(names, return_dtype=pl.String)).select(
        list(FINDING_SCHEMA)
    )


def _blank_lines(rule: Rule, lines: pl.DataFrame, single: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One finding per table and sheet with lines that tell of nobody, and what is found on those lines."""
    sheets = lines.group_by("table_name", *SHEET).agg(
        rows=pl.len(), source_row=pl.col("source_row").min(), last_row=pl.col("source_row").max()
    )
    told = _told(rule, sheets.with_columns(key=_key("source_row"), column=pl.lit(rule.column), counted=_counted("dòng trống")))
    same = ["table_name", *SHEET]
    causes = sheets.select(*same, root_key=_key("source_row"))
    of_lines = lines.join(causes, on=same, nulls_equal=True).unique([*same, "source_row"])
    on = ["table", "system", *PLACE_OF_SHEET[1:], "source_row"]
    found = single.join(of_lines, left_on=on, right_on=[*same, "source_row"], nulls_equal=True)
    return told, _folded(found, root_rule=pl.lit(rule.code), root_system=pl.col("system"), root_table=pl.col("table"))


def _lost_columns(rule: Rule, lost: pl.DataFrame, found: tuple[pl.DataFrame, Sequence[Rule]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One finding per sheet and lost column, and what rules that need the column say of its empty cells."""
    single, rules = found
    told = _told(rule, lost.with_columns(key=_key("column_name"), column="column_name", counted=_counted("dòng, không có giá trị")))
    needs = pl.DataFrame(list(_needs(rules)), schema=dict.fromkeys(["rule", "table_name", "column_name"], pl.String), orient="row")
    causes = lost.with_columns(root_key=_key("column_name"), in_sheet=pl.struct(SHEET[1:])).join(needs, on=["table_name", "column_name"])
    beside = single.with_columns(in_sheet=pl.struct(PLACE_OF_SHEET[1:])).join(causes, on="rule", suffix="_of_cause")
    of_system = pl.col("system").str.split(TOGETHER).list.contains(pl.col("source_system"))
    same_sheet = (pl.col("system") == pl.col("source_system")) & (pl.col("in_sheet") == pl.col("in_sheet_of_cause"))
    nowhere = pl.col("filled_anywhere") == 0
    # Where the cell itself is shown it must be empty; where the rule shows another one, no row of the sheet may have had a value.
    shown = (pl.col("table") == pl.col("table_name")) & pl.col("shown").eq(pl.col("column_name"))
    empty = pl.when(shown).then(pl.col("value").is_null()).otherwise(pl.col("filled") == 0)
    based = beside.with_columns(shown=_base_of_column())
    matching = based.filter(of_system & (same_sheet | nowhere) & empty).sort(AT, ~same_sheet, "root_key", "table_name")
    first = matching.unique(AT, keep="first", maintain_order=True)
    return told, _folded(first, root_rule=pl.lit(rule.code), root_system=pl.col("source_system"), root_table=pl.col("table_name"))


def _base_of_column() -> pl.Expr:
    """The delivered column that the shown one is made from."""
    derived = {f"{name}.{column.name}": base_of(name, column.name) for name, table in TABLES.items() for column in table.own}
    return pl.concat_str("table", "column", separator=".").replace_strict(derived, default=pl.col("column"), return_dtype=pl.String)


def _needs(rules: Iterable[Rule]) -> Iterable[tuple[str, str, str]]:
    """Rule, table and delivered column, once each."""
    pairs = {(rule.code, *_table_and_column(rule, need)) for rule in rules for need in rule.needs}
    return sorted((code, table, base_of(table, column)) for code, table, column in pairs) if pairs else []


def _table_and_column(rule: Rule, need: str) -> tuple[str, str]:
    table, dot, column = need.partition(".")
    return (table, column) if dot else (rule.table, need)


def _wrong_throughout(scene: Scene, single: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rules that fail on wholly all filled cells of a column in a sheet, each told once, and what they said row by row."""
    same = ["rule", "table", *PLACE_OF_SHEET, "column"]
    real = [f"{name}.{column}" for name, table in TABLES.items() for column in table.names]
    of_cells = single.filter(pl.col("value").is_not_null() & pl.concat_str("table", "column", separator=".").is_in(real))
    groups = of_cells.group_by(same).agg(
        failing=pl.col("source_row").n_unique(), first=pl.col("source_row").min(), last_row=pl.col("source_row").max()
    )
    # Lines that lie close together: without this look at the findings alone, every check would have to count every sheet.
    dense = groups.filter(
        (pl.col("failing") >= FEWEST_ROWS) & (pl.col("failing") >= CLOSE_TOGETHER * (pl.col("last_row") - pl.col("first") + 1))
    )
    filled = pl.concat(
        [_filled(scene, *place) for place in dense.select("table", "column").unique().sort("table", "column").rows()] or [_NO_SHEET]
    )
    whole = dense.join(filled, on=["table", *PLACE_OF_SHEET, "column"], nulls_equal=True).filter(
        pl.col("failing") >= WHOLLY * pl.col("filled")
    )
    found = of_cells.join(whole.select(*same, "failing", "last_row", "filled"), on=same, nulls_equal=True)
    key = pl.concat_str([pl.col(name).fill_null("") for name in (*PLACE_OF_SHEET[1:], "column")], separator="#")
    folded = _folded(found.with_columns(root_key=key), root_rule=pl.col("rule"), root_system=pl.col("system"), root_table=pl.col("table"))
    counted = pl.format("{} trên {} ô có giá trị, dòng {}–{}", "failing", "filled", "source_row", "last_row")
    first = found.sort("source_row", *IDENTITY).unique(same, keep="first", maintain_order=True)
    told = first.with_columns(
        key=key, value=counted, class_name=pl.lit(None, pl.String), expected=pl.lit("như nhau ở cả trang: sửa một lần ở nguồn")
    )
    return told.select(list(FINDING_SCHEMA)), folded


_NO_SHEET = pl.DataFrame(schema={**dict.fromkeys(["table", *PLACE_OF_SHEET, "column"], pl.String), "filled": pl.Int64})


def _filled(scene: Scene, table: str, column: str) -> pl.DataFrame:
    """How many cells of a column each sheet has filled."""
    counted = scene.table(table).group_by(SHEET).agg(filled=pl.col(column).count().cast(pl.Int64)).collect()
    named = counted.rename({"source_system": "system"}).with_columns(table=pl.lit(table), column=pl.lit(column))
    return named.select(_NO_SHEET.columns)


def _key(column: str) -> pl.Expr:
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in (*SHEET[1:], column)]
    return pl.concat_str(parts, separator="#")


def _counted(what: str) -> pl.Expr:
    lines = pl.format("dòng {}–{}", "source_row", "last_row")
    one = pl.format("dòng {}", "source_row")
    return pl.format("{} {}: {}", "rows", pl.lit(what), pl.when(pl.col("rows") == 1).then(one).otherwise(lines))


def _told(rule: Rule, causes: pl.DataFrame) -> pl.DataFrame:
    """Causes (key, column, counted, table_name and the place of their first row) as findings of their rule."""
    words = {"article": rule.article, "severity": rule.severity.value, "message": rule.message, "fix": rule.fix, "owner": rule.owner.value}
    texts = {"rule": rule.code, "expected": str(rule.expected), **words}
    named = causes.select(
        "key", "column", *SHEET[1:], "source_row", value="counted", table="table_name", system="source_system",
        **{name: pl.lit(text) for name, text in texts.items()},
    )  # fmt: skip
    empty = [pl.lit(None).alias(name) for name in FINDING_SCHEMA if name not in named.columns]
    return named.with_columns(empty).select(pl.col(name).cast(dtype) for name, dtype in FINDING_SCHEMA.items())


def _folded(found: pl.DataFrame, **root: pl.Expr) -> pl.DataFrame:
    """Findings with the identity of their cause (`root_key` is there already), and where they stood in the list."""
    return found.with_columns(**root).select(AT, *FOLDED_SCHEMA)
