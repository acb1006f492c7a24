"""After files were taken out of nights (Điều 6): no copy brings them back, no night is there twice, what was known of it stays known."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backup.binary import find_restic
from backup.care import CareRecord, trust_size
from backup.checks import checks_of
from backup.copies import copy_night
from backup.errors import BackupError, RepositoryDamaged
from backup.known import KnownPartials, write_json
from backup.manifest import paths_of
from backup.marked import MARKS_FILE
from backup.repair import Damage, find_damage, repair
from backup.restore import restore
from backup.retention import plan_retention
from backup.rewriting import take_out
from backup.saving import save_night, saved_tonight
from backup.still_held import Held, manifest_left_in
from backup.stored import REWRITTEN_TAG
from backup.upkeep import copy_snapshots
from backup.within import lost_parts, shrunk
from flows.cli.main import main
from infra.backup_settings import Keep
from infra.clock import SCHOOL_ZONE
from infra.errors import ExitCode
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary

if TYPE_CHECKING:
    from pathlib import Path

    from backup.contents import StagedNight
    from backup.repository import Repository
    from backup.stored import StoredSnapshot

SECRET, TEXT = f"exports/cong-van/{DAY}.txt", "Kế hoạch năm học\n"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school whose first night holds a file that is recognised only later; a second disk has that night, too."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    (school.data / SECRET).parent.mkdir(parents=True)
    (school.data / SECRET).write_text(TEXT, encoding="utf-8")
    school.begin()
    _night(school, folder_copy(school))
    return school


@pytest.fixture
def school(once: School, tmp_path: Path) -> School:
    return once.copy(tmp_path / "truong")


@pytest.fixture(params=["debian-13", "newest"])
def both(school: School, request: pytest.FixtureRequest) -> tuple[Repository, Repository]:
    binary = find_restic() if request.param == "debian-13" else newest_restic()
    return with_binary(school.repository, binary), with_binary(_disk(school), binary)


def _disk(school: School) -> Repository:
    return replace(folder_copy(school, made=False), password_file=school.root / "dia-hai.pass")


def _night(school: School, copy: Repository, first: Repository | None = None) -> StagedNight:
    """A night that is saved and copied."""
    first, staged = first or school.repository, school.stage()
    assert save_night(first, staged).complete
    (result,) = copy_night(first, [copy], staged, saved_tonight(first, staged.manifest))
    assert (result.problem, "đã chép sang" in result.told) == ("", True)
    return staged


def _marked(repository: Repository) -> Held:
    (night,) = [one for one in repository.snapshots() if SECRET in repository.files_of(one.id)]
    return Held(night.id, DAY, (f"/{SECRET}",))


def _rewritten(repository: Repository) -> list[bool]:
    nights = repository.snapshots()
    assert not [night for night in nights if REWRITTEN_TAG in night.tags and SECRET in repository.files_of(night.id)]
    return [REWRITTEN_TAG in night.tags for night in nights]


def test_the_next_copy_has_each_night_once(school: School, both: tuple[Repository, Repository]) -> None:
    first, disk = both
    (school.data / SECRET).unlink()
    for repository in both:
        assert take_out(repository, [_marked(repository)]) == 1
    _night(school, disk, first)
    _night(school, disk, first)
    assert _rewritten(first) == _rewritten(disk) == [True, False, False]
    days = {night.time.astimezone(SCHOOL_ZONE).date() for night in disk.snapshots()}  # two where midnight came between
    assert len(plan_retention(disk.snapshots(), Keep(daily=9)).keep) == len(days)  # of a day the newest
    disk.check("100%")


def test_a_store_that_deletes_nothing_does_not_bring_the_file_back(school: School, both: tuple[Repository, Repository]) -> None:
    first, disk = both  # the first one keeps what it has, the disk was freed of it
    (school.data / SECRET).unlink()
    take_out(disk, [_marked(disk)])
    _night(school, disk, first)
    assert _rewritten(disk) == [True, False]
    assert SECRET not in {path for night in disk.snapshots() for path in disk.files_of(night.id)}
    assert _marked(first).snapshot  # it is still told there


def test_a_disk_that_was_away_is_freed_when_it_is_back(school: School, both: tuple[Repository, Repository]) -> None:
    first, disk = both
    (school.data / SECRET).unlink()
    take_out(first, [_marked(first)])
    _night(school, disk, first)
    assert len(disk.snapshots()) == 2
    assert take_out(disk, [_marked(disk)]) == 1
    assert _rewritten(disk) == [True, False]


def test_a_rewritten_night_that_came_by_copy_stands_for_the_old_one(both: tuple[Repository, Repository]) -> None:
    first, disk = both
    take_out(first, [_marked(first)])
    disk.run(["copy"], 60.0, first.as_source())  # as an earlier version of ours copied
    assert len(disk.snapshots()) == 2
    take_out(disk, [_marked(disk)])
    assert _rewritten(disk) == [True]


def test_a_rewritten_night_is_repaired_from_one_that_was_rewritten_elsewhere(school: School) -> None:
    disk = _disk(school)
    for repository in (school.repository, disk):
        take_out(repository, [_marked(repository)])
    packs = [file for file in (school.data / "backups" / "restic" / "data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()
    found = find_damage(school.repository)
    assert found
    assert repair(school.repository, disk, found).snapshots == 1
    assert _rewritten(school.repository) == [True]
    assert all(not check.problem for check in checks_of(school.repository.state, school.repository.name).values())
    copy_snapshots(school.repository, disk)
    assert _rewritten(disk) == [True]


def _damaged(repository: Repository, *, folders: bool = False) -> Damage:
    """The biggest pack of files is gone; `folders`: the packs that hold the folders, too, here and in the cache."""
    assert repository.path
    packs = sorted((file for file in (repository.path / "data").rglob("*") if file.is_file()), key=lambda file: -file.stat().st_size)
    for pack in packs if folders else packs[:1]:
        pack.unlink()
    if folders:
        shutil.rmtree(repository.state / "cache")
    found = find_damage(repository)
    assert found
    return found


def _has_data_of(repository: Repository, text: str) -> bool:
    """Whether a small file's content lies anywhere in the repository, in a snapshot or not."""
    blob = hashlib.sha256(text.encode()).hexdigest()
    return f"data {blob}" in repository.ask(["list", "blobs", "--no-lock"]).output.decode()


