"""Errors that a person can act on: one Vietnamese line (what, where, what to do) and an exit code.

Anything that is not a `SchoolError` is a fault of ours and keeps its traceback (exit 70).
"""

from __future__ import annotations

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
