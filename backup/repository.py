"""One encrypted restic repository: the only module that knows restic's commands, and the owner of resticpy.

resticpy answers which version a binary is. For everything else our own runner speaks to restic, because
resticpy keeps the repository in globals, has no deadline, progress, dump or lock handling, and turns a
failed `check` into None (docs/decisions.md). Errors are typed by exit code: BackupError and its kinds.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import restic

from backup.errors import BackupFailed
from backup.faults import error_of, lost_repository, other_repository, place_taken
from backup.known import KnownRepositories
from backup.locks import is_dead
from backup.runner import Outcome, Runner
from backup.stored import DAY_TAG, OUR_TAG, progress_of, saved_snapshot, stored_snapshot
from infra.errors import ConfigurationError
from infra.secret_files import permission_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from backup.contents import Contents
    from backup.stored import Progress, SavedSnapshot, StoredSnapshot
    from infra.settings import Settings

OLDEST_RESTIC = (0, 18)  # exit codes 10-12 and JSON of check, restore and init
EXIT_MISSING, EXIT_PARTIAL = 10, 3
QUICK_SECONDS, LONG_SECONDS = 300.0, 6 * 3600.0  # a question; moving data
REMOTE_SCHEMES = ("sftp:", "s3:", "rest:", "rclone:", "b2:", "azure:", "gs:", "swift:")
# One name for the school, whatever the machine is called: a new machine goes on where the old one ended.
HOST = "truong"

_resticpy = threading.Lock()  # its binary_path is a global


@cache
def restic_version(binary: Path) -> tuple[int, ...]:
    """Version of a restic binary, (0, 18, 1); (0,) when it does not run."""
    with _resticpy:
        restic.binary_path = str(binary)
        try:
            told: str = restic.version()["restic_version"]
        except (restic.errors.Error, OSError, KeyError, AttributeError):
            return (0,)
    return tuple(int(part) for part in told.split("-", maxsplit=1)[0].split(".") if part.isdigit())


def find_restic() -> Path:
    """The restic to use: PATH if new enough, else the project's own. ConfigurationError when there is none."""
    on_path = shutil.which("restic")
    for candidate in (on_path, Path(sys.prefix).parent / ".tools" / "restic"):
        if candidate and Path(candidate).exists() and restic_version(Path(candidate)) >= OLDEST_RESTIC:
            return Path(candidate)
    found = f"máy chỉ có bản {'.'.join(map(str, restic_version(Path(on_path))))}" if on_path else "máy chưa có restic"
    raise ConfigurationError(f"Cần restic từ 0.18 trở lên, {found}", fix="chạy: make setup")


def open_repository(settings: Settings) -> Repository:
    """The repository that the settings name; touches nothing."""
    backup = settings.backup
    url = (
        backup.repository if backup.repository.startswith(REMOTE_SCHEMES) else str(settings.path(backup.repository.removeprefix("local:")))
    )
    return Repository(backup.name, url, settings.path(backup.password_file), settings.data / "backups")


