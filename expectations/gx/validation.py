"""Tonight's check in Great Expectations' own words: suites, validation results and Data Docs.

A real checkpoint runs, and our engine (engine.py) answers it from the night's one scan: rules are
computed once, by Polars, and Great Expectations never sees a value of a person.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from connectors.records.snapshot import publish
from expectations.gx.quiet import keep_quiet
from expectations.gx.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from expectations.gx.scan import Checked
    from expectations.rule import Rule

INDEX = "data_docs/index.html"


def write_validation(result: Checked, rules: Sequence[Rule], snapshot: Snapshot, folder: Path) -> Path:
    """Write `folder` (a Great Expectations project and its Data Docs) and return the path of their first page.

    Written aside, then renamed. The same result gives the same bytes.
    """
    keep_quiet()
    from expectations.gx.project import build_project  # noqa: PLC0415 - importing Great Expectations takes seconds

    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    build_project(aside, Scan(snapshot, rules, lambda: result))
    publish(aside, folder)
    return folder / INDEX
