"""A lock is dead only when it is ours and no restic bears its number any more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from backup.locks import is_dead

HERE = socket.gethostname()


def _lock(pid: int, host: str = HERE) -> dict[str, object]:
    return {"hostname": host, "pid": pid}


def test_a_number_that_nobody_bears_is_dead() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert is_dead(_lock(gone.pid))


def test_a_zombie_is_dead() -> None:
    zombie = subprocess.Popen(["true"])
    while Path(f"/proc/{zombie.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert is_dead(_lock(zombie.pid))
    zombie.wait()


def test_a_stranger_with_the_number_of_a_dead_restic_does_not_keep_its_lock() -> None:
    assert is_dead(_lock(os.getpid()))


def test_a_living_restic_keeps_its_lock(tmp_path: Path) -> None:
    program = tmp_path / "restic"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([str(program), "30"]) as living:
        assert not is_dead(_lock(living.pid))
        living.kill()


@pytest.mark.parametrize("lock", [_lock(2**22 - 1, "may-khac"), {}])
def test_another_machines_lock_is_never_ours_to_judge(lock: dict[str, object]) -> None:
    assert not is_dead(lock)
