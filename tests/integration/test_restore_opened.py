"""What comes back is opened: a table and a class's gradebook as workbooks, databases by counting their rows."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from backup.aside import remove_left
from backup.binary import find_restic
from backup.contents import Listed, stage_night
from backup.drill import drill, last_drill
from backup.errors import RestoreError
from backup.manifest_file import write_manifest
from backup.restore import find_snapshot, restore
from backup.saving import save_night, streamed_parts
from backup.scratch_server import Scratch, load_dump
from backup.server_dumps import ServerDump
from backup.stored import BEFORE_RESTORE_TAG
from backup.verify import stored_manifest
from connectors.records.snapshot import sha256_of, write_snapshot
from tests.integration.backup_school import DAY, PUPILS, School, new_school, plain_restic, script, with_binary
from tests.integration.restic_versions import restic_of
from tests.integration.sql_servers import MariaDb, PostgreSql, mariadb, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
CLASS, OTHER = "3/2", "3/1"
NAMES = {"0000000001": "Nguyễn Thị An", "0000000002": "Trần Văn Bình", "0000000009": "=HYPERLINK(1)"}


def _tables() -> dict[str, pl.DataFrame]:
    """Two classes; one pupil with marks of two attempts, one who is in the gradebook only, one whose name looks like a formula."""
    origin = {"source_system": "qlnt", "source_file": "qlnt.sqlite", "source_sheet": "diem"}
    pupils = [
        {"pupil_code": code, "full_name": name, "class_name": OTHER if code == "0000000009" else CLASS, "birth_date": date(2018, 9, 1),
         "source_row": number, **origin}
        for number, (code, name) in enumerate(NAMES.items())
    ]  # fmt: skip
    mark = {"class_name": CLASS, "grade": 3, "subject": "TO", "time": "CN", "level": "T", "score": "9", "attempt": 1, **origin}
    marks = [
        {**mark, "pupil_code": "0000000001"},
        {**mark, "pupil_code": "0000000002", "level": "C", "score": "04"},
        {**mark, "pupil_code": "0000000002", "level": "H", "score": "6", "attempt": 2},
        {**mark, "pupil_code": "0000000003", "subject": "TV", "time": "GK1", "score": None},
        {**mark, "pupil_code": "0000000009", "class_name": OTHER},
    ]
    traits = [{"pupil_code": "0000000001", "class_name": CLASS, "trait": "pcYeuNuoc", "time": "CN", "level": "T", **origin}]
    years = [{"pupil_code": "0000000001", "class_name": CLASS, "result": "HTXS", "promoted": True, **origin}]
    frames = {"pupils": pupils, "marks": marks, "traits": traits, "year_results": years}
    return {name: pl.DataFrame(rows) for name, rows in frames.items()}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school after one good night: read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    shutil.rmtree(school.data / "snapshots")
    write_snapshot(school.data / "snapshots" / DAY.isoformat(), DAY, _tables(), {})
    school.begin()
    assert school.repository.save(school.stage().contents).complete
    return school


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_table_comes_as_it_was_and_as_a_workbook_that_is_safe_to_open(saved: School, tmp_path: Path) -> None:
    done = restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", "pupils")
    assert _files(tmp_path / "lai") == ["pupils.xlsx", f"snapshots/{DAY}/pupils.parquet"]
    rows = list(openpyxl.load_workbook(tmp_path / "lai" / "pupils.xlsx")["Học sinh"].iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["Mã định danh Bộ GD&ĐT", *NAMES]
    header = list(rows[0])
    assert [row[header.index("Họ tên")] for row in rows[1:]] == ["Nguyễn Thị An", "Trần Văn Bình", "'=HYPERLINK(1)"]
    assert rows[1][header.index("Ngày sinh")] == "01/09/2018"
    assert done.opened == ("bảng Học sinh: 3 dòng, mở bằng Excel: pupils.xlsx",)


def test_a_gradebook_is_of_one_class_and_nothing_of_another_stays(saved: School, tmp_path: Path) -> None:
    done = restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", f"class:{CLASS}")
    assert _files(tmp_path / "lai") == ["so-diem-lop-3-2.xlsx"]
    book = openpyxl.load_workbook(tmp_path / "lai" / "so-diem-lop-3-2.xlsx")
    assert book.sheetnames == ["Môn học (QLNT)", "Phẩm chất, năng lực (QLNT)", "Cuối năm (QLNT)"]
    marks = [row[:4] for row in book["Môn học (QLNT)"].iter_rows(min_row=3, values_only=True)]
    assert marks == [
        ("Mã định danh", "Họ và tên", "Tiếng Việt GK1", "Toán CN"),
        ("0000000001", "Nguyễn Thị An", None, "T 9"),
        ("0000000002", "Trần Văn Bình", None, "C 04 → H 6"),
        ("0000000003", None, "T", None),
    ]
    year = next(book["Cuối năm (QLNT)"].iter_rows(min_row=4, values_only=True))
    assert year[:6] == ("0000000001", "Nguyễn Thị An", "HTXS", None, None, "có")
    assert done.opened == ("sổ điểm lớp 3/2: 3 học sinh, mở bằng Excel: so-diem-lop-3-2.xlsx (bảng gốc của cả trường không để lại)",)


def test_a_class_that_is_not_there_is_told_with_those_that_are(saved: School, tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match=r"không có lớp «9/9».*3/1, 3/2"):
        restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", "class:9/9")
    assert not list(tmp_path.iterdir())


def test_a_sqlite_copy_is_opened_and_counted(saved: School, tmp_path: Path) -> None:
    done = restore(saved.repository, find_snapshot(saved.repository), tmp_path / "lai", "database")
    assert _files(tmp_path / "lai") == ["staging/qlnt.sqlite"]
    assert done.opened == (f"cơ sở dữ liệu qlnt: 1 bảng, {PUPILS} dòng, đúng bản kê",)


@pytest.mark.parametrize("suite", ["bookworm", "sid"])
def test_plain_restics_of_other_ages_bring_back_the_same(suite: str, saved: School, tmp_path: Path) -> None:
    command = [str(restic_of(suite)), "-r", saved.repository.url, "--password-file", str(saved.root / "restic.pass")]
    subprocess.run(
        [*command, "restore", "latest", "--tag", f"day={DAY}", "--target", str(tmp_path / "lai")], check=True, capture_output=True
    )
    assert saved.hashes(tmp_path / "lai") == saved.hashes()


def test_the_night_of_a_day_is_never_what_was_saved_before_a_restore(saved: School, tmp_path: Path) -> None:
    own = saved.copy(tmp_path / "truong")
    night = find_snapshot(own.repository)
    contents = own.stage().contents
    before = own.repository.save(replace(contents, tags=(*contents.tags, BEFORE_RESTORE_TAG)))
    assert find_snapshot(own.repository).id == night.id
    assert find_snapshot(own.repository, DAY).id == night.id
    assert find_snapshot(own.repository, before.id[:8]).id == before.id


def test_a_killed_restore_leaves_nothing_that_looks_whole_and_the_next_one_clears_it(saved: School, tmp_path: Path) -> None:
    brought, restic = tmp_path / "da-ghi", find_restic()
    slow = script(tmp_path / "restic-cham", f'[ "$1" = restore ] || exec "{restic}" "$@"; "{restic}" "$@"; : > "{brought}"; exec sleep 60')
    work = f"""
