"""Sheets as a whole: how much of each column is filled that every row should fill, and rows that tell of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.cleaning import DERIVED
from connectors.records.column import PersonalData
from connectors.records.tables import TABLES
from expectations.views.programme import subject_facts
from expectations.views.scene import PLACE, Scene, View

if TYPE_CHECKING:
    from collections.abc import Mapping

SHEET = ["source_system", "source_file", "source_sheet"]
# Columns that every row fills where a system has the column at all. What many rows rightly leave empty (disability, a
# reward, a reason) is not here: an empty column says nothing there.
FILLED_IN_EVERY_ROW: Mapping[str, tuple[str, ...]] = {
    "pupils": (
        "pupil_code", "personal_number", "full_name", "birth_date", "sex", "ethnicity", "permanent_address", "contact_phone", "class_name",
        "grade", "status",
    ),
    "guardians": ("pupil_code", "full_name", "birth_year", "phone"),
    "classes": ("class_name", "grade", "homeroom_code"),
    "movements": ("pupil_code", "kind", "date"),
    "assignments": ("class_name", "subject", "staff_code"),
    "marks": ("pupil_code", "subject", "level"),
    "traits": ("pupil_code", "trait", "level"),
    "year_results": ("pupil_code", "result"),
    "attendance": ("pupil_code", "excused", "unexcused"),
    "health": ("pupil_code", "height_cm", "weight_kg"),
    "staff": ("staff_code", "personal_number", "full_name", "birth_date", "sex", "position", "qualification", "contract", "status"),
    "ratings": ("staff_code", "civil_rating"),
    "accounts": ("username", "owner_code"),
}  # fmt: skip
# Systems fill these by themselves, also in a line that nobody has written anything into.
PREFILLED = frozenset({"nationality", "not_assessed"})


def as_delivered(table: str, column: str) -> str:
    """The column that keeps what was delivered, where a typed one cannot hold a wrong value."""
    text = f"{column}_text"
    return text if (table, text) in DERIVED else column


def base_of(table: str, column: str) -> str:
    """The delivered column that a column is made from; itself where it is made from none."""
    return DERIVED[table, column][0] if (table, column) in DERIVED else column


def rows_asked(scene: Scene, table: str) -> pl.LazyFrame:
    """A table's rows of the systems that took part in the night."""
    return scene.table(table).filter(pl.col("source_system").is_in(sorted(scene.snapshot.sources)))


def sheet_columns(scene: Scene) -> pl.LazyFrame:
    """One row per sheet and column that every due row should fill, of systems that have the column in some sheet.

    table_name, column_name, rows, filled, filled_anywhere (in all sheets of the system), last_row, and the place of the first row.
    """
    counted = [_counted(_due(scene, table), table, columns) for table, columns in FILLED_IN_EVERY_ROW.items() if scene.has_rows(table)]
    tested = [_counted(_tested(scene), "marks", ("score",))] if scene.has_rows("marks") else []
    delivered = [
        (system, table, base_of(table, column))
        for system, state in scene.snapshot.sources.items()
        for table, columns in state.delivered.items()
        for column in columns
    ]
    same = ["source_system", "table_name", "column_name"]
    has = pl.LazyFrame(delivered, schema=dict.fromkeys(same, pl.String), orient="row").unique().with_columns(has=pl.lit(value=True))
    every = pl.concat([_nothing(), *counted, *tested]).with_columns(filled_anywhere=pl.col("filled").sum().over(same))
    return every.join(has, on=same, how="left").filter(pl.col("has") | (pl.col("filled_anywhere") > 0)).drop("has")


def _nothing() -> pl.LazyFrame:
    texts = dict.fromkeys([*SHEET, "table_name", "column_name"], pl.String)
    return pl.LazyFrame(schema={**texts, **dict.fromkeys(["source_row", "last_row", "rows", "filled"], pl.Int64)})


def _counted(rows: pl.LazyFrame, table: str, columns: tuple[str, ...]) -> pl.LazyFrame:
    filled = [pl.col(as_delivered(table, column)).count().alias(f"{column} ") for column in columns]
    place = {"first": pl.col("source_row").min(), "last_row": pl.col("source_row").max(), "rows": pl.len()}
    sheets = rows.group_by(SHEET).agg(*filled, **place)
    apart = sheets.unpivot([f"{column} " for column in columns], index=[*SHEET, *place], variable_name="column_name", value_name="filled")
    named = apart.with_columns(pl.col("column_name").str.strip_chars(), pl.lit(table).alias("table_name")).rename({"first": "source_row"})
    return named.select(pl.col(name).cast(dtype) for name, dtype in _nothing().collect_schema().items())


def _due(scene: Scene, table: str) -> pl.LazyFrame:
    """Rows that must be filled by tonight: an assessment or a month that is not yet due is not missing."""
    rows = rows_asked(scene, table)
    if table in ("marks", "traits"):
        return rows.filter(pl.col("time").is_in(list(scene.year.due_times(scene.day))))
    if table == "attendance":
        return rows.filter(pl.col("month").is_in(list(scene.year.due_months(scene.day))))
    return rows.filter(pl.lit(scene.year.results_are_due(scene.day))) if table == "year_results" else rows


def _tested(scene: Scene) -> pl.LazyFrame:
    """Due marks of subjects and times that have a test."""
    facts = subject_facts().lazy().select("subject", "grade", *(f"tested_{time}" for time in codes.TIMES))
    joined = _due(scene, "marks").join(facts, on=["subject", "grade"], how="left")
    return joined.filter(pl.any_horizontal((pl.col("time") == time) & pl.col(f"tested_{time}") for time in codes.TIMES))


def keyless_rows(scene: Scene) -> pl.LazyFrame:
    """Rows of any table without a code: table_name, told (how many columns say something of a person or a class), their place."""
    rows = [_keyless(scene, table) for table in TABLES if scene.has_rows(table)]
    schema = pl.Schema({"told": pl.UInt32(), "table_name": pl.String(), **{name: TABLES["pupils"].schema[name] for name in PLACE}})
    return pl.concat([pl.LazyFrame(schema=schema), *rows])


def _keyless(scene: Scene, table: str) -> pl.LazyFrame:
    own = TABLES[table].own
    telling = [column.name for column in own if column.personal_data is not PersonalData.PLAIN and column.name not in PREFILLED]
    keys = [name for name in TABLES[table].key if name in telling] or [TABLES[table].key[0]]
    rows = rows_asked(scene, table).filter(pl.all_horizontal(pl.col(keys).is_null()))
    told = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.UInt32) for name in telling)
    return rows.select(told.alias("told"), pl.lit(table).alias("table_name"), *PLACE)


VIEWS: Mapping[str, View] = {
    "sheet_columns": View(build=sheet_columns, key=pl.concat_str([*SHEET[1:], "column_name"], separator="#", ignore_nulls=False)),
    "keyless_rows": View(build=keyless_rows, key=pl.concat_str([*SHEET[1:], pl.col("source_row").cast(pl.String)], separator="#")),
}
