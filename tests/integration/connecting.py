"""Settings of one source, and the steps of connecting to it: for the tests of `truong connect --test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.probing.kinds import steps_of
from connectors.probing.steps import Mark, Step
from infra.settings import Settings, load_settings
from tests.integration.connector_sources import QLNT_ROWS

if TYPE_CHECKING:
    from pathlib import Path

READER, PASSWORD = "doc_du_lieu", "mat-khau-rat-kho"
PERSONAL = [str(value) for row in QLNT_ROWS["hoc_sinh"] for value in row if isinstance(value, str) and len(value) > 4]
CSDL = '[sources.csdl]\nkind = "folder"\npath = "csdl"\ncolumn_map = "csdl_2025"'


def settings_of(home: Path, part: str) -> Settings:
    (home / "qlnt.pass").write_text(f"{PASSWORD}\n", encoding="utf-8")
    (home / "qlnt.pass").chmod(0o600)
    (home / "truong.toml").write_text(f'[school]\nname = "T"\n{part}\n', encoding="utf-8")
    return load_settings(home / "truong.toml")


def taken(settings: Settings, tmp_path: Path, system: str = "qlnt") -> dict[str, Step]:
    """The steps by label; none of them says a secret or a value of a row, and none leaves a file."""
    (tmp_path / "scratch").mkdir(exist_ok=True)
    steps = list(steps_of(settings, system, tmp_path / "scratch", 3))
    told = repr(steps)
    assert PASSWORD not in told
    assert [value for value in PERSONAL if value in told] == []
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert all(step.fix for step in steps if step.mark in (Mark.BAD, Mark.WARN))
    return {step.label: step for step in steps}


def marks(steps: dict[str, Step]) -> str:
    return "".join(step.mark for step in steps.values())
