"""A PostgreSQL server that stops talking in the middle is given up: libpq itself would wait for ever."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import waiting
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg.abc import PQGen
    from psycopg.waiting import Ready, Wait
    from sqlalchemy import Engine

    from connectors.deadlines import Cutoff

Result = TypeVar("Result")
LOOK_SECONDS = 0.1


class _Listening(psycopg.Connection[Any]):
    """A connection that is closed after `silence` seconds of waiting for a single word."""

    silence = float("inf")

    def wait(self, gen: PQGen[Result], interval: float = LOOK_SECONDS, timeout: float | None = None) -> Result:
        """Wait as psycopg does, but not for a silent server."""
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: PQGen[Result]) -> Generator[Wait, Ready | int, Result]:
        heard = time.monotonic()
        try:
            state = next(gen)
            while True:
                ready = yield state
                if ready != waiting.READY_NONE:
                    heard = time.monotonic()
                elif time.monotonic() > heard + self.silence:
                    self.pgconn.finish()  # so that nothing waits for it again, not even the rollback
                    raise psycopg.OperationalError("the server is silent")
                state = gen.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result


def give_up_after(engine: Engine, silence: float, cutoff: Cutoff) -> None:
    """Make the connections of an engine wait no longer than that, and end with `cutoff`. TimeoutError when none comes to stand."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> psycopg.Connection[Any]:
        try:
            connection = _Listening.connect(*arguments, **options)
        except psycopg.errors.ConnectionTimeout:
            raise TimeoutError from None
        connection.silence = silence
        # A handle of its own: the socket object closes the one that it is given.
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            cutoff.watch(line)
        return connection
