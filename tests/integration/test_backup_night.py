"""A night saved into a real restic repository, proved there, and brought back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from backup.contents import Contents, absent_parts, stage_night
from backup.drill import drill, last_drill, past_drills
from backup.errors import PartMissing, ProofFailed, RepositoryDamaged, RestoreError
from backup.manifest import MANIFEST_PATH, paths_of
from backup.manifest_file import staged_manifest, write_manifest
from backup.restore import find_snapshot, restore
from backup.saving import save_night
from backup.verify import broken_parts, prove
from connectors.records.snapshot import sha256_of
from infra.clock import now
from tests.integration.backup_school import DAY, PUPILS, School, lock_files, new_school, plain_restic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school after one good night: read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    assert school.repository.save(school.stage().contents).complete
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    """A copy of it to break."""
    return saved.copy(tmp_path / "truong")


def _lose_data(school: School) -> None:
    """Lose the biggest pack: it holds files, not the repository's own structure."""
    packs = [file for file in (school.data / "backups" / "restic" / "data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()


def test_the_proof_comes_from_the_repository(saved: School) -> None:
    manifest = staged_manifest(saved.data)
    proof = prove(saved.repository, manifest)
    assert (proof.day, proof.files) == (DAY, len(manifest.files))
    assert proof.bytes == sum((saved.data / path).stat().st_size for path in paths_of(manifest.files))
    assert set(paths_of(manifest.files)) == set(saved.hashes()) - {MANIFEST_PATH}
    assert saved.repository.locks() == []
    (newest,) = saved.repository.snapshots()
    assert newest.id == proof.snapshot
    assert timedelta(0) < now() - newest.time < timedelta(minutes=10)
    assert saved.repository.stored_bytes() > 1000


def test_a_whole_night_comes_back_equal(saved: School, tmp_path: Path) -> None:
    seen: list[float] = []
    done = restore(
        saved.repository,
        find_snapshot(saved.repository, DAY),
        tmp_path / "lai",
        on_progress=lambda progress: seen.append(progress.fraction),
    )
    assert saved.hashes(tmp_path / "lai") == saved.hashes()
    assert done.files == len(saved.hashes()) - 1
    assert done.bytes > 0
    assert seen[-1] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["lai"]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("pupils", [f"snapshots/{DAY}/pupils.parquet"]),
        ("exports", ["exports/bieu-02/2026-09-30.xlsx"]),
        ("qlnt", ["staging/qlnt.sqlite"]),
        ("can bo [mới].csv", [f"landing/{DAY}/staff/can bo [mới].csv"]),
        (f"findings/{DAY}/", [f"findings/{DAY}/findings.csv"]),
    ],
)
def test_one_part_table_or_file_comes_back_alone(saved: School, tmp_path: Path, what: str, expected: list[str]) -> None:
    restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", what)
    found = sorted(path.relative_to(tmp_path / "lai").as_posix() for path in (tmp_path / "lai").rglob("*") if path.is_file())
    opened = [f"{what}.xlsx"] if what == "pupils" else []  # a table is opened as a workbook beside it
    found = [path for path in found if path not in opened]
    assert found == expected
    assert all(sha256_of(tmp_path / "lai" / path) == saved.hashes()[path] for path in found)


def test_plain_restic_with_the_password_file_restores_the_same(saved: School, tmp_path: Path) -> None:
    plain_restic(saved, "restore", "latest", "--tag", f"day={DAY}", "--target", str(tmp_path / "lai"))
    assert saved.hashes(tmp_path / "lai") == saved.hashes()


