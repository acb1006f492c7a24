"""The school's time: Vietnam has one zone and no summer time."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

SCHOOL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """This moment in the school's zone."""
    return datetime.now(SCHOOL_ZONE)


def today() -> date:
    """Today's date at the school, whatever zone the machine is set to."""
    return now().date()


def vietnamese_date(day: date | None) -> str:
    """A date as people here write it: 31/05/2027 (`chưa rõ` when unknown)."""
    return day.strftime("%d/%m/%Y") if day else "chưa rõ"
