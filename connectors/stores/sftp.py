"""Files on an SFTP server: listed, and fetched so that a transfer that is cut goes on where it stopped.

This and sftp_access are the modules that import paramiko.
"""

from __future__ import annotations

import posixpath
import stat
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, ClassVar

import paramiko

from connectors.deadlines import NIGHTLY, Patience, cut_after
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.stores.sftp_access import LOST, begin_sftp, host_key_of, log_in, pinned, place_of
from connectors.stores.store import (
    MOST_FILES,
    UNSAFE,
    StoredFile,
    fetch_settled,
    listing,
    marked_done,
    name_flaw,
    readable,
    settled,
    write_block,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.stores.store import OpenStore
    from infra.source_settings import SftpSource

__all__ = ["SftpStore", "host_key_of"]

RECONNECTS = 3  # per file
BLOCK = 32_768  # bytes: the largest read that every server grants
# Bytes asked for at once. The client's own limit of requests is no way: with it a transfer now and then took 20 times as long.
READ_AHEAD = 8 * 1024**2
KEEP_ALIVE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class SftpStore:
    """A folder of an SFTP server. Relative secret files start at `home`; `label`: the system, for messages."""

    settings: SftpSource
    home: Path
    label: str
    recursive: bool = False
    patience: Patience = NIGHTLY
    newest_wins: ClassVar[bool] = True  # a vendor's job piles its exports up where the school may only read

    @property
    def where(self) -> str:
        return place_of(self.settings)

    @contextmanager
    def opened(self) -> Iterator[OpenStore]:
        session = _Session(self)
        with cut_after(self.patience.overall, session.cut):
            try:
                session.connect()
                yield session
            finally:
                session.close()


class _Session:
    """An open SFTP folder that connects again when it is cut."""

    def __init__(self, store: SftpStore) -> None:
        self._store, self._late = store, False
        self.where = store.where
        self._transport: paramiko.Transport | None = None
        self._sftp: paramiko.SFTPClient
        self._root = store.settings.path

    def connect(self) -> None:
        """Log in and begin SFTP. A SourceError says what did not go."""
        self.close()
        if self._late:
            raise self._lost()
        settings, patience = self._store.settings, self._store.patience
        transport = self._transport = pinned(settings, patience.connect)
        with cut_after(patience.connect, transport.close):
            log_in(transport, settings, self._store.home)
            self._sftp = begin_sftp(transport, patience, self.where)
        transport.set_keepalive(KEEP_ALIVE_SECONDS)

    def cut(self) -> None:
        """End everything, from another thread."""
        self._late = True
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def listed(self) -> list[StoredFile]:
        files = self._found()
        if self._store.settings.done_marker:
            return marked_done(files)
        return settled(files, self._found, self._store.patience.look_again)

    def _found(self) -> list[StoredFile]:
        try:
            self._root = self._sftp.normalize(self._store.settings.path)
            return listing(self._walk(), self.where)
        except UnicodeDecodeError:
            fix = "đổi các tên tệp đó sang UTF-8 trên máy chủ"
            raise SourceRefused("Thư mục có tên tệp không phải UTF-8", where=self.where, fix=fix) from None
        except LOST as error:
            raise self._told(error, "thư mục", self.where) from None

    def _walk(self) -> Iterator[StoredFile]:
        folders = [""]
        for visited, folder in enumerate(folders):  # grows while it is gone through
            if visited > MOST_FILES:
                raise SourceRefused(f"Có hơn {MOST_FILES} thư mục", where=self.where, fix="chỉ đúng thư mục của hệ thống này")
            # Whole before anything else is asked: the client loses answers when other questions come between.
            for entry in list(islice(self._sftp.listdir_iter(posixpath.join(self._root, folder)), MOST_FILES + 1)):
                key, mode = folder + entry.filename, entry.st_mode or stat.S_IFREG
                if stat.S_ISDIR(mode) and self._store.recursive and not _name_problem(entry.filename):
                    folders.append(key + "/")
                elif stat.S_ISREG(mode):
                    yield _stored(key, entry, _name_problem(entry.filename))
                elif stat.S_ISLNK(mode):
                    yield from self._linked(key)

    def _linked(self, key: str) -> Iterator[StoredFile]:
        """The file that a link of the folder means, if it means one; one that leads out of the folder is not followed."""
        path = posixpath.join(self._root, key)
        try:
            state, leads_to = self._sftp.stat(path), self._sftp.normalize(path)
        except (FileNotFoundError, PermissionError):
            return
        if stat.S_ISREG(state.st_mode or 0):
            inside = leads_to.startswith(self._root.rstrip("/") + "/")
            yield _stored(key, state, "" if inside else "là liên kết ra ngoài thư mục")

    def could_write(self) -> bool | None:
        """Whether the account could write in the folder, by the attributes that the server shows; None: they do not tell."""
        try:
            folder, home = self._sftp.stat(self._store.settings.path), self._sftp.stat(".")
            at_home = self._sftp.normalize(".") != "/"  # who is locked into a folder sees it as /, and it is root's
        except LOST as error:
            raise self._told(error, "thư mục", self.where) from None
        writes = (folder.st_mode or 0) & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
        if writes & stat.S_IWOTH or not folder.st_mode or not writes:
            return None if folder.st_mode is None else bool(writes)
        # SFTP does not say who we are; where a log-in begins is mostly the account's own home.
        return bool(writes & stat.S_IWUSR) if at_home and folder.st_uid == home.st_uid else None

    def fetch(self, file: StoredFile, target: Path) -> None:
        fetch_settled(self, file, target)

    def look(self, file: StoredFile) -> StoredFile:
        try:
            return _stored(file.key, self._sftp.stat(posixpath.join(self._root, file.key)))
        except LOST as error:
            raise self._told(error, "tệp", f"{self.where}/{file.name}") from None

    def copy(self, file: StoredFile, part: Path) -> None:
        """Bring the file to `part`; when the connection is cut, connect again and go on behind what is there."""
        for cuts in range(RECONNECTS + 1):
            try:
                if cuts:
                    time.sleep(cuts)
                    self.connect()
                    if self.look(file).state != file.state:
                        return  # another file by now: what was begun is of no use
                self._pump(file, part)
            except SourceUnreachable:
                if cuts == RECONNECTS or self._late or self._connected:
                    raise
            else:
                return

    def _pump(self, file: StoredFile, part: Path) -> None:
        try:
            with part.open("ab") as target:
                remote = self._sftp.open(posixpath.join(self._root, file.key), "rb", BLOCK)
                done = target.tell()
                remote.seek(done)
                while done < file.size and (came := _copy_ahead(remote, target, min(READ_AHEAD, file.size - done))):
                    done += came
                write_block(target, remote.read(1))  # there is more than the listing told: then the copy is too long, and seen to be
                remote.close()
        except LOST as error:
            raise self._told(error, "tệp", f"{self.where}/{file.name}") from None

    @property
    def _connected(self) -> bool:
        return self._transport is not None and self._transport.is_active()

    def _told(self, error: Exception, what: str, where: str) -> SourceError:
        """What a failure of the server means. Its own words are left out: they may quote anything."""
        if isinstance(error, PermissionError):
            return SourceRefused(f"Tài khoản không có quyền đọc {what}", where=where, fix="nhờ quản trị máy chủ cấp quyền đọc")
        if isinstance(error, FileNotFoundError):
            return SourceUnreachable(f"Không thấy {what} trên máy chủ SFTP", where=where, fix="xem lại path và hệ thống giao tệp")
        if isinstance(error, EOFError | paramiko.SSHException | TimeoutError | ConnectionError) or not self._connected:
            self.close()
            return self._lost()
        return SourceRefused(f"Máy chủ SFTP từ chối đọc {what}", where=where, fix="xem nhật ký máy chủ SFTP rồi chạy lại")

    def _lost(self) -> SourceError:
        minutes = round(self._store.patience.overall / 60)
        told = f"Quá {minutes} phút vẫn chưa lấy xong" if self._late else "Mất kết nối với máy chủ SFTP giữa chừng"
        return SourceUnreachable(told, where=self.where, fix="xem máy chủ và đường mạng, rồi chạy lại")


def _copy_ahead(remote: paramiko.SFTPFile, target: BinaryIO, length: int) -> int:
    """Ask for so many bytes at once and copy those that come; fewer when the file is shorter. `length`: at least 1."""
    _ask_ahead(remote, length)
    done = 0
    while done < length and (block := remote.read(min(BLOCK, length - done))):
        write_block(target, block)
        done += len(block)
    return done


def _ask_ahead(remote: paramiko.SFTPFile, length: int) -> None:
    """Returns when everything is asked for.

    An answer that is read while questions are still being sent may leave none open: the client then takes
    itself for done, and asks for the rest a second time, block by block.
    """
    all_asked, send = threading.Event(), paramiko.SFTPFile._prefetch_thread  # type: ignore[attr-defined] # noqa: SLF001

    def send_quietly(*arguments: object) -> None:
        # Runs in a thread of the client's own: a cut is told to the reader, not printed by the thread as well.
        try:
            with suppress(*LOST):
                send(remote, *arguments)
        finally:
            all_asked.set()

    remote._prefetch_thread = send_quietly  # type: ignore[attr-defined] # noqa: SLF001
    remote.prefetch(remote.tell() + length)
    all_asked.wait()


def _stored(key: str, state: paramiko.SFTPAttributes, flaw: str = "") -> StoredFile:
    return StoredFile(readable(key), key, state.st_size or 0, float(state.st_mtime or 0), flaw=flaw)


def _name_problem(filename: str) -> str:
    """A server that is not honest can put a whole path where a name belongs."""
    return UNSAFE if "/" in filename else name_flaw(filename)
