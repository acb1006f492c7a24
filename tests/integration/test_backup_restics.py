"""engineering.md §3 row by row, on Debian 13's restic and on the newest: what is typed, what is kept, what is never believed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backup import repository as repository_module
from backup.binary import find_restic, restic_version
from backup.contents import Contents
from backup.errors import BackupFailed, BackupPartial, BackupTimedOut, RepositoryLocked, RepositoryMissing, WrongPassword
from backup.restore import find_snapshot, restore
from backup.saving import save_night
from backup.stored import SavedSnapshot
from backup.upkeep import forget, prune
from backup.verify import prove
from infra.errors import ConfigurationError
from tests.integration.backup_school import (
    DAY,
    TOOLS,
    School,
    lock_files,
    new_school,
    newest_restic,
    plain_restic,
    script,
    with_binary,
    without_super_rights,
)
from tests.integration.cheap_keys import cheapen
from tests.integration.small_disks import alone_with_a_small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backup.repository import Repository

FULL = """
import shutil, sys
from pathlib import Path
import backup.repository, backup.watching
from backup.errors import BackupError
from tests.integration.backup_school import School, with_binary
backup.repository.LONG_SECONDS = 120.0  # far below the quarter of an hour for which restic tries, far above what telling may take
backup.watching.LOOK_SECONDS = 0.5
school = School(Path(sys.argv[1]))
school.begin()
repository = with_binary(school.repository, Path(sys.argv[2]))
def told(work):
    try:
        work()
    except BackupError as error:
        print(type(error).__name__, error.line())
    else:
        print("không lỗi")
big = school.data / "landing" / "2027-05-31" / "lon"
big.write_bytes(__import__("os").urandom(60_000_000))
staged = school.stage()
told(lambda: repository.save(staged.contents))
print(len(repository.snapshots()), len(repository.locks()))
big.unlink()
print(repository.save(school.stage().contents).complete, len(repository.snapshots()))
filler, disk = school.data / "backups" / "day-dia", school.data / "backups"
shutil.rmtree(disk / "cache")
with filler.open("wb", buffering=0) as stream:
    stream.write(bytes(shutil.disk_usage(disk).free - 4096))  # a lock has room, the cache that `check` makes has none
told(repository.check)
filler.unlink()
repository.unlock_stale()
repository.check("100%")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    assert save_night(school.repository, school.stage()).complete
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "truong")


@pytest.fixture(params=["debian-13", "newest"])
def repository(own: School, request: pytest.FixtureRequest) -> Repository:
    return with_binary(own.repository, find_restic() if request.param == "debian-13" else newest_restic())


def test_a_missing_repository(own: School, repository: Repository) -> None:
    shutil.rmtree(own.data / "backups" / "restic")
    with pytest.raises(RepositoryMissing):
        repository.save(own.stage().contents)
    with pytest.raises(RepositoryMissing):
        repository.ensure()
    assert not (own.data / "backups" / "restic").exists()


def test_a_wrong_password_and_lost_keys_look_the_same(own: School, repository: Repository) -> None:
    right = (own.root / "restic.pass").read_text(encoding="utf-8")
    (own.root / "restic.pass").write_text("sai\n", encoding="utf-8")
    with pytest.raises(WrongPassword):
        repository.snapshots()
    (own.root / "restic.pass").write_text(right, encoding="utf-8")
    for key in (own.data / "backups/restic/keys").iterdir():
        key.unlink()
    with pytest.raises(WrongPassword):
        repository.snapshots()


def test_a_source_that_is_gone_is_partial_whatever_restic_says(own: School, repository: Repository) -> None:
    staged = own.stage()
    shutil.rmtree(own.data / "exports")
    saved = save_night(repository, staged)
    assert not saved.complete
    assert "2026-09-30.xlsx" in str(saved.unreadable)
    with pytest.raises(BackupPartial):
        saved.require_complete()
    assert repository.snapshots()[-1].partial


def test_an_unreadable_file_is_partial_and_named(own: School, repository: Repository) -> None:
    staged = own.stage()
    hidden = own.data / f"reports/{DAY}/bao-cao.html"
    hidden.chmod(0)
    binary = without_super_rights(own.root, repository.binary)
    saved = save_night(with_binary(repository, binary), staged)
    assert not saved.complete
    assert any(path.endswith("bao-cao.html") for path in saved.unreadable)
    assert [snapshot.partial for snapshot in repository.snapshots()] == [False, True]


def test_a_file_that_changes_while_it_is_read_is_seen(own: School, repository: Repository) -> None:
    staged = own.stage()
    report = own.data / f"reports/{DAY}/bao-cao.html"
    before = report.stat()
    report.write_bytes(report.read_bytes()[::-1])
    os.utime(report, ns=(before.st_atime_ns, before.st_mtime_ns))  # even by somebody who turns its time back
    saved = save_night(repository, staged)
    assert (saved.complete, saved.changed) == (False, (f"reports/{DAY}/bao-cao.html",))
    with pytest.raises(BackupPartial, match="1 tệp bị sửa trong lúc đọc"):
        saved.require_complete()


