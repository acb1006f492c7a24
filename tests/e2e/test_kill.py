"""kill -9 at any moment, or two nights at once: the next night ends well and nothing half-written stays."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.records.snapshot import damaged_tables
from flows.cli.demo import DEMO_DAY, make_demo_home
from tests.e2e.running import clean_environment, truong

KILLS = 10
ENDS_WITHIN = 60  # seconds; a restic takes its lock away first
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
            # Behind the last bracket: a program's name may hold blanks and brackets itself (proc(5)).
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        # A zombie is dead; only its parent has not asked for it yet.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def _kill_a_night(home: Path, after: float) -> bool:
    """Kill a night after so many seconds; False when it had ended by then (well, or the test fails)."""
    night = subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", "nightly", "--config", str(home / "truong.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        assert night.wait(after) == 0, "a night after a killed one ends well"
        return False
    children = _children_of(night.pid)
    night.send_signal(signal.SIGKILL)
    night.wait()
    deadline = time.monotonic() + ENDS_WITHIN
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in children if _alive(pid)], "a killed night leaves no process behind"
    return True


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_kills_at_random_moments(tmp_path: Path) -> None:
    home = tmp_path / "nha"
    make_demo_home(argparse.Namespace(home=home, pupils=PUPILS, seed=1, day=DEMO_DAY))
    begun = time.monotonic()
    first = truong("nightly", "--config", home / "truong.toml")
    assert first.code == 0, first.err
    night_seconds, kills, chance = time.monotonic() - begun, 0, random.Random(20270531)
    while kills < KILLS:
        # A moment at which the night has ended already is none: the next is sought before it.
        after = chance.uniform(0.3, night_seconds)
        if _kill_a_night(home, after):
            kills += 1
        else:
            night_seconds = after
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
