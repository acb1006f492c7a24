"""docs/rules.md is what the rules say today, and docs/huong-dan.md knows every command as it is today."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from expectations.handbook import handbook
from expectations.rules import all_rules
from flows.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "rules.md"
COMMANDS = sorted(
    {
        line.split("#")[0].removeprefix(".venv/bin/truong ").strip()
        for file in ("docs/huong-dan.md", "README.md")
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if line.startswith(".venv/bin/truong ")
    }
)


def test_the_handbook_in_docs_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == handbook(all_rules()), "chạy: truong rules docs"


def test_every_rule_is_in_it() -> None:
    text = handbook(all_rules())
    assert all(f"| {rule.code} |" in text for rule in all_rules())


def test_the_officers_handbook_names_every_verb() -> None:
    text = (ROOT / "docs" / "huong-dan.md").read_text(encoding="utf-8")
    listed = re.findall(r"^    ([a-z][a-z-]+)(?:\s|$)", build_parser().format_help(), re.MULTILINE)
    assert len(listed) > 20
    assert [verb for verb in listed if not re.search(rf"(truong|make) {verb}\b", text)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_handbook_is_one_that_the_program_takes(command: str) -> None:
    assert build_parser().parse_args(shlex.split(command)).run
