"""The shape of the house: fixed top level, imports that do nothing, telemetry off, no machine's name inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "connectors", "expectations", "backup", "infra")
HEAVY = ("prefect", "great_expectations", "paramiko", "boto3")


def test_top_level_packages_are_the_fixed_ones() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(ROOMS)


def test_importing_the_command_loads_no_heavy_client() -> None:
    code = f"import sys, flows.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_importing_any_module_writes_nothing(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "bootstrap.py"
    ]
    environment = {**os.environ, "HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect"), "PYTHONDONTWRITEBYTECODE": "1"}
    code = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "prefect" not in path.parts]
    assert not left


def test_lock_keeps_prefects_scheduler_alive() -> None:
    # fastapi 0.155+ kills the server at import; sqlalchemy 2.1 silently never creates a run
    import fastapi
    import sqlalchemy

    assert tuple(int(part) for part in fastapi.__version__.split(".")[:2]) < (0, 152)
    assert tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2]) < (2, 1)
