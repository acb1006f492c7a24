"""Marks read a second time in plain Python: what is missing, what cannot be, what asks for a second look, the year's result."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from connectors.records import codes
from tests.rules.plain_entries import OLD_SUBJECTS, at_the_end, belongs, latest, marks, tested_at
from tests.rules.plain_school import MAIN, Row, School, Told, key, remembered
from tests.rules.plain_year import away, enrolled, grade_of_class
from tests.rules.report_cards import plain_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Book = tuple[str | None, str, str]  # class, subject, time
A_CLASS = 5  # so many without any entry are told as a class
OF_TT27 = {"HSXS", "HSTB"}


def is_entered(row: Row) -> bool:
    return row["level_text"] is not None or row["score"] is not None


def is_score(value: float | None) -> bool:
    return value is not None and value in range(11)


# ---- what is missing


@remembered
def in_one_column(school: School) -> set[Book]:
    """Classes that keep a combined subject, at a time, in one column: TT27-7.1d takes both shapes."""
    rows: dict[Book, list[Row]] = defaultdict(list)
    whole_of = {part: whole for whole, parts in codes.COMBINED_SUBJECTS.items() for part in (whole, *parts)}
    for row in school.of("marks", MAIN):
        if row["subject"] in whole_of and row["class_name"] is not None:
            rows[row["class_name"], whole_of[row["subject"]], row["time"]].append(row)
    told = set()
    for book, own in rows.items():
        filled = {row["subject"] for row in own if is_entered(row)}
        if filled == {book[1]} or {row["subject"] for row in own} == {book[1]}:
            told.add(book)
    return told


def columns(school: School, combined: set[Book], place: tuple[str | None, int | None, str]) -> set[str]:
    """Subjects that a (class, grade) keeps at a time."""
    class_name, grade, at = place
    subjects = set(codes.compulsory_subjects(grade)) if grade is not None and school.reached(grade) else set()
    for whole, parts in codes.COMBINED_SUBJECTS.items():
        if subjects & set(parts) and (class_name, whole, at) in combined:
            subjects = (subjects - set(parts)) | {whole}
    return subjects


def owed(school: School) -> Iterator[tuple[Row, int | None, str, str]]:
    """Pupil, grade, subject and time of every mark that is due by tonight."""
    grades, combined = grade_of_class(school), in_one_column(school)
    for row, came, went in enrolled(school):
        grade = grades.get(row["class_name"]) or row["grade"]
        for at in school.year.due_times(school.day):
            if row["not_assessed"] or away(school.year.due_date(at), came, went):
                continue
            for subject in columns(school, combined, (row["class_name"], grade, at)):
                yield row, grade, subject, at


@remembered
def filed(school: School) -> dict[tuple[str, str, str], Row]:
    return {(row["pupil_code"], row["subject"], row["time"]): row for row in latest(school) if row["source_system"] == MAIN}


@remembered
def books(school: School) -> dict[tuple[Any, ...], list[tuple[Row, Row | None]]]:
    """Per class, grade, subject and time its pupils, each with the mark that is there."""
    found: dict[tuple[Any, ...], list[tuple[Row, Row | None]]] = defaultdict(list)
    there = filed(school)
    for row, grade, subject, at in owed(school):
        found[row["class_name"], grade, subject, at].append((row, there.get((row["pupil_code"], subject, at))))
    return found


def is_blank(book: list[tuple[Row, Row | None]]) -> bool:
    return len(book) >= A_CLASS and not any(mark and is_entered(mark) for _, mark in book)


def level_missing(school: School) -> Told:
    told = set()
    for (_, _, subject, at), book in books(school).items():
        if not is_blank(book):
            told |= {(MAIN, f"{row['pupil_code']}|{subject}|{at}") for row, mark in book if mark is None or mark["level_text"] is None}
    return told


def blank_book(school: School) -> Told:
    told = set()
    for (class_name, _, subject, at), book in books(school).items():
        first = min((row for row, _ in book), key=lambda row: row["source_row"])
        if is_blank(book):
            told.add(key({**first, "class_name": class_name, "subject": subject, "time": at}, "class_name", "subject", "time"))
    return told


def score_missing(school: School) -> Told:
    """A level without the score that Điều 7.1 asks for, of a pupil for whom the time counts."""
    counts = {
        (row["pupil_code"], at)
        for row, came, went in enrolled(school)
        for at in school.year.due_times(school.day)
        if not (row["not_assessed"] or away(school.year.due_date(at), came, went))
    }

    def wrong(row: Row, subject: Any) -> bool:  # noqa: ANN401 - a subject of the programme
        asked = belongs(row, subject) and tested_at(row) and (row["pupil_code"], row["time"]) in counts
        return asked and row["level_text"] is not None and row["score"] is None

    return marks(school, wrong)


# ---- what cannot be


def two_shapes(school: School) -> Told:
    filled: dict[tuple[Any, ...], dict[str, Row]] = defaultdict(dict)
    for row in school.of("marks"):
        for whole, parts in codes.COMBINED_SUBJECTS.items():
            if row["subject"] in {whole, *parts} and is_entered(row):
                filled[row["source_system"], row["class_name"], whole, row["time"]].setdefault(row["subject"], row)
    told = set()
    for (system, class_name, whole, at), own in filled.items():
        if whole in own and len(own) > 1:
            told.add(
                key(
                    {**own[whole], "source_system": system, "class_name": class_name, "subject": whole, "time": at},
                    "class_name",
                    "subject",
                    "time",
                )
            )
    return told


def old_subject(school: School) -> Told:
    if school.limits.accept_old_subjects:
        return set()
    return marks(school, lambda row, _: row["grade"] is not None and (row["subject"] or "").lower() in OLD_SUBJECTS)


def zero_before_tt27(school: School) -> Told:
    rows = [row for row in latest(school) if row["grade"] is not None and not school.reached(row["grade"])]
    return {key(row, "pupil_code", "subject", "time") for row in rows if row["score_value"] == 0}


def titles_before_tt27(school: School) -> Told:
    rows = [row for row in school.of("year_results") if row["grade"] is not None and not school.reached(row["grade"])]
    return {key(row, "pupil_code") for row in rows if row["result"] == "HTXS" or row["reward"] in OF_TT27}


def long_gone(school: School) -> Told:
    """A test may be given a month before its marks are due."""
    went_on = {row["pupil_code"]: went for row, _, went in enrolled(school) if went}
    due = {at: school.year.due_date(at) for at in school.year.due_times(school.day)}

    def wrong(row: Row, _: object) -> bool:
        went, on = went_on.get(row["pupil_code"]), due.get(row["time"])
        return is_entered(row) and went is not None and on is not None and went + timedelta(days=30) < on

    return marks(school, wrong)


# ---- what asks for a second look


def score_jump(school: School) -> Told:
    right = {
        (row["source_system"], row["pupil_code"], row["subject"], row["time"]): row
        for row in latest(school)
        if is_score(row["score_value"])
    }
    disabled = {row["pupil_code"] for row, _, _ in enrolled(school) if row["disability"] is not None}
    told = set()
    for (system, code, subject, at), row in right.items():
        times = codes.tested_times(subject, row["grade"]) if row["grade"] is not None else ()
        before = next((right.get((system, code, subject, one)) for one, other in pairwise(times) if other == at), None)
        if before and code not in disabled and abs(row["score_value"] - before["score_value"]) >= school.limits.score_jump:
            told.add(key(row, "pupil_code", "subject", "time"))
    return told


def entered_books(school: School, test: Callable[[list[Row]], object]) -> Told:
    """Books of entered marks, by their class: those of whose rows the test is true."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in latest(school):
        if is_entered(row):
            found[row["source_system"], row["class_name"], row["subject"], row["time"]].append(row)
    told = set()
    for rows in found.values():
        if test(rows):
            told.add(key(min(rows, key=lambda row: row["source_row"]), "class_name", "subject", "time"))
    return told


