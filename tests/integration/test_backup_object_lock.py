"""A repository in a bucket that locks what it gets: real restic on a server with versions and a default retention."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from backup.access import Access
from backup.binary import find_restic
from backup.repository import Repository
from backup.restore import find_snapshot, restore
from backup.saving import save_night
from backup.upkeep import forget, prune
from backup.verify import prove
from flows.home import Home
from flows.repositories import healths, look_at_repositories
from infra.secret_files import create_secret
from infra.settings import Settings
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary
from tests.integration.cheap_keys import cheapen
from tests.integration.s3_servers import S3, running_moto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with running_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


def _locked_bucket(server: S3, name: str) -> Any:  # noqa: ANN401 - boto3 makes its classes when it runs
    client = server.client()
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": DAYS}}
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    return client


def _put_repository(server: S3, bucket: str, school: School, password: Path) -> Repository:
    """A repository in the bucket; made on a disk, where its key can be made cheap."""
    made = Repository("kho-s3", str(school.root / "mau"), password, school.data / "backups")
    made.create()
    cheapen(school.root / "mau", password)
    for file in (one for one in (school.root / "mau").rglob("*") if one.is_file()):
        key = f"kho/{file.relative_to(school.root / 'mau').as_posix()}"
        server.client().put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    url, access = f"s3:{server.endpoint}/{bucket}/kho", Access(server.key_file, region="us-east-1")
    repository = replace(made, url=url, access=access)
    repository.ensure()
    return repository


def _versions(client: Any, bucket: str) -> set[tuple[str, str]]:  # noqa: ANN401
    return {(one["Key"], one["VersionId"]) for one in client.list_object_versions(Bucket=bucket).get("Versions", [])}


def _undelete(client: Any, bucket: str) -> int:  # noqa: ANN401
    """Take the delete markers away, as whoever keeps the bucket would; restic's old locks stay deleted."""
    markers = [one for one in client.list_object_versions(Bucket=bucket).get("DeleteMarkers", []) if "/locks/" not in one["Key"]]
    for one in markers:
        client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    return len(markers)


@pytest.mark.parametrize("version", ["debian-13", "newest"])
def test_what_restic_deletes_in_a_locked_bucket_can_be_brought_back(server: S3, tmp_path: Path, version: str) -> None:
    client, school = _locked_bucket(server, version), new_school(tmp_path / "truong")
    create_secret(school.root / "s3.pass")
    binary = find_restic() if version == "debian-13" else newest_restic()
    repository = with_binary(_put_repository(server, version, school, school.root / "s3.pass"), binary)
    first = school.stage()
    assert save_night(repository, first).complete
    before = school.hashes()
    (school.data / "reports" / DAY.isoformat() / "bao-cao.html").write_bytes(b"khac" * 5000)
    second = school.stage()
    assert save_night(repository, second).complete
    prove(repository, second.manifest)
    nights = repository.snapshots()
    stored = _versions(client, version)
    forget(repository, [nights[0].id])
    prune(repository)
    assert [night.id for night in repository.snapshots()] == [nights[1].id]
    repository.check("100%")
    assert stored <= _versions(client, version)
    for key, number in stored:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(Bucket=version, Key=key, VersionId=number)
    assert _undelete(client, version) >= 2  # the snapshot and its pack or index
    assert [night.id for night in repository.snapshots()] == [night.id for night in nights]
    repository.check("100%")
    restore(repository, find_snapshot(repository, nights[0].id), tmp_path / "lai")
    assert school.hashes(tmp_path / "lai") == before


@pytest.mark.parametrize(
    ("asked", "light", "told"),
    [
        (DAYS, "ổn", f"Object Lock khóa {DAYS} ngày"),
        (DAYS + 1, "ĐỎ: khóa xóa", f"chỉ khóa tệp {DAYS} ngày, cấu hình đòi {DAYS + 1} → nhờ nơi giữ kho bật Object Lock"),
    ],
)
def test_the_status_says_how_long_the_bucket_locks(server: S3, tmp_path: Path, asked: int, light: str, told: str) -> None:
    bucket = f"trang-thai-{asked}"
    _locked_bucket(server, bucket)
    school = new_school(tmp_path / "truong")
    place = {
        "name": "kho-s3", "repository": f"s3:{server.endpoint}/{bucket}/kho", "password_file": "restic.pass",
        "key_file": str(server.key_file), "object_lock_days": asked, "contents": [],
    }  # fmt: skip
    values = {"school": {"name": "Trường Mẫu"}, "day": DAY.isoformat(), "home": school.root, "backup": place}
    home = Home(Settings.model_validate(values), school.root / "truong.toml")
    repository = _put_repository(server, bucket, school, school.root / "restic.pass")
    assert save_night(repository, school.stage()).complete
    result = look_at_repositories(home)
    assert result.facts == {"kho-s3": light}
    assert told in "\n".join(result.lines)
    assert bool(result.problem) == (light != "ổn")


def test_a_bucket_that_cannot_be_asked_is_red_too(server: S3, tmp_path: Path) -> None:
    school = new_school(tmp_path / "truong")
    place = {
        "repository": f"s3:{server.endpoint}/khong-co/kho", "password_file": "restic.pass",
        "key_file": str(server.key_file), "object_lock_days": DAYS,
    }  # fmt: skip
    values = {"school": {"name": "Trường Mẫu"}, "day": DAY.isoformat(), "home": school.root, "backup": place}
    (health,) = healths(Home(Settings.model_validate(values), school.root / "truong.toml"))
    assert [verdict.topic.name for verdict in health.red] == ["REACH", "LOCK"]
