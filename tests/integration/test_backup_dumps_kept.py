"""Streamed dumps follow their nights on real restic and a real PostgreSQL: they go with the agreed policy, and what stays is restored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from backup.access import Terms
from backup.care import care_for, retention_of
from backup.contents import Listed, stage_night
from backup.restore import restore
from backup.retention import accept, policy_code
from backup.saving import save_night, streamed_parts
from backup.server_dumps import ServerDump
from backup.stored import BEFORE_RESTORE_TAG, DAY_TAG, DUMP_TAG
from backup.upkeep import copy_snapshots, forget
from backup.upkept import counted
from connectors.records.snapshot import sha256_of
from flows.cli.main import main
from infra.backup_settings import Keep
from infra.clock import SCHOOL_ZONE, now
from infra.errors import ExitCode
from tests.integration.backup_places import folder_copy, rest_copy
from tests.integration.backup_school import School, new_school, plain_restic
from tests.integration.cheap_keys import put_snapshot
from tests.integration.sql_servers import PostgreSql, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

POLICY = Keep(daily=7, weekly=0, monthly=0, yearly=0)
KEPT = {"daily": 7, "weekly": 0, "monthly": 0, "yearly": 0}
# When (days ago) what was saved: a night before a restore, an old night, a killed one, a day with two nights …
BEFORE_RESTORE, OLD, KILLED, TWICE, KILLED_LATELY, NEWEST = 10, 9, 8, 3, 2, 0
WITHOUT_DUMP = (7, 6, 5, 4, 1)
TODAY = now().date()
# The school's days of these nights, far from the end of a school year, whose night stays for good.
NEWEST_DAY = date(2027, 3, 20)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    with postgresql() as one:
        one.run("CREATE TABLE diem (id serial PRIMARY KEY)")
        yield one


@pytest.fixture(scope="module")
def once(server: PostgreSql, tmp_path_factory: pytest.TempPathFactory) -> School:
    """Ten days of nights; each dump has one row more than the one before it. Read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    for days in (BEFORE_RESTORE, OLD, KILLED, TWICE, TWICE, KILLED_LATELY, NEWEST):
        _dumped_night(school, server, days)
    newest = _stored(school)[-1]
    for days in WITHOUT_DUMP:
        _put(school, newest, days)
    (school.root / "truong.toml").write_text(
        f'day = "{TODAY}"\n[school]\nname = "Trường Mẫu"\n[backup]\npassword_file = "restic.pass"\n'
        "[backup.keep]\n" + "".join(f"{name} = {count}\n" for name, count in KEPT.items()),
        encoding="utf-8",
    )
    return school


@pytest.fixture
def own(once: School, tmp_path: Path) -> School:
    return once.copy(tmp_path / "truong")


def _dumped_night(school: School, server: PostgreSql, days: int) -> None:
    """What the night some days ago left: its dump and, unless it was killed, the night itself."""
    day = NEWEST_DAY - timedelta(days=days)
    server.run("INSERT INTO diem DEFAULT VALUES")
    dump = ServerDump("hoso", f"postgresql://app@127.0.0.1:{server.port}/postgres", None, stream=True)
    streamed = streamed_parts([dump], school.repository, day, school.data / "staging")
    _set_back(school, days)
    if days in {KILLED, KILLED_LATELY}:
        return
    also = Listed(parts=frozenset({"findings"}), streamed=streamed)
    assert save_night(school.repository, stage_night(school.data, day, None, also=also)).complete
    _set_back(school, days, *([BEFORE_RESTORE_TAG] if days == BEFORE_RESTORE else []))


def _stored(school: School) -> list[StoredSnapshot]:
    return school.repository.tagged("truong", DUMP_TAG)


def _set_back(school: School, days: int, *tags: str) -> None:
    """What was saved just now, as if that had been some days ago."""
    newest = _stored(school)[-1]
    if days:
        _put(school, newest, days, *tags)
        file = school.data / "backups" / "restic" / "snapshots" / newest.id
        file.chmod(0o600)
        file.unlink()


def _put(school: School, stored: StoredSnapshot, days: int, *tags: str) -> None:
    """The same once more, saved some days ago at two o'clock and as many minutes as there are others: one after the other."""
    snapshot = json.loads(plain_restic(school, "cat", "snapshot", stored.id).stdout)
    at = datetime.combine(TODAY - timedelta(days=days), time(2), SCHOOL_ZONE) + timedelta(minutes=len(_stored(school)))
    times = {"backup_start": at.isoformat(), "backup_end": at.isoformat()}
    snapshot |= {"time": at.isoformat(), "summary": {**snapshot["summary"], **times}, "tags": [*snapshot["tags"], *tags]}
    snapshot.pop("parent", None)  # another one had been the newest then
    put_snapshot(school.data / "backups" / "restic", school.root / "restic.pass", snapshot)


