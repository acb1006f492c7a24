"""Which nights stay: counted by hand over two school years, and every reason for which nothing goes at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from backup.care import SHARES, CareRecord
from backup.manifest import FileEntry, Manifest, PartEntry
from backup.retention import accept, accepted_code, contradictions, keep_within, plan_retention, policy_code, school_year_ends, shrinkage
from backup.stored import StoredSnapshot
from infra.backup_settings import Keep

if TYPE_CHECKING:
    from pathlib import Path

POLICY = Keep(daily=7, weekly=4, monthly=6, yearly=2)
LAST = date(2027, 6, 30)


def _night(day: date, *, partial: bool = False, hour: int = 19, **changes: object) -> StoredSnapshot:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)  # 02:00 of the next day at the school
    values = {"id": f"{day:%Y%m%d}{hour}{partial:d}", "time": moment, "day": day, "files": 10, "bytes": 100, "partial": partial}
    return StoredSnapshot(**(values | {"begun": moment, "origin": f"{day:%Y%m%d}{hour}{partial:d}"} | changes))  # type: ignore[arg-type]


def _nights(count: int, last: date = LAST) -> list[StoredSnapshot]:
    return [_night(last - timedelta(days=back)) for back in range(count)]


def _kept(nights: list[StoredSnapshot], policy: Keep = POLICY) -> set[date]:
    plan = plan_retention(nights, policy)
    assert {night.id for night in plan.forget} | set(plan.keep) == {night.id for night in nights}
    return {night.day for night in nights if night.id in plan.keep and night.day}


def test_two_school_years_thin_out_as_the_policy_says() -> None:
    kept = _kept(_nights(600))
    daily = {LAST - timedelta(days=back) for back in range(7)}
    assert daily <= kept
    # weeks end on Sunday of the school's calendar, in which a night of the 26th belongs to the 27th
    assert {date(2027, 6, 26), date(2027, 6, 19)} <= kept
    assert {date(2027, 5, 30), date(2027, 4, 29), date(2027, 3, 30), date(2027, 2, 27)} <= kept
    assert date(2026, 12, 30) in kept  # the year 2026
    assert {date(2027, 5, 31), date(2026, 5, 31)} <= kept  # for good
    assert len(kept) <= 7 + 4 + 6 + 2 + 2


def test_the_end_of_every_school_year_stays_for_good() -> None:
    nights = _nights(1300)
    ends = [night.day for night in school_year_ends(nights)]
    assert [day for day in ends if day and day.month == 5] == [date(year, 5, 31) for year in (2024, 2025, 2026, 2027)]
    assert set(ends) <= _kept(nights)


def test_a_partial_night_holds_no_place_of_a_good_one() -> None:
    good = _nights(7, LAST - timedelta(days=3))
    partial = [_night(LAST - timedelta(days=back), partial=True) for back in range(3)]
    plan = plan_retention([*good, *partial], POLICY)
    assert {night.id for night in good} <= set(plan.keep)
    assert all(plan.keep[night.id] == ("chưa trọn vẹn",) for night in partial)


def test_an_old_partial_night_goes_with_its_neighbours() -> None:
    old = _night(LAST - timedelta(days=100), partial=True)
    assert old in plan_retention([*_nights(90), old], POLICY).forget


def test_of_two_nights_of_a_day_the_later_stays() -> None:
    early, late = _night(LAST, hour=1), _night(LAST, hour=2)
    assert plan_retention([early, late], POLICY).forget == (early,)


def test_few_nights_all_stay() -> None:
    assert plan_retention(_nights(5), POLICY).forget == ()
    assert plan_retention([], POLICY).forget == ()


def test_a_refused_plan_lets_nothing_go() -> None:
    plan = plan_retention(_nights(100), POLICY, ["đồng hồ bị vặn lùi"])
    assert plan.forget
    assert plan.ids == ()


def test_times_that_contradict_each_other() -> None:
    nights = _nights(3)
    moment = nights[0].time + timedelta(hours=1)
    assert contradictions(nights, moment) == []
    assert "tương lai" in contradictions([*nights, _night(LAST + timedelta(days=9))], moment)[0]
    dated = _night(LAST - timedelta(days=1), hour=5, begun=moment)  # somebody gave it a time of its own
    assert "khác giờ lúc lưu" in contradictions([*nights, dated], moment)[0]
    after_a_clock_set_back = _night(LAST - timedelta(days=9), parent=nights[0].id)
    assert "vặn lùi" in contradictions([*nights, after_a_clock_set_back], moment)[0]


def _manifest(**parts: dict[str, int]) -> Manifest:
    entries = {
        name: PartEntry(name, [(f"{name}/{path}", FileEntry(size, "")) for path, size in files.items()]) for name, files in parts.items()
    }
    return Manifest(LAST, entries, "0")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"landing": {"qlnt/a": 100, "staff/a": 100}}, []),
        ({"landing": {"qlnt/a": 100, "staff/a": 9}}, ["landing/staff còn 1/1 tệp, 9/100 byte"]),
        ({"landing": {"qlnt/a": 100}}, ["landing/staff còn 0/1 tệp, 0/100 byte"]),
        ({}, ["landing/qlnt còn 0/1 tệp, 0/100 byte", "landing/staff còn 0/1 tệp, 0/100 byte"]),
    ],
)
def test_what_shrank_is_named_by_system(after: dict[str, dict[str, int]], told: list[str]) -> None:
    before = _manifest(landing={"qlnt/a": 100, "staff/a": 100}, report={"a": 100})
    assert shrinkage(_manifest(**after), before, 0.9) == told


def test_only_the_very_policy_that_was_seen_is_agreed_to(tmp_path: Path) -> None:
    assert accepted_code(tmp_path) == ""
    accept(tmp_path, POLICY, "hieu-pho")
    assert accepted_code(tmp_path) == policy_code(POLICY)
    assert policy_code(POLICY.model_copy(update={"daily": 8})) != accepted_code(tmp_path)


def test_an_append_only_store_is_thinned_by_spans_only() -> None:
    command = keep_within(POLICY)
    assert "--keep-within-daily 7d" in command
    assert "--keep-daily" not in command


def test_all_data_is_read_in_a_quarter_and_weeks_off_are_made_up_for(tmp_path: Path) -> None:
    record, read = CareRecord(tmp_path, "tai-cho"), set()
    for week in range(SHARES):
        day = LAST + timedelta(days=7 * week)
        (share,) = record.shares_due(day)
        assert record.shares_due(day - timedelta(days=1)) == ([] if week else [share])
        record.note("read", day, share)
        read.add(share)
    assert read == set(range(1, SHARES + 1))
    after_a_long_summer = LAST + timedelta(days=7 * SHARES + 60)
    overdue = CareRecord(tmp_path, "tai-cho").shares_due(after_a_long_summer)
    assert len(overdue) > 1
    assert set(range(1, 7)) <= set(overdue)
