"""Proof from the repository itself: what was saved is there, whole, and can be read back.

Job history proves nothing: every answer here comes from asking the repository.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backup.errors import BackupError, ProofFailed
from backup.manifest import MANIFEST_PATH, bytes_of
from backup.manifest_file import NO_MANIFEST, manifest_in, passing_through
from backup.stored import as_told
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from backup.manifest import Manifest
    from backup.repository import Repository

RUN_AGAIN = "chạy lại `truong nightly`; nếu vẫn lỗi, chạy `truong doctor` và thay đĩa"


@dataclass(frozen=True, slots=True)
class Proof:
    """A day's snapshot that the repository was seen to hold whole."""

    day: date
    snapshot: str
    time: datetime
    files: int
    bytes: int
    manifest: Manifest  # as it lies in the repository: a copy that was saved directly vouches for streamed dumps of its own


def prove(repository: Repository, manifest: Manifest) -> Proof:
    """Prove that the newest snapshot of the manifest's day holds all of it and that the repository is sound.

    Raises ProofFailed when it does not, RepositoryDamaged when packs or trees are lost.
    """
    day = vietnamese_date(manifest.day)
    found = repository.snapshots(manifest.day)
    if not found:
        raise ProofFailed(f"Kho không có bản sao lưu nào của ngày {day}", where=repository.name, fix=RUN_AGAIN)
    newest = found[-1]
    repository.check()  # first: it names lost packs, which listings from the cache do not even notice
    if missing := missing_files(repository, newest.id, manifest):
        where = f"{repository.name}, {missing[0]}"
        raise ProofFailed(f"Bản sao lưu ngày {day} thiếu {len(missing)} tệp", where=where, fix=RUN_AGAIN)
    own = _own_manifest(repository, newest.id, manifest)
    if own is None:
        raise ProofFailed(f"Bản mới nhất trong kho không phải bản vừa lưu của ngày {day}", where=repository.name, fix=RUN_AGAIN)
    return Proof(manifest.day, newest.id, newest.time, len(manifest.files), bytes_of(manifest.files), own)


def _own_manifest(repository: Repository, snapshot_id: str, manifest: Manifest) -> Manifest | None:
    """The stored manifest, if it tells the same night: all but the streamed dumps, which each repository may have its own of."""
    try:
        own = manifest_of(repository, snapshot_id)
    except NO_MANIFEST:
        return None
    if own.digest == manifest.digest:
        return manifest
    return own if (own.day, own.stored) == (manifest.day, manifest.stored) else None


def missing_files(repository: Repository, snapshot_id: str, manifest: Manifest) -> list[str]:
    """Relative paths of files that a snapshot does not hold in their size, of all that its manifest promises, and of the manifest."""
    if holds_all(repository, snapshot_id, manifest):
        return []
    stored = repository.files_of(snapshot_id)
    missing = [path for path, entry in manifest.files if stored.get(as_told(path)) != entry.size]
    return missing if MANIFEST_PATH in stored else [*missing, MANIFEST_PATH]


def broken_parts(repository: Repository, snapshot_id: str, manifest: Manifest) -> tuple[str, ...]:
    """Parts of a manifest that a snapshot does not hold whole; streamed dumps lie elsewhere."""
    if holds_all(repository, snapshot_id, manifest):
        return ()
    stored = repository.files_of(snapshot_id)
    parts = manifest.stored.items()
    return tuple(name for name, part in parts if any(stored.get(as_told(path)) != entry.size for path, entry in part.files))


@dataclass(slots=True)
class _Tally:
    """Stands for files and their sizes in whatever order they are told, without holding them: nearly every night all are there."""

    count: int = 0
    total: int = 0

    def add(self, path: str, size: int) -> None:
        self.count += 1
        # Python's own hash, another in each process: both sides are told in this one, and nothing of it is kept.
        self.total += hash((path, size))


def holds_all(repository: Repository, snapshot_id: str, manifest: Manifest) -> bool:
    """Whether a snapshot holds exactly the files of a manifest in their sizes, and the manifest. False may also mean: and others."""
    promised, stored, manifests = _Tally(), _Tally(), _Tally()
    for path, entry in manifest.files:
        promised.add(as_told(path), entry.size)
    repository.hear_files(snapshot_id, lambda path, size: (manifests if path == MANIFEST_PATH else stored).add(path, size))
    return promised == stored and manifests.count == 1


def only_with(manifest: Manifest, stored: Collection[str]) -> Manifest:
    """The manifest without files that were taken out of its snapshot by hand, because of the mark that they bear."""
    lying = {}
    for name, part in manifest.stored.items():
        lying[name] = replace(part, files=tuple(file for file in part.files if as_told(file[0]) in stored))
    return replace(manifest, parts={**manifest.parts, **lying}, digest="")


def manifest_of(repository: Repository, snapshot_id: str) -> Manifest:
    """The manifest inside a snapshot. BackupError when restic cannot give it, one of NO_MANIFEST when it is none."""
    with passing_through(repository.state) as stream:
        repository.dump_file(snapshot_id, MANIFEST_PATH, stream.write)
        stream.flush()
        return manifest_in(stream)


def stored_manifest(repository: Repository, snapshot_id: str) -> Manifest:
    """The manifest inside a snapshot. ProofFailed when it cannot be read."""
    try:
        return manifest_of(repository, snapshot_id)
    except (BackupError, *NO_MANIFEST) as error:
        detail = f" ({error.what})" if isinstance(error, BackupError) else ""
        raise ProofFailed(
            f"Không đọc được bản kê trong bản sao lưu {snapshot_id[:8]}{detail}",
            where=repository.name,
            fix="dùng bản khác: truong snapshots",
        ) from error
