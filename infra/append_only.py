"""Logs that are only ever appended to: one line per event, on the disk before anybody goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ONLY_THE_OWNER = 0o600  # a reason is free text: nobody can promise that it names no child


def append_line(file: Path, line: str) -> None:
    """Add a line and flush it to the disk; what stands there is never touched."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # A line that a power cut left torn gets its end first; then one write, so that no line of another process is torn.
    end = b"" if _ends_well(file) else b"\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, ONLY_THE_OWNER)
    with os.fdopen(descriptor, "ab", buffering=0) as stream:
        stream.write(end + line.encode() + b"\n")
        os.fsync(stream.fileno())


def _ends_well(file: Path) -> bool:
    if not file.is_file() or not file.stat().st_size:
        return True
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
