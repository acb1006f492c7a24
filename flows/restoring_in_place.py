"""A restore over the school's own data: only with the school's name typed, under the night's lock, after saving what is there now.

Only what the night itself wrote is written over. A database, the mail and other folders belong to systems that
this program never writes to: those come into a new folder, for whoever runs the system.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backup.contents import Listed, absent_parts, stage_night
from backup.errors import RestoreError
from backup.manifest import paths_of
from backup.opening import open_repository
from backup.saving import save_night
from backup.stored import BEFORE_RESTORE_TAG
from flows.home import one_night_at_a_time
from flows.restore_log import RestoreRefused

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from backup.restore import Restored
    from backup.wanted import Choice
    from flows.home import Home
    from flows.restore_log import RestoreOrder

# Folders of the data folder that the nights write: all that may be written over.
OURS = ("landing", "snapshots", "findings", "reports", "exports", "accepted", "nights")


def within_the_school(home: Home) -> AbstractContextManager[None]:
    """No night may read or write what is being replaced."""
    return one_night_at_a_time(home)


def require_school(home: Home, order: RestoreOrder) -> None:
    """RestoreRefused unless the school's name was typed as the settings have it."""
    name = home.settings.school.name
    if " ".join(order.school.split()) != name:
        raise RestoreRefused(
            "Chưa ghi đè gì: tên trường gõ không khớp" if order.school else "Chưa ghi đè gì: chưa gõ tên trường",
            where=name,
            fix=f'thêm: --school "{name}"',
        )


def save_before(home: Home, day: date | None) -> str:
    """Save the night of that day as it is now; the id of its snapshot. BackupError when it is not saved whole: then nothing is touched."""
    if day is None:
        raise RestoreError("Bản sao lưu này không phải của một đêm nên không ghi đè tại chỗ", fix="lấy ra thư mục mới")
    repository = open_repository(home.settings)
    repository.ensure()
    staged = stage_night(home.data, day, None, without=absent_parts(home.data, day), also=Listed(parts=Listed().parts - {"qlnt"}))
    tagged = replace(staged.contents, tags=(*staged.contents.tags, BEFORE_RESTORE_TAG))
    saved = save_night(repository, replace(staged, contents=tagged))
    saved.require_complete()
    return saved.id[:8]


def require_ours(choice: Choice) -> None:
    """RestoreRefused when nothing of what is wanted was written by a night; asked before anything is saved or brought."""
    if not any(_is_ours(path) for path in paths_of(choice.files)):
        raise RestoreRefused(
            "Không ghi đè tại chỗ: phần này thuộc hệ thống khác, phần mềm không bao giờ ghi vào đó",
            fix="lấy ra thư mục mới (bỏ --in-place) rồi giao cho nơi quản lý hệ thống",
        )


def put_in_place(restored: Restored, data: Path) -> None:
    """Rename every restored file over the one that is there; other files stay. Each file is the old or the new one at any moment."""
    names = [file.relative_to(restored.target) for file in sorted(restored.target.rglob("*")) if file.is_file()]
    for name in (name for name in names if _is_ours(name.as_posix())):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (restored.target / name).replace(data / name)


def _is_ours(path: str) -> bool:
    return path.partition("/")[0] in OURS
