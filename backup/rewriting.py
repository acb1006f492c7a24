"""Takes files out of nights that hold them: each night is saved once more without them, compared, and only then the old one goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.errors import BackupFailed
from backup.repository import LONG_SECONDS
from backup.seen import note_forgotten
from backup.still_held import excludes_for
from backup.stored import OUR_TAG, REWRITTEN_TAG
from backup.upkeep import forget, prune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup.repository import Repository
    from backup.still_held import Held


def take_out(repository: Repository, found: Sequence[Held]) -> int:
    """Leave these files out of these snapshots and delete their data; returns how many snapshots. May be run again after a kill.

    BackupFailed, and every old snapshot is still there, when a rewritten one lacks anything else.
    """
    repository.unlock_stale()
    waiting = [one for one in found if not _whole_twin(repository, one)]
    if waiting:
        ids = [one.snapshot for one in waiting]
        repository.required(repository.run(["rewrite", *excludes_for(waiting), *ids], LONG_SECONDS))
    if wrong := [one for one in found if not _whole_twin(repository, one)]:
        fix = "chưa xóa gì; báo người bảo trì"
        raise BackupFailed(f"Bản lưu lại của {len(wrong)} đêm không khớp bản cũ nên giữ nguyên bản cũ", where=repository.name, fix=fix)
    old = [night for night in repository.tagged(OUR_TAG) if night.id in {one.snapshot for one in found}]
    forget(repository, [night.id for night in old])
    note_forgotten(repository, old)
    prune(repository)
    return len(old)


def _whole_twin(repository: Repository, held: Held) -> bool:
    """Whether a rewritten snapshot stands for this one and holds all of it but the files that must go."""
    twins = [night for night in repository.tagged(f"{OUR_TAG},{REWRITTEN_TAG}") if night.origin == held.snapshot]
    gone = {path.removeprefix("/") for path in held.paths}
    wanted = {path: size for path, size in repository.files_of(held.snapshot).items() if path not in gone} if twins else {}
    return any(repository.files_of(twin.id) == wanted for twin in twins)
