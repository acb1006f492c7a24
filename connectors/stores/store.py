"""Where files lie that a system delivers: a folder, an SFTP server, a bucket. Listed and copied, never written.

One store is one place of one system. A store knows nothing of what the files mean; connectors.files does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import unicodedata
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol

from connectors.errors import SourceRefused, SourceUnreachable
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from connectors.errors import SourceError

SAFE_COPY_FIX = "xem quyền đọc tệp và ổ đĩa mạng, rồi chạy lại"
MOST_FILES = 50_000  # in one store; a school's website has a tenth of that
LARGEST_FILE = 2 * 1024**3  # bytes of one file
LONGEST_NAME = 255  # bytes of one part of a name: what Linux file systems take
YOUNG_SECONDS = 10  # a file that was changed less long ago may still be being written
LOOK_AGAIN_SECONDS = 0.3  # in a local folder; servers are given longer (Patience.look_again)
RESTARTS = 1  # a file that changes while it is fetched is begun anew so often
PARTIAL_SUFFIXES = (".part", ".partial", ".filepart", ".crdownload", ".tmp", ".download")  # of programs that rename at the end
DONE = ".done"
LEFT_FILE = ".bo-lai.json"
GROWING = "đang được ghi dở"
UNSAFE = "có tên không an toàn (đường dẫn ra ngoài hoặc ký tự lạ)"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store. `name`: its path below the store's place, with `/`, NFC; `modified`: seconds since 1970.

    `key`: what the store itself calls it (not normalised); `version`: of a store that keeps several, else
    empty; `etag`: the store's own mark of the content; `flaw`: why it cannot be taken now, empty when it can.
    """

    name: str
    key: str
    size: int
    modified: float
    version: str = ""
    etag: str = ""
    flaw: str = ""

    @property
    def state(self) -> tuple[int, float, str, str]:
        """What changes when the file does."""
        return (self.size, self.modified, self.version, self.etag)


class OpenStore(Protocol):
    """A store while it is connected."""

    def listed(self) -> list[StoredFile]:
        """Every file, by name; those that are not whole yet or have no safe name say so. SourceRefused when it may not be listed."""

    def fetch(self, file: StoredFile, target: Path) -> None:
        """Copy a file to `target` whole, or raise and leave nothing that looks whole."""


class FileStore(Protocol):
    """A place that can be opened for reading."""

    @property
    def where(self) -> str:
        """The place as messages name it, without secrets."""

    @property
    def newest_wins(self) -> bool:
        """Whether of several files of a kind the newest is meant: where the school itself cannot tidy up."""

    def opened(self) -> AbstractContextManager[OpenStore]:
        """Connect. SourceUnreachable when nothing answers, SourceRefused when it says no."""


class Copying(Protocol):
    """What `fetch_settled` needs of an open store."""

    @property
    def where(self) -> str: ...

    def copy(self, file: StoredFile, part: Path) -> None:
        """Bring all bytes of the file to `part`, which may hold the beginning of them."""

    def look(self, file: StoredFile) -> StoredFile:
        """The file as the store has it now."""


def fetch_settled(store: Copying, file: StoredFile, target: Path) -> None:
    """Copy aside, look whether the file is still the one that was listed, then rename. SourceRefused when it keeps changing."""
    if file.flaw:
        raise not_now(file, store.where)
    with whole(target) as part:
        for _ in range(1 + RESTARTS):
            _refuse_huge(file, store.where)
            store.copy(file, part)
            now = store.look(file)
            if now.state == file.state and part.is_file() and part.stat().st_size == file.size:
                os.utime(part, (file.modified, file.modified))
                return
            part.unlink(missing_ok=True)
            file = now
        raise SourceRefused(f"Tệp “{file.name}” {GROWING} trong lúc lấy", where=store.where, fix="đợi hệ thống ghi xong rồi chạy lại")


def not_now(file: StoredFile, where: str) -> SourceError:
    """The error of a file that is there and cannot be taken."""
    fix = "đợi hệ thống ghi xong rồi chạy lại" if file.flaw.startswith(GROWING) else "sửa ở nơi chứa tệp rồi chạy lại"
    return SourceRefused(f"Tệp “{file.name}” {file.flaw}", where=where, fix=fix)


