"""A sheet as it was read: raw cells, and the real number of its first row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of raw cells: of one width out of a workbook, as wide as they were written out of a CSV file.

    `first_row`: number (from 1, as Excel shows it) of `rows[0]`. `unreadable`: cells that hold no value that can
    be read (an error, a formula that was never computed): (real row number, place in its row) -> what stands there.
    """

    sheet: str
    first_row: int
    rows: Sequence[Sequence[object]]
    hidden: bool = False
    unreadable: Mapping[tuple[int, int], str] = field(default_factory=dict)
