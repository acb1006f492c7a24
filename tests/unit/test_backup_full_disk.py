"""Which restic a full disk has left waiting: one that neither computes nor moves bytes, and only on a disk that is full."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from backup import full_disk
from backup.access import LOCAL
from backup.errors import BackupFailed, DiskFull
from backup.faults import error_of
from backup.full_disk import Standstill, full_among
from backup.runner import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEPS, COMPUTES = ("sleep", "30"), ("sh", "-c", "while :; do :; done")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every disk counts as full."""
    monkeypatch.setattr(full_disk, "FULL_BELOW_BYTES", 10**18)


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(request.param) as process:
        yield process
        process.kill()


def _asked_twice(process: subprocess.Popen[bytes], folder: Path) -> bool:
    watch = Standstill(lambda: full_among((folder,)) is not None)
    watch(process.pid)
    time.sleep(0.5)
    return watch(process.pid)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("running", "still"), [(SLEEPS, True), (COMPUTES, False)], indirect=["running"])
def test_only_one_that_does_nothing_stands_still(running: subprocess.Popen[bytes], still: bool, tmp_path: Path) -> None:  # noqa: FBT001
    assert _asked_twice(running, tmp_path) is still


@pytest.mark.parametrize("running", [SLEEPS], indirect=True)
def test_with_room_on_the_disk_nothing_is_wrong(running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert not _asked_twice(running, tmp_path)


@pytest.mark.usefixtures("full")
def test_one_that_moves_bytes_works_although_it_hardly_computes(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin
        watch = Standstill(lambda: full_among((tmp_path,)) is not None)
        watch(process.pid)
        process.stdin.write(bytes(200_000))
        process.stdin.flush()
        time.sleep(0.3)
        assert not watch(process.pid)
        assert watch(process.pid)
        process.stdin.close()


def _failed(message: str, ended_by: str = "") -> Outcome:
    return Outcome(1, b"", ({"message_type": "exit_error", "message": message},), ended_by=ended_by)


def test_the_disk_that_is_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "kho"
    repository.mkdir()
    told = error_of(
        _failed(f"Fatal: unable to save snapshot: write {repository}/data/ab/abc-tmp-1: no space left on device"), str(repository)
    )
    assert isinstance(told, DiskFull)
    assert told.line().startswith(f"Đĩa của kho sao lưu đã đầy [{repository}] → dọn đĩa hoặc thay đĩa lớn hơn")
    elsewhere = _failed("write /tmp/restic-temp-pack-7: no space left on device")
    for url in (str(repository), "sftp:a@b:/kho"):
        assert error_of(elsewhere, url).line().startswith("Đĩa của máy này đã đầy nên restic dừng [/tmp] → dọn đĩa")
    assert type(error_of(_failed("write /x: input/output error"), str(repository))) is BackupFailed
    monkeypatch.setattr(full_disk, "FULL_BELOW_BYTES", 10**18)
    assert isinstance(error_of(_failed("signal: killed"), str(repository)), DiskFull)
    assert isinstance(error_of(_failed("", "disk"), f"{LOCAL}-khong-co"), DiskFull)
