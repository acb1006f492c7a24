"""Save a staged night, and say of every file that could not be read or was changed meanwhile that nobody vouches for it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from backup.contents import StagedNight, Streamed, contents_of
from backup.dumps import Refusals, refusal_of
from backup.errors import BackupError, ProofFailed
from backup.hashes import HASHES_FOLDER, FileHashes, as_relative
from backup.manifest import MANIFEST_PATH, PartEntry, new_manifest
from backup.manifest_file import NO_MANIFEST, staged_manifest, write_manifest
from backup.server_dumps import stream_dump
from backup.stored import DAY_TAG, DUMP_NAME_TAG, DUMP_TAG, dump_before
from backup.verify import manifest_of
from connectors.records.snapshot import sha256_of
from infra.errors import SchoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from backup.contents import Contents, GatheredNight
    from backup.manifest import Manifest
    from backup.repository import Repository
    from backup.server_dumps import ServerDump
    from backup.stored import Progress, ReadProgress, SavedSnapshot, StoredSnapshot

PUT_ASIDE = ".manifest-"  # the first repository's manifest while a copy is saved with its own, beside known.json: no night sweeps there


def save_night(repository: Repository, staged: StagedNight, on_progress: Callable[[Progress], None] | None = None) -> SavedSnapshot:
    """Back up a staged night; look at `complete` of the result. BackupError when no snapshot was made."""
    return _compared(repository, staged, repository.save(staged.contents, on_progress))


def stage_and_save(
    repository: Repository, gathered: GatheredNight, on_progress: Callable[[Progress | ReadProgress], None] = lambda _: None
) -> tuple[StagedNight, SavedSnapshot]:
    """Stage a night while restic opens the repository, and back it up. The night is staged, too, when BackupError is raised."""
    staged: list[StagedNight] = []

    def prepare() -> Contents:
        staged.append(gathered.stage(on_progress))
        return staged[0].contents

    try:
        saved = repository.save_meanwhile(gathered.begin(), prepare, on_progress)
    except SchoolError:
        if not staged:  # restic was not even started; the copies want the night all the same
            prepare()
        raise
    return staged[0], _compared(repository, staged[0], saved)


def _compared(repository: Repository, staged: StagedNight, saved: SavedSnapshot) -> SavedSnapshot:
    """What was saved, less every file for which nobody vouches."""
    root = staged.contents.root
    unread = [path for path in as_relative(root, staged.hashes.unreadable) if not _named(path, saved.unreadable)]
    changed = [path for path in as_relative(root, staged.hashes.changed()) if not _named(path, saved.unreadable)]
    if not unread and not changed:
        return saved
    return repository.marked_partial(replace(saved, complete=False, unreadable=(*saved.unreadable, *unread), changed=tuple(changed)))


def _named(path: str, told: tuple[str, ...]) -> bool:
    """Whether restic itself already named the file (it tells absolute paths)."""
    return any(one == path or one.endswith(f"/{path}") for one in told)


def staged_again(data: Path) -> StagedNight | None:
    """The night that was staged last, for another repository; None when there is none."""
    if not (data / MANIFEST_PATH).is_file():
        return None
    _put_back(data)
    manifest, hashes = staged_manifest(data), FileHashes(data / "backups" / HASHES_FOLDER)
    if not manifest.parts:  # a first night that broke off while it was staged: nobody may take nothing for a night
        return None
    hashes.recall(manifest.stored)
    return StagedNight(contents_of(data, manifest), manifest, hashes)


@contextmanager
def with_manifest(staged: StagedNight, manifest: Manifest) -> Iterator[StagedNight]:
    """The staged night with another manifest in its place while one repository is saved into."""
    if manifest is staged.manifest:
        yield staged
        return
    root = staged.contents.root
    first = shutil.copyfile(root / MANIFEST_PATH, root / "backups" / f"{PUT_ASIDE}{os.getpid()}")
    written = write_manifest(root, manifest)
    # Named after what stands in its place, so that after a kill nobody takes it for the manifest of a night that was staged later.
    kept = first.rename(root / "backups" / f"{PUT_ASIDE}{written.digest}")
    try:
        yield replace(staged, manifest=manifest, contents=contents_of(root, manifest))
    finally:
        kept.replace(root / MANIFEST_PATH)


def _put_back(data: Path) -> None:
    """Undo what a kill within `with_manifest` left: the copies would take the first repository for one that has not tonight's night."""
    staged = data / MANIFEST_PATH
    replaced = f"{PUT_ASIDE}{sha256_of(staged)}"
    for kept in (data / "backups").glob(f"{PUT_ASIDE}*"):
        if kept.name == replaced:
            kept.replace(staged)
        else:
            kept.unlink()


def saved_tonight(repository: Repository, manifest: Manifest) -> StoredSnapshot | None:
    """The snapshot that holds exactly this manifest; None when the repository has none or cannot be asked."""
    try:
        found = repository.snapshots(manifest.day)[-1:]
        return next((one for one in found if manifest_of(repository, one.id).digest == manifest.digest), None)
    except (BackupError, *NO_MANIFEST):
        return None


def streamed_parts(servers: Sequence[ServerDump], repository: Repository, day: date, scratch: Path) -> Streamed:
    """Stream the dumps that shall not lie on our disk into the repository. BackupError when the repository is at fault."""
    parts, refusals = {}, Refusals()
    for server in (one for one in servers if one.stream):
        with refusals.of(server.name):
            entry, rows = stream_dump(server, repository, day, scratch)
            parts[server.name] = PartEntry(server.file, ((server.file, entry),), dict(rows), streamed=True)
    return Streamed(parts, refusals.found)


def streamed_again(servers: Sequence[ServerDump], copy: Repository, day: date, scratch: Path) -> Streamed:
    """As `streamed_parts`, into a copy that is saved straight from the sources: its files come whatever is wrong with a dump."""
    try:
        return streamed_parts(servers, copy, day, scratch)
    except SchoolError as error:
        return Streamed(lacking={one.name: refusal_of(error) for one in servers if one.stream})


def with_dumps(manifest: Manifest, own: Streamed) -> Manifest:
    """A night's manifest for a copy with streamed dumps of its own: what it promises and what it lacks is this copy's."""
    if not own.parts and not own.lacking:
        return manifest
    parts = {name: part for name, part in manifest.parts.items() if name not in own.lacking}
    lacking = {name: refusal for name, refusal in manifest.lacking.items() if name not in own.parts}
    return new_manifest(manifest.day, {**parts, **own.parts}, {**lacking, **own.lacking})


def dump_of(repository: Repository, manifest: Manifest, name: str, saved: datetime) -> StoredSnapshot | None:
    """The snapshot of a manifest's streamed dump, for the night that was `saved` then; dump_retention keeps it as long as that."""
    return dump_before(repository.tagged(f"{DUMP_TAG},{DAY_TAG}{manifest.day.isoformat()},{DUMP_NAME_TAG}{name}"), saved)


def require_streamed(repository: Repository, manifest: Manifest, saved: datetime) -> None:
    """ProofFailed when a streamed dump of the manifest, whose night was `saved` then, does not lie in the repository in its full size."""
    for name, part in manifest.streamed.items():
        found = dump_of(repository, manifest, name, saved)
        sizes = repository.files_of(found.id) if found else {}
        if any(sizes.get(path) != entry.size for path, entry in part.files):
            raise ProofFailed(
                f"Kho không có bản sao cơ sở dữ liệu {name} của đêm này", where=repository.name, fix="chạy lại `truong nightly`"
            )
