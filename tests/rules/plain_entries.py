"""Marks as they were entered and the year's end read a second time in plain Python."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.records import codes
from tests.rules.plain_school import MAIN, Row, School, Told, key, remembered
from tests.rules.plain_year import away, enrolled, grade_of_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Of the programme before 2018, told by a rule of their own (CT-4).
OLD_SUBJECTS = {"thủ công", "kỹ thuật", "kĩ thuật", "tcg1", "ktt1"}

# ---- marks: the last attempt counts


@remembered
def latest(school: School) -> list[Row]:
    last: dict[tuple[str, ...], Row] = {}
    for row in school.of("marks"):
        mark = (row["source_system"], row["pupil_code"], row["subject"], row["time"])
        order = (row["attempt"] or 1, row["entered_at"] or datetime.min, row["source_row"])  # noqa: DTZ901 - only an order
        if mark not in last or order >= last[mark]["order"]:
            last[mark] = {**row, "order": order}
    return list(last.values())


def marks(school: School, test: Callable[[Row, Any], object]) -> Told:
    # what a programme asks of a grade is asked only where it has begun: before that the grade says nothing
    rows = [row if school.reached(row["grade"]) else {**row, "grade": None} for row in latest(school)]
    return {key(row, "pupil_code", "subject", "time") for row in rows if test(row, codes.subjects().get(row["subject"]))}


def taught(row: Row, subject: Any) -> bool:  # noqa: ANN401 - a subject of the programme
    return subject is not None and row["grade"] in {*subject.grades, *subject.elective_grades}


def belongs(row: Row, subject: Any) -> bool:  # noqa: ANN401 - as above
    return subject is None or row["grade"] is None or taught(row, subject)


def not_of_grade(school: School) -> Told:
    return marks(school, lambda row, subject: (row["level_text"] or row["score"]) and not belongs(row, subject))


def unknown_subject(school: School) -> Told:
    return marks(school, lambda row, subject: subject is None and (row["subject"] or "").lower() not in OLD_SUBJECTS)


def never_tested(school: School) -> Told:
    return marks(school, lambda row, subject: row["score"] and taught(row, subject) and not any(subject.tests.values()))


def wrong_score(school: School) -> Told:
    def wrong(row: Row, subject: Any) -> bool:  # noqa: ANN401 - as above
        value = row["score_value"]
        return bool(row["score"]) and belongs(row, subject) and (value is None or value not in range(11))

    return marks(school, wrong)


def wrong_level(school: School) -> Told:
    return marks(school, lambda row, subject: row["level_text"] and row["level"] is None and belongs(row, subject))


def tested_at(row: Row) -> bool:
    return row["grade"] is not None and row["time"] in codes.tested_times(row["subject"], row["grade"])


def score_where_no_test_is(school: School) -> Told:
    def wrong(row: Row, subject: Any) -> bool:  # noqa: ANN401 - as above
        tested = subject is not None and row["grade"] is not None and bool(codes.tested_times(row["subject"], row["grade"]))
        return bool(row["score"]) and tested and not tested_at(row)

    return marks(school, wrong)


def level_against_score(school: School) -> Told:
    disabled = {row["pupil_code"] for row in school.of("pupils", MAIN) if row["disability"] is not None}

    def wrong(row: Row, subject: Any) -> bool:  # noqa: ANN401 - as above
        value, level = row["score_value"], row["level"]
        if value not in range(11) or not belongs(row, subject) or not tested_at(row) or row["pupil_code"] in disabled:
            return False
        return (level == "T" and value < 7) or (level == "H" and value < 5) or (level == "C" and value > 4)

    return marks(school, wrong)


# ---- the year's end


def at_the_end(school: School) -> dict[str, Row]:
    """What is stored for pupils who are assessed and enrolled when results are due."""
    stored: dict[str, Row] = {}
    for row in school.of("year_results", MAIN):
        stored.setdefault(row["pupil_code"], row)
    due, grades = school.year.due_date("CN"), grade_of_class(school)
    ruled = [one for one in enrolled(school) if school.reached(grades.get(one[0]["class_name"]) or one[0]["grade"])]
    whole = [row["pupil_code"] for row, came, went in ruled if not (row["not_assessed"] or away(due, came, went))]
    return {code: stored[code] for code in whole if code in stored} if school.year.results_are_due(school.day) else {}


def results(test: Callable[[Row], object]) -> Callable[[School], Told]:
    return lambda school: {(MAIN, code) for code, row in at_the_end(school).items() if test(row)}


def maths_against_trait(school: School) -> Told:
    toan = {(row["source_system"], row["pupil_code"], row["time"]): row["level"] for row in latest(school) if row["subject"] == "TO"}
    told: Told = set()
    for row in school.of("traits"):
        at = (row["source_system"], row["pupil_code"], row["time"])
        levels = (toan.get(at), row["level"])
        if row["trait"] == "TTO" and None not in levels and levels not in {("T", "T"), ("H", "Đ"), ("C", "C")}:
            told.add(key(row, "pupil_code", "trait", "time"))
    return told


ENTRIES: Mapping[str, Callable[[School], Told]] = {
    "TT27-7.1c/2": score_where_no_test_is, "TT27-7.1g": level_against_score,
    "TT27-11.1": results(lambda row: row["result"] in {"HTXS", "HTT", "HT"} and not (row["completed"] and row["promoted"])),
    "TT27-11.2": results(lambda row: row["result"] == "CHT" and row["promoted"] and not row["principal_decision"]),
    "TT27-13.1": results(lambda row: row["result"] and (row["reward"] == "HSXS") != (row["result"] == "HTXS")),
    "TT27-13.2": results(lambda row: row["reward"] == "HSTB" and row["result"] not in {None, "HTT"}),
    "TT27-13.3": results(lambda row: row["reward"] not in {None, "HSXS", "HSTB"}),
    "CT-1": not_of_grade, "CT-1/1": unknown_subject, "TT27-7.1c/1": never_tested, "TT27-7.1e": wrong_score, "TT27-7.4/3": wrong_level,
    "TT27-7.3": maths_against_trait,
}  # fmt: skip
