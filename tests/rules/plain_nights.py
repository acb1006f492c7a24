"""What changed between nights, after the principal's approval and after a book was closed, read a second time in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.records import codes
from tests.rules.plain_marks import is_entered
from tests.rules.plain_school import MAIN, Row, School, Told, at_school, remembered
from tests.rules.plain_year import ENTERING, LEAVING, enrolled, fewer_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from tests.rules.plain_school import Approved

Record = tuple[str, str, str]  # pupil, subject or trait ("" of a year's result), time
CELLS = {
    "marks": ("level_text", "score"),
    "traits": ("level_text",),
    "year_results": ("result", "reward", "completed", "promoted", "principal_decision"),
}
ITEM = {"marks": "subject", "traits": "trait"}


def of_this_year(school: School) -> list[School]:
    """Earlier nights, oldest first: a new school year has other pupils and empty books."""
    ours = [night for night in school.earlier if night.year.start_year == school.year.start_year]
    return sorted(ours, key=lambda night: night.day)


def night_before(school: School) -> School | None:
    nights = of_this_year(school)
    return nights[-1] if nights else None


# ---- sizes, pupils and marks that went


def class_sizes(school: School) -> Told:
    before = night_before(school)
    if before is None:
        return set()
    then, now = (Counter(row["class_name"] for row in night.of("pupils", MAIN) if at_school(row)) for night in (before, school))
    names = {*then, *now} - {None}
    return {(MAIN, f"pupils|{name}") for name in names if abs(then[name] - now[name]) >= school.limits.class_size_jump}


def vanished_pupils(school: School) -> Told:
    before = night_before(school)
    here = {row["pupil_code"] for row in before.of("pupils", MAIN) if at_school(row)} - {None} if before else set()
    gone = here - {row["pupil_code"] for row in school.of("pupils", MAIN)}
    moved = {row["pupil_code"] for row in school.of("movements", MAIN) if row["kind"] in (*ENTERING, *LEAVING)}
    # a source that lost most of its pupils is one thing to tell (BD-1), not hundreds
    return set() if 2 * len(gone) > len(here) else {(MAIN, code) for code in gone - moved}


@remembered
def filled(school: School) -> dict[Record, Row]:
    rows = [row for row in school.of("marks", MAIN) if is_entered(row)]
    return {(row["pupil_code"], row["subject"], row["time"]): row for row in rows}


def vanished_marks(school: School) -> Told:
    before = night_before(school)
    listed = {row["pupil_code"] for row in school.of("pupils", MAIN)} - {None}
    if before is None or not school.of("marks"):
        return set()
    now = filled(school)
    gone = [row for mark, row in filled(before).items() if mark not in now and mark[0] in listed]
    return {(MAIN, f"{row['class_name']}|{row['subject']}|{row['time']}") for row in gone}


# ---- records as cells


def order(table: str, row: Row) -> tuple[Any, ...]:
    """Which of two rows of one record is the newer: of marks the last attempt (TT27-7.1f)."""
    if table != "marks":
        return (row["source_row"],)
    return row["attempt"] or 1, row["entered_at"] or datetime.min, row["source_row"]  # noqa: DTZ901 - only an order


@remembered
def records(school: School, table: str) -> dict[Record, Row]:
    """The school's own records of a table, those left blank not among them."""
    newest: dict[Record, Row] = {}
    for row in school.of(table, MAIN):
        if row["pupil_code"] is None:
            continue
        record = (row["pupil_code"], row[ITEM[table]] if table in ITEM else "", row.get("time", "CN"))
        if record not in newest or order(table, row) >= order(table, newest[record]):
            newest[record] = row
    return {record: row for record, row in newest.items() if any(row[name] is not None for name in CELLS[table])}


def says(row: Row | None, column: str) -> object:
    """A cell as people understand it: 9 and 9,0 are one score, T and htt one level."""
    if row is None:
        return None
    if column == "level_text":
        return row["level"] or row["level_text"]
    if column == "score" and row["score_value"] is not None and row["score_value"] % 1 == 0:
        return int(row["score_value"])
    return row[column]


def is_right(table: str, row: Row) -> bool:
    if table == "year_results":
        return True
    level = row["level"] is not None or row["level_text"] is None
    return level and (table != "marks" or row["score"] is None or row["score_value"] in range(11))


@remembered
def went(school: School) -> dict[str, date]:
    return {row["pupil_code"]: on for row, _, on in enrolled(school) if on and on <= school.day}


def told_key(table: str, record: Record) -> tuple[str, str]:
    return MAIN, record[0] if table == "year_results" else "|".join(record)


