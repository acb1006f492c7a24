"""Who can open a repository: each password seals the same master key, so that keys come and go without storing anything anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.errors import WrongPassword
from backup.repository import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from backup.repository import Repository


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A password that opens a repository, without the password. `current`: the one that was used to ask."""

    id: str
    user: str
    host: str
    current: bool


def stored_keys(repository: Repository) -> list[StoredKey]:
    """All keys of a repository."""
    rows = repository.ask(["key", "list", "--json", "--no-lock"]).json()
    return [StoredKey(row["id"], row.get("userName", ""), row.get("hostName", ""), bool(row["current"])) for row in rows]


def current_key(repository: Repository) -> StoredKey | None:
    """The key that our password opens, or None when it opens nothing. Raises any BackupError that is not about the password."""
    try:
        return next(key for key in stored_keys(repository) if key.current)
    except WrongPassword:
        return None


def add_key(repository: Repository, password_file: Path, user: str, host: str = HOST) -> None:
    """Let a second password, read from a file, open the repository."""
    repository.ask(["key", "add", "--new-password-file", str(password_file), "--user", user, "--host", host])


def remove_key(repository: Repository, key_id: str) -> None:
    """Take a key away for good; restic refuses the one that our password opens."""
    repository.ask(["key", "remove", key_id])


def opens(repository: Repository) -> bool:
    """Whether our password opens it. Raises any BackupError that is not about the password."""
    try:
        repository.ask(["cat", "config", "--no-lock"])
    except WrongPassword:
        return False
    return True
