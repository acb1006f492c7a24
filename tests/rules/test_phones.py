"""Phones of families: rules.md §3.4 with all its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records import codes
from tests.rules.school_tables import Case, Row, Text, case, checked, found_by, merged, next_code, pairs, pupil

if TYPE_CHECKING:
    from expectations.check import QualityResult

ABOUT = ("DT-1", "DT-2", "DT-3", "DT-4", "DT-5")


def phone(says: str, finds: str, delivered: Text, **values: Text) -> Case:
    code = next_code()
    return case(says, code, ABOUT, finds, pupils=[pupil(code, contact_phone=delivered, **values)])


def shared(says: str, finds: str, phones: list[Text], **last: Text) -> Case:
    """Pupils with these phones; `last` changes the last of them."""
    codes_of = [next_code() for _ in phones]
    rows: list[Row] = [pupil(code, contact_phone=number) for code, number in zip(codes_of, phones, strict=True)]
    return case(says, codes_of[0], ABOUT, finds, pupils=[*rows[:-1], rows[-1] | last])


EXAMPLES = [
    phone("0908123456 is right", "", "0908123456"),
    phone("+84 908 123 456 is right", "", "+84 908 123 457"),
    phone("908123456 lost its zero", "DT-4", "908123456"),
    phone("01681234567 is of before 2018", "DT-2", "01681234567"),
    phone("02838123456 is a landline", "", "02838123456"),
    phone("0951234567 has no prefix in use", "DT-1", "0951234567"),
    phone("84908123456 is right", "", "84908123458"),
]
FURTHER = [
    phone("dots do not count", "", "0908.123.460"),
    phone("hyphens do not count", "", "0908-123-461"),
    phone("brackets do not count", "", "(0908) 123462"),
    phone("no phone is not a wrong phone", "", None),
    phone("the first valid one of two counts", "", "0951234567 / 0908123463"),
    phone("the first valid one behind a semicolon counts", "", "0951234567;0908123464"),
    phone("the first valid one behind a hyphen counts", "", "0951234567 - 0908123465"),
    phone("two wrong ones are told", "DT-1", "0951234567/0951234568"),
    phone("nine digits from 3, 5, 7, 8, 9 lost a zero", "DT-4", "381234567"),
    phone("nine digits from 2 are no mobile", "DT-1", "281234567"),
    phone("eight digits are too few", "DT-1", "08123456"),
    phone("eleven digits with a prefix that never was", "DT-1", "01501234567"),
    phone("a landline of ten digits is too short", "DT-3", "0283812345"),
    phone("a landline of twelve digits is too long", "DT-3", "028381234567"),
    phone("a landline of another province", "", "02723812345"),
    phone("six digits from 02 are no landline", "DT-1", "028381"),
    phone("words are no phone", "DT-1", "không có"),
    phone("0199 was a prefix too", "DT-2", "01991234567"),
    phone("a landline with +84", "", "+84 28 3812 3457"),
]
SHARED = [
    shared("a phone of five pupils is told", "DT-5", ["0912000001"] * 5),
    shared("a phone of four pupils is a family", "", ["0912000002"] * 4),
    shared("the same phone written in other ways is one phone", "DT-5",
           ["0912000003", "+84912000003", "0912 000 003", "0912.000.003", "84912000003"]),
    shared("a pupil who moved away does not count", "", ["0912000004"] * 5, status="04", status_date="2026-11-02"),
    shared("a wrong phone is only wrong, however many have it", "DT-1", ["0951000005"] * 6),
]  # fmt: skip
CASES = [*EXAMPLES, *FURTHER, *SHARED]


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> QualityResult:
    old = codes.reference()["doi_dau_so_2018"]
    more: list[Row] = [pupil(f"78{prefix:>08}", contact_phone=f"{prefix}1234567") for prefix in old]
    tables = merged(CASES)
    return checked(tmp_path_factory.mktemp("phones"), tables | {"pupils": [*tables["pupils"], *more]}, rules=ABOUT)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_phone_is_judged_as_people_type_it(item: Case, quality: QualityResult) -> None:
    assert found_by(item, pairs(quality)) == item.finds


def proposals(quality: QualityResult, rule: str) -> dict[str, str]:
    """Delivered number -> number that is proposed."""
    return dict(quality.findings.filter(pl.col("rule") == rule).select("value", "expected").iter_rows())


def test_a_number_of_before_2018_gets_the_number_that_it_has_since(quality: QualityResult) -> None:
    assert proposals(quality, "DT-2")["01681234567"] == "0381234567"


@pytest.mark.parametrize(("old", "new"), sorted(codes.reference()["doi_dau_so_2018"].items()))
def test_every_prefix_of_2018_is_mapped(old: str, new: str, quality: QualityResult) -> None:
    assert proposals(quality, "DT-2")[f"{old}1234567"] == f"{new}1234567"


def test_a_lost_zero_is_proposed_back(quality: QualityResult) -> None:
    assert proposals(quality, "DT-4") == {"908123456": "0908123456", "381234567": "0381234567"}


def test_everyone_who_shares_a_phone_is_told(quality: QualityResult) -> None:
    of_five = quality.findings.filter((pl.col("rule") == "DT-5") & (pl.col("value") == "0912000001"))
    assert of_five.height == 5
    assert "5 học sinh" in of_five["expected"][0]
