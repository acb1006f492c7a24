"""A sheet as it was read: raw cells, and the real number of its first row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of raw cells, all of one width. `first_row`: number (from 1, as Excel shows it) of `rows[0]`."""

    sheet: str
    first_row: int
    rows: Sequence[Sequence[object]]
