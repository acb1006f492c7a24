"""The house's budget is a test: it fails when the code outgrows it."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("house_style", Path(__file__).with_name("style.py"))
assert SPEC
assert SPEC.loader
style = importlib.util.module_from_spec(SPEC)
sys.modules["house_style"] = style
SPEC.loader.exec_module(style)


@pytest.fixture(scope="module")
def figures() -> style.Figures:
    return style.measure()


def test_functions_are_short(figures: style.Figures) -> None:
    assert statistics.median(figures.lengths) <= style.MEDIAN_LINES
    assert figures.p90 <= style.P90_LINES
    assert figures.long_share < style.LONG_SHARE, figures.long_functions


def test_files_are_short(figures: style.Figures) -> None:
    assert not figures.long_files


def test_functions_take_few_parameters(figures: style.Figures) -> None:
    assert not figures.wide


def test_everything_is_annotated(figures: style.Figures) -> None:
    assert not figures.unannotated


def test_only_flows_catch_everything(figures: style.Figures) -> None:
    assert not [where for where in figures.broad_excepts if not where.startswith("flows/")]


def test_only_the_command_prints(figures: style.Figures) -> None:
    allowed = ("flows/cli/", "infra/bootstrap.py")
    assert not [where for where in figures.prints if not where.startswith(allowed)]
