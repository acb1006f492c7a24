"""Marks under Thông tư 27/2020 Điều 7 and the programme: TT27-7.1b to 7.1g, 7.4, CT-1."""

from __future__ import annotations

import pytest

from connectors.records import codes
from expectations.check import CheckContext, check
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Text,
    case,
    findings_of,
    findings_of_cases,
    found_by,
    mark,
    next_code,
    pupil,
    rules_named,
    snapshot_of,
)

ABOUT = ("TT27-7.1b", "TT27-7.1c/1", "TT27-7.1c/2", "TT27-7.1e", "TT27-7.1g", "TT27-7.4/3", "CT-1", "CT-1/1", "CT-4")
AFTER_LEAVING = ("HS-6/1",)
SHAPES = ("TT27-7.1d",)
# rules.md TT27-7.1b and CT-1, written down a second time.
EVERYWHERE = {"TV", "TO", "DD", "GDTC", "AN", "MT", "NT", "HDTN"}
FROM_THREE = {"NN1", "TH", "CN", "THCN"}
TAUGHT = {1: EVERYWHERE | {"TNXH"}, 2: EVERYWHERE | {"TNXH"}, 3: EVERYWHERE | FROM_THREE | {"TNXH"}}
TAUGHT |= dict.fromkeys((4, 5), EVERYWHERE | FROM_THREE | {"KH", "LSDL"})
TESTED = {1: {"TV", "TO"}, 2: {"TV", "TO"}, 3: {"TV", "TO"} | FROM_THREE} | dict.fromkeys((4, 5), {"TV", "TO", "KH", "LSDL"} | FROM_THREE)
EVER_TESTED = TESTED[5]


def graded(says: str, finds: str, entry: tuple[str, str, Text, Text], grade: int = 5, **values: Text) -> Case:
    """A pupil of a grade with one mark: subject, time, level, score."""
    code = next_code()
    where: Row = {"grade": grade, "class_name": f"{grade}A"}
    key = f"{code}|{entry[0]}|{entry[1]}"
    return case(says, key, ABOUT, finds, pupils=[pupil(code, **where, **values)], marks=[mark(code, *entry, **where)])


def score(says: str, finds: str, text: Text, level: Text = "T") -> Case:
    return graded(says, finds, ("TO", "CN", level, text))


def called(says: str, finds: str, delivered: str, code: str) -> Case:
    """A subject by a name that systems give it, in grade 3."""
    item = graded(says, finds, (delivered, "GK1", "T", None), 3)
    return case(says, item.key.replace(delivered, code), ABOUT, finds, **item.tables)


def attempts(says: str, finds: str, *entries: Row) -> Case:
    """Several entries for the same test in Tiếng Việt."""
    code = next_code()
    rows = [mark(code, "TV", "CN", grade=5, class_name="5A") | entry for entry in entries]
    return case(says, f"{code}|TV|CN", ABOUT, finds, pupils=[pupil(code, grade=5, class_name="5A")], marks=rows)


def left(says: str, finds: str, day: str, time: str, level: Text = "T", **values: Text) -> Case:
    """A pupil who moved away on a day, with a mark of a time."""
    code = next_code()
    one = pupil(code, **{"status": "08", "status_date": day, **values})
    return case(says, f"{code}|TV|{time}", AFTER_LEAVING, finds, pupils=[one], marks=[mark(code, "TV", time, level)])


def shape(says: str, finds: str, whole: str, *entries: tuple[str, str, Text]) -> Case:
    """A class with entries (subject, time, level); told by class, combined code and time CN."""
    name = f"3/{next_code()}"
    codes_of = [next_code() for _ in entries]
    rows = [mark(code, *entry, class_name=name) for code, entry in zip(codes_of, entries, strict=True)]
    return case(says, f"{name}|{whole}|CN", SHAPES, finds, marks=rows)


