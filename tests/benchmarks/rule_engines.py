"""The same thirty rules in every engine: `python -m tests.benchmarks.rule_engines ENGINE FOLDER RUNS`.

Every engine starts from the Parquet files and ends with the rows (`source_row`) that break each rule. Prints
one line of JSON: wall and processor seconds of every run, peak memory, and a digest of the rows found.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tests.benchmarks.rule_table import CARRIED, DAY, SPECS, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Found = dict[str, Any]  # rule -> the source_row of every row that breaks it
UNIQUE = next(spec for spec in SPECS if spec.kind == "unique")
CODES = [spec.code for spec in SPECS]
PLACE = ("source_system", "source_file", "source_sheet", "source_row")


def broken(spec: Spec) -> pl.Expr:
    """A rule as a Polars condition, True where it is broken."""
    column = pl.col(spec.column)
    ways: dict[str, Callable[[], pl.Expr]] = {
        "full": column.is_null,
        "in": lambda: ~column.is_in(list(spec.wanted)),
        "like": lambda: ~column.str.contains(spec.wanted[0]),
        "between": lambda: ~column.is_between(*spec.wanted),
        "unique": lambda: pl.col("copies") > 1,
        "known": lambda: column.is_not_null() & pl.col("known").is_null(),
    }
    rows = pl.col(spec.where[0]).is_in(list(spec.where[1])) if spec.where else pl.lit(value=True)
    return (rows & ways[spec.kind]()).fill_null(value=False)


def joined(marks: pl.LazyFrame, pupils: pl.LazyFrame) -> pl.LazyFrame:
    """Marks with `known` (a pupil of the school) and `copies` (rows with the same key; null for a single one)."""
    known = pupils.select("pupil_code", known=pl.lit(value=True))
    whole = pl.all_horizontal(pl.col(column).is_not_null() for column in UNIQUE.columns)
    copies = marks.filter(whole).group_by(UNIQUE.columns).agg(copies=pl.len()).filter(pl.col("copies") > 1)
    return marks.join(known, on="pupil_code", how="left").join(copies, on=list(UNIQUE.columns), how="left")


def tables(folder: Path) -> pl.LazyFrame:
    return joined(pl.scan_parquet(folder / "marks.parquet"), pl.scan_parquet(folder / "pupils.parquet"))


def floor(folder: Path) -> Found:
    """Nothing but reading the columns that the rules name."""
    pl.scan_parquet(folder / "marks.parquet").select(pl.col(*CARRIED, "source_row").hash().sum()).collect(engine="streaming")
    return {}


def bare_polars(folder: Path) -> Found:
    """The conditions written by hand in one pass: how many rows were looked at, and the place of each that breaks a rule."""
    frame, flags = tables(folder), [broken(spec).alias(spec.code) for spec in SPECS]
    failing = frame.select(*PLACE, *flags).filter(pl.any_horizontal(CODES))
    failing, _ = pl.collect_all([failing, frame.group_by("source_system").agg(rows=pl.len())], engine="streaming")
    return {code: failing.filter(code)["source_row"] for code in CODES}


def ours(folder: Path) -> Found:
    """The product's own way: `check()` on the snapshot, with these rules as rules of the catalogue are written."""
    from connectors.records.snapshot import open_snapshot
    from expectations import check as checking
    from expectations.views.scene import View
    from infra.settings import Limits

    place = pl.concat_str([pl.col(name).cast(pl.String) for name in ("source_file", "source_sheet", "source_row")], separator="#")
    view = View(build=lambda scene: joined(scene.table("marks"), scene.table("pupils")), key=place, class_name="class_name")
    checking.VIEWS = {"bench": view}  # type: ignore[misc] # the view of this table alone
    result = checking.check(open_snapshot(folder), [_as_rule(spec) for spec in SPECS], checking.CheckContext(DAY, Limits()))
    told = result.findings.select("rule", "source_row")
    return {code: told.filter(pl.col("rule") == code)["source_row"] for code in CODES}


def _as_rule(spec: Spec) -> Any:
    from expectations.rule import Owner, Rule, Severity

    return Rule(
        code=spec.code, article="TT 27/2020/TT-BGDĐT Điều 7", table="marks", view="bench", severity=Severity.REVIEW, column=spec.column,
        message="Ô này không như quy định, đề nghị xem lại", fix="QLNT › Sổ điểm: đối chiếu, sửa rồi lưu", owner=Owner.SUBJECT_TEACHER,
        condition=broken(spec), needs=spec.columns,
    )  # fmt: skip


def duckdb_sql(folder: Path) -> Found:
    import duckdb

    whole = " and ".join(f"{column} is not null" for column in UNIQUE.columns)
    keys, flags = ", ".join(UNIQUE.columns), ", ".join(f"coalesce({_sql(spec)}, false) as {spec.code}" for spec in SPECS)
    query = f"""
        with marks as (select * from read_parquet('{folder}/marks.parquet')),
        pupils as (select pupil_code, true as known from read_parquet('{folder}/pupils.parquet')),
        twice as (select {keys}, count(*) as copies from marks where {whole} group by {keys} having count(*) > 1),
        flagged as (select {", ".join(PLACE)}, {flags} from marks left join pupils using (pupil_code) left join twice using ({keys}))
        select * from flagged where {" or ".join(CODES)}
    """  # noqa: S608 - our own names
    failing = duckdb.sql(query).pl()
    duckdb.sql(f"select source_system, count(*) from read_parquet('{folder}/marks.parquet') group by 1").fetchall()  # noqa: S608
    return {code: failing.filter(code)["source_row"] for code in CODES}