def one_score(school: School) -> Told:
    def alike(rows: list[Row]) -> bool:
        scores = [row["score_value"] for row in rows if is_score(row["score_value"])]
        return len(scores) >= school.limits.alike_marks_from and len(set(scores)) == 1

    return entered_books(school, alike)


def in_one_minute(school: School) -> Told:
    due = {at: school.year.due_date(at) for at in school.year.due_times(school.day)}

    def hurried(rows: list[Row]) -> bool:
        moments = [row["entered_at"] for row in rows]
        if rows[0]["time"] not in due or None in moments or len(rows) < school.limits.alike_marks_from:
            return False
        midnight = datetime.combine(due[rows[0]["time"]] + timedelta(days=1), time())
        late = midnight - timedelta(hours=school.limits.last_hours) <= min(moments) < midnight
        return late and max(moments) - min(moments) < timedelta(minutes=1)

    return entered_books(school, hurried)


# ---- the year's result


@remembered
def computed(school: School) -> dict[str, str | None]:
    """Điều 9.2 for everybody whom it asks about at the end of the year."""
    there, traits = filed(school), {}
    for row in school.of("traits", MAIN):
        if row["level_text"] is not None:
            traits.setdefault((row["pupil_code"], row["trait"], row["time"]), row["level"])
    return {
        code: plain_result(
            _levels(school, there, (code, grade), subjects),
            [traits.get((code, one.code, "CN")) for one in codes.traits().values() if grade in one.grades],
            _tests(there, code, [one for one in subjects if "CN" in codes.tested_times(one, grade)]),
        )
        for code, (grade, subjects) in subjects_at_the_end(school).items()
    }


