"""Defects in gradebooks (Thông tư 27/2020: TT27-7.*, CT-1).

A change at the end of the year can make the year's result undecidable; unless that is what is
meant, marks are spoilt at the earlier times.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.demo.gradebook import COMPUTING_COMPETENCE, FAIR, GOOD, H_FROM, MATHS, T_FROM, WEAK, H, T
from connectors.demo.planting import NoTarget, trait_cell
from connectors.records.codes import COMBINED_SUBJECTS, GRADES, subjects, tested_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import MarkRow, TraitRow

MARKS, TRAITS, RESULTS = "marks", "traits", "year_results"
CHARACTER = "PCNL"  # stands where a gradebook's key has its subject
FINAL = "CN"
PARTS = tuple(part for parts in COMBINED_SUBJECTS.values() for part in parts)
UNKNOWN_SUBJECT = "MONLA"
OLD_SUBJECT = "Thủ công"  # of the programme before 2018
ETH = "\u00d0"  # looks like Đ (rules.md TT27-7.4)
NEXT_LEVEL = {GOOD: FAIR, FAIR: WEAK, WEAK: FAIR}
FEWEST_IN_A_GRADEBOOK = 5  # pupils without a row before the whole column counts as missing (TT27-7.1a/2, 7.2/1)


def key(row: MarkRow) -> str:
    return f"{row.pupil_code}|{row.subject}|{row.time}"


def trait_key(row: TraitRow) -> str:
    return f"{row.pupil_code}|{row.trait}|{row.time}"


def early(row: MarkRow | TraitRow) -> bool:
    """Before the end of the year, so that no year result hangs on it."""
    return row.time != FINAL


def compulsory(row: MarkRow) -> bool:
    subject = subjects().get(row.subject)
    return subject is not None and row.grade in subject.grades


def tested(row: MarkRow) -> bool:
    return row.time in tested_times(row.subject, row.grade)


def level_missing(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and compulsory(row))
    row.level = None
    plan.record(MARKS, key(row), "TT27-7.1a/1")


def row_missing(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and compulsory(row))
    plan.remove([row])
    plan.record(MARKS, key(row), "TT27-7.1a/1")


def gradebook_missing(plan: Planting) -> None:
    """A whole class without one subject at one time: told once."""
    row = plan.mark(lambda row: early(row) and compulsory(row) and row.subject not in (MATHS, *PARTS, *COMBINED_SUBJECTS))
    column = [
        other
        for other in plan.school.qlnt.marks
        if (other.class_name, other.subject, other.time) == (row.class_name, row.subject, row.time)
    ]
    if len({other.pupil_code for other in column}) < FEWEST_IN_A_GRADEBOOK:
        raise NoTarget
    plan.remove(column)
    plan.cells.update((other.pupil_code, other.subject, other.time) for other in column)
    plan.record(MARKS, f"{row.class_name}|{row.subject}|{row.time}", "TT27-7.1a/2")


def character_missing(plan: Planting) -> None:
    """A whole class without any quality or competence at one time: told once."""
    row = plan.trait(early)
    book = [other for other in plan.school.qlnt.traits if (other.class_name, other.time) == (row.class_name, row.time)]
    if len({other.pupil_code for other in book}) < FEWEST_IN_A_GRADEBOOK:
        raise NoTarget
    plan.remove(book)
    plan.cells.update((other.pupil_code, trait_cell(other), other.time) for other in book)
    plan.record(TRAITS, f"{row.class_name}|{CHARACTER}|{row.time}", "TT27-7.2/1")


def score_missing(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and tested(row))
    row.score = None
    plan.record(MARKS, key(row), "TT27-7.1b")


def score_without_tests(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and compulsory(row) and not subjects()[row.subject].tests)
    row.score = "9"
    plan.record(MARKS, key(row), "TT27-7.1c/1")


def score_at_wrong_time(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and not tested(row) and bool(tested_times(row.subject, row.grade)))
    row.score = "8"
    plan.record(MARKS, key(row), "TT27-7.1c/2")


def _add(plan: Planting, beside: MarkRow, subject: str) -> None:
    """One more row of the same pupil and time."""
    plan.school.qlnt.marks.append(replace(beside, subject=subject, level=T, score=None))
    plan.cells.add((beside.pupil_code, subject, beside.time))


def combined_and_split(plan: Planting) -> None:
    """One row for the whole subject in a class that keeps its parts."""
    split = {row.name for row in plan.school.classes if not row.combined_columns}
    row = plan.mark(lambda row: early(row) and row.class_name in split and row.subject == "AN")
    column = f"{row.class_name}|NT|{row.time}"
    if ("TT27-7.1d", MARKS, column) in plan.faults:
        raise NoTarget
    _add(plan, row, "NT")
    plan.record(MARKS, column, "TT27-7.1d")


def score_no_integer(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and tested(row))
    row.score = plan.rng.choice(("9.5", "11", "7,5", "-1", "vắng"))
    plan.record(MARKS, key(row), "TT27-7.1e")


def score_unlike_level(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and tested(row) and row.level in (T, H) and not plan.jumps(row, _below(row)))
    row.score = str(_below(row))
    plan.record(MARKS, key(row), "TT27-7.1g")


def _below(row: MarkRow) -> int:
    return (T_FROM if row.level == T else H_FROM) - 1


def trait_level_in_subject(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and compulsory(row))
    row.level = FAIR
    plan.record(MARKS, key(row), "TT27-7.4/3")


def subject_of_other_grade(plan: Planting) -> None:
    row = plan.mark(lambda row: early(row) and row.subject == "DD")
    alien = "KH" if row.grade < GRADES[3] else "TNXH"
    _add(plan, row, alien)
    plan.record(MARKS, f"{row.pupil_code}|{alien}|{row.time}", "CT-1")


def other_subject(name: str, rule: str) -> Callable[[Planting], None]:
    """A row of a subject that the programme does not have."""

    def plant(plan: Planting) -> None:
        row = plan.mark(lambda row: early(row) and row.subject == "DD")
        _add(plan, row, name)
        plan.record(MARKS, f"{row.pupil_code}|{name}|{row.time}", rule)

    return plant


def trait_missing(plan: Planting) -> None:
    row = plan.trait(early)
    row.level = None
    plan.record(TRAITS, trait_key(row), "TT27-7.2")


def trait_row_missing(plan: Planting) -> None:
    row = plan.trait(early)
    plan.remove([row])
    plan.record(TRAITS, trait_key(row), "TT27-7.2")


def look_alike(letter: str, rule: str) -> Callable[[Planting], None]:
    """Đ written as a letter that only looks like it."""

    def plant(plan: Planting) -> None:
        row = plan.trait(lambda row: early(row) and row.level == FAIR)
        row.level = letter
        plan.record(TRAITS, trait_key(row), rule)

    return plant


def subject_level_in_trait(plan: Planting) -> None:
    row = plan.trait(early)
    row.level = H
    plan.record(TRAITS, trait_key(row), "TT27-7.4/4")


def maths_and_computing(plan: Planting) -> None:
    row = plan.trait(lambda row: early(row) and row.trait == COMPUTING_COMPETENCE and plan.free(row.pupil_code, MATHS, row.time))
    plan.cells.add((row.pupil_code, MATHS, row.time))
    row.level = NEXT_LEVEL[row.level or GOOD]
    plan.record(TRAITS, trait_key(row), "TT27-7.3")


def _with_result(plan: Planting) -> Callable[[MarkRow | TraitRow], bool]:
    """Final marks of pupils who have a year result that nothing was done to."""
    codes = {row.pupil_code for row in plan.school.qlnt.year_results}
    return lambda row: row.time == FINAL and row.pupil_code in codes and plan.free(row.pupil_code, "result", FINAL)


def final_level_missing(plan: Planting) -> None:
    decides = _with_result(plan)
    row = plan.mark(lambda row: decides(row) and compulsory(row))
    row.level = None
    plan.cells.add((row.pupil_code, "result", FINAL))
    plan.record(MARKS, key(row), "TT27-7.1a/1")
    plan.record(RESULTS, row.pupil_code, "TT27-9.5")


def final_trait_missing(plan: Planting) -> None:
    row = plan.trait(_with_result(plan))
    plan.remove([row])
    plan.cells.add((row.pupil_code, "result", FINAL))
    plan.record(TRAITS, trait_key(row), "TT27-7.2")
    plan.record(RESULTS, row.pupil_code, "TT27-9.5")


MARK_FILLERS: tuple[Callable[[Planting], None], ...] = (
    level_missing,
    row_missing,
    score_missing,
    score_without_tests,
    score_at_wrong_time,
    score_no_integer,
    score_unlike_level,
    trait_level_in_subject,
    subject_of_other_grade,
)
TRAIT_FILLERS: tuple[Callable[[Planting], None], ...] = (
    trait_missing,
    trait_row_missing,
    look_alike(ETH, "TT27-7.4/1"),
    look_alike("D", "TT27-7.4/2"),
    subject_level_in_trait,
    maths_and_computing,
)
# Before anything else in the marks: nothing planted may be lost with the column.
FIRST: tuple[Callable[[Planting], None], ...] = (gradebook_missing, character_missing)
ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    combined_and_split,
    other_subject(UNKNOWN_SUBJECT, "CT-1/1"),
    other_subject(OLD_SUBJECT, "CT-4"),
    *MARK_FILLERS,
    *TRAIT_FILLERS,
    final_level_missing,
    final_trait_missing,
)
