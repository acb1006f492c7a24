"""Restore and drill, and what was proved before, as plain functions over a home: what the night, the weekly drill and the command share."""

from __future__ import annotations

import getpass
import json
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

from backup.drill import drill, past_drills
from backup.drill import last_drill as newest_drill
from backup.errors import RestoreError
from backup.opening import open_repositories, open_repository
from backup.restore import find_snapshot, restore
from backup.verify import repository_status
from expectations.report import BackupProof
from flows.backing_up import announced
from flows.home import one_drill_at_a_time
from flows.night_record import StepResult, load_records
from flows.repositories import lights_before
from infra.clock import now, vietnamese_date

if TYPE_CHECKING:
    from pathlib import Path

    from backup.drill import DrillResult
    from backup.repository import Repository
    from backup.restore import Restored
    from backup.verify import RepositoryStatus
    from flows.home import Home

RESTORE_LOG = "nhat-ky.jsonl"


def proof_before(home: Home, day: date) -> BackupProof | None:
    """What was proved of the backup before a night: only nights and drills of earlier days, so that a second run tells the same."""
    proved = [record.day for record in load_records(home, before=day) if (step := record.step("verify")) and not step.problem]
    drills = [entry for entry in past_drills(open_repository(home.settings).state) if entry["ok"] and entry["night"] < day.isoformat()]
    if not proved and not drills:
        return None
    drilled = date.fromisoformat(drills[-1]["day"]) if drills else None
    newest = date.fromisoformat(proved[-1]) if proved else None
    return BackupProof(newest_day=newest, read_on=drilled, drilled_on=drilled, lines=lights_before(home, day))


def newest_in_repository(home: Home) -> RepositoryStatus:
    """The repository as it is now, asked of the repository itself."""
    return repository_status(open_repository(home.settings))


def restore_into(home: Home, wanted: date | str | None, what: str, target: Path) -> Restored:
    """Bring a night, a part or a file back into a new folder, proved by hash. RestoreError when it cannot."""
    repository = open_repository(home.settings)
    return restore(repository, find_snapshot(repository, wanted), target, what, announced("restore", "Khôi phục"))


def hold_drill(home: Home) -> DrillResult:
    """Restore the newest night aside, compare it with its manifest, open it, count the pupils, write down how it went."""
    scratch = home.folder("drill")
    with one_drill_at_a_time(home):
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed drill left: copies of pupils' data
        return drill(open_repository(home.settings), scratch)


def drill_step(home: Home) -> StepResult:
    """A drill as a step of a flow. RestoreError when the data did not come back whole (it is written down all the same)."""
    result = hold_drill(home)
    if not result.ok:
        raise RestoreError(result.told, fix="xem `truong status`, rồi chạy `truong nightly` và `truong drill`")
    return StepResult("", "", result.told, {"tệp": result.files, "học sinh": result.pupils}, {"đêm": result.night})


def restore_step(home: Home, day: date | None, what: str, reason: str) -> StepResult:
    """A restore on demand as a step of a flow: always into a new folder of `data/restored`, and into the audit log."""
    restored = restore_into(home, day, what, new_target(home))
    log_restore(home, restored, what, reason)
    told = f"{restored.files} tệp của đêm {vietnamese_date(restored.snapshot.day)}, đúng mã băm, ở {restored.target}"
    return StepResult("", "", told, {"tệp": restored.files, "byte": restored.bytes}, paths={"restored": str(restored.target)})


def new_target(home: Home) -> Path:
    """A folder for a restore that does not exist yet."""
    return home.folder("restored") / now().strftime("%Y-%m-%d-%H%M%S")


def log_restore(home: Home, restored: Restored, what: str, reason: str) -> None:
    """Add who restored what, when and why to `restored/nhat-ky.jsonl` (only ever appended to)."""
    entry = {
        "when": now().isoformat(timespec="seconds"),
        "who": getpass.getuser(),
        "night": restored.snapshot.day.isoformat() if restored.snapshot.day else None,
        "snapshot": restored.snapshot.short_id,
        "what": what or "trọn đêm",
        "target": str(restored.target),
        "files": restored.files,
        "reason": reason,
    }
    file = home.folder("restored") / RESTORE_LOG
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry, ensure_ascii=False) + "\n")


def last_drill(home: Home) -> dict[str, Any] | None:
    """The newest drill, or None."""
    return newest_drill(open_repository(home.settings).state)


def all_repositories(home: Home) -> list[Repository]:
    """Every repository of the school: the first, then its copies."""
    return list(open_repositories(home.settings))
