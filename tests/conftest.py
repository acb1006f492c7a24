"""For every test: what a machine's load must not decide."""

from __future__ import annotations

from hypothesis import settings

# Hypothesis fails an example that takes longer than 200 ms: on a busy machine that says nothing about the product.
settings.register_profile("truong", deadline=None)
settings.load_profile("truong")
