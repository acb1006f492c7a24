"""A night whose database servers are down, refuse or die halfway: everything else is saved, and nobody takes the night for whole."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from backup.care import retention_of
from backup.drill import drill
from backup.errors import BackupPartial, RepositoryMissing, RestoreError
from backup.manifest_file import staged_manifest
from backup.opening import open_repositories
from backup.restore import find_snapshot, restore
from backup.retention import plan_retention
from backup.scratch_server import Scratch
from backup.verdict import Topic
from connectors.records.snapshot import write_snapshot
from flows import backing_up
from flows.cli.main import main
from flows.home import Home
from flows.night_record import NightRecord, StepResult, save_record
from flows.repositories import healths, look_at_repositories
from flows.safekeeping import proof_before
from flows.status import school_status
from flows.telling import tell
from infra.backup_settings import Keep
from infra.errors import ExitCode
from infra.settings import load_settings
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, PUPILS, School, new_school, plain_restic, without_super_rights
from tests.integration.sql_servers import PostgreSql, breaking_network, mariadb, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from backup.stored import StoredSnapshot

NEXT = DAY + timedelta(days=1)
ROWS = 3000
OF_SERVERS, STREAMED = ("bantru", "hoso", "ketoan", "qlnt"), ("bantru", "hoso")  # of each kind one is streamed, one staged
SAVED = {"landing", "snapshot", "findings", "report", "exports", "records", "mail", "prefect", "settings", "web", "thuvien"}
DOWN = "Không sao chép được cơ sở dữ liệu: máy chủ không trả lời [{name} (127.0.0.1)] → xem máy chủ cơ sở dữ liệu"


def _home(root: Path, postgres: int, maria: int, day: date = DAY, user: str = "app") -> Home:
    """A school of which every part is backed up into two repositories."""
    urls = {"qlnt": f"postgresql://{user}@127.0.0.1:{postgres}/postgres", "ketoan": f"mariadb://root@127.0.0.1:{maria}/truong"}
    urls |= {"hoso": urls["qlnt"], "bantru": urls["ketoan"]}
    password = {"qlnt": 'password_file = "sai.pass"\n', "hoso": 'password_file = "sai.pass"\n'} if user != "app" else {}
    databases = [
        f'[backup.databases.{name}]\nurl = "{url}"\nstream = {str(name in STREAMED).lower()}\n{password.get(name, "")}'
        for name, url in urls.items()
    ]
    (root / "truong.toml").write_text(
        f'day = "{day}"\n[school]\nname = "Trường Mẫu"\n[backup]\npassword_file = "restic.pass"\nfolders = {{ web = "web" }}\n'
        '[backup.keep]\n[backup.databases.thuvien]\nurl = "sqlite:///thuvien.sqlite"\n'
        f"{''.join(databases)}"
        '[[backup.copies]]\nname = "dia-hai"\nrepository = "dia-hai"\npassword_file = "dia-hai.pass"\n'
        '[mail]\nmaildir = "thu"\n',
        encoding="utf-8",
    )
    return Home(load_settings(root / "truong.toml"), root / "truong.toml")


def _everything(root: Path) -> School:
    """All that a school may have, of two days; both repositories are made."""
    school = new_school(root)
    for folder in ("landing", "reports", "findings"):
        shutil.copytree(school.data / folder / str(DAY), school.data / folder / str(NEXT))
    pupils = pl.DataFrame({"pupil_code": [f"{number:010d}" for number in range(PUPILS)]})
    write_snapshot(school.data / "snapshots" / NEXT.isoformat(), NEXT, {"pupils": pupils}, {})
    for file in (root / "web" / "trang-chu.html", root / "thu" / "cur" / "1:2,S", school.data / "nights" / "ghi.txt"):
        file.parent.mkdir(parents=True)
        file.write_text("Kính gửi phụ huynh\n", encoding="utf-8")
    for database in (root / "thuvien.sqlite", root / "prefect" / "prefect.db"):
        database.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE sach (ten TEXT)")
            connection.commit()
    school.begin()
    folder_copy(school)
    return school


def _night(home: Home, day: date) -> list[StepResult]:
    works = {"backup": backing_up.back_up, "copies": backing_up.copy, "verify": backing_up.verify, "care": backing_up.care}
    steps = [replace(work(home, day), step=name, label=name) for name, work in works.items()]
    return [*steps, replace(look_at_repositories(home), step="repositories")]


@dataclass(frozen=True)
class Down:
    """A home after a good night and one in which both servers were stopped; no server runs any more."""

    home: Home
    steps: dict[str, StepResult]

    def nights(self, place: int = 0) -> list[StoredSnapshot]:
        return open_repositories(self.home.settings)[place].snapshots()


def _fill(postgres: PostgreSql) -> None:
    postgres.run(
        "CREATE TABLE hoc_sinh (id serial PRIMARY KEY, ho_ten text)",
        f"INSERT INTO hoc_sinh (ho_ten) SELECT 'Nguyễn Văn ' || n FROM generate_series(1, {ROWS}) n",  # noqa: S608 - a constant
        "CREATE ROLE sao_luu LOGIN PASSWORD 'dung' IN ROLE pg_read_all_data",
    )


@pytest.fixture(scope="module")
def down(tmp_path_factory: pytest.TempPathFactory) -> Down:
    school = _everything(tmp_path_factory.mktemp("truong"))
    with postgresql() as one, mariadb() as other:
        _fill(one)
        other.run("CREATE TABLE hoc_sinh (id INT)", "INSERT INTO hoc_sinh VALUES (1), (2)")
        home = _home(school.root, one.port, other.port)
        assert [step.problem for step in _night(home, DAY)] == [""] * 5
    home = _home(school.root, one.port, other.port, NEXT)
    steps = {step.step: step for step in _night(home, NEXT)}
    shutil.rmtree(home.data / "findings")  # the status screen would open them; the backup has them
    return Down(home, steps)


def test_everything_else_is_saved_and_the_night_is_told_as_lacking_them(down: Down) -> None:
    backup = down.steps["backup"]
    assert backup.exit_code == ExitCode.BACKUP
    assert "\n" not in backup.problem
    for name in OF_SERVERS:
        assert DOWN.format(name=name) in backup.problem
    assert backup.problem.endswith(f"; mọi phần khác đã lưu (bản {down.nights()[-1].short_id})")
    manifest = staged_manifest(down.home.data)
    assert (set(manifest.parts), tuple(sorted(manifest.lacking))) == (SAVED, OF_SERVERS)
    proof = down.steps["verify"]
    assert proof.problem == ""
    for name in ("«bantru»", "«hoso»", "«ketoan»", "QLNT"):
        assert name in proof.detail.partition("KHÔNG có")[2]
    assert not [file for file in down.home.data.rglob(".*") if "backups" not in file.parts]


@pytest.mark.parametrize("place", [0, 1])
def test_the_night_is_partial_in_every_repository_and_the_good_one_stays(down: Down, place: int) -> None:
    repository = open_repositories(down.home.settings)[place]
    good, lacking = down.nights(place)
    assert (good.partial, good.lacking, lacking.partial, lacking.lacking) == (False, (), True, OF_SERVERS)
    assert any(path.endswith("thu/cur/1:2,S") for path in repository.files_of(lacking.id))
    tightest = Keep(daily=7, weekly=0, monthly=0, yearly=0)
    plan = retention_of(repository, tightest)
    assert (plan.forget, plan.keep[lacking.id]) == ((), ("chưa trọn vẹn",))
    assert "ngày" in plan.keep[good.id]
    later = [replace(lacking, id=f"{number}", time=lacking.time + timedelta(days=number)) for number in range(1, 30)]
    assert good.id in plan_retention([good, lacking, *later], tightest).keep, "however long the server is down"
    assert {snapshot.tags[-1] for snapshot in repository.tagged("truong-dump")} == {"dump=bantru", "dump=hoso"}
    told = plain_restic(School(down.home.root), "snapshots", "--tag", "without=qlnt", "--json", repository=repository).stdout
    assert told.count('"short_id"') == 1


def test_it_is_red_in_the_summary_that_is_mailed_in_the_status_and_in_the_exit_code(down: Down) -> None:
    found = healths(down.home)
    for health in found:
        assert [verdict.topic for verdict in health.red] == [Topic.PARTIAL] * 4
        assert set(OF_SERVERS) <= set(health.missing)
        (age,) = [verdict.told for verdict in health.verdicts if verdict.topic is Topic.AGE]
        assert age.startswith("bản tốt mới nhất của đêm 31/05/2027")
    status = school_status(down.home)
    assert status.exit_code == ExitCode.BACKUP
    (line,) = [line for line in status.lines if line.label == "Kho «dia-hai»" and "«ketoan»" in line.detail]
    assert line.good is False
    assert "CHƯA TRỌN VẸN, không có cơ sở dữ liệu «ketoan»: Không sao chép được cơ sở dữ liệu: máy chủ không trả lời" in line.detail
    assert line.fix.startswith("xem máy chủ cơ sở dữ liệu")
    record = NightRecord(NEXT.isoformat(), f"{NEXT}T02:00:00+07:00", tuple(down.steps.values()))
    assert record.exit_code == ExitCode.BACKUP
    summary = tell(down.home, NEXT, list(down.steps.values())).lines
    assert f"Sao lưu: {down.steps['backup'].problem}" in summary
    to_do = summary[summary.index("CẦN XỬ LÝ:") :]
    for name in OF_SERVERS:
        assert any(DOWN.format(name=name) in told for told in to_do)
    save_record(down.home, record)
    assert proof_before(down.home, NEXT + timedelta(days=1)) is None, "no night is proved"


def test_a_restore_says_that_this_night_has_none_and_which_has(down: Down, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, lacking = down.nights()
    for name in ("qlnt", "hoso"):
        command = f"truong restore --repository tai-cho --snapshot {good.short_id} --database {name}"
        with pytest.raises(RestoreError, match="máy chủ không trả lời") as caught:
            restore(open_repositories(down.home.settings)[0], lacking, tmp_path / "lai", name)
        assert caught.value.line().startswith("Đêm 01/06/2027 không có ")
        assert caught.value.line().endswith(f"đêm gần nhất trước đó còn có là 31/05/2027: {command}")
        assert not (tmp_path / "lai").exists()
    arguments = ["restore", "--config", str(down.home.file), "--to", str(tmp_path / "lai"), "--database"]
    assert main(arguments) == ExitCode.OK  # the others of the night come
    told = capsys.readouterr().out
    assert "Mở thử: cơ sở dữ liệu thuvien" in told
    assert told.count("CHÚ Ý: Đêm 01/06/2027 không có") == len(OF_SERVERS)
    arguments[4] = str(tmp_path / "cu")
    assert main([*arguments, "hoso", "--snapshot", good.short_id]) == ExitCode.OK
    assert (tmp_path / "cu" / "hoso.sql").is_file()
    assert main(["snapshots", "--config", str(down.home.file)]) == ExitCode.OK
    assert capsys.readouterr().out.count("(thiếu cơ sở dữ liệu bantru, hoso, ketoan, qlnt)") == 2


def test_the_drill_proves_it_not(down: Down, tmp_path: Path) -> None:
    home = _copy(down.home, tmp_path)
    held = drill(open_repositories(home.settings)[1], tmp_path / "dien-tap")
    assert not held.ok
    assert held.told.startswith("Lấy lại đủ ")
    assert "chưa chứng minh được trọn đêm: Đêm 01/06/2027 không có cơ sở dữ liệu «bantru»" in held.told
    (red,) = [verdict for verdict in healths(home)[1].red if verdict.topic is Topic.DRILL]
    assert "KHÔNG ĐẠT" in red.told


def test_files_that_cannot_be_read_hide_no_database_and_are_hidden_by_none(
    down: Down, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _copy(down.home, tmp_path)
    hidden = home.root / "web" / "trang-chu.html"
    hidden.chmod(0)
    limited = replace(open_repositories(home.settings)[0], binary=without_super_rights(tmp_path))
    monkeypatch.setattr(backing_up, "open_repository", lambda _: limited)
    with pytest.raises(BackupPartial, match="máy chủ không trả lời") as caught:
        backing_up.back_up(home, NEXT)
    hidden.chmod(0o644)
    assert "trang-chu.html" in caught.value.line()
    told = [verdict.told for verdict in healths(home)[0].red if verdict.topic is Topic.PARTIAL]
    assert [line for line in told if "trang-chu.html" in line]
    assert [line for line in told if "«hoso»" in line]


def _copy(home: Home, place: Path) -> Home:
    root = place / "truong"
    shutil.copytree(home.root, root)
    for folder in (str(DAY), str(NEXT)):
        (root / "data" / "findings" / folder).mkdir(parents=True)
        (root / "data" / "findings" / folder / "findings.csv").write_bytes(b"rule,key\n")
    return Home(load_settings(root / "truong.toml"), root / "truong.toml")


def test_a_copy_saved_straight_from_the_sources_lacks_them_too(down: Down, tmp_path: Path) -> None:
    home = _copy(down.home, tmp_path)
    first, copy = open_repositories(home.settings)
    assert first.path
    shutil.rmtree(first.path)
    with pytest.raises(RepositoryMissing, match=r"máy chủ không trả lời.*Không thấy kho sao lưu"):
        backing_up.back_up(home, NEXT)
    copied = backing_up.copy(home, NEXT)
    assert "đã lưu thẳng vào «dia-hai»" in copied.detail
    assert "Kho «dia-hai» thiếu bản sao cơ sở dữ liệu: Không sao chép được" in copied.problem
    night = copy.snapshots()[-1]
    assert (night.partial, night.lacking) == (True, OF_SERVERS)
    assert open_repositories(home.settings)[1].tagged("dump=hoso")[-1].day == DAY


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSql]:
    with postgresql() as one:
        _fill(one)
        yield one


def test_dumps_that_die_halfway_and_the_same_night_once_more(down: Down, postgres: PostgreSql, tmp_path: Path) -> None:
    copied = _copy(down.home, tmp_path)
    with breaking_network(postgres.port, 60_000) as port:
        home = _home(copied.root, port, 1, NEXT)
        told = backing_up.back_up(home, NEXT).problem
    for name in ("qlnt", "hoso"):
        assert f"đứt giữa chừng [{name} (127.0.0.1)]" in told
    assert "Nguyễn" not in told
    first, _ = open_repositories(home.settings)
    assert not {"staging/qlnt.sql", "staging/ketoan.sql"} & set(first.files_of(first.snapshots()[-1].id)), "last night's is not tonight's"
    with mariadb() as other:
        other.run("CREATE TABLE hoc_sinh (id INT)")
        home = _home(copied.root, postgres.port, other.port, NEXT)
        assert [step.problem for step in _night(home, NEXT)[:4]] == [""] * 4
        servers = [Scratch(f"postgresql://app@127.0.0.1:{postgres.port}/postgres"), Scratch(f"mariadb://root@127.0.0.1:{other.port}")]
        assert [verdict for health in healths(home) for verdict in health.red] == []
        held = drill(first, tmp_path / "dien-tap", servers)
    assert (held.ok, held.pupils, held.not_loaded) == (True, ROWS, ()), held.told
    assert find_snapshot(first, NEXT).partial is False
    assert [night.partial for night in first.snapshots()] == [False, True, True, False]


def test_a_password_that_the_server_refuses_or_that_is_gone_costs_only_its_own_databases(
    down: Down, postgres: PostgreSql, tmp_path: Path
) -> None:
    home = _home(_copy(down.home, tmp_path).root, postgres.port, 1, NEXT, user="sao_luu")
    password = home.root / "sai.pass"
    told = backing_up.back_up(home, NEXT).problem
    for name in ("qlnt", "hoso"):
        assert f"Không thấy tệp mật khẩu [{name}: {password}]" in told
    password.write_text("sai-mat-khau", encoding="utf-8")
    password.chmod(0o600)
    told = backing_up.back_up(home, NEXT).problem
    for name in ("qlnt", "hoso"):
        assert f"máy chủ không nhận tài khoản [{name} (127.0.0.1)]" in told
    assert "sai-mat-khau" not in told
    password.write_text("dung", encoding="utf-8")
    told = backing_up.back_up(home, NEXT).problem
    assert (told.count("máy chủ không trả lời"), "qlnt" in told) == (2, False)  # MariaDB alone is still down
    assert {"qlnt", "hoso"} <= set(staged_manifest(home.data).parts)
    assert open_repositories(home.settings)[0].snapshots()[-1].lacking == ("bantru", "ketoan")


def test_any_listed_sqlite_file_that_is_damaged_costs_only_its_own_copy(
    down: Down, postgres: PostgreSql, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = _home(_copy(down.home, tmp_path).root, postgres.port, 1, NEXT)
    for file in (home.root / "thuvien.sqlite", home.root / "prefect" / "prefect.db"):
        with file.open("r+b") as stream:
            stream.seek(4096)
            stream.write(b"\xff" * 4096)
    assert main(["backup", "run", "--config", str(home.file)]) == ExitCode.BACKUP
    told = capsys.readouterr()
    assert "Lỗi:" not in told.err
    (line,) = [line for line in told.out.splitlines() if line.startswith("  CHÚ Ý: ") and "mọi phần khác đã lưu" in line]
    for name in ("thuvien.sqlite", "prefect.db", "bantru", "ketoan"):
        assert name in line
    assert open_repositories(home.settings)[0].snapshots()[-1].lacking == ("bantru", "ketoan", "prefect", "thuvien")
    assert {"qlnt", "hoso", "landing", "web", "mail"} <= set(staged_manifest(home.data).parts)
