"""Examine the machine: each red line comes with the one command that puts it right. Changes nothing."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from backup.binary import find_restic, restic_version
from backup.opening import open_repositories
from backup.room import room_left
from flows.home import left_open
from flows.restore_log import RESTORED
from infra.clock import SCHOOL_ZONE, now
from infra.errors import SchoolError
from infra.secret_files import permission_problem
from infra.vietnamese import number, size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.home import Home

# Measured (docs/decisions.md): above these Prefect dies at import, or lives and never schedules a run.
CAPPED = {"fastapi": (0, 152), "sqlalchemy": (2, 1)}
LOW_DISK_BYTES, NO_DISK_BYTES = 10_000_000_000, 2_000_000_000
API_SECONDS = 5
RESTORED_DAYS = 30  # nobody needs what was brought back for longer without having moved it
SECRETS_OF_SOURCES = ("password_file", "key_file", "secret_file")  # a password, an SFTP or S3 key, an API's secret


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diagnosis: `good` True (green), False (red) or None (not decidable, grey)."""

    good: bool | None
    label: str
    detail: str
    fix: str = ""


def examine(home: Home) -> list[Line]:
    """Every check, in a fixed order."""
    return [
        *_versions(),
        _restic(),
        _disk(home),
        *_rooms(home),
        _zone(),
        *_secret_files(home),
        _folders(home),
        *_restored(home),
        *_sources(home),
        *_recovery_kit(home),
        _schedule(home),
    ]


def _versions() -> Iterator[Line]:
    yield Line(sys.version_info >= (3, 11), "Python", sys.version.split()[0], "cài Python 3.11 trở lên")
    yield Line(True, "Prefect", version("prefect"))  # noqa: FBT003 - a colour
    for name, cap in CAPPED.items():
        installed = version(name)
        fine = tuple(int(part) for part in installed.split(".")[:2]) < cap
        yield Line(fine, name, installed, "chạy: make setup (bản này làm Prefect không tạo lịch)")


def _restic() -> Line:
    try:
        found = find_restic()
    except SchoolError as error:
        return Line(False, "restic", error.what, error.fix)  # noqa: FBT003
    return Line(True, "restic", f"{'.'.join(map(str, restic_version(found)))} ({found})")  # noqa: FBT003


def _disk(home: Home) -> Line:
    place = home.data if home.data.exists() else home.root
    free = shutil.disk_usage(place).free
    detail = f"còn {size(free)}"
    if free < NO_DISK_BYTES:
        return Line(False, "Đĩa trống", detail, f"dọn đĩa chứa {place} (xem: du -xh --max-depth=2 '{place}' | sort -h | tail)")  # noqa: FBT003
    return Line(None if free < LOW_DISK_BYTES else True, "Đĩa trống", detail, "đĩa sắp đầy: xóa bớt tệp không dùng")


def _rooms(home: Home) -> Iterator[Line]:
    """The other disks and servers that keep backups, where they tell how much room they have; what is away is told by `status`."""
    for repository in open_repositories(home.settings):
        if repository.path is None or not _same_disk(repository.path, home.root):
            for verdict in room_left(repository):
                yield Line(verdict.good, f"Chỗ của kho «{repository.name}»", verdict.told, verdict.fix)


def _same_disk(one: Path, other: Path) -> bool:
    return one.exists() and one.stat().st_dev == other.stat().st_dev


def _zone() -> Line:
    offset, here = now().utcoffset(), time.localtime().tm_gmtoff
    same = offset is not None and int(offset.total_seconds()) == here
    detail = f"giờ trường {now():%H:%M %d/%m/%Y} ({SCHOOL_ZONE.key})"
    return Line(
        True if same else None, "Múi giờ", detail, "máy để múi giờ khác (lịch vẫn đúng); chạy: timedatectl set-timezone Asia/Ho_Chi_Minh"
    )


def _secret_files(home: Home) -> Iterator[Line]:
    settings = home.settings
    named: list[Path | None] = [settings.backup.password_file, settings.alerts.smtp_password_file]
    named += [settings.backup.key_file, *(file for copy in settings.backup.copies for file in (copy.password_file, copy.key_file))]
    named += [database.password_file for database in settings.backup.databases.values()]
    named += [getattr(source, name, None) for source in settings.sources.values() for name in SECRETS_OF_SOURCES]
    named += [settings.mail.imap.password_file] if settings.mail and settings.mail.imap else []
    named += [server.password_file for server in settings.scratch]
    for file in dict.fromkeys(settings.path(name) for name in named if name):
        if not file.is_file():
            yield Line(False, f"Tệp mật khẩu {file.name}", "chưa có", f"ghi mật khẩu vào '{file}' rồi chạy: chmod 600 '{file}'")  # noqa: FBT003
        else:
            problem = permission_problem(file)
            yield Line(not problem, f"Tệp mật khẩu {file.name}", problem or "chỉ chủ đọc được", f"chmod 600 '{file}'")


