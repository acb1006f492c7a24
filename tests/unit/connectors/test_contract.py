"""What a source must keep to: columns, rows, change, age; what a season allows; what an acceptance covers and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Breach, ContractBroken, Kind, came_back, covers, examine, only_system, usual_rows
from connectors.records.school_calendar import SchoolCalendar
from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from infra.errors import ExitCode
from infra.source_settings import Contract

CALENDAR = SchoolCalendar()
DAY, TET, SUMMER, AUGUST = date(2026, 11, 25), date(2027, 2, 8), date(2027, 7, 1), date(2027, 8, 10)
COLUMNS = {
    "pupils": ("pupil_code", "full_name", "disability"),
    "classes": ("class_name",),
    "marks": ("pupil_code", "level"),
    "staff": ("staff_code",),
}


def night(rows: dict[str, int], day: date = DAY, as_of: date | None = DAY, columns: dict[str, tuple[str, ...]] | None = None) -> Snapshot:
    """A one-system snapshot as the contract sees it: no file is needed."""
    delivered = columns or {table: COLUMNS.get(table, ("x",)) for table in rows}
    return Snapshot(Path("không-có"), day, {"qlnt": SourceState("qlnt", as_of, delivered)}, rows)


def nights(*counts: int, table: str = "pupils") -> list[Snapshot]:
    """Good nights, newest first."""
    return [night({table: count}, DAY - timedelta(days=number)) for number, count in enumerate(counts, 1)]


def kinds(snapshot: Snapshot, earlier: list[Snapshot], contract: Contract | None = None, day: date = DAY) -> list[tuple[Kind, str]]:
    return [(breach.kind, breach.table) for breach in examine(snapshot, earlier, contract or Contract(), day, CALENDAR)]


@pytest.mark.parametrize(
    ("now", "trips"), [(300, False), (211, False), (210, False), (209, True), (389, False), (390, False), (391, True), (1, True)]
)
def test_change_against_the_median_alarms_in_both_directions(now: int, *, trips: bool) -> None:
    assert kinds(night({"pupils": now}), nights(300, 300, 300)) == ([(Kind.CHANGE, "pupils")] if trips else [])


def test_the_median_is_of_the_last_five_good_nights_and_no_outlier_moves_it() -> None:
    assert usual_rows("pupils", nights(100, 300, 300, 2, 301)[:5]) == 300
    assert kinds(night({"pupils": 300}), nights(100, 300, 300, 2, 301)) == []
    # three nights at the new level make it the usual one; nights before the fifth say nothing
    assert kinds(night({"pupils": 100}), nights(100, 100, 100, 300, 300, 300, 300, 300)) == []
    assert kinds(night({"pupils": 100}), nights(100, 100, 300, 300, 300)) == [(Kind.CHANGE, "pupils")]


@pytest.mark.parametrize(("before", "now", "trips"), [(49, 10, False), (12, 49, False), (50, 10, True), (49, 80, True), (12, 3, False)])
def test_small_tables_move_by_nature(before: int, now: int, *, trips: bool) -> None:
    assert bool(kinds(night({"pupils": now}), nights(before))) is trips


def test_empty_is_not_zero_however_small_the_table() -> None:
    (breach,) = examine(night({"classes": 0}), nights(12, table="classes"), Contract(), DAY, CALENDAR)
    assert (breach.kind, breach.before, breach.now) == (Kind.EMPTY, 12, 0)
    assert "rỗng" in breach.line()
    assert kinds(night({"classes": 0}), nights(0, table="classes")) == []


def test_what_fills_up_over_the_year_may_rise_but_not_fall() -> None:
    assert kinds(night({"marks": 9000}), nights(1000, table="marks")) == []
    assert kinds(night({"marks": 600}), nights(1000, table="marks")) == [(Kind.CHANGE, "marks")]
    assert kinds(night({"marks": 0}), nights(1000, table="marks")) == [(Kind.EMPTY, "marks")]
    assert kinds(night({"movements": 0}), nights(3, table="movements")) == []


@pytest.mark.parametrize("day", [SUMMER, AUGUST])
@pytest.mark.parametrize(
    ("table", "before", "now"), [("pupils", 300, 60), ("pupils", 300, 900), ("marks", 9000, 0), ("assignments", 90, 20)]
)
def test_summer_and_the_roll_over_turn_tables_over_without_alarm(day: date, table: str, before: int, now: int) -> None:
    assert kinds(night({table: now}), nights(before, table=table), day=day) == []
    assert kinds(night({table: now}), nights(before, table=table)) == [(Kind.CHANGE if now else Kind.EMPTY, table)]


@pytest.mark.parametrize("day", [TET, SUMMER, AUGUST])
def test_no_season_lets_the_pupils_vanish(day: date) -> None:
    assert kinds(night({"pupils": 0}), nights(300), day=day) == [(Kind.EMPTY, "pupils")]
    least = Contract(min_rows={"pupils": 200})
    assert kinds(night({"pupils": 199}), nights(300), least, day) == [(Kind.FEW, "pupils")]


@pytest.mark.parametrize(("now", "trips"), [(160, False), (150, False), (149, True)])
def test_in_tet_a_table_may_move_by_half(now: int, *, trips: bool) -> None:
    assert bool(kinds(night({"pupils": now}), nights(300), day=TET)) is trips
    assert bool(kinds(night({"pupils": now}), nights(300))) is True


def test_minimum_rows_speak_without_any_earlier_night() -> None:
    contract = Contract(min_rows={"pupils": 100, "staff": 5})
    assert kinds(night({"pupils": 99, "staff": 5}), [], contract) == [(Kind.FEW, "pupils")]
    assert kinds(night({"staff": 5}), [], contract) == [(Kind.FEW, "pupils")], "a table that is not delivered has no rows"
    assert kinds(night({"pupils": 1}), []) == []
    (breach,) = examine(night({"pupils": 99, "staff": 5}), [], contract, DAY, CALENDAR)
    assert breach.line() == "bảng Học sinh chỉ có 99 dòng, cần ít nhất 100"
    (breach,) = examine(night({"pupils": 99, "staff": 5}), nights(120), contract, DAY, CALENDAR)
    assert breach.line() == "bảng Học sinh chỉ có 99 dòng, cần ít nhất 100, thường 120"


@pytest.mark.parametrize(("change", "trips"), [(0.3, True), (0.5, False), (1.0, False)])
def test_the_school_sets_how_much_may_change(change: float, *, trips: bool) -> None:
    assert bool(kinds(night({"pupils": 180}), nights(300), Contract(max_change=change))) is trips


def test_a_lost_optional_column_and_a_lost_table_trip_and_a_new_column_is_only_told() -> None:
    before = night({"pupils": 300, "marks": 900}, DAY - timedelta(days=1))
    fewer = night({"pupils": 300}, columns={"pupils": ("pupil_code", "full_name", "nationality")})
    found = examine(fewer, [before], Contract(), DAY, CALENDAR)
    assert [(breach.kind, breach.table, breach.column, breach.trips) for breach in found] == [
        (Kind.LOST_COLUMN, "pupils", "disability", True),
        (Kind.NEW_COLUMN, "pupils", "nationality", False),
        (Kind.LOST_TABLE, "marks", "", True),
    ]
    assert "Khuyết tật" in found[0].line() or "khuyết tật" in found[0].line()


def test_a_column_made_from_a_lost_one_is_not_told_twice() -> None:
    before = night({"marks": 9}, columns={"marks": ("level", "score", "score_value")})
    found = examine(night({"marks": 9}, columns={"marks": ("level",)}), [before], Contract(), DAY, CALENDAR)
    assert [breach.column for breach in found] == ["score"]


@pytest.mark.parametrize(
    ("as_of", "kind"),
    [
        (DAY, None),
        (DAY - timedelta(days=7), None),
        (DAY - timedelta(days=8), Kind.AGE),
        (None, Kind.NO_AGE),
        (DAY + timedelta(days=3), None),
    ],
)
def test_the_age_of_the_data_itself_counts(as_of: date | None, kind: Kind | None) -> None:
    found = examine(night({"pupils": 3}, as_of=as_of), [], Contract(max_age_days=7), DAY, CALENDAR)
    assert [breach.kind for breach in found] == ([kind] if kind else [])
    assert all(breach.trips is (kind is Kind.AGE) for breach in found), "a day that is never told is grey, neither good nor bad"
    assert examine(night({"pupils": 3}, as_of=as_of), [], Contract(), DAY, CALENDAR) == ()


def test_data_of_before_tet_is_not_old_after_it() -> None:
    contract = Contract(max_age_days=3)
    data = night({"pupils": 3}, as_of=date(2027, 1, 29))
    assert examine(data, [], contract, date(2027, 2, 16), CALENDAR) == ()
    assert [breach.kind for breach in examine(data, [], contract, date(2027, 2, 17), CALENDAR)] == [Kind.AGE]


def test_the_line_says_table_rows_before_and_now() -> None:
    (breach,) = examine(night({"pupils": 1200}), nights(3000), Contract(), DAY, CALENDAR)
    assert breach.line() == "bảng Học sinh 1.200 dòng, thường 3.000 (giảm 60 %)"
    assert ContractBroken("x").exit_code is ExitCode.DATA_STOPPED_EXPORT


@given(st.lists(st.integers(0, 2000), min_size=0, max_size=8), st.integers(0, 2000), st.sampled_from([DAY, TET, SUMMER, AUGUST]))
def test_the_same_inputs_give_the_same_breaches_and_what_is_usual_never_trips(counts: list[int], now: int, day: date) -> None:
    earlier = nights(*counts)
    found = examine(night({"pupils": now}), earlier, Contract(), day, CALENDAR)
    assert found == examine(night({"pupils": now}), earlier, Contract(), day, CALENDAR)
    usual = usual_rows("pupils", earlier[:5])
    if usual:
        assert examine(night({"pupils": usual}), earlier, Contract(), day, CALENDAR) == ()
        # whatever trips is covered by the acceptance of exactly that
        assert all(covers(breach, breach) for breach in found)


FALL = Breach(Kind.CHANGE, "pupils", before=300, now=120)


@pytest.mark.parametrize(
    ("tonight", "passes"),
    [
        (FALL, True),
        (replace(FALL, now=200), True),
        (replace(FALL, now=119), False),
        (replace(FALL, now=500), False),
        (replace(FALL, table="marks"), False),
        (Breach(Kind.EMPTY, "pupils", before=300), False),
        (Breach(Kind.LOST_COLUMN, "pupils", "disability"), False),
    ],
)
def test_an_accepted_fall_lets_pass_only_itself_and_what_lies_between(tonight: Breach, *, passes: bool) -> None:
    assert covers(FALL, tonight) is passes


def test_an_accepted_column_and_an_accepted_age_let_pass_only_themselves() -> None:
    column = Breach(Kind.LOST_COLUMN, "pupils", "disability")
    assert covers(column, replace(column, advice="có thể đã đổi tên"))
    assert not covers(column, replace(column, column="nationality"))
    old = Breach(Kind.AGE, before=7, now=20, day=DAY)
    assert covers(old, replace(old, now=22))
    assert not covers(old, replace(old, day=DAY - timedelta(days=1))), "older data than was accepted"


def test_what_was_accepted_is_over_when_things_are_as_before() -> None:
    contract = Contract()
    assert came_back(FALL, night({"pupils": 290}), contract, CALENDAR)
    assert not came_back(FALL, night({"pupils": 130}), contract, CALENDAR)
    column = Breach(Kind.LOST_COLUMN, "pupils", "disability")
    assert came_back(column, night({"pupils": 1}), contract, CALENDAR)
    assert not came_back(column, night({"pupils": 1}, columns={"pupils": ("pupil_code",)}), contract, CALENDAR)
    old = Breach(Kind.AGE, before=7, now=20, day=date(2026, 10, 1))
    assert came_back(old, night({"pupils": 1}, as_of=DAY - timedelta(days=7)), contract, CALENDAR)
    assert not came_back(old, night({"pupils": 1}, as_of=DAY - timedelta(days=8)), contract, CALENDAR), "newer, and still too old"


def test_one_system_of_a_night_is_counted_by_itself(tmp_path: Path) -> None:
    import polars as pl

    states = {system: SourceState(system, DAY, {"pupils": ("pupil_code",)}) for system in ("qlnt", "csdl")}
    rows = pl.DataFrame({"pupil_code": list("abcde"), "source_system": ["qlnt", "qlnt", "csdl", "csdl", "csdl"]})
    whole = write_snapshot(tmp_path / "đêm", DAY, {"pupils": rows}, states)
    qlnt, csdl = only_system(whole, "qlnt"), only_system(whole, "csdl")
    assert qlnt is not None
    assert csdl is not None
    assert (qlnt.rows["pupils"], csdl.rows["pupils"], qlnt.rows["marks"]) == (2, 3, 0)
    assert list(qlnt.sources) == ["qlnt"]
    assert only_system(whole, "lms") is None