def subjects_at_the_end(school: School) -> dict[str, tuple[int, set[str]]]:
    found: dict[str, tuple[int, set[str]]] = {}
    for row, grade, subject, at in owed(school):
        if at == "CN" and grade is not None and school.year.results_are_due(school.day):
            found.setdefault(row["pupil_code"], (grade, set()))[1].add(subject)
    return found


def _levels(school: School, there: Mapping[tuple[str, str, str], Row], who: tuple[str, int], subjects: set[str]) -> Iterable[str | None]:
    """Levels of the compulsory subjects, and of electives where one was given."""
    code, grade = who
    electives = [name for name, subject in codes.subjects().items() if grade in subject.elective_grades]
    chosen = [name for name in electives if (mark := there.get((code, name, "CN"))) and mark["level_text"] is not None]
    counted = [*subjects, *(chosen if school.limits.count_electives else [])]
    return [mark["level"] if (mark := there.get((code, name, "CN"))) else None for name in counted]


def _tests(there: Mapping[tuple[str, str, str], Row], code: str, tested: list[str]) -> Iterable[float | None]:
    return [mark["score_value"] if (mark := there.get((code, name, "CN"))) else None for name in tested]


def undecided(school: School) -> Told:
    return {(MAIN, code) for code, result in computed(school).items() if result is None}


def other_result(school: School) -> Told:
    stored = at_the_end(school)
    return {(MAIN, code) for code, result in computed(school).items() if result and stored.get(code, {}).get("result") != result}


MARKS: Mapping[str, Callable[[School], Told]] = {
    "TT27-7.1a/1": level_missing, "TT27-7.1a/2": blank_book, "TT27-7.1b": score_missing, "TT27-7.1d": two_shapes, "CT-4": old_subject,
    "TT27-0.2/1": zero_before_tt27, "TT27-0.2/2": titles_before_tt27, "HS-6/1": long_gone, "QC-16.1b/1": score_jump,
    "QC-16.1b/2": one_score, "QC-16.1b/3": in_one_minute, "TT27-9.5": undecided, "TT27-9.9": other_result,
}  # fmt: skip
