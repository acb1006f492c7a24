"""restic's exit codes as typed errors with one Vietnamese line and what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.access import LOCAL, Access, answers, kind_of
from backup.errors import (
    BackupError,
    BackupFailed,
    BackupTimedOut,
    DiskFull,
    RepositoryDamaged,
    RepositoryLocked,
    RepositoryMissing,
    StoreRefused,
    WrongPassword,
)
from backup.full_disk import FULL_BELOW_BYTES, full_among, no_space_at
from backup.full_store import gave_up, reason_of, said_full
from backup.room import room_at
from backup.runner import shortened
from backup.watching import DISK, SERVER, STORE
from infra.vietnamese import size

if TYPE_CHECKING:
    from backup.runner import Outcome

NOT_GOOD = "bản lưu dở không bị tính là tốt"
PLUG_IN = "cắm đĩa sao lưu hoặc mở mạng tới kho rồi chạy lại; kho đã từng dùng không bao giờ bị tạo mới"

NO_KEYS = Access()

_BY_EXIT_CODE: dict[int, tuple[type[BackupError], str, str]] = {
    10: (RepositoryMissing, "Không thấy kho sao lưu (đĩa chưa cắm?)", PLUG_IN),
    11: (RepositoryLocked, "Kho sao lưu đang có việc khác chạy", "đợi việc đó xong rồi chạy lại"),
    12: (
        WrongPassword,
        "Mật khẩu không mở được kho sao lưu (hoặc kho mất khóa)",
        "chép lại đúng tệp mật khẩu đã cất",
    ),
}


def error_of(outcome: Outcome, url: str, access: Access = NO_KEYS, *, checked: bool = False) -> BackupError:
    """The error that a failed command stands for.

    `access`: to ask an SFTP server that refuses to write how much room it has; `checked`: it was `restic check`, so
    what it counted is damage.
    """
    where = public_url(url)
    if outcome.exit_code in _BY_EXIT_CODE:
        kind, what, fix = _BY_EXIT_CODE[outcome.exit_code]
        return kind(what, where=where, fix=fix)
    if outcome.ended_by == SERVER:
        return unreachable(url, midway=True)
    if no_room := _no_room(outcome, url, access):
        return no_room
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


def _no_room(outcome: Outcome, url: str, access: Access) -> BackupFailed | None:
    """A store or a disk that took no more, when that is what a command failed for."""
    if outcome.ended_by == STORE or gave_up(outcome.complaints):
        return _refused(outcome, url, access)
    return _full_disk(outcome, url)


def _full_disk(outcome: Outcome, url: str) -> DiskFull | None:
    """The full disk of this machine that a command failed for: as restic itself told, or as we see it now."""
    told, place = no_space_at(outcome), Path(url)
    theirs = kind_of(url) == LOCAL and (full_among((place,)) is not None or (told is not None and told.is_relative_to(place)))
    if not theirs and told is None and outcome.ended_by != DISK:
        return None
    what, where = "Đĩa của máy này đã đầy nên restic dừng", str(told.parent) if told else public_url(url)
    if theirs:
        what, where = "Đĩa của kho sao lưu đã đầy", str(place)
    return DiskFull(what, where=where, fix=f"dọn đĩa hoặc thay đĩa lớn hơn, rồi chạy lại; {NOT_GOOD}")


def _refused(outcome: Outcome, url: str, access: Access) -> BackupFailed:
    """What a store on a server means that takes nothing: full where it says so, or where it says how little room it has."""
    room = None if said_full(outcome.complaints) else room_at(url, access)
    if said_full(outcome.complaints) or (room is not None and room < FULL_BELOW_BYTES):
        fix = f"dọn đĩa hoặc nới hạn mức ở máy chủ đó, rồi chạy lại; {NOT_GOOD}"
        return DiskFull("Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức)", where=public_url(url), fix=fix)
    likely = f"đĩa ở đó còn {size(room)} nên có thể là hết hạn mức" if room is not None else "có thể đĩa hoặc hạn mức ở đó đã đầy"
    said = reason_of(outcome.complaints) or outcome.last_word()
    what = f"Máy chủ của kho sao lưu từ chối ghi mà không nói vì sao, {likely} (nguyên văn: {shortened(said)})"
    fix = f"hỏi người quản trị máy chủ đó còn chỗ và hạn mức không, còn thì xem nhật ký máy chủ, rồi chạy lại; {NOT_GOOD}"
    return StoreRefused(what, where=public_url(url), fix=fix)


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
    return BackupFailed(what, where=public_url(url), fix=f"xem mạng và máy chủ rồi chạy lại; {NOT_GOOD}")


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
