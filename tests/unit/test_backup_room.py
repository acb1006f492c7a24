"""How much room the next nights have: asked of the place that keeps them, told before it is gone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from backup import room
from backup.access import Access, sftp_folder
from backup.repository import Repository
from backup.room import LOW_BYTES, LOW_NIGHTS, SCANT_BYTES, SCANT_NIGHTS, room_at, room_left
from backup.stored import StoredSnapshot

if TYPE_CHECKING:
    from pathlib import Path

FIRST = StoredSnapshot("a", datetime(2027, 5, 1, tzinfo=UTC), None, 1, 1, added=10**12)  # the first night brings everything
NIGHT = replace(FIRST, added=500_000_000)
MEAGRE = replace(FIRST, added=1_000)
# As the sftp command of OpenSSH 9.2 prints it with -q.
DF = "        Size         Used        Avail       (root)    %Capacity\n       30720        26764         3956         3956          87%\n"


def _verdict(repository: Repository, free: int, monkeypatch: pytest.MonkeyPatch, *nights: StoredSnapshot) -> tuple[bool | None, str]:
    monkeypatch.setattr(room, "room_at", lambda *_: free)
    (found,) = room_left(repository, (FIRST, *nights))
    return found.good, found.told


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository("tai-cho", str(tmp_path), tmp_path / "mat-khau", tmp_path)


def test_room_is_counted_in_nights(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    red, grey = SCANT_NIGHTS * NIGHT.added, LOW_NIGHTS * NIGHT.added
    assert _verdict(repository, red - 1, monkeypatch, NIGHT, MEAGRE) == (
        False, "sắp đầy: còn 3,5 GB chỗ trống, đủ cho chừng 6 đêm như đêm lớn nhất gần đây"
    )  # fmt: skip
    assert _verdict(repository, red, monkeypatch, MEAGRE, NIGHT)[0] is None
    assert _verdict(repository, grey, monkeypatch, NIGHT) == (True, "còn 15,0 GB chỗ trống")


def test_where_nights_are_small_some_room_must_be_left_all_the_same(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [_verdict(repository, free, monkeypatch, MEAGRE)[0] for free in (SCANT_BYTES - 1, SCANT_BYTES, LOW_BYTES - 1, LOW_BYTES)] == [
        False, None, None, True
    ]  # fmt: skip
    assert _verdict(repository, SCANT_BYTES - 1, monkeypatch) == (False, "sắp đầy: còn 200,0 MB chỗ trống")


def test_a_night_of_long_ago_counts_no_more(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _verdict(repository, LOW_BYTES, monkeypatch, NIGHT, *[MEAGRE] * room.RECENT_NIGHTS)[0] is True


def test_of_a_folder_its_disk_is_asked_and_of_others_nothing_is_known(repository: Repository, tmp_path: Path) -> None:
    found = room_at(repository.url, repository.access)
    assert found is not None
    assert abs(found - shutil.disk_usage(tmp_path).free) < 10**9
    for url in (str(tmp_path / "chua-cam"), "rest:https://may-khac/kho/", "s3:https://may-khac/kho", "sftp:truong@may-khac:/kho"):
        assert room_at(url, Access()) is None
        assert list(room_left(replace(repository, url=url))) == []


@pytest.mark.parametrize(("told", "found"), [(DF, 3956 * 1024), ("", None), ("sftp> df\nCouldn't statvfs: Failure\n", None)])
def test_the_answer_of_sftp(told: str, found: int | None) -> None:
    assert room._available(told) == found


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sftp:truong@may:/srv/kho", "/srv/kho"),
        ("sftp:truong@may:kho", "kho"),
        ("sftp://truong@may:2222//srv/kho", "/srv/kho"),
        ("sftp://truong@may:2222/kho", "kho"),
        ("sftp://truong@[::1]:2222//srv/kho", "/srv/kho"),
    ],
)
def test_the_folder_that_is_asked_for_is_restic_s(url: str, folder: str) -> None:
    assert sftp_folder(url) == folder


def test_a_path_reaches_the_server_whatever_is_in_it() -> None:
    assert room._quoted('/srv/kho "mới" \\ a') == '"/srv/kho \\"mới\\" \\\\ a"'
