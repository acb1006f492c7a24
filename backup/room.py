"""How much room is left where a repository lies, as far as the place tells.

A folder's disk does, and so do SFTP servers that answer OpenSSH's question for it (statvfs@openssh.com): the sftp command
asks it, over the same ssh with the same pinned key that restic uses. A quota counts only where the server's disk itself
knows it (a project's does, a user's does not). REST and S3 have no such question.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from backup.access import LOCAL, SFTP, SSH_SECONDS, kind_of, sftp_folder
from backup.verdict import Topic, Verdict, bad, fine, not_yet
from infra.errors import ConfigurationError
from infra.vietnamese import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backup.access import Access
    from backup.repository import Repository
    from backup.stored import StoredSnapshot

# In nights as large as the largest of the last ones: a week to react in, a month to plan in. And whatever the nights are: restic
# needs some packs' room to save, and prune writes before it deletes.
SCANT_NIGHTS, LOW_NIGHTS, RECENT_NIGHTS = 7, 30, 14
SCANT_BYTES, LOW_BYTES = 200_000_000, 2_000_000_000
_BLOCK = 1024  # what `df` of sftp counts in
_AVAILABLE = 2  # its column
FIX = "dọn đĩa, nới hạn mức hoặc thay đĩa lớn hơn trước khi kho đầy"


def room_at(url: str, access: Access) -> int | None:
    """Bytes that may still be written where a repository lies; None when nobody can tell."""
    if kind_of(url) == LOCAL:
        return shutil.disk_usage(url).free if Path(url).is_dir() else None
    return _asked(url, access) if kind_of(url) == SFTP else None


def room_left(repository: Repository, nights: Sequence[StoredSnapshot] = ()) -> Iterator[Verdict]:
    """Whether the next nights fit; nothing where the place cannot be asked. `nights`: oldest first."""
    free = room_at(repository.url, repository.access)
    if free is None:
        return
    # The first night brings everything, and says nothing of the next ones.
    largest = max((night.added for night in nights[1:][-RECENT_NIGHTS:]), default=0)
    told = f"còn {size(free)} chỗ trống"
    if largest and free < LOW_NIGHTS * largest:
        told += f", đủ cho chừng {free // largest} đêm như đêm lớn nhất gần đây"
    if free < max(SCANT_BYTES, SCANT_NIGHTS * largest):
        yield bad(Topic.ROOM, f"sắp đầy: {told}", FIX)
    elif free < max(LOW_BYTES, LOW_NIGHTS * largest):
        yield not_yet(Topic.ROOM, told, FIX)
    else:
        yield fine(Topic.ROOM, told)


def _asked(url: str, access: Access) -> int | None:
    try:
        command, question = access.sftp(url), f"df {_quoted(sftp_folder(url))}\n".encode()
        done = subprocess.run(command, input=question, capture_output=True, timeout=2 * SSH_SECONDS, check=False)  # noqa: S603 - no shell
    except (ConfigurationError, OSError, subprocess.TimeoutExpired):
        return None
    return _available(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None


def _quoted(path: str) -> str:
    """A path as a batch of sftp reads it."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _available(told: str) -> int | None:
    columns = told.splitlines()[-1].split() if told.strip() else []
    return int(columns[_AVAILABLE]) * _BLOCK if len(columns) > _AVAILABLE and columns[_AVAILABLE].isdigit() else None