def _days_ago(stored: StoredSnapshot) -> int:
    # The tests may have been read before midnight, and the newest night saved after it.
    return max(NEWEST, (TODAY - stored.time.astimezone(SCHOOL_ZONE).date()).days)


def _ago(repository: Repository) -> list[int]:
    """How many days ago the dumps in a repository were made, oldest first."""
    return [_days_ago(dump) for dump in repository.tagged(DUMP_TAG)]


def _restored(repository: Repository, target: Path) -> dict[str, dict[str, int]]:
    """Night -> rows of the database that a restore brings, its hash proved by the night's manifest."""
    rows: dict[str, dict[str, int]] = {}
    for night in repository.tagged("truong"):
        if _days_ago(night) in WITHOUT_DUMP:
            continue
        done = restore(repository, night, target / night.id, "hoso")
        part = done.manifest.parts["hoso"]
        assert sha256_of(target / night.id / "hoso.sql") == dict(part.files)["hoso.sql"].sha256
        rows[night.id] = dict(part.rows)
    return rows


def test_dumps_go_with_their_nights_and_every_night_that_stays_has_its_own(own: School, tmp_path: Path) -> None:
    repository = own.repository
    before = _restored(repository, tmp_path / "truoc")
    assert list(before.values()) == [{"diem": rows} for rows in (1, 2, 4, 5, 7)]
    assert _ago(repository) == [BEFORE_RESTORE, OLD, KILLED, TWICE, TWICE, KILLED_LATELY, NEWEST]
    accept(repository.state, POLICY, "hieu-pho", dumps=True)
    result = care_for(repository, POLICY, TODAY)
    assert result.problems == ()
    dumps = "2 bản sao cơ sở dữ liệu của các đêm đó, 1 bản sao cơ sở dữ liệu cũ không còn đêm nào dùng"
    assert f"«tai-cho»: bỏ 2 đêm cũ theo chính sách, {dumps}" in result.told
    assert _ago(repository) == [BEFORE_RESTORE, TWICE, KILLED_LATELY, NEWEST]
    after = _restored(repository, tmp_path / "sau")
    assert list(after.values()) == [{"diem": rows} for rows in (1, 5, 7)]
    assert after == {night: rows for night, rows in before.items() if night in after}
    repository.check("100%")
    plain_restic(own, "prune")
    assert not any("bỏ" in line for line in care_for(repository, POLICY, TODAY).told)


def test_a_night_goes_on_from_the_last_night_and_not_from_its_dump(once: School) -> None:
    saved_in_turn = [night for night in once.repository.tagged("truong") if _days_ago(night) not in WITHOUT_DUMP]
    assert saved_in_turn[-1].parent == saved_in_turn[-2].id


