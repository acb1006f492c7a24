"""Told to whoever wants a database of a night that could not dump it: that it is not there, why, and which earlier night has it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from backup.contents import PART_NAMES
from backup.errors import ProofFailed, RestoreError
from backup.verify import stored_manifest
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from backup.manifest import Manifest
    from backup.repository import Repository
    from backup.stored import StoredSnapshot

LOOKED_BACK = 31  # nights whose manifests are read; those that bear the tag of a missing database cost nothing


def database_named(part: str) -> str:
    """A database of a night, as people say it."""
    return PART_NAMES.get(part, f"cơ sở dữ liệu «{part}»")


def earlier_with(repository: Repository, night: StoredSnapshot, part: str) -> StoredSnapshot | None:
    """The newest earlier night that has a database; None when none of the last ones has."""
    before = [one for one in repository.snapshots() if one.time < night.time and part not in one.lacking]
    for one in reversed(before[-LOOKED_BACK:]):
        with suppress(ProofFailed):  # a manifest that cannot be read names nothing: the night before it may
            if part in stored_manifest(repository, one.id).parts:
                return one
    return None


def lacking_error(repository: Repository, night: StoredSnapshot, manifest: Manifest, part: str) -> RestoreError:
    """That the night has no such database, why, and the command that brings the newest earlier one."""
    told = f"Đêm {vietnamese_date(manifest.day)} không có {database_named(part)}, vì đêm đó: {manifest.lacking[part].why}"
    if earlier := earlier_with(repository, night, part):
        command = f"truong restore --repository {repository.name} --snapshot {earlier.short_id} --database {part}"
        return RestoreError(told, where=repository.name, fix=f"đêm gần nhất trước đó còn có là {vietnamese_date(earlier.day)}: {command}")
    return RestoreError(told, where=repository.name, fix="không đêm nào trước đó ở kho này có; tìm ở kho khác: truong snapshots")


def lacking_lines(repository: Repository, night: StoredSnapshot, manifest: Manifest) -> tuple[str, ...]:
    """A line for each database that the night lacks."""
    return tuple(lacking_error(repository, night, manifest, part).line() for part in sorted(manifest.lacking))
