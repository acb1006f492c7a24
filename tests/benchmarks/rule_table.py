"""Thirty rules over a table of marks, as plain data that every engine can be given, and the table itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from connectors.records.snapshot import SourceState, write_snapshot
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)
PUPILS = 200_000
SEED = 27
WRONG = 0.0005  # of the cells of each column: about one row in a hundred breaks a rule
TIMES = ("GK1", "CK1", "GK2", "CN")
SUBJECTS = ("TV", "TO", "NN1", "DD", "TNXH", "LSDL", "KH", "THCN", "GDTC", "NT", "HDTN")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YEAR_STARTS, YEAR_ENDS = datetime(2026, 9, 5), datetime(2027, 5, 31)  # noqa: DTZ001 - as the table keeps them, of the school's zone


@dataclass(frozen=True)
class Spec:
    """What must hold: `kind` over `columns`, for the rows whose `where` column is one of its values.

    Kinds: full (not missing), in (a set), like (a regular expression), between (two bounds), unique, known
    (of the pupils' table). A missing value breaks only `full`.
    """

    code: str
    kind: str
    columns: tuple[str, ...]
    wanted: tuple[Any, ...] = ()
    where: tuple[str, tuple[Any, ...]] | None = None

    @property
    def column(self) -> str:
        return self.columns[0]


SPECS: tuple[Spec, ...] = (
    *(
        Spec(f"F{number}", "full", (column,))
        for number, column in enumerate(("pupil_code", "class_name", "grade", "subject", "time", "attempt", "entered_by", "entered_at"))
    ),
    Spec("S0", "in", ("time",), TIMES),
    Spec("S1", "in", ("level",), ("T", "H", "C")),
    Spec("S2", "in", ("subject",), SUBJECTS),
    Spec("S3", "in", ("attempt",), (1, 2)),
    Spec("R0", "like", ("pupil_code",), ("^[0-9]{10}$",)),
    Spec("R1", "like", ("class_name",), ("^[1-5][A-Z]$",)),
    Spec("R2", "like", ("entered_by",), ("^GV[0-9]{3}$",)),
    Spec("R3", "like", ("score",), ("^(?:10|[0-9])$",)),
    Spec("R4", "like", ("subject",), ("^[A-Z][A-Z0-9]+$",)),
    Spec("B0", "between", ("grade",), (1, 5)),
    Spec("B1", "between", ("score_value",), (0.0, 10.0)),
    Spec("B2", "between", ("attempt",), (1, 3)),
    Spec("B3", "between", ("entered_at",), (YEAR_STARTS, YEAR_ENDS)),
    Spec("P0", "between", ("score_value",), (7.0, 10.0), ("level", ("T",))),
    Spec("P1", "between", ("score_value",), (5.0, 10.0), ("level", ("H",))),
    Spec("P2", "between", ("score_value",), (0.0, 4.0), ("level", ("C",))),
    Spec("P3", "like", ("class_name",), ("^1",), ("grade", (1,))),
    Spec("P4", "like", ("class_name",), ("^5",), ("grade", (5,))),
    Spec("P5", "full", ("score",), (), ("subject", ("TV", "TO"))),
    Spec("P6", "full", ("level",), (), ("time", ("GK1", "CN"))),
    Spec("U0", "unique", ("pupil_code", "subject", "time", "attempt")),
    Spec("K0", "known", ("pupil_code",)),
)
CARRIED = tuple(dict.fromkeys(column for spec in SPECS for column in spec.columns))


def write_tables(folder: Path, rows: int) -> Path:
    """A snapshot with that many marks and 200 thousand pupils; the same for the same number."""
    if not folder.exists():
        state = SourceState("qlnt", DAY, {name: TABLES[name].names for name in ("pupils", "marks")})
        write_snapshot(folder, DAY, {"pupils": _pupils(), "marks": _marks(rows)}, {"qlnt": state})
    return folder


def _pupils() -> pl.DataFrame:
    codes = pl.Series("pupil_code", range(7_900_000_000, 7_900_000_000 + PUPILS)).cast(pl.String)
    return pl.DataFrame({"pupil_code": codes}).with_columns(source_system=pl.lit("qlnt"))


def _marks(rows: int) -> pl.DataFrame:
    chance = np.random.default_rng(SEED)
    number = np.arange(rows)
    number[1:] -= chance.random(rows - 1) < WRONG  # a row entered twice
    # Every pupil has every subject at every time once; after that a second attempt, and so on.
    pupil, rest = number % PUPILS, number // PUPILS
    pupil[chance.random(rows) < WRONG] += PUPILS  # of no pupil
    subject, rest = rest % len(SUBJECTS), rest // len(SUBJECTS)
    time, attempt = rest % len(TIMES), 1 + rest // len(TIMES)
    value = chance.integers(0, 11, rows)
    minutes = chance.integers(0, int((YEAR_ENDS - YEAR_STARTS).total_seconds() // 60), rows)
    grade = 1 + pupil % 5
    frame = pl.DataFrame(
        {
            "pupil_code": pl.Series(7_900_000_000 + pupil).cast(pl.String),
            "class_name": pl.Series(grade).cast(pl.String) + pl.Series(pupil // 5 % 26).replace_strict(dict(enumerate(LETTERS))),
            "grade": grade,
            "subject": pl.Series(subject).replace_strict(dict(enumerate(SUBJECTS))),
            "time": pl.Series(time).replace_strict(dict(enumerate(TIMES))),
            "level": pl.Series(np.select([value >= 7, value >= 5], [0, 1], 2)).replace_strict({0: "T", 1: "H", 2: "C"}),
            "score_value": value.astype(float),
            "attempt": attempt,
            "entered_by": "GV" + pl.Series(100 + pupil % 900).cast(pl.String),
            "minutes": minutes,
        }
    ).with_columns(entered_at=pl.lit(YEAR_STARTS, pl.Datetime("us")) + pl.duration(minutes="minutes"))
    wrong = {
        "pupil_code": "79",
        "class_name": "6B",
        "grade": 6,
        "subject": "xx",
        "time": "HK3",
        "level": "Đ",
        "score_value": 10.5,
        "attempt": 4,
    }
    wrong |= {"entered_by": "cô Hoa", "entered_at": datetime(2028, 1, 1)}  # noqa: DTZ001 - as above
    frame = frame.select(_spoilt(frame, column, value, chance) for column, value in wrong.items())
    whole = pl.col("score_value") % 1 == 0
    score = pl.when(whole).then(pl.col("score_value").cast(pl.Int64).cast(pl.String)).otherwise(pl.col("score_value").cast(pl.String))
    places = {"source_system": pl.lit("qlnt"), "source_file": pl.lit("qlnt.sqlite"), "source_sheet": pl.lit("diem")}
    return frame.with_columns(score=score, level_text="level", source_row=pl.int_range(pl.len(), dtype=pl.Int64), **places)


def _spoilt(frame: pl.DataFrame, column: str, wrong: Any, chance: np.random.Generator) -> pl.Series:
    """A column with a few wrong and a few missing cells."""
    fate = pl.Series(chance.random(frame.height))
    spoilt = pl.when(fate < WRONG).then(pl.lit(wrong)).when(fate < 2 * WRONG).then(None).otherwise(pl.col(column))
    return frame.select(spoilt.alias(column)).to_series()


def facts(folder: Path) -> dict[str, Any]:
    """Rows and bytes of the table."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {"rows": manifest["tables"]["marks"]["rows"], "bytes": (folder / "marks.parquet").stat().st_size}
