"""Acts of a person, one JSON line each, only ever appended to: who, when, why, and a digest that proves the rest.

A line that was cut or changed by hand does not count; what it allowed is then not allowed, which is the safe side.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from typing import TYPE_CHECKING, Any

from infra.append_only import append_line
from infra.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def signature() -> dict[str, str]:
    """When and by whose account of this machine an act is written down."""
    return {"when": now().isoformat(timespec="seconds"), "who": getpass.getuser()}


def digest_of(*told: object) -> str:
    """SHA-256 of values, the same however their keys are ordered."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def append(file: Path, entry: dict[str, Any]) -> None:
    """Add one line and wait until the disk has it."""
    append_line(file, json.dumps(entry, ensure_ascii=False))


def entries(file: Path) -> Iterator[dict[str, Any]]:
    """Lines that are whole JSON objects, oldest first; nothing where no act was ever written."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        # An edited file may hold JSON that is no line of ours, as a number or a list.
        if isinstance(entry, dict):
            yield entry
