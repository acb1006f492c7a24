"""The settings of a school that reads the served demo school: four files, each going another way to the same data."""

from __future__ import annotations

from dataclasses import dataclass
from getpass import getuser
from itertools import cycle
from typing import TYPE_CHECKING

from connectors.demo.other_systems import OTHER_SYSTEMS

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = "127.0.0.1"
READER, DATABASE, BUCKET, CLIENT = "doc_du_lieu", "qlnt", "truong", "truong"
MAIL_ACCOUNT = "vanthu"
MAPS = {"csdl": "csdl_2025", "staff": "staff_2026", **OTHER_SYSTEMS}
HEAD = """\
# Trường mẫu do `truong demo-data --protocols` phục vụ trên máy này. Mọi người và số liệu đều không có thật.
day = "{day}"
data_dir = "{data}"

[school]
name = "Trường Tiểu học Trung Trắc (dữ liệu mẫu)"
code = "79772401"

[backup]
repository = "{data}/backups/restic"
password_file = "secrets/restic.pass"
"""
IMAP = """
[mail.imap]
host = "localhost"
port = {port}
user = "{account}"
password_file = "secrets/imap.pass"
ca_file = "secrets/ca.pem"
"""
MAILDIR = """
[mail]
maildir = "mail"
"""
SQL = """
[sources.qlnt]
kind = "database"
url = "{url}"
column_map = "qlnt_2026"
"""
PASSWORD_LINE = 'password_file = "secrets/qlnt.pass"\n'  # noqa: S105 - where it lies
SFTP = """
[sources.{system}]
kind = "sftp"
host = "127.0.0.1"
port = {port}
user = "{user}"
path = "{path}"
host_key = "{host_key}"
key_file = "secrets/sftp_ed25519"
column_map = "{column_map}"
"""
S3 = """
[sources.{system}]
kind = "s3"
endpoint = "http://127.0.0.1:{port}"
bucket = "{bucket}"
prefix = "{system}"
key_file = "secrets/s3.keys"
column_map = "{column_map}"
"""
FOLDER = """
[sources.{system}]
kind = "folder"
path = "{system}"
column_map = "{column_map}"
"""
API = """
[sources.qlnt]
kind = "api"
url = "https://localhost:{port}"
client_id = "{client}"
secret_file = "secrets/api.secret"
ca_file = "secrets/ca.pem"
requests_a_second = 1000
column_map = "qlnt_api_2026"
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen, and the fingerprint of the SFTP server's key."""

    postgresql: int
    mariadb: int
    sftp: int
    host_key: str
    s3: int
    api: int
    imap: int

    @property
    def lines(self) -> tuple[str, ...]:
        """A line each, for people."""
        names = {"PostgreSQL": self.postgresql, "MariaDB": self.mariadb, "SFTP": self.sftp, "S3": self.s3}
        names |= {"HTTP API (TLS)": self.api, "IMAP (TLS)": self.imap}
        return tuple(f"{name}: {LOOPBACK}:{port}" for name, port in names.items())


def settings_files(folder: Path, day: str, ports: Ports) -> dict[str, str]:
    """File name -> text: over PostgreSQL, over MariaDB (SFTP and S3 the other way round), over the API, and straight from the files."""
    imap = IMAP.format(port=ports.imap, account=MAIL_ACCOUNT)
    postgres = SQL.format(url=f"postgresql://{READER}@{LOOPBACK}:{ports.postgresql}/{DATABASE}") + PASSWORD_LINE
    maria = SQL.format(url=f"mariadb://{READER}@{LOOPBACK}:{ports.mariadb}/{DATABASE}") + PASSWORD_LINE
    systems = [system for system in MAPS if (folder / system).is_dir()]
    drops = {way: [_drop(way, system, folder, ports) for system in systems] for way in ("sftp", "s3", "folder")}
    over_network = [pair[turn] for turn, pair in zip(cycle((0, 1)), zip(drops["sftp"], drops["s3"], strict=True), strict=False)]
    the_other_way = [pair[turn] for turn, pair in zip(cycle((1, 0)), zip(drops["sftp"], drops["s3"], strict=True), strict=False)]
    return {
        "truong.toml": _head(day, "truong") + postgres + "".join(over_network) + imap,
        "mariadb.toml": _head(day, "mariadb") + maria + "".join(the_other_way) + imap,
        "api.toml": _head(day, "api") + API.format(port=ports.api, client=CLIENT) + "".join(drops["folder"]) + imap,
        "files.toml": _head(day, "files") + SQL.format(url="sqlite:///qlnt/qlnt.sqlite") + "".join(drops["folder"]) + MAILDIR,
    }


def _head(day: str, name: str) -> str:
    return HEAD.format(day=day, data=f"data-{name}")


def _drop(way: str, system: str, folder: Path, ports: Ports) -> str:
    if way == "sftp":
        reached = {"port": ports.sftp, "user": getuser(), "host_key": ports.host_key, "path": folder / system}
        return SFTP.format(system=system, column_map=MAPS[system], **reached)
    template = S3 if way == "s3" else FOLDER
    return template.format(system=system, column_map=MAPS[system], port=ports.s3, bucket=BUCKET)