SCORES = [
    *(score(f"score {text} is whole", "", text) for text in ("7", "10", "10.0", "9,0", "9.0", "9.00", " 8 ")),
    score("0 is a score", "", "0", "C"),
    *(score(f"score {text} is not whole", "TT27-7.1e", text) for text in ("9.5", "9,5", "0.1", "10.5")),
    *(score(f"score {text} is out of the scale", "TT27-7.1e", text) for text in ("11", "-1", "100")),
    *(score(f"score {text} is none", "TT27-7.1e", text) for text in ("chín", "1e1", "nan", "9/10", "V", "9.", "9;0")),
    score("no score at a due test", "TT27-7.1b", None),
    score("a dash is no score", "TT27-7.1e", "-"),
]
LEVELS = [
    *(score(f"T with {n}", "" if n >= 7 else "TT27-7.1g", n, "T") for n in (10, 7, 6, 0)),
    *(score(f"H with {n}", "" if n >= 5 else "TT27-7.1g", n, "H") for n in (10, 6, 5, 4)),
    *(score(f"C with {n}", "" if n <= 4 else "TT27-7.1g", n, "C") for n in (0, 4, 5, 10)),
    score("a score that is none is not compared with a level", "TT27-7.1e", "6.5", "T"),
    graded("a disabled pupil has a plan of its own", "", ("TO", "CN", "T", "3"), disability="05"),
    graded("a test at mid-term counts for grades 4 and 5", "TT27-7.1g", ("TV", "GK1", "T", "5"), 4),
    graded("a score out of time is told as that alone", "TT27-7.1c/2", ("NN1", "GK1", "T", "5")),
]
LETTERS = [
    *(score(f"level {text} is a subject's", "", "8", text) for text in ("T", "H", "t", "HTT", "ht")),
    *(score(f"level {text} is not a subject's", "TT27-7.4/3", "8", text) for text in ("Đ", "Ð", "D", "X", "Tốt", "T+", "9")),
    *(graded(f"a score in {name} is no one's", "TT27-7.1c/1", (name, "CN", "T", "9")) for name in ("DD", "GDTC", "AN", "MT", "HDTN")),
    graded("a score in Tự nhiên và Xã hội is no one's", "TT27-7.1c/1", ("TNXH", "CK1", "T", "9"), 3),
    graded("a wrong letter in a subject without a test", "TT27-7.4/3", ("DD", "CN", "Đ", None)),
]
SUBJECTS = [
    graded("Khoa học in grade 3 with a score", "CT-1", ("KH", "CN", None, "9"), 3),
    graded("Khoa học in grade 3 with a level", "CT-1", ("KH", "CN", "T", None), 3),
    graded("Khoa học in grade 3 left blank", "", ("KH", "CN", None, None), 3),
    graded("a wrong score of a subject outside the grade is told as that alone", "CT-1", ("KH", "CN", "Đ", "9.5"), 3),
    graded("foreign language in grade 2 by choice", "", ("NN1", "CN", "T", None), 2),
    graded("foreign language in grade 2 by choice, with a test", "", ("NN1", "CN", "T", "9"), 2),
    graded("an ethnic language by choice", "", ("TDT", "CN", "T", None), 1),
    *(called(f"{name} is {code}", "", name, code) for name, code in [("Mỹ thuật", "MT"), ("Tiếng Anh", "NN1"), ("Thể dục", "GDTC")]),
    called("ABC is no subject of 2018", "CT-1/1", "ABC", "ABC"),
    *(called(f"{name} is of the programme before", "CT-4", name, name) for name in ("Thủ công", "Kỹ thuật", "Kĩ thuật", "TCG1")),
]
ATTEMPTS = [
    attempts("the second attempt counts", "", {"attempt": 1, "score": "9.5"}, {"attempt": 2, "score": "6", "level": "H"}),
    attempts("in whatever order", "", {"attempt": 2, "score": "6", "level": "H"}, {"attempt": 1, "score": "9.5"}),
    attempts("a better first attempt does not", "TT27-7.1e", {"attempt": 1, "score": "9"}, {"attempt": 2, "score": "11"}),
    attempts("the tenth is after the ninth", "", {"attempt": 9, "score": "11"}, {"attempt": 10, "score": "9"}),
    attempts("without numbers the later entry counts", "", {"attempt": None, "score": "9", "entered_at": "2027-05-20 08:00:00"},
             {"attempt": None, "score": "11", "entered_at": "2027-05-17 08:00:00"}),
    attempts("without numbers and dates the later row counts", "", {"attempt": None, "score": "11"}, {"attempt": None, "score": "9"}),
]  # fmt: skip
BOTH_WAYS = [
    shape("Tin học and Công nghệ apart", "", "THCN", ("TH", "CN", "T"), ("CN", "CN", "T")),
    shape("Tin học và Công nghệ in one", "", "THCN", ("THCN", "CN", "T")),
    shape("both ways in one class", "TT27-7.1d", "THCN", ("THCN", "CN", "T"), ("TH", "CN", "T")),
    shape("Nghệ thuật both ways", "TT27-7.1d", "NT", ("NT", "CN", "T"), ("MT", "CN", "H")),
    shape("Nghệ thuật one way, Tin học the other", "", "NT", ("NT", "CN", "T"), ("TH", "CN", "T")),
    shape("another time may be kept the other way", "", "THCN", ("THCN", "CK1", "T"), ("TH", "CN", "T")),
    shape("a column left blank is not kept", "", "THCN", ("THCN", "CN", None), ("TH", "CN", "T"), ("CN", "CN", "T")),
]
GONE = [
    left("a mark of a time before leaving", "", "2027-02-01", "CK1"),
    left("a mark of a time due 30 days after leaving", "", "2027-03-01", "GK2"),
    left("a mark of a time due 31 days after leaving", "HS-6/1", "2027-02-28", "GK2"),
    left("a row left blank is no mark", "", "2027-02-01", "CN", level=None),
    left("whoever came back is here", "", "2026-10-01", "CN", status="07", status_date="2026-12-01"),
    left("whoever is still here has all marks", "", "2026-09-01", "CN", status="01"),
]
CASES = [*SCORES, *LEVELS, *LETTERS, *SUBJECTS, *ATTEMPTS, *BOTH_WAYS, *GONE]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("marks"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_mark_is_what_article_7_allows(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


@pytest.mark.parametrize(
    ("limits", "level", "score", "told"),
    [
        (Limits(level_t_from=8), "T", "7", True),
        (Limits(level_t_from=8), "T", "8", False),
        (Limits(level_h_from=6), "H", "5", True),
        (Limits(level_c_to=3), "C", "4", True),
        (Limits(level_c_to=3), "C", "3", False),
    ],
)
def test_the_school_says_which_scores_go_with_a_level(
    limits: Limits, level: str, score: str, *, told: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    night = snapshot_of(tmp_path_factory.mktemp("limits"), {"marks": [mark("7900000001", "TO", "CN", level, score)]})
    findings = check(night, rules_named(["TT27-7.1g"]), CheckContext(DAY, limits)).findings
    assert (findings.height == 1) is told


def must_be_tested(subject: str, grade: int, time: str) -> bool:
    times = {"CK1", "CN"} | ({"GK1", "GK2"} if grade >= 4 and subject in {"TV", "TO"} else set())
    return subject in TESTED[grade] and time in times


def told_of(subject: str, grade: int, time: str, *, scored: bool) -> str:
    """What rules.md says of a level T with 9, or without a score, in this cell; "" for nothing."""
    if subject == "NN1" and grade <= 2:
        return ""  # by choice: may be tested, need not be
    if subject not in TAUGHT[grade]:
        return "CT-1"
    if must_be_tested(subject, grade, time):
        return "" if scored else "TT27-7.1b"
    if not scored:
        return ""
    return "TT27-7.1c/2" if subject in EVER_TESTED else "TT27-7.1c/1"


@pytest.mark.parametrize("scored", [True, False])
def test_every_subject_grade_and_time_has_its_tests_and_no_others(*, scored: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    pupils = [pupil(f"790000000{grade}", grade=grade, class_name=f"{grade}A") for grade in codes.GRADES]
    subjects = EVERYWHERE | FROM_THREE | {"TNXH", "KH", "LSDL"}
    cells = [(grade, subject, time) for grade in codes.GRADES for subject in sorted(subjects) for time in codes.TIMES]
    rows = [
        mark(f"790000000{grade}", subject, time, "T", "9" if scored else None, grade=grade, class_name=f"{grade}A")
        for grade, subject, time in cells
    ]
    told = findings_of(tmp_path_factory.mktemp("cells"), {"pupils": pupils, "marks": rows}, rules=ABOUT)
    expected = {(told_of(subject, grade, time, scored=scored), f"790000000{grade}|{subject}|{time}") for grade, subject, time in cells}
    assert told == {pair for pair in expected if pair[0]}
