"""A night whose first repository cannot be used at all: told as such; the copy has all of it, and its own dump of a real server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from backup.contents import stage_night
from backup.drill import drill
from backup.errors import BackupError
from backup.manifest import MANIFEST_PATH
from backup.manifest_file import staged_manifest
from backup.opening import open_repositories
from backup.restore import find_snapshot, restore
from backup.saving import save_night
from backup.scratch_server import Scratch, load_dump
from backup.verdict import Topic
from flows import backing_up
from flows.cli.main import main
from flows.home import Home
from flows.repositories import healths
from infra.errors import ExitCode
from infra.settings import load_settings
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school
from tests.integration.sql_servers import PostgreSql, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.repository import Repository

ROWS = {"hoc_sinh": 300, "kho.sach": 2}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    with postgresql() as one:
        one.run(
            "CREATE TABLE hoc_sinh (id serial PRIMARY KEY, ho_ten text)",
            "INSERT INTO hoc_sinh (ho_ten) SELECT 'Nguyễn Văn ' || n FROM generate_series(1, 300) n",
            "CREATE SCHEMA kho",
            "CREATE TABLE kho.sach (ten text)",
            "INSERT INTO kho.sach VALUES ('Toán 1'), (E'Tiếng\\nViệt')",
        )
        yield one


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school with one good night from before the database was named; its second disk is still empty."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    folder_copy(school)
    assert save_night(school.repository, stage_night(school.data, DAY, None)).complete
    return school


@pytest.fixture
def home(once: School, server: PostgreSql, tmp_path: Path) -> Home:
    root = once.copy(tmp_path / "truong").root
    (root / "data" / MANIFEST_PATH).unlink()  # nothing is staged tonight
    (root / "truong.toml").write_text(
        f'day = "{DAY}"\n[school]\nname = "Trường Mẫu"\n[backup]\npassword_file = "restic.pass"\n'
        f'[backup.databases.hoso]\nurl = "postgresql://app@127.0.0.1:{server.port}/postgres"\nstream = true\n'
        '[[backup.copies]]\nname = "dia-hai"\nrepository = "dia-hai"\npassword_file = "dia-hai.pass"\n',
        encoding="utf-8",
    )
    return Home(load_settings(root / "truong.toml"), root / "truong.toml")


def _gone(first: Path) -> None:
    shutil.rmtree(first)


def _a_file_instead(first: Path) -> None:
    shutil.rmtree(first)
    first.write_text("không phải kho", encoding="utf-8")


def _without_a_config(first: Path) -> None:
    (first / "config").chmod(0o600)
    (first / "config").write_bytes(b"hong")


def _without_an_index(first: Path) -> None:
    """It still says who it is: only when something is to be saved does it fail."""
    shutil.rmtree(first.parent / "cache")
    for index in (first / "index").iterdir():
        index.chmod(0o600)
        index.write_bytes(b"hong")


@pytest.mark.parametrize("broken", [_gone, _a_file_instead, _without_a_config, _without_an_index])
def test_the_copy_has_the_night_and_a_dump_of_its_own(home: Home, server: PostgreSql, tmp_path: Path, broken: object) -> None:
    first, copy = open_repositories(home.settings)
    assert first.path
    assert callable(broken)
    broken(first.path)
    with pytest.raises(BackupError):
        backing_up.back_up(home, DAY)
    copied = backing_up.copy(home, DAY)
    assert (copied.problem, copied.facts["dia-hai"]) == ("", copy.snapshots()[-1].short_id)
    assert "đã lưu thẳng vào «dia-hai»" in copied.detail
    assert "cơ sở dữ liệu hoso sao chép riêng cho kho này" in copied.detail
    assert not list((home.data / "staging").rglob("*.sql"))
    with pytest.raises(BackupError):  # the night as a whole is not proved
        backing_up.verify(home, DAY)
    bad, good = healths(home)
    assert {verdict.topic for verdict in bad.red} & {Topic.REACH, Topic.PARTS, Topic.AGE}, bad
    assert good.red == ()
    _brought_back_and_loaded(copy, server, tmp_path)


def _brought_back_and_loaded(copy: Repository, server: PostgreSql, tmp_path: Path) -> None:
    scratch = Scratch(f"postgresql://app@127.0.0.1:{server.port}/postgres")
    done = restore(copy, find_snapshot(copy), tmp_path / "lai", "hoso")
    part = done.manifest.parts["hoso"]
    assert (part.streamed, part.rows) == (True, ROWS)
    assert load_dump(tmp_path / "lai" / part.path, [scratch]) == ROWS
    held = drill(copy, tmp_path / "dien-tap", [scratch])
    assert (held.ok, held.not_loaded) == (True, ()), held.told
    assert any(line.startswith("cơ sở dữ liệu hoso: 2 bảng, 302 dòng") for line in held.opened)
    assert server.rows("SELECT count(*) FROM pg_database WHERE datname LIKE 'truong_thu_%'") == [(0,)]


def test_the_command_makes_the_copy_too(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    first, copy = open_repositories(home.settings)
    assert first.path
    _gone(first.path)
    assert main(["backup", "run", "--config", str(home.file)]) == ExitCode.BACKUP
    told = capsys.readouterr()
    assert told.err.splitlines()[-1].startswith("Lỗi: Không thấy kho sao lưu (đĩa chưa cắm?)")
    assert "đã lưu thẳng vào «dia-hai»" in told.out
    assert f"CHÚ Ý: Không thấy kho sao lưu (đĩa chưa cắm?) [{first.path}]" in told.out
    assert len(copy.snapshots()) == 1


def test_the_next_night_is_good_when_the_first_is_there_again(home: Home, tmp_path: Path) -> None:
    first, copy = open_repositories(home.settings)
    assert first.path
    first.path.rename(tmp_path / "cat-di")
    with pytest.raises(BackupError):
        backing_up.back_up(home, DAY)
    assert backing_up.copy(home, DAY).problem == ""
    (tmp_path / "cat-di").rename(first.path)
    backing_up.back_up(home, DAY)
    again = backing_up.copy(home, DAY)
    assert (again.problem, "đã chép sang «dia-hai»" in again.detail) == ("", True)
    assert "2 kho đều đủ" in backing_up.verify(home, DAY).detail
    assert [health.red for health in healths(home)] == [(), ()]
    manifests = [restore(one, find_snapshot(one), tmp_path / one.name, "hoso").manifest for one in (first, copy)]
    assert manifests == [staged_manifest(home.data)] * 2
