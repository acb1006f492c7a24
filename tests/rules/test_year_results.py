"""The year's result, promotion and rewards: rules.md TT27-9 with its fifteen worked examples, TT27-11, TT27-13."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.report_cards import all_at, card, scored_at
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Tables,
    Text,
    case,
    checked,
    findings_of,
    found_by,
    mark,
    merged,
    movement,
    next_code,
    pairs,
    pupil,
    result,
    rules_named,
    snapshot_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.check import QualityResult

RESULT_RULES = ("TT27-9.5", "TT27-9.9")
FURTHER_RULES = ("TT27-11.1", "TT27-11.2", "TT27-13.1", "TT27-13.2", "TT27-13.3")
EXCELLENT = scored_at(5, 9, 9, 10, 9, 10, 9)
WEAK_TRAITS = dict.fromkeys(
    ("YN", "NA", "CC", "TT", "TN", "TCTH", "GTHT", "GQVDST", "NN", "TTO", "KH", "CN", "TH", "TM", "TC"), "Đ"
)  # fmt: skip
# Example of rules.md -> (what is entered differently, the result; None: not decidable).
EXAMPLES: list[tuple[str, dict[str, tuple[Text, Text]], dict[str, Text], str | None]] = [
    ("1 all T, tests 9 9 10 9 10 9", EXCELLENT, {}, "HTXS"),
    ("2 one test 8", EXCELLENT | {"TO": ("T", "8")}, {}, "HTT"),
    ("3 Âm nhạc H, all tests 10", {"AN": ("H", None)}, {}, "HT"),
    ("4 trung thực Đ", EXCELLENT, {"TT": "Đ"}, "HT"),
    ("5 all T but one test 6", scored_at(5, 7, 8, 9, 6), {}, "HT"),
    ("6 all H and Đ, all tests 5", all_at(5, "H", 5), WEAK_TRAITS, "HT"),
    ("7 all H and Đ, one test 4", all_at(5, "H", 5) | {"KH": ("H", "4")}, WEAK_TRAITS, "CHT"),
    ("8 one subject C, all tests 10", {"DD": ("C", None)}, {}, "CHT"),
    ("9 one quality C", EXCELLENT, {"YN": "C"}, "CHT"),
    ("10 0 in Toán", EXCELLENT | {"TO": ("C", "0")}, {}, "CHT"),
    ("11 no test in Toán", EXCELLENT | {"TO": ("T", None)}, {}, None),
]
BOUNDARIES: list[tuple[str, dict[str, tuple[Text, Text]], dict[str, Text], str | None]] = [
    ("all tests 9", scored_at(5, 9), {}, "HTXS"),
    ("all tests 7", scored_at(5, 7), {}, "HTT"),
    ("0 in Toán with T is still CHT", {"TO": ("T", "0")}, {}, "CHT"),
    ("one H and one 6", {"AN": ("H", None), "TV": ("T", "6")}, {}, "HT"),
    ("10.0 and 9,0 of a spreadsheet are 10 and 9", {"TV": ("T", "10.0"), "TO": ("T", "9,0")}, {}, "HTXS"),
    ("a score of 9.5 is none", {"TO": ("T", "9.5")}, {}, None),
    ("a score of 11 is none", {"TO": ("T", "11")}, {}, None),
    ("no level in Đạo đức", {"DD": (None, None)}, {}, None),
    ("Đ in a subject is no level", {"DD": ("Đ", None)}, {}, None),
    ("no level of a quality", {}, {"YN": None}, None),
    ("H for a quality is no level", {}, {"YN": "H"}, None),
    ("D for Đ is a level", {}, {"YN": "D"}, "HT"),
    ("something missing is never CHT", {"DD": ("C", None), "TO": ("T", None)}, {}, None),
]


def with_card(says: str, finds: str, tables: Tables) -> Case:
    return case(says, str(tables["pupils"][0]["pupil_code"]), RESULT_RULES, finds, **tables)


def example(says: str, entries: dict[str, tuple[Text, Text]], traits: dict[str, Text], right: str | None) -> list[Case]:
    """Each result as the stored one: only the right one passes; where none is right, all are told as undecidable."""
    wrong = "TT27-9.9" if right else "TT27-9.5"
    return [
        with_card(f"{says}: stored {stored}", "" if right and stored == right else wrong, card(next_code(), 5, entries, traits, stored))
        for stored in ("HTXS", "HTT", "HT", "CHT", None)
    ]


def with_marks(says: str, finds: str, grade: int, rows: list[Row], stored: str = "HTXS") -> Case:
    """A card of a grade, all T and 10, with further rows of marks."""
    code = next_code()
    tables = card(code, grade, {}, {}, stored)
    more = [row | {"pupil_code": code, "grade": grade, "class_name": f"{grade}A"} for row in rows]
    taken = {row["subject"] for row in more if row["time"] == "CN"}
    kept = [row for row in tables["marks"] if row["subject"] not in taken or row["subject"] == "KH"]
    return with_card(says, finds, tables | {"marks": [*kept, *more]})


MORE_EXAMPLES = [
    with_marks("12 CK1 4, CN 9 in Toán", "", 5, [mark("", "TO", "CK1", "C", "4"), mark("", "TO", "CN", "T", "9")]),
    with_marks("13 Khoa học in grade 3 does not count", "", 3, [mark("", "KH", "CN", "C", "2")]),
    with_marks("14 grade 2 without a foreign language", "", 2, []),
    with_marks(
        "15 Tiếng Việt 4, then 6", "", 5, [mark("", "TV", score="4", level="C"), mark("", "TV", score="6", attempt=2, level="H")], "HT"
    ),
    with_marks("a better first attempt does not count", "TT27-9.9", 5, [mark("", "TV", score="10"), mark("", "TV", score="8", attempt=2)]),
    with_card("a pupil who is not assessed has no result", "", card(next_code(), 5, {"TO": (None, None)}, {}, None, not_assessed="1")),
    with_card("a disabled pupil has one", "TT27-9.9", card(next_code(), 5, {"AN": ("H", None)}, {}, "HTXS", disability="05")),
    with_card("who moved away has none", "", card(next_code(), 5, {"TO": (None, None)}, {}, None, status="08", status_date="2027-02-02")),
]
FOR_THE_EXAMPLES = [*MORE_EXAMPLES, *(item for entry in (*EXAMPLES, *BOUNDARIES) for item in example(*entry))]


def ended(says: str, finds: str, stored: Text, **values: Text) -> Case:
    """Only what is stored of a pupil's year."""
    code = next_code()
    return case(says, code, FURTHER_RULES, finds, pupils=[pupil(code)], year_results=[result(code, stored, **values)])


