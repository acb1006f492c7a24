"""Faults on real restic: every one is a typed error or a healed state, none is a green lie."""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backup.binary import find_restic
from backup.contents import Contents
from backup.errors import (
    BackupError,
    BackupFailed,
    BackupPartial,
    RepositoryLocked,
    RepositoryMissing,
    WrongPassword,
)
from backup.verify import prove
from infra.errors import ConfigurationError
from infra.secret_files import create_secret
from tests.integration.backup_school import DAY, School, lock_files, new_school, script, slowed, with_binary, without_super_rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backup.stored import Progress

ROOT = Path(__file__).resolve().parents[2]
BIG_FILE, BIG_FILES = 10_000_000, 8
SAVE = """
import sys
from pathlib import Path
from tests.integration.backup_school import School, slowed, with_binary
school = School(Path(sys.argv[1]))
print("bắt đầu", flush=True)
with_binary(school.repository, slowed(school.root)).save(school.stage().contents)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    school.repository.save(school.stage().contents)
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "truong")


@pytest.fixture
def heavy(own: School) -> School:
    """A school whose landing takes a slowed restic some seconds."""
    chance = random.Random(1)
    for number in range(BIG_FILES):
        (own.data / "landing" / DAY.isoformat() / f"a-lon-{number}").write_bytes(chance.randbytes(BIG_FILE))
    return own


def _wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _restics_of(school: School) -> list[int]:
    """Living restic processes that work on this school's repository."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0]
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if program.endswith(b"restic") and school.repository.url.encode() in environment:
            found.append(int(folder.name))
    return found


def _start_saving(school: School) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", SAVE, str(school.root)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    # the first restic unlocks; the one that writes packs is the backup
    packs = school.data / "backups" / "restic" / "data"
    before = sum(1 for _ in packs.rglob("*"))
    _wait_for(lambda: sum(1 for _ in packs.rglob("*")) > before and lock_files(school))
    return process


def test_our_death_takes_restic_along_and_the_next_night_finds_no_lock(heavy: School) -> None:
    process = _start_saving(heavy)
    process.kill()
    process.communicate()
    # It unlocks on SIGTERM, unless the pipe to us broke first and SIGPIPE killed it: then the lock is dead, and healed.
    _wait_for(lambda: not _restics_of(heavy))
    _next_night_is_good(heavy)


def test_a_killed_restic_leaves_a_lock_that_the_next_night_heals(heavy: School) -> None:
    process = _start_saving(heavy)
    (pid,) = _restics_of(heavy)
    os.kill(pid, signal.SIGKILL)
    _, told = process.communicate()
    assert process.returncode == 1
    assert b"BackupFailed" in told
    assert len(lock_files(heavy)) == 1
    _next_night_is_good(heavy)


def _next_night_is_good(school: School) -> None:
    staged = school.stage()
    assert school.repository.save(staged.contents).complete
    prove(school.repository, staged.manifest)
    assert school.repository.locks() == []
    assert lock_files(school) == []


def test_a_known_repository_that_is_gone_is_never_made_anew(own: School) -> None:
    own.repository.ensure()
    place = own.data / "backups" / "restic"
    place.rename(own.root / "dia-rut-ra")
    with pytest.raises(RepositoryMissing, match="đĩa chưa cắm"):
        own.repository.ensure()
    with pytest.raises(RepositoryMissing):
        own.repository.save(own.stage().contents)
    assert not place.exists()
    place.mkdir()  # the empty mount point of a disk that is not there
    with pytest.raises(RepositoryMissing):
        own.repository.ensure()
    assert not list(place.iterdir())


def test_a_home_that_moved_still_knows_its_repository(own: School, tmp_path: Path) -> None:
    own.repository.ensure()
    shutil.rmtree(own.data / "backups" / "restic")
    moved = own.copy(tmp_path / "noi-moi")
    with pytest.raises(RepositoryMissing):
        moved.repository.ensure()


def test_another_repository_in_its_place_is_told(own: School, tmp_path: Path) -> None:
    own.repository.ensure()
    other = new_school(tmp_path / "truong-khac")
    (other.root / "restic.pass").write_bytes((own.root / "restic.pass").read_bytes())
    other.repository.ensure()
    shutil.rmtree(own.data / "backups" / "restic")
    (other.data / "backups" / "restic").rename(own.data / "backups" / "restic")
    with pytest.raises(RepositoryMissing, match="một kho khác"):
        own.repository.ensure()


def test_a_folder_with_other_things_is_never_made_a_repository(tmp_path: Path) -> None:
    school = new_school(tmp_path / "truong")
    place = school.data / "backups" / "restic"
    place.mkdir(parents=True)
    (place / "anh-gia-dinh.jpg").touch()
    with pytest.raises(BackupFailed, match="đã có thứ khác"):
        school.repository.ensure()
    assert [path.name for path in place.iterdir()] == ["anh-gia-dinh.jpg"]


