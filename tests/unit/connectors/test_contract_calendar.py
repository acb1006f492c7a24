"""The seasons of a school: every Tết computed again from the moon and the sun, and what counts as the age of data."""

from __future__ import annotations

from datetime import date, timedelta
from math import floor, pi, sin

import pytest

from connectors.records.school_calendar import LUNAR_NEW_YEARS, SchoolCalendar, Season

ZONE = 7.0
EPOCH = date(1970, 1, 1)
EPOCH_JULIAN_DAY = 2440588
CALENDAR = SchoolCalendar()


def new_moon(number: int) -> int:
    """Julian day (Vietnam's) of the new moon `number` since 1900, after Meeus as Hồ Ngọc Đức gives it."""
    t = number / 1236.85
    rad = pi / 180
    mean = 2415020.75933 + 29.53058868 * number + 0.0001178 * t**2 - 0.000000155 * t**3
    mean += 0.00033 * sin((166.56 + 132.87 * t - 0.009173 * t**2) * rad)
    sun = 359.2242 + 29.10535608 * number - 0.0000333 * t**2 - 0.00000347 * t**3
    moon = 306.0253 + 385.81691806 * number + 0.0107306 * t**2 + 0.00001236 * t**3
    arg = 21.2964 + 390.67050646 * number - 0.0016528 * t**2 - 0.00000239 * t**3
    c = (0.1734 - 0.000393 * t) * sin(sun * rad) + 0.0021 * sin(2 * sun * rad) - 0.4068 * sin(moon * rad) + 0.0161 * sin(2 * moon * rad)
    c += -0.0004 * sin(3 * moon * rad) + 0.0104 * sin(2 * arg * rad) - 0.0051 * sin((sun + moon) * rad)
    c += -0.0074 * sin((sun - moon) * rad) + 0.0004 * sin((2 * arg + sun) * rad) - 0.0004 * sin((2 * arg - sun) * rad)
    c += -0.0006 * sin((2 * arg + moon) * rad) + 0.0010 * sin((2 * arg - moon) * rad) + 0.0005 * sin((2 * moon + sun) * rad)
    delta = -0.000278 + 0.000265 * t + 0.000262 * t**2
    return floor(mean + c - delta + 0.5 + ZONE / 24)


def sun_sector(day: int) -> int:
    """Which twelfth of its way the sun is in at the beginning of a Julian day (Vietnam's)."""
    t = (day - 2451545.5 - ZONE / 24) / 36525
    rad = pi / 180
    anomaly = 357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3
    longitude = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    longitude += (1.914600 - 0.004817 * t - 0.000014 * t**2) * sin(rad * anomaly)
    longitude += (0.019993 - 0.000101 * t) * sin(rad * 2 * anomaly) + 0.000290 * sin(rad * 3 * anomaly)
    return floor((longitude % 360) / 30)


def eleventh_month(year: int) -> int:
    """The new moon that begins the month of the winter solstice."""
    end = (date(year, 12, 31) - EPOCH).days + EPOCH_JULIAN_DAY
    number = floor((end - 2415021) / 29.530588853)
    return number - 1 if sun_sector(new_moon(number)) >= 9 else number


def lunar_new_year(year: int) -> date:
    first, last = eleventh_month(year - 1), eleventh_month(year)
    months = range(first + 1, first + 3)
    # In a leap year the first month without a change of the sun's sector is counted twice.
    leap = last - first == 13 and any(sun_sector(new_moon(month)) == sun_sector(new_moon(month + 1)) for month in months)
    return EPOCH + timedelta(days=new_moon(first + 2 + leap) - EPOCH_JULIAN_DAY)


@pytest.mark.parametrize("year", LUNAR_NEW_YEARS)
def test_every_lunar_new_year_of_the_table_is_what_the_moon_says(year: int) -> None:
    assert lunar_new_year(year) == LUNAR_NEW_YEARS[year]


def test_the_table_is_that_of_vietnam_and_covers_the_years_to_come() -> None:
    assert list(LUNAR_NEW_YEARS) == list(range(2024, 2036))
    assert LUNAR_NEW_YEARS[2030] == date(2030, 2, 2), "Beijing's new moon falls on the day after"


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2027, 1, 29), Season.LESSONS),
        (date(2027, 1, 30), Season.TET),
        (date(2027, 2, 6), Season.TET),
        (date(2027, 2, 13), Season.TET),
        (date(2027, 2, 14), Season.LESSONS),
        (date(2027, 5, 31), Season.LESSONS),
        (date(2027, 6, 1), Season.SUMMER),
        (date(2027, 7, 31), Season.SUMMER),
        (date(2027, 8, 1), Season.ROLL_OVER),
        (date(2027, 8, 31), Season.ROLL_OVER),
        (date(2027, 9, 1), Season.LESSONS),
        (date(2040, 2, 12), Season.LESSONS),
    ],
)
def test_each_day_has_its_season(day: date, season: Season) -> None:
    assert CALENDAR.season_of(day) is season


def test_a_school_may_bring_a_table_of_its_own() -> None:
    assert SchoolCalendar({2040: date(2040, 2, 12)}).season_of(date(2040, 2, 10)) is Season.TET


@pytest.mark.parametrize(
    ("told", "day", "age"),
    [
        (date(2026, 11, 25), date(2026, 11, 25), 0),
        (date(2026, 11, 20), date(2026, 11, 25), 5),
        (date(2027, 1, 29), date(2027, 2, 13), 0),
        (date(2027, 1, 29), date(2027, 2, 15), 2),
        (date(2027, 5, 31), date(2027, 8, 3), 3),
        (date(2026, 11, 26), date(2026, 11, 25), 0),
    ],
)
def test_holidays_do_not_make_data_older(told: date, day: date, age: int) -> None:
    assert CALENDAR.working_age(told, day) == age
