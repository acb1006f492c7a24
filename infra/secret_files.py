"""What only its owner may read: secrets and the folders with children's data.

Secrets come from files (or systemd credentials), never from a command line, a setting or a log.
"""

from __future__ import annotations

import os
import secrets as random_source
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
GENERATED_BYTES = 32


def read_secret(file: Path) -> str:
    """The secret in a file, without its line end. ConfigurationError when missing, empty or readable by others."""
    if not file.is_file():
        raise ConfigurationError("Không thấy tệp mật khẩu", where=str(file), fix="tạo tệp này rồi `chmod 600`")
    if problem := permission_problem(file):
        raise ConfigurationError(problem, where=str(file), fix=f"chạy: chmod 600 '{file}'")
    # Line ends only: a password may begin or end with a blank.
    text = file.read_text(encoding="utf-8").rstrip("\r\n")
    if not text:
        raise ConfigurationError("Tệp mật khẩu rỗng", where=str(file), fix="ghi mật khẩu vào tệp")
    return text


def permission_problem(file: Path) -> str:
    """Vietnamese reason why a secret file is not safe; empty when only its owner can read it."""
    return "Tệp mật khẩu để người khác đọc được" if is_open(file) else ""


def is_open(path: Path) -> bool:
    """Whether anybody but the owner may look into a file or folder."""
    return bool(path.stat().st_mode & OPEN_TO_OTHERS)


def close_folder(folder: Path) -> None:
    """Make the folder where it is missing, and let only its owner in: what is written below needs no mode of its own then.

    A folder that belongs to somebody else, or lies on a disk that knows no modes, stays as it is; `is_open` tells.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_open(folder):
        with suppress(OSError):
            folder.chmod(0o700)


def create_secret(file: Path) -> None:
    """Write a new random secret, readable by its owner only; an existing file is never touched.

    Written aside and then named: a kill in between leaves no empty secret that would be taken for one.
    """
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(random_source.token_urlsafe(GENERATED_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        os.link(aside, file)  # unlike a rename, it never replaces one that appeared meanwhile
    aside.unlink()
