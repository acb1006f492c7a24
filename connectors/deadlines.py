"""How long a system outside may take: to answer, to stay silent, in all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `connect`: until a server answers and lets us in; `stall`: of silence; `overall`: for everything that is fetched."""

    connect: float = 15
    stall: float = 30
    overall: float = 1800  # an hour of the night belongs to the back-up
    look_again: float = 2  # between the two looks that tell whether a file is still being written


NIGHTLY = Patience()


@contextmanager
def cut_after(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """Call `cut` from another thread unless the block ends in time: for clients that cannot be told a deadline."""
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
