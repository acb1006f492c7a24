"""Takes files out of nights that hold them: each night is saved once more without them, compared, and only then the old one goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.care import CareRecord
from backup.errors import BackupFailed
from backup.known import KnownPartials
from backup.repository import LONG_SECONDS
from backup.seen import note_forgotten
from backup.still_held import excludes_for
from backup.stored import OUR_TAG
from backup.upkeep import forget, prune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup.repository import Repository
    from backup.still_held import Held
    from backup.stored import StoredSnapshot


def take_out(repository: Repository, found: Sequence[Held]) -> int:
    """Leave these files out of these snapshots and delete their data; returns how many snapshots. May be run again after a kill.

    BackupFailed, and every old snapshot is still there, when a rewritten one lacks anything else.
    """
    repository.unlock_stale()
    twins = _whole_twins(repository, found)
    waiting = [one for one in found if one.snapshot not in twins]
    if waiting:
        ids = [one.snapshot for one in waiting]
        repository.required(repository.run(["rewrite", *excludes_for(waiting), *ids], LONG_SECONDS))
        twins |= _whole_twins(repository, waiting)
    if wrong := [one for one in found if one.snapshot not in twins]:
        fix = "chưa xóa gì; báo người bảo trì"
        raise BackupFailed(f"Bản lưu lại của {len(wrong)} đêm không khớp bản cũ nên giữ nguyên bản cũ", where=repository.name, fix=fix)
    old = [night for night in repository.tagged(OUR_TAG) if night.id in {one.snapshot for one in found}]
    # Before they go: once a night is forgotten nobody knows which one the memory speaks of.
    for night in old:
        hand_over(repository, night, twins[night.id])
    forget(repository, [night.id for night in old])
    note_forgotten(repository, old)
    prune(repository)
    return len(old)


def _whole_twins(repository: Repository, found: Sequence[Held]) -> dict[str, StoredSnapshot]:
    """Snapshot -> the one that stands for it: of the same night, and it holds all of it but the files that must go."""
    nights = repository.tagged(OUR_TAG)
    made = {night.id: night.made for night in nights}
    old = {one.snapshot for one in found}
    twins: dict[str, StoredSnapshot] = {}
    for held in found:
        # Whoever saved it: `rewrite` here, or a copy of a night that was rewritten elsewhere.
        for night in (one for one in nights if one.made == made.get(held.snapshot) and one.id not in old):
            if _whole(repository, held, night):
                twins[held.snapshot] = night
    return twins


def _whole(repository: Repository, held: Held, twin: StoredSnapshot) -> bool:
    gone = {path.removeprefix("/") for path in held.paths}
    return repository.files_of(twin.id) == {path: size for path, size in repository.files_of(held.snapshot).items() if path not in gone}


def hand_over(repository: Repository, old: StoredSnapshot, twin: StoredSnapshot) -> None:
    """What this machine remembers of a night by its origin: that it is partial, that others are measured by it."""
    if old.partial:
        partials = KnownPartials(repository.state)
        partials.remember(twin.origin, partials.files(old.origin))
    record = CareRecord(repository.state, repository.name)
    if record.values["baseline"] == old.origin:
        record.set_baseline(twin.origin)
