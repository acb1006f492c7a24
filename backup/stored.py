"""What a repository tells, as typed values: snapshots, progress, the result of a backup."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from backup.errors import BackupPartial
from infra.vietnamese import number, size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from backup.runner import Outcome

# Our snapshots bear this tag and the night's day, so that plain restic finds them: --tag day=2027-05-31
OUR_TAG = "truong"
DAY_TAG = "day="
NAMED = 3  # files in a line
PARTIAL_TAG = "partial"  # files could not be read: kept, never counted as good
WITHOUT_TAG = "without="  # a database that could not be dumped: its night is partial, too
# A whole night that was saved just before a restore wrote over it. It stands for no night: not for "that day", not in the retention.
BEFORE_RESTORE_TAG = "truoc-khoi-phuc"
# restic's own tag of a snapshot from which files were taken out by hand (backup.still_held): they are missed by nobody.
REWRITTEN_TAG = "rewrite"
# The snapshot of one streamed dump: `truong-dump,day=2027-05-31,dump=qlnt`. The night's manifest vouches for it.
DUMP_TAG, DUMP_NAME_TAG = "truong-dump", "dump="


@dataclass(frozen=True, slots=True)
class Progress:
    """How far restic is: fraction 0..1, files and bytes."""

    fraction: float
    files: int
    total_files: int
    done_bytes: int
    total_bytes: int

    @property
    def told(self) -> str:
        """The counts, in Vietnamese."""
        return f"{self.files}/{self.total_files} tệp, {size(self.done_bytes)}"


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How many files and bytes were looked at, before restic reads them; nobody knows how many there are."""

    files: int
    done_bytes: int
    fraction = 0.0

    @property
    def told(self) -> str:
        """The counts, in Vietnamese."""
        return f"đang đọc: {number(self.files)} tệp, {size(self.done_bytes)}"


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far `restic copy` is with one snapshot: `fraction` 0..1 of its packs. `nth`: how many snapshots it has begun."""

    nth: int
    packs: int
    total_packs: int

    @property
    def fraction(self) -> float:
        """Of the packs of this snapshot."""
        return self.packs / self.total_packs if self.total_packs else 1.0

    @property
    def told(self) -> str:
        """The counts, in Vietnamese."""
        return f"bản thứ {self.nth}: {self.packs}/{self.total_packs} gói"


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot as the repository has it. `day`: the school's day that it holds; None when it is not a night.

    `origin`: the id it was first made with, the same in every copy; `begun`: when restic itself began, whatever
    time it was told to write; `added`: bytes that it brought into the repository; `tree`: stands for all its
    folders and files, the same wherever they are the same.
    """

    id: str
    time: datetime
    day: date | None
    files: int
    bytes: int
    partial: bool = False
    tags: tuple[str, ...] = ()
    origin: str = ""
    begun: datetime | None = None
    parent: str = ""
    added: int = 0
    tree: str = ""

    @property
    def short_id(self) -> str:
        """The id as restic prints it."""
        return self.id[:8]

    @property
    def is_night(self) -> bool:
        """Whether it is a night: neither a streamed dump nor what was saved before a restore."""
        return OUR_TAG in self.tags and BEFORE_RESTORE_TAG not in self.tags

    @property
    def database(self) -> str:
        """The database of a streamed dump; empty for everything else."""
        names = (tag.removeprefix(DUMP_NAME_TAG) for tag in self.tags if tag.startswith(DUMP_NAME_TAG))
        return next(names, "") if DUMP_TAG in self.tags else ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """Databases that could not be dumped that night."""
        return tuple(tag.removeprefix(WITHOUT_TAG) for tag in self.tags if tag.startswith(WITHOUT_TAG))

    @property
    def partial_told(self) -> str:
        """What a partial night lacks, in a few words."""
        return f"thiếu cơ sở dữ liệu {', '.join(self.lacking)}" if self.lacking else "thiếu tệp"

    @property
    def made(self) -> tuple[datetime, frozenset[str]]:
        """When it was made and of what (its day, its dump): the same in every repository, also after files were taken out of it.

        Ids are not: `rewrite` makes the id it found the new `origin`, which in a copy is not the one the night was made with.
        """
        return self.time, frozenset(tag for tag in self.tags if tag.startswith((DAY_TAG, DUMP_NAME_TAG)))


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """What one backup stored. `complete` is False when files could not be read or `changed` meanwhile: kept, never counted as good."""

    id: str
    complete: bool
    unreadable: tuple[str, ...]
    files: int
    bytes: int
    added_bytes: int
    seconds: float
    changed: tuple[str, ...] = ()
    origin: str = ""  # the id it was made with, when a tag has given it another one

    def require_complete(self) -> None:
        """BackupPartial, which names the files, when something is missing."""
        if not self.complete:
            named = [*self.unreadable, *self.changed]
            told = f"thiếu {len(self.unreadable) or 'một số'} tệp không đọc được" if self.unreadable or not self.changed else ""
            touched = f"có {len(self.changed)} tệp bị sửa trong lúc đọc" if self.changed else ""
            raise BackupPartial(
                f"Bản sao lưu {self.id[:8]} {', '.join(part for part in (told, touched) if part)}",
                where=", ".join(named[:NAMED]) + (" …" if len(named) > NAMED else ""),
                fix="bản này vẫn được giữ nhưng không tính là tốt; sửa quyền đọc hoặc đĩa rồi chạy lại `truong nightly`",
            )


