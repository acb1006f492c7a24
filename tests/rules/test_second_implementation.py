"""Điều 9.2 and the personal number written a second time in plain Python, compared with the rules on random pupils.

Many pupils share one snapshot per example; the seed is fixed, so every run draws the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.records import codes
from connectors.records.snapshot import Snapshot, SourceState
from connectors.records.tables import TABLES
from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.report_cards import Entry, all_at, card, plain_result
from tests.rules.school_tables import DAY, Row, Tables, Text, cleaned_frame, pupil, rules_named

if TYPE_CHECKING:
    import polars as pl

EXAMPLES, RECORDS = 100, 100  # ten thousand records of each kind
# Shrinking a hundred records takes longer than reading which of them differ.
MANY = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
RESULT_RULES = ("TT27-9.5", "TT27-9.9")
NUMBER_RULES = ("ID-2", "ID-4/1", "ID-4/2", "ID-4/3", "ID-4/4", "ID-6/1", "ID-6/2")
FIRST_CODE = 7900000000
Told = set[tuple[str, str]]


@dataclass(frozen=True)
class InMemory(Snapshot):
    """A snapshot that was never written: hundreds of them cost seconds instead of a minute."""

    frames: dict[str, pl.DataFrame]

    def scan(self, table: str) -> pl.LazyFrame:
        return self.frames[table].lazy() if table in self.frames else TABLES[table].schema.to_frame(eager=False)


def told_of(tables: Tables, rules: tuple[str, ...]) -> Told:
    frames = {name: cleaned_frame(name, rows) for name, rows in tables.items()}
    whole = SourceState("qlnt", DAY, {name: table.names for name, table in TABLES.items()})
    snapshot = InMemory(Path(), DAY, {"qlnt": whole}, {name: frame.height for name, frame in frames.items()}, frames)
    singles = check(snapshot, rules_named(rules), CheckContext(DAY, Limits())).singles
    return set(singles.select("rule", "key").iter_rows())


# ---- the year's result

LEVELS = {"T": "T", "HTT": "T", "H": "H", "ht": "H", "C": "C", "Đ": None, "D": None, None: None}
CHARACTERS = {"T": "T", "Đ": "Đ", "Ð": "Đ", "D": "Đ", "C": "C", "ccg": "C", "H": None, None: None}
SCORES = {"10": 10, "10.0": 10, "9": 9, "9,0": 9, "8": 8, "7": 7, "6": 6, "5": 5, "4": 4, "0": 0}
SCORES |= {"9.5": 9.5, "11": 11, "-1": -1, "chín": None, None: None}


@dataclass(frozen=True)
class Year:
    """A pupil's end of year: one level and score everywhere, and what differs, by the place of the subject or trait."""

    grade: int
    everywhere: tuple[str, int]
    entries: dict[int, Entry]
    traits: dict[int, Text]
    stored: str | None

    @property
    def subjects(self) -> dict[str, Entry]:
        names = codes.compulsory_subjects(self.grade)
        return all_at(self.grade, *self.everywhere) | {names[place]: entry for place, entry in self.entries.items() if place < len(names)}

    @property
    def characters(self) -> dict[str, Text]:
        names = [name for name, trait in codes.traits().items() if self.grade in trait.grades]
        return dict.fromkeys(names, "T") | {names[place]: level for place, level in self.traits.items() if place < len(names)}

    def expected(self) -> str:
        """The rule that must speak of this pupil; "" for none."""
        tests = [SCORES.get(score) for name, (_, score) in self.subjects.items() if "CN" in codes.tested_times(name, self.grade)]
        levels = [LEVELS[level] for level, _ in self.subjects.values()]
        right = plain_result(levels, [CHARACTERS[level] for level in self.characters.values()], tests)
        return "TT27-9.5" if right is None else "" if right == self.stored else "TT27-9.9"


def years() -> st.SearchStrategy[Year]:
    entry = st.tuples(st.sampled_from(list(LEVELS)), st.sampled_from(list(SCORES)))
    return st.builds(
        Year,
        st.sampled_from(codes.GRADES),
        st.sampled_from([("T", 10), ("T", 9), ("T", 8), ("T", 7), ("H", 6), ("H", 5)]),
        st.dictionaries(st.integers(0, 11), entry, max_size=2),
        st.dictionaries(st.integers(0, 14), st.sampled_from(list(CHARACTERS)), max_size=1),
        st.sampled_from(["HTXS", "HTT", "HT", "CHT", None]),
    )


