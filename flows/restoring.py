"""Bring data back on a person's order, as plain functions over a home: what the command, its questions and the form share."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backup.drill import open_everything
from backup.errors import RestoreError
from backup.opened import told_rows
from backup.opening import open_repositories
from backup.restore import find_snapshot, plan, restore
from backup.scratch_server import Scratch
from backup.wanted import in_words
from flows.backing_up import announced
from flows.night_record import StepResult
from flows.restore_log import RESTORED, RestoreOrder, RestoreRefused, logged
from flows.restoring_in_place import put_in_place, require_ours, require_school, save_before, within_the_school
from infra.clock import now, vietnamese_date
from infra.errors import ConfigurationError
from infra.vietnamese import number

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from backup.repository import Repository
    from backup.restore import Restored
    from backup.stored import StoredSnapshot
    from backup.wanted import Choice
    from flows.home import Home

RESTORE_STEP, RESTORE_LABEL = "restore", "Khôi phục"


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore would bring."""

    repository: Repository
    snapshot: StoredSnapshot
    choice: Choice

    @property
    def files(self) -> int:
        """How many files."""
        return len(self.choice.expected)

    @property
    def bytes(self) -> int:
        """Their size."""
        return self.choice.bytes

    @property
    def saved(self) -> datetime:
        """When the backup was made."""
        return self.snapshot.time


@dataclass(frozen=True, slots=True)
class Brought:
    """A restore that ended well. `opened`: Vietnamese lines on what was opened; `saved_before`: id of the backup made before, in place."""

    restored: Restored
    place: Path
    opened: tuple[str, ...]
    saved_before: str = ""


def repository_named(home: Home, name: str = "") -> Repository:
    """A repository of the school by its name; the first when none is named. ConfigurationError when there is no such."""
    found = {repository.name: repository for repository in open_repositories(home.settings)}
    if name and name not in found:
        raise ConfigurationError(f"Không có kho «{name}»", fix=f"chọn một kho: {', '.join(found)}")
    return found[name] if name else next(iter(found.values()))


def restore_plan(home: Home, order: RestoreOrder) -> RestorePlan:
    """What an order would bring, before anything is written. RestoreError when there is nothing of the kind."""
    repository = repository_named(home, order.repository)
    snapshot = find_snapshot(repository, order.wanted)
    _, choice = plan(repository, snapshot, order.what)
    return RestorePlan(repository, snapshot, choice)


def carry_out(home: Home, order: RestoreOrder) -> Brought:
    """Restore, prove, open, and write it all down. RestoreError when it cannot; then nothing of the school's data was changed."""
    order = replace(order, reason=" ".join(order.reason.split()), target=(order.target or new_target(home)).absolute())
    with logged(home, order) as outcome:
        if order.in_place:
            require_school(home, order)
        brought = _in_place(home, order) if order.in_place else _into_new_folder(home, order)
        outcome.facts.update(_facts(brought))
    return brought


def declined(home: Home, order: RestoreOrder) -> RestoreRefused:
    """Write down that a person was shown the plan and did not agree."""
    refused = RestoreRefused("Chưa lấy lại gì: chưa được đồng ý", fix="chạy lại và gõ «có» khi máy hỏi")
    try:
        with logged(home, order):
            raise refused
    except RestoreRefused:
        return refused


def new_target(home: Home) -> Path:
    """A folder for a restore that does not exist yet."""
    return home.folder(RESTORED) / now().strftime("%Y-%m-%d-%H%M%S")


def scratch_servers(home: Home) -> tuple[Scratch, ...]:
    """The servers that a dump may be loaded into to see that it is one."""
    settings = home.settings
    return tuple(Scratch(one.url, settings.path(one.password_file) if one.password_file else None) for one in settings.scratch)


def restore_step(home: Home, order: RestoreOrder) -> StepResult:
    """A restore on demand as a step of a flow: always into a new folder of `data/restored`."""
    brought = carry_out(home, order)
    restored = brought.restored
    told = f"{in_words(order.what)}, {restored.files} tệp của đêm {vietnamese_date(restored.snapshot.day)}, đúng mã băm, ở {brought.place}"
    counts = {"tệp": restored.files, "byte": restored.bytes}
    return StepResult("", "", told, counts, paths={"restored": str(brought.place)}, lines=(*brought.opened, *restored.lacking))


def _into_new_folder(home: Home, order: RestoreOrder) -> Brought:
    if order.target is None:
        raise RestoreError("Chưa chọn thư mục đích", fix="thêm --to")
    restored = _restored(home, order, order.target)
    return Brought(restored, order.target, (*restored.opened, *_loaded(home, restored)))


def _in_place(home: Home, order: RestoreOrder) -> Brought:
    """Under the night's lock: save what is there now, bring the other aside and prove it, then file after file over the present one."""
    with within_the_school(home):
        shown = restore_plan(home, order)
        require_ours(shown.choice)
        before = save_before(home, shown.snapshot.day)
        restored = _restored(home, order, new_target(home))
        try:
            put_in_place(restored, home.data)
        finally:
            shutil.rmtree(restored.target, ignore_errors=True)
    return Brought(restored, home.data, restored.opened, before)


def _restored(home: Home, order: RestoreOrder, target: Path) -> Restored:
    repository = repository_named(home, order.repository)
    snapshot = find_snapshot(repository, order.wanted)
    return restore(repository, snapshot, target, order.what, announced(RESTORE_STEP, RESTORE_LABEL))


def _loaded(home: Home, restored: Restored) -> tuple[str, ...]:
    """Dumps of servers, loaded into a scratch server and counted; the files stay where they are, whatever comes out."""
    dumps = [name for name, part in restored.manifest.parts.items() if part.path.endswith(".sql")]
    if not any((restored.target / restored.manifest.parts[name].path).is_file() for name in dumps):
        return ()
    try:
        counted, not_loaded = open_everything(restored, scratch_servers(home))
    except RestoreError as error:
        raise RestoreError(f"{error.what}; các tệp đã lấy lại đúng mã băm", where=str(restored.target), fix=error.fix) from error
    lines = [told_rows(name, rows) for name, rows in counted.items() if name in dumps]
    lines += [
        f"cơ sở dữ liệu {name}: đúng mã băm, chưa nạp thử (chưa đặt máy chủ thử [[scratch]] trong truong.toml)" for name in not_loaded
    ]
    return tuple(lines)


def _facts(brought: Brought) -> dict[str, object]:
    restored = brought.restored
    facts: dict[str, object] = {
        "night": restored.snapshot.day.isoformat() if restored.snapshot.day else None,
        "snapshot": restored.snapshot.short_id,
        "files": restored.files,
        "bytes": restored.bytes,
    }
    return {**facts, "saved_before": brought.saved_before} if brought.saved_before else facts


def plan_in_words(shown: RestorePlan, what: str) -> str:
    """A plan on one line, without the size."""
    return f"{in_words(what)} của đêm {vietnamese_date(shown.snapshot.day)}: {number(shown.files)} tệp"
