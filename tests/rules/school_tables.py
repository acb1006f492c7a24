"""Tables in, findings out: a snapshot from plain delivered rows, and what the rules say about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.cleaning import DERIVED, clean_table
from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from connectors.records.tables import PROVENANCE, TABLES
from expectations.check import CheckContext, QualityResult, check
from expectations.rules import all_rules
from infra.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from expectations.rule import Rule

DAY = date(2027, 5, 31)
Text = str | int | None
Row = dict[str, Text]
Tables = dict[str, list[Row]]
# Systems that the school has beside QLNT: a table's rows come from here where a test says nothing else.
HOME = {"staff": "staff", "ratings": "staff", "accounts": "staff", "health": "csdl"}
PLACE = tuple(column.name for column in PROVENANCE)
_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """Rows that stand for one sentence of the rules: of the rules it is `about`, exactly `finds` speak of `key`."""

    says: str
    key: str
    about: tuple[str, ...]
    finds: frozenset[str]
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    @property
    def passes(self) -> frozenset[str]:
        return frozenset(self.about) - self.finds


def case(says: str, key: str, about: Iterable[str], finds: str, **tables: Sequence[Row]) -> Case:
    """A case; `finds` holds rule codes parted by blanks."""
    return Case(says, key, tuple(about), frozenset(finds.split()), tables)


def found_by(item: Case, found: set[tuple[str, str]]) -> set[str]:
    """Which of the rules that a case is about speak of its key."""
    return {rule for rule in item.about if (rule, item.key) in found}


def next_code() -> str:
    """A pupil code that no other row of this test run has: the order of imports decides nothing but the code."""
    return f"79{next(_numbers):08d}"


def lettered(code: str | None) -> str:
    """A name of its own for every code, of letters only."""
    return "".join("abcdeghikl"[int(digit)] for digit in code or "" if digit.isdigit()).capitalize()


def pupil(code: str | None, **values: Text) -> Row:
    """A pupil of grade 3 with nothing to find fault with (2026-2027)."""
    tail = (code or "0")[-6:].rjust(6, "0")
    right: Row = {
        "pupil_code": code, "personal_number": f"079218{tail}", "full_name": f"Nguyễn {lettered(code)}",
        "birth_date": "2018-03-05", "sex": "Nam",
        "ethnicity": "Kinh", "nationality": "Việt Nam", "permanent_address": "Phường Minh Phụng", "contact_phone": f"0908{tail}",
        "class_name": "3A", "grade": 3, "enrolment_kind": "4", "status": "01",
    }  # fmt: skip
    return right | values


def guardian(code: str | None, **values: Text) -> Row:
    return {"pupil_code": code, "relation": "mẹ", "full_name": f"Trần {code}", "birth_year": 1988, "phone": "0912345678"} | values


def movement(code: str | None, kind: str, day: str, **values: Text) -> Row:
    return {"pupil_code": code, "kind": kind, "date": day, "place": "Trường Tiểu học Mẫu, TP.HCM", "reason": "01"} | values


def school_class(name: str, **values: Text) -> Row:
    return {"class_name": name, "grade": name[0], "school_year": "2026-2027", "homeroom_code": "GV001", "combined": "0"} | values


def mark(code: str, subject: str, time: str = "CN", level: Text = "T", score: Text = None, **values: Text) -> Row:
    place: Row = {"class_name": "3A", "grade": 3, "attempt": 1}
    return {"pupil_code": code, "subject": subject, "time": time, "level": level, "score": score} | place | values


def trait(code: str, name: str, time: str = "CN", level: Text = "T", **values: Text) -> Row:
    return {"pupil_code": code, "trait": name, "time": time, "level": level, "class_name": "3A", "grade": 3} | values


def result(code: str, value: Text, **values: Text) -> Row:
    passed = int(value in {"HTXS", "HTT", "HT"})
    reward = "HSXS" if value == "HTXS" else None
    usual: Row = {"class_name": "3A", "grade": 3, "reward": reward, "completed": passed, "promoted": passed}
    return {"pupil_code": code, "result": value} | usual | values


def staff(code: str | None, **values: Text) -> Row:
    right: Row = {
        "staff_code": code, "personal_number": "079185012345", "full_name": f"Lê {code}", "birth_date": "1985-04-01", "sex": "Nữ",
        "staff_group": "03", "position": "03", "qualification": "04", "contract": "01", "status": "01",
        "salary_grade": "V.07.03.29", "salary_step": "2", "salary_coefficient": "2,67", "leadership_allowance": "0",
        "incentive_allowance": "35", "highest_qualification": "04", "major": "Giáo dục tiểu học", "language_group": "01",
        "language_certificate": "01", "language_level": "A2", "standard_rating": "Khá", "self_rating": "Khá",
    }  # fmt: skip
    # born in 1985, a woman: century digit 1, year 85
    return {**right, "personal_number": "079185012345"} | values


def rating(code: str, year: str = "2026", **values: Text) -> Row:
    """A teacher's rating of a year: good, and good in the head's eyes."""
    right: Row = {"staff_code": code, "year": year, "self_rating": "Khá", "standard_rating": "Khá", "civil_rating": "HTTNV"}
    return right | values


def book(code: str, grade: int, times: Iterable[str], **values: Text) -> list[Row]:
    """Every compulsory subject of a grade at some times: T, and 10 where there is a test."""
    subjects = codes.compulsory_subjects(grade)
    where: Row = {"class_name": f"{grade}A", "grade": grade} | values
    return [
        mark(code, subject, time, "T", "10" if time in codes.tested_times(subject, grade) else None, **where)
        for time in times
        for subject in subjects
    ]


def character(code: str, grade: int, times: Iterable[str], **values: Text) -> list[Row]:
    """Every quality and competence of a grade at some times: T."""
    where: Row = {"class_name": f"{grade}A", "grade": grade} | values
    return [trait(code, name, time, "T", **where) for time in times for name, entry in codes.traits().items() if grade in entry.grades]


def merged(cases: Iterable[Case]) -> Tables:
    """The rows of many cases as one school's tables."""
    tables: Tables = defaultdict(list)
    for item in cases:
        for name, rows in item.tables.items():
            tables[name] += rows
    return tables


