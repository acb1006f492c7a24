"""The live picture of a running night: one line per step in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from flows.progress import StepEvent, listening
from infra.vietnamese import decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

_one_line_at_a_time = Lock()
MARKS = {"chạy": "…", "xong": "✓", "lỗi": "✗", "bỏ qua": "-"}


@contextmanager
def shown_progress() -> Iterator[None]:
    """Show the night's steps on stderr while the block runs."""
    if sys.stderr.isatty():
        with _live_lines() as listener, listening(listener.hear):
            yield
    else:
        with listening(_plain_line):
            yield


def _plain_line(event: StepEvent) -> None:
    if event.state == "chạy" and event.fraction is not None:
        return
    detail = f": {event.detail}" if event.detail else ""
    told = detail if event.state == "chạy" else f"{detail} ({decimal(event.seconds)} giây)"
    with _one_line_at_a_time:  # three systems are pulled side by side
        print(f"  {MARKS[event.state]} {event.label}{told}", file=sys.stderr, flush=True)


class _LiveLines:
    """One line per step, redrawn in place."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._lock = Lock()

    def hear(self, event: StepEvent) -> None:
        with self._lock:
            if event.step not in self._tasks:
                self._tasks[event.step] = self._progress.add_task(event.label, total=None, detail="")
            task = self._tasks[event.step]
            if event.state == "chạy":
                # Without a total the bar runs to and fro: a step that cannot tell how far it is must not look stuck at nothing.
                total = None if event.fraction is None else 1.0
                self._progress.update(task, total=total, completed=event.fraction or 0.0, detail=event.detail)
            else:
                self._progress.update(task, total=1.0, completed=1.0, detail=f"{MARKS[event.state]} {event.detail}")


@contextmanager
def _live_lines() -> Iterator[_LiveLines]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    columns = (
        SpinnerColumn(finished_text=" "),
        # Where the window is narrow only the detail gives way: a step whose name is cut off tells nobody anything.
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=8),
        TimeElapsedColumn(),
        # No markup: a line that names a section, as [alerts], would lose it as if it were a style.
        TextColumn("{task.fields[detail]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as progress:
        yield _LiveLines(progress)
