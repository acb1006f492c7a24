"""Bring data back: a whole night, a part, a table, a gradebook or a file, into a new folder, proved by hash and opened.

restic's own restore ends well when nothing matched, and counts files that a full disk never took. So
only what lies there afterwards counts: more than nothing, and every hash as in the snapshot's manifest.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from backup.aside import hidden_beside
from backup.errors import BackupError, RestoreError
from backup.lacking import lacking_error, lacking_lines
from backup.manifest import MANIFEST_PATH, paths_of
from backup.manifest_file import NO_MANIFEST, read_manifest
from backup.opened import open_restored
from backup.reading import files_at, wrong_files
from backup.saving import dump_of
from backup.still_held import manifest_left_in
from backup.stored import OUR_TAG, REWRITTEN_TAG
from backup.wanted import DATABASE, choose, databases
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from backup.manifest import Files, Manifest
    from backup.repository import Repository
    from backup.stored import Progress, StoredSnapshot
    from backup.wanted import Choice

SPARE_BYTES = 50_000_000  # a disk is never filled to the last byte
SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back: `files` and `bytes` whose hashes were right, `seconds` for copying and proving together.

    `opened`: a Vietnamese line for each thing that was opened; `lacking`: for each database that was wanted and the night has not.
    """

    snapshot: StoredSnapshot
    target: Path
    files: int
    bytes: int
    seconds: float
    manifest: Manifest
    opened: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def find_snapshot(repository: Repository, wanted: date | str | None = None) -> StoredSnapshot:
    """The newest snapshot of a day, the one with an id (or its beginning), or the newest of all. RestoreError when there is none."""
    with _as_restore_error():
        found = repository.tagged(OUR_TAG) if isinstance(wanted, str) else repository.snapshots()
    if isinstance(wanted, date):
        fitting = [snapshot for snapshot in nights(found) if snapshot.day == wanted]
    elif wanted:
        fitting = [snapshot for snapshot in found if len(wanted) >= SHORTEST_ID and snapshot.id.startswith(wanted)]
    else:
        fitting = nights(found)
    if not fitting:
        told = f"của ngày {vietnamese_date(wanted)}" if isinstance(wanted, date) else f"có mã «{wanted}»" if wanted else "nào"
        raise RestoreError(f"Kho không có bản sao lưu {told}", where=repository.name, fix="xem các bản đang có: truong snapshots")
    return fitting[-1]


def nights(found: Sequence[StoredSnapshot]) -> list[StoredSnapshot]:
    """Snapshots without the partial ones of days that have a whole one."""
    whole_days = {snapshot.day for snapshot in found if not snapshot.partial}
    return [snapshot for snapshot in found if not snapshot.partial or snapshot.day not in whole_days]


def plan(repository: Repository, snapshot: StoredSnapshot, what: str) -> tuple[Manifest, Choice]:
    """What a restore would bring, before anything is written. RestoreError when the snapshot has nothing of the kind."""
    with _as_restore_error():
        manifest = manifest_left_in(repository, snapshot)
        wanted = [what] if what in manifest.lacking else sorted(manifest.lacking) if what == DATABASE and not databases(manifest) else []
        if wanted:
            raise lacking_error(repository, snapshot, manifest, wanted[0])
        return manifest, choose(manifest, what)


def restore(
    repository: Repository, snapshot: StoredSnapshot, target: Path, what: str = "", on_progress: Callable[[Progress], None] | None = None
) -> Restored:
    """Restore into `target`, a folder that does not exist or is empty, and open what came (backup.opened).

    `what`: see backup.wanted. Raises RestoreError and leaves nothing half-written: the folder appears whole,
    proved and opened, or not at all.
    """
    begun = time.monotonic()
    with _as_restore_error(str(target)):
        _require_new(target)
        # A whole night brings its manifest along: asking for it first costs as much as restoring a small night.
        whole = not what and snapshot.bytes and REWRITTEN_TAG not in snapshot.tags
        planned = None if whole else plan(repository, snapshot, what)
        _require_room(target, planned[1].bytes if planned else snapshot.bytes)
        with hidden_beside(target) as aside:
            if planned is None or len(planned[1].files):
                repository.restore(snapshot.id, aside, planned[1].places if planned else (), on_progress)
            manifest, choice = planned or _came_along(aside)
            expected = choice.expected
            for name in choice.streamed:
                _require_room(target, choice.streamed[name].bytes)
                repository.restore(_dump_snapshot(repository, manifest, name, snapshot), aside, (), on_progress)
            _require_whole(aside, expected)
            opened = open_restored(aside, manifest, what)
            lacking = lacking_lines(repository, snapshot, manifest) if what in {"", DATABASE} else ()
            aside.rename(target)
    return Restored(snapshot, target, len(expected), choice.bytes, time.monotonic() - begun, manifest, opened, lacking)


def _dump_snapshot(repository: Repository, manifest: Manifest, name: str, night: StoredSnapshot) -> str:
    """The id of the snapshot of a streamed dump of this night."""
    found = dump_of(repository, manifest, name, night.time)
    if found is None:
        raise RestoreError(
            f"Kho không có bản sao cơ sở dữ liệu {name} của đêm này", where=repository.name, fix="thử kho khác (--repository)"
        )
    return found.id


def _came_along(aside: Path) -> tuple[Manifest, Choice]:
    """The manifest of a whole night that was just restored, and everything it names. RestoreError when the night has none."""
    try:
        manifest = read_manifest(aside / MANIFEST_PATH)
    except (FileNotFoundError, *NO_MANIFEST) as error:
        told = "Bản sao lưu không có bản kê đọc được nên không ai chứng được là đủ"
        raise RestoreError(told, where=MANIFEST_PATH, fix="chọn bản khác: truong snapshots") from error
    return manifest, choose(manifest, "")


def _require_new(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RestoreError("Thư mục đích đã có tệp, không ghi đè", where=str(target), fix="chọn một thư mục mới (--to)")
    target.parent.mkdir(parents=True, exist_ok=True)


def _require_room(target: Path, size: int) -> None:
    needed = size + SPARE_BYTES
    if shutil.disk_usage(target.parent).free < needed:
        raise RestoreError(f"Đĩa không đủ chỗ, cần {needed // 1_000_000} MB", where=str(target.parent), fix="chọn đĩa khác (--to)")


def _require_whole(aside: Path, expected: Files) -> None:
    if not len(expected):
        raise RestoreError("Không có tệp nào để khôi phục", fix="chọn bản khác: truong snapshots")
    if wrong := wrong_files(aside, expected):
        raise RestoreError(
            f"Khôi phục thiếu hoặc sai {len(wrong)} trên {len(expected)} tệp (so mã băm với bản kê)",
            where=wrong[0],
            fix="chọn bản sao lưu khác: truong snapshots",
        )
    # The manifest comes along with a whole night; anything else that nobody vouches for does not.
    manifest = f"{aside}/{MANIFEST_PATH}"
    if sum(path != manifest for path in files_at(str(aside))) != len(expected):
        vouched = {manifest, *(f"{aside}/{path}" for path in paths_of(expected))}
        for file in [path for path in files_at(str(aside)) if path not in vouched]:
            Path(file).unlink()


@contextmanager
def _as_restore_error(where: str = "") -> Iterator[None]:
    """Whatever goes wrong in here is a failed restore, told with its own reason."""
    try:
        yield
    except BackupError as error:
        raise RestoreError(error.what, where=error.where, fix=error.fix) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RestoreError(f"Không ghi được nơi khôi phục: {reason}", where=where, fix="chọn thư mục khác (--to)") from error
