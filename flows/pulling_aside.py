"""Pull sources aside, to look at what they give now: no night, no snapshot of a night is touched, and nothing stays."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.pulling import SIDE_BY_SIDE, Verdict, judge, source_of
from infra.errors import SchoolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from flows.home import Home

ASIDE = "pulled-aside"


@dataclass(frozen=True, slots=True)
class PulledAside:
    """What a source gave. `error` instead of a snapshot when it gave nothing; of the snapshot only states and counts outlive the pull."""

    system: str
    seconds: float
    snapshot: Snapshot | None = None
    verdict: Verdict = field(default_factory=Verdict)
    error: SchoolError | None = None


def pull_aside(home: Home, systems: Sequence[str], day: date) -> list[PulledAside]:
    """Pull sources side by side into a folder of this run, judge what came, and remove it all again."""
    with _scratch(home) as folder, ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda system: _pulled(home, system, day, folder), systems))


def _pulled(home: Home, system: str, day: date, folder: Path) -> PulledAside:
    begun = time.monotonic()
    try:
        source = source_of(home, system, folder / "landing", folder / "work")
        snapshot = source.fetch(day)
        verdict = judge(home, source, snapshot, folder / "landing" / day.isoformat() / system)
    except SchoolError as error:
        return PulledAside(system, time.monotonic() - begun, error=error)
    return PulledAside(system, time.monotonic() - begun, snapshot, verdict)


@contextmanager
def _scratch(home: Home) -> Iterator[Path]:
    """A folder named by our process; those of processes that were killed hold pupils' data and go first."""
    root = home.folder(ASIDE)
    for left in root.glob("[0-9]*"):
        if not _is_running(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    folder = root / str(os.getpid())
    # Deeper than where the sweep of a night that starts meanwhile looks for what was half-written.
    deeper = folder / "pull"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield deeper
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not any(root.iterdir()):
            root.rmdir()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # It runs, but as somebody else.
    except PermissionError:
        return True
    return True
