"""Paths as patterns of restic that match only themselves: as options of a command, and as lines of a list."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def literally(path: str) -> str:
    """A path as a restic pattern that matches only itself."""
    return "".join(f"\\{letter}" if letter in "\\*?[" else letter for letter in path)


def excludes(paths: Iterable[str]) -> list[str]:
    """The options by which a command leaves paths out."""
    return [part for path in paths for part in ("--exclude", literally(path))]


def exclude_list(paths: Iterable[str]) -> bytes:
    """The same as the content of an `--exclude-file`."""
    return b"".join(os.fsencode(f"{_line(path)}\n") for path in paths)


def _line(path: str) -> str:
    # restic puts variables in, and trims each line: there any one letter stands for what it would take away.
    pattern = literally(path).replace("$", "$$").replace("\n", "?").replace("\r", "?")
    return f"{pattern[:-1]}?" if pattern[-1].isspace() else pattern
