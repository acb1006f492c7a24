"""Full disks: which one it is, and a restic that one has left waiting for ever.

Measured: restic 0.18 waits without end when its last pack does not fit (its flush waits for uploaders that have
given up; 4 of 40 first nights, 0.19 has mended it), and `check` of either tries for a quarter of an hour to write
its cache there. Neither uses the processor meanwhile: that, on a disk that is full, is what is looked for.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backup.full_store import of_a_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup.runner import Outcome

FULL_BELOW_BYTES = 50_000_000  # restic takes a pack away again that did not fit, so a full disk has some room
LOOK_SECONDS, IDLE_TIMES = 2.0, 10  # how often a restic is looked at; how often in a row it stood still before it is ended
# Between two looks; telling its progress takes less. A slow line takes little of the processor but moves bytes.
IDLE_TICKS, IDLE_BYTES = 10, 64_000  # hundredths of a second; read and written, sockets and pipes included
_NO_SPACE = re.compile(r"(?P<path>/[^:]+): no space left on device")


@dataclass(slots=True)
class Standstill:
    """Whether a restic stands still while `full` says that it lacks room; asked again and again."""

    full: Callable[[], bool]
    _seen: tuple[int, int] = (0, 0)

    def __call__(self, pid: int) -> bool:
        """Whether the process did nothing since it was asked last."""
        before, self._seen = self._seen, _done_by(pid)
        ticks, moved = (now - then for now, then in zip(self._seen, before, strict=True))
        return ticks <= IDLE_TICKS and moved <= IDLE_BYTES and self.full()


def full_among(folders: tuple[Path, ...]) -> Path | None:
    """The first of these folders whose disk is full; one that does not exist is none."""
    return next((folder for folder in folders if folder.is_dir() and shutil.disk_usage(folder).free < FULL_BELOW_BYTES), None)


def no_space_at(outcome: Outcome) -> Path | None:
    """The path at which restic itself says that there was no space left."""
    texts = (str(one.get("message") or one.get("error") or "") for one in outcome.complaints)
    # A server may name a path of its own.
    found = next((match for text in texts if not of_a_server(text) and (match := _NO_SPACE.search(text))), None)
    return Path(found["path"]) if found else None


def _done_by(pid: int) -> tuple[int, int]:
    """Processor time (ticks) and bytes read and written by a process so far (proc(5)); nothing of one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        moved = [int(line.split()[1]) for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()[:2]]
    except OSError:
        return 0, 0
    return int(fields[11]) + int(fields[12]), sum(moved)
