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
from backup.full_disk import IDLE_TICKS, Standstill, full_among
from backup.runner import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPUTES = ("sh", "-c", "while :; do :; done")
BYTES = 200_000


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every disk counts as full."""
    monkeypatch.setattr(full_disk, "FULL_BELOW_BYTES", 10**18)


@pytest.fixture
def waits() -> Iterator[subprocess.Popen[bytes]]:
    """A process that hands on what it is given, and by now waits for more."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        _through(process, 1)
        yield process
        process.kill()


def _through(process: subprocess.Popen[bytes], size: int) -> None:
    """Give it so many bytes and have them back: they went through it, however slow this machine is."""
    assert process.stdin
    assert process.stdout
    for part in (4096,) * (size // 4096) + (size % 4096,):  # less than a pipe holds, so that nobody waits for the other
        process.stdin.write(bytes(part))
        process.stdin.flush()
        assert len(process.stdout.read(part)) == part


def _watch(folder: Path, process: subprocess.Popen[bytes]) -> Standstill:
    watch = Standstill(lambda: full_among((folder,)) is not None)
    watch(process.pid)
    return watch


@pytest.mark.usefixtures("full")
def test_one_that_does_nothing_stands_still(waits: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert _watch(tmp_path, waits)(waits.pid)


@pytest.mark.usefixtures("full")
def test_one_that_computes_does_not(tmp_path: Path) -> None:
    with subprocess.Popen(COMPUTES) as process:
        watch = _watch(tmp_path, process)
        before = full_disk._done_by(process.pid)[0]
        while full_disk._done_by(process.pid)[0] <= before + IDLE_TICKS:
            time.sleep(0.05)
        assert not watch(process.pid)
        process.kill()


def test_with_room_on_the_disk_nothing_is_wrong(waits: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert not _watch(tmp_path, waits)(waits.pid)


@pytest.mark.usefixtures("full")
def test_one_that_moves_bytes_works_although_it_hardly_computes(waits: subprocess.Popen[bytes], tmp_path: Path) -> None:
    watch = _watch(tmp_path, waits)
    _through(waits, BYTES)
    assert not watch(waits.pid)
    assert watch(waits.pid)


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
