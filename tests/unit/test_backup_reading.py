"""Work in two threads comes in order, and what waits to be worked on stays little while one thread is held up."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from backup.reading import AHEAD, QUEUE, in_batches, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_order_is_that_of_the_items() -> None:
    assert list(in_turn(lambda number: number * number, range(1000))) == [number * number for number in range(1000)]
    assert list(in_turn(len, in_batches(range(150)))) == [64, 64, 22]
    assert list(in_turn(str, [])) == []


def test_while_the_second_thread_is_held_up_the_first_goes_on_and_little_waits() -> None:
    held, taken, done = threading.Event(), list[int](), list[int]()

    def items() -> Iterator[int]:
        for number in range(AHEAD + QUEUE):
            taken.append(number)
            assert len(taken) - len(done) <= QUEUE + 1
            if number == AHEAD:
                held.set()
            yield number

    def work(number: int) -> int:
        if number == 0:
            assert held.wait(30)
        done.append(number)
        return number

    assert list(in_turn(work, items())) == list(range(AHEAD + QUEUE))
    assert done[0] != 0


@pytest.mark.parametrize("at", [0, 1, 500])
def test_what_goes_wrong_in_either_thread_is_told(at: int) -> None:
    def work(number: int) -> int:
        if number == at:
            raise LookupError(number)
        return number

    with pytest.raises(LookupError):
        list(islice(in_turn(work, range(1000)), 1000))
