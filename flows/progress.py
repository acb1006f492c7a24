"""What a running night tells whoever watches: one event when a step starts, moves or ends.

The flow announces, the command listens (and draws a live line); nobody listening costs nothing.
Events hold labels, counts and seconds, never a pupil's data.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

StepState = Literal["chạy", "xong", "lỗi", "bỏ qua"]


@dataclass(frozen=True, slots=True)
class StepEvent:
    """A step's news. `fraction` (0..1) only where the step knows how far it is; `seconds` when it has ended.

    A step that runs (`chạy`) with a `detail` but no `fraction` says why it has not ended yet.
    """

    step: str
    label: str
    state: StepState
    detail: str = ""
    seconds: float = 0.0
    fraction: float | None = None


_listeners: list[Callable[[StepEvent], None]] = []


@contextmanager
def listening(listener: Callable[[StepEvent], None]) -> Iterator[None]:
    """Hear every event while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def announce(event: StepEvent) -> None:
    """Tell all listeners."""
    for listener in _listeners:
        listener(event)
