"""restic's exit codes as typed errors with one Vietnamese line and what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.access import LOCAL, answers, kind_of
from backup.errors import (
    BackupError,
    BackupFailed,
    BackupTimedOut,
    DiskFull,
    RepositoryDamaged,
    RepositoryLocked,
    RepositoryMissing,
    WrongPassword,
)
from backup.full_disk import full_among, gave_up_on_store, no_space_at
from backup.runner import shortened
from backup.watching import DISK, SERVER, STORE

if TYPE_CHECKING:
    from backup.runner import Outcome

PLUG_IN = "cắm đĩa sao lưu hoặc mở mạng tới kho rồi chạy lại; kho đã từng dùng không bao giờ bị tạo mới"

_BY_EXIT_CODE: dict[int, tuple[type[BackupError], str, str]] = {
    10: (RepositoryMissing, "Không thấy kho sao lưu (đĩa chưa cắm?)", PLUG_IN),
    11: (RepositoryLocked, "Kho sao lưu đang có việc khác chạy", "đợi việc đó xong rồi chạy lại"),
    12: (
        WrongPassword,
        "Mật khẩu không mở được kho sao lưu (hoặc kho mất khóa)",
        "chép lại đúng tệp mật khẩu đã cất",
    ),
}


def error_of(outcome: Outcome, url: str, *, checked: bool = False) -> BackupError:
    """The error that a failed command stands for. `checked`: it was `restic check`, so what it counted is damage."""
    where = public_url(url)
    if outcome.exit_code in _BY_EXIT_CODE:
        kind, what, fix = _BY_EXIT_CODE[outcome.exit_code]
        return kind(what, where=where, fix=fix)
    if outcome.ended_by == SERVER:
        return unreachable(url, midway=True)
    if full := _full_disk(outcome, url):
        return full
    if outcome.timed_out:
        return BackupTimedOut("restic chạy quá lâu nên bị dừng", where=where, fix="kiểm tra đĩa hoặc mạng tới kho rồi chạy lại")
    if checked and (count := damage(outcome)):
        return RepositoryDamaged(
            f"Kho sao lưu bị hỏng ({count} chỗ): {outcome_text(outcome)}",
            where=where,
            fix="đừng xóa gì; lấy lại từ kho thứ hai, báo người bảo trì",
        )
    fix = "kiểm tra đĩa, quyền ghi và mạng tới kho rồi chạy lại"
    return BackupFailed(f"restic không làm được: {outcome.last_word()}", where=where, fix=fix)


def damage(outcome: Outcome) -> int:
    """How many errors `restic check` counted; 0 when it failed for another reason."""
    summaries = [row for row in outcome.rows() if row.get("message_type") == "summary"]
    return int(summaries[-1].get("num_errors", 0)) if summaries else 0


def complaints_of(outcome: Outcome) -> list[str]:
    """Everything that restic complained of, a line each, without its closing word."""
    return [shortened(" ".join(str(one["message"]).split())) for one in outcome.complaints if one.get("message_type") == "error"]


def outcome_text(outcome: Outcome) -> str:
    """The first complaint, which names the pack or tree, without restic's closing line."""
    told: list[Any] = [complaint.get("message") for complaint in outcome.complaints if complaint.get("message_type") == "error"]
    return shortened(" ".join(str(told[0]).split())) if told else outcome.last_word()


def _full_disk(outcome: Outcome, url: str) -> DiskFull | None:
    """The full disk that a command failed for: as restic itself told, or as we see it now."""
    if outcome.ended_by == STORE or gave_up_on_store(outcome.complaints):
        fix = "dọn đĩa hoặc nới hạn mức ở máy chủ đó, rồi chạy lại; bản lưu dở không bị tính là tốt"
        return DiskFull("Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức)", where=public_url(url), fix=fix)
    told, place = no_space_at(outcome), Path(url)
    theirs = kind_of(url) == LOCAL and (full_among((place,)) is not None or (told is not None and told.is_relative_to(place)))
    if not theirs and told is None and outcome.ended_by != DISK:
        return None
    what, where = "Đĩa của máy này đã đầy nên restic dừng", str(told.parent) if told else public_url(url)
    if theirs:
        what, where = "Đĩa của kho sao lưu đã đầy", str(place)
    return DiskFull(what, where=where, fix="dọn đĩa hoặc thay đĩa lớn hơn, rồi chạy lại; bản lưu dở không bị tính là tốt")


def lost_repository(url: str) -> RepositoryMissing:
    """A known repository is not there."""
    _, what, fix = _BY_EXIT_CODE[10]
    return RepositoryMissing(what, where=public_url(url), fix=fix)


def other_repository(url: str) -> RepositoryMissing:
    """Where a known repository was, there is another one."""
    return RepositoryMissing("Ở đây là một kho khác, không phải kho đã dùng (cắm nhầm đĩa?)", where=public_url(url), fix=PLUG_IN)


def unreachable(url: str, *, midway: bool = False) -> BackupFailed:
    """The server of a repository does not answer: told at once, where restic would ask for a quarter of an hour."""
    what = "Mất kết nối tới kho sao lưu giữa chừng" if midway else "Máy chủ của kho sao lưu không trả lời"
    return BackupFailed(what, where=public_url(url), fix="xem mạng và máy chủ rồi chạy lại; bản lưu dở không bị tính là tốt")


def place_taken(url: str) -> BackupFailed:
    """Something else lies where the repository should be made."""
    return BackupFailed(
        "Không tạo kho sao lưu: thư mục đã có thứ khác", where=public_url(url), fix="chọn thư mục trống ở mục [backup] của truong.toml"
    )


def require_place(url: str) -> None:
    """BackupFailed at once where restic would try for a quarter of an hour: a server is silent, or a file lies where folders should."""
    if not answers(url):
        raise unreachable(url)
    place = Path(url)
    if kind_of(url) == LOCAL and not next(one for one in (place, *place.parents) if one.exists()).is_dir():
        what, fix = "Nơi của kho sao lưu là một tệp, không phải thư mục", "sửa địa chỉ kho ở mục [backup] của truong.toml"
        raise BackupFailed(what, where=public_url(url), fix=fix)


def public_url(url: str) -> str:
    """A repository's place without the user and password that an address may hold."""
    return re.sub(r"(://)[^/@]*@", r"\1", url)
