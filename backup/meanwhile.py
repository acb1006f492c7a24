"""restic opens a repository while the night is still being hashed: deriving the key takes it half a second, on purpose.

What must not be saved is known only when everything was looked into. restic reads it from a pipe with a name, after it
has opened the repository and before it touches a file (0.18 and 0.19 alike). The pipe has no writer until the list
is whole, and the list goes in at one stroke: should we be killed before, restic has read nothing and saves nothing.
"""

from __future__ import annotations

import errno
import os
import select
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from backup.patterns import exclude_list
from backup.watching import stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from concurrent.futures import Future

    from backup.contents import Contents

MOST_BYTES = select.PIPE_BUF  # what a pipe takes at one stroke
ASK_SECONDS = 0.005  # how often it is asked whether restic has come to the list


class Preparing:
    """Runs `prepare` in a thread of its own while restic starts, and then gives restic the list of what to leave out."""

    def __init__(self, prepare: Callable[[], Contents]) -> None:
        # Where temporary files lie there can be pipes; the school's own disk may be one that knows none (exFAT, a share).
        self._folder = TemporaryDirectory(prefix="truong-")
        self.list = Path(self._folder.name) / "leave-out"
        self.too_long = False  # restic was ended: the list must be given in another way
        self._prepare, self._aside = prepare, ThreadPoolExecutor(1)
        self._made: Future[Contents] | None = None

    def __enter__(self) -> Self:
        os.mkfifo(self.list, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        self._aside.shutdown()
        self._folder.cleanup()

    def start(self, restic: subprocess.Popen[bytes]) -> None:
        """Begin, as soon as restic has been started."""
        self._made = self._aside.submit(self._run, restic)

    def contents(self) -> Contents:
        """What `prepare` made; or raises what it raised."""
        return self._made.result() if self._made else self._prepare()

    def _run(self, restic: subprocess.Popen[bytes]) -> Contents:
        given = False
        try:
            contents = self._prepare()
            content = exclude_list(contents.left_out)
            self.too_long = len(content) > MOST_BYTES
            given = not self.too_long and self._give(content, restic)
        finally:
            if not given:
                stop(restic)
        return contents

    def _give(self, content: bytes, restic: subprocess.Popen[bytes]) -> bool:
        """Whether restic has the list; False when it has ended before."""
        while (pipe := self._opened()) is None:
            if restic.poll() is not None:
                return False
            time.sleep(ASK_SECONDS)
        with suppress(BrokenPipeError), os.fdopen(pipe, "wb", buffering=0) as stream:
            stream.write(content)
        return True

    def _opened(self) -> int | None:
        """The list, to be written; None while restic has not yet come to it."""
        try:
            return os.open(self.list, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            # ENXIO: nobody reads yet. Without O_NONBLOCK the open would wait, and for ever for a restic that has ended.
            if error.errno != errno.ENXIO:
                raise
            return None
