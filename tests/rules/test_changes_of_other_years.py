"""What changed is told within one school year, and of the attempt that counts (Điều 19.7, 15.4; TT27-7.1f)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.check import CheckContext, check
from expectations.views.approvals import Approval, sealed
from infra.settings import Gradebook, Limits
from tests.rules.school_tables import mark, pairs, pupil, result, rules_named, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from tests.rules.school_tables import Row, Text

CODE = "7900000001"
CLOSED, APPROVED = ("QC-19.7/1", "QC-19.7/2"), ("QC-15.4/1", "QC-15.4/2")
LAST_SUMMER, AUTUMN, LAST_NIGHT, TONIGHT = date(2026, 7, 31), date(2026, 9, 2), date(2027, 5, 30), date(2027, 5, 31)


@pytest.mark.parametrize(("before", "finds"), [(LAST_SUMMER, set()), (date(2026, 9, 1), {(rule, f"{CODE}|TO|CN") for rule in CLOSED})])
def test_the_empty_books_of_a_new_year_are_no_change_of_the_old_ones(before: date, finds: set[tuple[str, str]], tmp_path: Path) -> None:
    """The same night before would be a change if it were of the same school year."""
    locked = snapshot_of(tmp_path / "before", {"pupils": [pupil(CODE)], "marks": [mark(CODE, "TO", score="9", locked="1")]}, before)
    tonight = snapshot_of(tmp_path / "tonight", {"pupils": [pupil(CODE)]}, AUTUMN)
    assert pairs(check(tonight, rules_named(CLOSED), CheckContext(AUTUMN, Limits()), [locked])) == finds


def test_who_did_not_pass_last_year_is_asked_like_everybody_this_year(tmp_path: Path) -> None:
    def night(day: date, score: str, of_year: str) -> Snapshot:
        rows = {"pupils": [pupil(CODE)], "marks": [mark(CODE, "TO", score=score)], "year_results": [result(CODE, of_year)]}
        return snapshot_of(tmp_path / day.isoformat(), rows, day)

    earlier = [night(LAST_SUMMER, "3", "CHT"), night(LAST_NIGHT, "9", "HTT")]
    tonight = night(TONIGHT, "10", "HTT")
    assert pairs(check(tonight, rules_named(CLOSED), CheckContext(TONIGHT, Limits()), earlier)) == {("QC-19.7/2", f"{CODE}|TO|CN")}


def tried_twice(second: Text, score: str) -> dict[str, list[Row]]:
    """A first attempt by its number, and a later one that has a number or none."""
    first = mark(CODE, "TO", score="4", attempt=1, entered_at="2027-05-20 08:00:00")
    return {"pupils": [pupil(CODE)], "marks": [first, mark(CODE, "TO", score=score, attempt=second, entered_at="2027-05-24 08:00:00")]}


@pytest.mark.parametrize("second", ["1", "2", None])
def test_the_later_attempt_is_compared_whoever_numbered_it(second: Text, tmp_path: Path) -> None:
    before = snapshot_of(tmp_path / "before", tried_twice(second, "6"), LAST_NIGHT)
    tonight = snapshot_of(tmp_path / "tonight", tried_twice(second, "7"), TONIGHT)
    locked = CheckContext(TONIGHT, Limits(), Gradebook(locked={"CN": "30/05"}))
    assert pairs(check(tonight, rules_named(CLOSED), locked, [before])) == {("QC-19.7/2", f"{CODE}|TO|CN")}
    sealed(before, "3A", "CN").write_parquet(tmp_path / "cells.parquet")
    approved = CheckContext(TONIGHT, Limits(), approvals=(Approval("3A", "CN", LAST_NIGHT, tmp_path / "cells.parquet"),))
    assert pairs(check(tonight, rules_named(APPROVED), approved)) == {("QC-15.4/2", f"{CODE}|TO|CN")}
