"""After files were taken out of nights (Điều 6): no copy brings them back, no night is there twice, what was known of it stays known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backup.binary import find_restic
from backup.care import CareRecord, trust_size
from backup.checks import checks_of
from backup.copies import copy_night
from backup.known import KnownPartials
from backup.manifest import paths_of
from backup.repair import find_damage, repair
from backup.retention import plan_retention
from backup.rewriting import take_out
from backup.saving import save_night, saved_tonight
from backup.still_held import Held, manifest_left_in
from backup.stored import REWRITTEN_TAG
from backup.upkeep import copy_snapshots
from backup.within import lost_parts, shrunk
from infra.backup_settings import Keep
from infra.clock import SCHOOL_ZONE
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary

if TYPE_CHECKING:
    from pathlib import Path

    from backup.contents import StagedNight
    from backup.repository import Repository
    from backup.stored import StoredSnapshot

SECRET = f"exports/cong-van/{DAY}.txt"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school whose first night holds a file that is recognised only later; a second disk has that night, too."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    (school.data / SECRET).parent.mkdir(parents=True)
    (school.data / SECRET).write_text("Kế hoạch năm học\n", encoding="utf-8")
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
