"""A new password for repositories without storing anything anew; a kill at any point leaves a password file that works.

The new password lies beside the old one (`.moi`), is let in everywhere and proved, and only then takes the old
one's name. The old one is kept (`.cu`) until every repository has been rid of its key. What lies there tells a
later run how far an earlier one came.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backup.errors import WrongPassword
from backup.keys import add_key, current_key, opens, remove_key
from infra.secret_files import create_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backup.repository import Repository

COMING, GOING = ".moi", ".cu"
SERVER = "sao-luu"  # the user of the key that the nightly backup uses


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `finished_only`: it found an earlier one half-done and brought that to its end.

    `still_open`: append-only repositories, which the old password still opens: only their own server can take a key away.
    """

    password_file: Path
    repositories: tuple[str, ...]
    still_open: tuple[str, ...]
    finished_only: bool


def rotate_key(repositories: Sequence[Repository]) -> Rotated:
    """Give all repositories that share one password file a new password. Nobody else may work on them meanwhile.

    Raises BackupError, and then the password file still opens every one of them; run again to go on.
    """
    file = repositories[0].password_file
    coming, going = _beside(file, COMING), _beside(file, GOING)
    finish_only = going.exists() and not coming.exists()
    _require_open(repositories)  # before anything is changed: a disk that is not plugged in would keep the old key
    if not finish_only:
        begun = coming.exists()
        create_secret(coming)
        for repository in repositories:
            _let_in(repository, coming, begun=begun)
        _take_over(file, coming, going)
    _shut_out([repository for repository in repositories if not repository.terms.append_only], going)
    still_open = tuple(repository.name for repository in repositories if repository.terms.append_only)
    return Rotated(file, tuple(repository.name for repository in repositories), still_open, finish_only)


def left_by_rotation(file: Path) -> list[Path]:
    """What a rotation that did not come to its end left beside a password file."""
    return [beside for beside in (_beside(file, COMING), _beside(file, GOING)) if beside.exists()]


def _let_in(repository: Repository, coming: Path, *, begun: bool) -> None:
    """Let the new password in, unless an earlier run has begun and did."""
    opened = replace(repository, password_file=coming)
    if not (begun and opens(opened)):
        add_key(repository, coming, SERVER)
        _require_open([opened])


def _take_over(file: Path, coming: Path, going: Path) -> None:
    if not going.exists():
        os.link(file, going)
    coming.replace(file)
    # After a power cut the name must lead to the new password: its predecessor's key is taken away next.
    _sync(file.parent)


def _shut_out(repositories: Sequence[Repository], going: Path) -> None:
    for repository in repositories:
        if old := current_key(replace(repository, password_file=going)):
            remove_key(repository, old.id)
    going.unlink()
    _sync(going.parent)


def _require_open(repositories: Sequence[Repository]) -> None:
    for repository in repositories:
        if not opens(repository):
            raise WrongPassword(
                f"Mật khẩu không mở được kho «{repository.name}» nên không đổi khóa",
                where=str(repository.password_file),
                fix="chép lại đúng tệp mật khẩu đã cất, rồi chạy lại",
            )


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
