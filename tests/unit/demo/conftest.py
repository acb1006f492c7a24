"""One demo school per module, built and written once: read it, do not change it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.demo import DemoOptions, write_demo
from connectors.demo.school import School, build_school

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)


@pytest.fixture(scope="module")
def school() -> School:
    """The school as it comes by default: clean, as its systems hold it."""
    options = DemoOptions()
    return build_school(options.seed, options.pupils, options.day)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small clean school as a folder."""
    folder = tmp_path_factory.mktemp("truong") / "sources"
    write_demo(folder, DemoOptions(pupils=120, seed=1, day=DAY, clean=True, mails=40))
    return folder
