"""Two systems' names of one pupil, and all else that is compared, read a second time in plain Python: 10,000 pairs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records.snapshot import SourceState
from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from expectations.views.comparison import ALTOGETHER, BY_CASE, BY_I_AND_Y, BY_MARKS, BY_TONE_PLACE
from infra.settings import Limits
from tests.rules.school_tables import DAY, Row, cleaned_frame, pupil, rules_named
from tests.rules.test_second_implementation import MANY, RECORDS, InMemory

FIRST_CODE = 7920000000
RULES = ("DCH-1", "DCH-2", "DCH-3", "DCH-4", "DCH-5", "DCH-6")
TONES = "\u0300\u0301\u0303\u0309\u0323"
# Spellings of one syllable that people mix up, and others that are other names.
SYLLABLES = [
    ("Hoà", "Hòa", "hoà", "HÒA", "Hoa"), ("Thuý", "Thúy", "Thụy", "THUÝ"), ("Mỹ", "Mĩ", "My", "mĩ"), ("Đặng", "đặng", "Dang", "Đăng"),
    ("Nguyễn", "NGUYỄN", "Nguyên", "Nguyen"), ("Quý", "Quí", "Quy", "QUÍ"), ("Lý", "Lí", "Ly", "Lê"), ("An", "Ân", "an"),
]  # fmt: skip
GROUPS = {**dict.fromkeys(("01", "02", "03", "06", "07", "10"), "here"), **dict.fromkeys(("04", "08", "11"), "moved"), "05": "left"}


def syllable_key(syllable: str) -> tuple[str, str]:
    """Its letters without the tone, and the tone: where the tone stands does not count."""
    letters = unicodedata.normalize("NFD", syllable)
    return re.sub(f"[{TONES}]", "", letters), re.sub(f"[^{TONES}]", "", letters)


def plain_rung(one: str, other: str) -> str | None:
    """The ladder of TX-1: composed form, tone placement, case and blanks, i and y, no marks."""

    def keys(text: str) -> list[tuple[str, str]]:
        return [syllable_key(syllable) for syllable in re.split("( )", text)]

    def with_i(text: str) -> str:
        return " ".join(re.sub("^([^aeiouy]+|qu)y", r"\1i", syllable) for syllable in text.split(" "))

    def bare(text: str) -> str:
        return with_i(
            "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)).replace("đ", "d")
        )

    low = [" ".join(unicodedata.normalize("NFD", text).lower().split()) for text in (one, other)]
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return None
    if keys(one) == keys(other):
        return BY_TONE_PLACE
    if keys(low[0]) == keys(low[1]):
        return BY_CASE
    if keys(with_i(low[0])) == keys(with_i(low[1])):
        return BY_I_AND_Y
    return BY_MARKS if bare(low[0]) == bare(low[1]) else ALTOGETHER


@dataclass(frozen=True)
class Pair:
    """A pupil as two systems tell it; `only`: the one system that knows it."""

    here: Row
    there: Row
    only: str | None

    def expected(self) -> set[tuple[str, str | None]]:
        """Rules that must speak, DCH-2 with its rung."""
        if self.only:
            return {("DCH-1", None)}
        here, there = self.here, self.there
        apart = plain_rung(str(here["full_name"]), str(there["full_name"]))
        wrong = {
            "DCH-3": here["birth_date"] != there["birth_date"],
            "DCH-4": here["sex"] != there["sex"],
            "DCH-5": here["class_name"] != there["class_name"],
            "DCH-6": GROUPS[str(here["status"])] != GROUPS[str(there["status"])],
        }
        told: set[tuple[str, str | None]] = {(rule, None) for rule, is_wrong in wrong.items() if is_wrong}
        return told | ({("DCH-2", apart)} if apart not in {None, BY_TONE_PLACE, BY_CASE} else set())


def sides() -> st.SearchStrategy[tuple[Row, Row]]:
    """Two rows that differ in few places."""
    spelled = st.sampled_from(SYLLABLES).flatmap(lambda spellings: st.tuples(st.sampled_from(spellings), st.sampled_from(spellings)))
    names = st.lists(spelled, min_size=2, max_size=3).map(lambda pairs: tuple(" ".join(side) for side in zip(*pairs, strict=True)))
    other = st.sampled_from(
        [{}, {}, {}, {"birth_date": "2018-03-06"}, {"sex": "Nữ"}, {"class_name": "3B"}, {"status": "04"}, {"status": "02"}]
    )
    return st.builds(lambda name, change: ({"full_name": name[0]}, {"full_name": name[1], **change}), names, other)


def pairs_of_systems() -> st.SearchStrategy[Pair]:
    only = st.sampled_from([None] * 8 + ["qlnt", "csdl"])
    return st.builds(lambda side, alone: Pair(pupil(None, **side[0]), pupil(None, **side[1]), alone), sides(), only)


def found_in(drawn: list[Pair]) -> set[tuple[str, str, str | None]]:
    rows = []
    for place, pair in enumerate(drawn):
        for system, row in (("qlnt", pair.here), ("csdl", pair.there)):
            if pair.only in {None, system}:
                rows.append(row | {"pupil_code": str(FIRST_CODE + place), "source_system": system})
    frame = cleaned_frame("pupils", rows)
    state = SourceState("qlnt", DAY, {name: table.names for name, table in TABLES.items()})
    sources = {"qlnt": state, "csdl": replace(state, system="csdl")}
    night = InMemory(Path(), DAY, sources, {"pupils": frame.height}, {"pupils": frame})
    found = check(night, rules_named(RULES), CheckContext(DAY, Limits())).singles.select("rule", "key", "expected")
    rungs = (BY_I_AND_Y, BY_MARKS, ALTOGETHER)
    return {(rule, key, next((rung for rung in rungs if rung in (told or "")), None)) for rule, key, told in found.iter_rows()}


@pytest.mark.slow
@MANY
@given(st.lists(pairs_of_systems(), min_size=RECORDS, max_size=RECORDS))
def test_two_systems_differ_as_a_plain_reading_of_the_ladder_says(drawn: list[Pair]) -> None:
    # Somebody is in both, so that each system is known to have pupils.
    pairs = [Pair(pupil(None), pupil(None), None), *drawn]
    expected = {(rule, str(FIRST_CODE + place), rung) for place, pair in enumerate(pairs) for rule, rung in pair.expected()}
    found = found_in(pairs)
    apart = [(rule, rung, pairs[int(key) - FIRST_CODE]) for rule, key, rung in found ^ expected]
    assert apart == []
