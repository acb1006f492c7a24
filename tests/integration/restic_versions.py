"""Other restics than the project's own: what a bare machine may hold (tests/restics.py fetches them)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.bootstrap import TOOLS
from tests.restics import main

if TYPE_CHECKING:
    from pathlib import Path


def restic_of(suite: str) -> Path:
    """The restic of a Debian suite, fetched now if `make servers` has not done so."""
    found = TOOLS / f"restic-{suite}"
    if not found.exists():
        main()
    if not found.exists():
        pytest.fail(f"không lấy được restic của Debian {suite} từ kho gói của máy này")
    return found