def test_a_command_that_fails_or_says_nothing_stores_nothing(repository: Repository) -> None:
    with pytest.raises(BackupFailed):
        repository.save_output(["sh", "-c", "echo nua; exit 3"], "a.sql", ["truong-dump"], {})
    assert repository.tagged("truong-dump") == []


def test_a_stream_that_stands_still_is_ended(own: School, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_module, "LONG_SECONDS", 2.0)
    with pytest.raises(BackupTimedOut):
        repository.save_output(["sh", "-c", "echo nua; exec sleep 60"], "a.sql", ["truong-dump"], {})
    monkeypatch.setattr(repository_module, "LONG_SECONDS", 60.0)
    assert repository.tagged("truong-dump") == []
    repository.unlock_stale()
    assert lock_files(own) == []


@pytest.fixture
def living_lock(own: School, repository: Repository) -> Iterator[School]:
    environment = {**os.environ, "RESTIC_REPOSITORY": repository.url, "RESTIC_PASSWORD_FILE": str(own.root / "restic.pass")}
    with subprocess.Popen(
        [str(repository.binary), "backup", "--stdin", "--quiet"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        while not lock_files(own):
            assert process.poll() is None
        yield own
        process.kill()


def test_prune_and_check_wait_for_a_living_backup_and_backups_do_not(living_lock: School, repository: Repository) -> None:
    with pytest.raises(RepositoryLocked):
        prune(repository)
    with pytest.raises(RepositoryLocked):
        repository.check()
    assert save_night(repository, living_lock.stage()).complete
    assert len(lock_files(living_lock)) == 1


def test_two_backups_at_once_are_two_good_nights(own: School, repository: Repository) -> None:
    staged, done = own.stage(), list[SavedSnapshot]()
    works = [threading.Thread(target=lambda: done.append(repository.save(staged.contents))) for _ in range(2)]
    for work in works:
        work.start()
    for work in works:
        work.join()
    assert [saved.complete for saved in done] == [True, True]
    repository.check("100%")
    assert len(repository.snapshots()) == 3
    prove(repository, staged.manifest)


def test_nothing_at_all_to_save_or_to_forget(own: School, repository: Repository) -> None:
    with pytest.raises(BackupFailed):
        repository.save(Contents(own.data, ("khong-co",), (f"day={DAY}",)))
    forget(repository, [])
    assert len(repository.snapshots()) == 1


def test_a_repository_older_than_the_tool_goes_on_as_it_is(own: School, repository: Repository, tmp_path: Path) -> None:
    place = own.data / "backups" / "restic"
    shutil.rmtree(place)
    plain_restic(own, "init", "--repository-version", "1")
    cheapen(place, own.root / "restic.pass")
    (own.data / "backups" / "known.json").unlink()
    repository.ensure()
    staged = own.stage()
    assert save_night(repository, staged).complete
    prove(repository, staged.manifest)
    restore(repository, find_snapshot(repository), tmp_path / "lai")
    assert own.hashes(tmp_path / "lai") == own.hashes()
    assert '"version": 1' in plain_restic(own, "cat", "config").stdout


@pytest.mark.parametrize("version", ["debian-13", "newest"])
def test_a_full_disk_is_told_soon_and_the_next_night_is_good(tmp_path: Path, version: str) -> None:
    school = new_school(tmp_path / "truong")
    disk = school.data / "backups"
    disk.mkdir()
    binary = find_restic() if version == "debian-13" else newest_restic()
    done = alone_with_a_small_disk(disk, sys.executable, "-c", FULL, str(school.root), str(binary))
    assert done.returncode == 0, done.stderr
    backup, left, next_night, check = done.stdout.splitlines()
    assert backup == check
    assert backup.startswith(f"DiskFull Đĩa của kho sao lưu đã đầy [{disk / 'restic'}] → dọn đĩa")
    assert (left, next_night) == ("0 0", "True 1")


def test_a_restic_that_is_too_old_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = TOOLS / "restic-bookworm"
    says = "echo restic 0.14.0 compiled with go1.19.8 on linux/amd64"
    program = shutil.copy(old, tmp_path / "restic") if old.exists() else script(tmp_path / "restic", says)
    monkeypatch.setenv("PATH", str(Path(program).parent))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert restic_version(Path(program))[:2] == (0, 14)
    with pytest.raises(ConfigurationError, match=r"Cần restic từ 0.18 trở lên, máy chỉ có bản 0\.14"):
        find_restic()


def test_plain_restic_old_and_new_restores_the_same(saved: School, tmp_path: Path) -> None:
    for name in ("restic-bookworm", "restic-sid"):
        binary = TOOLS / name if (TOOLS / name).exists() else find_restic()
        plain_restic(saved, "restore", "latest", "--target", str(tmp_path / name), binary=binary)
        assert saved.hashes(tmp_path / name) == saved.hashes()
