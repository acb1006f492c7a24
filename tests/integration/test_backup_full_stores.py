"""A store on a server that has no room left: named as such at once by both restics, nothing half-saved counts, the next night is good."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backup.binary import find_restic
from backup.copies import copy_night
from backup.full_disk import REFUSED_TIMES
from backup.saving import save_night, saved_tonight
from backup.verify import prove
from tests.integration.backup_places import rest_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary
from tests.integration.rest_quota import Quota, with_quota
from tests.integration.small_disks import alone_with_a_small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.repository import Repository

TOLD = "Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức)"
BIG = 20_000_000
PATIENCE = 3 * REFUSED_TIMES  # for the packs that are under way meanwhile
SFTP_FULL = """
import os, sys
from pathlib import Path
from backup.errors import DiskFull
from backup.saving import save_night
from tests.integration.backup_places import sftp_copy
from tests.integration.backup_school import School, with_binary
from tests.integration.sshd_server import running_sshd
school, disk = School(Path(sys.argv[1])), Path(sys.argv[3])
with running_sshd(disk.parent) as sshd:
    copy = with_binary(sftp_copy(school, sshd), Path(sys.argv[2]))
    big = school.data / "landing" / "2027-05-31" / "lon"
    big.write_bytes(os.urandom(60_000_000))
    try:
        save_night(copy, school.stage())
    except DiskFull as error:
        print(error.line())
    big.unlink()
    print(len(copy.snapshots()), len(copy.locks()))
    print(save_night(copy, school.stage()).complete, len(copy.snapshots()))
    copy.check("100%")
"""


@pytest.fixture(params=["debian-13", "newest"])
def binary(request: pytest.FixtureRequest) -> Path:
    return find_restic() if request.param == "debian-13" else newest_restic()


@pytest.fixture
def school(tmp_path: Path) -> School:
    school = new_school(tmp_path / "truong")
    school.begin()
    return school


def test_an_sftp_server_whose_disk_is_full(school: School, tmp_path: Path, binary: Path) -> None:
    disk = tmp_path / "sftp" / "files"
    disk.mkdir(parents=True)
    done = alone_with_a_small_disk(disk, sys.executable, "-c", SFTP_FULL, str(school.root), str(binary), str(disk))
    assert done.returncode == 0, done.stderr
    full, left, next_night = done.stdout.splitlines()
    assert full.startswith(f"{TOLD} [sftp://")
    assert "→ dọn đĩa hoặc nới hạn mức ở máy chủ đó" in full
    assert (left, next_night) == ("0 0", "True 1")


@pytest.fixture
def store(school: School, tmp_path: Path, binary: Path) -> Iterator[tuple[Repository, Quota]]:
    with rest_copy(school, tmp_path / "rest") as rest:
        url = rest.url.removeprefix("rest:")
        with with_quota(url, tmp_path / "rest" / "rest", BIG // 2) as quota:
            yield with_binary(replace(rest, url=f"rest:{quota.url}/{rest.name}/"), binary), quota


def test_a_rest_server_that_has_no_room(school: School, store: tuple[Repository, Quota]) -> None:
    copy, quota = store
    (school.data / "landing" / DAY.isoformat() / "lon").write_bytes(random.Random(7).randbytes(BIG))
    staged = school.stage()
    assert save_night(school.repository, staged).complete
    saved = saved_tonight(school.repository, staged.manifest)
    (result,) = copy_night(school.repository, [copy], staged, saved)
    assert result.problem.startswith(f"Kho «{copy.name}»: {TOLD} [rest:{quota.url}/")
    assert 0 < quota.refused < PATIENCE  # nobody tries for a quarter of an hour, nor a second time straight from the sources
    assert (copy.snapshots(), copy.locks()) == ([], [])
    quota.most = 5 * BIG
    (result,) = copy_night(school.repository, [copy], staged, saved)
    assert (result.problem, "đã chép sang" in result.told) == ("", True)
    prove(copy, staged.manifest)