@pytest.mark.slow
@MANY
@given(st.lists(years(), min_size=RECORDS, max_size=RECORDS))
def test_the_result_is_what_a_plain_reading_of_article_9_gives(drawn: list[Year]) -> None:
    tables: Tables = defaultdict(list)
    expected: Told = set()
    for number, year in enumerate(drawn):
        code = str(FIRST_CODE + number)
        for name, rows in card(code, year.grade, year.subjects, year.characters, year.stored).items():
            tables[name] += rows
        expected |= {(year.expected(), code)} if year.expected() else set()
    assert told_of(tables, RESULT_RULES) == expected


# ---- the personal number


def fits(number: str, sex: str | None, born: date | None) -> tuple[bool, bool, bool]:
    """Whether province, century with sex, and year of twelve digits fit; what is not known fits."""
    province = number[:3] in codes.reference()["ma_tinh_dinh_danh"]
    if born is None:
        return province, True, True
    sign = (born.year - 1900) // 100 * 2 + (sex == "Nữ")
    return province, sex is None or int(number[3]) == sign, int(number[4:6]) == born.year % 100


def plain_number_findings(row: Row, born: date | None) -> set[str]:
    """What rules.md ID-2 to ID-6 say of a pupil at school."""
    number, sex = row["personal_number"], row["sex"]
    foreign = row["ethnicity"] == "55"
    if number is None:
        return set() if foreign else {"ID-2"}
    text = str(number).removesuffix(".0") if str(number).removesuffix(".0").isdigit() else str(number)
    if "E+" in text:
        return {"ID-6/2"}
    if len(text) == 12 and text.isdigit():
        province, sign, year = fits(text, str(sex) if sex else None, born)
        wrong = {"ID-4/2": text[0] == "0" and not province, "ID-4/3": not sign, "ID-4/4": not year}
        return {rule for rule, is_wrong in wrong.items() if is_wrong}
    can_be_padded = len(text) == 11 and text.isdigit() and sex is not None and born is not None
    if can_be_padded and all(fits(f"0{text}", str(sex), born)):
        return {"ID-6/1"}
    return set() if foreign else {"ID-4/1"}


MANGLED = {
    "whole": str,
    "zero lost": lambda number: number.lstrip("0"),
    "of a spreadsheet": lambda number: f"{number}.0",
    "zero lost in a spreadsheet": lambda number: f"{number.lstrip('0')}.0",
    "as a quantity": lambda number: f"{number[1]}.{number[2:5]}E+10",
    "cut": lambda number: number[:-1],
    "longer": lambda number: f"{number}1",
    "a passport": lambda number: f"C{number[:7]}",
    "absent": lambda _: None,
}


@dataclass(frozen=True)
class Person:
    """A pupil whose number may contradict it."""

    born: date | None
    sex: str | None
    ethnicity: str
    province: str
    sign: int | None
    year: int | None
    mangled: str

    def row(self, code: str) -> Row:
        """As delivered; the sign and the year of the number are right unless others were drawn."""
        born = self.born or date(2018, 1, 1)
        sign = self.sign if self.sign is not None else (born.year - 1900) // 100 * 2 + (self.sex == "Nữ")
        number = f"{self.province}{sign}{born.year % 100 if self.year is None else self.year:02d}{code[-6:]}"
        birth = self.born.isoformat() if self.born else None
        return pupil(code, personal_number=MANGLED[self.mangled](number), sex=self.sex, birth_date=birth, ethnicity=self.ethnicity)


def people() -> st.SearchStrategy[Person]:
    return st.builds(
        Person,
        st.none() | st.dates(date(1998, 1, 1), date(2021, 12, 31)),
        st.sampled_from(["Nam", "Nữ", None]),
        st.sampled_from(["01", "01", "55"]),
        st.sampled_from(["079", "001", "096", "003", "000", "101", "999"]),
        st.none() | st.integers(0, 9),
        st.none() | st.integers(0, 99),
        st.sampled_from(list(MANGLED)),
    )


@pytest.mark.slow
@MANY
@given(st.lists(people(), min_size=RECORDS, max_size=RECORDS))
def test_a_number_is_what_a_plain_reading_of_decree_137_gives(drawn: list[Person]) -> None:
    rows = [person.row(str(FIRST_CODE + number)) for number, person in enumerate(drawn)]
    expected = {
        (rule, str(row["pupil_code"])) for row, person in zip(rows, drawn, strict=True) for rule in plain_number_findings(row, person.born)
    }
    assert told_of({"pupils": rows}, NUMBER_RULES) == expected
