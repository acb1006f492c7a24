"""Every number of the domain rules is decided by rules or says why data cannot decide it; every rule has its number."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from expectations.coverage import ALSO, FAMILIES, NUMBERS, REASONS, coverage, number_of
from expectations.rules import all_rules

CODES = [rule.code for rule in all_rules()]
NUMBER_IN_TEXT = re.compile(r"^(?:- \*\*|\| )([A-Z][A-Z0-9]*-[0-9.]+[a-z]?)\b", re.MULTILINE)


def test_every_number_has_rules_or_a_reason_and_never_both() -> None:
    covered = coverage(CODES)
    assert tuple(entry.number for entry in covered) == NUMBERS
    assert [entry.number for entry in covered if bool(entry.rules) == bool(entry.reason)] == []


def test_numbers_are_told_once() -> None:
    assert max(Counter(NUMBERS).values()) == 1
    assert set(REASONS) | set(ALSO) | set(FAMILIES.values()) <= set(NUMBERS)


def test_every_rule_stands_under_its_own_number_and_those_it_also_decides() -> None:
    covered = {entry.number: set(entry.rules) for entry in coverage(CODES)}
    for code in CODES:
        wanted = {number_of(code)} | {number for number, codes in ALSO.items() if code in codes}
        assert {number for number, codes in covered.items() if code in codes} == wanted


def test_a_further_number_names_only_rules_that_there_are() -> None:
    assert {code for codes in ALSO.values() for code in codes} <= set(CODES)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("ID-4/1", "ID-4"),
        ("TT27-7.1a/2", "TT27-7.1a"),
        ("DCH-2", "QC-19.6"),
        ("DCH-9", "QC-10.1"),
        ("DCH-12", "CB-1"),
        ("BD-1", "QC-16.1"),
        ("QC-16.1b/1", "QC-16.1"),
        ("HS-6", "HS-6"),
        ("ID-44", None),
        ("XX-1", None),
    ],
)
def test_a_code_tells_its_number(code: str, number: str | None) -> None:
    assert number_of(code) == number


def test_without_its_rules_a_number_is_not_called_covered() -> None:
    (entry,) = [entry for entry in coverage([code for code in CODES if code != "DT-5"]) if entry.number == "DT-5"]
    assert (entry.rules, entry.reason) == ((), "")


def carried_numbers() -> list[str]:
    """The numbers as they were taken out of the domain document, beside this file."""
    lines = Path(__file__).with_name("domain_numbers.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_number_of_the_domain_document_is_known_and_no_other() -> None:
    """Against the list that the project carries, and against the document itself where `TRUONG_DOMAIN_RULES` names it."""
    file = os.environ.get("TRUONG_DOMAIN_RULES", "")
    lists = [carried_numbers(), *([NUMBER_IN_TEXT.findall(Path(file).read_text(encoding="utf-8"))] if file else [])]
    assert [tuple(numbers) for numbers in lists] == [NUMBERS] * len(lists)
