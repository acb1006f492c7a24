"""Errors that a person can act on: one Vietnamese line (what, where, what to do) and an exit code.

Anything that is not a `SchoolError` is a fault of ours and keeps its traceback (exit 70).
"""

from __future__ import annotations

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the `truong` command."""

    OK = 0
    CONFIGURATION = 10
    SOURCE = 11
    DATA_STOPPED_EXPORT = 12
    BACKUP = 13
    RESTORE = 14
    MAIL = 15
    OUR_FAULT = 70


class SchoolError(Exception):
    """Something that a person must put right.

    Attributes: `what` happened, `where` (system, file, sheet; never a pupil), `fix` (what to do).
    """

    exit_code = ExitCode.OUR_FAULT

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(self.line())

    def line(self) -> str:
        """The whole error on one line, in Vietnamese."""
        where = f" [{self.where}]" if self.where else ""
        fix = f" → {self.fix}" if self.fix else ""
        return " ".join(f"{self.what}{where}{fix}".split())


class ConfigurationError(SchoolError):
    """The settings or the machine are not as they must be."""

    exit_code = ExitCode.CONFIGURATION


class DataStoppedExport(SchoolError):
    """The data is such that no export may leave tonight (`dừng`)."""

    exit_code = ExitCode.DATA_STOPPED_EXPORT


_OF_THE_MACHINE = {
    errno.ENOSPC: ("Đĩa đã đầy", "dọn đĩa rồi chạy lại"),
    errno.EDQUOT: ("Đã dùng hết phần đĩa được cấp", "dọn đĩa hoặc xin thêm, rồi chạy lại"),
    errno.EACCES: ("Không có quyền đọc hay ghi", "xem quyền của tệp hoặc thư mục này, rồi chạy lại"),
    errno.EPERM: ("Không có quyền đọc hay ghi", "xem quyền của tệp hoặc thư mục này, rồi chạy lại"),
    errno.EROFS: ("Đĩa này chỉ đọc được, không ghi được", "chọn nơi khác, hoặc xem lại đĩa"),
    errno.EIO: ("Đĩa bị lỗi khi đọc hay ghi", "sao lưu ngay sang đĩa khác và thay đĩa"),
}


def of_the_machine(error: OSError) -> ConfigurationError | None:
    """What a full, closed or broken disk means to a person; None for any other operating-system error: that is a fault of ours."""
    what, fix = _OF_THE_MACHINE.get(error.errno or 0, ("", ""))
    return ConfigurationError(what, where=str(error.filename or ""), fix=fix) if what else None
