"""A home with one SQLite source of many pupils, and nights over it without Prefect: for the tests of pulling."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from flows.home import Home, open_home
from flows.night_record import NightRecord, StepResult, save_record
from flows.pulling import pull, take_snapshot
from infra.errors import SchoolError
from tests.integration.connector_sources import QLNT_ROWS, write_qlnt

if TYPE_CHECKING:
    from pathlib import Path

# In the middle of a term: around Tết, in summer and when the year opens a contract lets more pass.
FIRST = date(2026, 11, 10)
SETTINGS = """\
[school]
name = "T"
[sources.qlnt]
kind = "database"
url = "sqlite:///qlnt.sqlite"
column_map = "qlnt_2026"
[sources.qlnt.contract]
max_age_days = 400
"""


@dataclass(frozen=True)
class School:
    """A small school of one source, and its nights."""

    home: Home
    database: Path

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def pupils(self, number: int) -> None:
        """Let the source have so many pupils with a guardian each."""
        self.run("DELETE FROM hoc_sinh", "DELETE FROM phu_huynh")
        pupil, guardian = QLNT_ROWS["hoc_sinh"][0], QLNT_ROWS["phu_huynh"][0]
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for at in range(1, number + 1):
                code = f"79{at:08d}"
                marks = ", ".join("?" * len(pupil))
                connection.execute(f"INSERT INTO hoc_sinh VALUES ({marks})", (at, code, *pupil[2:]))  # noqa: S608 - question marks
                connection.execute("INSERT INTO phu_huynh VALUES (?, ?, ?, ?, ?, ?)", (at, code, *guardian[2:]))

    def night(self, day: date) -> StepResult:
        """Pull, snapshot and record, as the night does; returns how the pull went."""
        fresh = []
        try:
            result = replace(pull(self.home, "qlnt", day), step="pull-qlnt")
            fresh.append("qlnt")
        except SchoolError as error:
            result = StepResult("pull-qlnt", "Kéo QLNT", problem=error.line(), exit_code=int(error.exit_code))
        snapshot = replace(take_snapshot(self.home, day, fresh), step="snapshot")
        save_record(self.home, NightRecord(day.isoformat(), f"{day}T02:00:00+07:00", (result, snapshot)))
        return result

    def rows(self, day: date) -> int:
        """Pupils in the snapshot of a night."""
        manifest: dict[str, Any] = json.loads((self.home.folder("snapshots", day) / "manifest.json").read_text(encoding="utf-8"))
        return int(manifest["tables"]["pupils"]["rows"])


def new_school(root: Path, pupils: int, settings: str = SETTINGS) -> School:
    root.mkdir(parents=True, exist_ok=True)
    (root / "truong.toml").write_text(settings, encoding="utf-8")
    school = School(open_home(root / "truong.toml"), write_qlnt(root / "qlnt.sqlite"))
    school.pupils(pupils)
    return school
