"""Rule sets by school year and grade: what Thông tư 27 and the programme of 2018 had not reached yet (TT27-0.1, TT27-0.2, CT-4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records import codes
from expectations.check import CheckContext, check
from expectations.rules import all_rules
from expectations.views.facts import follows_tt27
from infra.settings import Limits
from tests.rules.school_tables import (
    Case,
    Row,
    Text,
    case,
    findings_of,
    findings_of_cases,
    found_by,
    mark,
    next_code,
    pairs,
    pupil,
    rating,
    result,
    rules_named,
    snapshot_of,
    staff,
)

if TYPE_CHECKING:
    from pathlib import Path

ZERO, BEST, OLD_SUBJECT = "TT27-0.2/1", "TT27-0.2/2", "CT-4"
ABOUT = (ZERO, BEST, OLD_SUBJECT)
DAY = date(2022, 5, 31)  # 2021-2022: Thông tư 27 in grades 1 and 2 only


def marked(says: str, finds: str, grade: int, subject: str, score: Text) -> Case:
    code = next_code()
    where: Row = {"grade": grade, "class_name": f"{grade}A"}
    rows = [mark(code, subject, "CN", "C", score, **where)]
    return case(says, f"{code}|{subject}|CN", ABOUT, finds, pupils=[pupil(code, **where)], marks=rows)


def ended(says: str, finds: str, grade: int, stored: Text, reward: Text = None) -> Case:
    code = next_code()
    where: Row = {"grade": grade, "class_name": f"{grade}A"}
    rows = [result(code, stored, **where) | {"reward": reward}]
    return case(says, code, ABOUT, finds, pupils=[pupil(code, **where)], year_results=rows)


CASES = [
    marked("0 in grade 2, which Thông tư 27 had reached", "", 2, "TO", "0"),
    marked("0 in grade 3, which it had not", ZERO, 3, "TO", "0"),
    marked("1 in grade 3", "", 3, "TO", "1"),
    marked("Thủ công in grade 2 is of the old programme", OLD_SUBJECT, 2, "Thủ công", None),
    marked("Thủ công in grade 3 was right that year", "", 3, "Thủ công", None),
    marked("Kỹ thuật in grade 5 was right that year", "", 5, "Kỹ thuật", None),
    ended("HTXS in grade 2", "", 2, "HTXS", "HSXS"),
    ended("HTXS in grade 3", BEST, 3, "HTXS"),
    ended("a reward of Thông tư 27 in grade 4", BEST, 4, "HTT", "HSTB"),
    ended("HT in grade 4", "", 4, "HT"),
    ended("a reward of other rules in grade 4", "", 4, "HTT", "Học sinh giỏi"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("old"), CASES, DAY)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_grade_is_judged_by_the_rules_of_its_year(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


@pytest.mark.parametrize(("start", "last_grade"), [(2019, 0), (2020, 1), (2021, 2), (2022, 3), (2023, 4), (2024, 5), (2026, 5)])
def test_thong_tu_27_reached_one_grade_more_each_year(start: int, last_grade: int) -> None:
    grades = pl.DataFrame({"grade": list(codes.GRADES)}).filter(follows_tt27("grade", start))["grade"].to_list()
    assert grades == list(range(1, last_grade + 1))


@pytest.mark.parametrize(("grade", "asked"), [(2, True), (3, False)])
def test_an_old_year_is_not_asked_for_what_thong_tu_27_wants(*, grade: int, asked: bool, tmp_path: Path) -> None:
    rows = [pupil("7900000001", grade=grade, class_name=f"{grade}A")]
    told = findings_of(tmp_path, {"pupils": rows}, DAY, ("TT27-7.1a/1", "TT27-7.2", "TT27-9.5"))
    assert bool(told) is asked


def test_a_score_in_a_subject_without_tests_is_no_fault_of_an_old_year(tmp_path: Path) -> None:
    rows = [mark("7900000001", "DD", "CN", "T", "9", grade=3), mark("7900000002", "DD", "CN", "T", "9", grade=1, class_name="1A")]
    told = findings_of(tmp_path, {"marks": rows}, DAY, ("TT27-7.1c/1", "CT-1"))
    assert told == {("TT27-7.1c/1", "7900000002|DD|CN")}


def test_a_snapshot_from_before_there_were_pay_columns_is_still_checked(tmp_path: Path) -> None:
    night = snapshot_of(tmp_path, {"staff": [staff("GV001")], "ratings": [rating("GV001", "2021")]}, DAY)
    new = {"staff": ["salary_grade", "major", "self_rating"], "ratings": ["self_rating"]}
    for table, columns in new.items():
        pl.read_parquet(night.path(table)).drop(columns).write_parquet(night.path(table))
    kept = {table: tuple(set(names) - set(new.get(table, []))) for table, names in night.sources["staff"].delivered.items()}
    old = replace(night, sources={**night.sources, "staff": replace(night.sources["staff"], delivered=kept)})
    quality = check(old, all_rules(), CheckContext(DAY, Limits()))
    assert quality.findings.is_empty()
    assert (quality.examined["CB-1/10"], quality.examined["CB-1/12"]) == (0, 1)


def test_a_school_may_accept_the_old_subjects(tmp_path: Path) -> None:
    night = snapshot_of(tmp_path, {"marks": [mark("7900000001", "Kĩ thuật", "CN", "T")]})
    told = [
        pairs(check(night, rules_named((OLD_SUBJECT, "CT-1/1")), CheckContext(date(2027, 5, 31), Limits(accept_old_subjects=yes))))
        for yes in (False, True)
    ]
    assert told == [{(OLD_SUBJECT, "7900000001|Kĩ thuật|CN")}, set()]
