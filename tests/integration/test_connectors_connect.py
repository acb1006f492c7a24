"""`truong connect SOURCE --test` step by step: on real databases, a real SSH server, real folders; it looks and writes nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from connectors.probing.kinds import headed_of, reachable, steps_of
from connectors.probing.steps import Mark, Place, quick_step
from flows.pulling import source_of
from infra.errors import ConfigurationError
from tests.integration.connecting import CSDL, PASSWORD, READER, marks, settings_of, taken
from tests.integration.connector_sources import QLNT_COLUMNS, QLNT_ROWS, sql, write_all
from tests.integration.sql_servers import MariaDb, PostgreSql, mariadb, postgresql
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.renames import Headed
    from infra.settings import Settings

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    with postgresql() as started:
        started.run(*(f"CREATE TABLE {table} ({columns})" for table, columns in QLNT_COLUMNS.items()))
        with started.connect() as connection:
            for row in QLNT_ROWS["hoc_sinh"]:
                connection.execute(f"INSERT INTO hoc_sinh VALUES ({', '.join(['%s'] * len(row))})".encode(), row)  # noqa: S608 - constants
        started.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
        yield started


@pytest.fixture(scope="module")
def maria() -> Iterator[MariaDb]:
    with mariadb() as started:
        typed = {table: columns.replace("khoa TEXT PRIMARY KEY", "khoa VARCHAR(40) PRIMARY KEY") for table, columns in QLNT_COLUMNS.items()}
        started.run(*(f"CREATE TABLE {table} ({columns})" for table, columns in typed.items()))
        started.run(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'", f"GRANT SELECT ON truong.* TO {READER}@'127.0.0.1'")
        yield started


def database(home: Path, url: str) -> Settings:
    part = f'[sources.qlnt]\nkind = "database"\nurl = "{url}"\npassword_file = "qlnt.pass"\ncolumn_map = "qlnt_2026"\nenabled = false'
    return settings_of(home, part)


@pytest.fixture
def postgres_home(server: PostgreSql, tmp_path: Path) -> Settings:
    return database(tmp_path, f"postgresql://{READER}@127.0.0.1:{server.port}/postgres")


@pytest.fixture
def maria_home(maria: MariaDb, tmp_path: Path) -> Settings:
    return database(tmp_path, f"mariadb://{READER}@127.0.0.1:{maria.port}/truong")


def test_a_postgresql_that_is_well_set_up(postgres_home: Settings, tmp_path: Path) -> None:
    steps = taken(postgres_home, tmp_path)
    assert list(steps) == ["Tên máy", "Cổng", "Đăng nhập", "Quyền", "Tiêu đề"]
    assert marks(steps) == "✓✓✓✓✓"
    assert "chỉ đọc được, trên cả" in steps["Quyền"].detail
    assert "bảng “hoc_sinh”: id, ma_hs, so_dinh_danh, ho_ten, ngay_sinh, …" in steps["Tiêu đề"].lines
    assert not [line for line in steps["Tiêu đề"].lines if "mat_khau_phu_huynh" in line], "five headings are enough"


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        ("GRANT DELETE, INSERT ON hoc_sinh", "(INSERT, DELETE) vào bảng hoc_sinh"),
        ("GRANT UPDATE (ho_ten) ON hoc_sinh", "(UPDATE) vào bảng hoc_sinh"),
        ("GRANT TRUNCATE ON diem", "(TRUNCATE) vào bảng diem"),
    ],
)
def test_an_account_that_could_write_is_warned_of(
    server: PostgreSql, postgres_home: Settings, tmp_path: Path, granted: str, told: str
) -> None:
    server.run(f"{granted} TO {READER}")
    try:
        rights = taken(postgres_home, tmp_path)["Quyền"]
    finally:
        server.run(f"{granted.replace('GRANT', 'REVOKE')} FROM {READER}")
    assert rights.mark is Mark.WARN
    assert told in rights.detail
    assert "SELECT" in rights.fix
    assert taken(postgres_home, tmp_path)["Quyền"].mark is Mark.GOOD


def test_a_right_that_comes_by_a_role_or_from_being_superuser_is_seen(server: PostgreSql, postgres_home: Settings, tmp_path: Path) -> None:
    server.run("CREATE ROLE ghi", "GRANT DELETE ON diem TO ghi", f"GRANT ghi TO {READER}")
    try:
        assert "(DELETE) vào bảng diem" in taken(postgres_home, tmp_path)["Quyền"].detail
        server.run(f"ALTER ROLE {READER} SUPERUSER")
        assert "TRUNCATE" in taken(postgres_home, tmp_path)["Quyền"].detail
    finally:
        server.run(f"ALTER ROLE {READER} NOSUPERUSER", "DROP OWNED BY ghi", "DROP ROLE ghi")


def test_a_table_that_may_not_be_read_is_named(server: PostgreSql, postgres_home: Settings, tmp_path: Path) -> None:
    server.run(f"REVOKE ALL ON diem FROM {READER}")
    try:
        rights = taken(postgres_home, tmp_path)["Quyền"]
    finally:
        server.run(f"GRANT SELECT ON diem TO {READER}")
    assert (rights.mark, "bảng diem" in rights.detail) == (Mark.BAD, True)


def test_a_lost_column_and_a_lost_table_are_named_beside_what_is_there(server: PostgreSql, postgres_home: Settings, tmp_path: Path) -> None:
    server.run("ALTER TABLE hoc_sinh RENAME ho_ten TO ho_va_ten")
    try:
        headings = taken(postgres_home, tmp_path)["Tiêu đề"]
        assert headings.mark is Mark.BAD
        assert "“ho_ten”" in headings.detail
        assert "“ho_va_ten”" in headings.fix
        server.run("ALTER TABLE diem RENAME TO diem_cu")
        headings = taken(postgres_home, tmp_path)["Tiêu đề"]
        assert "không thấy bảng diem" in headings.detail
        assert any("hoc_sinh" in line for line in headings.lines)
    finally:
        server.run("ALTER TABLE hoc_sinh RENAME ho_va_ten TO ho_ten", "ALTER TABLE IF EXISTS diem_cu RENAME TO diem")


def test_a_wrong_password_stops_behind_the_port(postgres_home: Settings, tmp_path: Path) -> None:
    (tmp_path / "qlnt.pass").write_text("sai\n", encoding="utf-8")
    steps = taken(postgres_home, tmp_path)
    assert marks(steps) == "✓✓✗––"
    assert "mật khẩu" in steps["Đăng nhập"].fix


def test_no_server_and_no_such_machine(tmp_path: Path) -> None:
    assert marks(taken(database(tmp_path, f"postgresql://a@127.0.0.1:{free_port()}/d"), tmp_path)) == "✓✗–––"
    steps = taken(database(tmp_path, "mariadb://a@khong-co.invalid/d"), tmp_path)
    assert marks(steps) == "✗––––"
    assert "khong-co.invalid" in steps["Tên máy"].detail


def test_a_server_that_takes_the_connection_and_says_nothing_ends_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = database(tmp_path, f"postgresql://a@127.0.0.1:{silent.getsockname()[1]}/d")
        assert reachable(settings, "qlnt", 2).mark is Mark.GOOD
        assert quick_step(Place("127.0.0.1", silent.getsockname()[1]), 2).mark is Mark.GOOD


def test_a_mariadb_that_is_well_set_up_and_one_whose_account_could_write(maria: MariaDb, maria_home: Settings, tmp_path: Path) -> None:
    steps = taken(maria_home, tmp_path)
    assert marks(steps) == "✓✓✓✓✓"
    assert "bảng “hoc_sinh”: id, ma_hs, so_dinh_danh, ho_ten, ngay_sinh, …" in steps["Tiêu đề"].lines
    who = f"{READER}@'127.0.0.1'"
    for granted, told in (
        ("GRANT DELETE, INSERT ON truong.hoc_sinh", "(INSERT, DELETE) vào bảng hoc_sinh"),
        ("GRANT UPDATE (ho_ten, lop) ON truong.hoc_sinh", "(UPDATE) vào bảng hoc_sinh"),
        ("GRANT DROP ON `truon_`.*", "(DROP) vào bảng "),
        ("GRANT ALL PRIVILEGES ON *.*", "(ALL PRIVILEGES) vào bảng "),
    ):
        maria.run(f"{granted} TO {who}")
        rights = taken(maria_home, tmp_path)["Quyền"]
        maria.run(f"{granted.replace('GRANT', 'REVOKE')} FROM {who}")
        assert (rights.mark, told in rights.detail) == (Mark.WARN, True), rights.detail
    assert taken(maria_home, tmp_path)["Quyền"].mark is Mark.GOOD


def test_a_sqlite_file_that_could_be_written_is_only_told(tmp_path: Path) -> None:
    write_all(tmp_path)
    settings = settings_of(tmp_path, '[sources.qlnt]\nkind = "database"\nurl = "sqlite:///qlnt/qlnt.sqlite"\ncolumn_map = "qlnt_2026"')
    steps = taken(settings, tmp_path)
    assert list(steps) == ["Có ở đó", "Đăng nhập", "Quyền", "Tiêu đề"]
    assert marks(steps) == "✓✓✓✓"
    assert "chỉ để đọc" in steps["Quyền"].detail
    (tmp_path / "qlnt" / "qlnt.sqlite").write_bytes(b"khong phai SQLite" * 99)
    assert marks(taken(settings, tmp_path)) == "✓✗––"
    (tmp_path / "qlnt" / "qlnt.sqlite").unlink()
    assert marks(taken(settings, tmp_path)) == "✗–––"


def test_a_folder_with_what_the_map_wants(tmp_path: Path) -> None:
    write_all(tmp_path)
    steps = taken(settings_of(tmp_path, CSDL), tmp_path, "csdl")
    assert list(steps) == ["Có ở đó", "Đăng nhập", "Quyền", "Tiêu đề"]
    assert marks(steps) == "✓✓✓✓"
    assert any(line.startswith("DanhSachHocSinh.xlsx, trang “Khối 3”: STT, ") for line in steps["Tiêu đề"].lines)
    assert not [line for line in steps["Tiêu đề"].lines if line.count(", ") > 7]


def test_a_folder_without_its_file_and_one_that_is_not_there(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "csdl" / "SucKhoe.xlsx").unlink()
    steps = taken(settings_of(tmp_path, CSDL), tmp_path, "csdl")
    assert "SucKhoe" in steps["Tiêu đề"].detail
    assert marks(steps) == "✓✓✓✗"
    assert marks(taken(settings_of(tmp_path, CSDL.replace('"csdl"\n', '"khong-co"\n')), tmp_path, "csdl")) == "✗–––"


def test_the_headings_of_a_night_come_from_what_was_landed(tmp_path: Path) -> None:
    from flows.home import open_home

    write_all(tmp_path)
    settings_of(tmp_path, CSDL)
    source = source_of(open_home(tmp_path / "truong.toml"), "csdl")
    headed: list[Headed] = headed_of(source, tmp_path / "csdl")
    assert {table.to for sheet in headed for table in sheet.tables} >= {"pupils", "health"}
    assert headed_of(source, tmp_path / "khong-co") == []


def test_an_unknown_source_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="csdl"):
        list(steps_of(settings_of(tmp_path, CSDL), "lms", tmp_path))
    with pytest.raises(ConfigurationError, match="mail"):
        list(steps_of(settings_of(tmp_path, CSDL), "mail", tmp_path))


def test_two_files_of_a_kind_in_a_folder_are_a_doubt(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "csdl" / "DanhSachHocSinh (1).xlsx").write_bytes((tmp_path / "csdl" / "DanhSachHocSinh.xlsx").read_bytes())
    headings = taken(settings_of(tmp_path, CSDL), tmp_path, "csdl")["Tiêu đề"]
    assert (headings.mark, "DanhSachHocSinh (1).xlsx" in headings.detail) == (Mark.BAD, True)


def test_columns_of_hidden_tables_are_never_shown(tmp_path: Path) -> None:
    write_all(tmp_path)
    sql(tmp_path / "qlnt" / "qlnt.sqlite", "CREATE TABLE bi_mat (mat_khau TEXT)")
    settings = settings_of(tmp_path, '[sources.qlnt]\nkind = "database"\nurl = "sqlite:///qlnt/qlnt.sqlite"\ncolumn_map = "qlnt_2026"')
    assert "bi_mat" not in repr(taken(settings, tmp_path))
