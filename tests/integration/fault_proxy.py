"""A TCP proxy on loopback that does what networks do to a connection: refuse, swallow, cut, stall, slow down."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 32_768
Mode = Literal["pass", "refuse", "black hole", "cut", "stall", "drip", "flip"]


@dataclass
class FaultProxy:
    """`mode` may be changed while it runs. `after`: bytes from the server before the fault; `cuts`: how many times (None: always).

    `dripped`: blocks that were waited for byte by byte to their end. `dies_after`: bytes to the server, of all
    connections together, after which the whole proxy is gone.
    """

    upstream: tuple[str, int]
    mode: Mode = "pass"
    after: int = 0
    cuts: int | None = None
    delay: float = 0
    connections: int = 0
    passed: int = 0
    uploaded: int = 0
    dies_after: int | None = None
    dripped: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)

    def start(self) -> FaultProxy:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        self._listener.close()
        for one in self._sockets:
            _reset(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.mode == "refuse":
            _reset(client)
        elif self.mode != "black hole":
            server = socket.create_connection(self.upstream, 5)
            server.settimeout(None)
            self._sockets.append(server)
            threading.Thread(target=self._pump, args=(client, server), kwargs={"down": False}, daemon=True).start()
            self._pump(server, client, down=True)

    def _pump(self, source: socket.socket, target: socket.socket, *, down: bool) -> None:
        sent = 0
        try:
            while block := source.recv(BLOCK):
                if down and self._broken(sent + len(block), source, target):
                    return
                time.sleep(self.delay if down else 0)
                self._send(target, self._flipped(block) if down else block, down=down)
                sent += len(block)
                self._count(len(block), down=down)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            _reset(target)

    def _count(self, size: int, *, down: bool) -> None:
        self.passed += size if down else 0
        self.uploaded += 0 if down else size
        if self.dies_after is not None and self.uploaded > self.dies_after:
            self.stop()

    def _send(self, target: socket.socket, block: bytes, *, down: bool) -> None:
        if down and self.mode == "drip":
            for place in range(len(block)):
                time.sleep(0.2)
                target.sendall(block[place : place + 1])
            self.dripped += 1
        else:
            target.sendall(block)

    def _flipped(self, block: bytes) -> bytes:
        """A bit of content: what is small is headers."""
        if self.mode != "flip" or len(block) < BLOCK // 2 or self.cuts == 0:
            return block
        if self.cuts is not None:
            self.cuts -= 1
        return block[:-1] + bytes([block[-1] ^ 1])

    def _broken(self, total: int, *both: socket.socket) -> bool:
        if self.mode not in ("cut", "stall") or total <= self.after or self.cuts == 0:
            return False
        if self.cuts is not None:
            self.cuts -= 1
        if self.mode == "cut":
            for one in both:
                _reset(one)
        return True


def _reset(one: socket.socket) -> None:
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    one.close()


@contextmanager
def proxied(port: int, mode: Mode = "pass", *, after: int = 0, cuts: int | None = None) -> Iterator[FaultProxy]:
    proxy = FaultProxy(("127.0.0.1", port), mode, after, cuts).start()
    try:
        yield proxy
    finally:
        proxy.stop()
