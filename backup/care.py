"""What a repository needs beside backups: read a part of its data every week, forget by the agreed policy, prune.

`care.json` remembers per repository what was done when, so that a week in which the machine was off is made up for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from backup.dump_retention import plan_dumps
from backup.known import read_json, write_json
from backup.retention import agreed_to, contradictions, plan_retention, shrinkage
from backup.seen import note_forgotten
from backup.still_held import manifest_left_in
from backup.stored import DUMP_TAG, OUR_TAG
from backup.upkeep import forget, prune, stored_in
from infra.backup_settings import Keep
from infra.clock import vietnamese_date
from infra.errors import SchoolError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from backup.dump_retention import DumpPlan
    from backup.repository import Repository
    from backup.retention import RetentionPlan
    from backup.stored import StoredSnapshot

CARE_FILE = "care.json"
SHARES = 13  # a thirteenth of the data a week: all of it in a quarter
WEEK, QUARTER = timedelta(days=7), timedelta(days=91)


@dataclass(frozen=True, slots=True)
class CareResult:
    """What was done for one repository; `problems`: Vietnamese lines, each of which makes the night red.

    `shrunk`: how many of them are that the newest night holds much less, which is its sources' fault, not the repository's.
    """

    name: str
    told: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    shrunk: int = 0


@dataclass(slots=True)
class CareRecord:
    """What was done when, for one repository. Dates are ISO; `read`: share of the data -> when it was last read whole."""

    state: Path
    name: str
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reload()

    def reload(self) -> None:
        """Read what is written down."""
        empty = {"since": "", "pruned": "", "baseline": "", "read": {}}
        self.values = empty | read_json(self.state / CARE_FILE).get(self.name, {})

    def note(self, what: str, day: date, share: int = 0) -> None:
        """Write down that something was done."""
        if share:
            self.values["read"][str(share)] = day.isoformat()
        else:
            self.values[what] = day.isoformat()
        self.values["since"] = self.values["since"] or day.isoformat()
        self._write()

    def set_baseline(self, origin: str) -> None:
        """Remember the night whose size was found right."""
        self.values["baseline"] = origin
        self._write()

    def _write(self) -> None:
        write_json(self.state / CARE_FILE, {**read_json(self.state / CARE_FILE), self.name: self.values})

    def done(self, what: str) -> date | None:
        """When something was last done."""
        return date.fromisoformat(self.values[what]) if self.values[what] else None

    def read_on(self, share: int) -> date | None:
        """When a share of the data was last read."""
        read = self.values["read"].get(str(share))
        return date.fromisoformat(read) if read else None

    def shares_due(self, day: date) -> list[int]:
        """What must be read tonight: one share a week, the one that waits longest, and whatever has waited for a quarter."""
        since = self.done("since") or day
        oldest = sorted(range(1, SHARES + 1), key=lambda share: (self.read_on(share) or date.min, share))
        newest = max((seen for share in oldest if (seen := self.read_on(share))), default=None)
        weekly = oldest[:1] if newest is None or day - newest >= WEEK else []
        overdue = [share for share in oldest if day - (self.read_on(share) or since) >= QUARTER]
        return list(dict.fromkeys([*weekly, *overdue]))


def care_for(repository: Repository, policy: Keep | None, day: date) -> CareResult:
    """Read what is due, forget what the agreed policy lets go, prune once a week. Trouble is told, never raised."""
    record = CareRecord(repository.state, repository.name)
    told: list[str] = []
    problems: list[str] = []
    lost = 0
    for work in (_read_due, _watch_size, _thin_out):
        try:
            done, wrong = work(repository, record, policy, day)
            lost += len(wrong) if work is _watch_size else 0
        except SchoolError as error:
            done, wrong = [], [f"Kho «{repository.name}»: {error.line()}"]
        told += done
        problems += wrong
    return CareResult(repository.name, tuple(told), tuple(problems), lost)


def _read_due(repository: Repository, record: CareRecord, _policy: Keep | None, day: date) -> tuple[list[str], list[str]]:
    due = record.shares_due(day)
    for share in due:
        repository.check(f"{share}/{SHARES}")
        record.note("read", day, share)
    return [f"đã đọc lại {len(due)}/{SHARES} dữ liệu của «{repository.name}»"] if due else [], []


def _watch_size(repository: Repository, record: CareRecord, policy: Keep | None, _day: date) -> tuple[list[str], list[str]]:
    """Red while the newest night has lost much; without a policy for one night only, because then nothing is deleted anyway."""
    nights = repository.snapshots()
    lost = shrunk(repository, nights, (policy or Keep()).max_shrink)
    if not lost or policy is None:
        trust_size(repository)
    elif before := _measure(repository, nights):
        record.set_baseline(before.origin)
    record.reload()
    # Without a policy there is nothing to agree to, and the look at the repositories tells the loss in the same night.
    fix = "xem hệ thống giao; nếu đúng vậy: truong backup plan"
    return [], [f"Kho «{repository.name}»: {lost[0]} → {fix}"] if lost and policy else []


def _thin_out(repository: Repository, record: CareRecord, policy: Keep | None, day: date) -> tuple[list[str], list[str]]:
    if policy is None or repository.terms.append_only:
        return [], []
    if not agreed_to(repository.state, policy, dumps=False):
        return ["chưa xóa đêm cũ nào: chưa ai xem kế hoạch (truong backup plan)"], []
    plan = retention_of(repository, policy)
    if plan.dumps.held and not agreed_to(repository.state, policy, dumps=True):
        why = "kế hoạch nay bỏ cả bản sao cơ sở dữ liệu của các đêm cũ mà chưa ai xem lại (truong backup plan)"
        return [f"«{repository.name}»: chưa xóa đêm cũ nào: {why}"], []
    if plan.refused:
        return [], [f"Kho «{repository.name}»: không xóa đêm cũ nào vì {plan.refused[0]} → xem: truong backup plan"]
    told = _forgotten(repository, plan)
    last = record.done("pruned")
    if last is None or day - last >= WEEK:
        prune(repository)
        record.note("pruned", day)
        told.append(f"«{repository.name}»: đã dọn dữ liệu không còn đêm nào dùng")
    return told, []


def _forgotten(repository: Repository, plan: RetentionPlan) -> list[str]:
    """Forget what the plan lets go; told in counts."""
    # The nights first: a kill in between leaves a dump too many, which goes another night, and never a night without its dump.
    forget(repository, plan.ids)
    note_forgotten(repository, plan.forget)
    forget(repository, plan.dump_ids)
    dumps = plan.dumps
    counts = (
        (len(plan.forget), "đêm cũ theo chính sách"),
        (len(dumps.forget), "bản sao cơ sở dữ liệu của các đêm đó"),
        (len(dumps.stray), "bản sao cơ sở dữ liệu cũ không còn đêm nào dùng"),
    )
    gone = ", ".join(f"{count} {told}" for count, told in counts if count)
    return [f"«{repository.name}»: bỏ {gone}"] if gone else []


def retention_of(repository: Repository, policy: Keep) -> RetentionPlan:
    """The plan for a repository as it is now, from what it holds itself; streamed dumps go with their nights."""
    found = stored_in(repository)
    nights = [one for one in found if one.is_night]
    plan = plan_retention(nights, policy)
    plan = replace(plan, dumps=_dumps_in(found, plan, {night.id for night in plan.forget}))
    # Looking for reasons against it reads manifests out of the repository: only where something would go.
    return replace(plan, refused=tuple(refusals(repository, found, policy))) if plan.forget or plan.dumps.going else plan


def strays_in(repository: Repository, policy: Keep) -> tuple[StoredSnapshot, ...]:
    """Old streamed dumps that no night needs, in a store from which only its keeper deletes nights; none where times contradict."""
    found = stored_in(repository)
    plan = plan_retention([one for one in found if one.is_night], policy)
    strays = _dumps_in(found, plan, ()).stray
    return () if strays and refusals(repository, found, policy) else strays


def _dumps_in(found: Sequence[StoredSnapshot], plan: RetentionPlan, forgotten: Collection[str]) -> DumpPlan:
    dumps = [one for one in found if DUMP_TAG in one.tags]
    # What was saved before a restore is a whole night as well: nobody may take its dumps away.
    return plan_dumps([one for one in found if OUR_TAG in one.tags], dumps, forgotten, plan.daily_since)


def refusals(repository: Repository, found: Sequence[StoredSnapshot], policy: Keep) -> list[str]:
    """Why nothing of what was `found` may be forgotten now; empty when it may."""
    nights = [one for one in found if one.is_night]
    # Dumps, too: one with a false time could stand in the place of a night's own.
    return contradictions([*nights, *(one for one in found if one.database)]) or shrunk(repository, nights, policy.max_shrink)


def shrunk(repository: Repository, nights: Sequence[StoredSnapshot], most: float) -> list[str]:
    """What the newest good night has lost against the last one whose size was found right."""
    good, before = [night for night in nights if not night.partial], _measure(repository, nights)
    if before is None or before.origin == good[-1].origin:
        return []
    newest, earlier = (manifest_left_in(repository, night) for night in (good[-1], before))
    return [f"đêm {vietnamese_date(newest.day)} hụt: {line}" for line in shrinkage(newest, earlier, most)]


def _measure(repository: Repository, nights: Sequence[StoredSnapshot]) -> StoredSnapshot | None:
    """The good night that newer ones are measured by: the last whose size was found right, else the one before the newest."""
    good = [night for night in nights if not night.partial]
    known = CareRecord(repository.state, repository.name).values["baseline"]
    return next((night for night in good if night.origin == known), good[-2] if len(good) > 1 else None)


def trust_size(repository: Repository) -> None:
    """A person has looked: the newest good night is what the next ones are measured by."""
    good = [night for night in repository.snapshots() if not night.partial]
    if good:
        CareRecord(repository.state, repository.name).set_baseline(good[-1].origin)
