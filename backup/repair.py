"""Heal a damaged repository from a good one: what is lost is brought back by `restic copy`, never dropped from the snapshots.

`repair snapshots --forget` would also end green, without the files: it is never used here.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.aside import hidden_beside
from backup.checks import WHOLE, note_check
from backup.errors import BackupError, RepositoryDamaged
from backup.faults import complaints_of, damage
from backup.kept_out import plan_fetch, rewritten_aside
from backup.repository import LONG_SECONDS
from backup.rewriting import hand_over
from backup.upkeep import HEALING_TAG, copy_snapshots, drop_damaged_packs, forget, stored_in, tag

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

LOST_PACK = re.compile(r"pack ([0-9a-f]{64}): does not exist")
# What restic proposes would drop the files and end green.
ADVICE = ("The repository contains damaged pack files", "restic repair packs", "Damaged pack files can be caused")


@dataclass(frozen=True, slots=True)
class Damage:
    """What reading a whole repository found: packs that are broken or gone, and restic's own complaints."""

    packs: tuple[str, ...]
    complaints: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.complaints)


@dataclass(frozen=True, slots=True)
class Healed:
    """What a repair did: packs that were lost, snapshots whose data was fetched from the good repository.

    `kept_out`: of how many of them the good repository still has files that had been taken out of this one.
    """

    packs: int
    snapshots: int
    kept_out: int = 0


def find_damage(repository: Repository) -> Damage:
    """Read everything, and name what is broken. BackupError when the repository cannot be read at all."""
    outcome = repository.run(["check", "--json", "--read-data"], LONG_SECONDS)
    if outcome.exit_code and not damage(outcome):
        repository.required(outcome)
    if not outcome.exit_code:
        note_check(repository.state, repository.name, WHOLE)
        return Damage((), ())
    told = [line for line in complaints_of(outcome) if not line.startswith(ADVICE)]
    broken = [row.get("broken_packs") or () for row in outcome.rows() if row.get("message_type") == "summary"]
    named = [pack for packs in broken for pack in packs]
    named += [lost[1] for line in told if (lost := LOST_PACK.match(line))]
    found = Damage(tuple(dict.fromkeys(named)), tuple(told) or ("restic check báo lỗi",))
    note_check(repository.state, repository.name, WHOLE, f"Kho sao lưu bị hỏng ({len(found.complaints)} chỗ): {found.complaints[0]}")
    return found


def repair(repository: Repository, good: Repository, found: Damage) -> Healed:
    """Bring what `found` names back from `good`, but no file that was taken out of it.

    RepositoryDamaged, and nothing dropped, when some of it is not there either.
    """
    repository.unlock_stale()
    good.check()
    old = _with_twins(repository, good)
    fetch = plan_fetch(repository, good, old)
    with ExitStack() as stack:
        scratch = stack.enter_context(hidden_beside(repository.state / "chua"))
        sources = [good]
        if fetch.kept_out:
            sources.append(stack.enter_context(rewritten_aside(good, fetch.kept_out, repository, scratch)))
        (scratch / "goi").mkdir()
        drop_damaged_packs(repository, _present(repository, found.packs), scratch / "goi")
        _fetched(repository, sources, old, fetch.barred)
    return Healed(len(found.packs), len(old), len(fetch.kept_out))


def _fetched(repository: Repository, sources: Sequence[Repository], old: Sequence[StoredSnapshot], barred: Collection[str]) -> None:
    """Put new entries of the `old` snapshots, with all that they need, in the place of these."""
    # restic copies no snapshot that is already there; under another tag the old entries are other ones.
    tag(repository, [snapshot.id for snapshot in old], add=HEALING_TAG)
    try:
        for source in sources:
            copy_snapshots(source, repository, barred=barred)
        if left := find_damage(repository):
            raise RepositoryDamaged(
                f"Kho vẫn còn {len(left.complaints)} chỗ hỏng: {left.complaints[0]}",
                where=repository.name,
                fix="dữ liệu đó không có ở kho kia; đừng xóa gì, báo người bảo trì",
            )
    except BackupError:
        tag(repository, [snapshot.id for snapshot in repository.tagged(HEALING_TAG)], remove=HEALING_TAG)
        raise
    healing = repository.tagged(HEALING_TAG)
    new = {snapshot.made: snapshot for snapshot in stored_in(repository) if HEALING_TAG not in snapshot.tags}
    healed = [snapshot for snapshot in healing if snapshot.made in new]
    for snapshot in healed:
        if snapshot.origin != new[snapshot.made].origin:  # what was rewritten elsewhere was made there under another id
            hand_over(repository, snapshot, new[snapshot.made])
    forget(repository, [snapshot.id for snapshot in healed])
    # What a killed repair left and the other repository has forgotten since: whole as it is, there is no other.
    tag(repository, [snapshot.id for snapshot in healing if snapshot.made not in new], remove=HEALING_TAG)


def _with_twins(repository: Repository, good: Repository) -> list[StoredSnapshot]:
    """Our snapshots that the good repository has too, dumps included."""
    there = {snapshot.made for snapshot in stored_in(good)}
    return [snapshot for snapshot in stored_in(repository) if snapshot.made in there]


def _present(repository: Repository, packs: Sequence[str]) -> list[str]:
    """Packs that are still there: what is gone needs only the index to be made again."""
    there = set(repository.ask(["list", "packs", "--no-lock"]).output.decode().split())
    return [pack for pack in packs if pack in there]