def _sql(spec: Spec) -> str:
    column, listed = spec.column, lambda values: ", ".join(_literal(value) for value in values)
    ways = {
        "full": f"{column} is null",
        "in": f"{column} not in ({listed(spec.wanted)})",
        "like": f"not regexp_matches({column}, {_literal(spec.wanted[0]) if spec.wanted else ''})",
        "between": f"{column} not between {' and '.join(_literal(value) for value in spec.wanted)}",
        "unique": "copies > 1",
        "known": f"{column} is not null and known is null",
    }
    rows = f"{spec.where[0]} in ({listed(spec.where[1])}) and " if spec.where else ""
    return f"{rows}{ways[spec.kind]}"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def dataframely(folder: Path) -> Found:
    import dataframely as dy

    columns = {"copies": dy.UInt32(nullable=True), "known": dy.Bool(nullable=True), "source_row": dy.Int64(nullable=True)}
    columns |= {name: _dataframely_column(name) for name in CARRIED}
    rules = {spec.code: dy.rule()(lambda _, spec=spec: ~broken(spec)) for spec in SPECS}
    schema = type("Marks", (dy.Schema,), {**columns, **rules})
    _, failure = schema.filter(tables(folder).select(*columns).collect(engine="streaming"))
    details = failure.details()
    return {code: details.filter(pl.col(code) == "invalid")["source_row"] for code in CODES}


def _dataframely_column(name: str) -> Any:
    import dataframely as dy

    if name == "entered_at":
        return dy.Datetime(nullable=True, time_unit="us")
    return {"grade": dy.Int64, "attempt": dy.Int64, "score_value": dy.Float64}.get(name, dy.String)(nullable=True)


def pointblank(folder: Path) -> Found:
    import pointblank as pb

    validation = pb.Validate(tables(folder).collect(engine="streaming"))
    for spec in SPECS:
        validation = _pointblank_step(validation, spec)
    extracts = validation.interrogate(extract_limit=sys.maxsize).get_data_extracts()
    return {spec.code: extracts[at]["source_row"] if len(extracts[at]) else [] for at, spec in enumerate(SPECS, start=1)}


def _pointblank_step(validation: Any, spec: Spec) -> Any:
    if spec.where is None and spec.kind == "full":
        return validation.col_vals_not_null(spec.column)
    if spec.where is None and spec.kind == "like":
        return validation.col_vals_regex(spec.column, spec.wanted[0], na_pass=True)
    if spec.where is None and spec.kind == "between" and spec.column != "entered_at":
        return validation.col_vals_between(spec.column, *spec.wanted, na_pass=True)
    return validation.col_vals_expr(~broken(spec))


def scanned_pandas(folder: Path) -> Any:
    """Both tables in pandas, joined there, each row numbered by its index."""
    import pandas as pd

    marks = pd.read_parquet(folder / "marks.parquet", columns=[*CARRIED, "source_row"])
    pupils = pd.read_parquet(folder / "pupils.parquet", columns=["pupil_code"])
    marks["known"] = marks["pupil_code"].isin(pupils["pupil_code"])
    return marks


def broken_in_pandas(frame: Any, spec: Spec) -> Any:
    """A rule as a pandas condition, True where it is broken."""
    column = frame[spec.column]
    ways: dict[str, Callable[[], Any]] = {
        "full": column.isna,
        "in": lambda: column.notna() & ~column.isin(spec.wanted),
        "like": lambda: column.notna() & ~column.str.contains(spec.wanted[0], na=True),
        "between": lambda: column.notna() & ~column.between(*spec.wanted),
        "unique": lambda: frame[list(spec.columns)].notna().all(axis=1) & frame.duplicated(list(spec.columns), keep=False),
        "known": lambda: column.notna() & ~frame["known"],
    }
    result = ways[spec.kind]()
    return result & frame[spec.where[0]].isin(spec.where[1]) if spec.where else result


ENGINES: Mapping[str, Callable[[Path], Found]] = {
    "floor": floor,
    "ours": ours,
    "bare Polars": bare_polars,
    "bare DuckDB": duckdb_sql,
    "dataframely": dataframely,
    "pointblank": pointblank,
}


def main(name: str, folder: str, runs: str) -> None:
    warnings.simplefilter("ignore")
    from tests.benchmarks.rule_engines_slow import SLOW_ENGINES

    engine, wall, processor = {**ENGINES, **SLOW_ENGINES}[name], [], []
    found: Found = {}
    for _ in range(int(runs)):
        found = {}  # not two results at a time
        started, used = time.perf_counter(), time.process_time()
        found = engine(Path(folder))
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    rows = {code: sorted(int(row) for row in found[code]) for code in sorted(found)}
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    counts = {code: len(of_rule) for code, of_rule in rows.items()}
    print(json.dumps({"wall": wall, "processor": processor, "peak_mb": peak, "digest": digest, "counts": counts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