def stored_snapshot(values: dict[str, Any], partial: Collection[str] = ()) -> StoredSnapshot:
    """A snapshot from restic's JSON; `partial`: origins that this machine knows to lack files."""
    tags = tuple(values.get("tags") or ())
    days = [tag.removeprefix(DAY_TAG) for tag in tags if tag.startswith(DAY_TAG)]
    summary = values.get("summary") or {}
    origin = str(values.get("original") or values["id"])
    return StoredSnapshot(
        id=values["id"],
        time=datetime.fromisoformat(values["time"]),
        day=date.fromisoformat(days[0]) if days else None,
        files=summary.get("total_files_processed", 0),
        bytes=summary.get("total_bytes_processed", 0),
        partial=PARTIAL_TAG in tags or origin in partial,
        tags=tags,
        origin=origin,
        begun=datetime.fromisoformat(summary["backup_start"]) if "backup_start" in summary else None,
        parent=str(values.get("parent") or ""),
        added=summary.get("data_added_packed", 0),
        tree=str(values.get("tree") or ""),
    )


def dump_before(dumps: Iterable[StoredSnapshot], saved: datetime) -> StoredSnapshot | None:
    """Of the dumps of one database and day the one that a night has which was `saved` then: the newest that began before it.

    A day may have several nights, and a copy may have dumps of its own: each night goes with the one before it.
    """
    return max((one for one in dumps if one.time <= saved), key=lambda dump: dump.time, default=None)


_NO_UTF8 = re.compile("[\udc80-\udcff]")


def as_told(path: str) -> str:
    """A path as restic writes it in JSON: names in an encoding of long ago have bytes that no text has."""
    return _NO_UTF8.sub("\ufffd", path)


@dataclass(slots=True)
class Told:
    """Hears the JSON lines of a command that moves data, and keeps its summary."""

    on_progress: Callable[[Progress], None] | None
    summary: dict[str, Any] = field(default_factory=dict)

    def hear(self, line: bytes) -> None:
        """A line of its output."""
        message = json.loads(line) if line.startswith(b"{") else {}
        kind = message.get("message_type")
        if kind == "summary":
            self.summary.update(message)
        if self.on_progress and kind in {"status", "summary"}:  # what is done in a quarter of a second has no status at all
            self.on_progress(progress_of(message))


def progress_of(status: dict[str, Any]) -> Progress:
    """Progress from a status line of `backup` or `restore`, or from the summary that ends it."""
    if status["message_type"] == "summary":
        files = int(status.get("total_files_processed", status.get("files_restored", 0)))
        done = int(status.get("total_bytes_processed", status.get("bytes_restored", 0)))
        return Progress(1.0, files, files, done, done)
    return Progress(
        fraction=float(status.get("percent_done", 0.0)),
        files=int(status.get("files_done", status.get("files_restored", 0))),
        total_files=int(status.get("total_files", 0)),
        done_bytes=int(status.get("bytes_done", status.get("bytes_restored", 0))),
        total_bytes=int(status.get("total_bytes", 0)),
    )


def saved_snapshot(outcome: Outcome, summary: dict[str, Any]) -> SavedSnapshot:
    """The result of a backup from its exit code, its complaints and its summary line."""
    named = [str(complaint["item"]) for complaint in outcome.complaints if complaint.get("item")]
    return SavedSnapshot(
        id=str(summary["snapshot_id"]),
        complete=outcome.exit_code == 0,
        unreadable=tuple(dict.fromkeys(named)),
        files=int(summary["total_files_processed"]),
        bytes=int(summary["total_bytes_processed"]),
        added_bytes=int(summary["data_added_packed"]),
        seconds=float(summary["total_duration"]),
    )
