"""What a pupil is given at the end of the year, and Điều 9.2 a second time: plain Python, for comparing with the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.records import codes
from tests.rules.school_tables import Row, Text, book, character, pupil, result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.rules.school_tables import Tables

Entry = tuple[Text, Text]  # level, score


def card(code: str, grade: int, entries: Mapping[str, Entry], traits: Mapping[str, Text], stored: Text = None, **values: Text) -> Tables:
    """A pupil's end of year: T and 10 everywhere but for the entries (by subject) and traits that differ."""
    where: Row = {"grade": grade, "class_name": f"{grade}A"}
    marks = book(code, grade, ["CN"])
    for row in marks:
        row["level"], row["score"] = entries.get(str(row["subject"]), (row["level"], row["score"]))
    levels = [row | {"level": traits.get(str(row["trait"]), "T")} for row in character(code, grade, ["CN"])]
    results = [] if stored is None else [result(code, stored, **where)]
    return {"pupils": [pupil(code, **where, **values)], "marks": marks, "traits": levels, "year_results": results}


def all_at(grade: int, level: Text, score: int) -> dict[str, Entry]:
    """Every subject at one level, every test with one score."""
    return {name: (level, str(score) if "CN" in codes.tested_times(name, grade) else None) for name in codes.compulsory_subjects(grade)}


def scored_at(grade: int, *scores: int) -> dict[str, Entry]:
    """The CN tests of a grade with these scores in order (the last one again where they run out), T everywhere."""
    tested = [name for name in codes.compulsory_subjects(grade) if "CN" in codes.tested_times(name, grade)]
    return {name: ("T", str(scores[min(place, len(scores) - 1)])) for place, name in enumerate(tested)}


def plain_result(levels: Iterable[str | None], traits: Iterable[str | None], tests: Iterable[float | None]) -> str | None:
    """HTXS, HTT, HT or CHT in the order of Điều 9.2; None when a level is no level or a test is no whole score of 0 to 10."""
    subjects, characters, scores = list(levels), list(traits), list(tests)
    if not set(subjects) <= {"T", "H", "C"} or not set(characters) <= {"T", "Đ", "C"}:
        return None
    if any(score is None or score not in range(11) for score in scores):
        return None
    best = set(subjects) == {"T"} and set(characters) == {"T"}
    lowest = min(score for score in scores if score is not None)
    if best and lowest >= 9:
        return "HTXS"
    if best and lowest >= 7:
        return "HTT"
    return "HT" if "C" not in subjects and "C" not in characters and lowest >= 5 else "CHT"
