"""How long a system outside may take: to answer, to stay silent, in all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
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


@dataclass(slots=True)
class Cutoff:
    """Ends the connection when the time is up: a time-out for each read does not stop a server that drips.

    It keeps a second handle on the socket of the last connection, since the first one changes hands when TLS starts.
    """

    over: bool = False
    _socket: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, connection: socket.socket) -> None:
        """From now on this is the connection; one that comes too late is ended at once."""
        self.close()
        with self._lock:
            self._socket = connection.dup()
        if self.over:
            self.end()

    def end(self) -> None:
        """Wake whoever waits for the connection, with an error."""
        with self._lock:
            self.over = True
            if self._socket:
                try:
                    # Not closed: that would not wake a thread that waits in a read of it.
                    self._socket.shutdown(2)  # both ways
                except OSError:
                    return  # it was over already

    def close(self) -> None:
        """Let the handle go."""
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None
