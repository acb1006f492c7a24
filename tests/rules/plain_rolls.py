"""Days off, measures of health, and sheets of a source as a whole read a second time in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.records.column import PersonalData
from connectors.records.tables import TABLES
from tests.rules.plain_entries import tested_at
from tests.rules.plain_marks import A_CLASS
from tests.rules.plain_school import Row, School, Told, key, remembered
from tests.rules.plain_text import term_of
from tests.rules.plain_year import away, enrolled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What every row of a table fills where a system has the column at all (HS-1, 19.6a, CB-1).
ALWAYS = {
    "pupils": "pupil_code personal_number full_name birth_date sex ethnicity permanent_address contact_phone class_name grade status",
    "guardians": "pupil_code full_name birth_year phone",
    "classes": "class_name grade homeroom_code",
    "movements": "pupil_code kind date",
    "assignments": "class_name subject staff_code",
    "marks": "pupil_code subject level",
    "traits": "pupil_code trait level",
    "year_results": "pupil_code result",
    "attendance": "pupil_code excused unexcused",
    "health": "pupil_code height_cm weight_kg",
    "staff": "staff_code personal_number full_name birth_date sex position qualification contract status",
    "ratings": "staff_code civil_rating",
    "accounts": "username owner_code",
}
# What was delivered stands beside what could be read of it.
DELIVERED = {("pupils", "birth_date"), ("pupils", "ethnicity"), ("pupils", "contact_phone"), ("marks", "level"), ("traits", "level")}
BY_ITSELF = {"nationality", "not_assessed"}  # systems fill these in lines that nobody has written in


# ---- days off in a term


def too_many_days_in_a_term(school: School) -> Told:
    days: dict[tuple[str, str, str], int] = defaultdict(int)
    start = school.year.start_year
    for row in school.of("attendance"):
        first = date.fromisoformat(f"{row['month']}-01")
        if row["pupil_code"] is not None and date(start, 9, 1) <= first <= date(start + 1, 5, 31):
            days[row["source_system"], row["pupil_code"], term_of(school, first)] += (row["excused"] or 0) + (row["unexcused"] or 0)
    return {(system, f"{code}|{term}") for (system, code, term), count in days.items() if count > school.limits.max_school_days_a_term}


# ---- health


def wrong_weight(school: School) -> Told:
    weighed = [row for row in school.of("health") if row["weight_kg"] is not None]
    return {key(row, "pupil_code") for row in weighed if not 10 <= row["weight_kg"] <= 100}


def measured(school: School) -> Iterator[tuple[str, str | None, list[tuple[str, bool]]]]:
    """System, class, and its pupils who had to be measured by the school's day, each with whether they were."""
    month, day = school.limits.measured_by_day
    by = date(school.year.start_year + (month < 9), month, day)
    if school.day < by:
        return
    asked: dict[str | None, list[str]] = defaultdict(list)
    for row, came, went in enrolled(school):
        if not (away(school.day, came, went) or away(by, came, went)):
            asked[row["class_name"]].append(row["pupil_code"])
    # where nobody has a record yet, everybody who keeps health records is asked
    able = {system for system, tables in school.delivered.items() if tables.get("health")}
    for system in {row["source_system"] for row in school.of("health")} or able:
        rows = school.of("health", system)
        whole = {row["pupil_code"] for row in rows if row["height_cm"] is not None and row["weight_kg"] is not None}
        for class_name, codes in asked.items():
            yield system, class_name, [(code, code in whole) for code in codes]


def is_a_class(pupils: list[tuple[str, bool]]) -> bool:
    return len(pupils) >= A_CLASS and not any(done for _, done in pupils)


def not_measured(school: School) -> Told:
    return {(system, code) for system, _, pupils in measured(school) if not is_a_class(pupils) for code, done in pupils if not done}


def class_not_measured(school: School) -> Told:
    return {(system, class_name) for system, class_name, pupils in measured(school) if class_name and is_a_class(pupils)}


# ---- sheets


def is_due(school: School, table: str, row: Row) -> bool:
    if table in {"marks", "traits"}:
        return row["time"] in school.year.due_times(school.day)
    if table == "attendance":
        return row["month"] in school.year.due_months(school.day)
    return table != "year_results" or school.year.results_are_due(school.day)


@remembered
def sheets(school: School, table: str) -> dict[tuple[str, str, str], list[Row]]:
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in school.of(table):
        found[row["source_system"], row["source_file"], row["source_sheet"]].append(row)
    return found


def has(school: School, place: tuple[str, str, str], values: Mapping[str, list[Any]]) -> bool:
    """Whether a system has a column, by its own word or because it has a value somewhere."""
    system, table, column = place
    return column in school.delivered[system].get(table, ()) or any(value is not None for value in values[system])


def lost_in(school: School, table: str, column: str, counts: Callable[[Row], bool]) -> Told:
    """Sheets of at least twenty such rows of which 98 in a hundred have no value in a column."""
    name = f"{column}_text" if (table, column) in DELIVERED else column
    cells = {sheet: own for sheet, rows in sheets(school, table).items() if (own := [row[name] for row in rows if counts(row)])}
    of_system: dict[str, list[Any]] = defaultdict(list)
    for sheet, own in cells.items():
        of_system[sheet[0]] += own
    empty = {sheet for sheet, own in cells.items() if len(own) >= 20 and own.count(None) * 100 >= 98 * len(own)}
    return {(sheet[0], "#".join([*sheet[1:], column])) for sheet in empty if has(school, (sheet[0], table, column), of_system)}


def lost_columns(school: School) -> Told:
    told: Told = set()
    for table, names in ALWAYS.items():
        for column in names.split():
            told |= lost_in(school, table, column, lambda row, table=table: is_due(school, table, row))  # type: ignore[misc]
    return told | lost_in(school, "marks", "score", lambda row: is_due(school, "marks", row) and tested_at(row))


def blank_lines(school: School) -> Told:
    """Lines without a code and without a word of anybody: told by the first of each sheet."""
    told: Told = set()
    for table, shape in TABLES.items():
        telling = [one.name for one in shape.own if one.personal_data is not PersonalData.PLAIN and one.name not in BY_ITSELF]
        named = [name for name in shape.key if name in telling] or list(shape.key[:1])
        for (system, *place), rows in sheets(school, table).items():
            blank = [row["source_row"] for row in rows if all(row[name] is None for name in {*telling, *named})]
            told |= {(system, "#".join([*place, str(min(blank))]))} if blank else set()
    return told


ROLLS: Mapping[str, Callable[[School], Told]] = {
    "CC-1/4": too_many_days_in_a_term,
    "SK-1/2": wrong_weight,
    "SK-1/4": not_measured,
    "SK-1/5": class_not_measured,
    "NN-1": lost_columns,
    "NN-2": blank_lines,
}
