"""How a repository is reached: the options and the environment that restic needs for SFTP, S3 and REST.

Secrets come from files that only their owner can read; they are never on a command line.
"""

from __future__ import annotations

import shlex
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.backup_settings import SFTP_PLACE
from infra.errors import ConfigurationError
from infra.secret_files import permission_problem, read_secret

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
    from pathlib import Path

LOCAL, SFTP, S3, REST = "local", "sftp", "s3", "rest"
CONNECT_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}
SSH_SECONDS = 20  # to connect, and between two signs of life before a line is given up
_KEYS = {S3: ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), REST: ("RESTIC_REST_USERNAME", "RESTIC_REST_PASSWORD")}


def kind_of(url: str) -> str:
    """`local`, or the scheme of a repository that is reached over a network."""
    scheme, colon, _ = url.partition(":")
    return scheme if colon and "/" not in scheme else LOCAL


def server_of(url: str) -> tuple[str, int] | None:
    """Host and port of the server that keeps a repository; None for a folder, and for places that we cannot ask."""
    kind = kind_of(url)
    if kind == SFTP and (place := SFTP_PLACE.match(url)):
        return place["host"].strip("[]"), int(place["port"] or 22)
    if kind in {S3, REST}:
        address = urlsplit(url.removeprefix(f"{kind}:") if "://" in url else f"https://{url.removeprefix(f'{kind}:')}")
        return (address.hostname, address.port or _PORTS.get(address.scheme, 443)) if address.hostname else None
    return None


def sftp_folder(url: str) -> str:
    """The folder of an SFTP repository as its server knows it: behind `sftp://` a path begins after its slash, as restic reads it."""
    place = SFTP_PLACE.match(url)
    path = place["path"] if place else ""
    return path.removeprefix("/") if url.startswith(f"{SFTP}://") else path


def answers(url: str, seconds: float = CONNECT_SECONDS) -> bool:
    """Whether anything listens where a repository should be; a folder always answers."""
    server = server_of(url)
    if server is None:
        return True
    try:
        socket.create_connection(server, timeout=seconds).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Terms:
    """What kind of place a repository is (infra.backup_settings.Place)."""

    append_only: bool = False
    removable: bool = False
    max_absent_days: int = 0
    object_lock_days: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """The files that open the way to a remote repository; nothing of a local one."""

    key_file: Path | None = None
    known_hosts_file: Path | None = None
    ca_file: Path | None = None
    region: str = ""

    def options(self, url: str) -> list[str]:
        """Options for restic. ConfigurationError when a file that they name is missing or open to others."""
        found = ["-o", _one_value(f"sftp.command={self._ssh(url)}")] if kind_of(url) == SFTP else []
        if kind_of(url) == S3 and self.region:
            found += ["-o", f"s3.region={self.region}"]
        return [*found, "--cacert", str(self.ca_file)] if self.ca_file else found

    def environment(self, url: str) -> Mapping[str, str]:
        """The keys of S3 and REST, read from their file when they are needed. ConfigurationError when it does not hold two lines."""
        names = _KEYS.get(kind_of(url))
        if names is None or self.key_file is None:
            return {}
        lines = read_secret(self.key_file).splitlines()
        if len(lines) != len(names):
            raise ConfigurationError(
                "Tệp khóa của kho sao lưu phải có đúng hai dòng", where=str(self.key_file), fix="ghi mỗi khóa một dòng"
            )
        return dict(zip(names, (line.strip() for line in lines), strict=True))

    def sftp(self, url: str) -> list[str]:
        """The sftp that asks an SFTP server one thing, on its standard input: it comes in exactly as restic's ssh does."""
        place = self._sftp_place(url)
        port = ["-P", place["port"]] if place["port"] else []
        return ["sftp", "-q", "-b", "-", *self._ssh_options(), *port, f"{place['user']}@{place['host']}"]

    def _ssh(self, url: str) -> str:
        """The ssh that restic starts."""
        place = self._sftp_place(url)
        port = ["-p", place["port"]] if place["port"] else []
        host = place["host"].strip("[]")
        return shlex.join(["ssh", *self._ssh_options(), *port, "-l", place["user"], host, "-s", "sftp"])

    def _sftp_place(self, url: str) -> re.Match[str]:
        place = SFTP_PLACE.match(url)
        if place is None or self.key_file is None or self.known_hosts_file is None:
            raise ConfigurationError(
                "Kho SFTP thiếu khóa hoặc sai địa chỉ", where=url, fix="xem mục [[backup.copies]] của truong.example.toml"
            )
        for file in (self.key_file, self.known_hosts_file):
            if not file.is_file():
                raise ConfigurationError("Không thấy tệp của kho SFTP", where=str(file), fix="chép lại tệp đó")
        if problem := permission_problem(self.key_file):
            raise ConfigurationError(problem, where=str(self.key_file), fix=f"chạy: chmod 600 '{self.key_file}'")
        return place

    def _ssh_options(self) -> list[str]:
        """Only this key, only a server whose key was pinned, no question asked, no settings of the user."""
        # The known hosts in quotes: ssh takes several files there, divided by blanks.
        settings = {
            "UserKnownHostsFile": f'"{self.known_hosts_file}"', "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "yes",
            "BatchMode": "yes", "IdentitiesOnly": "yes", "ConnectTimeout": SSH_SECONDS, "ServerAliveInterval": SSH_SECONDS,
        }  # fmt: skip
        return ["-F", "none", "-i", str(self.key_file), *(part for key, value in settings.items() for part in ("-o", f"{key}={value}"))]


def _one_value(text: str) -> str:
    """An option as restic reads it: a line of CSV, in which a comma or a quote in a path would begin another value."""
    return '"' + text.replace('"', '""') + '"'
