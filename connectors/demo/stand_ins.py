"""The demo school behind real protocols: its systems served on loopback, and the settings of a school that reads them.

Four settings files go four ways: over PostgreSQL, over MariaDB, over an HTTP API, and straight from the
files; the first two fetch the files by SFTP and S3. Each gives the same canonical tables.
"""

from __future__ import annotations

import secrets
import shutil
import ssl
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from connectors.demo.imap_server import imap
from connectors.demo.servers import LOOPBACK, bucket_server, mariadb, postgresql, program, run, sshd
from connectors.demo.sql_copy import statements
from connectors.demo.stand_in_api import StandIn, serving
from connectors.demo.stand_in_settings import BUCKET, CLIENT, DATABASE, MAIL_ACCOUNT, MAPS, READER, Ports, settings_files

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Served:
    """Where the served school's settings lie, and what is served, a Vietnamese line each."""

    settings: tuple[Path, ...]
    lines: tuple[str, ...]


@contextmanager
def served(folder: Path, day: str) -> Iterator[Served]:
    """Serve the sources in `folder` (as write_demo left them) until the block ends. ConfigurationError names a missing server."""
    folder = folder.resolve()
    passwords = _write_secrets(folder)
    # Not below `folder`: as root the servers run as users of their own, who may not get in there.
    with tempfile.TemporaryDirectory(prefix="truong-may-chu-", ignore_cleanup_errors=True) as place, ExitStack() as stack:
        own = Path(place)
        # A temporary folder is its owner's alone; the servers' users must get through it, not look around in it.
        own.chmod(0o711)
        ports = _start(stack, folder, own, passwords)
        shutil.copy(own / "ssh" / "user_ed25519", folder / "secrets" / "sftp_ed25519")
        (folder / "secrets" / "sftp_ed25519").chmod(0o600)
        texts = settings_files(folder, day, ports)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        yield Served(tuple(folder / name for name in texts), ports.lines)


def _write_secrets(folder: Path) -> dict[str, str]:
    """Random passwords in `secrets/`, each in a file of its own; and the certificate authority of the served school."""
    place = folder / "secrets"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    passwords = {name: secrets.token_urlsafe() for name in ("restic.pass", "qlnt.pass", "imap.pass", "api.secret")}
    contents = {**passwords, "s3.keys": f"{secrets.token_hex(10)}\n{secrets.token_urlsafe()}"}
    for name, content in contents.items():
        # Closed before there is anything in it: written first, a secret is open for a moment.
        file = place / name
        file.touch(mode=0o600)
        file.write_text(content + "\n", encoding="utf-8")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", LOOPBACK)
    authority.cert_pem.write_to_path(place / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(place / "server.pem")
    certificate.private_key_pem.write_to_path(place / "server.key")
    (place / "server.key").chmod(0o600)
    return contents


def _start(stack: ExitStack, folder: Path, own: Path, passwords: dict[str, str]) -> Ports:
    admin = secrets.token_urlsafe()
    postgres = stack.enter_context(postgresql(own / "pg", admin))
    _load_postgresql(folder, postgres, admin, passwords["qlnt.pass"])
    maria, place = stack.enter_context(mariadb(own / "maria"))
    _load_mariadb(folder, place, passwords["qlnt.pass"])
    sftp, host_key = stack.enter_context(sshd(own / "ssh"))
    access, secret = passwords["s3.keys"].split("\n")
    bucket = own / "s3" / BUCKET
    bucket.mkdir(parents=True)
    for system in (system for system in MAPS if (folder / system).is_dir()):
        shutil.copytree(folder / system, bucket / system)
    s3 = stack.enter_context(bucket_server(own / "s3", access, secret))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = folder / "secrets" / "server.pem", folder / "secrets" / "server.key"
    tls.load_cert_chain(*certificate)
    api = stack.enter_context(serving(StandIn(folder / "qlnt" / "qlnt.sqlite", CLIENT, passwords["api.secret"], tls)))
    # With their times: a message's is the day that Dovecot says it came.
    maildir = shutil.copytree(folder / "mail", own / "mail", copy_function=shutil.copy2)
    mail = stack.enter_context(imap(own / "imap", maildir, (MAIL_ACCOUNT, passwords["imap.pass"]), certificate))
    return Ports(postgres, maria, sftp, host_key, s3, api.port, mail)


def _load_postgresql(folder: Path, port: int, admin: str, password: str) -> None:
    """The database and a role that may only read it."""
    file = folder / "secrets" / "pgpass"
    file.touch(mode=0o600)
    file.write_text(f"{LOOPBACK}:{port}:*:truong:{admin}\n", encoding="utf-8")
    psql = ["env", f"PGPASSFILE={file}", program("psql", "postgresql-client"), "-h", LOOPBACK, "-p", str(port), "-U", "truong", "-qAt"]
    psql += ["-v", "ON_ERROR_STOP=1", "-d"]
    role = f"CREATE ROLE {READER} LOGIN PASSWORD '{password}';"
    run([*psql, "postgres"], f"CREATE DATABASE {DATABASE} ENCODING 'UTF8'; {role}")
    tables = "\n".join(statements(folder / "qlnt" / "qlnt.sqlite", backslashes=False))
    run([*psql, DATABASE], f"BEGIN;\n{tables}\nGRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};\nCOMMIT;")


def _load_mariadb(folder: Path, place: Path, password: str) -> None:
    client = [program("mariadb", "mariadb-client"), "--no-defaults", f"--socket={place}", "-u", "root", "--default-character-set=utf8mb4"]
    account = f"'{READER}'@'{LOOPBACK}'"
    tables = "\n".join(statements(folder / "qlnt" / "qlnt.sqlite", backslashes=True))
    run(client, f"CREATE DATABASE {DATABASE}; USE {DATABASE}; SET autocommit = 0;\n{tables}\nCOMMIT;")
    run(client, f"CREATE USER {account} IDENTIFIED BY '{password}'; GRANT SELECT ON {DATABASE}.* TO {account};")
