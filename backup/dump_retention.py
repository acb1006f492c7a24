"""Which streamed dumps go: with the last night that needs them, never before it (PL-8).

A dump lies in a snapshot of its own, so that forgetting its night alone would leave it there for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.stored import dump_before

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from backup.stored import StoredSnapshot


@dataclass(frozen=True, slots=True)
class DumpPlan:
    """What becomes of the streamed dumps of one repository, oldest first.

    `forget`: only nights that are forgotten need them. No night at all needs the others: one was killed between its dump and
    its end, or is forgotten already. `stray`: of these, the ones that go; `waiting`: the ones that stay for now. `kept`: how
    many stay because a night needs them.
    """

    kept: int = 0
    forget: tuple[StoredSnapshot, ...] = ()
    stray: tuple[StoredSnapshot, ...] = ()
    waiting: tuple[StoredSnapshot, ...] = ()

    @property
    def held(self) -> int:
        """How many dumps the plan is about."""
        return self.kept + len(self.forget) + len(self.stray) + len(self.waiting)

    @property
    def going(self) -> tuple[StoredSnapshot, ...]:
        """All that would be forgotten."""
        return (*self.forget, *self.stray)


NO_DUMPS = DumpPlan()


def dumps_of(night: StoredSnapshot, dumps: Iterable[StoredSnapshot]) -> list[StoredSnapshot]:
    """The dumps that a restore of this night takes, one for each database of its day (saving.dump_of), whether its manifest asks or not.

    A night that lost its day's tag has the newest of any day. A dump that a repair is fetching anew is there twice: both count.
    """
    by_name: dict[str, list[StoredSnapshot]] = {}
    for one in dumps:
        if night.day in {one.day, None}:
            by_name.setdefault(one.database, []).append(one)
    chosen = {name: dump_before(found, night.time) for name, found in by_name.items()}
    return [one for name, found in by_name.items() for one in found if (own := chosen[name]) and one.time == own.time]


def plan_dumps(
    nights: Sequence[StoredSnapshot], dumps: Sequence[StoredSnapshot], forgotten: Collection[str], since: datetime | None
) -> DumpPlan:
    """Let the dumps follow their nights.

    `nights`: all whole ones, also those that no policy counts; `forgotten`: ids of those that go; `since`: the oldest night
    that stays as one of the daily ones, None when there is none: as a partial night, a dump without a night stays as long.
    """
    placed = [one for one in sorted(dumps, key=lambda dump: dump.time) if one.day and one.database]
    kept = [(night, dumps_of(night, placed)) for night in nights if night.id not in forgotten]
    needed = {one.id for _, own in kept for one in own}
    going = {one.id for night in nights if night.id in forgotten for one in dumps_of(night, placed)} - needed
    newest = {one.database: one.time for one in placed if one.id not in going}
    free = [one for one in placed if one.id not in needed | going]
    old = [one for one in free if since and one.time < min(since, newest[one.database]) and not _claimed(one, kept)]
    waiting = tuple(one for one in free if one not in old)
    return DumpPlan(len(needed), tuple(one for one in placed if one.id in going), tuple(old), waiting)


def _claimed(dump: StoredSnapshot, kept: Sequence[tuple[StoredSnapshot, Sequence[StoredSnapshot]]]) -> bool:
    """Whether a night of its day has no dump of that database: with the clock set back in between, this one may be it."""
    return any(night.day == dump.day and dump.database not in {one.database for one in own} for night, own in kept)
