"""Passes a database dump on as it comes, and counts: bytes, SHA-256, rows per table, and whether it was written to its end.

Also a program: `python -m backup.dump_stream REPORT -- COMMAND…` is what restic reads from when a dump is
streamed. It ends badly when the dump does, so that restic stores nothing; REPORT then says why. Standard
library only: it starts every night.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

# pg_dump: rows stand between these two; mariadb-dump --skip-extended-insert: a line each.
# A quoted name may hold blanks: so."Sổ điểm".
_QUOTABLE = rb'(?:"(?:[^"]|"")*"|[^"\s])+'
COPY = re.compile(rb"^COPY (?P<table>" + _QUOTABLE + rb") (?:\(.*\) )?FROM stdin;$")
END_OF_COPY = b"\\.\n"
INSERT = re.compile(rb"^INSERT INTO `(?P<table>(?:[^`]|``)+)` VALUES ")
TABLE = re.compile(rb"^CREATE TABLE (?:`(?P<maria>(?:[^`]|``)+)`|(?P<postgres>" + _QUOTABLE + rb")) \($")
# Both programs write it last; a dump without it was cut, whatever the exit code says.
ENDINGS = (b"-- PostgreSQL database dump complete", b"-- Dump completed")
CUT_SHORT = 65  # our own exit code for a dump without its ending
LOUDEST = 4000  # bytes of a dump program's complaints
# A server whose machine went away says nothing more, and its dump program waits for ever: no table takes so long to begin.
SILENT_SECONDS = 900.0
FELL_SILENT = "the server fell silent"


@dataclass
class DumpCount:
    """What went through. `rows`: table (without the schema `public`) -> rows."""

    size: int = 0
    sha256: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    ended: bool = False
    exit_code: int = 0
    complaints: str = ""


def pass_on(command: Sequence[str], sink: BinaryIO, environment: dict[str, str] | None = None) -> DumpCount:
    """Run a dump program and write what it prints to `sink`; look at `exit_code` and `ended` of the result."""
    count, digest = DumpCount(), hashlib.sha256()
    # Complaints go to a file: a pipe that nobody reads would hold up a program that complains much.
    with tempfile.TemporaryFile() as told:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, env=environment) as process:  # noqa: S603 - our own command
            counter = _Counter(count)
            with _watched(process, counter):
                for line in process.stdout or ():
                    counter.passing_on = True
                    digest.update(line)
                    sink.write(line)
                    counter.hear(line)
                    counter.passing_on = False
            sink.flush()
        told.seek(0)
        count.complaints += told.read(LOUDEST).decode("utf-8", "replace")
    count.sha256, count.exit_code = digest.hexdigest(), process.returncode
    return count


@contextmanager
def _watched(process: subprocess.Popen[bytes], counter: _Counter) -> Iterator[None]:
    """End a dump program whose server has said nothing for long; whoever reads the dump may take as long as it likes."""
    done = threading.Event()

    def watch() -> None:
        heard = -1
        while not done.wait(SILENT_SECONDS):
            if counter.count.size == heard and not counter.passing_on:
                counter.count.complaints = f"{FELL_SILENT}\n"
                process.kill()
                return
            heard = counter.count.size

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@dataclass
class _Counter:
    """Counts the rows of a dump line by line."""

    count: DumpCount
    table: str = ""  # whose rows are being copied
    passing_on: bool = False  # a line is on its way to whoever reads

    def hear(self, line: bytes) -> None:
        self.count.size += len(line)
        if self.table:
            if line == END_OF_COPY:
                self.table = ""
            else:
                self.count.rows[self.table] += 1
        elif line.startswith((b"COPY ", b"INSERT INTO `", b"CREATE TABLE ")):
            self._statement(line.rstrip(b"\n"))
        elif line.startswith(ENDINGS):
            self.count.ended = True

    def _statement(self, line: bytes) -> None:
        if found := COPY.match(line):
            self.table = _name(found["table"])
            self.count.rows.setdefault(self.table, 0)
        elif found := INSERT.match(line):
            name = _name(found["table"])
            self.count.rows[name] = self.count.rows.get(name, 0) + 1
        elif found := TABLE.match(line):
            self.count.rows.setdefault(_name(found["maria"] or found["postgres"]), 0)


def _name(quoted: bytes) -> str:
    return quoted.decode("utf-8", "replace").replace("``", "`").removeprefix("public.").replace('"', "")


def main(arguments: Sequence[str]) -> int:
    """Stream a dump to stdout and write what was counted to the report."""
    report, _, *command = arguments
    try:
        count = pass_on(command, sys.stdout.buffer)
    except BrokenPipeError:
        return CUT_SHORT  # whoever read has ended and says why itself
    Path(report).write_text(json.dumps(asdict(count)), encoding="utf-8")
    return count.exit_code or (0 if count.ended else CUT_SHORT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