def _folders(home: Home) -> Line:
    """The night closes what is its own; what is left open belongs to another account or lies on a disk that knows no modes."""
    open_ones = [folder.name for folder in left_open(home)]
    if not open_ones:
        return Line(True, "Thư mục dữ liệu", "chỉ chủ mở được nơi có tên học sinh")  # noqa: FBT003
    fix = " ".join(f"'{home.data / name}'" for name in open_ones)
    return Line(False, "Thư mục dữ liệu", f"tài khoản khác trên máy mở được: {', '.join(open_ones)}", f"chmod go= {fix}")  # noqa: FBT003


def _restored(home: Home) -> Iterator[Line]:
    """What was brought back lies in the clear, apart from the encrypted backups: told when it lies long, never removed by us."""
    since = f"{now() - timedelta(days=RESTORED_DAYS):%Y-%m-%d}"
    old = [path for path in sorted(home.folder(RESTORED).glob("[0-9]*")) if path.is_dir() and path.name < since]  # named by their time
    if old:
        told = f"{number(len(old))} bản để quá {RESTORED_DAYS} ngày, có dữ liệu học sinh không mã hóa"
        named = " ".join(f"'{path}'" for path in old)
        yield Line(None, "Bản đã lấy lại", told, f"không dùng nữa thì xóa: rm -r {named}")


def _sources(home: Home) -> Iterator[Line]:
    for name, folder in home.settings.backup.folders.items():
        there = home.settings.path(folder).is_dir()
        yield Line(there, f"Sao lưu {name}", str(folder) if there else f"không thấy thư mục {folder}", "sửa [backup.folders] hoặc cắm đĩa")
    for system, source in home.settings.sources.items():
        path = getattr(source, "path", None)
        if source.enabled and path is not None:
            there = home.settings.path(path).is_dir()
            yield Line(
                there, f"Nguồn {system}", f"thư mục {path}" if there else "không thấy thư mục", f"mkdir -p '{home.settings.path(path)}'"
            )


def _recovery_kit(home: Home) -> Iterator[Line]:
    from flows.key_keeping import kit_detail, kit_problems, unfinished_rotation  # noqa: PLC0415 - heavy

    problems = list(kit_problems(home))
    if begun := unfinished_rotation(home):
        yield Line(None, "Đổi mật khẩu kho", f"lần trước dở dang ({begun}); mật khẩu đang dùng vẫn mở được kho", "truong backup rotate-key")
    for good, detail, fix in problems:
        yield Line(good, "Bộ khôi phục trong tủ sắt", detail, fix)
    if not problems:
        yield Line(True, "Bộ khôi phục trong tủ sắt", kit_detail(home))  # noqa: FBT003


def _schedule(home: Home) -> Line:
    """Whether the server really has a future run: a Prefect that looks well may schedule nothing."""
    url = home.settings.server.api_url
    if not url:
        return Line(None, "Lịch hằng đêm", "chưa đặt máy chủ ([server] api_url)", "chạy `truong serve` và ghi api_url vào truong.toml")
    try:
        runs = _scheduled_runs(url)
    except (OSError, urllib.error.URLError, ValueError):
        return Line(False, "Lịch hằng đêm", f"máy chủ {url} không trả lời", "systemctl restart truong")  # noqa: FBT003
    detail = f"{len(runs)} lượt sắp tới" if runs else "máy chủ chạy nhưng KHÔNG có lượt nào sắp tới"
    return Line(bool(runs), "Lịch hằng đêm", detail, "systemctl restart truong")


def _scheduled_runs(url: str) -> list[dict[str, Any]]:
    # From now on: late runs of an outage are SCHEDULED, too, and prove nothing.
    body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"after_": now().isoformat()}}, "limit": 10}
    request = urllib.request.Request(  # noqa: S310 - the URL is the school's own setting
        f"{url.rstrip('/')}/flow_runs/filter", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=API_SECONDS) as answer:  # noqa: S310
        found: list[dict[str, Any]] = json.load(answer)
    return found