# ---- after the principal's approval


def in_force(school: School) -> list[Approved]:
    """Of each class and time the newest of this school year up to tonight; oldest first."""
    newest: dict[tuple[str, str], Approved] = {}
    for one in sorted(school.approvals, key=lambda one: one.night.day):
        if one.night.day <= school.day and one.night.year.start_year == school.year.start_year:
            newest[one.class_name, one.time] = one
    return sorted(newest.values(), key=lambda one: one.night.day)


def members(school: School) -> dict[str, str | None]:
    """Pupil -> class, of the roll's first row."""
    rows: dict[str, str | None] = {}
    for row in school.of("pupils", MAIN):
        if row["pupil_code"] is not None:
            rows.setdefault(row["pupil_code"], row["class_name"])
    return rows


@remembered
def as_approved(school: School, table: str) -> dict[Record, Row]:
    told: dict[Record, Row] = {}
    for one in in_force(school):
        pupils = {code for code, name in members(one.night).items() if name == one.class_name}
        told |= {record: row for record, row in records(one.night, table).items() if record[0] in pupils and record[2] == one.time}
    return told


@remembered
def approved_pupils(school: School) -> set[tuple[str, str]]:
    """Pupil and time: who was approved, and who sits in an approved class now."""
    places = {(one.class_name, one.time) for one in in_force(school)}
    now = {(code, time) for code, name in members(school).items() for of, time in places if of == name}
    return now | {(record[0], record[2]) for table in CELLS for record in as_approved(school, table)}


def changed_since_approved(table: str, column: str) -> Callable[[School], Told]:
    def find(school: School) -> Told:
        before, now, asked, left = as_approved(school, table), records(school, table), approved_pupils(school), went(school)
        both = {record for record in {*before, *now} if (record[0], record[2]) in asked and not (record not in now and record[0] in left)}
        return {told_key(table, record) for record in both if says(before.get(record), column) != says(now.get(record), column)}

    return find


# ---- after a book was closed


def closing_night(school: School, table: str, time: str) -> School | None:
    """The first night on or after the day on which a time's books closed; year results close only by a lock."""
    day = school.year.lock_date(time) or (None if table == "year_results" else school.year.due_date(time))
    if day is None or day > school.day:
        return None
    return next((night for night in of_this_year(school) if night.day >= day), None)


def closed_records(school: School, table: str) -> Iterator[tuple[Record, Row | None, bool]]:
    """Record, what it was and whether nothing at all may change, of every time that can be closed."""
    now, newest = records(school, table), night_before(school)
    for time in codes.TIMES:
        night, shut = closing_night(school, table, time), school.year.lock_date(time) is not None
        before = records(night, table) if night else records(newest, table) if newest and table == "marks" else {}
        for record in {*before, *now}:
            was = before.get(record)
            locked = bool(was and was.get("locked"))
            if record[2] == time and (night or locked):
                yield record, was, shut or locked


@remembered
def assessed_again(school: School) -> set[tuple[str, str]]:
    """Who did not pass is assessed again in summer (TT27-11.2): then changes are due."""
    rows = [row for night in (school, *of_this_year(school)) for row in night.of("year_results")]
    return {(row["pupil_code"], "CN") for row in rows if row["result"] == "CHT"}


def changed_since_closed(table: str, column: str) -> Callable[[School], Told]:
    def find(school: School) -> Told:
        now, left, others = records(school, table), went(school), approved_pupils(school) | assessed_again(school)
        told = set()
        for record, was, shut in closed_records(school, table):
            if (record[0], record[2]) in others or (record not in now and record[0] in left):
                continue
            was_right = was is not None and is_right(table, was) and says(was, column) is not None
            if (shut or was_right) and says(was, column) != says(now.get(record), column):
                told.add(told_key(table, record))
        return told

    return find


def lost_half(school: School) -> Told:
    newest = max(school.earlier, key=lambda night: night.day, default=None)
    return fewer_rows(newest, school) if newest else set()


PLACES = [(table, column) for table, columns in CELLS.items() for column in columns]
NIGHTS: Mapping[str, Callable[[School], Told]] = {
    "BD-1": lost_half,
    "BD-3": class_sizes,
    "BD-4": vanished_pupils,
    "BD-5": vanished_marks,
    **{f"QC-15.4/{number}": changed_since_approved(*place) for number, place in enumerate(PLACES, 1)},
    **{f"QC-19.7/{number}": changed_since_closed(*place) for number, place in enumerate(PLACES, 1)},
}
