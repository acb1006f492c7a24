"""A machine whose loopback is off: turned on where we may, told at once where we may not."""

from __future__ import annotations

import subprocess
import sys

TRY = """
import socket
from flows.embedded import ensure_loopback
from infra.errors import ConfigurationError

with socket.create_server(("127.0.0.1", 0)) as server:
    try:
        ensure_loopback()
        socket.create_connection(server.getsockname(), timeout=5).close()
        print("reached")
    except ConfigurationError as error:
        print(error)
"""


def _without_network(*wrapper: str) -> str:
    """What a program says in a network namespace of its own, where even 127.0.0.1 is off."""
    command = ["unshare", "--map-root-user", "--net", *wrapper, sys.executable, "-c", TRY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loopback_is_turned_on_where_we_may() -> None:
    assert _without_network() == "reached\n"


def test_without_the_right_to_it_one_line_says_what_to_do() -> None:
    # In a namespace of one's own everybody is root with every right: this takes away the one that is needed.
    told = _without_network("setpriv", "--bounding-set", "-net_admin")
    assert len(told.splitlines()) == 1
    assert "127.0.0.1" in told
    assert "→ chạy: sudo ip link set lo up" in told
