"""Damage in a repository: found, named, and brought back from the second copy without losing a file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from backup.copies import copy_night
from backup.errors import RepositoryDamaged
from backup.repair import find_damage, repair
from backup.restore import find_snapshot, restore
from backup.saving import save_night, saved_tonight
from backup.upkeep import HEALING_TAG, forget, tag
from backup.verify import prove
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school, newest_restic, with_binary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """Two nights in two repositories: read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    copy = folder_copy(school)
    for text in (b"dem mot", b"dem hai"):
        (school.data / f"landing/{DAY}/csdl/ghi-chu.txt").write_bytes(text * 5000)
        staged = school.stage()
        assert save_night(school.repository, staged).complete
    assert copy_night(school.repository, [copy], staged, saved_tonight(school.repository, staged.manifest))[0].problem == ""
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "truong")


def _packs(school: School) -> list[Path]:
    """Biggest first: packs of files; the small ones hold the folders."""
    found = [file for file in (school.data / "backups/restic/data").rglob("*") if file.is_file()]
    return sorted(found, key=lambda file: -file.stat().st_size)


def _flip(pack: Path, place: int = 100) -> None:
    content = bytearray(pack.read_bytes())
    content[place] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)


def _healed(school: School, tmp_path: Path) -> None:
    staged = school.stage()
    prove(school.repository, staged.manifest)
    assert not find_damage(school.repository)
    nights = school.repository.snapshots()
    assert len(nights) == 2
    for night in nights:
        restore(school.repository, night, tmp_path / night.short_id)
    texts = {(tmp_path / night.short_id / f"landing/{DAY}/csdl/ghi-chu.txt").read_bytes()[:7] for night in nights}
    assert texts == {b"dem mot", b"dem hai"}


def test_a_flipped_byte_is_found_named_and_repaired(own: School, tmp_path: Path) -> None:
    pack = _packs(own)[0]
    _flip(pack)
    own.repository.check()  # the structure alone does not show it
    with pytest.raises(RepositoryDamaged, match=pack.name[:8]):
        own.repository.check("100%")
    found = find_damage(own.repository)
    assert found.packs == (pack.name,)
    healed = repair(own.repository, folder_copy(own), found)
    assert (healed.packs, healed.snapshots) == (1, 2)
    _healed(own, tmp_path)


@pytest.mark.parametrize("binary", ["ours", "newest"])
def test_lost_packs_of_files_and_of_folders_are_repaired(own: School, tmp_path: Path, binary: str) -> None:
    packs = _packs(own)
    for pack in (packs[0], packs[-1]):
        pack.unlink()
    repository = own.repository if binary == "ours" else with_binary(own.repository, newest_restic())
    found = find_damage(repository)
    assert set(found.packs) == {packs[0].name, packs[-1].name}
    repair(repository, folder_copy(own), found)
    _healed(own, tmp_path)


def test_a_copy_that_is_damaged_too_heals_nothing_and_nothing_is_dropped(own: School) -> None:
    copy = folder_copy(own)
    shutil.rmtree(own.root / "dia-hai" / "data")
    packs = _packs(own)
    _flip(packs[0])
    before = [night.origin for night in own.repository.snapshots()]
    with pytest.raises(RepositoryDamaged):
        repair(own.repository, copy, find_damage(own.repository))
    assert [night.origin for night in own.repository.snapshots()] == before
    assert find_damage(own.repository)


def test_what_only_the_damaged_repository_has_stays_named_as_damaged(own: School) -> None:
    (own.data / f"landing/{DAY}/csdl/moi.bin").write_bytes(b"".join(bytes([n % 256]) * 3 for n in range(90_000)))
    known = set(_packs(own))
    save_night(own.repository, own.stage())
    new = max(set(_packs(own)) - known, key=lambda file: file.stat().st_size)
    new.unlink()
    with pytest.raises(RepositoryDamaged, match="vẫn còn"):
        repair(own.repository, folder_copy(own), find_damage(own.repository))
    assert len(own.repository.snapshots()) >= 3
    assert find_snapshot(own.repository).day == DAY


def test_what_a_killed_repair_left_and_the_copy_has_forgotten_since_stays(own: School) -> None:
    copy, (first, second) = folder_copy(own), own.repository.snapshots()
    tag(own.repository, [first.id], add=HEALING_TAG)
    forget(copy, [night.id for night in copy.snapshots() if night.made == first.made])
    max(_packs(own), key=lambda pack: pack.stat().st_mtime_ns).unlink()  # of the second night
    assert repair(own.repository, copy, find_damage(own.repository)).snapshots == 1
    assert [night.made for night in own.repository.snapshots()] == [first.made, second.made]
    assert not own.repository.tagged(HEALING_TAG)
    assert not find_damage(own.repository)


def test_a_sound_repository_has_nothing_to_repair(saved: School) -> None:
    assert not find_damage(saved.repository)
