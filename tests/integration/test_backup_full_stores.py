"""A store on a server that has no room left: named as such by both restics, nothing half-saved counts, the next night is good.

Where a server does not say why it refuses, that it may be full is told as a possibility.
"""

from __future__ import annotations

import random
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from backup import full_store
from backup.binary import find_restic
from backup.copies import Means, copy_night
from backup.errors import DiskFull, StoreRefused
from backup.full_store import REFUSED_TIMES
from backup.room import room_at
from backup.saving import save_night, saved_tonight
from backup.stored import CopyProgress
from backup.verify import prove
from tests.integration.backup_places import rest_copy, s3_copy, sftp_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary
from tests.integration.rest_quota import NO_ROOM, Quota, with_quota
from tests.integration.small_disks import alone_with_a_small_disk
from tests.integration.sshd_server import running_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.repository import Repository
    from backup.stored import Progress

TOLD = "Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức)"
BIG = 20_000_000
PATIENCE = 3 * REFUSED_TIMES  # for the packs that are under way meanwhile
REFUSED = "Máy chủ của kho sao lưu từ chối ghi mà không nói vì sao"
CEPH = (403, b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>QuotaExceeded</Code><Message></Message></Error>')
SFTP_FULL = """
import os, sys
from pathlib import Path
from backup.errors import DiskFull
from backup.room import room_left
from backup.saving import save_night
from tests.integration.backup_places import sftp_copy
from tests.integration.backup_school import School, with_binary
from tests.integration.sshd_server import running_sshd
school, disk = School(Path(sys.argv[1])), Path(sys.argv[3])
with running_sshd(disk.parent) as sshd:
    copy = with_binary(sftp_copy(school, sshd), Path(sys.argv[2]))
    print(*(verdict.told for verdict in room_left(copy)))
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

SERVER_FULL = """
import os, sys
from pathlib import Path
from backup import full_store
from backup.errors import BackupFailed
from backup.saving import save_night
from backup.upkeep import prune
from tests.integration.backup_places import rest_copy, s3_copy
from tests.integration.backup_school import School, with_binary
school, disk = School(Path(sys.argv[1])), Path(sys.argv[3])
full_store.REFUSED_TIMES, full_store.TRIED_TIMES = 2, 1
with (s3_copy if disk.name == "s3" else rest_copy)(school, disk.parent) as place:
    copy = with_binary(place, Path(sys.argv[2]))
    big = school.data / "landing" / "2027-05-31" / "lon"
    big.write_bytes(os.urandom(60_000_000))
    try:
        save_night(copy, school.stage())
    except BackupFailed as error:
        print(type(error).__name__, error.line())
    big.unlink()
    print(len(copy.snapshots()), len(copy.locks()))
    print(save_night(copy, school.stage()).complete, len(copy.snapshots()))
    prune(copy)
    copy.check("100%")
    print(max(file.stat().st_size for file in disk.rglob("*") if file.is_file()) < 1_000_000)
"""


@pytest.fixture(params=["debian-13", "newest"])
def binary(request: pytest.FixtureRequest) -> Path:
    return find_restic() if request.param == "debian-13" else newest_restic()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> School:
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    return school


@pytest.fixture
def school(begun: School, tmp_path: Path) -> School:
    return begun.copy(tmp_path / "truong")


def test_an_sftp_server_whose_disk_is_full(school: School, tmp_path: Path, binary: Path) -> None:
    disk = tmp_path / "sftp" / "files"
    disk.mkdir(parents=True)
    done = alone_with_a_small_disk(disk, sys.executable, "-c", SFTP_FULL, str(school.root), str(binary), str(disk))
    assert done.returncode == 0, done.stderr
    before, full, left, next_night = done.stdout.splitlines()
    assert re.fullmatch(r"sắp đầy: còn (2\d|3[01]),\d MB chỗ trống", before)  # of 30: told before it is full
    assert full.startswith(f"{TOLD} [sftp://")
    assert "→ dọn đĩa hoặc nới hạn mức ở máy chủ đó" in full
    assert (left, next_night) == ("0 0", "True 1")


@pytest.fixture
def store(school: School, tmp_path: Path, binary: Path) -> Iterator[tuple[Repository, Quota]]:
    with rest_copy(school, tmp_path / "rest") as rest:
        url = rest.url.removeprefix("rest:")
        with with_quota(url, tmp_path / "rest" / "rest", BIG // 2) as quota:
            yield with_binary(replace(rest, url=f"rest:{quota.url}/{rest.name}/"), binary), quota


def test_a_rest_server_that_has_no_room(school: School, store: tuple[Repository, Quota], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_store, "TRIED_TIMES", 2)
    copy, quota = store
    (school.data / "landing" / DAY.isoformat() / "lon").write_bytes(random.Random(7).randbytes(BIG))
    staged = school.stage()
    assert save_night(school.repository, staged).complete
    saved = saved_tonight(school.repository, staged.manifest)
    heard: list[Progress | CopyProgress] = []
    for answer, told in ((NO_ROOM, f"{TOLD} [rest:{quota.url}/"), ((500, b""), f"{REFUSED}, có thể đĩa hoặc hạn mức ở đó đã đầy")):
        quota.answer, quota.refused = answer, 0
        (result,) = copy_night(school.repository, [copy], staged, saved, Means(tell=lambda _, progress: heard.append(progress)))
        assert result.problem.startswith(f"Kho «{copy.name}»: {told}")
        assert 0 < quota.refused < PATIENCE  # nobody tries for a quarter of an hour
        assert {type(one) for one in heard} <= {CopyProgress}  # nor a second time straight from the sources
        assert (copy.snapshots(), copy.locks()) == ([], [])
    quota.most = 5 * BIG
    (result,) = copy_night(school.repository, [copy], staged, saved)
    assert (result.problem, "đã chép sang" in result.told) == ("", True)
    prove(copy, staged.manifest)


@pytest.mark.parametrize(("kind", "newest", "said"), [("rest", False, "500 Internal Server Error"), ("s3", True, "Internal Error")])
def test_a_server_that_does_not_say_that_its_disk_is_full(school: School, tmp_path: Path, kind: str, newest: bool, said: str) -> None:  # noqa: FBT001
    disk = tmp_path / "server" / kind
    disk.mkdir(parents=True)
    binary = newest_restic() if newest else find_restic()
    done = alone_with_a_small_disk(disk, sys.executable, "-c", SERVER_FULL, str(school.root), str(binary), str(disk))
    assert done.returncode == 0, done.stderr
    refused, left, next_night, pruned = done.stdout.splitlines()
    assert refused.startswith(f"StoreRefused {REFUSED}, có thể đĩa hoặc hạn mức ở đó đã đầy (nguyên văn: ")
    assert f"{said})" in refused
    assert "→ hỏi người quản trị máy chủ đó còn chỗ và hạn mức không" in refused
    assert (left, next_night, pruned) == ("0 0", "True 1", "True")


def test_an_sftp_server_with_a_quota(school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk has room, and says so."""
    monkeypatch.setattr(full_store, "TRIED_TIMES", 2)
    big = school.data / "landing" / DAY.isoformat() / "lon"
    big.write_bytes(random.Random(7).randbytes(3 * BIG))
    with running_sshd(tmp_path / "sftp", largest=2_000) as sshd:
        copy = sftp_copy(school, sshd)
        assert room_at(copy.url, copy.access)
        with pytest.raises(StoreRefused) as refused:
            save_night(copy, school.stage())
        told = refused.value.line()
        assert re.match(
            rf"{REFUSED}, đĩa ở đó còn \d+,\d GB nên có thể là hết hạn mức \(nguyên văn: \"Failure\" \(SSH_FX_FAILURE\)\) \[sftp:", told
        )
        big.unlink()
        assert save_night(copy, school.stage()).complete
        assert len(copy.snapshots()) == 1


def test_a_bucket_whose_quota_is_used_up(school: School, tmp_path: Path) -> None:
    (school.data / "landing" / DAY.isoformat() / "lon").write_bytes(random.Random(7).randbytes(3 * BIG))
    staged = school.stage()
    with s3_copy(school, tmp_path / "s3") as s3, with_quota(s3.url.removeprefix("s3:"), tmp_path / "s3" / "s3", BIG // 2) as quota:
        folder = urlsplit(s3.url.removeprefix("s3:")).path
        copy = with_binary(replace(s3, url=f"s3:{quota.url}{folder}"), newest_restic())
        quota.answer = CEPH
        with pytest.raises(DiskFull) as full:
            save_night(copy, staged)
        assert full.value.line().startswith(f"{TOLD} [s3:{quota.url}{folder}] → dọn đĩa hoặc nới hạn mức ở máy chủ đó")
        assert 0 < quota.refused < PATIENCE
        assert copy.snapshots() == []
        quota.most = 5 * BIG
        assert save_night(copy, staged).complete
        prove(copy, staged.manifest)
