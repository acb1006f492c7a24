"""The principal's approval of a class's results (Điều 15.4): written down with who, when and why, and with what was approved.

`data/accepted/results/log.jsonl` is only ever appended to; beside it lies what each approval is about, named by its hash, so
that later nights are compared with it whatever became of the snapshot. A line that was cut or changed by hand does
not count and is told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.errors import SourceUnreachable
from connectors.records.snapshot import open_snapshot, sha256_of
from expectations.ledger import load_result
from expectations.progress import grade_entry
from expectations.readiness import CAN_APPROVE, Readiness, readiness
from expectations.report.gradebook import grade_entry_of
from expectations.views.approvals import Approval, sealed
from flows.accepting import ACCEPTED
from flows.pulling import NIGHT_FOLDERS
from flows.signed_log import append, digest_of, entries, signature
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode, SchoolError

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from expectations.report.gradebook import GradeEntry, Place
    from flows.home import Home

RESULTS, LOG = "results", "log.jsonl"
NAMED_BY = 16  # hexadecimal digits of the hash: enough to tell the approvals of many years apart


class NotReady(SchoolError):
    """The results cannot be approved yet."""

    exit_code = ExitCode.DATA_STOPPED_EXPORT


@dataclass(frozen=True, slots=True)
class Approved:
    """One line of the log. `by`: the principal (or who signs instead); `who`: the account that wrote it down."""

    class_name: str
    time: str
    day: date
    when: str
    who: str
    by: str
    why: str
    approval: Approval


def night_of(home: Home, day: date | None) -> Snapshot:
    """The snapshot of a day, or the newest one. SourceUnreachable when there is none."""
    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS))
    wanted = [folder for folder in folders if day is None or folder.name == day.isoformat()]
    if not wanted:
        told = f"Không có đêm {vietnamese_date(day)}" if day else "Chưa có đêm nào"
        raise SourceUnreachable(told, where=str(home.folder("snapshots")), fix="chạy `truong nightly` trước")
    return open_snapshot(wanted[-1])


def results_of(home: Home, snapshot: Snapshot) -> GradeEntry:
    """Grade entry and readiness of a night. ConfigurationError when the night was not checked: then nobody knows what is wrong in it."""
    try:
        findings = load_result(home.folder("findings", snapshot.day)).open_singles
    except FileNotFoundError as error:
        where, fix = vietnamese_date(snapshot.day), "chạy lại `truong nightly`"
        raise ConfigurationError("Đêm này chưa được kiểm tra", where=where, fix=fix) from error
    books = grade_entry(snapshot, snapshot.day, home.settings.gradebook, home.settings.limits)
    return grade_entry_of(books, readiness(books, findings, snapshot, approved_results(home)), snapshot.day)


def place_to_approve(entry: GradeEntry, class_name: str, time: str) -> Place:
    """The verdict of a class at a time that can be approved. ConfigurationError without such a class; NotReady says what is in the way."""
    place = next((place for place in entry.at(time) if place.class_name == class_name), None)
    if place is None:
        known = ", ".join(place.label for place in entry.at(time)) or "chưa có lớp nào"
        raise ConfigurationError(f"Không có lớp «{class_name}»", where=time, fix=f"chọn trong: {known}")
    if place.state == Readiness.APPROVED:
        raise NotReady("Lớp này đã được duyệt và chưa có gì thay đổi", where=f"{class_name} {time}", fix="không phải làm gì")
    # A class that changed after its approval may be approved again, if nothing stands in the way.
    obstacles = place.missing or place.blocked or place.aside
    if place.state not in CAN_APPROVE and (obstacles or place.state != Readiness.CHANGED):
        told = "; ".join(place.reasons) or place.state
        fix = "sửa theo danh sách cần sửa của lớp, chạy lại `truong nightly`"
        raise NotReady(f"Chưa duyệt được: {told}", where=f"{class_name} {time}", fix=fix)
    return place


def approve(home: Home, snapshot: Snapshot, place: tuple[str, str], by: str, why: str) -> Approved:
    """Keep the results of a (class, time) as they are in a night's snapshot, and write down that they were approved."""
    class_name, time = place
    entry = {
        **signature(),
        "by": by,
        "why": why,
        "class_name": class_name,
        "time": time,
        "day": snapshot.day.isoformat(),
        "cells": _keep(_folder(home), snapshot, class_name, time),
    }
    # The cells first: a line without its file would count as damage.
    append(_folder(home) / LOG, {**entry, "digest": digest_of(entry)})
    return _approved(_folder(home), entry)


def approvals(home: Home) -> tuple[list[Approved], int]:
    """Every approval that is whole, oldest first, and how many lines are not."""
    file = _folder(home) / LOG
    read = [_whole(_folder(home), entry) for entry in entries(file)]
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    whole = [entry for entry in read if entry]
    return whole, sum(bool(line.strip()) for line in lines) - len(whole)


def approved_results(home: Home) -> tuple[Approval, ...]:
    """What the check compares a night with."""
    return tuple(entry.approval for entry in approvals(home)[0])


def damage_lines(home: Home) -> tuple[str, ...]:
    """What a person must know when the log was damaged: then changes after these approvals cannot be seen."""
    damaged = approvals(home)[1]
    if not damaged:
        return ()
    return (f"sổ duyệt kết quả có {damaged} dòng hỏng hoặc mất tệp đi kèm, không dùng được: lấy lại bằng truong restore, hoặc duyệt lại",)


def _folder(home: Home) -> Path:
    return home.folder(ACCEPTED) / RESULTS


def _keep(folder: Path, snapshot: Snapshot, class_name: str, time: str) -> str:
    """Write the approved cells aside, then to the name of their hash; returns it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Its name is the hash of what lies in it, known only when it is written.
    aside = folder / f".{os.getpid()}.parquet"
    sealed(snapshot, class_name, time).write_parquet(aside, compression="zstd")
    digest = sha256_of(aside)
    aside.replace(folder / f"{digest[:NAMED_BY]}.parquet")
    return digest


def _whole(folder: Path, entry: dict[str, Any]) -> Approved | None:
    try:
        signed = {name: value for name, value in entry.items() if name != "digest"}
        approved = _approved(folder, signed)
        right = entry["digest"] == digest_of(signed) and sha256_of(approved.approval.cells) == entry["cells"]
    except (ValueError, KeyError, TypeError, OSError):
        return None
    return approved if right else None


def _approved(folder: Path, entry: dict[str, Any]) -> Approved:
    class_name, time, day = str(entry["class_name"]), str(entry["time"]), date.fromisoformat(entry["day"])
    cells = folder / f"{str(entry['cells'])[:NAMED_BY]}.parquet"
    words = {name: str(entry[name]) for name in ("when", "who", "by", "why")}
    return Approved(class_name, time, day, **words, approval=Approval(class_name, time, day, cells))