def test_a_wrong_or_open_or_missing_password_file(own: School) -> None:
    file = own.root / "restic.pass"
    right = file.read_bytes()
    file.unlink()
    with pytest.raises(ConfigurationError, match="Không thấy tệp mật khẩu"):
        own.repository.snapshots()
    create_secret(file)
    with pytest.raises(WrongPassword) as caught:
        own.repository.save(own.stage().contents)
    assert caught.value.exit_code == 13
    file.write_bytes(right)
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="người khác đọc được"):
        own.repository.snapshots()


@pytest.fixture
def living_lock(own: School) -> Iterator[School]:
    """Another restic that is alive and waits for its input."""
    environment = {**os.environ, "RESTIC_REPOSITORY": own.repository.url, "RESTIC_PASSWORD_FILE": str(own.root / "restic.pass")}
    command = [str(find_restic()), "backup", "--stdin", "--quiet"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    _wait_for(lambda: lock_files(own))
    yield own
    process.kill()
    process.communicate()


def test_a_living_lock_is_respected_and_backups_go_on(living_lock: School) -> None:
    with pytest.raises(RepositoryLocked, match="việc khác"):
        living_lock.repository.check()
    assert living_lock.repository.save(living_lock.stage().contents).complete
    assert len(lock_files(living_lock)) == 1


def test_an_unreadable_file_makes_a_partial_snapshot_that_names_it(own: School) -> None:
    staged = own.stage()
    hidden = own.data / f"reports/{DAY}/bao-cao.html"
    hidden.chmod(0)
    saved = with_binary(own.repository, without_super_rights(own.root)).save(staged.contents)
    hidden.chmod(0o644)
    assert not saved.complete
    assert [Path(path).name for path in saved.unreadable] == ["bao-cao.html"]
    assert saved.id in [snapshot.id for snapshot in own.repository.snapshots()]
    with pytest.raises(BackupPartial, match="thiếu 1 tệp") as caught:
        saved.require_complete()
    assert "bao-cao.html" in caught.value.where
    with pytest.raises(BackupError):
        prove(own.repository, staged.manifest)


def test_a_file_that_vanishes_while_restic_reads_is_partial(heavy: School) -> None:
    vanishing = heavy.data / f"landing/{DAY}/z-cuoi-cung"
    vanishing.write_text("sắp mất", encoding="utf-8")
    staged = heavy.stage()

    def vanish(progress: Progress) -> None:
        assert progress.fraction < 1 or not vanishing.exists(), "it vanished too late"
        vanishing.unlink(missing_ok=True)

    saved = with_binary(heavy.repository, slowed(heavy.root)).save(staged.contents, vanish)
    assert not saved.complete
    assert [Path(path).name for path in saved.unreadable] == ["z-cuoi-cung"]


def test_a_part_that_goes_between_staging_and_saving_is_partial(own: School) -> None:
    staged = own.stage()
    shutil.rmtree(own.data / "exports")
    assert not own.repository.save(staged.contents).complete


def test_nothing_readable_is_no_backup(own: School) -> None:
    with pytest.raises(BackupFailed):
        own.repository.save(Contents(own.data, ("khong-co",), (f"day={DAY}",)))


def test_a_repository_that_cannot_be_written(own: School) -> None:
    place = own.data / "backups" / "restic"
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    repository = with_binary(own.repository, without_super_rights(own.root))
    with pytest.raises(BackupFailed, match="permission denied") as caught:
        repository.save(own.stage().contents)
    assert "\n" not in caught.value.line()
    for folder in folders:
        folder.chmod(0o700)
    assert own.repository.save(own.stage().contents).complete


def test_the_password_is_on_no_command_line_in_no_environment_and_in_no_log(own: School, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    password = (own.root / "restic.pass").read_text(encoding="utf-8").strip()
    spy = script(own.root / "restic-nghe", f'{{ echo "$@"; env; }} >> "{own.root}/nghe.txt"\nexec "{find_restic()}" "$@"')
    repository = with_binary(own.repository, spy)
    staged = own.stage()
    repository.ensure()
    repository.save(staged.contents)
    prove(repository, staged.manifest)
    told = (own.root / "nghe.txt").read_text(encoding="utf-8")
    assert re.search(r"^backup --json", told, re.MULTILINE)
    assert "RESTIC_PASSWORD_FILE=" in told
    assert password not in told
    assert password not in caplog.text
    assert "RESTIC_PASSWORD=" not in told


def test_progress_is_told_while_it_works(heavy: School) -> None:
    seen: list[Progress] = []
    with_binary(heavy.repository, slowed(heavy.root)).save(heavy.stage().contents, seen.append)
    assert [progress for progress in seen if 0 < progress.fraction < 1], "it was told only in the end"
    assert max(progress.total_bytes for progress in seen) >= BIG_FILE * BIG_FILES
    assert all(0 <= progress.fraction <= 1 for progress in seen)
