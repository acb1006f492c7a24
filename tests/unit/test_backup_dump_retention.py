"""Which streamed dumps go: over drawn histories no night that stays ever loses one, and nothing outlives the agreed policy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backup.dump_retention import DumpPlan, dumps_of, plan_dumps
from backup.retention import RetentionPlan, accept, agreed_to, plan_retention, policy_code
from backup.stored import BEFORE_RESTORE_TAG, DAY_TAG, DUMP_NAME_TAG, DUMP_TAG, OUR_TAG, WITHOUT_TAG, StoredSnapshot
from backup.upkeep import HEALING_TAG
from infra.backup_settings import Keep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

POLICY = Keep(daily=7, weekly=1, monthly=1, yearly=0)
LAST = date(2027, 3, 14)
NAMES = ("hoso", "ketoan")
# What became of a night: saved whole, saved without a database, killed after its dumps, saved twice after the same dumps,
# saved before a restore; with the clock set back by an hour between the dumps and the night.
FATES = ("whole", "lacking", "killed", "twice", "before restore", "clock set back")


def _at(days: int, minutes: int) -> datetime:
    return datetime(LAST.year, LAST.month, LAST.day, 3, tzinfo=UTC) + timedelta(minutes=minutes) - timedelta(days=days)


def _stored(moment: datetime, day: date | None, *tags: str, partial: bool = False) -> StoredSnapshot:
    all_tags = (*tags, *((f"{DAY_TAG}{day}",) if day else ()))
    name = f"{moment:%Y%m%d%H%M%S}{''.join(tags)}"
    return StoredSnapshot(name, moment, day, 1, 1, partial, all_tags, name, moment)


def _dump(name: str, days: int, minutes: int = 0) -> StoredSnapshot:
    return _stored(_at(days, minutes), LAST - timedelta(days=days), DUMP_TAG, f"{DUMP_NAME_TAG}{name}")


def _night(days: int, minutes: int = 10, *tags: str) -> StoredSnapshot:
    return _stored(_at(days, minutes), LAST - timedelta(days=days), OUR_TAG, *tags, partial=bool(tags))


@dataclass
class History:
    """What a repository holds."""

    nights: list[StoredSnapshot] = field(default_factory=list)
    dumps: list[StoredSnapshot] = field(default_factory=list)

    def begin(self, days: int, fate: str, names: Iterable[str]) -> None:
        """A night with its dumps."""
        start = 60 * sum(night.day == LAST - timedelta(days=days) for night in self.nights) + len(self.dumps) % 7
        lacking = NAMES[0] if fate == "lacking" else ""
        self.dumps += [_dump(name, days, start) for name in names if name != lacking]
        if fate == "killed":
            return
        tags = (f"{WITHOUT_TAG}{lacking}",) if lacking else ()
        night = _night(days, start + (-60 if fate == "clock set back" else 10), *tags)
        if fate == "before restore":
            night = replace(night, tags=(*night.tags, BEFORE_RESTORE_TAG))
        self.nights += [night, replace(night, id=f"{night.id}2", time=night.time + timedelta(minutes=5))] if fate == "twice" else [night]

    def plan(self, policy: Keep = POLICY) -> tuple[RetentionPlan, DumpPlan]:
        """As the care of a repository makes it."""
        plan = plan_retention([night for night in self.nights if night.is_night], policy)
        return plan, plan_dumps(self.nights, self.dumps, {night.id for night in plan.forget}, plan.daily_since)

    def without(self, *gone: StoredSnapshot) -> History:
        """After they were forgotten."""
        return History([one for one in self.nights if one not in gone], [one for one in self.dumps if one not in gone])

    def dump_for(self, night: StoredSnapshot, name: str) -> StoredSnapshot | None:
        """What a restore takes, found the slow way: of its day and name, what began before the night, the newest."""
        tags = {DUMP_TAG, f"{DAY_TAG}{night.day}", f"{DUMP_NAME_TAG}{name}"}
        found = sorted((one for one in self.dumps if tags <= set(one.tags) and one.time <= night.time), key=lambda one: one.time)
        return found[-1] if found else None

    def needs(self) -> dict[tuple[str, str], StoredSnapshot | None]:
        """Night and database -> its dump."""
        return {(night.id, name): self.dump_for(night, name) for night in self.nights for name in NAMES}


@st.composite
def histories(draw: st.DrawFn) -> History:
    history = History()
    names = st.sampled_from(((), NAMES[:1], NAMES[1:], NAMES))
    for days in sorted(draw(st.lists(st.integers(0, 30), min_size=1, max_size=25)), reverse=True):  # a day may come several times
        history.begin(days, draw(st.sampled_from(FATES)), draw(names))
    # As after years in which only nights were forgotten.
    gone = draw(st.sets(st.integers(0, 30), max_size=10))
    return history.without(*(night for number, night in enumerate(history.nights) if number in gone))


def _of(*nights: tuple[int, str, tuple[str, ...]]) -> History:
    history = History()
    for days, fate, names in nights:
        history.begin(days, fate, names)
    return history


@settings(max_examples=300, deadline=None)
@given(histories())
@example(_of((40, "before restore", NAMES), (12, "clock set back", NAMES), *((days, "whole", NAMES) for days in range(10, -1, -1))))
def test_no_night_that_stays_loses_a_dump_it_needs(history: History) -> None:
    plan, dumps = history.plan()
    after = history.without(*plan.forget, *dumps.going)
    assert after.needs() == {key: dump for key, dump in history.needs().items() if key in after.needs()}
    assert dumps.held == len(history.dumps)
    assert {night.id for night in after.nights} >= {night.id for night in history.nights if not night.is_night}


@settings(max_examples=300, deadline=None)
@given(histories())
def test_nothing_old_is_left_but_what_has_a_reason(history: History) -> None:
    plan, dumps = history.plan()
    after = history.without(*plan.forget, *dumps.going)
    again, left = after.plan()
    assert (again.forget, left.going) == ((), ())
    needed = {dump.id for dump in after.needs().values() if dump}
    newest = {dump.database: dump.time for dump in sorted(after.dumps, key=lambda dump: dump.time)}
    for dump in (one for one in after.dumps if one.id not in needed):
        young = plan.daily_since is None or dump.time >= plan.daily_since
        of_a_day_without = any(night.day == dump.day and after.dump_for(night, dump.database) is None for night in after.nights)
        assert young or dump.time == newest[dump.database] or of_a_day_without


@settings(max_examples=300, deadline=None)
@given(histories())
def test_a_kill_between_the_nights_and_their_dumps_costs_no_night_its_own(history: History) -> None:
    plan, _ = history.plan()
    killed = history.without(*plan.forget)
    assert killed.needs() == {key: dump for key, dump in history.needs().items() if key in killed.needs()}
    _, dumps = killed.plan()
    assert dumps.forget == ()
    after = killed.without(*dumps.going)
    assert after.needs() == killed.needs()


def _whole_nights(first: int, last: int = 0, names: tuple[str, ...] = ("hoso",)) -> History:
    return _of(*((days, "whole", names) for days in range(first, last - 1, -1)))


def test_dumps_go_with_their_nights() -> None:
    history = _whole_nights(60, names=NAMES)
    plan, dumps = history.plan()
    assert len(plan.forget) == 61 - len(plan.keep)
    assert len(dumps.forget) == 2 * len(plan.forget)
    assert (dumps.kept, dumps.stray, dumps.waiting) == (2 * len(plan.keep), (), ())
    for night in plan.forget:
        assert {dump.day for dump in dumps_of(night, dumps.forget)} == {night.day}


def test_of_two_nights_of_a_day_the_earlier_goes_with_its_own_dump_only() -> None:
    history = _whole_nights(2)
    history.begin(0, "whole", ("hoso",))
    plan, dumps = history.plan()
    assert [night.id for night in plan.forget] == [history.nights[2].id]
    assert dumps.forget == (history.dumps[2],)


def test_a_dump_that_two_nights_share_stays_for_the_later_one() -> None:
    history = _of((0, "twice", ("hoso",)))
    plan, dumps = history.plan()
    assert (len(plan.forget), dumps.going, dumps.kept) == (1, (), 1)


def test_while_a_repair_fetches_a_dump_anew_both_entries_of_it_stay() -> None:
    history = _whole_nights(10)
    healing = [replace(dump, id=f"{dump.id}-old", tags=(*dump.tags, HEALING_TAG)) for dump in history.dumps]
    dumps = plan_dumps(history.nights, [*healing, *history.dumps], set(), _at(0, 10))
    assert (dumps.kept, dumps.going, dumps.waiting) == (2 * len(history.dumps), (), ())


def test_the_dump_of_a_killed_night_stays_as_long_as_the_daily_nights() -> None:
    young = _of((5, "killed", ("hoso",)), *((days, "whole", ("hoso",)) for days in (9, 8, 7, 6, 4, 3, 2, 1, 0)))
    assert [dump.day for dump in young.plan()[1].waiting] == [LAST - timedelta(days=5)]
    old = _of((12, "killed", ("hoso",)), *((days, "whole", ("hoso",)) for days in range(9, -1, -1)))
    assert [dump.day for dump in old.plan()[1].stray] == [LAST - timedelta(days=12)]


def test_the_newest_dump_of_a_database_stays_though_no_night_has_it() -> None:
    left_behind = [_dump("ketoan", days) for days in (30, 29, 28)]
    history = History(_whole_nights(10).nights, [*left_behind, *_whole_nights(10).dumps])
    dumps = history.plan()[1]
    assert (dumps.stray, dumps.waiting) == (tuple(left_behind[:2]), (left_behind[2],))


def test_the_last_dump_of_a_database_stays_when_the_nights_that_had_it_go() -> None:
    history = _of((31, "killed", ("ketoan",)), (30, "whole", NAMES), *((days, "whole", ("hoso",)) for days in range(10, -1, -1)))
    plan, dumps = history.plan(POLICY.model_copy(update={"weekly": 0, "monthly": 0}))
    assert {(dump.database, dump.day) for dump in dumps.forget} >= {(name, LAST - timedelta(days=30)) for name in NAMES}
    assert [night.day for night in plan.forget][:1] == [LAST - timedelta(days=30)]
    assert ([dump.database for dump in dumps.waiting], dumps.stray) == (["ketoan"], ())


def test_a_night_saved_after_the_clock_was_set_back_keeps_what_may_be_its_dump() -> None:
    history = _of((40, "clock set back", ("hoso",)), *((days, "whole", ("hoso",)) for days in range(10, -1, -1)))
    for nights, stays in ((history.nights, True), (history.nights[1:], False)):
        dumps = plan_dumps(nights, history.dumps, set(), _at(6, 0))
        assert (history.dumps[0] in dumps.waiting, history.dumps[0] in dumps.stray) == (stays, not stays)


def test_without_a_good_night_no_dump_without_a_night_goes() -> None:
    dumps = [_dump("hoso", days) for days in (400, 300, 200)]
    partial = _night(0, 10, f"{WITHOUT_TAG}hoso")
    assert History([], dumps).plan()[1].waiting == tuple(dumps)
    assert History([partial], dumps).plan()[1].waiting == tuple(dumps)


def test_what_bears_no_day_or_database_is_not_touched() -> None:
    history = _whole_nights(10)
    foreign = [_stored(_at(90, 0), None, DUMP_TAG, f"{DUMP_NAME_TAG}hoso"), _stored(_at(90, 0), LAST - timedelta(days=90), DUMP_TAG)]
    dumps = plan_dumps(history.nights, [*foreign, *history.dumps], set(), _at(0, 10))
    assert not {one.id for one in foreign} & {one.id for one in (*dumps.going, *dumps.waiting)}


def test_a_night_that_lost_the_tag_of_its_day_keeps_the_dump_before_it() -> None:
    history = _whole_nights(20)
    nights = [replace(history.nights[0], day=None, tags=(OUR_TAG, BEFORE_RESTORE_TAG)), *history.nights[1:]]
    plan, dumps = History(nights, history.dumps).plan()
    assert plan.forget
    assert history.dumps[0] not in (*dumps.going, *dumps.waiting)


def test_a_refused_plan_lets_no_dump_go() -> None:
    plan, dumps = _whole_nights(60).plan()
    assert replace(plan, dumps=dumps).dump_ids
    assert replace(plan, dumps=dumps, refused=("đồng hồ bị vặn lùi",)).dump_ids == ()


def test_an_agreement_from_before_the_dumps_does_not_cover_them(tmp_path: Path) -> None:
    accept(tmp_path, POLICY, "hieu-pho")
    assert [agreed_to(tmp_path, POLICY, dumps=dumps) for dumps in (False, True)] == [True, False]
    accept(tmp_path, POLICY, "hieu-pho", dumps=True)
    assert [agreed_to(tmp_path, POLICY, dumps=dumps) for dumps in (False, True)] == [True, True]
    other = POLICY.model_copy(update={"daily": 8})
    assert [agreed_to(tmp_path, other, dumps=dumps) for dumps in (False, True)] == [False, False]
    assert policy_code(POLICY) != policy_code(POLICY, dumps=True)
