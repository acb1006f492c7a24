"""Dumps of real PostgreSQL and MariaDB servers, staged and streamed: the server's rows, and nothing of a dump that dies."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backup import dump_stream, saving, server_dumps
from backup.contents import Listed, stage_night
from backup.copies import Means, copy_night
from backup.errors import DumpFailed, PartMissing
from backup.manifest_file import staged_manifest
from backup.restore import find_snapshot, restore
from backup.saving import require_streamed, save_night, saved_tonight, streamed_again, streamed_parts
from backup.server_dumps import ServerDump, dump_to_file
from backup.verify import prove
from connectors.records.snapshot import sha256_of
from infra.errors import ConfigurationError
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school, plain_restic, script
from tests.integration.sql_servers import MariaDb, PostgreSql, breaking_network, mariadb, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.contents import StagedNight
    from backup.copies import CopyResult
    from backup.repository import Repository

PASSWORD = 'mật:khẩu\\có"dấu'  # noqa: S105 - what a file must carry unharmed
PUPILS = 3000
NASTY = "O'Brien\\n\n\\.\nINSERT INTO `x` VALUES (1);\tcột"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgreSql, MariaDb]]:
    with postgresql() as one, mariadb() as other:
        escaped = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        one.run(
            "CREATE TABLE hoc_sinh (id serial PRIMARY KEY, ho_ten text)",
            f"INSERT INTO hoc_sinh (ho_ten) SELECT 'Nguyễn Văn ' || n FROM generate_series(1, {PUPILS}) n",  # noqa: S608 - a constant
            "CREATE TABLE trong (id int)",
            "CREATE SCHEMA kho",
            "CREATE TABLE kho.sach (ten text)",
            f"CREATE ROLE sao_luu LOGIN PASSWORD E'{escaped}' IN ROLE pg_read_all_data",
        )
        with one.connect() as connection:
            connection.execute("INSERT INTO kho.sach VALUES (%s), (%s)", (NASTY, "Toán 1"))
        other.run(
            "CREATE TABLE hoc_sinh (id int AUTO_INCREMENT PRIMARY KEY, ho_ten varchar(200))",
            f"INSERT INTO hoc_sinh (ho_ten) SELECT CONCAT('Trần Thị ', seq) FROM seq_1_to_{PUPILS}",  # noqa: S608 - a constant
            "CREATE TABLE trong (id int)",
            f"CREATE USER sao_luu IDENTIFIED BY '{escaped}'",
            "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON truong.* TO sao_luu",
            "GRANT SELECT ON mysql.* TO sao_luu",
        )
        with closing(other.connect()) as mysql, mysql.cursor() as cursor:
            cursor.execute("INSERT INTO hoc_sinh (ho_ten) VALUES (%s)", (NASTY,))
        yield one, other


@pytest.fixture
def school(tmp_path: Path) -> School:
    school = new_school(tmp_path / "truong")
    school.begin()
    (school.root / "sql.pass").write_text(PASSWORD + "\n", encoding="utf-8")
    (school.root / "sql.pass").chmod(0o600)
    return school


def _postgres(school: School, port: int, *, stream: bool = False) -> ServerDump:
    return ServerDump("hoso", f"postgresql://sao_luu@127.0.0.1:{port}/postgres", school.root / "sql.pass", stream)


def _maria(school: School, port: int, *, stream: bool = False) -> ServerDump:
    return ServerDump("ketoan", f"mariadb://sao_luu@127.0.0.1:{port}/truong", school.root / "sql.pass", stream)


def test_dumps_are_part_of_the_night_with_the_rows_of_the_server(
    school: School, servers: tuple[PostgreSql, MariaDb], tmp_path: Path
) -> None:
    one, other = servers
    also = Listed(servers=(_postgres(school, one.port), _maria(school, other.port)))
    staged = stage_night(school.data, DAY, school.database, also=also)
    assert staged.manifest.parts["hoso"].rows == {"hoc_sinh": PUPILS, "trong": 0, "kho.sach": 2}
    assert staged.manifest.parts["ketoan"].rows == {"hoc_sinh": PUPILS + 1, "trong": 0}
    assert save_night(school.repository, staged).complete
    prove(school.repository, staged.manifest)
    restore(school.repository, find_snapshot(school.repository), tmp_path / "lai", "hoso")
    one.run("DROP DATABASE IF EXISTS thu", "CREATE DATABASE thu")
    load = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(one.port), "-U", "app", "-d", "thu"]
    subprocess.run([*load, "-f", str(tmp_path / "lai/staging/hoso.sql")], check=True, capture_output=True)
    counted = subprocess.run([*load, "-Atc", "SELECT ten FROM kho.sach ORDER BY length(ten) DESC LIMIT 1"], check=True, capture_output=True)
    assert counted.stdout.decode().rstrip("\n") == NASTY
    assert not [file for file in school.data.rglob(".*") if "backups" not in file.parts]


def test_the_maria_dump_loads_into_a_server(school: School, servers: tuple[PostgreSql, MariaDb]) -> None:
    _, other = servers
    dump_to_file(_maria(school, other.port), school.data / "staging/ketoan.sql")
    other.run("CREATE DATABASE thu")
    with (school.data / "staging/ketoan.sql").open("rb") as stream:
        command = ["mariadb", "--protocol=tcp", "-h", "127.0.0.1", "-P", str(other.port), "-u", "root", "thu"]
        subprocess.run(command, stdin=stream, check=True, capture_output=True)
    assert other.rows("SELECT count(*) FROM thu.hoc_sinh") == [(PUPILS + 1,)]
    assert (NASTY,) in other.rows("SELECT ho_ten FROM thu.hoc_sinh ORDER BY id DESC LIMIT 1")


def test_a_streamed_dump_never_lies_on_our_disk(school: School, servers: tuple[PostgreSql, MariaDb], tmp_path: Path) -> None:
    one, other = servers
    dumps = (_postgres(school, one.port, stream=True), _maria(school, other.port, stream=True))
    streamed = streamed_parts(dumps, school.repository, DAY, school.data / "staging")
    assert [path.name for path in (school.data / "staging").iterdir()] == []
    staged = stage_night(school.data, DAY, school.database, also=Listed(streamed=streamed))
    assert save_night(school.repository, staged).complete
    prove(school.repository, staged.manifest)
    require_streamed(school.repository, staged_manifest(school.data), school.repository.snapshots()[-1].time)
    assert len(school.repository.snapshots()) == 1  # a dump is no night
    plain_restic(school, "restore", "latest", "--tag", "dump=ketoan", "--target", str(tmp_path / "lai"))
    assert sha256_of(tmp_path / "lai/ketoan.sql") == dict(streamed.parts["ketoan"].files)["ketoan.sql"].sha256
    assert streamed.parts["hoso"].rows == {"hoc_sinh": PUPILS, "trong": 0, "kho.sach": 2}


def test_each_night_of_a_day_is_restored_with_its_own_dump(school: School, servers: tuple[PostgreSql, MariaDb], tmp_path: Path) -> None:
    one, _ = servers
    for _ in range(2):
        streamed = streamed_parts([_postgres(school, one.port, stream=True)], school.repository, DAY, school.data / "staging")
        assert save_night(school.repository, stage_night(school.data, DAY, school.database, also=Listed(streamed=streamed))).complete
        one.run("INSERT INTO kho.sach VALUES ('Toán 2')")
    one.run("DELETE FROM kho.sach WHERE ten = 'Toán 2'")
    for night, rows in zip(school.repository.snapshots(), (2, 3), strict=True):
        done = restore(school.repository, night, tmp_path / night.id, "hoso")
        assert done.manifest.parts["hoso"].rows["kho.sach"] == rows


def _copied_with_streams(school: School, port: int, copy: Repository) -> CopyResult:
    """A night whose dump was streamed into the first repository, which then loses a pack, is brought into a copy."""
    dumps = [_postgres(school, port, stream=True)]
    streamed = streamed_parts(dumps, school.repository, DAY, school.data / "staging")
    staged = stage_night(school.data, DAY, school.database, also=Listed(streamed=streamed))
    assert save_night(school.repository, staged).complete
    packs = [file for file in (school.data / "backups" / "restic" / "data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()
    means = Means(lambda repository: streamed_again(dumps, repository, DAY, school.data / "staging"))
    (result,) = copy_night(school.repository, [copy], staged, saved_tonight(school.repository, staged.manifest), means)
    assert staged_manifest(school.data) == staged.manifest
    return result


def test_a_copy_saved_straight_from_the_sources_has_a_dump_of_its_own(
    school: School, servers: tuple[PostgreSql, MariaDb], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = servers
    copy, save = folder_copy(school), saving.stream_dump

    def later(dump: ServerDump, repository: Repository, *rest: Any) -> Any:  # noqa: ANN401
        if repository.name == copy.name:  # somebody writes between the two dumps
            one.run("INSERT INTO kho.sach VALUES ('Toán 3')")
        return save(dump, repository, *rest)

    monkeypatch.setattr(saving, "stream_dump", later)
    result = _copied_with_streams(school, one.port, copy)
    one.run("DELETE FROM kho.sach WHERE ten = 'Toán 3'")
    assert result.problem == ""
    assert "cơ sở dữ liệu hoso sao chép riêng cho kho này" in result.told
    first = staged_manifest(school.data)
    own = prove(copy, first)
    assert own.manifest.parts["hoso"].rows == {**first.parts["hoso"].rows, "kho.sach": 3}
    require_streamed(copy, own.manifest, own.time)
    done = restore(copy, find_snapshot(copy), tmp_path / "lai", "hoso")
    assert sha256_of(tmp_path / "lai/hoso.sql") == dict(own.manifest.parts["hoso"].files)["hoso.sql"].sha256
    assert done.manifest == own.manifest
    assert not list((school.data / "staging").glob("*.sql"))


def test_a_copy_whose_database_is_gone_has_the_files_and_says_what_it_lacks(
    school: School, servers: tuple[PostgreSql, MariaDb], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = servers
    copy, save = folder_copy(school), saving.stream_dump

    def gone(dump: ServerDump, repository: Repository, *rest: Any) -> Any:  # noqa: ANN401
        return save(_postgres(school, 1, stream=True) if repository.name == copy.name else dump, repository, *rest)

    monkeypatch.setattr(saving, "stream_dump", gone)
    result = _copied_with_streams(school, one.port, copy)
    assert "thiếu bản sao cơ sở dữ liệu: Không sao chép được cơ sở dữ liệu: máy chủ không trả lời" in result.problem
    own = prove(copy, staged_manifest(school.data))
    assert "hoso" not in own.manifest.parts
    assert own.manifest.lacking["hoso"].why.startswith("Không sao chép được cơ sở dữ liệu: máy chủ không trả lời [hoso")
    (first,), (night,) = school.repository.snapshots(), copy.snapshots()
    assert (first.partial, night.partial, night.lacking) == (False, True, ("hoso",))


def _dumped(school: School, dump: ServerDump) -> StagedNight:
    streamed = streamed_parts([dump], school.repository, DAY, school.data / "staging")
    return stage_night(school.data, DAY, school.database, also=Listed(servers=(dump,), streamed=streamed))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_a_dump_that_dies_halfway_is_never_stored(
    school: School,
    servers: tuple[PostgreSql, MariaDb],
    kind: str,
    stream: bool,  # noqa: FBT001
) -> None:
    server = servers[0] if kind == "postgres" else servers[1]
    with breaking_network(server.port, 60_000) as port:
        dump = (_postgres if kind == "postgres" else _maria)(school, port, stream=stream)
        staged = _dumped(school, dump)
    (told,) = [refusal.line for refusal in staged.manifest.lacking.values()]
    assert told.startswith("Không sao chép được cơ sở dữ liệu")
    assert PASSWORD not in told
    assert "Nguyễn" not in told
    assert set(staged.manifest.parts) == {"qlnt", "landing", "snapshot", "findings", "report", "exports"}
    assert save_night(school.repository, staged).complete
    (night,) = school.repository.snapshots()
    assert (night.partial, night.lacking) == (True, (dump.name,))
    assert school.repository.tagged("truong-dump") == []
    assert not list((school.data / "staging").glob("*.sql"))
    assert not [file for file in school.data.rglob(".*") if "backups" not in file.parts]


@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_a_server_that_falls_silent_holds_no_night_up(
    school: School, servers: tuple[PostgreSql, MariaDb], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_stream, "SILENT_SECONDS", 1.0)
    server = servers[0] if kind == "postgres" else servers[1]
    with breaking_network(server.port, 60_000, silent=True) as port:
        dump = (_postgres if kind == "postgres" else _maria)(school, port)
        with pytest.raises(DumpFailed, match="máy chủ im lặng giữa chừng"):
            dump_to_file(dump, school.data / "staging" / dump.file)
    assert not list((school.data / "staging").glob(f"*{dump.file}*"))


def test_a_slow_reader_is_no_silent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_stream, "SILENT_SECONDS", 1.0)

    class Slow(io.BytesIO):
        def write(self, line: bytes) -> int:  # type: ignore[override]
            time.sleep(2.5 if not self.tell() else 0)
            return super().write(line)

    program = script(tmp_path / "dump", 'echo "CREATE TABLE a ("; echo "-- PostgreSQL database dump complete"')
    count = dump_stream.pass_on([str(program)], Slow())
    assert (count.exit_code, count.ended, count.rows, count.complaints) == (0, True, {"a": 0}, "")


def test_a_dump_without_its_last_line_is_cut(school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "pg_dump", 'echo "CREATE TABLE a ("; exit 0')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DumpFailed, match="dừng giữa chừng"):
        dump_to_file(_postgres(school, 1), school.data / "staging/hoso.sql")
    streamed = streamed_parts([_postgres(school, 1, stream=True)], school.repository, DAY, school.data / "staging")
    assert "dừng giữa chừng" in streamed.lacking["hoso"].why
    assert streamed.parts == {}
    assert school.repository.tagged("truong-dump") == []


def test_the_password_is_on_no_command_line(
    school: School, servers: tuple[PostgreSql, MariaDb], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pg_dump", "mariadb-dump"):
        real = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        script(tmp_path / name, f'{{ echo "$0 $@"; env; }} >> "{tmp_path}/nghe.txt"; exec {real} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    dump_to_file(_postgres(school, servers[0].port), school.data / "staging/hoso.sql")
    dump_to_file(_maria(school, servers[1].port), school.data / "staging/ketoan.sql")
    told = (tmp_path / "nghe.txt").read_text(encoding="utf-8")
    assert told.count("-dump") + told.count("pg_dump") >= 2
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "postgresql://sao_luu@127.0.0.1:1/postgres"}, "không trả lời"),
        ({"url": "postgresql://sao_luu@127.0.0.1:{port}/khong_co"}, "không có cơ sở dữ liệu tên đó"),
        ({"password_file": None}, "không nhận tài khoản"),
    ],
)
def test_what_is_wrong_is_told(school: School, servers: tuple[PostgreSql, MariaDb], changes: dict[str, str], told: str) -> None:
    filled = {key: value.format(port=servers[0].port) if value else value for key, value in changes.items()}
    dump = replace(_postgres(school, servers[0].port), **filled)  # type: ignore[arg-type]
    with pytest.raises(DumpFailed, match=told):
        dump_to_file(dump, school.data / "staging/hoso.sql")


def test_a_machine_without_the_program_refuses_to_start(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_dumps.shutil, "which", lambda _name: None)
    with pytest.raises(ConfigurationError, match="chưa có chương trình sao chép postgresql"):
        stage_night(school.data, DAY, school.database, also=Listed(servers=(_postgres(school, 1),)))


def test_what_the_settings_list_must_exist(school: School) -> None:
    with pytest.raises(PartMissing, match="không thấy «website»"):
        stage_night(school.data, DAY, school.database, also=Listed(folders={"website": school.root / "web"}))
    with pytest.raises(PartMissing, match="không thấy «thuvien»"):
        stage_night(school.data, DAY, school.database, also=Listed(sqlite={"thuvien": school.root / "thuvien.sqlite"}))


def test_folders_elsewhere_and_more_databases_come_along(school: School, tmp_path: Path) -> None:
    web = tmp_path / "trang web"
    (web / "anh").mkdir(parents=True)
    (web / "anh" / "trường.jpg").write_bytes(b"\xff" * 900)
    with closing(sqlite3.connect(school.root / "thuvien.sqlite")) as connection:
        connection.execute("CREATE TABLE sach (ten TEXT)")
        connection.execute("INSERT INTO sach VALUES ('Toán')")
        connection.commit()
    (school.root / "t.toml").write_text("[school]", encoding="utf-8")
    also = Listed(folders={"website": web}, sqlite={"thuvien": school.root / "thuvien.sqlite"}, copied={"settings": school.root / "t.toml"})
    staged = stage_night(school.data, DAY, school.database, also=also)
    assert save_night(school.repository, staged).complete
    prove(school.repository, staged.manifest)
    assert staged.manifest.parts["thuvien"].rows == {"sach": 1}
    done = restore(school.repository, find_snapshot(school.repository), tmp_path / "lai")
    assert (tmp_path / "lai" / str(web).lstrip("/") / "anh" / "trường.jpg").read_bytes() == b"\xff" * 900
    assert done.files == len(staged.manifest.files)
