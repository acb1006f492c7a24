"""A MariaDB connection that cannot hold a night: the driver's only limit is silence, and a server that drips is never silent."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql
from sqlalchemy import event

from connectors.deadlines import Cutoff, cut_after

if TYPE_CHECKING:
    from sqlalchemy import Engine


class _Line(pymysql.connections.Connection):
    """A connection that leaves nothing to be read when it is over."""

    _result: Any

    def _force_close(self) -> None:
        super()._force_close()  # type: ignore[misc] # the stubs leave out what begins with _
        if self._result is not None:
            # Else cursor and result would go on reading their rows from it when they are thrown away.
            self._result.unbuffered_active, self._result = False, None


def let_in_within(engine: Engine, seconds: float, cutoff: Cutoff) -> None:
    """Make an engine's connections stand (greeting, TLS, log-in) within so many seconds, or TimeoutError; they end with `cutoff`."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _arguments: list[Any], options: dict[str, Any]) -> _Line:
        line = _Line(**options, defer_connect=True)
        if line.unix_socket:
            line.connect()  # a program of this machine
            return line
        reached = socket.create_connection((line.host, line.port), seconds)
        cutoff.watch(reached)
        with closing(Cutoff()) as greeting, cut_after(seconds, greeting.end):
            greeting.watch(reached)
            try:
                line.connect(reached)
            except pymysql.Error:
                if greeting.over:
                    raise TimeoutError from None
                raise
        return line