@dataclass(frozen=True, slots=True)
class Repository:
    """A restic repository. `state`: our folder for known.json and restic's cache; `binary`: None means find_restic()."""

    name: str
    url: str
    password_file: Path
    state: Path
    binary: Path | None = None

    @property
    def path(self) -> Path | None:
        """The folder of a local repository."""
        return None if self.url.startswith(REMOTE_SCHEMES) else Path(self.url)

    @property
    def _known_place(self) -> str:
        """The place as known.json has it: relative beside it, so that a home that moves keeps its memory."""
        return self.path.relative_to(self.state).as_posix() if self.path and self.path.is_relative_to(self.state) else self.url

    def ensure(self) -> None:
        """Make the repository the first time. RepositoryMissing when one was known here and is gone."""
        known = KnownRepositories(self.state)
        expected = known.id_of(self._known_place)
        outcome = self._run(["cat", "config", "--no-lock"], QUICK_SECONDS)
        if outcome.exit_code == EXIT_MISSING:
            if expected:
                raise lost_repository(self.url)
            self._create()
            outcome = self._run(["cat", "config", "--no-lock"], QUICK_SECONDS)
        found = str(self._required(outcome).json()["id"])
        if expected and found != expected:
            raise other_repository(self.url)
        if not expected:
            known.remember(self._known_place, found)

    def unlock_stale(self) -> None:
        """Remove locks whose restic is dead (never those of a living one)."""
        self._ask(["unlock"])
        left = self.locks()
        if left and all(is_dead(self._ask(["cat", "lock", lock, "--no-lock"]).json()) for lock in left):
            self._ask(["unlock", "--remove-all"])

    def locks(self) -> list[str]:
        """Ids of the locks in the repository."""
        return self._ask(["list", "locks", "--no-lock"]).output.decode().split()

    def save(self, contents: Contents, on_progress: Callable[[Progress], None] | None = None) -> SavedSnapshot:
        """Back up `contents`; heals the stale lock of a killed night first. Look at `complete` of the result.

        Raises BackupFailed or another BackupError when no snapshot was made.
        """
        self.unlock_stale()
        tags = ",".join((OUR_TAG, *contents.tags))
        arguments = ["backup", "--json", "--host", HOST, "--group-by", "host", "--tag", tags, "--", *contents.paths]
        outcome, summary = self._move(arguments, on_progress, contents.root)
        if outcome.exit_code not in {0, EXIT_PARTIAL} or not summary.get("snapshot_id"):
            raise (
                error_of(outcome, self.url)
                if outcome.exit_code != EXIT_PARTIAL
                else BackupFailed(
                    "Không tệp nào đọc được nên không có bản sao lưu", where=self.name, fix="kiểm tra quyền đọc thư mục dữ liệu"
                )
            )
        return self._with_vanished(saved_snapshot(outcome, summary), contents.files)

    def _with_vanished(self, saved: SavedSnapshot, files: frozenset[str]) -> SavedSnapshot:
        """0.18 ends with 0 when a path or a file was gone before it came to it: what was promised and is not there is told."""
        if not saved.complete or saved.files >= len(files):
            return saved
        vanished = sorted(files - set(self.files_of(saved.id)))
        return replace(saved, complete=not vanished, unreadable=tuple(vanished))

    def snapshots(self, day: date | None = None) -> list[StoredSnapshot]:
        """Our snapshots (of a day), oldest first, as the repository has them."""
        tags = OUR_TAG if day is None else f"{OUR_TAG},{DAY_TAG}{day.isoformat()}"
        found = [stored_snapshot(values) for values in self._ask(["snapshots", "--json", "--no-lock", "--tag", tags]).json()]
        return sorted(found, key=lambda snapshot: snapshot.time)

    def files_of(self, snapshot_id: str) -> dict[str, int]:
        """Relative path -> size in bytes of every file in a snapshot."""
        rows = self._ask(["ls", "--json", "--no-lock", snapshot_id]).rows()
        return {row["path"].lstrip("/"): row.get("size", 0) for row in rows if row.get("type") == "file"}

    def dump_file(self, snapshot_id: str, path: str) -> bytes:
        """The content of one (small) file of a snapshot, read from the repository."""
        return self._ask(["dump", "--no-lock", snapshot_id, f"/{path}"]).output

    def restore(
        self, snapshot_id: str, target: Path, include: Sequence[str] = (), on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Restore a snapshot, or only the relative paths of `include`, into `target`.

        restic ends well even when nothing matched or the counts are wrong: count and hash what came (backup.restore).
        """
        patterns = [part for path in include for part in ("--include", f"/{_literally(path)}")]
        outcome, _ = self._move(["restore", "--json", "--no-lock", snapshot_id, "--target", str(target), *patterns], on_progress, None)
        self._required(outcome)

    def check(self, read_data: str = "") -> None:
        """Check the structure, and the data itself of a subset like `1/13` or `100%`. RepositoryDamaged when something is lost."""
        subset = ["--read-data-subset", read_data] if read_data else []
        outcome = self._run(["check", "--json", *subset], LONG_SECONDS)
        if outcome.exit_code:
            raise error_of(outcome, self.url, checked=True)

    def stored_bytes(self) -> int:
        """Size of all data in the repository, deduplicated and compressed."""
        return int(self._ask(["stats", "--mode", "raw-data", "--json", "--no-lock"]).json()["total_size"])

    def _create(self) -> None:
        """Make the repository; a local one aside, then renamed, so that a kill leaves none half-made."""
        if self.path is None or self.path.exists():
            if self.path and (not self.path.is_dir() or any(self.path.iterdir())):
                raise place_taken(self.url)
            self._ask(["init", "--json"])
            return
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        self._required(self._run(["init", "--json"], QUICK_SECONDS, {"RESTIC_REPOSITORY": str(aside)}))
        aside.rename(self.path)

    def _ask(self, arguments: Sequence[str]) -> Outcome:
        return self._required(self._run(arguments, QUICK_SECONDS))

    def _required(self, outcome: Outcome) -> Outcome:
        if outcome.exit_code:
            raise error_of(outcome, self.url)
        return outcome

    def _run(self, arguments: Sequence[str], seconds: float, extra: dict[str, str] | None = None) -> Outcome:
        return self._runner(extra or {}).run(arguments, seconds=seconds)

    def _move(
        self, arguments: Sequence[str], on_progress: Callable[[Progress], None] | None, folder: Path | None
    ) -> tuple[Outcome, dict[str, Any]]:
        """Run a command that moves data; returns its outcome and its summary line."""
        summary: dict[str, Any] = {}

        def hear(line: bytes) -> None:
            message = json.loads(line) if line.startswith(b"{") else {}
            if message.get("message_type") == "summary":
                summary.update(message)
            elif message.get("message_type") == "status" and on_progress:
                on_progress(progress_of(message))

        outcome = self._runner({}).run(arguments, seconds=LONG_SECONDS, folder=folder, on_line=hear)
        return outcome, summary

    def _runner(self, extra: dict[str, str]) -> Runner:
        if not self.password_file.is_file():
            fix = "chép lại tệp mật khẩu đã cất (mất nó là mất mọi bản sao lưu)"
            raise ConfigurationError("Không thấy tệp mật khẩu sao lưu", where=str(self.password_file), fix=fix)
        if problem := permission_problem(self.password_file):
            raise ConfigurationError(problem, where=str(self.password_file), fix=f"chạy: chmod 600 '{self.password_file}'")
        environment = {
            "RESTIC_REPOSITORY": self.url,
            "RESTIC_PASSWORD_FILE": str(self.password_file),
            "RESTIC_CACHE_DIR": str(self.state / "cache"),
            "RESTIC_PROGRESS_FPS": "4",
        }
        return Runner(self.binary or find_restic(), environment | extra)


def _literally(path: str) -> str:
    """A path as a restic pattern that matches only itself."""
    return "".join(f"\\{letter}" if letter in "\\*?[" else letter for letter in path)
