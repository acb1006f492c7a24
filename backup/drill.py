"""The restore drill: bring the newest night of a repository back to a scratch folder, prove it, open it, count its pupils, write it down.

`drills.json` is only ever added to: it is what "last proven restorable" rests on.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.errors import RestoreError
from backup.known import write_json
from backup.opened import open_sqlite, open_tables, require_rows, told_rows
from backup.restore import find_snapshot, restore
from backup.scratch_server import load_dump
from backup.wanted import databases
from infra.clock import now, vietnamese_date
from infra.errors import ConfigurationError
from infra.vietnamese import decimal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backup.repository import Repository
    from backup.restore import Restored
    from backup.scratch_server import Scratch
    from backup.stored import StoredSnapshot

DRILLS_FILE = "drills.json"
PUPIL_TABLES = ("hoc_sinh", "pupils")  # of the school's own database, of the canonical snapshot
SCHOOL_DATABASE, SNAPSHOT_PART = "qlnt", "snapshot"
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class DrillResult:
    """One drill of one repository. `day`: when it was held; `night`: the school's day of the data; `told`: Vietnamese.

    `seconds`: from the first question to the last row counted (RTO); `age_hours`: of the data when the drill
    was held (RPO). `opened`: a line for each database and dump; `not_loaded`: dumps that no scratch server took.
    """

    day: str
    ok: bool
    told: str
    repository: str = ""
    night: str = ""
    snapshot: str = ""
    files: int = 0
    bytes: int = 0
    pupils: int = 0
    seconds: float = 0.0
    age_hours: float = 0.0
    opened: tuple[str, ...] = ()
    not_loaded: tuple[str, ...] = ()

    def as_facts(self) -> dict[str, Any]:
        """What the record keeps and a machine reads."""
        return asdict(self)


def drill(repository: Repository, scratch: Path, servers: Sequence[Scratch] = ()) -> DrillResult:
    """Hold a drill below `scratch` (removed afterwards) and add it to the record, also when it fails."""
    begun, held = time.monotonic(), DrillResult(now().date().isoformat(), ok=False, told="", repository=repository.name)
    try:
        snapshot = find_snapshot(repository)
        held = replace(held, night=snapshot.day.isoformat() if snapshot.day else "", snapshot=snapshot.id, age_hours=_age(snapshot))
        result = _proved(held, repository, snapshot, scratch, servers)
    except (RestoreError, ConfigurationError) as error:
        result = replace(held, told=error.line())
    result = replace(result, seconds=math.ceil(10 * (time.monotonic() - begun)) / 10)  # never in no time at all
    if result.ok:
        result = replace(result, told=f"{result.told}, trong {decimal(result.seconds)} giây")
    write_json(repository.state / DRILLS_FILE, [*past_drills(repository.state), result.as_facts()])
    return result


def past_drills(state: Path) -> list[dict[str, Any]]:
    """Every drill of every repository, oldest first (`state`: the folder of known.json)."""
    file = state / DRILLS_FILE
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def last_drill(state: Path, repository: str = "") -> dict[str, Any] | None:
    """The newest drill (of a repository; an entry from before there were several names none), or None."""
    found = [entry for entry in past_drills(state) if not repository or entry.get("repository", repository) == repository]
    return found[-1] if found else None


def _age(snapshot: StoredSnapshot) -> float:
    return round((now() - snapshot.time).total_seconds() / SECONDS_AN_HOUR, 1)


def _proved(held: DrillResult, repository: Repository, snapshot: StoredSnapshot, scratch: Path, servers: Sequence[Scratch]) -> DrillResult:
    """The drill's result after the night came back, opened, and had its pupils."""
    with _scratch(scratch) as folder:
        restored = restore(repository, snapshot, folder / "dem")
        counted, not_loaded = open_everything(restored, servers)
    _require_whole(snapshot, restored)
    pupils = _pupils(counted)
    if not pupils:
        raise RestoreError("Bản khôi phục không có học sinh nào", where=snapshot.short_id, fix="xem lại đêm đó đã lưu những gì")
    told = f"khôi phục đủ {restored.files} tệp của đêm {vietnamese_date(snapshot.day)}, {pupils} học sinh"
    if not_loaded:
        told += f"; chưa nạp thử {', '.join(not_loaded)} (chưa đặt máy chủ thử [[scratch]])"
    opened = tuple(told_rows(name, rows) for name, rows in counted.items() if name != SNAPSHOT_PART)
    return replace(
        held, ok=True, told=told, files=restored.files, bytes=restored.bytes, pupils=pupils, opened=opened, not_loaded=not_loaded
    )


def _require_whole(snapshot: StoredSnapshot, restored: Restored) -> None:
    """RestoreError for a night that lacks something, although all that it has came back: that proves nothing of the rest."""
    if restored.lacking:
        raise RestoreError(f"Lấy lại đủ {restored.files} tệp, nhưng chưa chứng minh được trọn đêm: {'; '.join(restored.lacking)}")
    if snapshot.partial:
        told = f"Lấy lại đủ {restored.files} tệp, nhưng đêm {vietnamese_date(snapshot.day)} chưa trọn vẹn"
        raise RestoreError(told, where=snapshot.short_id, fix="sửa quyền đọc hoặc đĩa, chạy `truong nightly` rồi `truong drill`")


def _pupils(counted: Mapping[str, Mapping[str, int]]) -> int:
    """How many pupils came back: in the school's own database, else in the night's tables, else in any database."""
    first = [counted[name] for name in (SCHOOL_DATABASE, SNAPSHOT_PART) if name in counted]
    return next((rows[table] for rows in (*first, *counted.values()) for table in PUPIL_TABLES if rows.get(table)), 0)


def open_everything(restored: Restored, servers: Sequence[Scratch]) -> tuple[dict[str, Mapping[str, int]], tuple[str, ...]]:
    """Rows per table of each database, dump and snapshot that came back, as counted by opening it; and the dumps that no server took.

    RestoreError when one does not open, or was promised other rows by the manifest.
    """
    parts, counted, not_loaded = restored.manifest.parts, dict[str, "Mapping[str, int]"](), []
    for name in databases(restored.manifest):
        file = restored.target / parts[name].path
        if not file.is_file():
            continue  # it was not asked for
        if file.suffix == ".sqlite":
            counted[name] = open_sqlite(restored.target, restored.manifest, name)
        elif (rows := load_dump(file, servers)) is None:
            not_loaded.append(name)
        else:
            require_rows(name, rows, parts[name].rows)
            counted[name] = rows
    if SNAPSHOT_PART in parts and (restored.target / parts[SNAPSHOT_PART].path).is_dir():
        counted[SNAPSHOT_PART] = open_tables(restored.target, restored.manifest, SNAPSHOT_PART)
    return counted, tuple(not_loaded)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="dien-tap-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
