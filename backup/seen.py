"""Which nights a repository was seen to hold: one that is gone, and that we did not forget, was deleted by somebody else.

A repository that lost all its nights but the newest would otherwise look as good as ever.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from backup.known import KnownRepositories, read_json, write_json
from backup.stored import REWRITTEN_TAG
from infra.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

SEEN_FILE = "seen.json"
# A loss is told for as long, then it is the school's own to know: nobody can bring such a night back.
TOLD_DAYS = 30


def note_seen(repository: Repository, nights: Sequence[StoredSnapshot]) -> None:
    """Write down what is there now; what is gone stays written down, with the day on which that was first noticed."""
    there, today = {night.origin for night in nights}, now().date()
    kept = {
        origin: {**entry, "gone": entry["gone"] or today.isoformat()}
        for origin, entry in _entries(repository).items()
        if origin not in there and not _told_long_enough(entry, today)
    }
    _write(repository, {**kept, **{night.origin: {"day": night.day.isoformat() if night.day else "", "gone": ""} for night in nights}})


def note_forgotten(repository: Repository, nights: Iterable[StoredSnapshot]) -> None:
    """Nights that we ourselves forgot by the agreed policy: nobody misses them."""
    forgotten = {night.origin for night in nights}
    entries = _entries(repository)
    if forgotten & set(entries):
        _write(repository, {origin: entry for origin, entry in entries.items() if origin not in forgotten})


def missed(repository: Repository, nights: Sequence[StoredSnapshot]) -> list[date | None]:
    """The days of nights that were seen, were not forgotten by us, and are not there any more; oldest first."""
    there, today = {night.origin for night in nights}, now().date()
    # restic gives a rewritten night the id of the one that it stands for, which in a copy is not the one it was made with.
    rewritten = {night.day.isoformat() for night in nights if night.day and REWRITTEN_TAG in night.tags}
    entries = [entry for origin, entry in _entries(repository).items() if origin not in there and entry["day"] not in rewritten]
    gone = [entry for entry in entries if not _told_long_enough(entry, today)]
    return [date.fromisoformat(entry["day"]) if entry["day"] else None for entry in sorted(gone, key=lambda entry: str(entry["day"]))]


def _told_long_enough(entry: dict[str, str], today: date) -> bool:
    return bool(entry["gone"]) and today - date.fromisoformat(entry["gone"]) > timedelta(days=TOLD_DAYS)


def _key(repository: Repository) -> str:
    """The repository itself, not its name: a new one on a new disk begins with nothing."""
    return f"{repository.name}/{KnownRepositories(repository.state).id_of(repository.known_place) or ''}"


def _entries(repository: Repository) -> dict[str, dict[str, str]]:
    found: dict[str, Any] = read_json(repository.state / SEEN_FILE).get(_key(repository), {})
    return found


def _write(repository: Repository, entries: dict[str, dict[str, str]]) -> None:
    file = repository.state / SEEN_FILE
    write_json(file, {**read_json(file), _key(repository): entries})
