"""Seeded chance: every part of the demo school throws its own dice, so that one part's change never moves another."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, timedelta

T = TypeVar("T")


def dice(seed: int, purpose: str) -> Random:
    """The dice of one part of the school; seeding with text is the same on every machine and Python version."""
    return Random(f"{seed}:{purpose}")


def chance(rng: Random, probability: float) -> bool:
    """True this often."""
    return rng.random() < probability


def weighted(rng: Random, weights: Mapping[T, float]) -> T:
    """One key, as often as its weight says."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def day_between(rng: Random, first: date, last: date, one: timedelta) -> date:
    """A day of a span, both ends included; `one` is the step (a day)."""
    return first + one * rng.randrange((last - first) // one + 1)


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """The items in chance order, as a new list."""
    return rng.sample(items, len(items))
