"""End-to-end tests run the real `truong` command on homes of their own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import new_home
from tests.integration.cheap_keys import cheapen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def good_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of 300 pupils after one good night: read it, do not change it. Its repository's key is cheap to try from then on."""
    home = new_home(tmp_path_factory.mktemp("nha"), pupils=300)
    cheapen(home / "data" / "backups" / "restic", home / "secrets" / "restic.pass")
    return home


@pytest.fixture
def own_home(good_night: Path, tmp_path: Path) -> Path:
    """A copy of that home to break."""
    copied = tmp_path / "nha"
    shutil.copytree(good_night, copied, symlinks=True)
    return copied
