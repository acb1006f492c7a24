"""A TCP proxy on loopback that does what networks do to a connection: refuse, swallow, cut, stall, slow down."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 32_768
Mode = Literal["pass", "refuse", "black hole", "cut", "stall", "drip", "flip"]


@dataclass
class FaultProxy:
    """`mode` may be changed while it runs. `after`: bytes from the server before the fault; `cuts`: how many times (None: always).

    `dripped`: blocks that were waited for byte by byte to their end. `dies_after`: bytes to the server, of all
    connections together, after which the whole proxy is gone. `away`: connections that are refused after each cut.
    `before_block`, `before_cut`: what happens elsewhere before a block from the server is handed on, before a line is cut.
    """

    upstream: tuple[str, int]
    mode: Mode = "pass"
    after: int = 0
    cuts: int | None = None
    connections: int = 0
    passed: int = 0
    uploaded: int = 0
    dies_after: int | None = None
    dripped: int = 0
    away: int = 0
    before_block: Callable[[], object] | None = None
    before_cut: Callable[[], object] | None = None
    _refusals: int = 0
    _stopped: bool = False
    _sockets: list[socket.socket] = field(default_factory=list)

    def start(self) -> FaultProxy:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopped = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a close alone lets whoever waits in accept() take one more in
        self._listener.close()
        for one in self._sockets:
            _reset(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._stopped:
                _reset(client)
                return
            self.connections += 1
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._refuses():
            _reset(client)
        elif self.mode != "black hole":
            server = socket.create_connection(self.upstream, 5)
            server.settimeout(None)
            self._sockets.append(server)
            threading.Thread(target=self._pump, args=(client, server), kwargs={"down": False}, daemon=True).start()
            self._pump(server, client, down=True)

    def _refuses(self) -> bool:
        if self._refusals:
            self._refusals -= 1
            return True
        return self.mode == "refuse" and self._once_more()

    def _once_more(self) -> bool:
        """Whether the fault happens again."""
        if self.cuts == 0:
            return False
        if self.cuts is not None:
            self.cuts -= 1
        return True

    def _pump(self, source: socket.socket, target: socket.socket, *, down: bool) -> None:
        sent = 0
        try:
            while block := source.recv(BLOCK):
                if down and self._broken(sent + len(block), source, target):
                    return
                if down and self.before_block:
                    self.before_block()
                self._send(target, self._flipped(block) if down else block, drips=down and sent >= self.after)
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

    def _send(self, target: socket.socket, block: bytes, *, drips: bool) -> None:
        if drips and self.mode == "drip":
            for place in range(len(block)):
                time.sleep(0.2)
                target.sendall(block[place : place + 1])
            self.dripped += 1
        else:
            target.sendall(block)

    def _flipped(self, block: bytes) -> bytes:
        """A bit of content: what is small is headers."""
        if self.mode != "flip" or len(block) < BLOCK // 2 or not self._once_more():
            return block
        return block[:-1] + bytes([block[-1] ^ 1])

    def _broken(self, total: int, *both: socket.socket) -> bool:
        if self.mode not in ("cut", "stall") or total <= self.after or not self._once_more():
            return False
        if self.mode == "cut":
            if self.before_cut:
                self.before_cut()
            self._refusals = self.away
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
