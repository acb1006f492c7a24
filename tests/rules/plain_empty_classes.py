"""Books that are empty for a whole class, read a second time in plain Python: told once, and then not pupil by pupil.

A class of at least five pupils who owe something, none of whom has anything, is one finding; any other lack is each pupil's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.rules.plain_school import MAIN, Row, School, Told
from tests.rules.plain_year import attendance_missing, enrolled, traits_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENOUGH_FOR_A_CLASS = 5
Owed = tuple[str, str]  # class, and the time or month


def classes_of(school: School) -> dict[str, str]:
    return {row["pupil_code"]: row["class_name"] for row, _, _ in enrolled(school)}


def empty_classes(school: School, table: str, period: str, begun: Callable[[Row], object]) -> set[Owed]:
    """Whose pupils all owe a time or month and have nothing; who owes is what would be missing if nobody had entered anything."""
    missing = attendance_missing if table == "attendance" else traits_missing
    classes, owing = classes_of(school), defaultdict(set)
    for _, key in missing(replace(school, tables={**school.tables, table: []})):
        code, *_, time = key.split("|")
        owing[classes[code], time].add(code)
    entered = {(row["pupil_code"], row[period]) for row in school.of(table, MAIN) if begun(row)}
    whole = {place: codes for place, codes in owing.items() if len(codes) >= ENOUGH_FOR_A_CLASS}
    return {place for place, codes in whole.items() if not any((code, place[1]) in entered for code in codes)}


def without_traits(school: School) -> set[Owed]:
    return empty_classes(school, "traits", "time", lambda row: row["level_text"] is not None)


def without_months(school: School) -> set[Owed]:
    return empty_classes(school, "attendance", "month", lambda row: row["excused"] is not None or row["unexcused"] is not None)


def one_by_one(missing: Callable[[School], Told], whole: Callable[[School], set[Owed]]) -> Callable[[School], Told]:
    """What single pupils lack in classes that are not told as a whole."""

    def find(school: School) -> Told:
        empty, classes = whole(school), classes_of(school)
        parts = [(system, key, *key.split("|")) for system, key in missing(school)]
        return {(system, key) for system, key, code, *_, time in parts if (classes[code], time) not in empty}

    return find


PLAIN_EMPTY: Mapping[str, Callable[[School], Told]] = {
    "TT27-7.2": one_by_one(traits_missing, without_traits),
    "TT27-7.2/1": lambda school: {(MAIN, f"{name}|PCNL|{time}") for name, time in without_traits(school)},
    "QC-19.6/9": one_by_one(attendance_missing, without_months),
    "QC-19.6/10": lambda school: {(MAIN, f"{name}|{month}") for name, month in without_months(school)},
}
