"""Whether a restic lock belongs to a process that is dead, where restic itself cannot tell.

`restic unlock` keeps a lock as long as any process bears its number: a zombie that nobody has reaped, or
a stranger that got the number after a power cut.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDED_STATES = "ZX"  # zombie, dead (proc(5))


def is_dead(lock: Mapping[str, Any]) -> bool:
    """Whether the lock (as `restic cat lock` tells it) was made on this machine by a restic that no longer runs."""
    return lock.get("hostname") == socket.gethostname() and not _runs_restic(int(lock.get("pid", 0)))


def _runs_restic(pid: int) -> bool:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
    except OSError:
        return False
    return "restic" in name and rest.split()[0] not in ENDED_STATES
