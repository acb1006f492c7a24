"""Ends a running restic when its time is over, or when something that it needs has been wrong several times in a row."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backup.access import LOCAL, answers, kind_of, server_of
from backup.full_disk import IDLE_TIMES, LOOK_SECONDS, Standstill, full_among
from backup.full_store import gave_up, keeps_refusing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

SERVER, DISK, STORE = "server", "disk", "store"  # names of watches
# How often a server is asked whether it is there, how often in vain: restic goes on asking a dead one for a quarter of an hour.
ASK_SECONDS, SILENT_TIMES = 20.0, 3
TERMINATION_SECONDS = 10  # restic removes its lock on SIGTERM; then it is killed


@dataclass(frozen=True, slots=True)
class Watch:
    """`wrong` is asked every `seconds` with restic's process id; true `times` times in a row ends it. `name`: for Outcome.ended_by."""

    name: str
    wrong: Callable[[int], bool]
    seconds: float
    times: int


def watches_for(url: str, state: Path) -> list[Watch]:
    """What ends a restic that would wait in vain: a full disk that it writes to, a server that is gone. `state`: where its cache lies."""
    # Every pack is first written to the temporary folder.
    folders = (*((Path(url),) if kind_of(url) == LOCAL else ()), state, Path(tempfile.gettempdir()))
    disk = Watch(DISK, Standstill(lambda: full_among(folders) is not None), LOOK_SECONDS, IDLE_TIMES)
    return [disk, Watch(SERVER, lambda _: not answers(url), ASK_SECONDS, SILENT_TIMES)] if server_of(url) else [disk]


def watches_of(complaints: Sequence[Mapping[str, Any]]) -> list[Watch]:
    """What ends a restic that has said itself that its store takes nothing, and tries again or waits for what it gave up. They grow."""
    refused = Watch(STORE, lambda _: keeps_refusing(complaints), LOOK_SECONDS, 1)
    return [refused, Watch(STORE, Standstill(lambda: gave_up(complaints)), LOOK_SECONDS, IDLE_TIMES)]


class Watcher:
    """Watches one process. `passed`: it was ended because its time was over; `ended_by`: or by the watch of this name."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, watches: Sequence[Watch]) -> None:
        self.passed, self.ended_by = False, ""
        self._process, self._over = process, threading.Event()
        threading.Thread(target=self._wait, args=(seconds,), daemon=True).start()
        for watch in watches:
            threading.Thread(target=self._watch, args=(watch,), daemon=True).start()

    def _wait(self, seconds: float) -> None:
        if not self._over.wait(seconds):
            self.passed = True
            stop(self._process)

    def _watch(self, watch: Watch) -> None:
        wrong = 0
        while not self._over.wait(watch.seconds):
            wrong = wrong + 1 if watch.wrong(self._process.pid) else 0
            if wrong >= watch.times:
                self.ended_by = watch.name
                stop(self._process)
                return

    def cancel(self) -> None:
        """The process has ended by itself."""
        self._over.set()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a restic and its helpers (ssh…): first politely, so that it takes its lock away."""
    for chosen in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, chosen)
            process.wait(TERMINATION_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
