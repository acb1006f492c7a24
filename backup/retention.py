"""Which nights stay and which may go (PL-7, PL-8): a plan first, and nothing is deleted that no person has agreed to.

Only complete nights count. Nothing goes when the snapshots' times contradict each other (a clock set back, or
somebody who pushes the real nights out with dated ones) or when the newest night has lost much of what the one
before it had.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from backup.dump_retention import NO_DUMPS
from backup.known import read_json, write_json
from backup.stored import OUR_TAG
from connectors.records.school_year import SchoolYear
from infra.clock import SCHOOL_ZONE, now, vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from backup.dump_retention import DumpPlan
    from backup.manifest import Manifest
    from backup.stored import StoredSnapshot
    from infra.backup_settings import Keep

ACCEPTED_FILE = "retention.json"
DAILY = "ngày"
YEAR_END_TAG = "cuoi-nam-hoc"
# A good week makes the report shorter, and Prefect forgets old runs by itself.
_SHRINKS_WELL = frozenset({"report", "prefect"})
CLOCK_TOLERANCE = timedelta(minutes=10)  # two machines' clocks; a snapshot's own times come from one


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What would be forgotten, what stays and why, and the reasons (Vietnamese) for which nothing goes at all.

    `daily_since`: when the oldest night was saved that stays as one of the daily ones; `dumps`: what goes with the nights.
    """

    keep: Mapping[str, tuple[str, ...]]  # id -> reasons
    forget: tuple[StoredSnapshot, ...]
    refused: tuple[str, ...] = ()
    daily_since: datetime | None = None
    dumps: DumpPlan = NO_DUMPS

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids that may be forgotten now: none when the plan is refused."""
        return () if self.refused else tuple(snapshot.id for snapshot in self.forget)

    @property
    def dump_ids(self) -> tuple[str, ...]:
        """Ids of the streamed dumps that may be forgotten once these nights are."""
        return () if self.refused else tuple(dump.id for dump in self.dumps.going)


def plan_retention(nights: Sequence[StoredSnapshot], policy: Keep, refused: Sequence[str] = ()) -> RetentionPlan:
    """Apply the policy to one repository's nights. `refused`: what contradictions and shrinkage found."""
    good = sorted((night for night in nights if not night.partial), key=lambda night: night.time, reverse=True)
    reasons: dict[str, list[str]] = {}
    for label, count, period in _RULES(policy):
        for night in _newest_of_each(good, count, period):
            reasons.setdefault(night.id, []).append(label)
    for night in school_year_ends(good):
        reasons.setdefault(night.id, []).append("cuối năm học")
    for night in good[:1]:
        reasons.setdefault(night.id, []).append("mới nhất")
    oldest_daily = min((night.time for night in good if DAILY in reasons.get(night.id, ())), default=None)
    for night in nights:
        # What a partial night has, no good one may have: it stays as long as its neighbours do.
        if night.partial and (oldest_daily is None or night.time >= oldest_daily):
            reasons.setdefault(night.id, []).append("chưa trọn vẹn")
    gone = tuple(night for night in sorted(nights, key=lambda night: night.time) if night.id not in reasons)
    return RetentionPlan({night: tuple(why) for night, why in reasons.items()}, gone, tuple(refused), oldest_daily)


def _RULES(policy: Keep) -> tuple[tuple[str, int, Callable[[date], object]], ...]:  # noqa: N802 - a table
    return (
        (DAILY, policy.daily, lambda day: day),
        ("tuần", policy.weekly, lambda day: day.isocalendar()[:2]),
        ("tháng", policy.monthly, lambda day: (day.year, day.month)),
        ("năm", policy.yearly, lambda day: day.year),
    )


def _newest_of_each(good: Sequence[StoredSnapshot], count: int, period: Callable[[date], object]) -> Iterable[StoredSnapshot]:
    """The newest night of each of the last `count` periods that have one, as restic's own --keep-… counts."""
    newest: dict[object, StoredSnapshot] = {}
    for night in good:
        newest.setdefault(period(_date_of(night)), night)
    return list(newest.values())[:count]