def test_restore_refuses_what_it_cannot_do_well(saved: School, tmp_path: Path) -> None:
    newest = find_snapshot(saved.repository)
    (tmp_path / "co-roi").mkdir()
    (tmp_path / "co-roi" / "tep").touch()
    with pytest.raises(RestoreError, match="không ghi đè"):
        restore(saved.repository, newest, tmp_path / "co-roi")
    with pytest.raises(RestoreError, match="không có «khong-co»"):
        restore(saved.repository, newest, tmp_path / "moi", "khong-co")
    with pytest.raises(RestoreError, match=r"nhiều tệp tên «findings.csv»"):
        restore(saved.repository, newest, tmp_path / "moi", "findings.csv")
    with pytest.raises(RestoreError, match="của ngày 01/06/2027"):
        find_snapshot(saved.repository, DAY + timedelta(days=1))
    with pytest.raises(RestoreError, match="có mã «ffffffff»"):
        find_snapshot(saved.repository, "ffffffff")
    assert find_snapshot(saved.repository, newest.short_id) == newest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["co-roi"]


def test_a_file_that_is_not_what_the_manifest_says_is_never_handed_over(own: School, tmp_path: Path) -> None:
    staged = own.stage()
    changed = own.data / f"reports/{DAY}/bao-cao.html"
    changed.write_bytes(changed.read_bytes()[::-1])
    own.repository.save(staged.contents)
    with pytest.raises(RestoreError, match="thiếu hoặc sai 1 trên") as caught:
        restore(own.repository, find_snapshot(own.repository), tmp_path / "lai")
    assert caught.value.where == f"reports/{DAY}/bao-cao.html"
    assert [path.name for path in tmp_path.iterdir()] == ["truong"]


@pytest.mark.parametrize(
    "manifest", [None, b"", b"{}", b'{"day": "x", "parts": {}}', b'{"day": "2027-05-31", "parts": {}, "code_version": "1"}']
)
def test_a_night_whose_manifest_says_nothing_is_never_handed_over(own: School, tmp_path: Path, manifest: bytes | None) -> None:
    contents = own.stage().contents
    if manifest is None:
        contents = replace(contents, files=(), paths=tuple(path for path in contents.paths if path != MANIFEST_PATH))
    (own.data / MANIFEST_PATH).write_bytes(manifest or b"")
    own.repository.save(contents)
    with pytest.raises(RestoreError, match=r"không có bản kê đọc được|Không có tệp nào"):
        restore(own.repository, find_snapshot(own.repository), tmp_path / "lai")
    assert [path.name for path in tmp_path.iterdir()] == ["truong"]


def test_a_lost_pack_is_found_by_proof_restore_and_drill(own: School, tmp_path: Path) -> None:
    _lose_data(own)
    with pytest.raises(RepositoryDamaged, match="Kho sao lưu bị hỏng"):
        prove(own.repository, staged_manifest(own.data))
    with pytest.raises(RestoreError):
        restore(own.repository, find_snapshot(own.repository), tmp_path / "lai")
    result = drill(own.repository, tmp_path / "nhap")
    assert not result.ok
    assert (last_drill(own.data / "backups") or {})["ok"] is False
    assert not (tmp_path / "lai").exists()
    assert not list((tmp_path / "nhap").iterdir())


def test_a_backup_without_one_of_its_parts_is_no_proof(own: School) -> None:
    staged = own.stage()
    short = tuple(path for path in staged.contents.paths if path != "exports")
    own.repository.save(replace(staged.contents, paths=short))
    with pytest.raises(ProofFailed, match="thiếu 1 tệp"):
        prove(own.repository, staged.manifest)
    newest = own.repository.snapshots()[-1].id
    assert broken_parts(own.repository, newest, staged.manifest) == ("exports",)


def test_a_file_name_from_before_unicode_is_saved_proved_and_comes_back(own: School, tmp_path: Path) -> None:
    name = os.fsdecode("Danh sách lớp\xff.xls".encode("latin-1", "replace"))
    (own.data / "exports" / name).write_bytes(b"cu")
    staged = own.stage()
    assert save_night(own.repository, staged).complete
    prove(own.repository, staged.manifest)
    restore(own.repository, find_snapshot(own.repository), tmp_path / "lai")
    assert (tmp_path / "lai" / "exports" / name).read_bytes() == b"cu"


