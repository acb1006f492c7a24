"""A small disk of its own for a command: it fills up like a real one, and nobody else sees it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def alone_with_a_small_disk(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that sees a disk of 30 MB at `place`, an empty folder."""
    namespace = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m"]
    refused = subprocess.run([*namespace, "true"], check=False, capture_output=True, text=True)
    if refused.returncode:
        pytest.fail(f"máy này không cho gắn đĩa nhỏ riêng: chạy bằng root hoặc cho phép user namespace (unshare -m): {refused.stderr}")
    shell = [*namespace, "sh", "-c", f'mount -t tmpfs -o size=30m tmpfs "{place}" && exec "$@"', "sh"]
    return subprocess.run([*shell, *command], capture_output=True, text=True, check=False, cwd=ROOT)
