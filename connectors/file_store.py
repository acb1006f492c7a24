"""Where files lie that a system delivers: a folder, an SFTP server, a bucket. Listed and copied, never written.

One store is one place of one system. A store knows nothing of what the files mean; connectors.file_drop does.
"""

from __future__ import annotations

import shutil
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from connectors.errors import SourceRefused, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

SAFE_COPY_FIX = "xem quyền đọc tệp và ổ đĩa mạng, rồi chạy lại"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store. `name`: its path below the store's place, with `/`, NFC; `modified`: seconds since 1970.

    `key`: what the store itself calls it (not normalised); `version`: of a store that keeps several, else empty.
    """

    name: str
    key: str
    size: int
    modified: float
    version: str = ""


class OpenStore(Protocol):
    """A store while it is connected."""

    def listed(self) -> list[StoredFile]:
        """Every complete file, by name. SourceRefused when it may not be listed."""

    def fetch(self, file: StoredFile, target: Path) -> None:
        """Copy a file to `target` whole, or raise and leave nothing that looks whole."""


class FileStore(Protocol):
    """A place that can be opened for reading."""

    @property
    def where(self) -> str:
        """The place as messages name it, without secrets."""

    def opened(self) -> AbstractContextManager[OpenStore]:
        """Connect. SourceUnreachable when nothing answers, SourceRefused when it says no."""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine or a shared one that is mounted. `label`: the system, for messages."""

    folder: Path
    label: str
    fix: str
    recursive: bool = False

    @property
    def where(self) -> str:
        return str(self.folder)

    @contextmanager
    def opened(self) -> Iterator[OpenStore]:
        if not self.folder.is_dir():
            raise SourceUnreachable(f"Không thấy thư mục của hệ thống {self.label}", where=self.where, fix=self.fix)
        yield self

    def listed(self) -> list[StoredFile]:
        try:
            paths = sorted(self.folder.rglob("*") if self.recursive else self.folder.iterdir())
            return [self._stored(path) for path in paths if path.is_file()]
        except OSError as error:
            raise SourceRefused("Không được phép đọc thư mục", where=self.where, fix="xem quyền đọc thư mục rồi chạy lại") from error

    def _stored(self, path: Path) -> StoredFile:
        state, key = path.stat(), path.relative_to(self.folder).as_posix()
        return StoredFile(unicodedata.normalize("NFC", key), key, state.st_size, state.st_mtime)

    def fetch(self, file: StoredFile, target: Path) -> None:
        try:
            shutil.copy2(self.folder / file.key, target)
        except OSError as error:
            raise SourceRefused("Không đọc được tệp", where=str(self.folder / file.name), fix=SAFE_COPY_FIX) from error