def test_a_repair_brings_no_file_back_that_the_other_repository_still_holds(both: tuple[Repository, Repository], tmp_path: Path) -> None:
    first, disk = both
    trust_size(first)
    take_out(first, [_marked(first)])
    (before,) = first.snapshots()
    assert (_has_data_of(first, TEXT), _has_data_of(disk, TEXT)) == (False, True)
    healed = repair(first, disk, _damaged(first))
    assert (healed.snapshots, healed.kept_out) == (1, 1)
    assert not _has_data_of(first, TEXT)
    (night,) = first.snapshots()
    assert (_rewritten(first), night.tree, night.made) == ([True], before.tree, before.made)
    assert CareRecord(first.state, first.name).values["baseline"] == night.origin
    restored = restore(first, night, tmp_path / "lai")
    assert restored.files == len(manifest_left_in(first, night).files)
    assert [one.id for one in disk.snapshots()] == [_marked(disk).snapshot], "nothing is written into the good one"
    assert not list(first.state.glob(".*khoi-phuc*"))
    copy_snapshots(disk, first)
    assert _rewritten(first) == [True]


def test_a_repair_of_lost_folders_leaves_out_what_is_marked_tonight(school: School) -> None:
    first, disk = school.repository, _disk(school)
    take_out(first, [_marked(first)])
    (before,) = first.snapshots()
    write_json(first.state / MARKS_FILE, {"left_out": {str(school.data / SECRET): "MẬT"}})
    found = _damaged(first, folders=True)
    with pytest.raises(BackupError):
        first.files_of(before.id)
    assert repair(first, disk, found).kept_out == 1
    assert (_rewritten(first), first.snapshots()[0].tree, _has_data_of(first, TEXT)) == ([True], before.tree, False)


