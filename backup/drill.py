"""The restore drill: bring the newest night back to a scratch folder, prove it, count its pupils, write down how it went.

`drills.json` is only ever added to: it is what "last proven restorable" rests on.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from backup.contents import DATABASE_COPY
from backup.dumps import count_rows
from backup.errors import RestoreError
from backup.known import write_json
from backup.restore import find_snapshot, restore
from infra.clock import now, vietnamese_date
from infra.vietnamese import decimal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from backup.repository import Repository
    from backup.restore import Restored

DRILLS_FILE = "drills.json"
PUPIL_TABLES = {"qlnt": "hoc_sinh", "snapshot": "pupils"}  # part of the backup -> its table of pupils
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class DrillResult:
    """One drill. `day`: when it was held; `night`: the school's day of the data; `told`: Vietnamese; `age_hours`: of the data."""

    day: str
    ok: bool
    told: str
    night: str = ""
    snapshot: str = ""
    files: int = 0
    bytes: int = 0
    pupils: int = 0
    seconds: float = 0.0
    age_hours: float = 0.0

    def as_facts(self) -> dict[str, Any]:
        """What the record keeps and a machine reads."""
        return asdict(self)


def drill(repository: Repository, scratch: Path) -> DrillResult:
    """Hold a drill below `scratch` (removed afterwards) and add it to the record, also when it fails."""
    begun = time.monotonic()
    try:
        result = _held(repository, scratch)
    except RestoreError as error:
        result = DrillResult(now().date().isoformat(), ok=False, told=error.line(), seconds=round(time.monotonic() - begun, 1))
    write_json(repository.state / DRILLS_FILE, [*past_drills(repository.state), result.as_facts()])
    return result


def past_drills(state: Path) -> list[dict[str, Any]]:
    """Every drill, oldest first (`state`: the repository's folder of known.json)."""
    file = state / DRILLS_FILE
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def last_drill(state: Path) -> dict[str, Any] | None:
    """The newest drill, or None."""
    return next(iter(reversed(past_drills(state))), None)


def _held(repository: Repository, scratch: Path) -> DrillResult:
    snapshot = find_snapshot(repository)
    with _scratch(scratch) as folder:
        restored = restore(repository, snapshot, folder / "dem")
        pupils = _count_pupils(restored)
    age = (now() - snapshot.time).total_seconds() / SECONDS_AN_HOUR
    night = vietnamese_date(snapshot.day)
    told = f"khôi phục đủ {restored.files} tệp của đêm {night}, {pupils} học sinh, trong {decimal(restored.seconds)} giây"
    return DrillResult(
        day=now().date().isoformat(),
        ok=True,
        told=told,
        night=snapshot.day.isoformat() if snapshot.day else "",
        snapshot=snapshot.id,
        files=restored.files,
        bytes=restored.bytes,
        pupils=pupils,
        seconds=round(restored.seconds, 1),
        age_hours=round(age, 1),
    )


def _count_pupils(restored: Restored) -> int:
    """Open what came back and count the pupils; RestoreError when the manifest says otherwise or there is nothing to count."""
    counted = {name: _opened(restored, name) for name in PUPIL_TABLES if name in restored.manifest.parts}
    for name, rows in counted.items():
        promised = restored.manifest.parts[name].rows
        if dict(rows) != dict(promised):
            raise RestoreError("Dữ liệu khôi phục có số dòng khác bản kê", where=name, fix="chọn bản sao lưu khác: truong snapshots")
    pupils = next((rows[PUPIL_TABLES[name]] for name, rows in counted.items() if rows.get(PUPIL_TABLES[name])), 0)
    if not pupils:
        raise RestoreError(
            "Bản khôi phục không có học sinh nào", where=str(restored.snapshot.short_id), fix="xem lại đêm đó đã lưu những gì"
        )
    return pupils


def _opened(restored: Restored, part: str) -> Mapping[str, int]:
    """Rows per table of a restored part, counted by opening it."""
    try:
        if part == "qlnt":
            return count_rows(restored.target / DATABASE_COPY)
        folder = restored.target / restored.manifest.parts[part].path
        promised = restored.manifest.parts[part].rows
        return {table: pl.scan_parquet(folder / f"{table}.parquet").select(pl.len()).collect().item() for table in promised}
    except (sqlite3.Error, pl.exceptions.PolarsError, OSError) as error:
        raise RestoreError(f"Không mở được dữ liệu đã khôi phục ({type(error).__name__})", where=part, fix="chọn bản khác") from error


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="dien-tap-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
