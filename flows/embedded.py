"""Prefect's own server for a school without one: a child process that dies with its night.

Prefect's ephemeral server outlives a night that is killed with -9 and keeps its memory and port. This
one asks the kernel to end it with its parent (PR_SET_PDEATHSIG), so nothing is left behind.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PR_SET_PDEATHSIG = 1
STARTUP_SECONDS = 120  # measured: 16 to 46 s where two cores are shared
POLL_SECONDS = 0.1
STANDING, PASSING = "standing", "passing"
# Of Linux's netdevice(7): read and set an interface's flags; the flag "up"; a name and its flags in `struct ifreq`.
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
INTERFACE_REQUEST = struct.Struct("16sh14x")


class EmbeddedServer:
    """A Prefect API on loopback, started at once and waited for when needed (it starts while we import)."""

    def __init__(self, log: Path, *, port: int = 0, with_ui: bool = False) -> None:
        """`port` 0 takes a free one; `with_ui` makes it the school's standing server. ConfigurationError when the port is taken."""
        # Prefect takes its address from the environment when it is imported, so the port is known before the child starts; and it
        # is handed over as it listens: while the server starts, any other program could be given a port that was only looked at.
        self._listener = _listening(port)
        self.port = int(self._listener.getsockname()[1])
        self.api_url = f"http://127.0.0.1:{self.port}/api"
        self._log, self._kind = log, STANDING if with_ui else PASSING

    def start(self) -> None:
        """Start the server; the environment must already point Prefect at its home. ConfigurationError without a loopback."""
        ensure_loopback()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log, self._listener as listener:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
                [sys.executable, "-m", "flows.embedded", str(listener.fileno()), str(os.getpid()), self._kind],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                pass_fds=(listener.fileno(),),
            )

    def wait(self) -> None:
        """Return when the API answers. ConfigurationError when it does not within two minutes."""
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.api_url}/health", timeout=5):  # noqa: S310 - loopback
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(POLL_SECONDS)
        raise ConfigurationError("Prefect không khởi động được", where=str(self._log), fix="xem tệp nhật ký này rồi chạy `truong doctor`")

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def embedded_server(server: EmbeddedServer) -> Iterator[None]:
    """Wait for a started server, and stop it at the end."""
    try:
        server.wait()
        yield
    finally:
        server.stop()


def ensure_loopback() -> None:
    """Turn 127.0.0.1 on where it is off, as in a bare network namespace. ConfigurationError when we may not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, SIOCGIFFLAGS, INTERFACE_REQUEST.pack(b"lo", 0))
        flags = INTERFACE_REQUEST.unpack(asked)[1]
        try:
            if not flags & IFF_UP:
                fcntl.ioctl(control, SIOCSIFFLAGS, INTERFACE_REQUEST.pack(b"lo", flags | IFF_UP))
        except OSError:
            # Untold, Prefect listens where nobody can reach it, and the night waits two minutes for nothing.
            what, fix = "Mạng nội bộ của máy (127.0.0.1) đang tắt nên Prefect không chạy được", "chạy: sudo ip link set lo up"
            raise ConfigurationError(what, where="lo", fix=fix) from None


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        what = "Không mở được cổng cho Prefect (chương trình khác đang dùng, hoặc máy không cho dùng)"
        fix = "dừng chương trình đang dùng cổng này, hoặc đổi port ở mục [server]"
        raise ConfigurationError(what, where=f"127.0.0.1:{port}", fix=fix) from None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux); end at once if it is already gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have died before the kernel was asked: then no signal ever comes.
    if os.getppid() != parent:
        sys.exit(0)


def _main() -> None:
    listener, parent = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    die_with_parent(parent)
    if sys.argv[3] == PASSING:
        # Prefect's own, undocumented names: no interface and no background services for one night's server.
        os.environ |= {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    import uvicorn  # noqa: PLC0415 - only this process needs it

    server = uvicorn.Server(uvicorn.Config("prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on"))
    server.run(sockets=[listener])
    sys.exit(not server.started)


if __name__ == "__main__":
    _main()
