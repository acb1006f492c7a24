"""One batch ahead: a source is read while the batch before is written, and a source that falls silent is given up."""

from __future__ import annotations

import time
from math import inf
from multiprocessing import TimeoutError as NothingCame
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

Item = TypeVar("Item")


class Silent(Exception):
    """Nothing came within the time allowed."""


def prefetched(items: Iterator[Item], silence: float, ends_at: float = inf) -> Generator[Item]:
    """The same items, read by a thread of their own; what it raises is raised here.

    Silent after `silence` seconds of nothing, and when the monotonic clock shows `ends_at`.

    Then the thread is left behind: it waits inside a driver, and ends when the server or the process does.
    """
    reader = ThreadPool(1)  # its thread is a daemon: a process that ends does not wait for a silent server
    coming = reader.apply_async(next, (items, None))
    try:
        while (item := coming.get(max(0.0, min(silence, ends_at - time.monotonic())))) is not None:
            coming = reader.apply_async(next, (items, None))
            yield item
    except NothingCame:
        raise Silent from None
    except GeneratorExit:
        coming.wait(silence)  # whoever used the items broke off: the reader must be out of the driver before it is closed
        raise
    finally:
        reader.terminate()
