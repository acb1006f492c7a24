"""The other restics that the tests drive: `python -m tests.restics` fetches them into `.tools`, once.

The oldest that a bare machine may have (only to restore with), and the newest. Without a network the tests
go on with those that are there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.bootstrap import TOOLS, made, restic_from_debian, say

SUITES = {"restic-bookworm": "bookworm", "restic-sid": "sid"}


def main() -> None:
    for name, suite in SUITES.items():
        if (TOOLS / name).exists():
            continue
        say(f"Tải restic của Debian {suite} cho bộ kiểm thử")
        with tempfile.TemporaryDirectory(dir=made(TOOLS), prefix=".restic-") as scratch:
            if not restic_from_debian(Path(scratch), TOOLS / name, suite, oldest=(0, 14)):
                say(f"Không tải được: phần kiểm thử với bản của {suite} dùng bản đang có")


if __name__ == "__main__":
    main()
