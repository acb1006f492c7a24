"""A sample of `make mutation`: rules with one comparison flipped must make a test fail."""

from __future__ import annotations

import pytest

from tests.mutation.run import WANTED, run, sample, score_of

SAMPLED = 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_flipped_rules_are_noticed() -> None:
    tried = run(sample(SAMPLED), workers=1)
    survived = [f"{one.place} {one.flip}" for one in tried if not one.killed]
    assert len(tried) == SAMPLED
    assert score_of(tried) >= WANTED, survived
