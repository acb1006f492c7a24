"""What can go wrong with backups and restores, typed from restic's exit codes."""

from __future__ import annotations

from infra.errors import ExitCode, SchoolError


class BackupError(SchoolError):
    """The day's data is not (provably) safe."""

    exit_code = ExitCode.BACKUP


class RepositoryMissing(BackupError):
    """No repository where one is known to be (restic exit 10), or another one than was known."""


class WrongPassword(BackupError):
    """The password does not open the repository, or its keys are gone: restic cannot tell which (exit 12)."""


class RepositoryLocked(BackupError):
    """Another restic that is alive holds the repository (exit 11)."""


class RepositoryDamaged(BackupError):
    """`restic check` found damage, or what was stored cannot be read back."""


class BackupFailed(BackupError):
    """restic made no snapshot, or broke off (exit 1, a signal)."""


class DiskFull(BackupFailed):
    """A disk that restic must write to has no room left."""


class StoreRefused(BackupFailed):
    """A server takes nothing that is sent to it and does not say why: it may be full, and it may be something else."""


class BackupTimedOut(BackupFailed):
    """restic was stopped because it took longer than it may."""


class PartMissing(BackupError):
    """Something that must be backed up does not exist: told before restic starts."""


class DumpFailed(BackupError):
    """A database could not be copied consistently; no copy was left."""


class ProofFailed(BackupError):
    """The repository does not hold what was just saved."""


class BackupPartial(BackupError):
    """A snapshot was made, but without files that could not be read (exit 3): kept, never counted as good."""


class RestoreError(SchoolError):
    """The data could not be brought back whole; nothing half-written was left."""

    exit_code = ExitCode.RESTORE
