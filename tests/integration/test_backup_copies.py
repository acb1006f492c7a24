"""The further copies of a night, on real servers: equal to the first, straight from the sources where the first is damaged."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from backup import watching
from backup.binary import find_restic
from backup.copies import Means, copy_night, is_plugged_in, last_plugged
from backup.errors import BackupError, BackupFailed, RepositoryMissing
from backup.known import write_json
from backup.restore import find_snapshot, restore
from backup.saving import save_night, saved_tonight, staged_again
from backup.stored import CopyProgress, Progress
from backup.upkeep import forget
from backup.verify import prove
from connectors.stores.object_lock import locked_days
from infra.clock import now
from infra.secret_files import create_secret
from tests.integration.backup_places import folder_copy, rest_copy, s3_copy, sftp_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, plain_restic, with_binary
from tests.integration.fault_proxy import proxied
from tests.integration.s3_servers import running_moto, running_rclone
from tests.integration.sshd_server import running_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.copies import CopyResult
    from backup.repository import Repository

Places = tuple[School, dict[str, "Repository"]]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A school after one good night, and places for copies that are still empty."""
    home = tmp_path_factory.mktemp("cho")
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    assert save_night(school.repository, school.stage()).complete
    with running_sshd(home / "sftp") as sshd, s3_copy(school, home / "s3") as bucket, rest_copy(school, home / "rest") as rest:
        yield school, {"folder": folder_copy(school), "sftp": sftp_copy(school, sshd), "s3": bucket, "rest": rest}


def _copied(school: School, *copies: Repository) -> list[CopyResult]:
    staged = staged_again(school.data)
    assert staged
    return copy_night(school.repository, copies, staged, saved_tonight(school.repository, staged.manifest))


@pytest.mark.parametrize("kind", ["folder", "sftp", "s3", "rest"])
def test_a_copy_is_the_same_snapshot_and_restores_equal(places: Places, tmp_path: Path, kind: str) -> None:
    school, there = places
    (result,) = _copied(school, there[kind])
    assert result.problem == ""
    assert "đã chép sang" in result.told
    staged = staged_again(school.data)
    assert staged
    assert prove(there[kind], staged.manifest).snapshot == result.snapshot
    assert find_snapshot(there[kind]).origin == find_snapshot(school.repository).id
    restore(there[kind], find_snapshot(there[kind]), tmp_path / "lai")
    assert school.hashes(tmp_path / "lai") == school.hashes()
    _copied(school, there[kind])
    assert len(there[kind].snapshots()) == 1


def test_copies_share_their_pieces_and_not_their_password(places: Places) -> None:
    school, there = places
    passwords = {school.root / "restic.pass", *(copy.password_file for copy in there.values())}
    assert len({file.read_text(encoding="utf-8") for file in passwords}) == 5
    _copied(school, there["folder"])
    before = there["folder"].stored_bytes()
    # cut into the same pieces, what the sources bring straight adds next to nothing
    staged = staged_again(school.data)
    assert staged
    saved = save_night(there["folder"], staged)
    assert saved.added_bytes < before / 10


@pytest.mark.parametrize("version", ["debian-13", "newest"])
def test_a_copy_tells_how_far_it_is(places: Places, tmp_path: Path, version: str) -> None:
    school, told = places[0].copy(tmp_path / "truong"), list[tuple[str, Progress | CopyProgress]]()
    _heavier(school)
    staged = school.stage()
    assert save_night(school.repository, staged).complete
    copy = with_binary(folder_copy(school, "dia-ba"), find_restic() if version == "debian-13" else newest_restic())
    means = Means(tell=lambda name, progress: told.append((name, progress)))
    (result,) = copy_night(school.repository, [copy], staged, saved_tonight(school.repository, staged.manifest), means)
    assert "đã chép sang" in result.told
    assert {name for name, _ in told} == {"dia-ba"}
    seen = [progress for _, progress in told if isinstance(progress, CopyProgress)]
    assert len(seen) == len(told)
    assert {progress.nth for progress in seen} == {1, 2}  # the night before had no copy yet
    for nth in (1, 2):
        packs = [progress.packs for progress in seen if progress.nth == nth]
        assert packs == sorted(packs)
        assert packs[-1] == next(progress.total_packs for progress in seen if progress.nth == nth) > 0
    assert all(0 <= progress.fraction <= 1 for progress in seen)
    direct = with_binary(folder_copy(school, "dia-tu"), copy.binary or find_restic())
    assert "đã lưu thẳng vào" in copy_night(school.repository, [direct], staged, None, means)[0].told
    assert told[-1][0] == "dia-tu"  # a night that is saved straight from the sources tells it, too
    assert isinstance(told[-1][1], Progress)
    assert told[-1][1].fraction == 1


@pytest.fixture
def own(places: Places, tmp_path: Path) -> School:
    return places[0].copy(tmp_path / "truong")