@pytest.mark.parametrize("known", [None, "exports/bieu-02/2026-09-30.xlsx"])  # nothing is marked any more; another file is
def test_a_repair_that_cannot_say_what_was_taken_out_changes_nothing(school: School, known: str | None) -> None:
    first, disk = school.repository, _disk(school)
    take_out(first, [_marked(first)])
    write_json(first.state / MARKS_FILE, {"left_out": {str(school.data / known): "MẬT"} if known else {}})
    found, before = _damaged(first, folders=True), [one.id for one in first.snapshots()]
    with pytest.raises(RepositoryDamaged, match="còn giữ tệp mang dấu mật đã bỏ khỏi kho này, mà đêm 31/05/2027") as caught:
        repair(first, disk, found)
    assert 'truong backup marked --remove "TÊN TRƯỜNG"' in caught.value.line()
    assert ([one.id for one in first.snapshots()], _has_data_of(first, TEXT)) == (before, False)
    take_out(disk, [_marked(disk)])  # as the line says
    assert repair(first, disk, find_damage(first)).kept_out == 0
    assert _rewritten(first) == [True]


def test_a_repair_brings_no_strange_night_after_files_were_taken_out(school: School) -> None:
    first, disk = school.repository, _disk(school)
    (school.data / f"landing/{DAY}/csdl/them.csv").write_text("mới\n", encoding="utf-8")
    assert save_night(disk, school.stage()).complete  # straight from the sources: a night that the first one never had
    take_out(first, [_marked(first)])
    assert repair(first, disk, _damaged(first)).kept_out == 1
    assert (_rewritten(first), _has_data_of(first, TEXT)) == ([True], False)


def test_the_command_repairs_without_them_and_says_so(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    (school.root / "truong.toml").write_text(
        f'day = "{DAY}"\n[school]\nname = "Trường Mẫu"\n[backup]\npassword_file = "restic.pass"\n'
        '[[backup.copies]]\nname = "dia-hai"\nrepository = "dia-hai"\npassword_file = "dia-hai.pass"\n',
        encoding="utf-8",
    )
    first = school.repository
    take_out(first, [_marked(first)])
    _damaged(first)
    left = school.data / "backups" / ".chua.khoi-phuc-1"  # of a repair that was killed
    left.mkdir()
    assert main(["backup", "repair", "--config", str(school.root / "truong.toml"), first.name]) == ExitCode.OK
    assert "không lấy tệp mang dấu mật đã bỏ khỏi 1 bản mà kho kia còn giữ" in capsys.readouterr().out
    assert (_rewritten(first), _has_data_of(first, TEXT), left.exists()) == ([True], False, False)


def test_what_was_known_of_the_night_stays_known(school: School) -> None:
    repository = _disk(school)  # in a copy the rewritten night has another origin
    trust_size(repository)
    old = repository.snapshots()[0]
    KnownPartials(repository.state).remember(old.origin, ["a.txt"])  # no tag: the store was busy
    take_out(repository, [_marked(repository)])
    (night,) = repository.snapshots()
    assert night.partial
    assert KnownPartials(repository.state).files(night.origin) == ("a.txt",)
    assert CareRecord(repository.state, repository.name).values["baseline"] == night.origin != old.origin


def test_what_was_taken_out_of_the_newest_night_is_missed_by_nobody(school: School) -> None:
    repository = school.repository
    take_out(repository, [_marked(repository)])
    (night,) = repository.snapshots()
    assert SECRET not in set(paths_of(manifest_left_in(repository, night).files))
    verdicts = lost_parts(repository, night, frozenset({"exports"}), [])
    assert [verdict.good for verdict in verdicts] == [True]
    (school.data / SECRET).unlink()
    assert save_night(repository, school.stage()).complete
    assert _shrunk(repository, repository.snapshots()) == []


def _shrunk(repository: Repository, nights: list[StoredSnapshot]) -> list[str]:
    return [verdict.told for keep in (None, Keep(max_shrink=0.1)) for verdict in shrunk(repository, nights, keep)]
