"""What every check of a repository found, whoever asked for it: a check that found damage stays told until one of the same data is good.

A good look at the structure says nothing of a part whose data was read and found broken, so each part of the
data has its own entry; only a reading of everything clears them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from backup.known import read_json, write_json
from infra.clock import now

if TYPE_CHECKING:
    from pathlib import Path

CHECKS_FILE = "checks.json"
STRUCTURE, WHOLE = "structure", "100%"  # beside shares of the data like 3/13


@dataclass(frozen=True, slots=True)
class Checked:
    """The newest check of one part of a repository. `problem`: Vietnamese, empty when it was sound."""

    at: datetime
    problem: str = ""


def note_check(state: Path, name: str, part: str, problem: str = "") -> None:
    """Write down how a check ended; `part`: STRUCTURE, WHOLE or a share of the data."""
    entry = {"at": now().isoformat(timespec="seconds"), "problem": problem}
    every: dict[str, Any] = read_json(state / CHECKS_FILE)
    # All was read and is sound: that takes back what any part was found to be.
    earlier = {} if part == WHOLE and not problem else every.get(name, {})
    write_json(state / CHECKS_FILE, {**every, name: {**earlier, part or STRUCTURE: entry}})


def checks_of(state: Path, name: str) -> dict[str, Checked]:
    """The newest check of every part of a repository that was ever checked."""
    found: dict[str, Any] = read_json(state / CHECKS_FILE).get(name, {})
    return {part: Checked(datetime.fromisoformat(entry["at"]), entry["problem"]) for part, entry in found.items()}
