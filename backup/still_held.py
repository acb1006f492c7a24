"""Nights that still hold a file which was only later recognised as bearing the mark of a state secret (Điều 6, 10.2).

Told, with the exact steps; done by the program only when a person types the school's name (backup.rewriting):
what becomes of a state secret is the principal's to decide.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.marked import left_out
from backup.patterns import excludes, literally
from backup.stored import NAMED, OUR_TAG, REWRITTEN_TAG
from backup.verdict import Topic, Verdict, bad
from backup.verify import only_with, stored_manifest
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from backup.manifest import Manifest
    from backup.repository import Repository
    from backup.stored import StoredSnapshot

# The landing folder of a night: a file that is delivered every day lies in each night under another day.
_DAY = re.compile(r"^/landing/\d{4}-\d{2}-\d{2}/")
SEE = "truong backup marked"


@dataclass(frozen=True, slots=True)
class Held:
    """A snapshot and the marked files in it, as it names them."""

    snapshot: str
    day: date | None
    paths: tuple[str, ...]


def still_held(repository: Repository) -> list[Held]:
    """The snapshots that hold a file which tonight's backup left out for its mark; oldest first. Costs nothing when there is none."""
    marked = left_out(repository.state)
    if not marked:
        return []
    wanted = _Wanted.of(repository.state.parent, marked)
    rows = repository.ask(["find", "--json", "--no-lock", "--tag", OUR_TAG, *wanted.patterns()]).json() or []
    found = {row["snapshot"]: tuple(sorted(match["path"] for match in row["matches"] if wanted.fits(match))) for row in rows}
    return [Held(night.id, night.day, found[night.id]) for night in repository.tagged(OUR_TAG) if found.get(night.id)]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The marked files as snapshots name them. `delivered`: place below a night's landing folder -> size; None when it has gone."""

    places: frozenset[str]
    delivered: Mapping[str, int | None]

    @classmethod
    def of(cls, data: Path, marked: Mapping[str, str]) -> _Wanted:
        """From absolute paths."""
        paths = [Path(path) for path in marked]
        stored = {f"/{path.relative_to(data).as_posix()}" if path.is_relative_to(data) else str(path): path for path in paths}
        landed = {place[day.end() :]: path for place, path in stored.items() if (day := _DAY.match(place))}
        sizes = {place: path.stat().st_size if path.is_file() else None for place, path in landed.items()}
        return cls(frozenset(place for place in stored if not _DAY.match(place)), sizes)

    def patterns(self) -> list[str]:
        """For `restic find`."""
        return [
            *(literally(place) for place in sorted(self.places)),
            *(f"/landing/*/{literally(place)}" for place in sorted(self.delivered)),
        ]

    def fits(self, match: Mapping[str, Any]) -> bool:
        """Whether what restic found is such a file; of another day's landing only one of the same size: the name alone may be another's."""
        day = _DAY.match(match["path"])
        size = self.delivered.get(match["path"][day.end() :]) if day else None
        return match["type"] == "file" and (match["path"] in self.places or (day is not None and size == match.get("size", 0)))


def held_told(repository: Repository) -> Iterator[Verdict]:
    """Red while a snapshot holds a marked file."""
    if found := still_held(repository):
        days = ", ".join(vietnamese_date(one.day) for one in found[:NAMED]) + (" …" if len(found) > NAMED else "")
        paths = {path for one in found for path in one.paths}
        yield bad(Topic.MARKED, f"{len(found)} bản sao lưu (đêm {days}) còn giữ {len(paths)} tệp nay mang dấu mật", SEE)


def manifest_left_in(repository: Repository, night: StoredSnapshot) -> Manifest:
    """The manifest inside a snapshot, without what was taken out of that: nobody may miss it. ProofFailed when it cannot be read."""
    manifest = stored_manifest(repository, night.id)
    return only_with(manifest, repository.files_of(night.id)) if REWRITTEN_TAG in night.tags else manifest


def excludes_for(found: Sequence[Held]) -> list[str]:
    """The options by which `restic rewrite` leaves these files out."""
    return excludes(sorted({path for one in found for path in one.paths}))


def steps_for(repository: Repository, found: Sequence[Held]) -> list[str]:
    """The commands by which a person takes the files out of these snapshots, in order; nothing is lost before `forget`."""
    restic = ["restic", "-r", repository.url, "--password-file", str(repository.password_file)]
    without, ids = excludes_for(found), [one.snapshot for one in found]
    commands = (["rewrite", "--dry-run", *without, *ids], ["rewrite", *without, *ids], ["forget", *ids], ["prune"])
    return [shlex.join([*restic, *command]) for command in commands]
