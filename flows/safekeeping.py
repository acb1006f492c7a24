"""What is known of the backups: asked of the repositories, and proved before a night."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from backup.opening import open_repositories
from expectations.report import BackupProof
from flows.drilling import drill_lines, drills_before
from flows.night_record import load_records
from flows.repositories import lights_before

if TYPE_CHECKING:
    from backup.repository import Repository
    from flows.home import Home
    from flows.night_record import NightRecord


def proof_before(home: Home, day: date) -> BackupProof | None:
    """What was proved of the backup before a night: only nights and drills of earlier days, so that a second run tells the same."""
    proved = [record.day for record in load_records(home, before=day) if _is_proved(record)]
    drills = drills_before(home, day)
    good = [entry["day"] for entry in drills if entry["ok"]]
    if not proved and not drills:
        return None
    drilled = date.fromisoformat(max(good)) if good else None
    newest = date.fromisoformat(proved[-1]) if proved else None
    lines = (*lights_before(home, day), *drill_lines(drills))
    # A drill reads a whole night back, so its day is also the last on which the data was read.
    return BackupProof(newest_day=newest, read_on=drilled, drilled_on=drilled, lines=lines)


def _is_proved(record: NightRecord) -> bool:
    """Whether all of a night was: what was never saved, as a database whose server was down, no proof has seen."""
    proof, backup = record.step("verify"), record.step("backup")
    return proof is not None and not proof.problem and not (backup and backup.problem)


def all_repositories(home: Home) -> list[Repository]:
    """Every repository of the school: the first, then its copies."""
    return list(open_repositories(home.settings))
