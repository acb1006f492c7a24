"""What keeps repositories in order: copying between them, forgetting, pruning, repairing.

With repository.py the only module that knows restic's commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.access import LOCAL, kind_of
from backup.errors import BackupFailed
from backup.faults import error_of
from backup.repository import LONG_SECONDS
from backup.stored import DUMP_TAG, OUR_TAG, CopyProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

# `copy` knows no JSON (0.19 neither): it prints a line per snapshot, and with RESTIC_PROGRESS_FPS set this one as it goes on.
_PACKS = re.compile(rb"(\d+) / (\d+) packs copied")
_BEGUN = b"copy started"
HEALING_TAG = "dang-chua"  # on the old entries of snapshots that are being fetched once more (backup.repair)


@dataclass(slots=True)
class _CopyListener:
    """Hears the lines of `restic copy`."""

    tell: Callable[[CopyProgress], None]
    nth: int = 0

    def hear(self, line: bytes) -> None:
        self.nth += _BEGUN in line
        if found := _PACKS.search(line):
            self.tell(CopyProgress(self.nth, int(found[1]), int(found[2])))


def may_copy(source: Repository, target: Repository) -> bool:
    """Whether one restic can reach both: it knows one set of keys and one ssh for each kind of place."""
    return source.path is not None or kind_of(source.url) != kind_of(target.url)


def copy_snapshots(
    source: Repository, target: Repository, on_progress: Callable[[CopyProgress], None] | None = None, barred: Collection[str] = ()
) -> None:
    """Copy all our snapshots that the target does not have yet, but the `barred` ids; the sources are not read again.

    A night counts as there also when files were taken out of it in one of the two (backup.rewriting): restic itself
    would bring it a second time, and the files with it that were taken out of the target.
    RepositoryDamaged and other BackupErrors when the source cannot be read or the target not be written.
    """
    if not may_copy(source, target):
        raise BackupFailed("restic không chép được giữa hai kho cùng kiểu ở xa", where=target.name, fix="đặt kho đầu trên đĩa của máy này")
    there = {one.made for one in stored_in(target) if HEALING_TAG not in one.tags}
    copy_exactly(source, target, [one.id for one in stored_in(source) if one.made not in there and one.id not in barred], on_progress)


def copy_exactly(
    source: Repository, target: Repository, ids: Sequence[str], on_progress: Callable[[CopyProgress], None] | None = None
) -> None:
    """Copy these snapshots. RepositoryDamaged and other BackupErrors when the source cannot be read or the target not be written."""
    if not ids:
        return
    options = source.access.options(source.url) if kind_of(source.url) != LOCAL else []
    listener = _CopyListener(on_progress or (lambda _: None))
    outcome = target.run(["copy", *options, *ids], LONG_SECONDS, source.as_source(), on_line=listener.hear)
    if outcome.exit_code:
        raise error_of(outcome, target.url, target.access)


def stored_in(repository: Repository) -> list[StoredSnapshot]:
    """All that is ours in a repository: nights and streamed dumps."""
    return repository.tagged(OUR_TAG, DUMP_TAG)


def forget(repository: Repository, ids: Sequence[str]) -> None:
    """Forget exactly these snapshots; their data stays until the next prune. BackupFailed when the store kept one of them."""
    if not ids:
        return
    repository.ask(["forget", *ids])
    # restic ends well also when the store refused to delete (measured on an append-only one).
    there = {str(row["id"]) for row in repository.ask(["snapshots", "--json", "--no-lock"]).json()}
    if left := there & set(ids):
        fix = "đặt append_only = true cho kho này, hoặc xem quyền xóa ở máy chủ"
        raise BackupFailed(f"Kho không cho xóa {len(left)} bản sao lưu cũ", where=repository.name, fix=fix)


def prune(repository: Repository) -> None:
    """Delete the data that no snapshot needs any more."""
    outcome = repository.run(["prune"], LONG_SECONDS)
    repository.required(outcome)


def tag(repository: Repository, ids: Sequence[str], *, add: str = "", remove: str = "") -> None:
    """Add or remove a tag of some snapshots; every one gets a new id."""
    change = ["--add", add] if add else ["--remove", remove]
    if ids:
        repository.ask(["tag", *change, *ids])


def drop_damaged_packs(repository: Repository, packs: Sequence[str], scratch: Path) -> None:
    """Forget lost packs in the index, and save from broken ones what can still be read. Snapshots stay as they are.

    `scratch`: an empty folder; restic leaves copies of the broken packs there.
    """
    if packs:
        repository.required(repository.run(["repair", "packs", *packs], LONG_SECONDS, folder=scratch))
    repository.required(repository.run(["repair", "index"], LONG_SECONDS))
