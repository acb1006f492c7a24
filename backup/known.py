"""Which repositories this school has used: a known one that is gone is never silently made anew."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.clock import now

if TYPE_CHECKING:
    from pathlib import Path

KNOWN_FILE = "known.json"


@dataclass(frozen=True, slots=True)
class KnownRepositories:
    """`known.json` beside the backups: repository place -> its restic id and since when."""

    folder: Path

    def id_of(self, url: str) -> str | None:
        """The id of the repository that was here, or None when there never was one."""
        entry = self._read().get(url)
        return str(entry["id"]) if entry else None

    def remember(self, url: str, repository_id: str) -> None:
        """Note a repository that was made or found here."""
        entries = {**self._read(), url: {"id": repository_id, "since": now().isoformat(timespec="seconds")}}
        write_json(self.folder / KNOWN_FILE, entries)

    def _read(self) -> dict[str, Any]:
        file = self.folder / KNOWN_FILE
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return found


def write_json(file: Path, value: object) -> None:
    """Write a JSON file aside, flush it to the disk and rename it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