PROMOTION = [
    *(ended(f"{stored} is completed and promoted", "", stored) for stored in ("HTXS", "HTT", "HT")),
    *(ended(f"{stored} without completion", "TT27-11.1", stored, completed="0") for stored in ("HTXS", "HTT", "HT")),
    ended("HT without promotion", "TT27-11.1", "HT", promoted="không"),
    ended("HT with neither entered", "TT27-11.1", "HT", completed=None, promoted=None),
    ended("CHT is not promoted", "", "CHT"),
    ended("CHT promoted without a decision", "TT27-11.2", "CHT", promoted="1"),
    ended("CHT promoted by the principal's decision", "", "CHT", promoted="1", principal_decision="12/QĐ"),
    ended("CHT completed after further assessment, promoted by decision", "", "CHT", completed="1", promoted="1", principal_decision="1"),
    ended("no result promotes nobody", "", None, promoted="1"),
]
REWARDS = [
    ended("HTXS without Xuất sắc", "TT27-13.1", "HTXS", reward=None),
    ended("HTXS with Tiêu biểu", "TT27-13.1 TT27-13.2", "HTXS", reward="HSTB"),
    *(ended(f"Xuất sắc with {stored}", "TT27-13.1", stored, reward="HSXS") for stored in ("HTT", "HT", "CHT")),
    ended("HTT with Tiêu biểu", "", "HTT", reward="HSTB"),
    ended("HTT without any reward", "", "HTT"),
    *(ended(f"Tiêu biểu with {stored}", "TT27-13.2", stored, reward="HSTB") for stored in ("HT", "CHT")),
    *(ended(f"{title} is of other rules", "TT27-13.3", "HTT", reward=title) for title in ("Học sinh giỏi", "Tiên tiến", "HSG")),
]
CASES = [*FOR_THE_EXAMPLES, *PROMOTION, *REWARDS]


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> QualityResult:
    return checked(tmp_path_factory.mktemp("years"), merged(CASES), rules=RESULT_RULES + FURTHER_RULES)