def test_a_damaged_first_repository_is_not_the_only_source(own: School) -> None:
    packs = [file for file in (own.data / "backups" / "restic" / "data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()
    copy = folder_copy(own, "dia-ba")
    (result,) = _copied(own, copy)
    assert result.problem == ""
    assert "đã lưu thẳng vào «dia-ba» vì" in result.told
    staged = staged_again(own.data)
    assert staged
    prove(copy, staged.manifest)
    copy.check("100%")


def test_a_first_repository_that_is_gone_does_not_stop_the_copies(own: School) -> None:
    shutil.rmtree(own.data / "backups" / "restic")
    copy = folder_copy(own, "dia-ba", made=False)
    (result,) = _copied(own, copy)
    assert (result.problem, len(copy.snapshots())) == ("", 1)
    with pytest.raises(RepositoryMissing):
        own.repository.ensure()


def test_one_copy_that_fails_stops_no_other(own: School) -> None:
    lost, fine = folder_copy(own, "mat-khau-mat"), folder_copy(own, "dia-ba")
    lost.password_file.unlink()
    failed, good = _copied(own, lost, fine)
    assert "Không thấy tệp mật khẩu" in failed.problem
    assert good.problem == ""
    create_secret(lost.password_file)


def test_a_disk_in_the_drawer_is_told_and_red_only_when_it_is_there_too_long(own: School) -> None:
    disk = folder_copy(own, "dia-roi", made=False, removable=True, max_absent_days=35)
    (own.root / "dia-roi").mkdir()  # an empty mount point must never become a repository by itself
    (never,) = _copied(own, disk)
    assert "truong backup prepare dia-roi" in never.problem
    with pytest.raises(RepositoryMissing):
        disk.ensure()
    assert not list((own.root / "dia-roi").iterdir())
    disk.create(own.repository)
    (plugged,) = _copied(own, disk)
    assert plugged.problem == ""
    seen = last_plugged(disk.state, "dia-roi")
    assert seen is not None
    assert is_plugged_in(disk)
    (own.root / "dia-roi").rename(own.root / "ngan-keo")
    (away,) = _copied(own, disk)
    assert (away.problem, "không cắm, lần cuối" in away.told) == ("", True)
    write_json(disk.state / "plugged.json", {"dia-roi": (now() - timedelta(days=36)).isoformat()})
    (too_long,) = _copied(own, disk)
    assert "36 ngày trước), quá 35 ngày" in too_long.problem


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ASK_SECONDS", 0.3)


def test_an_sftp_server_that_goes_in_mid_upload(own: School, tmp_path: Path, impatient: None) -> None:  # noqa: ARG001
    with running_sshd(tmp_path / "sftp") as sshd, proxied(sshd.port) as proxy:
        copy = sftp_copy(own, sshd, port=proxy.port)
        _heavier(own)
        staged = own.stage()
        proxy.dies_after = proxy.uploaded + MID_UPLOAD
        with pytest.raises(BackupFailed) as caught:
            save_night(copy, staged)
        assert "\n" not in caught.value.line()
        again = sftp_copy(own, sshd, name="may-khac")
        assert save_night(again, staged).complete
        prove(again, staged.manifest)


def test_a_bucket_that_goes_in_mid_upload_is_told_and_heals(own: School, tmp_path: Path, impatient: None) -> None:  # noqa: ARG001
    with s3_copy(own, tmp_path / "s3") as direct:
        port = int(direct.url.rpartition("127.0.0.1:")[2].partition("/")[0])
        with proxied(port) as proxy:
            copy = replace(direct, url=direct.url.replace(f":{port}/", f":{proxy.port}/"))
            _heavier(own)
            staged = own.stage()
            proxy.dies_after = proxy.uploaded + MID_UPLOAD
            with pytest.raises(BackupFailed, match="Mất kết nối tới kho sao lưu giữa chừng"):
                save_night(copy, staged)
        with pytest.raises(BackupFailed, match="không trả lời"):
            copy.snapshots()
        assert direct.snapshots() == []
        assert save_night(direct, staged).complete
        prove(direct, staged.manifest)


MID_UPLOAD = 20_000_000  # of the 60 MB of _heavier


def _heavier(school: School) -> None:
    (school.data / "landing" / DAY.isoformat() / "lon").write_bytes(random.Random(5).randbytes(60_000_000))


def test_an_sftp_server_with_another_key_is_refused(own: School, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sftp") as sshd, running_sshd(tmp_path / "ke-gia") as other:
        copy = sftp_copy(own, sshd, made=False)
        known = copy.access.known_hosts_file
        assert known
        key = (other.home / "host_ed25519.pub").read_text(encoding="utf-8")
        known.write_text(f"[127.0.0.1]:{sshd.port} {key}", encoding="utf-8")
        with pytest.raises(BackupError):
            copy.ensure()
        assert not list(sshd.files.iterdir())


def test_an_append_only_store_takes_nights_and_lets_nothing_go(own: School, tmp_path: Path) -> None:
    with rest_copy(own, tmp_path / "rest", append_only=True) as store:
        (result,) = _copied(own, store)
        assert result.problem == ""
        with pytest.raises(BackupFailed):
            forget(store, [result.snapshot])
        assert [snapshot.id for snapshot in store.snapshots()] == [result.snapshot]
        hidden = own.data / f"landing/{DAY}/csdl/DanhSachHocSinh.xlsx"
        staged = own.stage()
        hidden.unlink()
        partial = save_night(store, staged)  # its tag is refused too: we remember it ourselves
        assert not partial.complete
        assert [snapshot.partial for snapshot in store.snapshots()] == [False, True]


def test_plain_restic_knows_the_copy(places: Places, tmp_path: Path) -> None:
    school, there = places
    _copied(school, there["folder"])
    plain_restic(school, "restore", "latest", "--target", str(tmp_path / "lai"), repository=there["folder"])
    assert school.hashes(tmp_path / "lai") == school.hashes()


def test_a_bucket_says_itself_how_long_it_locks(tmp_path: Path) -> None:
    bucket = "co-khoa"
    with running_moto(tmp_path) as server:
        client = server.client()
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        assert locked_days(server.settings(), tmp_path) == 0
        assert locked_days(server.settings(bucket=bucket), tmp_path) == 0
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
        assert locked_days(server.settings(bucket=bucket), tmp_path) == 30
    (tmp_path / "khong").mkdir()
    with running_rclone(tmp_path / "khong") as knows_no_lock:
        assert locked_days(knows_no_lock.settings(), tmp_path) == 0
