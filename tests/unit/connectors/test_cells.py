"""Cells of every type as the text that people see."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from connectors.cells import text_column, text_of


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("0079", "0079"),
        (1.0, "1"),
        (79218012345.0, "79218012345"),
        (0.1 + 0.2, "0.3"),
        (9.5, "9.5"),
        (125.1, "125.1"),
        (-3.0, "-3"),
        (7, "7"),
        (True, "1"),
        (False, "0"),
        (Decimal("9.50"), "9.50"),
        (date(2018, 5, 31), "2018-05-31"),
        (datetime(2018, 5, 31), "2018-05-31"),  # noqa: DTZ001 - cells know no zone
        (datetime(2018, 5, 31, 8, 15, 7), "2018-05-31 08:15:07"),  # noqa: DTZ001
        (time(8, 15), "08:15:00"),
        ("Khối 1".encode(), "Khối 1"),
    ],
)
def test_a_cell_as_text(cell: object, text: str | None) -> None:
    assert text_of(cell) == text


@pytest.mark.parametrize(
    "cells",
    [
        ("a", None, "0079"),
        (1, None, 20),
        (1, "a", 2.0),
        (True, False),
        (2**70, 1),
        (date(2018, 5, 31), None),
        (),
        (None, None),
        (1, 2.5),
        (1.5, 1),
    ],
)
def test_the_quick_way_gives_the_same_as_cell_by_cell(cells: tuple[object, ...]) -> None:
    assert text_column("x", cells).to_list() == [text_of(cell) for cell in cells]
