"""No file that bears the mark of a state secret is pulled or sent (Điều 6): its name is asked first, then its text.

The text can only be read once the file is here; a marked one is removed at once, before anything else sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from connectors.errors import SourceRefused
from connectors.stores.store import not_now, told_of_left
from infra.errors import DataStoppedExport
from infra.secrecy import WHAT_TO_DO, look_at, mark_in_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.errors import SourceError
    from connectors.stores.store import OpenStore, StoredFile
    from infra.secrecy import Mark


class SecretFile(SourceRefused):
    """A file bears the mark of a state secret. `file`: the same with that as its flaw."""

    def __init__(self, file: StoredFile, mark: Mark, where: str) -> None:
        super().__init__(f"Tệp “{file.name}” {_flaw(mark)}, đã bỏ không lấy", where=where, fix=WHAT_TO_DO)
        self.file = replace(file, flaw=_flaw(mark))


class MarkedExport(DataStoppedExport):
    """What was to leave the school bears the mark of a state secret."""


def require_unmarked(folder: Path, form: str) -> None:
    """Look at every file that is about to leave. MarkedExport for one that bears a mark: nothing of `form` may be published then."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if mark := look_at(file).mark:
            what = f"Không xuất {form}: trong tệp “{file.name}” có dấu mật “{mark.value}” (Điều 6)"
            fix = "nếu là tài liệu mật: không mở, không chép, báo ngay hiệu trưởng; nếu không: sửa chữ đó trong tên trường hoặc số liệu"
            raise MarkedExport(what, where=form, fix=fix)


@dataclass(frozen=True, slots=True)
class Guard:
    """What the school lets pass. `cleared`: names of files that a person has looked at and found to be no secret."""

    cleared: frozenset[str] = frozenset()

    def passes(self, file: StoredFile) -> bool:
        """Whether a person has cleared this file, by its name or its whole path."""
        return not self.cleared.isdisjoint({file.name, PurePosixPath(file.name).name})

    def named(self, listed: Sequence[StoredFile]) -> list[StoredFile]:
        """The files of a store, where those whose name bears a mark say so and are not taken."""
        return [self._by_name(file) for file in listed]

    def _by_name(self, file: StoredFile) -> StoredFile:
        mark = None if file.flaw or self.passes(file) else mark_in_name(file.name)
        return replace(file, flaw=_flaw(mark)) if mark else file

    def fetch(self, store: OpenStore, file: StoredFile, target: Path, where: str) -> None:
        """Copy a file to `target` as the store does. SecretFile, and nothing is left of it, when its text bears a mark."""
        store.fetch(file, target)
        if self.passes(file):
            return
        if mark := look_at(target, file.name).mark:
            target.unlink()
            raise SecretFile(file, mark, where)


def is_secret(file: StoredFile) -> bool:
    """Whether a file was left because it bears a mark."""
    return file.flaw.startswith(_MARKED)


def refusal_of(file: StoredFile, where: str) -> SourceError:
    """The error of a file that a table is read from and that cannot be taken."""
    return SourceRefused(f"Tệp “{file.name}” {file.flaw}", where=where, fix=WHAT_TO_DO) if is_secret(file) else not_now(file, where)


def told_of(left: Sequence[StoredFile], where: str) -> list[str]:
    """What the officer is told of files that were left: of each marked one its place and what the law says to do, of others counts."""
    secret = [f"không lấy “{where}/{file.name}”: {file.flaw}; {WHAT_TO_DO}" for file in left if is_secret(file)]
    return [*secret, *told_of_left([file for file in left if not is_secret(file)], where)]


_MARKED = "mang dấu mật"


def _flaw(mark: Mark) -> str:
    return f"{_MARKED} “{mark.value}” (Điều 6)"
