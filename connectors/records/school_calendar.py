"""The seasons in which a school's data moves, or stands still, by nature: Tết, summer, the August roll-over.

The city's yearly plan was not found (rules.md §9), so the seasons are those that every plan of the last years had in
common. A day beyond the table of lunar years has no Tết: what is not known to be a holiday is a working day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Mồng một Tết by Vietnam's own calendar (UTC+7; QĐ 121-CP, 8/8/1967), computed with Hồ Ngọc Đức's published algorithm
# (new moons and solar terms after Meeus); a test computes every one again. In 2030 China begins a day later.
LUNAR_NEW_YEARS: Mapping[int, date] = {
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 2),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}
TET_DAYS_EACH_SIDE = 7  # two weeks around it: pupils leave some days before and come back a week after
SUMMER_MONTHS = (6, 7)
ROLL_OVER_MONTH = 8  # the new school year opens on 1 August (SchoolYear.of); lists are made until lessons begin


class Season(StrEnum):
    """What part of the school's year a day is in."""

    LESSONS = "đang học"
    TET = "nghỉ Tết"
    SUMMER = "nghỉ hè"
    ROLL_OVER = "chuyển năm học"


HOLIDAYS = (Season.TET, Season.SUMMER)


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """Which season a day is in. `lunar_new_years`: year -> mồng một Tết."""

    lunar_new_years: Mapping[int, date] = field(default_factory=lambda: LUNAR_NEW_YEARS)

    def season_of(self, day: date) -> Season:
        """The season of a day."""
        tet = self.lunar_new_years.get(day.year)
        if tet and abs((day - tet).days) <= TET_DAYS_EACH_SIDE:
            return Season.TET
        if day.month in SUMMER_MONTHS:
            return Season.SUMMER
        return Season.ROLL_OVER if day.month == ROLL_OVER_MONTH else Season.LESSONS

    def working_age(self, told: date, day: date) -> int:
        """How old data of the day `told` is on `day`, holidays not counted: over Tết and summer nobody renews an export."""
        days = (told + timedelta(days=number) for number in range(1, (day - told).days + 1))
        return sum(self.season_of(each) not in HOLIDAYS for each in days)
