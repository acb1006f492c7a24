"""Bring data back: a whole night, a part, a table or a file, into a new folder, proved by hash.

restic's own restore ends well when nothing matched, and counts files that a full disk never took. So
only what lies there afterwards counts: more than nothing, and every hash as in the snapshot's manifest.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from backup.contents import PART_NAMES
from backup.errors import BackupError, RestoreError
from backup.manifest import MANIFEST_PATH, wrong_files
from backup.verify import stored_manifest
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backup.manifest import FileEntry, Manifest
    from backup.repository import Repository
    from backup.stored import Progress, StoredSnapshot

SPARE_BYTES = 50_000_000  # a disk is never filled to the last byte
SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back: `files` and `bytes` whose hashes were right, `seconds` for copying and proving together."""

    snapshot: StoredSnapshot
    target: Path
    files: int
    bytes: int
    seconds: float
    manifest: Manifest


def find_snapshot(repository: Repository, wanted: date | str | None = None) -> StoredSnapshot:
    """The newest snapshot of a day, the one with an id (or its beginning), or the newest of all. RestoreError when there is none."""
    with _as_restore_error():
        found = repository.snapshots()
    if isinstance(wanted, date):
        fitting = [snapshot for snapshot in found if snapshot.day == wanted]
    elif wanted:
        fitting = [snapshot for snapshot in found if len(wanted) >= SHORTEST_ID and snapshot.id.startswith(wanted)]
    else:
        fitting = found
    if not fitting:
        told = f"của ngày {vietnamese_date(wanted)}" if isinstance(wanted, date) else f"có mã «{wanted}»" if wanted else "nào"
        raise RestoreError(f"Kho không có bản sao lưu {told}", where=repository.name, fix="xem các bản đang có: truong snapshots")
    return fitting[-1]


def restore(
    repository: Repository, snapshot: StoredSnapshot, target: Path, what: str = "", on_progress: Callable[[Progress], None] | None = None
) -> Restored:
    """Restore into `target`, a folder that does not exist or is empty.

    `what`: empty for everything, else a part (`landing`, `snapshot`, `findings`, `report`, `exports`,
    `qlnt`), a table (`pupils`), a relative path of a file or folder, or a file's name. Raises
    RestoreError and leaves nothing half-written.
    """
    begun = time.monotonic()
    with _as_restore_error(str(target)):
        manifest = stored_manifest(repository, snapshot.id)
        place, expected = choose(manifest, what)
        _require_room(target, expected)
        with _aside(target) as aside:
            repository.restore(snapshot.id, aside, (place,) if place else (), on_progress)
            _require_whole(aside, expected)
            aside.rename(target)
    size = sum(entry.size for entry in expected.values())
    return Restored(snapshot, target, len(expected), size, time.monotonic() - begun, manifest)


def choose(manifest: Manifest, what: str) -> tuple[str, dict[str, FileEntry]]:
    """The relative path to restore (empty: all) and the files that must come. RestoreError when nothing fits."""
    files = manifest.files
    if not what:
        return "", files
    table = f"snapshots/{manifest.day.isoformat()}/{what}.parquet"
    part = manifest.parts.get(what)
    place = part.path if part else table if table in files else what.strip("/")
    chosen = {path: entry for path, entry in files.items() if path == place or path.startswith(f"{place}/")}
    if not chosen:
        place = _only_file_named(manifest, what)
        chosen = {place: files[place]}
    return place, chosen


def _only_file_named(manifest: Manifest, name: str) -> str:
    found = [path for path in manifest.files if PurePosixPath(path).name == name]
    if len(found) == 1:
        return found[0]
    parts = ", ".join(part for part in PART_NAMES if part in manifest.parts)
    raise RestoreError(
        f"Bản sao lưu ngày {vietnamese_date(manifest.day)} " + (f"có nhiều tệp tên «{name}»" if found else f"không có «{name}»"),
        fix=f"chọn một phần ({parts}), một bảng (pupils…) hoặc đường dẫn của tệp",
    )


def _require_room(target: Path, expected: Mapping[str, FileEntry]) -> None:
    if not expected:
        raise RestoreError("Không có tệp nào để khôi phục", where=str(target), fix="chọn bản khác: truong snapshots")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RestoreError("Thư mục đích đã có tệp, không ghi đè", where=str(target), fix="chọn một thư mục mới (--to)")
    target.parent.mkdir(parents=True, exist_ok=True)
    needed = sum(entry.size for entry in expected.values()) + SPARE_BYTES
    if shutil.disk_usage(target.parent).free < needed:
        raise RestoreError(f"Đĩa không đủ chỗ, cần {needed // 1_000_000} MB", where=str(target.parent), fix="chọn đĩa khác (--to)")


def _require_whole(aside: Path, expected: Mapping[str, FileEntry]) -> None:
    if wrong := wrong_files(aside, expected):
        raise RestoreError(
            f"Khôi phục thiếu hoặc sai {len(wrong)} trên {len(expected)} tệp (so mã băm với bản kê)",
            where=wrong[0],
            fix="chọn bản sao lưu khác: truong snapshots",
        )
    # The manifest comes along with a whole night; anything else that nobody vouches for does not.
    for file in [path for path in aside.rglob("*") if path.is_file()]:
        name = file.relative_to(aside).as_posix()
        if name not in expected and name != MANIFEST_PATH:
            file.unlink()


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target, gone afterwards whatever happened; what a killed restore left goes, too."""
    for left in target.parent.glob(f".{target.name}.khoi-phuc-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    aside = target.with_name(f".{target.name}.khoi-phuc-{os.getpid()}")
    aside.mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


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