def test_an_agreement_to_the_nights_alone_deletes_nothing_until_the_whole_plan_was_seen(
    own: School, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--config", str(own.root / "truong.toml")]
    accept(own.repository.state, POLICY, "hieu-pho")
    waiting = care_for(own.repository, POLICY, TODAY)
    assert "kế hoạch nay bỏ cả bản sao cơ sở dữ liệu của các đêm cũ mà chưa ai xem lại (truong backup plan)" in " ".join(waiting.told)
    assert (len(_ago(own.repository)), len(own.repository.snapshots())) == (7, 9)
    assert main(["backup", "plan", "--accept", policy_code(POLICY), *settings]) == ExitCode.CONFIGURATION
    assert main(["backup", "plan", *settings]) == ExitCode.OK
    told, code = capsys.readouterr().out, policy_code(POLICY, dumps=True)
    assert told.count("cùng bản sao cơ sở dữ liệu hoso") == 2
    assert "bản sao cơ sở dữ liệu lưu riêng: giữ 4, bỏ 2 theo đêm, bỏ 1 không còn đêm nào dùng" in told
    assert told.count("không đêm nào dùng, chưa bỏ vì còn mới") == 1
    assert f"truong backup plan --accept {code}" in told
    assert main(["backup", "plan", "--accept", code, "--json", *settings]) == ExitCode.OK
    (shown,) = json.loads(capsys.readouterr().out)["repositories"]
    assert (shown["dumps"]["keep"], [len(shown["dumps"][name]) for name in ("forget", "stray", "waiting")]) == (3, [2, 1, 1])
    assert care_for(own.repository, POLICY, TODAY).problems == ()
    assert _ago(own.repository) == [BEFORE_RESTORE, TWICE, KILLED_LATELY, NEWEST]


def test_a_dump_with_a_false_time_is_told_and_nothing_goes(own: School) -> None:
    ahead = f"{now() + timedelta(days=3):%Y-%m-%d %H:%M:%S}"
    tags = f"{DUMP_TAG},{DAY_TAG}{now().date()},dump=hoso"
    plain_restic(own, "backup", "--time", ahead, "--tag", tags, "--host", "truong", str(own.data / "exports"))
    accept(own.repository.state, POLICY, "hieu-pho", dumps=True)
    result = care_for(own.repository, POLICY, TODAY)
    assert "không xóa đêm cũ nào vì bản" in result.problems[0]
    assert "mang giờ ở tương lai" in result.problems[0]
    assert (len(_ago(own.repository)), len(own.repository.snapshots())) == (8, 9)


def test_a_kill_between_the_nights_and_their_dumps_is_made_up_for(own: School, tmp_path: Path) -> None:
    accept(own.repository.state, POLICY, "hieu-pho", dumps=True)
    forget(own.repository, retention_of(own.repository, POLICY).ids)
    result = care_for(own.repository, POLICY, TODAY)
    assert "«tai-cho»: bỏ 2 bản sao cơ sở dữ liệu cũ không còn đêm nào dùng" in result.told
    # The first dump of the day with two nights waits until that day is old.
    assert _ago(own.repository) == [BEFORE_RESTORE, TWICE, TWICE, KILLED_LATELY, NEWEST]
    assert list(_restored(own.repository, tmp_path / "lai").values()) == [{"diem": rows} for rows in (1, 5, 7)]


def test_a_copy_thins_out_its_own_dumps(own: School, tmp_path: Path) -> None:
    copy = folder_copy(own)
    copy_snapshots(own.repository, copy)
    accept(copy.state, POLICY, "hieu-pho", dumps=True)
    assert care_for(copy, POLICY, TODAY).problems == ()
    assert _ago(copy) == [BEFORE_RESTORE, TWICE, KILLED_LATELY, NEWEST]
    assert len(_ago(own.repository)) == 7
    assert list(_restored(copy, tmp_path / "lai").values()) == [{"diem": rows} for rows in (1, 5, 7)]


def test_a_store_that_keeps_a_night_keeps_its_dump(own: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept(own.repository.state, POLICY, "hieu-pho", dumps=True)
    with rest_copy(own, tmp_path / "kho", append_only=True) as store:
        copy_snapshots(own.repository, store)
        refused = care_for(replace(store, terms=Terms()), POLICY, TODAY)
        assert any("Kho không cho xóa 2 bản sao lưu cũ" in problem for problem in refused.problems)
        assert len(_ago(store)) == 7
        assert care_for(store, POLICY, TODAY).problems == ()
        assert len(_ago(store)) == 7
        _settings_with(own, store)
        assert main(["backup", "plan", "--config", str(own.root / "truong.toml")]) == ExitCode.OK
        (killed,) = (dump.short_id for dump in store.tagged(DUMP_TAG) if _days_ago(dump) == KILLED)
    told = capsys.readouterr().out
    assert f"Kho «kho-rest»: 1 bản sao cơ sở dữ liệu không còn đêm nào dùng, họ có thể chạy: restic forget {killed}\n" in told


def _settings_with(school: School, store: Repository) -> None:
    place = f'name = "{store.name}"\nrepository = "{store.url}"\npassword_file = "{store.password_file}"\n'
    with (school.root / "truong.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'[[backup.copies]]\n{place}key_file = "{store.access.key_file}"\nappend_only = true\n')


def test_dumps_that_pile_up_make_the_count_red(own: School) -> None:
    nights = own.repository.snapshots()
    assert [verdict.good for verdict in counted(own.repository, nights, Keep(**KEPT))] == [True]
    (old,) = (dump for dump in own.repository.tagged(DUMP_TAG) if _days_ago(dump) == OLD)
    snapshot = json.loads(plain_restic(own, "cat", "snapshot", old.id).stdout)
    for hour in range(1, 12):  # 10 nights need one each at most, and a killed one of each of 7 days may be there
        told = (old.time - timedelta(hours=hour)).isoformat()
        put_snapshot(own.data / "backups" / "restic", own.root / "restic.pass", {**snapshot, "time": told})
    red = [verdict for verdict in counted(own.repository, nights, Keep(**KEPT)) if verdict.good is False]
    assert [verdict.told.partition(":")[0] for verdict in red] == [
        "kho có 18 bản sao cơ sở dữ liệu «hoso», các đêm trong kho cần nhiều nhất 17"
    ]
    assert "truong backup plan" in red[0].fix
