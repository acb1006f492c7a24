"""A small school on paper: classes 1A–5A of 2026-2027, and pupils as each test needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connectors.records.snapshot import SourceState, write_snapshot
from connectors.records.tables import TABLES
from infra.settings import School

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

CENSUS_DAY = date(2026, 9, 30)
SYSTEM = "qlnt"


def classes() -> list[dict[str, Any]]:
    names = {f"{grade}A": grade for grade in range(1, 6)}
    return [
        {"class_name": name, "grade": grade, "school_year": "2026-2027", "sessions_per_day": 2, "combined": False}
        for name, grade in names.items()
    ]


@dataclass
class Roster:
    """Rows of the tables that the form counts; `snapshot` writes them for a day."""

    folder: Path
    pupils: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, Any]] = field(default_factory=list)
    classes: list[dict[str, Any]] = field(default_factory=classes)
    lacking: set[str] = field(default_factory=set)
    data_as_of: date | None = None

    def add(self, **changes: Any) -> str:  # noqa: ANN401 - any column
        """A pupil of lớp 1, six years old, Kinh, boy, newly enrolled, at school; changed as told. Returns the code."""
        code = f"79{len(self.pupils):08d}"
        ordinary = {"birth_date": date(2020, 3, 1), "sex": "Nam", "ethnicity": "01", "class_name": "1A", "grade": 1}
        self.pupils.append({"pupil_code": code, **ordinary, "enrolment_kind": "0", "status": "01", **changes})
        return code

    def move(self, code: str | None, kind: str, on: date | None) -> None:
        self.movements.append({"pupil_code": code, "kind": kind, "date": on})

    def snapshot(self, day: date = CENSUS_DAY) -> Snapshot:
        frames = {"pupils": self.pupils, "movements": self.movements, "classes": self.classes}
        delivered = {name: tuple(column for column in TABLES[name].names if f"{name}.{column}" not in self.lacking) for name in frames}
        state = SourceState(SYSTEM, self.data_as_of, delivered)
        return write_snapshot(self.folder / "snapshot", day, {name: _frame(name, rows) for name, rows in frames.items()}, {SYSTEM: state})


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = TABLES[table].schema
    return pl.DataFrame([{"source_system": SYSTEM, **row} for row in rows], schema=schema)


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    return Roster(tmp_path)


@pytest.fixture
def school() -> School:
    return School(name="Trường Tiểu học Mẫu", code="79000001", recipients=("UBND phường Mẫu",))
