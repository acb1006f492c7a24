"""Whether a repository was checked, read back, drilled and thinned out in time: the newest results, good or not."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from backup.care import SHARES, CareRecord
from backup.checks import checks_of
from backup.drill import past_drills
from backup.known import KnownRepositories
from backup.seen import missed
from backup.stored import NAMED, OUR_TAG
from backup.upkeep import stored_in
from backup.verdict import Topic, Verdict, bad, days_ago, fine, not_yet
from connectors.records.school_year import SchoolYear
from infra.clock import now, vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backup.repository import Repository
    from backup.stored import StoredSnapshot
    from infra.backup_settings import Keep

THIN_OUT = "truong backup plan (xem kế hoạch và đồng ý), rồi truong nightly"


def counted(repository: Repository, nights: Sequence[StoredSnapshot], keep: Keep | None) -> Iterator[Verdict]:
    """Whether no night is gone that we did not forget, and no more are there than the policy can keep (else nothing is thinned out)."""
    told = f"kho có {len(nights)} bản"
    if gone := missed(repository, nights):
        days = ", ".join(vietnamese_date(day) for day in gone[:NAMED]) + (" …" if len(gone) > NAMED else "")
        fix = "xem ai đã xóa, đổi mật khẩu kho; tìm đêm đó ở kho khác: truong snapshots"
        yield bad(Topic.COUNT, f"{len(gone)} đêm đã mất khỏi kho mà phần mềm không xóa: {days}", fix)
    if keep is None or repository.terms.append_only:
        yield fine(Topic.COUNT, told)
        return
    if len(nights) > (most := most_kept(nights, keep)):
        yield bad(Topic.COUNT, f"{told}, chính sách giữ nhiều nhất {most}: không đêm cũ nào được dọn", THIN_OUT)
    else:
        yield fine(Topic.COUNT, told)
    yield from _dumps_counted(repository, keep)


def _dumps_counted(repository: Repository, keep: Keep) -> Iterator[Verdict]:
    """Whether streamed dumps outlive their nights: one for each night at most, and those of killed nights as long as the daily ones."""
    found = stored_in(repository)
    most = sum(OUR_TAG in one.tags for one in found) + keep.daily
    for name, count in Counter(one.database for one in found if one.database).items():
        if count > most:
            told = f"kho có {count} bản sao cơ sở dữ liệu «{name}», các đêm trong kho cần nhiều nhất {most}: không bản cũ nào được dọn"
            yield bad(Topic.COUNT, told, THIN_OUT)


def most_kept(nights: Sequence[StoredSnapshot], keep: Keep) -> int:
    """The most snapshots that the policy can leave: one for each of its periods, the newest, every school year's end.

    What is not complete stays as long as the daily ones do, so as many of those again at most.
    """
    years = {SchoolYear.of(night.day).start_year for night in nights if night.day}
    partial = min(sum(night.partial for night in nights), keep.daily)
    return keep.daily + keep.weekly + keep.monthly + keep.yearly + len(years) + 1 + partial


def checked(repository: Repository, days: int) -> Iterator[Verdict]:
    """The last check, and every part of the data in which one found damage that no later one took back."""
    found = checks_of(repository.state, repository.name)
    for check in found.values():
        if check.problem:
            told = f"kiểm tra ngày {vietnamese_date(check.at.date())} thấy hỏng: {check.problem}"
            yield bad(Topic.CHECK, told, f"đừng xóa gì; chạy truong backup repair {repository.name}")
    if not found:
        yield _never(repository, Topic.CHECK, "kho chưa được kiểm tra lần nào", days)
        return
    last = max(check.at for check in found.values())
    told = f"kiểm tra gần nhất {vietnamese_date(last.date())}"
    if days_ago(last) > days:
        yield bad(Topic.CHECK, f"{told}: quá hạn (nhiều nhất {days} ngày)", f"truong backup check {repository.name}")
    elif not any(check.problem for check in found.values()):
        yield fine(Topic.CHECK, told)


def read_back(repository: Repository, days: int, today: date) -> Iterator[Verdict]:
    """Whether every share of the data was read within the time."""
    record = CareRecord(repository.state, repository.name)
    if (since := record.done("since")) is None:
        yield _never(repository, Topic.READ, "chưa đọc lại phần dữ liệu nào", days)
        return
    # A share that was never read counts from the day on which reading began.
    overdue = [share for share in range(1, SHARES + 1) if (today - (record.read_on(share) or since)).days > days]
    if overdue:
        told = f"{len(overdue)}/{SHARES} phần dữ liệu đã quá {days} ngày chưa đọc lại"
        yield bad(Topic.READ, told, f"truong backup check {repository.name}")


def drilled(repository: Repository, days: int) -> Iterator[Verdict]:
    """The last drill of this repository (an entry from before there were several names none)."""
    drills = [entry for entry in past_drills(repository.state) if entry.get("repository", repository.name) == repository.name]
    if not drills:
        yield _never(repository, Topic.DRILL, "chưa diễn tập khôi phục lần nào", days)
        return
    held = date.fromisoformat(drills[-1]["day"])
    told = f"diễn tập gần nhất {vietnamese_date(held)}"
    if not drills[-1]["ok"]:
        yield bad(Topic.DRILL, f"{told} KHÔNG ĐẠT: {drills[-1]['told']}", "truong nightly, rồi truong drill")
    elif (now().date() - held).days > days:
        yield bad(Topic.DRILL, f"{told}: quá hạn (nhiều nhất {days} ngày)", "truong drill")
    else:
        yield fine(Topic.DRILL, told)


def _never(repository: Repository, topic: Topic, told: str, days: int) -> Verdict:
    """What never happened is grey in a repository that is new, and red in one that has had the time."""
    since = KnownRepositories(repository.state).since(repository.known_place)
    fix = "truong drill" if topic is Topic.DRILL else "truong nightly"
    if since and days_ago(since) > days:
        return bad(topic, f"{told} (dùng từ {vietnamese_date(since.date())}, nhiều nhất {days} ngày)", fix)
    return not_yet(topic, told, fix)