def school_year_ends(good: Iterable[StoredSnapshot]) -> list[StoredSnapshot]:
    """The last complete night of every school year up to the day its results are due; these stay for good."""
    ends: dict[int, StoredSnapshot] = {}
    for night in sorted(good, key=lambda night: night.time):
        day = night.day or _date_of(night)
        if day <= year_end(day):
            ends[SchoolYear.of(day).start_year] = night
    return list(ends.values())


def year_end(day: date) -> date:
    """The day by which the results of that school year are in."""
    year = SchoolYear.of(day)
    return year.on(year.results_due)


def _date_of(night: StoredSnapshot) -> date:
    return night.time.astimezone(SCHOOL_ZONE).date()


def contradictions(nights: Sequence[StoredSnapshot], moment: datetime | None = None) -> list[str]:
    """Why the snapshots' times cannot be trusted; empty when they can."""
    times = {night.id: night.time for night in nights} | {night.origin: night.time for night in nights}
    latest = (moment or now()) + CLOCK_TOLERANCE
    found: list[str] = []
    for night in nights:
        name = f"bản {night.short_id}"
        if night.time > latest:
            found.append(f"{name} mang giờ ở tương lai ({vietnamese_date(_date_of(night))})")
        elif night.begun and abs(night.begun - night.time) > CLOCK_TOLERANCE:
            found.append(f"{name} mang giờ khác giờ lúc lưu")
        elif night.parent in times and times[night.parent] > night.time:
            found.append(f"{name} mang giờ trước bản mà nó nối tiếp (đồng hồ bị vặn lùi?)")
    return found


def shrinkage(newest: Manifest, before: Manifest, most: float) -> list[str]:
    """Parts, and systems within the landing, that lost more than the share `most` of their files or bytes from one night to the next."""
    now_there, was_there = _sizes(newest), _sizes(before)
    told = []
    for place, (files, size) in was_there.items():
        left_files, left_size = now_there.get(place, (0, 0))
        if left_files < files * (1 - most) or left_size < size * (1 - most):
            told.append(f"{place} còn {left_files}/{files} tệp, {left_size}/{size} byte")
    return told


def _sizes(manifest: Manifest) -> dict[str, tuple[int, int]]:
    """Place -> files and bytes. Of the landing each system counts by itself: a small one may vanish beside a big one."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, part in manifest.parts.items():
        if name in _SHRINKS_WELL:
            continue
        for path, entry in part.files:
            system = path.removeprefix(f"{part.path}/").partition("/")[0] if name == "landing" else ""
            place = f"{name}/{system}" if system else name
            files, size = sizes.get(place, (0, 0))
            sizes[place] = (files + 1, size + entry.size)
    return sizes


def policy_code(policy: Keep, *, dumps: bool = False) -> str:
    """Stands for exactly this policy: whoever agrees to it agrees to nothing else. `dumps`: streamed dumps go with their nights."""
    agreed = policy.model_dump() | ({"dumps": True} if dumps else {})
    return hashlib.sha256(json.dumps(agreed, sort_keys=True).encode()).hexdigest()[:8]


def accepted_code(state: Path) -> str:
    """The policy that a person has seen the plan of and agreed to; empty when nobody has."""
    return str(read_json(state / ACCEPTED_FILE).get("code", ""))


def agreed_to(state: Path, policy: Keep, *, dumps: bool) -> bool:
    """Whether a person agreed to this policy; where there are `dumps`, to a plan that let them go, too."""
    return accepted_code(state) in {policy_code(policy, dumps=True), policy_code(policy, dumps=dumps)}


def accept(state: Path, policy: Keep, who: str, *, dumps: bool = False) -> None:
    """Note that a person has seen the plan and agrees to the policy. `dumps`: the plan was about streamed dumps, too."""
    entry = {"code": policy_code(policy, dumps=dumps), "policy": policy.model_dump(), "dumps": dumps}
    write_json(state / ACCEPTED_FILE, {**entry, "who": who, "when": now().isoformat(timespec="seconds")})


def keep_within(policy: Keep) -> str:
    """The command for whoever keeps an append-only store: there only `--keep-within` is safe from nights with false times."""
    spans = f"--keep-within-daily {policy.daily}d --keep-within-weekly {policy.weekly * 7}d"
    longer = f"--keep-within-monthly {policy.monthly}m --keep-within-yearly {policy.yearly}y"
    return f"restic forget --tag {OUR_TAG} {spans} {longer} --keep-tag {YEAR_END_TAG}"