from dataclasses import replace
from pathlib import Path
from backup.restore import find_snapshot, restore
from tests.integration.backup_school import School
repository = replace(School(Path({str(saved.root)!r})).repository, binary=Path({str(slow)!r}))
restore(repository, find_snapshot(repository), Path({str(tmp_path / "nơi" / "lai")!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", work], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not brought.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    assert list((tmp_path / "nơi").glob(".lai*/staging/qlnt.sqlite"))
    assert remove_left(tmp_path / "nơi") == 0, "a restore that lives keeps its folder"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path.name for path in (tmp_path / "nơi").iterdir() if not path.name.startswith(".")] == []
    restore(saved.repository, find_snapshot(saved.repository), tmp_path / "nơi" / "khac", "qlnt")
    assert [path.name for path in (tmp_path / "nơi").iterdir()] == ["khac"]


def test_a_folder_whose_number_a_stranger_bears_is_removed_and_a_held_one_is_not(tmp_path: Path) -> None:
    dead, held = tmp_path / f".a.khoi-phuc-{os.getpid()}", tmp_path / ".b.khoi-phuc-1"
    dead.mkdir()
    held.mkdir()
    descriptor = os.open(held, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert remove_left(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [held.name]
    os.close(descriptor)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a hundred kilobytes."""
    if os.geteuid() != 0:
        pytest.skip("chỉ root mới gắn được một đĩa nhỏ")
    place = tmp_path / "dia-nho"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_fills_up_leaves_nothing(saved: School, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RestoreError, match="Đĩa không đủ chỗ"):
        restore(saved.repository, find_snapshot(saved.repository), small_disk / "lai")
    # somebody else fills it while restic writes: the space that was there before says nothing
    monkeypatch.setattr("backup.restore._require_room", lambda *_: None)
    with pytest.raises(RestoreError):
        restore(saved.repository, find_snapshot(saved.repository), small_disk / "lai")
    assert list(small_disk.iterdir()) == []


@dataclass(frozen=True)
class Dumped:
    """A school whose databases of real servers were dumped and saved, one of them streamed."""

    school: School
    servers: Sequence[Scratch]
    postgres: PostgreSql
    maria: MariaDb


@pytest.fixture(scope="module")
def dumped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    with postgresql() as postgres, mariadb() as maria:
        postgres.run(
            "CREATE ROLE chu_so_huu", "CREATE SCHEMA so", 'CREATE TABLE hoc_sinh (id int PRIMARY KEY, "Họ tên" text)',
            "ALTER TABLE hoc_sinh OWNER TO chu_so_huu", "INSERT INTO hoc_sinh SELECT n, 'Đặng Thị ' || n FROM generate_series(1, 30) n",
            'CREATE TABLE so."Sổ điểm" (id int REFERENCES public.hoc_sinh, diem text)',
            "INSERT INTO so.\"Sổ điểm\" SELECT 1, E'dòng\\nhai'",
        )  # fmt: skip
        maria.run("CREATE TABLE `chứng từ` (id INT PRIMARY KEY, ghi TEXT)", "INSERT INTO `chứng từ` VALUES (1, 'a\\nb'), (2, 'Đ')")
        school = new_school(tmp_path_factory.mktemp("may-chu"))
        school.begin()
        urls = {"so": f"postgresql://app@127.0.0.1:{postgres.port}/postgres", "ke-toan": f"mariadb://root@127.0.0.1:{maria.port}/truong"}
        dumps = (ServerDump("so", urls["so"], stream=True), ServerDump("ke-toan", urls["ke-toan"]))
        streamed = streamed_parts(dumps, school.repository, DAY, school.root / "tam")
        listed = Listed(servers=dumps[1:], streamed=streamed)
        staged = stage_night(school.data, DAY, school.database, also=listed)
        assert save_night(school.repository, staged).complete
        yield Dumped(school, [Scratch(url.replace("/truong", "")) for url in urls.values()], postgres, maria)


@pytest.mark.server
def test_dumps_come_back_are_loaded_into_real_servers_counted_and_gone(dumped: Dumped, tmp_path: Path) -> None:
    repository = dumped.school.repository
    done = restore(repository, find_snapshot(repository), tmp_path / "lai", "database")
    assert _files(tmp_path / "lai") == ["so.sql", "staging/ke-toan.sql", "staging/qlnt.sqlite"]
    assert load_dump(tmp_path / "lai" / "so.sql", dumped.servers) == {"hoc_sinh": 30, "so.Sổ điểm": 1} == done.manifest.parts["so"].rows
    assert load_dump(tmp_path / "lai" / "staging" / "ke-toan.sql", dumped.servers) == {"chứng từ": 2}
    assert load_dump(tmp_path / "lai" / "so.sql", []) is None
    assert dumped.postgres.rows("SELECT count(*) FROM pg_database WHERE datname LIKE 'truong_thu%'") == [(0,)]
    assert dumped.maria.rows("SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'truong_thu%'") == [(0,)]


@pytest.mark.server
def test_a_streamed_dump_comes_back_by_the_command_of_the_recovery_kit(dumped: Dumped, tmp_path: Path) -> None:
    school = dumped.school
    plain_restic(school, "restore", "latest", "--tag", "truong-dump,dump=so", "--target", str(tmp_path / "lai"), "--verify")
    (entry,) = stored_manifest(school.repository, find_snapshot(school.repository).id).parts["so"].files
    assert ("so.sql", sha256_of(tmp_path / "lai" / "so.sql")) == (entry[0], entry[1].sha256)


@pytest.mark.server
def test_what_a_killed_drill_left_on_a_scratch_server_goes(dumped: Dumped, tmp_path: Path) -> None:
    dumped.postgres.run("CREATE DATABASE truong_thu_1000_abcd", f"CREATE DATABASE truong_thu_{int(time.time())}_abcd")
    restore(dumped.school.repository, find_snapshot(dumped.school.repository), tmp_path / "lai", "so")
    load_dump(tmp_path / "lai" / "so.sql", dumped.servers)
    (left,) = dumped.postgres.rows("SELECT datname FROM pg_database WHERE datname LIKE 'truong_thu%'")
    assert left != ("truong_thu_1000_abcd",)
    dumped.postgres.run(f"DROP DATABASE {left[0]}")


@pytest.mark.server
@pytest.mark.parametrize(("name", "cut"), [("so.sql", b"COPY so"), ("staging/ke-toan.sql", b"CREATE TABLE")])
def test_a_dump_that_a_server_does_not_take_is_no_proof(name: str, cut: bytes, dumped: Dumped, tmp_path: Path) -> None:
    restore(dumped.school.repository, find_snapshot(dumped.school.repository), tmp_path / "lai", "database")
    file = tmp_path / "lai" / name
    file.write_bytes(file.read_bytes().replace(cut, b"KHONG PHAI SQL " + cut, 1))
    with pytest.raises(RestoreError, match="không nhận"):
        load_dump(file, dumped.servers)


@pytest.mark.server
def test_a_drill_loads_every_dump_and_says_what_it_could_not_load(dumped: Dumped, tmp_path: Path) -> None:
    result = drill(dumped.school.repository, tmp_path / "nhap", dumped.servers)
    assert result.ok, result.told
    assert (result.pupils, result.repository, result.not_loaded) == (PUPILS, "tai-cho", ())
    assert result.opened == (
        "cơ sở dữ liệu ke-toan: 1 bảng, 2 dòng, đúng bản kê",
        f"cơ sở dữ liệu qlnt: 1 bảng, {PUPILS} dòng, đúng bản kê",
        "cơ sở dữ liệu so: 2 bảng, 31 dòng, đúng bản kê",
    )
    assert not list((tmp_path / "nhap").iterdir())
    without = drill(dumped.school.repository, tmp_path / "nhap", ())
    assert without.not_loaded == ("ke-toan", "so")
    assert "chưa nạp thử ke-toan, so" in without.told


@pytest.mark.server
def test_a_drill_fails_when_the_server_counts_other_rows(dumped: Dumped, tmp_path: Path) -> None:
    own = dumped.school.copy(tmp_path / "truong")
    staged = stage_night(own.data, DAY, own.database)
    dump = own.data / "staging" / "ke-toan.sql"
    dump.write_bytes(dump.read_bytes().replace(b"INSERT INTO `ch\xe1\xbb\xa9ng t\xe1\xbb\xab` VALUES\n(2", b"-- (2"))
    part = staged.manifest.parts["qlnt"]
    lying = replace(part, path="staging/ke-toan.sql", files=(("staging/ke-toan.sql", _entry(dump)),), rows={"chứng từ": 99})
    manifest = replace(staged.manifest, parts={**staged.manifest.parts, "ke-toan": lying})
    write_manifest(own.data, manifest)
    own.repository.save(replace(staged.contents, paths=(*staged.contents.paths, "staging/ke-toan.sql")))
    result = drill(own.repository, tmp_path / "nhap", dumped.servers)
    assert not result.ok
    assert "số dòng khác bản kê" in result.told
    assert result.night == DAY.isoformat()
    assert (last_drill(own.data / "backups", "tai-cho") or {})["ok"] is False


def _entry(file: Path):  # noqa: ANN202 - the manifest's own
    from backup.manifest import FileEntry

    return FileEntry(file.stat().st_size, sha256_of(file))


def test_a_spy_sees_no_password_of_a_scratch_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "mat-khau"
    secret.write_text("rất:bí'mật\n", encoding="utf-8")
    secret.chmod(0o600)
    programs = tmp_path / "bin"
    programs.mkdir()
    script(programs / "psql", f'{{ echo "$@"; env; cat "$PGPASSFILE"; }} >> "{tmp_path}/nghe.txt"; exit 2')
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    dump = tmp_path / "x.sql"
    dump.write_text("--\n-- PostgreSQL database dump\n--\n", encoding="utf-8")
    with pytest.raises(RestoreError, match="Máy chủ thử không làm được"):
        load_dump(dump, [Scratch("postgresql://thu@127.0.0.1:1/postgres", secret)])
    told = (tmp_path / "nghe.txt").read_text(encoding="utf-8")
    assert told.count("bí'mật") == 1  # only in the file that psql itself reads
    assert "*:*:*:*:rất\\:bí'mật" in told


def test_a_restore_of_a_broken_restic_is_an_error_of_restoring(saved: School, tmp_path: Path) -> None:
    broken = with_binary(saved.repository, script(tmp_path / "hong", "exit 1"))
    with pytest.raises(RestoreError):
        find_snapshot(broken)
