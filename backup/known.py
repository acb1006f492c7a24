"""Which repositories this school has used: a known one that is gone is never silently made anew."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.clock import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KNOWN_FILE, PARTIAL_FILE = "known.json", "partial.json"
OLD_NAMES = "surrogateescape"  # names of files in an encoding of long ago stay what they are
KEPT_NAMES = 50  # of the files that a partial snapshot lacks


@dataclass(frozen=True, slots=True)
class KnownRepositories:
    """`known.json` beside the backups: repository place -> its restic id and since when."""

    folder: Path

    def id_of(self, url: str) -> str | None:
        """The id of the repository that was here, or None when there never was one."""
        entry = self._read().get(url)
        return str(entry["id"]) if entry else None

    def since(self, url: str) -> datetime | None:
        """When the repository here was first used."""
        entry = self._read().get(url)
        return datetime.fromisoformat(entry["since"]) if entry else None

    def remember(self, url: str, repository_id: str) -> None:
        """Note a repository that was made or found here."""
        entries = {**self._read(), url: {"id": repository_id, "since": now().isoformat(timespec="seconds")}}
        write_json(self.folder / KNOWN_FILE, entries)

    def _read(self) -> dict[str, Any]:
        return read_json(self.folder / KNOWN_FILE)


@dataclass(frozen=True, slots=True)
class KnownPartials:
    """`partial.json`: id a snapshot was made with -> files it lacks. Beside the tag, which a busy or append-only repository refuses."""

    folder: Path

    def ids(self) -> frozenset[str]:
        """The ids that partial snapshots were made with."""
        return frozenset(read_json(self.folder / PARTIAL_FILE))

    def files(self, origin: str) -> tuple[str, ...]:
        """What a partial snapshot lacks; empty when it is not known here."""
        return tuple(read_json(self.folder / PARTIAL_FILE).get(origin, ()))

    def remember(self, origin: str, files: Sequence[str]) -> None:
        """Note a partial snapshot."""
        write_json(self.folder / PARTIAL_FILE, {**read_json(self.folder / PARTIAL_FILE), origin: list(files[:KEPT_NAMES])})


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file; empty when there is no file."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8", errors=OLD_NAMES)) if file.exists() else {}
    return found


def write_json(file: Path, value: object) -> None:
    """Write a JSON file aside, flush it to the disk and rename it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    with aside.open("w", encoding="utf-8", errors=OLD_NAMES) as stream:
        stream.write(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
