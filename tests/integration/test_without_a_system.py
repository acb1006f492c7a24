"""Clean data stays clean when a system is missing: a rule never takes what nobody delivered for a mistake."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from expectations.check import CheckContext, check
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

DAY = date(2027, 5, 31)
SYSTEMS = ("qlnt", "csdl", "staff")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    root = tmp_path_factory.mktemp("nguon")
    write_demo(root / "sources", DemoOptions(pupils=120, seed=5, day=DAY, clean=True, mails=5))
    found, errors = pull_side_by_side(sources_of_folder(root / "sources", root / "landing", root / "work"), DAY)
    assert not errors
    return found


@pytest.mark.parametrize("present", [SYSTEMS, *((system,) for system in SYSTEMS), ("csdl", "staff"), ("qlnt", "staff"), ("qlnt", "csdl")])
def test_no_rule_fires_for_what_nobody_delivered(present: tuple[str, ...], pulled: dict[str, Snapshot], tmp_path: Path) -> None:
    snapshot = combine({system: pulled[system] for system in present}, tmp_path / "dem", DAY)
    result = check(snapshot, all_rules(), CheckContext(DAY, Limits()))
    assert result.findings["rule"].unique().to_list() == []
