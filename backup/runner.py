"""Runs one restic command: own process group, own environment, a deadline, JSON lines as they come.

resticpy is not used here because its repository and password file are globals of the module (two
threads get one repository), it loses stdout on exit 3, keeps the exit code only inside a message and
knows neither deadline nor progress (docs/decisions.md).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from backup.watching import Watcher, stop, watches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from backup.watching import Watch

MEMORY_SHARE = 4  # restic may take one in so many bytes of the machine's memory before it tidies up
LONGEST_TOLD = 200  # letters of restic's own words in one of our lines
KEPT_COMPLAINTS = 2_000  # lines of stderr; a disk that dies complains about every file
# Never handed on: a password or another repository in our own environment must not reach restic.
OWN_VARIABLES = ("RESTIC_", "PREFECT_", "AWS_")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a restic command ended. `complaints`: JSON messages of stderr, or text as `{"message": …}`."""

    exit_code: int
    output: bytes
    complaints: tuple[dict[str, Any], ...]
    timed_out: bool = False
    ended_by: str = ""  # the name of the watch that ended restic (backup.watching)

    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """The output of a command that prints one JSON document."""
        return json.loads(self.output)

    def rows(self) -> list[dict[str, Any]]:
        """The output of a command that prints a JSON object per line."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith(b"{")]

    def last_word(self) -> str:
        """Restic's own last message, on one line."""
        told = [str(complaint["message"]) for complaint in self.complaints if complaint.get("message")]
        return shortened(" ".join(told[-1].split())) if told else f"mã thoát {self.exit_code}"


def shortened(text: str) -> str:
    """A long message without its middle: restic begins with what failed and ends with why, and names paths in between."""
    return text if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD // 2]} … {text[-LONGEST_TOLD // 2 :]}"


class Starting(TypedDict, total=False):
    """Where a command runs, and who hears that it was started."""

    folder: Path | None
    on_start: Callable[[subprocess.Popen[bytes]], None] | None


class Hearing(Starting, total=False):
    """And who hears its lines as they come."""

    on_line: Callable[[bytes], object] | None


@dataclass(frozen=True, slots=True)
class Runner:
    """A restic binary and the environment that names repository, password file and cache."""

    binary: Path
    environment: Mapping[str, str]
    watches: Sequence[Watch] = ()

    def run(self, arguments: Sequence[str], *, seconds: float, **hearing: Unpack[Hearing]) -> Outcome:
        """Run to the end or the deadline. Lines of stdout go to `on_line` as they come, else into the outcome."""
        complaints: list[dict[str, Any]] = []
        with self._start(arguments, hearing.get("folder")) as process:
            watcher = Watcher(process, seconds, [*self.watches, *watches_of(complaints)])
            listener = threading.Thread(target=_listen, args=(process, complaints), daemon=True)
            listener.start()
            ended = False
            try:
                if on_start := hearing.get("on_start"):
                    on_start(process)
                output = _read(process, hearing.get("on_line"))
                ended = True
            finally:
                if not ended:
                    stop(process)
                process.wait()
                watcher.cancel()
                listener.join()
        return Outcome(process.returncode, output, tuple(complaints), watcher.passed, watcher.ended_by)

    def _start(self, arguments: Sequence[str], folder: Path | None) -> subprocess.Popen[bytes]:
        command = [*_dies_with_us(), str(self.binary), *arguments]
        return subprocess.Popen(  # noqa: S603 - our own command, no shell; the password is in a file that restic reads
            command,
            cwd=folder,
            env=self._whole_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _whole_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
        return {**inherited, **_collects_less_often(), **self.environment}


@cache
def _collects_less_often() -> dict[str, str]:
    # restic asks Go to collect garbage at half of its data again: at four times a first night takes a tenth less,
    # and restic 300 MB instead of 100. On a machine short of memory the limit brings the old thrift back.
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"GOGC": "400", "GOMEMLIMIT": str(memory // MEMORY_SHARE)}


def _dies_with_us() -> list[str]:
    # When we are killed with -9 nobody is left to stop restic: the kernel sends it SIGTERM, so it ends and unlocks.
    helper = shutil.which("setpriv")
    return [helper, "--pdeathsig", "TERM", "--"] if helper else []


def _read(process: subprocess.Popen[bytes], on_line: Callable[[bytes], object] | None) -> bytes:
    stream = process.stdout
    if stream is None:
        return b""
    if on_line is None:
        return stream.read()
    for line in stream:
        on_line(line)
    return b""


def _listen(process: subprocess.Popen[bytes], complaints: list[dict[str, Any]]) -> None:
    for line in process.stderr or ():
        if line.strip() and len(complaints) < KEPT_COMPLAINTS:
            complaints.append(_complaint(line))


def _complaint(line: bytes) -> dict[str, Any]:
    text = line.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": text}
