"""kill -9 at any moment, or two nights at once: the next night ends well and nothing half-written stays."""

from __future__ import annotations

import fcntl
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.records.snapshot import damaged_tables
from tests.e2e.running import clean_environment, new_home, truong

KILLS = 10
PUPILS = 100


def _restic(home: Path, *arguments: str) -> str:
    from backup.binary import find_restic

    environment = clean_environment() | {
        "RESTIC_REPOSITORY": str(home / "data" / "backups" / "restic"),
        "RESTIC_PASSWORD_FILE": str(home / "secrets" / "restic.pass"),
    }
    return subprocess.run([str(find_restic()), *arguments], env=environment, capture_output=True, text=True, check=True).stdout


def _children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def _kill_a_night(home: Path, after: float) -> None:
    night = subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", "nightly", "--config", str(home / "truong.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    time.sleep(after)
    children = _children_of(night.pid)
    night.send_signal(signal.SIGKILL)
    night.wait()
    deadline = time.monotonic() + 5
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in children if _alive(pid)], "a killed night leaves no process behind"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_kills_at_random_moments(tmp_path: Path) -> None:
    begun = time.monotonic()
    home = new_home(tmp_path / "nha", PUPILS)
    night_seconds = time.monotonic() - begun
    chance = random.Random(20270531)
    for _ in range(KILLS):
        _kill_a_night(home, chance.uniform(0.3, night_seconds))
    done = truong("nightly", "--config", home / "truong.toml")
    assert done.code == 0, done.err
    data = home / "data"
    assert not [path for path in data.rglob(".*") if "backups" not in path.parts]
    assert all(damaged_tables(folder) == [] for folder in (data / "snapshots").iterdir())
    assert _restic(home, "list", "locks").strip() == ""
    _restic(home, "check")


def test_a_second_night_refuses_clearly(own_home: Path) -> None:
    with (own_home / "data" / "night.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = truong("nightly", "--config", own_home / "truong.toml")
    assert done.code == 10
    assert "Một đêm khác đang chạy" in done.err
    assert (own_home / "data" / "snapshots").exists()
