"""The programme and Thông tư 27/2020 as small frames to join: what is taught, tested and assessed in which grade."""

from __future__ import annotations

from functools import cache

import polars as pl

from connectors.records import codes

CN, TO, TTO = "CN", "TO", "TTO"  # end of year; Toán; the competence "tính toán"
CHARACTER = "PCNL"  # stands among the subjects: qualities and competences, the homeroom teacher's own book
DIGITAL_TRAITS = ("CN", "TH")  # competences in technology and computing (rules.md TT27-7.2)
WHOLE_OF = {part: whole for whole, parts in codes.COMBINED_SUBJECTS.items() for part in parts}


@cache
def subject_facts() -> pl.DataFrame:
    """Per subject and grade: is_taught, is_tested (in this grade), is_ever_tested, and tested_<time>."""
    rows = [
        {
            "subject": code,
            "grade": grade,
            "is_taught": grade in subject.grades or grade in subject.elective_grades,
            "is_tested": bool(codes.tested_times(code, grade)),
            "is_ever_tested": any(subject.tests.values()),
            **{f"tested_{time}": time in codes.tested_times(code, grade) for time in codes.TIMES},
        }
        for code, subject in codes.subjects().items()
        for grade in codes.GRADES
    ]
    return pl.DataFrame(rows)


@cache
def expected_subjects() -> pl.DataFrame:
    """Per grade and time: every compulsory subject and the combined codes that may stand for their parts.

    grade, time, subject, whole (combined code that it belongs to or is, else null), is_whole, is_tested.
    """
    rows = [
        (grade, time, subject, WHOLE_OF.get(subject, whole), whole is not None, time in codes.tested_times(subject, grade))
        for grade in codes.GRADES
        for time in codes.TIMES
        for subject, whole in _columns_of(grade)
    ]
    return pl.DataFrame(rows, schema=["grade", "time", "subject", "whole", "is_whole", "is_tested"], orient="row")


def _columns_of(grade: int) -> list[tuple[str, str | None]]:
    """The columns of a grade's gradebook, each with the combined code if it is one."""
    compulsory = codes.compulsory_subjects(grade)
    wholes = sorted({WHOLE_OF[subject] for subject in compulsory if subject in WHOLE_OF})
    return [(subject, None) for subject in compulsory] + [(whole, whole) for whole in wholes]


@cache
def elective_subjects() -> pl.DataFrame:
    """subject, grade: what a grade may choose (rules.md CT-1)."""
    rows = [(code, grade) for code, subject in codes.subjects().items() for grade in subject.elective_grades]
    return pl.DataFrame(rows, schema=["subject", "grade"], orient="row")


@cache
def expected_traits() -> pl.DataFrame:
    """grade, trait: the qualities and competences that are assessed in each grade."""
    rows = [
        (grade, trait.code)
        for grade in codes.GRADES
        for trait in codes.traits().values()
        if grade in trait.grades or trait.code in DIGITAL_TRAITS  # from which grade these are asked is the school's setting
    ]
    return pl.DataFrame(rows, schema=["grade", "trait"], orient="row")
