"""Tonight's check in Great Expectations' own words: suites, validation results and Data Docs (way B of the measurements).

Rules are computed once, by Polars; Great Expectations gets the counts and never a value of a person.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Protocol

from connectors.records.snapshot import publish
from expectations.gx.quiet import keep_quiet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule

INDEX = "data_docs/index.html"


class Checked(Protocol):
    """What a check gives: findings, and per rule how many rows it examined."""

    @property
    def findings(self) -> pl.DataFrame: ...
    @property
    def examined(self) -> Mapping[str, int]: ...


def write_validation(result: Checked, rules: Sequence[Rule], snapshot: Snapshot, folder: Path) -> Path:
    """Write `folder` (a Great Expectations project and its Data Docs) and return the path of their first page.

    Written aside, then renamed. The same result gives the same bytes.
    """
    keep_quiet()
    from expectations.gx.project import build_project  # noqa: PLC0415 - importing Great Expectations takes seconds

    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    counts = dict(result.findings.group_by("rule").len().iter_rows())
    build_project(aside, snapshot.day, [(rule, result.examined.get(rule.code, 0), counts.get(rule.code, 0)) for rule in rules])
    publish(aside, folder)
    return folder / INDEX
