"""Waiting for an API: back-off, Retry-After, the rate limit and the end of a fetch, on a clock that costs nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from connectors.rest.pace import Limits, Pace, seconds_asked

LIMITS = Limits(fetch_seconds=100, attempts=4, first_wait=1, longest_wait=30)
SERVER_TIME = "Mon, 31 May 2027 02:00:00 GMT"


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pace_of(clock: Clock, limits: Limits = LIMITS, requests_a_second: float = 10) -> Pace:
    return Pace(limits, requests_a_second, random.Random(7), clock.read, clock.sleep)


def test_waits_double_with_jitter_in_their_second_half_and_end_after_the_attempts() -> None:
    pace = pace_of(Clock())
    waits = [pace.wait_after(attempt) for attempt in (1, 2, 3)]
    assert all(wait is not None and full / 2 <= wait <= full for wait, full in zip(waits, (1, 2, 4), strict=True)), waits
    assert pace.wait_after(4) is None
    assert waits == [pace_of(Clock()).wait_after(1), *waits[1:]], "the same seed waits the same"


def test_what_the_server_asks_is_kept_to_up_to_the_longest_wait() -> None:
    pace = pace_of(Clock())
    assert pace.wait_after(1, 7) == 7
    assert pace.wait_after(1, 3600) == 30
    wait = pace.wait_after(1, 0)
    assert wait is not None
    assert wait >= 0.5, "zero does not mean to hammer"


def test_nobody_waits_beyond_the_end_of_the_fetch() -> None:
    clock = Clock()
    pace = pace_of(clock)
    clock.now += 90
    assert pace.remaining == 10
    assert pace.wait_after(1, 20) is None
    assert pace.wait_after(1, 5) == 5


def test_requests_start_no_faster_than_allowed() -> None:
    clock = Clock()
    pace = pace_of(clock, requests_a_second=4)
    for _ in range(5):
        pace.wait_turn()
    assert clock.now == pytest.approx(1001.0)
    clock.now += 10
    before = list(clock.slept)
    pace.wait_turn()
    assert clock.slept == before, "a pause is no debt, and no credit either"


def test_a_rate_slower_than_the_fetch_does_not_oversleep_its_end() -> None:
    clock = Clock()
    pace = pace_of(clock, replace(LIMITS, fetch_seconds=3), requests_a_second=0.001)
    pace.wait_turn()
    pace.wait_turn()
    assert clock.now == pytest.approx(1003.0)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 31 May 2027 02:00:45 GMT", 45),
        ("Mon, 31 May 2027 01:00:00 GMT", 0),
        ("Mon, 31 May 2027 09:01:00 +0700", 60),
        ("9" * 400, 999_999_999),  # as a float of all its digits it would be infinite
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),  # a digit to str.isdigit(), none to float()
        ("", None),
        (None, None),
    ],
)
def test_retry_after_as_seconds_or_as_a_date_of_the_servers_own_clock(told: str | None, seconds: float | None) -> None:
    assert seconds_asked(told, SERVER_TIME) == seconds


def test_a_date_without_the_servers_clock_is_measured_by_ours() -> None:
    assert seconds_asked("Mon, 31 May 1999 02:00:45 GMT", None) == 0
    assert (seconds_asked("Fri, 31 Dec 2100 02:00:45 GMT", "nonsense") or 0) > 10**8
