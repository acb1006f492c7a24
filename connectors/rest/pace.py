"""How long an API is waited for: time-outs, caps, back-off that honours Retry-After, the rate limit, the end of a fetch."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_SECONDS_TEXT = 9  # digits of a Retry-After; more is nonsense
LEAST_JITTER = 0.5  # of a back-off: schools that all pull at two o'clock spread over its second half


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost. Seconds; bytes unpacked, of a page and of all pages of a resource; tries of one request."""

    connect_seconds: float = 15
    read_seconds: float = 30
    fetch_seconds: float = 1800
    attempts: int = 5
    first_wait: float = 1
    longest_wait: float = 120
    page_bytes: int = 32 << 20
    resource_bytes: int = 1 << 30  # a million marks are a fifth of it
    most_pages: int = 10_000


@dataclass(slots=True)
class Pace:
    """The clock of one fetch. `chance`, `clock` and `sleep` can be given, so that a test waits for nothing."""

    limits: Limits
    requests_a_second: float
    chance: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _ends: float = field(init=False)
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.clock()
        self._ends = self._next + self.limits.fetch_seconds

    @property
    def remaining(self) -> float:
        """Seconds until the fetch must be over."""
        return self._ends - self.clock()

    def wait_turn(self) -> None:
        """Wait until the next request may start."""
        now = self.clock()
        if now < self._next:
            self.sleep(max(0.0, min(self._next - now, self.remaining)))
        self._next = max(now, self._next) + 1 / self.requests_a_second

    def wait_after(self, attempt: int, asked: float | None = None) -> float | None:
        """Seconds to wait after a failed attempt (the first is 1); None when it is no use to go on.

        `asked`: what the server's Retry-After says; kept to, up to the longest wait.
        """
        if attempt >= self.limits.attempts:
            return None
        wait = self.limits.first_wait * 2 ** (attempt - 1) * self.chance.uniform(LEAST_JITTER, 1)
        wait = min(max(wait, asked or 0), self.limits.longest_wait)
        return wait if wait < self.remaining else None


def seconds_asked(retry_after: str | None, date: str | None) -> float | None:
    """Seconds that a Retry-After asks for (a number or an HTTP date); None when absent or unreadable.

    `date`: the server's own Date, so that a school's wrong clock does not matter.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:LONGEST_SECONDS_TEXT])
    until = _moment(text)
    return max(0.0, (until - (_moment(date or "") or datetime.now(UTC))).total_seconds()) if until else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
