"""Which streamed dumps go: with the last night that needs them, never before it (PL-8).

A dump lies in a snapshot of its own, so that forgetting its night alone would leave it there for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.stored import dump_before

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

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
    by_day: dict[date | None, list[StoredSnapshot]] = {}
    for one in placed:
        by_day.setdefault(one.day, []).append(one)
    owned = [(night, dumps_of(night, by_day.get(night.day, ()) if night.day else placed)) for night in nights]
    kept = [(night, own) for night, own in owned if night.id not in forgotten]
    needed = {one.id for _, own in kept for one in own}
    going = {one.id for night, own in owned if night.id in forgotten for one in own} - needed
    newest = {one.database: one.time for one in placed if one.id not in going}
    claimed = {place for night, own in kept for place in _claimed(own, by_day.get(night.day, ()))}
    spoken_for = needed | going
    free = [one for one in placed if one.id not in spoken_for]
    old = {one.id for one in free if since and one.time < min(since, newest[one.database]) and (one.day, one.database) not in claimed}
    stray, waiting = (tuple(one for one in free if (one.id in old) is goes) for goes in (True, False))
    return DumpPlan(len(needed), tuple(one for one in placed if one.id in going), stray, waiting)


def _claimed(own: Iterable[StoredSnapshot], of_day: Iterable[StoredSnapshot]) -> set[tuple[date | None, str]]:
    """Day and database of dumps that a night of their day may need though it has none: the clock may have been set back in between."""
    names = {one.database for one in own}
    return {(one.day, one.database) for one in of_day if one.database not in names}
