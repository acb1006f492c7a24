"""A real Dovecot on loopback over a Maildir, and a network between that can drop, fall silent or be counted."""

from __future__ import annotations

import getpass
import grp
import hashlib
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from infra.source_settings import ImapServer
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "vanthu@truongmau.edu.vn", "Mật khẩu “rất” khó 7"
ASCII_USER, ASCII_PASSWORD = "doc@truongmau.edu.vn", 'chi-doc "7" \\'
READY_SECONDS = 60
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = {only_encrypted}
auth_mechanisms = {mechanisms}
auth_failure_delay = 1 secs
{identity}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
mail_fsync = never
mail_max_userip_connections = 50
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
{more}
"""
AS_OURSELVES = "\n".join(
    f"service {name} {{\n  chroot =\n}}" for name in ("anvil", "imap-login", "stats", "ipc", "director", "auth-worker", "old-stats")
)


@dataclass
class Dovecot:
    """One Dovecot over one Maildir. Nothing of it is below pytest's own folder: its processes could not get in."""

    separator: str = "/"
    prefix: str = ""
    mechanisms: str = "plain login"
    more: str = ""
    plain: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="truong-imap-")))

    @property
    def maildir(self) -> Path:
        return self.folder / "mail"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def settings(self, security: str = "tls", port: int | None = None, **changes: object) -> ImapServer:
        """Settings that reach it, by default straight over TLS."""
        values = {
            "host": "127.0.0.1", "port": port or (self.tls if security == "tls" else self.plain), "user": USER,
            "password_file": self.folder / "mat_khau", "security": security, "ca_file": self.ca, **changes,
        }  # fmt: skip
        return ImapServer.model_validate(values)

    def context(self) -> ssl.SSLContext:
        """Its certificate, for a scripted server that is to be trusted like it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        return context

    def client(self) -> imaplib.IMAP4_SSL:
        """The standard library's own client, for looking from another side."""
        client = imaplib.IMAP4_SSL("127.0.0.1", self.tls, ssl_context=ssl.create_default_context(cafile=str(self.ca)))
        client.login(ASCII_USER, ASCII_PASSWORD)
        return client

    def own(self) -> None:
        """Give the Maildir to the user that the mail processes run as."""
        if os.geteuid() == 0:
            for path in [self.maildir, *self.maildir.rglob("*")]:
                shutil.chown(path, "nobody", "nogroup")

    def messages(self) -> dict[str, str]:
        """Every message file, where it lies, what it is called (its flags), when it was changed, and what it holds."""
        files = [path for path in self.maildir.rglob("*") if path.parent.name in {"cur", "new"}]
        told = {path: f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files}
        return {path.relative_to(self.maildir).as_posix(): text for path, text in told.items()}

    def state(self) -> dict[str, list[bytes]]:
        """What the server itself tells of every folder: messages, recent, unseen, next number, all flags and mod-sequences."""
        with self.client() as client:
            names = [line.rpartition(b'"/" ')[2].decode() for line in client.list()[1] if b"noselect" not in line.lower()]
            told = {}
            for name in names:
                told[name] = client.status(name, "(MESSAGES RECENT UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ)")[1]
                assert client.select(name, readonly=True)[0] == "OK", name
                told[name] += client.fetch("1:*", "(UID FLAGS MODSEQ)")[1]
            return told

    def _write(self) -> Path:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(self.ca)
        certificate.private_key_pem.write_to_path(self.folder / "key.pem")
        for number, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(self.folder / "cert.pem", append=number > 0)
        users = f"{USER}:{{PLAIN}}{PASSWORD}::::::\n{ASCII_USER}:{{PLAIN}}{ASCII_PASSWORD}::::::\n"
        (self.folder / "users").write_text(users, encoding="utf-8")
        for name, secret in (("mat_khau", PASSWORD), ("mat_khau_sai", "không phải"), ("mat_khau_ascii", ASCII_PASSWORD)):
            (self.folder / name).write_text(secret + "\n", encoding="utf-8")
            (self.folder / name).chmod(0o600)
        file = self.folder / "dovecot.conf"
        file.write_text(CONFIGURATION.format(**self._values()), encoding="utf-8")
        return file

    def _values(self) -> dict[str, object]:
        root = os.geteuid() == 0
        mailer = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        myself, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        ours = f"default_internal_user = {myself}\ndefault_login_user = {myself}\ndefault_internal_group = {group}\n{AS_OURSELVES}"
        ports = {"plain": self.plain, "tls": self.tls}
        naming = {"separator": self.separator, "prefix": self.prefix, "more": self.more, "mechanisms": self.mechanisms}
        identity = {"uid": mailer.pw_uid, "gid": mailer.pw_gid, "identity": "" if root else ours, "only_encrypted": "yes"}
        return {"folder": self.folder, **ports, **naming, **identity}

    @contextmanager
    def running(self) -> Iterator[Dovecot]:
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            pytest.fail("thiếu máy chủ IMAP Dovecot (gói Debian: dovecot-imapd)")
        self.folder.chmod(0o755)
        self.maildir.mkdir(exist_ok=True)
        self.own()
        process = subprocess.Popen([program, "-F", "-c", str(self._write())], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self._wait(process)
            yield self
        finally:
            process.terminate()
            process.wait(READY_SECONDS)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(READY_SECONDS * 20):
            with suppress(OSError), self.client():
                return
            if process.poll() is not None and process.stderr:
                pytest.fail(f"Dovecot không chạy: {process.stderr.read().decode('utf-8', 'replace')}")
            time.sleep(0.05)
        pytest.fail(f"Dovecot không trả lời: {(self.folder / 'log').read_text(encoding='utf-8')}")


@dataclass
class Network:
    """A relay to a port. The first `faults` connections lose their line after `after` bytes from the server."""

    to: int
    after: int = 0
    faults: int = 0
    silent: bool = False  # falls silent instead of closing
    connections: int = 0
    port: int = 0
    last: threading.Event = field(default_factory=threading.Event)
    open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Every line that is up now goes down."""
        for end in self.open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[Network]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            yield self
            self.last.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listener.accept()[0]
                self.connections += 1
                far = socket.create_connection(("127.0.0.1", self.to))
                self.open += [near, far]
                bad = self.connections <= self.faults
                threading.Thread(target=self._relay, args=(near, far, None), daemon=True).start()
                threading.Thread(target=self._relay, args=(far, near, self.after if bad else None), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while chunk := source.recv(4096):
                target.sendall(chunk if left is None else chunk[:left])
                left = None if left is None else left - len(chunk)
                if left is not None and left <= 0:
                    if self.silent:
                        self.last.wait()
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class Script:
    """A server that says what it likes: a line at the start, then a line after each line it is told.

    `TAG` in a line becomes the tag it was told; behind a line that ends in `<TLS>` it speaks TLS.
    """

    lines: tuple[bytes, ...]
    context: ssl.SSLContext | None = None
    port: int = 0
    told: list[bytes] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[Script]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
            yield self

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection = listener.accept()[0]
                with suppress(OSError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        for number, line in enumerate(self.lines):
            if number:
                self.told.append(_line_from(connection))
            tag = self.told[-1].split(b" ")[0] if number else b"*"
            connection.sendall(line.replace(b"TAG", tag).removesuffix(b"<TLS>"))
            if line.endswith(b"<TLS>") and self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
        self.told.append(_line_from(connection))
        connection.close()


def _line_from(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (letter := connection.recv(1)):
        line += letter
    return line
