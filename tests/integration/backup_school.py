"""A small school's data folder and real restic repositories for the backup tests."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from backup.binary import find_restic
from backup.contents import StagedNight, stage_night
from backup.repository import Repository
from connectors.records.snapshot import sha256_of, write_snapshot
from infra.secret_files import create_secret
from tests.integration.cheap_keys import cheapen

DAY = date(2027, 5, 31)
PUPILS = 40


@dataclass(frozen=True)
class School:
    """A home with one day of data."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def database(self) -> Path:
        return self.root / "qlnt.sqlite"

    @property
    def repository(self) -> Repository:
        return Repository("tai-cho", str(self.data / "backups" / "restic"), self.root / "restic.pass", self.data / "backups")

    def begin(self) -> None:
        """Make the first repository."""
        self.repository.ensure()
        cheapen(self.data / "backups" / "restic", self.root / "restic.pass")

    def stage(self, day: date = DAY) -> StagedNight:
        return stage_night(self.data, day, self.database)

    def hashes(self, root: Path | None = None) -> dict[str, str]:
        """Relative path -> SHA-256 of all that a backup must hold."""
        base = root or self.data
        places = ("landing", "snapshots", "findings", "reports", "exports", "staging")
        files = [file for place in places for file in sorted((base / place).rglob("*")) if file.is_file()]
        return {file.relative_to(base).as_posix(): sha256_of(file) for file in files}

    def copy(self, root: Path) -> School:
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return School(root)


def new_school(root: Path) -> School:
    """Write the day's data, the QLNT database and the password; no repository yet."""
    school = School(root)
    create_secret(root / "restic.pass")
    write_qlnt(school.database)
    pupils = pl.DataFrame({"pupil_code": [f"{number:010d}" for number in range(PUPILS)]})
    write_snapshot(school.data / "snapshots" / DAY.isoformat(), DAY, {"pupils": pupils}, {})
    chance = b"".join(bytes([number % 251]) * 97 for number in range(2000))
    for name, content in {
        f"landing/{DAY}/csdl/DanhSachHocSinh.xlsx": chance,
        f"landing/{DAY}/staff/can bo [mới].csv": "Mã cán bộ;Họ và tên\n".encode(),
        f"findings/{DAY}/findings.csv": b"rule,key\n",
        f"findings/{DAY.replace(day=30)}/findings.csv": b"rule,key\nx,y\n",
        f"reports/{DAY}/bao-cao.html": "<p>Báo cáo</p>".encode(),
        "exports/bieu-02/2026-09-30.xlsx": chance[:5000],
    }.items():
        file = school.data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return school


def write_qlnt(file: Path, pupils: int = PUPILS) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE hoc_sinh (id INTEGER PRIMARY KEY, ma_hs TEXT)")
        connection.executemany("INSERT INTO hoc_sinh (ma_hs) VALUES (?)", [(f"{number:010d}",) for number in range(pupils)])
        connection.commit()


def without_super_rights(folder: Path, binary: Path | None = None) -> Path:
    """The real restic as someone who must respect file permissions, also when the tests run as root."""
    real = binary or find_restic()
    if os.geteuid() != 0:
        return real
    return script(folder / "restic-thuong", f'exec setpriv --bounding-set=-dac_override,-dac_read_search -- "{real}" "$@"')


def slowed(folder: Path) -> Path:
    """The real restic, which stores 10 MB a second on however quick a disk: there is time to step in."""
    return script(folder / "restic-tu-tu", f'exec "{find_restic()}" --limit-upload 10000 --pack-size 4 "$@"')


TOOLS = Path(__file__).resolve().parents[2] / ".tools"


def newest_restic() -> Path:
    """Debian sid's restic, which `make servers` fetches; where there was no network, ours once more."""
    return TOOLS / "restic-sid" if (TOOLS / "restic-sid").exists() else find_restic()


def script(file: Path, body: str) -> Path:
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def with_binary(repository: Repository, binary: Path) -> Repository:
    return replace(repository, binary=binary)


def plain_restic(
    school: School, *arguments: str, repository: Repository | None = None, binary: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The restic command as the handbook shows it, with none of our code."""
    where = repository or school.repository
    command = [str(binary or find_restic()), "-r", where.url, "--password-file", str(where.password_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def lock_files(school: School) -> list[Path]:
    return [file for file in (school.data / "backups" / "restic" / "locks").glob("*") if file.is_file()]
