"""OpenSSH's own server on loopback with its own keys, and an SFTP server that is not honest."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from infra.source_settings import SftpSource
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "/usr/sbin/sshd"
READY_SECONDS = 60
# StrictModes: pytest's folders lie below /tmp, where others may write. MaxStartups: with ten log-ins at once sshd begins to drop some.
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host_{kind}
PidFile {home}/pid
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin prohibit-password
AllowUsers {user}
LogLevel VERBOSE
MaxStartups 50
"""
SFTP = "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n"


@dataclass
class Sshd:
    """A running server. Its files lie below `files`; `host_key` is its fingerprint."""

    home: Path
    user: str
    port: int = field(default_factory=free_port)

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def host_key(self) -> str:
        return fingerprint(self.home / "host_ed25519.pub")

    def settings(self, folder: Path | str = "", **changes: object) -> SftpSource:
        values: dict[str, object] = {
            "kind": "sftp", "host": "127.0.0.1", "port": self.port, "user": self.user, "path": str(self.files / folder),
            "host_key": self.host_key, "key_file": self.home / "user_ed25519",
        }  # fmt: skip
        return SftpSource.model_validate({name: value for name, value in (values | changes).items() if value is not None})


def fingerprint(public: Path) -> str:
    return subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True).stdout.split()[1]


def make_key(file: Path, kind: str = "ed25519", password: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", password, "-C", "", "-f", str(file)], check=True)
    return file


@contextmanager
def running_sshd(home: Path, *, user: str = "", sftp: bool = True, kind: str = "ed25519", largest: int = 0) -> Iterator[Sshd]:
    """`largest`: KB that a file may grow to; a write beyond gets the very answer that one beyond a quota gets (sftp-server.c)."""
    assert Path(PROGRAM).exists(), "thiếu máy chủ sshd: apt-get install openssh-server"
    server = Sshd(home, user or getpass.getuser())
    _prepare(server, sftp=sftp, kind=kind)
    command = [PROGRAM, "-D", "-e", "-f", str(home / "sshd_config")]
    if largest:
        command = ["bash", "-c", f"trap '' XFSZ; ulimit -f {largest}; exec \"$@\"", "bash", *command]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        wait_until_up(server.port, process, home / "log")
        yield server
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _prepare(server: Sshd, *, sftp: bool, kind: str) -> None:
    server.files.mkdir(parents=True, exist_ok=True)  # it may be a disk of its own
    server.home.chmod(0o755)  # the server reads the list of keys as the user who logs in
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("host_ed25519", "host_rsa", "user_ed25519"):
        make_key(server.home / name, name.partition("_")[2])
    shutil.copy(server.home / "user_ed25519.pub", server.home / "authorized_keys")
    text = CONFIGURATION.format(port=server.port, home=server.home, user=server.user, kind=kind)
    (server.home / "sshd_config").write_text(text + (SFTP if sftp else ""))


def wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(READY_SECONDS * 20):
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


class _Doorman(paramiko.ServerInterface):
    def __init__(self, password: str) -> None:
        self.password = password

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002
        return paramiko.common.AUTH_SUCCESSFUL if password == self.password else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.common.OPEN_SUCCEEDED


@dataclass
class ServedFile:
    """A file as the dishonest server tells it."""

    content: bytes
    modified: int = 1_700_000_000
    told_size: int | None = None


class _Folder(paramiko.SFTPServerInterface):
    """Serves a mapping of names, whatever the names are; paths are looked up by what comes behind /drop/."""

    def __init__(self, server: paramiko.ServerInterface, files: dict[str, ServedFile]) -> None:
        super().__init__(server)
        self.served = files

    def canonicalize(self, path: str) -> str:
        return path

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        if not path.startswith("/drop"):
            return paramiko.sftp.SFTP_NO_SUCH_FILE
        return [self._attributes(name) for name in self.served]

    def _attributes(self, name: str) -> paramiko.SFTPAttributes:
        file, told = self.served[name], paramiko.SFTPAttributes()
        told.filename = name
        told.st_size = len(file.content) if file.told_size is None else file.told_size
        told.st_mode, told.st_uid, told.st_gid = 0o100644, 1, 1
        told.st_mtime = told.st_atime = file.modified
        return told

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        name = path.removeprefix("/drop/")
        return self._attributes(name) if name in self.served else paramiko.sftp.SFTP_NO_SUCH_FILE

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:  # noqa: ARG002
        name = path.removeprefix("/drop/")
        return _Handle(self.served[name].content) if name in self.served else paramiko.sftp.SFTP_NO_SUCH_FILE


class _Handle(paramiko.SFTPHandle):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def read(self, offset: int, length: int) -> bytes | int:
        return self.content[offset : offset + length] or paramiko.sftp.SFTP_EOF


@dataclass
class OtherServer:
    """paramiko's server side on loopback: log-in by password; says of its files what it is told to say."""

    password: str
    files: dict[str, ServedFile]
    key: paramiko.PKey = field(default_factory=paramiko.ECDSAKey.generate)

    def start(self) -> OtherServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, self.files)
            try:
                transport.start_server(server=_Doorman(self.password))
            except (paramiko.SSHException, EOFError):
                continue

    def settings(self, password_file: Path, **changes: object) -> SftpSource:
        values: dict[str, object] = {
            "kind": "sftp", "host": "127.0.0.1", "port": self.port, "user": "truong", "path": "/drop",
            "host_key": self.key.fingerprint, "password_file": password_file,
        }  # fmt: skip
        return SftpSource.model_validate(values | changes)


@contextmanager
def other_server(password: str, files: dict[str, ServedFile]) -> Iterator[OtherServer]:
    server = OtherServer(password, files).start()
    try:
        yield server
    finally:
        server.stop()
