"""The principal's approval of a class's results (Điều 15.4): written down with who, when and why, and with what was approved.

`data/accepted/results/log.jsonl` is only ever appended to; beside it lies what each approval is about, named by its hash, so
that later nights are compared with it whatever became of the snapshot. A line that was cut or changed by hand does
not count and is told.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.records.snapshot import sha256_of
from expectations.views.approvals import Approval, sealed
from flows.accepting import ACCEPTED, append_line
from infra.clock import now
from infra.errors import ExitCode, SchoolError

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
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


def approve(home: Home, snapshot: Snapshot, place: tuple[str, str], by: str, why: str) -> Approved:
    """Keep the results of a (class, time) as they are in a night's snapshot, and write down that they were approved."""
    class_name, time = place
    entry = {
        "when": now().isoformat(timespec="seconds"),
        "who": getpass.getuser(),
        "by": by,
        "why": why,
        "class_name": class_name,
        "time": time,
        "day": snapshot.day.isoformat(),
        "cells": _keep(_folder(home), snapshot, class_name, time),
    }
    append_line(_folder(home) / LOG, json.dumps({**entry, "digest": _digest(entry)}, ensure_ascii=False))
    return _approved(_folder(home), entry)


def approvals(home: Home) -> tuple[list[Approved], int]:
    """Every approval that is whole, oldest first, and how many lines are not."""
    file = _folder(home) / LOG
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    read = [_whole(_folder(home), line) for line in lines if line.strip()]
    return [entry for entry in read if entry], read.count(None)


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
    aside = folder / f".{os.getpid()}.parquet"
    sealed(snapshot, class_name, time).write_parquet(aside, compression="zstd")
    digest = sha256_of(aside)
    aside.replace(folder / f"{digest[:NAMED_BY]}.parquet")
    return digest


def _whole(folder: Path, line: str) -> Approved | None:
    try:
        entry = json.loads(line)
        digest = entry.pop("digest")
        approved = _approved(folder, entry)
        return approved if digest == _digest(entry) and sha256_of(approved.approval.cells) == entry["cells"] else None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return None


def _approved(folder: Path, entry: dict[str, Any]) -> Approved:
    class_name, time, day = str(entry["class_name"]), str(entry["time"]), date.fromisoformat(entry["day"])
    cells = folder / f"{str(entry['cells'])[:NAMED_BY]}.parquet"
    words = {name: str(entry[name]) for name in ("when", "who", "by", "why")}
    return Approved(class_name, time, day, **words, approval=Approval(class_name, time, day, cells))


def _digest(entry: dict[str, Any]) -> str:
    told = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"
