"""How every repository is, asked of the repository itself: job history proves nothing (Điều 21, PL-7).

Each question has its own verdict, so that one that cannot be answered hides no other; the repositories are asked
side by side, so that one that is silent hides no other either.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.copies import is_plugged_in, last_plugged
from backup.errors import BackupError
from backup.faults import lost_repository, other_repository
from backup.known import KnownPartials, KnownRepositories
from backup.room import room_left
from backup.still_held import held_told
from backup.stored import NAMED
from backup.upkept import checked, counted, drilled, read_back
from backup.verdict import Topic, Verdict, bad, days_ago, fine
from backup.within import lost_parts, shrunk
from infra.clock import SCHOOL_ZONE, now, vietnamese_date
from infra.errors import SchoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from backup.repository import Repository
    from backup.stored import StoredSnapshot
    from infra.backup_settings import Keep, Watch

CLOCK_MINUTES = 10  # two machines' clocks may differ by this much
MINUTES_AN_HOUR, MINUTES_TOLD = 60, 120
RUN = "truong nightly"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the settings ask of every repository. `parts`: that no good night lacks; `today`: the school's day."""

    parts: frozenset[str]
    keep: Keep | None
    watch: Watch
    today: date


@dataclass(frozen=True, slots=True)
class RepositoryHealth:
    """What one repository answered. `nights`: its snapshots, oldest first, complete or not; `missing`: parts of the newest."""

    name: str
    verdicts: tuple[Verdict, ...]
    nights: tuple[StoredSnapshot, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def newest(self) -> StoredSnapshot | None:
        """The newest snapshot."""
        return self.nights[-1] if self.nights else None

    @property
    def red(self) -> tuple[Verdict, ...]:
        """The verdicts that are wrong."""
        return tuple(verdict for verdict in self.verdicts if verdict.good is False)


def ask_all(repositories: Sequence[Repository], expected: Expected) -> list[RepositoryHealth]:
    """How every repository is, in their order. Trouble is a verdict, never an exception."""
    with ThreadPoolExecutor(max(1, len(repositories))) as askers:
        return list(askers.map(lambda repository: health_of(repository, expected), repositories))


def health_of(repository: Repository, expected: Expected) -> RepositoryHealth:
    """How one repository is now."""
    if repository.terms.removable and not is_plugged_in(repository):
        return RepositoryHealth(repository.name, (_away(repository),))
    try:
        _require_ours(repository)
        nights = repository.snapshots()
    except SchoolError as error:  # gone, wrong password, no network: nothing else can be asked
        return RepositoryHealth(repository.name, (bad(Topic.REACH, error.what, error.fix),))
    return _asked(repository, nights, expected)


def _require_ours(repository: Repository) -> None:
    known, found = KnownRepositories(repository.state).id_of(repository.known_place), repository.identity()
    if found is None and known is None:
        raise BackupError("kho chưa được tạo: chưa đêm nào được lưu vào đây", fix=RUN)
    if found is None:
        raise lost_repository(repository.url)
    if known and found != known:
        raise other_repository(repository.url)


def _asked(repository: Repository, nights: Sequence[StoredSnapshot], expected: Expected) -> RepositoryHealth:
    if not nights:
        lost = [verdict for verdict in counted(repository, nights, expected.keep) if verdict.good is False]
        return RepositoryHealth(repository.name, (bad(Topic.AGE, "kho không có bản sao lưu nào", RUN), *lost))
    good = [night for night in nights if not night.partial]
    missing: list[str] = []
    questions: tuple[tuple[Topic, Callable[[], Iterable[Verdict]]], ...] = (
        (Topic.AGE, lambda: _aged(good, _patience(repository, expected.watch.max_age_days), expected.today)),
        (Topic.PARTIAL, lambda: _partial(repository, nights[-1])),
        (Topic.PARTS, lambda: lost_parts(repository, nights[-1], expected.parts, missing)),
        (Topic.SIZE, lambda: shrunk(repository, nights, expected.keep)),
        (Topic.COUNT, lambda: counted(repository, nights, expected.keep)),
        (Topic.CHECK, lambda: checked(repository, _patience(repository, expected.watch.max_check_days))),
        (Topic.READ, lambda: read_back(repository, _patience(repository, expected.watch.max_read_days), expected.today)),
        (Topic.DRILL, lambda: drilled(repository, _patience(repository, expected.watch.max_drill_days))),
        (Topic.DISK, lambda: _plugged(repository)),
        (Topic.ROOM, lambda: room_left(repository, nights)),
        (Topic.MARKED, lambda: held_told(repository)),
    )
    verdicts = [verdict for topic, question in questions for verdict in _answered(topic, question)]
    return RepositoryHealth(repository.name, tuple(verdicts), tuple(nights), tuple(missing))


def _answered(topic: Topic, question: Callable[[], Iterable[Verdict]]) -> list[Verdict]:
    """The verdicts of one question; that it cannot be answered is one, too."""
    try:
        return list(question())
    except SchoolError as error:
        return [bad(topic, error.what, error.fix)]


def _patience(repository: Repository, days: int) -> int:
    """How long something may be ago: a disk that is away most of the time cannot be newer than its last visit."""
    return max(days, repository.terms.max_absent_days) if repository.terms.removable else days


def _aged(good: Sequence[StoredSnapshot], days: int, today: date) -> Iterator[Verdict]:
    """Both count: when the newest good night was saved, and of which day the newest is (an old day may be saved again)."""
    if not good:
        yield bad(Topic.AGE, "kho không có bản nào trọn vẹn", RUN)
        return
    newest, day = good[-1], max((night.day for night in good if night.day), default=None)
    minutes = int((now() - newest.time).total_seconds() // 60)
    behind = (today - day).days if day else 0
    told = f"bản tốt mới nhất của đêm {vietnamese_date(day)}, lưu cách đây {_ago(minutes)}"
    if minutes < -CLOCK_MINUTES:
        ahead = f"bản mới nhất mang giờ ở tương lai ({newest.time.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y})"
        yield bad(Topic.AGE, ahead, "chỉnh lại giờ máy, rồi chạy truong nightly")
    elif minutes > days * 24 * MINUTES_AN_HOUR or behind > days:
        yield bad(Topic.AGE, f"{told}: quá cũ (nhiều nhất {days} ngày)", RUN)
    else:
        yield fine(Topic.AGE, told)


def _ago(minutes: int) -> str:
    hours = minutes // MINUTES_AN_HOUR
    if minutes < MINUTES_TOLD:
        return f"{max(minutes, 0)} phút"
    return f"{hours} giờ" if hours < 2 * 24 else f"{hours // 24} ngày"


def _partial(repository: Repository, newest: StoredSnapshot) -> Iterator[Verdict]:
    files = KnownPartials(repository.state).files(newest.origin)
    if newest.partial and (files or not newest.lacking):  # a database that it lacks is told with its reason (lost_parts)
        named = f": {', '.join(files[:NAMED])}{' …' if len(files) > NAMED else ''}" if files else ""
        told = f"bản mới nhất CHƯA TRỌN VẸN, thiếu tệp không đọc được hoặc bị sửa trong lúc đọc{named}"
        yield bad(Topic.PARTIAL, told, "sửa quyền đọc hoặc đĩa rồi chạy truong nightly")


def _plugged(repository: Repository) -> Iterator[Verdict]:
    if repository.terms.removable:
        seen = last_plugged(repository.state, repository.name)
        yield fine(Topic.DISK, f"đĩa đang cắm{f', lần ghi gần nhất {vietnamese_date(seen.date())}' if seen else ''}")


def _away(repository: Repository) -> Verdict:
    """A disk in a drawer is no fault, until it has been there too long."""
    seen = last_plugged(repository.state, repository.name)
    if seen is None:
        return bad(Topic.DISK, "đĩa không cắm và chưa được chuẩn bị lần nào", f"cắm đĩa rồi chạy truong backup prepare {repository.name}")
    told = f"đĩa không cắm, lần cuối {vietnamese_date(seen.date())} ({days_ago(seen)} ngày trước)"
    limit = repository.terms.max_absent_days
    if days_ago(seen) > limit:
        return bad(Topic.DISK, f"{told}, quá {limit} ngày", "cắm đĩa rồi chạy truong nightly")
    return fine(Topic.DISK, told)


def light_of(health: RepositoryHealth) -> str:
    """`ổn`, or `ĐỎ: ` and what is wrong, without days and ids: what a report may repeat."""
    topics = dict.fromkeys(verdict.topic.value for verdict in health.red)
    return f"ĐỎ: {', '.join(topics)}" if topics else "ổn"
