"""Phones, the test matrix, promotion and rewards written a second time in plain Python, from the sentences of rules.md.

Each example holds many records in one snapshot; 10,000 records of each kind in all. The seed is fixed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.school_tables import mark, pupil, result
from tests.rules.test_second_implementation import MANY, RECORDS, told_of

if TYPE_CHECKING:
    from tests.rules.school_tables import Row, Tables, Text

FIRST_CODE = 7910000000


def code_of(number: int) -> str:
    return str(FIRST_CODE + number)


# ---- phones (DT-1 to DT-5): the lists written out once more

MOBILE = re.compile(r"0(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7}")
OLD_MOBILE = re.compile(r"01(2[0-9]|6[2-9]|8[68]|99)\d{7}")
PHONE_RULES = ("DT-1", "DT-2", "DT-3", "DT-4", "DT-5")
SHARED_FROM = 5


def bare(number: str) -> str:
    """DT-1: +84 or 84 becomes 0; blanks, dots, hyphens and brackets are dropped."""
    digits = re.sub(r"[\s.()\-]", "", number)
    return re.sub(r"^\+?84(?=[12]?\d{9}$)", "0", digits)


def kind_of(number: str) -> str:
    if MOBILE.fullmatch(number):
        return "mobile"
    if re.fullmatch(r"02\d{9}", number):
        return "landline"
    if OLD_MOBILE.fullmatch(number):
        return "old"
    if re.fullmatch(r"02\d{5,}", number):
        return "no landline"
    return "zero lost" if re.fullmatch(r"[35789]\d{8}", number) else "wrong"


def chosen(cell: str) -> str:
    """DT-4: of two numbers in a cell the first valid one counts, else the first."""
    numbers = [bare(part) for part in re.split(r"[/;]", cell)]
    return next((number for number in numbers if kind_of(number) in {"mobile", "landline"}), numbers[0])


def plain_phone_findings(cells: list[str | None]) -> set[tuple[str, str]]:
    numbers = [None if cell is None else chosen(cell) for cell in cells]
    shared = Counter(number for number in numbers if number and kind_of(number) in {"mobile", "landline"})
    told = {"old": "DT-2", "no landline": "DT-3", "zero lost": "DT-4", "wrong": "DT-1"}
    found = {(told[kind_of(number)], code_of(place)) for place, number in enumerate(numbers) if number and kind_of(number) in told}
    many = {(place, number) for place, number in enumerate(numbers) if number and shared[number] >= SHARED_FROM}
    return found | {("DT-5", code_of(place)) for place, _ in many}


def phones() -> st.SearchStrategy[str | None]:
    prefixes = ["090", "038", "055", "087", "095", "020", "028", "0168", "0199", "0150", "0120"]
    length, tail = st.sampled_from([9, 10, 10, 11, 12]), st.integers(0, 10**9 - 1)
    whole = st.builds(lambda start, size, end: f"{start}{end:09d}"[:size], st.sampled_from(prefixes), length, tail)
    dressed = st.builds(
        lambda number, dress: dress(number),
        whole,
        st.sampled_from([
            str,
            lambda number: number[1:],
            lambda number: f"+84 {number[1:]}",
            lambda number: f"84{number[1:]}",
            lambda number: f"{number[:4]} {number[4:7]} {number[7:]}",
            lambda number: f"({number[:3]}) {number[3:]}",
            lambda number: f"{number[:4]}.{number[4:]}",
        ]),
    )  # fmt: skip
    common = st.sampled_from(["0908000001", "0908000002"])
    return st.one_of(dressed, st.builds(lambda one, two: f"{one} / {two}", whole, dressed), common, st.none())


@pytest.mark.slow
@MANY
@given(st.lists(phones(), min_size=RECORDS, max_size=RECORDS))
def test_a_phone_is_what_a_plain_reading_of_the_numbering_plan_gives(cells: list[str | None]) -> None:
    rows = [pupil(code_of(place), contact_phone=cell) for place, cell in enumerate(cells)]
    found, expected = told_of({"pupils": rows}, PHONE_RULES), plain_phone_findings(cells)
    assert {(rule, cells[int(key) - FIRST_CODE]) for rule, key in found ^ expected} == set()


# ---- which subject is taught and tested in which grade (CT-2, TT27-7.1b): the tables written out once more

TAUGHT = {
    1: ["TV", "TO", "DD", "TNXH", "GDTC", "AN", "MT", "HDTN"],
    3: ["TV", "TO", "DD", "TNXH", "GDTC", "AN", "MT", "HDTN", "NN1", "TH", "CN"],
    5: ["TV", "TO", "DD", "KH", "LSDL", "GDTC", "AN", "MT", "HDTN", "NN1", "TH", "CN"],
}
TAUGHT |= {2: TAUGHT[1], 4: TAUGHT[5]}
EVER_TESTED = {"TV", "TO", "NN1", "TH", "CN", "LSDL", "KH"}
ELECTIVE = {(1, "NN1"), (2, "NN1")}
MATRIX_RULES = ("TT27-7.1b", "TT27-7.1c/1", "TT27-7.1c/2", "TT27-7.1e", "TT27-7.4/3", "CT-1")
WHOLE_SCORES = {str(score) for score in range(11)} | {f"{score}.0" for score in range(11)} | {f"{score},0" for score in range(11)}


def has_test(grade: int, subject: str, time: str) -> bool:
    if subject not in TAUGHT[grade] or subject not in EVER_TESTED:
        return False
    return time in {"CK1", "CN"} or (grade >= 4 and subject in {"TV", "TO"})


def plain_mark_findings(grade: int, subject: str, time: str, level: Text, score: Text) -> set[str]:
    taught = subject in TAUGHT[grade] or (grade, subject) in ELECTIVE
    if not taught:
        return {"CT-1"} if level is not None or score is not None else set()
    is_tested = any(has_test(grade, subject, one) for one in ("GK1", "CK1", "GK2", "CN"))
    wrong = {
        "TT27-7.1b": level is not None and score is None and has_test(grade, subject, time),
        "TT27-7.1c/1": score is not None and subject not in EVER_TESTED,
        "TT27-7.1c/2": score is not None and is_tested and not has_test(grade, subject, time),
        "TT27-7.1e": score is not None and score not in WHOLE_SCORES,
        "TT27-7.4/3": level in {"Đ", "X"},
    }
    return {rule for rule, is_wrong in wrong.items() if is_wrong}


MarkDrawn = tuple[int, str, str, "Text", "Text"]


def marks() -> st.SearchStrategy[MarkDrawn]:
    return st.tuples(
        st.integers(1, 5),
        st.sampled_from(sorted({subject for subjects in TAUGHT.values() for subject in subjects})),
        st.sampled_from(["GK1", "CK1", "GK2", "CN"]),
        st.sampled_from(["T", "H", "C", "Đ", "X", None]),
        st.sampled_from(["10", "0", "7.0", "9,0", "9.5", "11", "-1", "chín", None, None]),
    )


@pytest.mark.slow
@MANY
@given(st.lists(marks(), min_size=RECORDS, max_size=RECORDS))
def test_a_mark_is_what_a_plain_reading_of_article_7_gives(drawn: list[MarkDrawn]) -> None:
    tables: Tables = defaultdict(list)
    expected = set()
    for place, (grade, subject, time, level, score) in enumerate(drawn):
        code, where = code_of(place), {"grade": grade, "class_name": f"{grade}A"}
        tables["pupils"].append(pupil(code, **where))
        tables["marks"].append(mark(code, subject, time, level, score, **where))
        expected |= {(rule, f"{code}|{subject}|{time}") for rule in plain_mark_findings(grade, subject, time, level, score)}
    assert told_of(tables, MATRIX_RULES) == expected


# ---- promotion and rewards (Điều 11, 13)

YEAR_RULES = ("TT27-11.1", "TT27-11.2", "TT27-13.1", "TT27-13.2", "TT27-13.3")
PASSED = {"HTXS", "HTT", "HT"}


def plain_year_findings(row: Row) -> set[str]:
    value, reward = row["result"], row["reward"]
    wrong = {
        "TT27-11.1": value in PASSED and not (row["completed"] == "1" and row["promoted"] == "1"),
        "TT27-11.2": value == "CHT" and row["promoted"] == "1" and row["principal_decision"] is None,
        "TT27-13.1": value is not None and (reward == "HSXS") != (value == "HTXS"),
        "TT27-13.2": reward == "HSTB" and value is not None and value != "HTT",
        "TT27-13.3": reward is not None and reward not in {"HSXS", "HSTB"},
    }
    return {rule for rule, is_wrong in wrong.items() if is_wrong}


def ends_of_year() -> st.SearchStrategy[dict[str, Text]]:
    told = st.sampled_from(["1", "0", None])
    return st.fixed_dictionaries({
        "reward": st.sampled_from(["HSXS", "HSTB", "HSG", None]),
        "completed": told,
        "promoted": told,
        "principal_decision": st.sampled_from(["12/QĐ-THTT", None]),
    })  # fmt: skip


@pytest.mark.slow
@MANY
@given(st.lists(st.tuples(st.sampled_from(["HTXS", "HTT", "HT", "CHT", None]), ends_of_year()), min_size=RECORDS, max_size=RECORDS))
def test_promotion_and_rewards_are_what_a_plain_reading_of_articles_11_and_13_gives(drawn: list[tuple[Text, dict[str, Text]]]) -> None:
    rows = [result(code_of(place), value) | ending for place, (value, ending) in enumerate(drawn)]
    pupils = [pupil(code_of(place)) for place in range(len(drawn))]
    expected = {(rule, str(row["pupil_code"])) for row in rows for rule in plain_year_findings(row)}
    assert told_of({"pupils": pupils, "year_results": rows}, YEAR_RULES) == expected