def test_what_nobody_vouches_for_does_not_come_back(own: School, tmp_path: Path) -> None:
    staged = own.stage()
    (own.data / "exports" / "moi.xlsx").write_bytes(b"sau khi lap ban ke")
    assert save_night(own.repository, staged).complete
    prove(own.repository, staged.manifest)
    restore(own.repository, find_snapshot(own.repository), tmp_path / "lai")
    brought = {file.relative_to(tmp_path / "lai").as_posix() for file in (tmp_path / "lai").rglob("*") if file.is_file()}
    assert brought == {*paths_of(staged.manifest.files), MANIFEST_PATH}


def test_a_backup_that_is_not_tonights_is_no_proof(own: School) -> None:
    (own.data / f"reports/{DAY}/bao-cao.html").write_bytes("<p>BÁO CÁO</p>".encode())
    with pytest.raises(ProofFailed, match="không phải bản vừa lưu"):
        prove(own.repository, own.stage().manifest)
    tomorrow = replace(staged_manifest(own.data), day=DAY + timedelta(days=1))
    with pytest.raises(ProofFailed, match="không có bản sao lưu nào"):
        prove(own.repository, tomorrow)


def test_the_drill_restores_counts_and_is_written_down(own: School, tmp_path: Path) -> None:
    result = drill(own.repository, tmp_path / "nhap")
    assert result.ok
    assert (result.pupils, result.night) == (PUPILS, DAY.isoformat())
    assert result.seconds > 0
    assert 0 <= result.age_hours < 1
    assert f"{PUPILS} học sinh" in result.told
    drill(own.repository, tmp_path / "nhap")
    assert [entry["ok"] for entry in past_drills(own.data / "backups")] == [True, True]
    assert not list((tmp_path / "nhap").iterdir())


def test_the_drill_opens_the_database_and_believes_no_manifest(own: School, tmp_path: Path) -> None:
    staged = own.stage()
    part = staged.manifest.parts["qlnt"]
    lying = replace(staged.manifest, parts={**staged.manifest.parts, "qlnt": replace(part, rows={"hoc_sinh": PUPILS + 1})})
    write_manifest(own.data, lying)
    own.repository.save(staged.contents)
    assert drill(own.repository, tmp_path / "nhap").told.startswith("Dữ liệu khôi phục có số dòng khác bản kê")


def test_a_listed_part_that_does_not_exist_stops_before_restic(own: School) -> None:
    (own.data / f"reports/{DAY}/bao-cao.html").unlink()
    (own.data / f"reports/{DAY}").rmdir()
    with pytest.raises(PartMissing, match="báo cáo chất lượng"):
        own.stage()
    assert absent_parts(own.data, DAY) == {"report"}
    staged = stage_night(own.data, DAY, None, without=absent_parts(own.data, DAY))
    assert set(staged.manifest.parts) == {"landing", "snapshot", "findings", "exports"}


def test_the_same_day_staged_twice_has_the_same_manifest(own: School) -> None:
    before = (own.data / MANIFEST_PATH).read_bytes()
    own.stage()
    assert (own.data / MANIFEST_PATH).read_bytes() == before
    assert staged_manifest(own.data).parts["snapshot"].rows["pupils"] == PUPILS


def test_the_newest_of_two_nights_is_found_by_its_day(own: School) -> None:
    own.repository.save(own.stage().contents)
    nights = own.repository.snapshots(DAY)
    assert len(nights) == 2
    assert find_snapshot(own.repository, DAY).id == nights[-1].id
    assert own.repository.snapshots(DAY + timedelta(days=1)) == []
    assert lock_files(own) == []


def test_snapshots_that_are_not_ours_do_not_count(own: School) -> None:
    plain_restic(own, "backup", str(own.data / "exports"))
    assert len(own.repository.snapshots()) == 1


def test_the_copied_database_opens_alone(saved: School, tmp_path: Path) -> None:
    restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", "qlnt")
    with closing(sqlite3.connect(tmp_path / "lai" / "staging" / "qlnt.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM hoc_sinh").fetchone() == (PUPILS,)


def test_contents_name_relative_paths_only(saved: School) -> None:
    contents: Contents = saved.stage().contents
    assert all(not path.startswith("/") for path in contents.paths)
    assert contents.tags == (f"day={DAY}", "cuoi-nam-hoc")  # 31 May: kept for good
