"""Which restic runs: found on PATH or beside the project, refused when it is too old. The owner of resticpy.

resticpy answers which version a binary is. For everything else our own runner speaks to restic, because
resticpy keeps the repository in globals, has no deadline, progress, dump or lock handling, and turns a
failed `check` into None (docs/decisions.md).
"""

from __future__ import annotations

import shutil
import sys
import threading
from functools import cache
from pathlib import Path

import restic

from infra.errors import ConfigurationError

OLDEST_RESTIC = (0, 18)  # exit codes 10-12 and JSON of check, restore and init

_resticpy = threading.Lock()  # its binary_path is a global


@cache
def restic_version(binary: Path) -> tuple[int, ...]:
    """Version of a restic binary, (0, 18, 1); (0,) when it does not run."""
    with _resticpy:
        restic.binary_path = str(binary)
        try:
            told: str = restic.version()["restic_version"]
        except (restic.errors.Error, OSError, KeyError, AttributeError):
            return (0,)
    return tuple(int(part) for part in told.split("-", maxsplit=1)[0].split(".") if part.isdigit())


def find_restic() -> Path:
    """The restic to use: PATH if new enough, else the project's own. ConfigurationError when there is none."""
    on_path = shutil.which("restic")
    for candidate in (on_path, Path(sys.prefix).parent / ".tools" / "restic"):
        if candidate and Path(candidate).exists() and restic_version(Path(candidate)) >= OLDEST_RESTIC:
            return Path(candidate)
    found = f"máy chỉ có bản {'.'.join(map(str, restic_version(Path(on_path))))}" if on_path else "máy chưa có restic"
    raise ConfigurationError(f"Cần restic từ 0.18 trở lên, {found}", fix="chạy: make setup")
