"""A school's home: its settings, its folders, the lock that keeps two nights apart, and its own Prefect.

The home is the folder of `truong.toml`. Settings are found by `--config`, else `./truong.toml`, else
the home that `make demo` made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from infra.clock import today
from infra.errors import ConfigurationError
from infra.secret_files import close_folder, is_open
from infra.settings import SETTINGS_FILE, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMO_HOME = "demo-home"
NIGHT_LOCK, DRILL_LOCK = "night.lock", "drill.lock"
# Pages and forms of counts, which the vice-principal opens too; lists of names among them lie in closed folders of their own.
OPEN_FOLDERS = frozenset({"reports", "exports", "nights", "certificates"})
# What a night or a restore writes with names in it: closed before the first file is there, not after the last.
CLOSED_FOLDERS = ("landing", "work", "cache", "snapshots", "findings", "gx", "staging", "backups", "restored")


class NightAlreadyRunning(ConfigurationError):
    """Another night holds the lock."""


@dataclass(frozen=True, slots=True)
class Home:
    """One school's settings and folders."""

    settings: Settings
    file: Path

    @property
    def root(self) -> Path:
        """Folder of the settings file."""
        return self.settings.home

    @property
    def data(self) -> Path:
        """Where the data of all nights lies."""
        return self.settings.data

    def folder(self, name: str, day: date | None = None) -> Path:
        """`data/NAME` or `data/NAME/DAY`."""
        return self.data / name / day.isoformat() if day else self.data / name

    @property
    def today(self) -> date:
        """The school's day: today, or the fixed day of a demo school."""
        return date.fromisoformat(self.settings.day) if self.settings.day else today()


def open_home(config: Path | None) -> Home:
    """The home that `--config` names, or the nearest one. ConfigurationError when there is none."""
    file = config or find_settings()
    if file is None:
        raise ConfigurationError(
            "Chưa có trường nào được cài đặt ở đây", where=str(Path.cwd()), fix="chạy `make demo` để xem thử, hoặc `truong setup`"
        )
    return Home(load_settings(file), file.resolve())


def find_settings() -> Path | None:
    """`./truong.toml`, else that of the demo home here or beside the virtual environment."""
    here = Path.cwd()
    candidates = (here / SETTINGS_FILE, here / DEMO_HOME / SETTINGS_FILE, Path(sys.prefix).parent / DEMO_HOME / SETTINGS_FILE)
    return next((file for file in candidates if file.is_file()), None)


@contextmanager
def one_night_at_a_time(home: Home) -> Iterator[None]:
    """Hold the night's lock. Raises NightAlreadyRunning when another night has it."""
    what, fix = "Một đêm khác đang chạy nên lần này không bắt đầu", "đợi đêm đó xong (xem `truong status`) rồi chạy lại"
    with _locked(home, NIGHT_LOCK, NightAlreadyRunning(what, where=str(home.data), fix=fix)):
        yield


@contextmanager
def one_drill_at_a_time(home: Home) -> Iterator[None]:
    """Hold the drill's lock. ConfigurationError when another drill has it."""
    busy = ConfigurationError("Một lần diễn tập khác đang chạy", where=str(home.data), fix="đợi xong rồi chạy lại")
    with _locked(home, DRILL_LOCK, busy):
        yield


@contextmanager
def _locked(home: Home, name: str, busy: ConfigurationError) -> Iterator[None]:
    """Hold a lock of the home; the kernel drops it when the process dies, however it dies."""
    close_to_others(home)
    with (home.data / name).open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield


def close_to_others(home: Home) -> None:
    """Let nobody but the owner into the folders with children's data, also into those of an older version or a copied home."""
    for folder in (*(home.data / name for name in CLOSED_FOLDERS), *left_open(home)):
        close_folder(folder)


def left_open(home: Home) -> list[Path]:
    """The folders of the data that others of this machine may look into and should not."""
    folders = sorted(path for path in home.data.glob("*") if path.is_dir() and path.name not in OPEN_FOLDERS)
    return [folder for folder in folders if is_open(folder)]


def sweep(home: Home) -> int:
    """Remove what killed nights left half-written (hidden folders and files written aside); returns how many.

    Only called under the night's lock, so nothing that is removed is still being written; a restore, a drill or a
    repair may run beside a night, so theirs go only when nobody holds them.
    """
    from backup.aside import remove_left  # noqa: PLC0415 - only a night needs it

    work = home.folder("work")
    asides = [path for pattern in ("*/.*", "*/*/.*", "*/*/*/.*") for path in home.data.glob(pattern) if path.exists()]
    kept = {home.data / name for name in ("backups", "restored", "drill")}
    left = [path for path in asides if not kept & set(path.parents)] + (list(work.iterdir()) if work.exists() else [])
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left) + sum(remove_left(home.folder(name)) for name in ("restored", "backups"))


def prefect_environment(home: Home, api_url: str) -> None:
    """Point Prefect at this home and keep it quiet and at home; must run before Prefect is imported."""
    os.environ |= {
        "PREFECT_HOME": str(home.root / "prefect"),
        "PREFECT_API_URL": api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the new interface makes the browser ask amplitude.com
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the terminal belongs to our own progress lines
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",  # whatever the machine's own profile says: Prefect keeps no result
        "PREFECT_CLI_COLORS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
    }
