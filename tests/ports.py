"""Ports on loopback for the tests' own servers."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

# Below the ports that a kernel gives to outgoing connections: none of those takes one before its server is up.
LOWEST, HIGHEST = 15_000, 32_000
TRIES = 1000
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody listens on, and that no other test gets while this process lives."""
    for _ in range(TRIES):
        port = random.SystemRandom().randrange(LOWEST, HIGHEST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _keep(port)
            return port
    message = f"no port from {LOWEST} to {HIGHEST} is free"
    raise OSError(message)


def _keep(port: int) -> None:
    """Hold the same port of another address of loopback, where no server of ours listens: every process sees that."""
    mark = socket.socket()
    try:
        mark.bind(("127.0.0.3", port))
    except OSError:
        mark.close()
        raise
    _kept.append(mark)
