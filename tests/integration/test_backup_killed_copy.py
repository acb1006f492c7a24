"""A kill -9 while a copy is saved with a manifest of its own: what is staged is the first repository's night again, or a newer one."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backup.binary import find_restic
from backup.copies import copy_night
from backup.manifest_file import staged_manifest
from backup.saving import PUT_ASIDE, save_night, saved_tonight, staged_again
from backup.verify import prove
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import DAY, School, new_school, script

ROOT = Path(__file__).resolve().parents[2]
COPYING = """
import sys
from pathlib import Path
from backup.contents import Streamed
from backup.copies import Means, copy_night
from backup.manifest import FileEntry, PartEntry
from backup.saving import staged_again
from tests.integration.backup_places import folder_copy
from tests.integration.backup_school import School, with_binary
school = School(Path(sys.argv[1]))
copy = with_binary(folder_copy(school, "dia-ba", made=False), Path(sys.argv[2]))
own = {"hoso": PartEntry("hoso.sql", (("hoso.sql", FileEntry(7, "a" * 64)),), {"hoc_sinh": 3}, streamed=True)}
copy_night(school.repository, [copy], staged_again(school.data), None, Means(lambda _: Streamed(own)))
"""


@pytest.fixture
def school(tmp_path: Path) -> School:
    """A school after a good night, whose direct save into a further disk was killed."""
    school = new_school(tmp_path / "truong")
    school.begin()
    assert save_night(school.repository, school.stage()).complete
    folder_copy(school, "dia-ba")
    reached, restic = tmp_path / "dang-luu", shlex.quote(str(find_restic()))
    slow = script(tmp_path / "restic", f'[ "$1" = backup ] && : > {shlex.quote(str(reached))} && exec sleep 60\nexec {restic} "$@"')
    with subprocess.Popen([sys.executable, "-c", COPYING, str(school.root), str(slow)], cwd=ROOT) as process:
        while not reached.exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    return school


def test_the_next_copy_finds_the_night_in_the_first_repository(school: School) -> None:
    assert "hoso" in staged_manifest(school.data).parts  # the kill came while the copy's own manifest stood there
    staged, copy = staged_again(school.data), folder_copy(school)
    assert staged
    assert "hoso" not in staged.manifest.parts
    assert staged_manifest(school.data) == staged.manifest
    saved = saved_tonight(school.repository, staged.manifest)
    (result,) = copy_night(school.repository, [copy], staged, saved)
    assert (result.problem, "đã chép sang" in result.told) == ("", True)
    prove(copy, staged.manifest)
    assert not list((school.data / "backups").glob(f"{PUT_ASIDE}*"))


def test_a_night_that_was_staged_since_is_not_undone(school: School) -> None:
    (school.data / f"landing/{DAY}/csdl/them.csv").write_text("mới\n", encoding="utf-8")
    newer = school.stage()
    again = staged_again(school.data)
    assert again
    assert again.manifest == newer.manifest == staged_manifest(school.data)
    assert not list((school.data / "backups").glob(f"{PUT_ASIDE}*"))
    assert save_night(school.repository, newer).complete
    prove(school.repository, newer.manifest)
