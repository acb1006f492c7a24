"""The further copies of a night (3-2-1): by `restic copy` from the first repository, or straight from the sources where that fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from backup.contents import NOTHING_STREAMED
from backup.errors import BackupError, DiskFull, StoreRefused
from backup.known import read_json, write_json
from backup.saving import save_night, with_dumps, with_manifest
from backup.upkeep import copy_snapshots, may_copy
from infra.clock import now, vietnamese_date
from infra.errors import SchoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from backup.contents import StagedNight, Streamed
    from backup.repository import Repository
    from backup.stored import CopyProgress, Progress, StoredSnapshot

PLUGGED_FILE = "plugged.json"


@dataclass(frozen=True, slots=True)
class CopyResult:
    """How a copy went. `problem`: one Vietnamese line when the copy is not good; empty for a good one and a disk that may be away."""

    name: str
    told: str
    snapshot: str = ""
    problem: str = ""


def _no_dumps(_: Repository) -> Streamed:
    return NOTHING_STREAMED


@dataclass(frozen=True, slots=True)
class Means:
    """What a copy may need besides the staged night.

    `dump`: streams the databases that lie on no disk of ours into a repository (saving.streamed_again);
    `tell`: hears how far the copy of this name is.
    """

    dump: Callable[[Repository], Streamed] = _no_dumps
    tell: Callable[[str, Progress | CopyProgress], None] = lambda _name, _progress: None


NO_MEANS = Means()


def copy_night(
    first: Repository, copies: Sequence[Repository], staged: StagedNight, saved: StoredSnapshot | None, means: Means = NO_MEANS
) -> list[CopyResult]:
    """Bring the night into every further repository; one that fails stops no other. `saved`: None when the first one failed."""
    return [_told(first, copy, staged, saved, means) for copy in copies]


def _told(first: Repository, copy: Repository, staged: StagedNight, saved: StoredSnapshot | None, means: Means) -> CopyResult:
    if copy.terms.removable and not is_plugged_in(copy):
        return _away(copy)
    try:
        result = _brought(first, copy, staged, saved, means)
    except SchoolError as error:  # a password file that is gone, too, is this copy's trouble alone
        return CopyResult(copy.name, "không chép được", problem=f"Kho «{copy.name}»: {error.line()}")
    note_plugged(copy)
    return result


def _brought(first: Repository, copy: Repository, staged: StagedNight, saved: StoredSnapshot | None, means: Means) -> CopyResult:
    alike = first if may_copy(first, copy) and _readable(first) else None
    copy.ensure(alike)
    copy.unlock_stale()
    if saved and alike:
        try:
            copy_snapshots(first, copy, partial(means.tell, copy.name))
        except (DiskFull, StoreRefused):
            raise  # the sources would not be taken there either
        except BackupError as error:
            return _saved_directly(copy, staged, means, why=error.what)
        if found := _same(copy, saved):
            return CopyResult(copy.name, f"đã chép sang «{copy.name}» (bản {found.short_id})", found.id)
    return _saved_directly(copy, staged, means, why="kho đầu không dùng được" if not saved else "")


def _saved_directly(copy: Repository, staged: StagedNight, means: Means, why: str) -> CopyResult:
    """The first repository must not be the only source of the others: read the sources once more, dump streamed databases once more."""
    dumps = means.dump(copy)
    # Rows may have come and gone since the first dump: this copy's manifest vouches for its own.
    with with_manifest(staged, with_dumps(staged.manifest, dumps)) as night:
        saved = save_night(copy, night, partial(means.tell, copy.name))
    saved.require_complete()
    reason = f" vì {why[0].lower()}{why[1:]}" if why else ""
    again = f", cơ sở dữ liệu {', '.join(dumps.parts)} sao chép riêng cho kho này" if dumps.parts else ""
    problem = "; ".join(f"Kho «{copy.name}» thiếu bản sao cơ sở dữ liệu: {refusal.line}" for refusal in dumps.lacking.values())
    return CopyResult(copy.name, f"đã lưu thẳng vào «{copy.name}»{reason}{again} (bản {saved.id[:8]})", saved.id, problem)


def _same(copy: Repository, saved: StoredSnapshot) -> StoredSnapshot | None:
    return next((one for one in reversed(copy.snapshots()) if saved.made == one.made), None)


def _readable(first: Repository) -> bool:
    try:
        return first.identity() is not None
    except BackupError:
        return False


def is_plugged_in(repository: Repository) -> bool:
    """Whether the repository of a removable disk lies where it should."""
    return repository.path is not None and (repository.path / "config").is_file()


def note_plugged(repository: Repository) -> None:
    """Remember that a repository was seen just now."""
    file = repository.state / PLUGGED_FILE
    write_json(file, {**read_json(file), repository.name: now().isoformat(timespec="seconds")})


def last_plugged(state: Path, name: str) -> datetime | None:
    """When a repository was last written to; None when it never was."""
    seen = read_json(state / PLUGGED_FILE).get(name)
    return datetime.fromisoformat(seen) if seen else None


def _away(copy: Repository) -> CopyResult:
    """A disk in a drawer is no fault, until it has been there too long."""
    seen = last_plugged(copy.state, copy.name)
    if seen is None:
        told = f"đĩa «{copy.name}» chưa được chuẩn bị"
        return CopyResult(copy.name, told, problem=f"Kho «{copy.name}»: {told} → cắm đĩa rồi chạy: truong backup prepare {copy.name}")
    days = (now() - seen).days
    told = f"đĩa «{copy.name}» không cắm, lần cuối {vietnamese_date(seen.date())} ({days} ngày trước)"
    if days <= copy.terms.max_absent_days:
        return CopyResult(copy.name, told)
    return CopyResult(copy.name, told, problem=f"Kho «{copy.name}»: {told}, quá {copy.terms.max_absent_days} ngày → cắm đĩa rồi chạy lại")
