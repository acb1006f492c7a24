"""Proof from the repository itself: what was saved is there, whole, and can be read back.

Job history proves nothing: every answer here comes from asking the repository.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backup.errors import BackupError, ProofFailed
from backup.manifest import MANIFEST_PATH, manifest_from
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from backup.manifest import Manifest, PartEntry
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
    if missing := _missing(repository.files_of(newest.id), manifest):
        where = f"{repository.name}, {missing[0]}"
        raise ProofFailed(f"Bản sao lưu ngày {day} thiếu {len(missing)} tệp", where=where, fix=RUN_AGAIN)
    own = _own_manifest(repository.dump_file(newest.id, MANIFEST_PATH), manifest)
    if own is None:
        raise ProofFailed(f"Bản mới nhất trong kho không phải bản vừa lưu của ngày {day}", where=repository.name, fix=RUN_AGAIN)
    return Proof(manifest.day, newest.id, newest.time, len(manifest.files), manifest.total_bytes, own)


def _own_manifest(stored: bytes, manifest: Manifest) -> Manifest | None:
    """The stored manifest, if it tells the same night: all but the streamed dumps, which each repository may have its own of."""
    if stored == manifest.to_bytes():
        return manifest
    try:
        own = manifest_from(stored)
    except (ValueError, KeyError, TypeError):
        return None
    return own if (own.day, _lying(own)) == (manifest.day, _lying(manifest)) else None


def _lying(manifest: Manifest) -> dict[str, PartEntry]:
    return {name: part for name, part in manifest.parts.items() if not part.streamed}


def broken_parts(stored: Mapping[str, int], manifest: Manifest) -> tuple[str, ...]:
    """Parts of a manifest that `stored` (path -> bytes, as a snapshot has them) does not hold whole; streamed dumps lie elsewhere."""
    return tuple(
        name for name, part in _lying(manifest).items() if any(stored.get(path) != entry.size for path, entry in part.files.items())
    )


def only_with(manifest: Manifest, stored: Collection[str]) -> Manifest:
    """The manifest without files that were taken out of its snapshot by hand, because of the mark that they bear."""
    lying = {}
    for name, part in _lying(manifest).items():
        lying[name] = replace(part, files={path: entry for path, entry in part.files.items() if path in stored})
    return replace(manifest, parts={**manifest.parts, **lying})


def stored_manifest(repository: Repository, snapshot_id: str) -> Manifest:
    """The manifest inside a snapshot. ProofFailed when it cannot be read."""
    try:
        return manifest_from(repository.dump_file(snapshot_id, MANIFEST_PATH))
    except (BackupError, ValueError, KeyError, TypeError) as error:
        detail = f" ({error.what})" if isinstance(error, BackupError) else ""
        raise ProofFailed(
            f"Không đọc được bản kê trong bản sao lưu {snapshot_id[:8]}{detail}",
            where=repository.name,
            fix="dùng bản khác: truong snapshots",
        ) from error


def _missing(stored: Mapping[str, int], manifest: Manifest) -> list[str]:
    wrong = [path for path, entry in manifest.files.items() if stored.get(path) != entry.size]
    return wrong if MANIFEST_PATH in stored else [*wrong, MANIFEST_PATH]
