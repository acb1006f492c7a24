"""One screen: how fresh each source is, last night, what is open, the backups as every repository has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from backup.marked import left_out
from backup.verdict import Topic
from connectors.records.snapshot import open_snapshot
from connectors.records.systems import label_of
from expectations.ledger import load_result
from expectations.rule import Severity
from flows.checking import sums_told
from flows.doctor import Line
from flows.drilling import last_drill, last_drills, last_proven, proven_line
from flows.night_record import load_records
from flows.pulling import NIGHT_FOLDERS
from flows.repositories import facts_of, healths, lines_of
from infra.clock import SCHOOL_ZONE, now, vietnamese_date
from infra.errors import ExitCode
from infra.secrecy import WHAT_TO_DO
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.home import Home

# A nightly system whose newest data is older than this has missed a night.
FRESH_DAYS = 2


@dataclass(frozen=True, slots=True)
class Status:
    """What the screen shows, what a machine reads, and the exit code."""

    lines: list[Line]
    facts: dict[str, Any]
    exit_code: ExitCode


def school_status(home: Home) -> Status:
    """Gather the status; only the repository itself says what is backed up."""
    facts: dict[str, Any] = {}
    lines = [*_freshness(home, facts), *_last_night(home, facts), *_open_findings(home, facts)]
    backup = list(_backup(home, facts))
    lines += [*backup, _drill(home, facts), *_marked(home, facts)]
    red = any(line.good is False for line in backup)
    return Status(lines, facts, ExitCode.BACKUP if red else ExitCode.OK)


def _freshness(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS))
    facts["sources"] = {}
    if not folders:
        yield Line(None, "Số liệu", "chưa có đêm nào", "truong nightly")
        return
    for system, state in open_snapshot(folders[-1]).sources.items():
        age = (home.today - state.data_as_of).days if state.data_as_of else None
        facts["sources"][system] = {"data_as_of": state.data_as_of, "age_days": age, "fresh": state.fresh}
        told = f"số liệu ngày {vietnamese_date(state.data_as_of)}" + (f" ({age} ngày)" if age is not None else "")
        if not state.fresh:
            told += f", đêm qua không kéo được nên dùng lại đêm {vietnamese_date(state.taken_from)}"
        # Files without a day in them (age None) are neither fresh nor stale: grey, never green.
        good = None if age is None else state.fresh and age <= FRESH_DAYS
        yield Line(good, f"Nguồn {label_of(system)}", told, "xem đêm gần nhất bên dưới, sửa nguồn rồi chạy `truong nightly`")


def _last_night(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    records = load_records(home)
    if not records:
        yield Line(None, "Đêm gần nhất", "chưa chạy đêm nào", "truong nightly")
        return
    record = records[-1]
    facts["last_night"] = {"day": record.day, "exit_code": int(record.exit_code), "problems": record.problems}
    told = "; ".join(record.problems) or "mọi bước đều xong"
    started = datetime.fromisoformat(record.started).astimezone(SCHOOL_ZONE)
    yield Line(not record.problems, f"Đêm {vietnamese_date(date.fromisoformat(record.day))}", f"{told} (chạy lúc {started:%H:%M %d/%m/%Y})")
    if (held := record.step("holdback")) and held.counts:
        facts["rows"] = held.counts
        yield Line(not held.problem, "Số dòng của đêm đó", sums_told(held.counts))


def _open_findings(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    folders = sorted(home.folder("findings").glob(NIGHT_FOLDERS))
    if not folders:
        return
    result = load_result(folders[-1])
    findings = result.open
    counts = {severity.value: findings.filter(findings["severity"] == severity.value).height for severity in Severity}
    facts["findings"], facts["waived"] = counts, result.waived.height
    told = ", ".join(f"{number(count)} {severity}" for severity, count in counts.items() if count) or "không có"
    told += f"; ngoại lệ đã ký: {number(result.waived.height)}" if result.waived.height else ""
    blocking = counts[Severity.STOP.value] + counts[Severity.BLOCK.value]
    yield Line(None if blocking else True, "Việc đang mở", told, "mở báo cáo trong data/reports")


def _backup(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    """What every repository itself says, never what a job once reported."""
    found = healths(home)
    first = facts_of(found[0])
    unread = [verdict for verdict in found[0].red if verdict.topic is Topic.REACH]
    newest = {**first["newest"], "count": first["count"], "missing": first["missing"]} if first["newest"] else None
    facts["backup"] = {"error": unread[0].told} if unread else newest
    facts["repositories"] = [facts_of(health) for health in found]
    for health in found:
        yield from lines_of(health)


def _drill(home: Home, facts: dict[str, Any]) -> Line:
    """Green only when the newest drill of every repository was good and is fresh."""
    newest, found = last_drill(home), last_drills(home)
    facts["last_drill"], facts["drills"], facts["last_proven"] = newest, found, last_proven(home)
    if newest is None:
        return Line(None, "Diễn tập khôi phục", "chưa lần nào", "truong drill")
    day = date.fromisoformat(str(newest["day"]))
    fresh = (now().date() - day).days <= home.settings.backup.watch.max_drill_days
    told = f"{vietnamese_date(day)}: {newest['told']}; {proven_line(home)}"
    return Line(fresh and all(drill["ok"] for drill in found.values()), "Diễn tập khôi phục", told, "truong drill")


def _marked(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    """Files that the newest backup left out because they bear the mark of a state secret (Điều 6)."""
    facts["marked"] = marked = sorted(left_out(home.data / "backups"))
    if marked:
        more = f" và {len(marked) - 1} tệp nữa" if len(marked) > 1 else ""
        yield Line(False, "Tài liệu mang dấu mật", f"không sao lưu “{marked[0]}”{more}", WHAT_TO_DO)  # noqa: FBT003 - a colour
