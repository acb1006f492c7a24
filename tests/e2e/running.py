"""Run the real `truong` command, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NIGHT_SECONDS = 540  # a bound for what hangs: a night takes half a minute
# For what Ctrl+C must end: who runs the tests in the background has it ignored, and children inherit that.
INTERRUPTIBLE = ("env", "--default-signal=INT")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def truong(*arguments: str | Path, cwd: Path | None = None, timeout: float = NIGHT_SECONDS) -> Done:
    """Run the command to its end."""
    command = [sys.executable, "-m", "flows.cli.main", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout, check=False, env=clean_environment())
    return Done(done.returncode, done.stdout, done.stderr)


def clean_environment() -> dict[str, str]:
    """The environment without what another test's Prefect left in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "GX_", "RESTIC_"))}


def new_home(root: Path, pupils: int, seed: int = 1) -> Path:
    """A demo home that has run one good night; returns its folder."""
    done = truong("demo", "--home", root, "--pupils", str(pupils), "--seed", str(seed))
    assert done.code == 0, done.err[-3000:] + done.out[-2000:]
    return root
