"""Real servers on loopback as ordinary processes, for the demo school: PostgreSQL, MariaDB, sshd, S3, IMAP.

Each one keeps everything below its own folder, listens on 127.0.0.1 only, and ends with the block that
started it (or with this process, however it dies). The programs are Debian's; a missing one is one clear line.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOOPBACK = "127.0.0.1"
READY_SECONDS, STOP_SECONDS = 60, 15
ADMIN_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def program(name: str, package: str, *folders: str) -> str:
    """A server's program; `folders` are patterns beside PATH. ConfigurationError names the package when it is missing."""
    # Newest first, where several versions of a server are installed.
    own = [str(folder) for pattern in folders for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)]
    places = [str(Path(sys.executable).parent), *own, os.environ.get("PATH", ""), *ADMIN_FOLDERS]
    if found := shutil.which(name, path=os.pathsep.join(places)):
        return found
    raise ConfigurationError(f"Máy này chưa có máy chủ {name}", fix=f"chạy: make servers (hoặc: apt-get install {package})")


def run(command: Sequence[str], text: str = "", user: str = "", more: Mapping[str, str] | None = None) -> str:
    """Run a server's own tool to its end; `more`: what its environment has beside ours. ConfigurationError when it fails."""
    environment = {**os.environ, **(more or {})}
    done = subprocess.run([*_as(user), *command], input=text, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        what = f"{Path(command[0]).name} không chạy được: {told[-1] if told else done.returncode}"
        raise ConfigurationError(what, fix="xem máy có đủ chỗ và đúng phiên bản máy chủ không")
    return done.stdout


@contextmanager
def child(command: Sequence[str], port: int, log: Path, user: str = "", more: Mapping[str, str] | None = None) -> Iterator[None]:
    """A server process, waited for until it listens; it dies with us. `more`: what its environment has beside ours."""
    guard = shutil.which("setpriv")
    dies_with_us = [guard, "--pdeathsig", "KILL", "--"] if guard else []
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            # In this order: a change of user clears the signal (prctl(2)).
            [*_as(user), *dies_with_us, *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **(more or {})},
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def owned(folder: Path, user: str) -> Path:
    """A folder that belongs to the user that a server runs as (only root can give it away)."""
    folder.mkdir(parents=True, exist_ok=True)
    if as_user(user):
        shutil.chown(folder, user, user)
    return folder


def as_user(user: str) -> str:
    """The user that a server must run as when we are root; empty when it runs as ourselves."""
    return user if os.geteuid() == 0 else ""


def _as(user: str) -> list[str]:
    return ["runuser", "-u", user, "--"] if as_user(user) else []


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.05)
    raise ConfigurationError("Máy chủ mẫu không khởi động được", where=str(log), fix="xem tệp nhật ký này")


@contextmanager
def postgresql(folder: Path, password: str) -> Iterator[int]:
    """PostgreSQL with the administrator `truong`; gives its port."""
    user, port = "postgres", free_port()
    tool = "/usr/lib/postgresql/*/bin"
    owned(folder, user)
    secret = folder / "pw"
    secret.write_text(password + "\n", encoding="utf-8")
    if as_user(user):
        shutil.chown(secret, user, user)
    secret.chmod(0o600)
    initdb = [program("initdb", "postgresql", tool), "-D", str(folder / "data"), "-U", "truong", "-A", "scram-sha-256"]
    run([*initdb, f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], user=user)
    server = [program("postgres", "postgresql", tool), "-D", str(folder / "data"), "-h", LOOPBACK, "-p", str(port), "-k", str(folder), "-F"]
    with child(server, port, folder / "log", user):
        yield port


@contextmanager
def mariadb(folder: Path) -> Iterator[tuple[int, Path]]:
    """MariaDB; gives its port and the socket on which the administrator needs no password."""
    user, port, place = "mysql", free_port(), folder / "s"
    owned(folder / "tmp", user)
    owned(folder, user)
    install = [program("mariadb-install-db", "mariadb-server"), "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db"]
    # By default only the system's own root may be the server's; this runs as an ordinary user, too.
    # The temporary folder of whoever starts us may be closed to the server's own user.
    run([*install, "--auth-root-authentication-method=normal"], user=user, more={"TMPDIR": str(folder / "tmp")})
    options = [f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}", f"--socket={place}", f"--port={port}"]
    # Nothing is flushed to the disk at each commit: a demo need survive no power cut. So are -F and --no-sync above.
    options += [f"--bind-address={LOOPBACK}", "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0"]
    with child(
        [program("mariadbd", "mariadb-server"), "--no-defaults", f"--pid-file={folder / 'pid'}", *options], port, folder / "log", user
    ):
        yield port, place


# StrictModes: the key lies below a temporary folder, and sshd refuses any path that others may write to, as /tmp is.
SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_ed25519
PidFile {folder}/pid
AuthorizedKeysFile {folder}/user_ed25519.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {user}
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


@contextmanager
def sshd(folder: Path) -> Iterator[tuple[int, str]]:
    """OpenSSH with SFTP only, for us, by the key `user_ed25519`; gives its port and its host key's fingerprint."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    keygen = program("ssh-keygen", "openssh-client")
    for name in ("host_ed25519", "user_ed25519"):
        run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)])
    if os.geteuid() == 0:
        # As root sshd shuts itself in there; the package's service makes it at start, and in a container none runs.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    settings = folder / "sshd_config"
    settings.write_text(SSHD.format(port=port, folder=folder, user=getpass.getuser()), encoding="utf-8")
    with child([program("sshd", "openssh-server"), "-D", "-e", "-f", str(settings)], port, folder / "log"):
        yield port, run([keygen, "-lf", str(folder / "host_ed25519.pub")]).split()[1]


@contextmanager
def bucket_server(folder: Path, access: str, secret: str) -> Iterator[int]:
    """An S3 server (rclone) whose buckets are the folders of `folder`; gives its port."""
    port = free_port()
    command = [program("rclone", "rclone"), "serve", "s3", "--addr", f"{LOOPBACK}:{port}", "--config", os.devnull, str(folder)]
    keys = f'"{access},{secret}"'  # a list in CSV: unquoted, its comma would part the pair
    with child(command, port, folder.with_name(f"{folder.name}.log"), more={"RCLONE_AUTH_KEY": keys}):
        yield port
