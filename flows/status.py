"""One screen: how fresh each source is, last night, what is open, the newest backup as the repository has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backup.contents import PART_NAMES
from connectors.records.snapshot import open_snapshot
from connectors.records.systems import label_of
from expectations.ledger import load_result
from expectations.rule import Severity
from flows.doctor import Line
from flows.drilling import last_drill, last_drills, last_proven, proven_line
from flows.night_record import load_records
from flows.pulling import NIGHT_FOLDERS
from flows.safekeeping import newest_in_repository
from infra.clock import SCHOOL_ZONE, now, vietnamese_date
from infra.errors import ExitCode, SchoolError
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.home import Home

# A nightly system whose newest data or backup is older than this has missed a night.
FRESH_DAYS = 2
DRILL_DAYS = 8  # the drill is weekly
MINUTES_TOLD = 120


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
    backup = _backup(home, facts)
    lines += [backup, _drill(home, facts)]
    return Status(lines, facts, ExitCode.BACKUP if backup.good is False else ExitCode.OK)


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


def _open_findings(home: Home, facts: dict[str, Any]) -> Iterator[Line]:
    folders = sorted(home.folder("findings").glob(NIGHT_FOLDERS))
    if not folders:
        return
    findings = load_result(folders[-1]).findings
    counts = {severity.value: findings.filter(findings["severity"] == severity.value).height for severity in Severity}
    facts["findings"] = counts
    told = ", ".join(f"{number(count)} {severity}" for severity, count in counts.items() if count) or "không có"
    blocking = counts[Severity.STOP.value] + counts[Severity.BLOCK.value]
    yield Line(None if blocking else True, "Việc đang mở", told, "mở báo cáo trong data/reports")


def _backup(home: Home, facts: dict[str, Any]) -> Line:
    """What the repository itself says, never what a job once reported."""
    try:
        seen = newest_in_repository(home)
    except SchoolError as error:
        facts["backup"] = {"error": error.line()}
        return Line(False, "Sao lưu", error.what, error.fix)  # noqa: FBT003 - a colour
    if seen.newest is None or seen.age is None:
        facts["backup"] = None
        return Line(False, "Sao lưu", "kho chưa có bản nào", "truong nightly")  # noqa: FBT003
    newest, missing = seen.newest, [PART_NAMES.get(part, part) for part in seen.missing]
    facts["backup"] = {"day": newest.day, "time": newest.time, "id": newest.id, "count": seen.count, "missing": list(seen.missing)}
    told = f"bản mới nhất của ngày {vietnamese_date(newest.day)}, lưu cách đây {_ago(seen.age)}; kho có {seen.count} bản (đọc từ chính kho)"
    if missing:
        told += f"; THIẾU {', '.join(missing)}"
    return Line(not missing and seen.age <= timedelta(days=FRESH_DAYS), "Sao lưu", told, "truong nightly")


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} phút" if minutes < MINUTES_TOLD else f"{minutes // 60} giờ"


def _drill(home: Home, facts: dict[str, Any]) -> Line:
    """Green only when the newest drill of every repository was good and is fresh."""
    newest, found = last_drill(home), last_drills(home)
    facts["last_drill"], facts["drills"], facts["last_proven"] = newest, found, last_proven(home)
    if newest is None:
        return Line(None, "Diễn tập khôi phục", "chưa lần nào", "truong drill")
    day = date.fromisoformat(str(newest["day"]))
    fresh = (now().date() - day).days <= DRILL_DAYS
    told = f"{vietnamese_date(day)}: {newest['told']}; {proven_line(home)}"
    return Line(fresh and all(drill["ok"] for drill in found.values()), "Diễn tập khôi phục", told, "truong drill")
