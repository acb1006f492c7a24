"""Places for further copies: a folder, and real SFTP, S3 and REST servers on loopback, each with a password file of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from backup.access import Access, Terms
from backup.repository import Repository
from infra.secret_files import create_secret
from tests.integration.cheap_keys import cheapen
from tests.integration.s3_servers import BUCKET, PROGRAMS, running_rclone, serving, write_keys
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.backup_school import School
    from tests.integration.sshd_server import Sshd


def folder_copy(school: School, name: str = "dia-hai", *, made: bool = True, **terms: object) -> Repository:
    """A repository on another disk; `made`: it is there, and empty."""
    repository = _repository(school, name, str(school.root / name), Access(), **terms)
    return _made(school, repository, school.root / name) if made else repository


def sftp_copy(school: School, server: Sshd, name: str = "may-khac", port: int = 0, *, made: bool = True) -> Repository:
    """A repository over SFTP; the server's key was pinned beforehand. `port`: of something between us and the server."""
    known = school.root / f"{name}.known_hosts"
    key = (server.home / "host_ed25519.pub").read_text(encoding="utf-8")
    known.write_text(f"[127.0.0.1]:{port or server.port} {key}", encoding="utf-8")
    url = f"sftp://{server.user}@127.0.0.1:{port or server.port}/{server.files}/{name}"
    repository = _repository(school, name, url, Access(server.home / "user_ed25519", known))
    return _made(school, repository, server.files / name) if made else repository


@contextmanager
def s3_copy(school: School, home: Path, name: str = "kho-s3") -> Iterator[Repository]:
    """A repository in a bucket."""
    local = _repository(school, name, str(home / "s3" / BUCKET / name), Access())
    local.create(school.repository)  # on its disk: the server would not see a key that changes behind its back
    cheapen(home / "s3" / BUCKET / name, local.password_file)
    with running_rclone(home) as server:
        url = f"s3:{server.endpoint}/{BUCKET}/{name}"
        yield replace(local, url=url, access=Access(server.key_file, region="us-east-1"))


@contextmanager
def rest_copy(school: School, home: Path, name: str = "kho-rest", *, append_only: bool = False) -> Iterator[Repository]:
    """A repository on a REST server that asks for a name and a password."""
    with running_rest(home, append_only=append_only) as url:
        keys = write_keys(home / "rest.keys", "truong", "mat-khau-rest")
        repository = _repository(school, name, f"rest:{url}/{name}/", Access(keys), append_only=append_only)
        yield _made(school, repository, home / "rest" / name)


@contextmanager
def running_rest(home: Path, *, append_only: bool = False) -> Iterator[str]:
    (home / "rest").mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = ["--addr", f"127.0.0.1:{port}", "--user", "truong", "--pass", "mat-khau-rest", "--config", "/dev/null"]
    options += ["--append-only"] if append_only else []
    with serving([str(PROGRAMS / "rclone"), "serve", "restic", *options, str(home / "rest")], port, home / "rest.log"):
        yield f"http://127.0.0.1:{port}"


def _repository(school: School, name: str, url: str, access: Access, **terms: object) -> Repository:
    password = school.root / f"{name}.pass"
    create_secret(password)
    return Repository(name, url, password, school.data / "backups", access=access, terms=replace(Terms(), **terms))  # type: ignore[arg-type]


def _made(school: School, repository: Repository, folder: Path) -> Repository:
    if not folder.exists():
        repository.create(school.repository)
        repository.ensure()
        cheapen(folder, repository.password_file)
    return repository
