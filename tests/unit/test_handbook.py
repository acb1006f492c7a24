"""docs/rules.md is what the rules say today."""

from __future__ import annotations

from pathlib import Path

from expectations.handbook import handbook
from expectations.rules import all_rules

FILE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"


def test_the_handbook_in_docs_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == handbook(all_rules()), "chạy: truong rules docs"


def test_every_rule_is_in_it() -> None:
    text = handbook(all_rules())
    assert all(f"| {rule.code} |" in text for rule in all_rules())
