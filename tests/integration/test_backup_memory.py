"""A night of three times as many files takes no more memory of ours: neither names nor hashes are held."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

from backup.contents import stage_night
from backup.restore import find_snapshot, restore
from backup.saving import save_night
from backup.verify import broken_parts, prove, stored_manifest
from tests.integration.backup_school import DAY, School, new_school

if TYPE_CHECKING:
    from pathlib import Path

FEW, MANY = 4_500, 10_000  # both more than are ever under way (backup.reading)
BYTES_A_FILE = 40  # the name alone has more


def _whole_night(school: School, target: Path) -> None:
    staged = stage_night(school.data, DAY, school.database)
    assert save_night(school.repository, staged).complete
    proof = prove(school.repository, staged.manifest)
    assert broken_parts(school.repository, proof.snapshot, stored_manifest(school.repository, proof.snapshot)) == ()
    restore(school.repository, find_snapshot(school.repository), target)


def _peak(root: Path, files: int) -> int:
    """The most bytes of Python objects and buffers of a first and a second night with so many files."""
    school = new_school(root)
    for number in range(files):
        file = school.data / "exports" / f"{number // 500}" / f"tep so {number} cua thu muc.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"%d" % number)
    school.begin()
    gc.collect()
    tracemalloc.start()
    for night in ("mot", "hai"):
        _whole_night(school, root / night)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    _peak(tmp_path / "dau", 10)  # what is only imported or made once
    few, many = _peak(tmp_path / "it", FEW), _peak(tmp_path / "nhieu", MANY)
    assert many - few < BYTES_A_FILE * (MANY - FEW), (few, many)
