"""What can go wrong with a system outside."""

from __future__ import annotations

from infra.errors import ExitCode, SchoolError


class SourceError(SchoolError):
    """A source could not deliver tonight; its last good data is used and the night says so."""

    exit_code = ExitCode.SOURCE


class SourceUnreachable(SourceError):
    """Nothing is there: file, folder or server missing or not answering."""


class SourceRefused(SourceError):
    """It is there and says no, or what it gives cannot be read (wrong password, corrupt or empty file)."""


class SourceChanged(SourceError):
    """It delivers, but its layout moved: a column or sheet is lost."""