@pytest.fixture(scope="module")
def found(quality: QualityResult) -> set[tuple[str, str]]:
    return pairs(quality)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_year_ends_as_article_9_decides(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def with_elective(level: Text, subject: str = "NN1", grade: int = 2) -> Tables:
    tables = card("7900000001", grade, {}, {}, "HTXS")
    tables["marks"].append(mark("7900000001", subject, "CN", level, grade=grade, class_name=f"{grade}A"))
    return tables


@pytest.mark.parametrize(
    ("tables", "counted", "told"),
    [
        (with_elective("T"), True, set()),
        (with_elective("H"), True, {"TT27-9.9"}),
        (with_elective("H"), False, set()),
        (with_elective("C", "TDT", 4), True, {"TT27-9.9"}),
        (with_elective(None), True, set()),
        (with_elective("Đ"), True, {"TT27-9.5"}),
        (with_elective("Đ"), False, set()),
    ],
)
def test_an_elective_counts_if_it_was_assessed_and_the_school_counts_it(
    tables: Tables, told: set[str], tmp_path: Path, *, counted: bool
) -> None:
    night = snapshot_of(tmp_path, tables)
    quality = check(night, rules_named(RESULT_RULES), CheckContext(DAY, Limits(count_electives=counted)))
    assert {rule for rule, _ in pairs(quality)} == told


@pytest.mark.parametrize(("tested", "told"), [(True, {("TT27-9.5", "7900000001")}), (False, set())])
def test_a_school_without_a_test_in_science_is_not_asked_for_its_score(told: set[tuple[str, str]], tmp_path: Path, *, tested: bool) -> None:
    night = snapshot_of(tmp_path, card("7900000001", 4, {"KH": ("T", None)}, {}, "HTXS"))
    context = CheckContext(DAY, Limits(science_is_tested=tested))
    assert pairs(check(night, rules_named([*RESULT_RULES, "CT-1"]), context)) == told


def because(folder: Path, entries: dict[str, tuple[Text, Text]], traits: dict[str, Text]) -> str:
    findings = checked(folder, card("7900000001", 5, entries, traits), rules=RESULT_RULES).findings
    return str(findings["expected"].item())


@pytest.mark.parametrize(
    ("entries", "traits", "told"),
    [
        ({}, {}, "HTXS (mọi mức T, mọi bài kiểm tra cuối năm từ 9 điểm)"),
        ({"TO": ("T", "8")}, {}, "HTT (bài kiểm tra cuối năm thấp nhất 8 điểm)"),
        ({"AN": ("H", None), "DD": ("H", None)}, {}, "HT (2 môn ở mức H)"),
        ({}, {"TT": "Đ"}, "HT (1 phẩm chất, năng lực ở mức Đ)"),
        ({"TO": ("C", "0")}, {}, "CHT (1 môn ở mức C)"),
        ({"TO": ("T", "4")}, {}, "CHT (bài kiểm tra cuối năm thấp nhất 4 điểm)"),
        ({}, {"TT": "C"}, "CHT (1 phẩm chất, năng lực ở mức C)"),
        (
            {"TO": ("T", None), "DD": ("Đ", None)},
            {"TT": None, "YN": "H"},
            "còn thiếu hoặc sai 1 mức môn học, 2 mức phẩm chất, năng lực, 1 điểm kiểm tra cuối năm",
        ),
    ],
)
def test_a_difference_says_the_right_result_and_what_decides_it(
    entries: dict[str, tuple[Text, Text]], traits: dict[str, Text], told: str, tmp_path: Path
) -> None:
    assert because(tmp_path, entries, traits) == told


def test_a_score_of_a_subject_outside_the_grade_is_told_beside_the_result(tmp_path: Path) -> None:
    tables = card("7900000001", 3, {}, {}, "HTXS")
    tables["marks"].append(mark("7900000001", "KH", "CN", None, "9"))
    assert findings_of(tmp_path, tables, rules=("CT-1", *RESULT_RULES)) == {("CT-1", "7900000001|KH|CN")}


def test_without_an_entered_result_nothing_is_rewarded_wrongly(tmp_path: Path) -> None:
    assert findings_of(tmp_path, {"pupils": [pupil("7900000001")]}, rules=FURTHER_RULES) == set()


def test_one_who_came_in_the_second_term_has_a_result(tmp_path: Path) -> None:
    tables = card("7900000001", 5, {}, {}, "HTT", status="06", status_date="2027-02-01")
    tables["movements"] = [movement("7900000001", "06", "2027-02-01")]
    assert findings_of(tmp_path, tables, rules=RESULT_RULES) == {("TT27-9.9", "7900000001")}


def test_the_combined_column_decides_where_a_class_keeps_it(tmp_path: Path) -> None:
    tables = card("7900000001", 5, {}, {}, "HTXS")
    tables["marks"] = [row for row in tables["marks"] if row["subject"] not in {"TH", "CN"}]
    tables["marks"].append(mark("7900000001", "THCN", score="8", grade=5, class_name="5A"))
    found = checked(tmp_path, tables, rules=RESULT_RULES).findings
    assert found.select("rule", pl.col("expected").str.slice(0, 3)).rows() == [("TT27-9.9", "HTT")]


def test_the_teacher_is_told_which_reward_goes_with_the_result(tmp_path: Path) -> None:
    rows = [result("7900000001", "HTXS", reward=None), result("7900000002", "HTT", reward="HSXS")]
    pupils = [pupil("7900000001"), pupil("7900000002")]
    told = checked(tmp_path, {"pupils": pupils, "year_results": rows}, DAY, ["TT27-13.1"]).findings
    assert told.sort("key")["expected"].to_list() == ["kết quả HTXS: Học sinh Xuất sắc", "kết quả HTT: không Xuất sắc"]