def snapshot_of(
    folder: Path, tables: Mapping[str, Sequence[Row]], day: date = DAY, delivered: Mapping[tuple[str, str], Sequence[str]] | None = None
) -> Snapshot:
    """A snapshot of delivered text, cleaned as connectors clean it.

    Every system delivers every column, but of a (system, table) in `delivered` only those named there.
    """
    limits = {place: frozenset(columns) for place, columns in (delivered or {}).items()}
    frames = {name: _frame(name, rows, limits) for name, rows in tables.items()}
    systems = sorted({system for frame in frames.values() for system in frame["source_system"].to_list()} | {"qlnt"})
    return write_snapshot(folder / "snapshot", day, frames, {system: _state(system, day, limits) for system in systems})


def cleaned_frame(table: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Delivered rows as the canonical table, with all of its columns."""
    return pl.concat([TABLES[table].schema.to_frame(), _frame(table, rows, {})], how="diagonal")


def _state(system: str, day: date, limits: Mapping[tuple[str, str], frozenset[str]]) -> SourceState:
    return SourceState(system, day, {name: tuple(limits.get((system, name), TABLES[name].names)) for name in TABLES})


def _frame(table: str, rows: Sequence[Row], limits: Mapping[tuple[str, str], frozenset[str]]) -> pl.DataFrame:
    own = [column.name for column in TABLES[table].own if (table, column.name) not in DERIVED]
    raw = [_delivered_row(table, own, row, index) for index, row in enumerate(rows, 1)]
    for row in raw:
        allowed = limits.get((str(row["source_system"]), table))
        row.update({name: None for name in own if allowed is not None and name not in allowed})
    schema = dict.fromkeys((*own, *PLACE), pl.String) | {"source_row": pl.Int64}
    return clean_table(table, pl.DataFrame(raw, schema=schema))


def _delivered_row(table: str, own: Sequence[str], row: Row, index: int) -> Row:
    if unknown := set(row) - {*own, *PLACE}:
        message = f"{table}: no column {sorted(unknown)}"
        raise ValueError(message)
    system = row.get("source_system") or HOME.get(table, "qlnt")
    texts: Row = {name: None if row.get(name) is None else str(row[name]) for name in own}
    place: Row = {"source_system": system, "source_file": str(system), "source_sheet": table, "source_row": index}
    return texts | place | {name: row[name] for name in PLACE if name in row}


def rules_named(names: Iterable[str]) -> list[Rule]:
    wanted = set(names)
    return [rule for rule in all_rules() if rule.code in wanted]


def checked(
    folder: Path, tables: Mapping[str, Sequence[Row]], day: date = DAY, rules: Iterable[str] = (), earlier: Sequence[Snapshot] = ()
) -> QualityResult:
    """The whole result; `rules`: codes of the only rules to run (all of them when none is named)."""
    chosen = rules_named(rules) or all_rules()
    return check(snapshot_of(folder, tables, day), chosen, CheckContext(day, Limits()), earlier)


def pairs(quality: QualityResult) -> set[tuple[str, str]]:
    return set(quality.findings.select("rule", "key").iter_rows())


def findings_of(folder: Path, tables: Mapping[str, Sequence[Row]], day: date = DAY, rules: Iterable[str] = ()) -> set[tuple[str, str]]:
    """What the rules find: (rule, key)."""
    return pairs(checked(folder, tables, day, rules))


def findings_of_cases(folder: Path, cases: Sequence[Case], day: date = DAY) -> set[tuple[str, str]]:
    """All cases in one school, checked once by the rules that they are about."""
    return findings_of(folder, merged(cases), day, {code for item in cases for code in item.about})
