"""A source that lost half its rows against the newest earlier night stops every export (BD-1)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.check import CheckContext, check, stops_export
from infra.settings import Limits
from tests.rules.school_tables import DAY, Row, case, checked, pairs, pupil, rules_named, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

YESTERDAY, BEFORE = date(2027, 5, 30), date(2027, 5, 29)
ABOUT = ("BD-1",)
# Rows before and tonight; what is found for the table.
COUNTS = [(100, 100, ""), (100, 50, ""), (100, 49, "BD-1"), (100, 0, "BD-1"), (50, 24, "BD-1"), (49, 0, ""), (0, 100, ""), (51, 25, "BD-1")]
CASES = [case(f"{before} rows, then {now}", "pupils", ABOUT, finds) for before, now, finds in COUNTS]


def rows(number: int, system: str = "qlnt") -> list[Row]:
    return [pupil(f"79{index:08d}", source_system=system) for index in range(number)]


def night(folder: Path, number: int, day: date = YESTERDAY) -> Snapshot:
    return snapshot_of(folder / day.isoformat(), {"pupils": rows(number)}, day)


@pytest.mark.parametrize(("before", "now", "finds"), COUNTS)
def test_half_the_rows_are_the_measure(before: int, now: int, finds: str, tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": rows(now)}, rules=ABOUT, earlier=[night(tmp_path, before)])
    assert pairs(quality) == ({(finds, "pupils")} if finds else set())
    assert stops_export(quality) is bool(finds)


def test_without_an_earlier_night_there_is_nothing_to_compare(tmp_path: Path) -> None:
    quality = checked(tmp_path, {"pupils": rows(3)}, rules=ABOUT)
    assert pairs(quality) == set()
    assert quality.examined == {"BD-1": 0}


def test_the_newest_earlier_night_counts_in_whatever_order_they_come(tmp_path: Path) -> None:
    nights = [night(tmp_path, 60), night(tmp_path, 200, BEFORE)]
    for earlier in (nights, nights[::-1]):
        assert pairs(checked(tmp_path, {"pupils": rows(60)}, rules=ABOUT, earlier=earlier)) == set()


def test_each_system_is_compared_with_itself(tmp_path: Path) -> None:
    before = snapshot_of(tmp_path / "before", {"pupils": rows(60) + rows(60, "csdl")}, YESTERDAY)
    now = snapshot_of(tmp_path, {"pupils": rows(90) + rows(10, "csdl")})
    found = check(now, rules_named(ABOUT), CheckContext(DAY, Limits()), [before]).findings
    assert found.select("system", "table", "key", "value").rows() == [("csdl", "drift", "pupils", "10")]
