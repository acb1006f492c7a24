"""restic opens the repository while the night is hashed, and waits for the list of what to leave out before it reads a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backup.contents import Listed, gather_night
from backup.errors import BackupError, WrongPassword
from backup.meanwhile import MOST_BYTES
from backup.saving import stage_and_save, staged_again
from backup.stored import as_told
from backup.verify import prove
from tests.integration.backup_school import DAY, School, lock_files, new_school, newest_restic, with_binary
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backup.repository import Repository

# What a list of patterns could misread: blanks at the ends, variables, comments, wildcards, ends of lines, old names.
ODD = ["cuối ", "$HOME", "$$", "#1", "a*b", "[c]", "d\\e", "dòng\nhai", "về\r", "\u3000", "!f", "?", os.fsdecode(b"x\xff")]


@pytest.fixture
def school(tmp_path: Path) -> School:
    school = new_school(tmp_path / "truong")
    school.begin()
    return school


@pytest.fixture
def web(school: School) -> Path:
    """A listed folder with marked files of odd names, and others that are called nearly so."""
    folder = school.root / "web"
    folder.mkdir()
    for name in ODD:
        (folder / f"{name}.txt").write_text("MẬT\n", encoding="utf-8")
        (folder / name).write_text("không\n", encoding="utf-8")
        (folder / f"{name}.txt{name}").write_text("không\n", encoding="utf-8")
    (folder / "cuối.txt ").write_text("khác đuôi\n", encoding="utf-8")
    return folder


def _saved(repository: Repository, school: School, web: Path) -> tuple[set[str], set[str]]:
    """Of the listed folder: the names that were found to be marked, and those that were stored."""
    night, saved = stage_and_save(repository, gather_night(school.data, DAY, school.database, also=Listed(folders={"web": web})))
    assert saved.complete
    prove(repository, night.manifest)
    stored = {f"/{path}" for path in repository.files_of(saved.id)}
    assert night.look is not None
    return tuple({path.removeprefix(f"{web}/") for path in paths if path.startswith(f"{web}/")} for paths in (night.look.marked, stored))


@pytest.mark.parametrize("newest", [False, True])
def test_what_is_marked_is_left_out_whatever_it_is_called(school: School, web: Path, *, newest: bool) -> None:
    repository = with_binary(school.repository, newest_restic()) if newest else school.repository
    marked, stored = _saved(repository, school, web)
    assert marked == {f"{name}.txt" for name in ODD}
    assert stored == {as_told(name) for odd in ODD for name in (odd, f"{odd}.txt{odd}")} | {"cuối.txt "}


def test_a_list_that_is_too_long_for_one_stroke_is_given_as_options(school: School, web: Path) -> None:
    long = "x" * 200
    for number in range(MOST_BYTES // 200 + 1):
        (web / f"{long}-{number}.txt").write_text("TỐI MẬT\n", encoding="utf-8")
    marked, stored = _saved(school.repository, school, web)
    assert len(marked) == len(ODD) + MOST_BYTES // 200 + 1
    assert len(stored) == 2 * len(ODD) + 1
    assert len(school.repository.snapshots()) == 1
    assert lock_files(school) == []


def test_when_the_night_cannot_be_staged_nothing_is_saved_and_no_lock_stays(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = gather_night(school.data, DAY, school.database)
    (school.data / "staging" / "manifest.json").unlink(missing_ok=True)
    gathered.begin()
    monkeypatch.setattr("backup.contents.write_manifest", _full)
    with pytest.raises(OSError, match="No space"):
        stage_and_save(school.repository, gathered)
    assert school.repository.snapshots() == []
    assert lock_files(school) == []
    assert staged_again(school.data) is None  # the copies would save a night without a file


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_wrong_password_is_told_and_the_night_is_staged_for_the_copies(school: School) -> None:
    (school.root / "restic.pass").write_text("sai\n", encoding="utf-8")
    with pytest.raises(WrongPassword):
        stage_and_save(school.repository, gather_night(school.data, DAY, school.database))
    assert (school.data / "staging" / "manifest.json").stat().st_size > 500


def test_a_store_that_is_gone_is_told_and_the_night_is_staged_for_the_copies(school: School) -> None:
    away = replace(school.repository, url=f"rest:http://127.0.0.1:{free_port()}/")
    with pytest.raises(BackupError, match="không"):
        stage_and_save(away, gather_night(school.data, DAY, school.database))
    assert (school.data / "staging" / "manifest.json").stat().st_size > 500


KILLED = """
import sys, time
from pathlib import Path
from datetime import date
import backup.contents
from backup.contents import GatheredNight, gather_night
from backup.repository import Repository
from backup.saving import stage_and_save, staged_again
from backup.stored import as_told
root = Path(sys.argv[1])
repository = Repository("tai-cho", str(root / "data/backups/restic"), root / "restic.pass", root / "data/backups")
def stage(night, tell):
    print("hashing", flush=True)
    time.sleep(60)
GatheredNight.stage = stage
stage_and_save(repository, gather_night(root / "data", date(2027, 5, 31), root / "qlnt.sqlite"))
"""


@pytest.fixture
def hashing(school: School) -> Iterator[subprocess.Popen[str]]:
    """Another process that has begun a night: restic holds its lock and waits for the list."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(school.root)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hashing\n"
        _until(lambda: lock_files(school) != [])
        yield process
        process.kill()


def _until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_killed_before_the_list_is_given_nothing_is_saved(school: School, hashing: subprocess.Popen[str]) -> None:
    restics = _children(hashing.pid)
    assert restics
    hashing.send_signal(signal.SIGKILL)
    hashing.wait()
    _until(lambda: not any(map(_lives, restics)))
    assert school.repository.snapshots() == []
    night, saved = stage_and_save(school.repository, gather_night(school.data, DAY, school.database))
    assert saved.complete
    prove(school.repository, night.manifest)
    assert lock_files(school) == []


def _lives(process: Path) -> bool:
    """Not one that has ended and whose new parent does not look after it, as the first process of a container may not."""
    with suppress(OSError):
        return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] not in "ZX"
    return False


def _children(pid: int) -> list[Path]:
    """The processes that a process has started and not outlived (proc(5))."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            parent = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            found += [process] if int(parent) == pid else []
    return found