def _refuse_huge(file: StoredFile, where: str) -> None:
    if file.size > LARGEST_FILE:
        told = f"Tệp “{file.name}” lớn {file.size // 1024**2} MB, quá mức {LARGEST_FILE // 1024**2} MB cho phép"
        raise SourceRefused(told, where=where, fix="xem có phải tệp cần giữ không; nếu phải thì chia nhỏ")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A hidden file beside `target`, which takes its name when all went well and is gone otherwise (SourceRefused: the disk's trouble)."""
    # Named by a hash: the name itself may already be as long as a name can be.
    part = target.with_name(f".{hashlib.sha256(target.name.encode()).hexdigest()[:16]}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise _disk_trouble(str(target.parent)) from error
    finally:
        part.unlink(missing_ok=True)


def write_block(target: BinaryIO, block: bytes) -> None:
    """Write to this machine's disk; its trouble (SourceRefused) is told as such and not as the server's."""
    try:
        target.write(block)
    except OSError as error:
        raise _disk_trouble(target.name) from error


def _disk_trouble(place: str) -> SourceRefused:
    return SourceRefused("Không ghi được bản sao trên máy này", where=place, fix="xem đĩa còn trống và quyền ghi rồi chạy lại")


def readable(key: str) -> str:
    """A store's name for a file as people write it: NFC, and nothing in it that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in unicodedata.normalize("NFC", key))


def name_flaw(key: str) -> str:
    """Why a file of this name is not taken: its copy must stay below the landing folder. Empty when it may."""
    for part in key.split("/"):
        if part in ("", ".", "..") or not part.isprintable():
            return UNSAFE
        if len(unicodedata.normalize("NFC", part).encode()) > LONGEST_NAME:
            return f"có tên dài quá {LONGEST_NAME} byte"
    return ""


def listing(files: Iterable[StoredFile], where: str) -> list[StoredFile]:
    """Files by name, those with an unsafe name marked. SourceRefused when there are too many for this to be the right place."""
    found: list[StoredFile] = []
    for file in files:
        partial = GROWING if file.key.lower().endswith(PARTIAL_SUFFIXES) else ""
        found.append(replace(file, flaw=file.flaw or name_flaw(file.key) or partial))
        if len(found) > MOST_FILES:
            raise SourceRefused(f"Có hơn {MOST_FILES} tệp", where=where, fix="chỉ đúng thư mục của hệ thống này trong truong.toml")
    return sorted(found, key=lambda file: (file.name, file.key))


def settled(files: list[StoredFile], look: Callable[[], Iterable[StoredFile]], pause: float) -> list[StoredFile]:
    """Files, where the young ones that are not the same a moment later say that they are still being written."""
    newest = time.time() - YOUNG_SECONDS  # clocks differ: what lies in the future is young too
    if not any(file.modified > newest for file in files):
        return files
    time.sleep(pause)
    later = {file.key: file.state for file in look()}
    return [
        file if file.flaw or file.modified <= newest or later.get(file.key) == file.state else replace(file, flaw=GROWING) for file in files
    ]


def marked_done(files: Sequence[StoredFile]) -> list[StoredFile]:
    """Files but the markers, where those without a marker NAME.done beside them say so."""
    keys = {file.key for file in files}
    lacking = f"{GROWING} (chưa có tệp đánh dấu {DONE})"
    delivered = (file for file in files if not file.key.endswith(DONE))
    return [file if file.flaw or file.key + DONE in keys else replace(file, flaw=lacking) for file in delivered]


def tell_left(landing: Path, left: Sequence[StoredFile]) -> None:
    """Write beside what was landed which files of the store were not taken, and why, if there were any."""
    if not left:
        return
    told = [{"name": file.name, "size": file.size, "modified": file.modified, "why": file.flaw or "có tệp mới hơn"} for file in left]
    (landing / LEFT_FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def told_of_left(left: Sequence[StoredFile], where: str) -> tuple[str, ...]:
    """What the officer is told of files that were not taken: how many, why, where; no name, which may be a person's."""
    counts = Counter(file.flaw for file in left if file.flaw)
    return tuple(
        f"{number(count)} tệp {why} nên chưa lấy [{where}] → "
        + ("đêm sau tự lấy; còn mãi thì xem hệ thống giao tệp" if why.startswith(GROWING) else "sửa ở nơi chứa tệp rồi chạy lại")
        for why, count in sorted(counts.items())
    )


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine or a shared one that is mounted. `label`: the system, for messages."""

    folder: Path
    label: str
    fix: str
    recursive: bool = False
    look_again: float = LOOK_AGAIN_SECONDS
    newest_wins: ClassVar[bool] = False  # a person can tidy it up, and two exports side by side are a doubt to clear

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
            return settled(listing(self._found(), self.where), self._found, self.look_again)
        except OSError as error:
            raise SourceRefused("Không được phép đọc thư mục", where=self.where, fix="xem quyền đọc thư mục rồi chạy lại") from error

    def _found(self) -> Iterator[StoredFile]:
        root = self.folder.resolve()
        for path in self.folder.rglob("*") if self.recursive else self.folder.iterdir():
            if path.is_file():
                outside = path.is_symlink() and not path.resolve().is_relative_to(root)
                yield self._stored(path.relative_to(self.folder).as_posix(), "là liên kết ra ngoài thư mục" if outside else "")

    def _stored(self, key: str, flaw: str = "") -> StoredFile:
        state = (self.folder / key).stat()
        return StoredFile(readable(key), key, state.st_size, state.st_mtime, flaw=flaw)

    def fetch(self, file: StoredFile, target: Path) -> None:
        fetch_settled(self, file, target)

    def look(self, file: StoredFile) -> StoredFile:
        with self._reading(file):
            return self._stored(file.key)

    def copy(self, file: StoredFile, part: Path) -> None:
        with self._reading(file):
            shutil.copyfile(self.folder / PurePosixPath(file.key), part)

    @contextmanager
    def _reading(self, file: StoredFile) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceRefused("Không đọc được tệp", where=str(self.folder / file.name), fix=SAFE_COPY_FIX) from error
