"""One encrypted restic repository: saving, listing, reading, restoring, checking.

With backup/upkeep.py (copies, retention, repair) the only module that knows restic's commands. Errors
are typed by exit code: BackupError and its kinds (backup/faults.py).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from backup.access import LOCAL, Access, Terms, kind_of
from backup.binary import find_restic
from backup.checks import note_check
from backup.errors import BackupFailed, RepositoryDamaged
from backup.faults import error_of, lost_repository, other_repository, place_taken, require_place
from backup.known import KnownPartials, KnownRepositories
from backup.locks import is_dead
from backup.manifest import MANIFEST_PATH, paths_of
from backup.meanwhile import Preparing
from backup.patterns import excludes, literally
from backup.runner import Hearing, Outcome, Runner, Starting
from backup.stored import DAY_TAG, OUR_TAG, PARTIAL_TAG, Told, as_told, saved_snapshot, stored_snapshot
from backup.watching import watches_for
from infra.errors import ConfigurationError
from infra.secret_files import permission_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from backup.contents import Contents
    from backup.manifest import Files
    from backup.stored import Progress, SavedSnapshot, StoredSnapshot

EXIT_MISSING, EXIT_PARTIAL = 10, 3
QUICK_SECONDS, LONG_SECONDS = 300.0, 6 * 3600.0  # a question; moving data
# One name for the school, whatever the machine is called: a new machine goes on where the old one ended.
HOST, DUMP_HOST = "truong", "truong-dump"  # a night goes on from the last night: its own dump before it would have it read everything anew
NO_KEYS, NO_TERMS = Access(), Terms()


@dataclass(frozen=True, slots=True)
class Repository:
    """A restic repository. `state`: our folder for what we know of every repository, with restic's cache; `binary`: None: find_restic()."""

    name: str
    url: str
    password_file: Path
    state: Path
    binary: Path | None = None
    access: Access = NO_KEYS
    terms: Terms = NO_TERMS

    @property
    def path(self) -> Path | None:
        """The folder of a local repository."""
        return Path(self.url) if kind_of(self.url) == LOCAL else None

    @property
    def known_place(self) -> str:
        """The place as known.json has it: relative beside it, so that a home that moves keeps its memory."""
        return self.path.relative_to(self.state).as_posix() if self.path and self.path.is_relative_to(self.state) else self.url

    def ensure(self, chunkers_of: Repository | None = None) -> None:
        """Make the repository the first time; RepositoryMissing when one was known here and is gone.

        `chunkers_of`: cut files as that repository does, so that copies from it share their pieces. A removable
        disk is never made by a night: an empty mount point looks like an empty disk (make_removable).
        """
        known = KnownRepositories(self.state)
        expected = known.id_of(self.known_place)
        found = self.identity()
        if found is None and not (expected or self.terms.removable):
            self.create(chunkers_of)
            found = self.identity()
        if found is None:
            raise lost_repository(self.url)
        if expected and found != expected:
            raise other_repository(self.url)
        if not expected:
            known.remember(self.known_place, found)

    def identity(self) -> str | None:
        """The id of the repository that is there; None when there is none."""
        outcome = self.run(["cat", "config", "--no-lock"], QUICK_SECONDS)
        return None if outcome.exit_code == EXIT_MISSING else str(self.required(outcome).json()["id"])

    def unlock_stale(self) -> None:
        """Remove locks whose restic is dead, never those of a living one, never all of them."""
        folder = self.path / "locks" if self.path else None
        if folder and folder.is_dir() and not any(folder.iterdir()):
            return  # as on almost every night: restic need not be asked
        self.ask(["unlock"])
        for lock in self.locks() if folder else ():
            # restic keeps a lock as long as any process bears its number; on our own disk we know better (backup/locks.py).
            if folder and is_dead(self.ask(["cat", "lock", lock, "--no-lock"]).json()):
                (folder / lock).unlink(missing_ok=True)

    def locks(self) -> list[str]:
        """Ids of the locks in the repository."""
        return self.ask(["list", "locks", "--no-lock"]).output.decode().split()

    def save(self, contents: Contents, on_progress: Callable[[Progress], None] | None = None) -> SavedSnapshot:
        """Back up `contents`; heals the stale lock of a killed night first. Look at `complete` of the result.

        Raises BackupFailed or another BackupError when no snapshot was made. A partial snapshot is tagged so.
        """
        self.unlock_stale()
        arguments = [*self._saving(contents), *excludes(contents.left_out), "--", *contents.paths]
        return self._saved(contents, *self._move(arguments, on_progress, folder=contents.root))

    def save_meanwhile(
        self, known: Contents, prepare: Callable[[], Contents], on_progress: Callable[[Progress], None] | None = None
    ) -> SavedSnapshot:
        """As `save`, of what `prepare` makes ready while restic opens the repository (backup.meanwhile); `known`: its paths and tags."""
        self.unlock_stale()
        with Preparing(prepare) as later:
            arguments = [*self._saving(known), "--exclude-file", str(later.list), "--", *known.paths]
            outcome, summary = self._move(arguments, on_progress, folder=known.root, on_start=later.start)
            contents = later.contents()
        return self.save(contents, on_progress) if later.too_long else self._saved(contents, outcome, summary)

    def _saving(self, contents: Contents) -> list[str]:
        return ["backup", "--json", "--host", HOST, "--group-by", "host", "--tag", ",".join((OUR_TAG, *contents.tags))]

    def _saved(self, contents: Contents, outcome: Outcome, summary: dict[str, Any]) -> SavedSnapshot:
        if outcome.exit_code not in {0, EXIT_PARTIAL} or not summary.get("snapshot_id"):
            raise self._no_snapshot(outcome)
        saved = self._with_vanished(saved_snapshot(outcome, summary), contents.files)
        return saved if saved.complete else self.marked_partial(saved)

    def save_output(self, command: Sequence[str], file: str, tags: Sequence[str], environment: Mapping[str, str]) -> SavedSnapshot:
        """Store what a command prints as `file`, as it comes. BackupFailed, and no snapshot, when the command fails."""
        arguments = ["--json", "--host", DUMP_HOST, "--group-by", "host,tags", "--tag", ",".join(tags), "--stdin-from-command"]
        outcome, summary = self._move(["backup", *arguments, "--stdin-filename", file, "--", *command], None, environment)
        if outcome.exit_code or not summary.get("snapshot_id"):
            raise self._no_snapshot(outcome)
        return saved_snapshot(outcome, summary)

    def _no_snapshot(self, outcome: Outcome) -> Exception:
        if outcome.exit_code != EXIT_PARTIAL:
            return error_of(outcome, self.url, self.access)
        fix = "kiểm tra quyền đọc thư mục dữ liệu"
        return BackupFailed("Không tệp nào đọc được nên không có bản sao lưu", where=self.name, fix=fix)

    def _with_vanished(self, saved: SavedSnapshot, files: Files) -> SavedSnapshot:
        """0.18 ends with 0 when a path was gone before it came to it, 0.19 with 3 and no name: what is not there is named here."""
        if saved.files > len(files) or saved.unreadable:
            return saved
        stored = self.files_of(saved.id)
        vanished = sorted(path for path in (*paths_of(files), MANIFEST_PATH) if as_told(path) not in stored)
        return replace(saved, complete=saved.complete and not vanished, unreadable=tuple(vanished))

    def marked_partial(self, saved: SavedSnapshot) -> SavedSnapshot:
        """Tag a snapshot as one that never counts as good; its id changes with the tag."""
        # Remembered here first: the tag needs the repository for itself alone, and an append-only one takes none.
        KnownPartials(self.state).remember(saved.id, saved.unreadable)
        if self.terms.append_only:
            return saved
        outcome = self.run(["tag", "--json", "--add", PARTIAL_TAG, saved.id], QUICK_SECONDS)
        changed = [str(row["new_snapshot_id"]) for row in outcome.rows() if row.get("new_snapshot_id")]
        return replace(saved, id=changed[0], origin=saved.origin or saved.id) if changed else saved

    def snapshots(self, day: date | None = None) -> list[StoredSnapshot]:
        """Our nights (of a day), oldest first, as the repository has them; neither streamed dumps nor what was saved before a restore."""
        found = self.tagged(OUR_TAG if day is None else f"{OUR_TAG},{DAY_TAG}{day.isoformat()}")
        return [snapshot for snapshot in found if snapshot.is_night]

    def tagged(self, *tags: str) -> list[StoredSnapshot]:
        """Snapshots with all of these tags (joined by commas), or with all of the next ones, oldest first."""
        partial = KnownPartials(self.state).ids()
        chosen = [part for one in tags for part in ("--tag", one)]
        rows = self.ask(["snapshots", "--json", "--no-lock", *chosen]).json()
        return sorted((stored_snapshot(values, partial) for values in rows), key=lambda snapshot: snapshot.time)

    def files_of(self, snapshot_id: str) -> dict[str, int]:
        """Relative path -> size in bytes of every file in a snapshot."""
        found: dict[str, int] = {}
        self.hear_files(snapshot_id, found.__setitem__)
        return found

    def hear_files(self, snapshot_id: str, hear: Callable[[str, int], object]) -> None:
        """Tell relative path and size in bytes of every file in a snapshot, one after the other: there are tens of thousands."""

        def of(line: bytes) -> None:
            row = json.loads(line) if line.startswith(b"{") else {}
            if row.get("type") == "file":
                hear(row["path"].lstrip("/"), row.get("size", 0))

        self.required(self.run(["ls", "--json", "--no-lock", snapshot_id], QUICK_SECONDS, on_line=of))

    def dump_file(self, snapshot_id: str, path: str, write: Callable[[bytes], object]) -> None:
        """Hand on the content of one (small) file of a snapshot, read from the repository, as it comes."""
        self.required(self.run(["dump", "--no-lock", snapshot_id, f"/{path}"], QUICK_SECONDS, on_line=write))

    def restore(
        self, snapshot_id: str, target: Path, include: Sequence[str] = (), on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Restore a snapshot, or only the relative paths of `include`, into `target`.

        restic ends well even when nothing matched or the counts are wrong: count and hash what came (backup.restore).
        """
        patterns = [part for path in include for part in ("--include", f"/{literally(path)}")]
        outcome, _ = self._move(["restore", "--json", "--no-lock", snapshot_id, "--target", str(target), *patterns], on_progress)
        self.required(outcome)

    def check(self, read_data: str = "") -> None:
        """Check the structure, and the data itself of a subset like `1/13` or `100%`. RepositoryDamaged when something is lost."""
        subset = ["--read-data-subset", read_data] if read_data else []
        outcome = self.run(["check", "--json", *subset], LONG_SECONDS)
        error = error_of(outcome, self.url, self.access, checked=True) if outcome.exit_code else None
        if error is None or isinstance(error, RepositoryDamaged):  # one that could not be made found nothing
            note_check(self.state, self.name, read_data, error.what if error else "")
        if error:
            raise error

    def stored_bytes(self) -> int:
        """Size of all data in the repository, deduplicated and compressed."""
        return int(self.ask(["stats", "--mode", "raw-data", "--json", "--no-lock"]).json()["total_size"])

    def create(self, chunkers_of: Repository | None = None) -> None:
        """Make the repository; a local one aside, then renamed, so that a kill leaves none half-made."""
        extra, like = (chunkers_of.as_source(), ["--copy-chunker-params"]) if chunkers_of else ({}, [])
        if self.path is None or self.path.exists():
            if self.path and (not self.path.is_dir() or any(self.path.iterdir())):
                raise place_taken(self.url)
            self.required(self.run(["init", "--json", *like], QUICK_SECONDS, extra))
            return
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        self.required(self.run(["init", "--json", *like], QUICK_SECONDS, {**extra, "RESTIC_REPOSITORY": str(aside)}))
        aside.rename(self.path)

    def as_source(self) -> dict[str, str]:
        """What another repository's restic must know to read from this one."""
        self._require_password()
        secrets = self.access.environment(self.url)
        return {**secrets, "RESTIC_FROM_REPOSITORY": self.url, "RESTIC_FROM_PASSWORD_FILE": str(self.password_file)}

    def ask(self, arguments: Sequence[str]) -> Outcome:
        """A short restic command that must end well."""
        return self.required(self.run(arguments, QUICK_SECONDS))

    def required(self, outcome: Outcome) -> Outcome:
        """The outcome, when the command ended well; its typed error when it did not."""
        if outcome.exit_code:
            raise error_of(outcome, self.url, self.access)
        return outcome

    def run(self, arguments: Sequence[str], seconds: float, extra: Mapping[str, str] | None = None, **more: Unpack[Hearing]) -> Outcome:
        """Any restic command of this repository; the caller looks at its exit code. `more`: as Runner.run has them."""
        return self._runner(extra or {}).run(self._whole(arguments), seconds=seconds, **more)

    def _whole(self, arguments: Sequence[str]) -> list[str]:
        return [arguments[0], *self.access.options(self.url), *arguments[1:]]

    def _move(
        self,
        arguments: Sequence[str],
        on_progress: Callable[[Progress], None] | None,
        extra: Mapping[str, str] | None = None,
        **more: Unpack[Starting],
    ) -> tuple[Outcome, dict[str, Any]]:
        """Run a command that moves data; returns its outcome and its summary line."""
        told = Told(on_progress)
        return self.run(arguments, LONG_SECONDS, extra, on_line=told.hear, **more), told.summary

    def _runner(self, extra: Mapping[str, str]) -> Runner:
        self._require_password()
        environment = {
            **self.access.environment(self.url),
            "RESTIC_REPOSITORY": self.url,
            "RESTIC_PASSWORD_FILE": str(self.password_file),
            "RESTIC_CACHE_DIR": str(self.state / "cache"),
            "RESTIC_PROGRESS_FPS": "4",  # without it `copy` says nothing on its way (upkeep.py)
        }
        require_place(self.url)
        return Runner(self.binary or find_restic(), {**environment, **extra}, watches_for(self.url, self.state))

    def _require_password(self) -> None:
        if not self.password_file.is_file():
            fix = "chép lại tệp mật khẩu đã cất (mất nó là mất mọi bản sao lưu)"
            raise ConfigurationError("Không thấy tệp mật khẩu sao lưu", where=str(self.password_file), fix=fix)
        if problem := permission_problem(self.password_file):
            raise ConfigurationError(problem, where=str(self.password_file), fix=f"chạy: chmod 600 '{self.password_file}'")
