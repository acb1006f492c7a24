"""Two staff lists and the ratings of staff read a second time in plain Python (CB-2, CB-4, CB-6)."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from connectors.records import codes
from tests.rules.plain_school import Row, School, Told, key
from tests.rules.plain_text import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OWN, OTHER = "staff", "temis"
BOTH = "staff×temis"
HEAD, TEACHERS, CAME = "01", "03", "07"
LOWEST_FIRST = ("KHTNV", "HTNV", "HTTNV", "HTXSNV")


# ---- two lists side by side


def people(school: School, system: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in school.of("staff", system):
        if row["staff_code"] is not None:
            found.setdefault(row["staff_code"], row)
    return found


def both_lists(school: School) -> Iterator[tuple[str, Row | None, Row | None]]:
    here, there = people(school, OWN), people(school, OTHER)
    if here and there:
        for code in {*here, *there}:
            yield code, here.get(code), there.get(code)


def gone(school: School, row: Row | None) -> bool:
    """Left by its status, and the day of leaving, where there is one, has come."""
    return bool(row) and row["status"] in codes.STAFF_LEFT and (row["status_date"] is None or row["status_date"] <= school.day)


def on_one_list(school: School) -> Told:
    alone = [(code, here or there) for code, here, there in both_lists(school) if not (here and there)]
    return {(BOTH, code) for code, row in alone if not gone(school, row)}


def lists_differ(differ: Callable[[School, Row, Row], object]) -> Callable[[School], Told]:
    return lambda school: {(BOTH, code) for code, here, there in both_lists(school) if here and there and differ(school, here, there)}


def other_name(_: School, here: Row, there: Row) -> bool:
    one, other = here["full_name"], there["full_name"]
    return bool(one and other) and name_key(one) != name_key(other)


def other_birth_date(_: School, here: Row, there: Row) -> bool:
    return None not in {here["birth_date"], there["birth_date"]} and here["birth_date"] != there["birth_date"]


def other_number(_: School, here: Row, there: Row) -> bool:
    whole = all(re.fullmatch("[0-9]{12}", row["personal_number"] or "") for row in (here, there))
    return whole and here["personal_number"] != there["personal_number"]


def one_says_gone(school: School, here: Row, there: Row) -> bool:
    return gone(school, here) != gone(school, there)


# ---- ratings as the regulations compute them


def year_of(row: Row) -> int | None:
    """`2026`, and 2026 of `2025-2026`."""
    years = re.findall(r"\d{4}", row["year"] or "")
    return int(years[-1]) if years else None


def standard(criteria: str | None) -> str | None:
    """Of fifteen letters: Tốt, Khá, Đạt, Chưa đạt; criteria 3 to 7 are the second standard (CB-2)."""
    if not re.fullmatch("[TKĐC]{15}", criteria or ""):
        return None
    rank = ["CĐKT".index(letter) for letter in criteria or ""]
    for name, wanted in (("Tốt", 3), ("Khá", 2)):
        if min(rank) >= wanted - 1 and sum(one >= wanted for one in rank) >= 10 and min(rank[2:7]) >= wanted:
            return name
    return "Đạt" if min(rank) >= 1 else "Chưa đạt"


def civil(score: float | None) -> str | None:
    if score is None or not 0 <= score <= 100:
        return None
    return "HTXSNV" if score >= 90 else "HTTNV" if score >= 70 else "HTNV" if score >= 50 else "KHTNV"


def ratings(school: School, test: Callable[[Row, Row], object]) -> Told:
    """Ratings of which the test is true, each beside the person in the same system."""
    lists = {system: people(school, system) for system in {row["source_system"] for row in school.of("ratings")}}
    told = [(row, lists[row["source_system"]].get(row["staff_code"], {})) for row in school.of("ratings")]
    return {key(row, "staff_code", "year") for row, person in told if test(row, person)}


def wrong_standard(school: School) -> Told:
    def wrong(row: Row, _: Row) -> bool:
        right, year = standard(row["criteria"]), year_of(row)
        ruled = year is None or year <= school.limits.tt20_until_year
        return ruled and right is not None and row["standard_rating"] is not None and row["standard_rating"] != right

    return ratings(school, wrong)


def wrong_civil(school: School) -> Told:
    def wrong(row: Row, _: Row) -> bool:
        right, year = civil(row["civil_score"]), year_of(row)
        ruled = year is None or year >= school.limits.nd233_from_year
        return ruled and right is not None and row["civil_rating"] is not None and row["civil_rating"] != right

    return ratings(school, wrong)


def arrived(person: Row) -> date | None:
    return person.get("status_date") if person.get("status") == CAME else None


def rated_too_soon(school: School) -> Told:
    def wrong(row: Row, person: Row) -> bool:
        came = arrived(person)
        late = came is not None and came.year == year_of(row) and came > date(came.year, 7, 1)
        return late and row["civil_rating"] is not None

    return ratings(school, wrong)


def head_above_unit(school: School) -> Told:
    unit = school.limits.unit_rating

    def wrong(row: Row, person: Row) -> bool:
        known = unit in LOWEST_FIRST and row["civil_rating"] in LOWEST_FIRST and year_of(row) == school.day.year - 1
        return known and person.get("position") == HEAD and LOWEST_FIRST.index(row["civil_rating"]) > LOWEST_FIRST.index(unit)

    return ratings(school, wrong)


def too_many_excellent(school: School) -> Told:
    rated: dict[tuple[str, str, str], list[str | None]] = defaultdict(list)
    for row in school.of("ratings"):
        group = people(school, row["source_system"]).get(row["staff_code"], {}).get("staff_group")
        if group is not None:
            rated[row["source_system"], group, str(year_of(row) or row["year"] or "")].append(row["civil_rating"])
    return {
        (system, f"{group}|{year}")
        for (system, group, year), own in rated.items()
        if own.count("HTXSNV") * 100 > school.limits.excellent_percent * own.count("HTTNV")
    }


# ---- ratings that must be there: of the year that has ended


def not_rated(school: School, test: Callable[[Row, list[Row]], object]) -> Told:
    """Who was at work for half of the year that has ended, with all of their ratings: those for whom the test is true."""
    year, told = school.day.year - 1, set()
    for system in {row["source_system"] for row in school.of("staff")}:
        filed: dict[str, list[Row]] = defaultdict(list)
        for row in school.of("ratings", system):
            filed[row["staff_code"]].append(row)
        for code, person in people(school, system).items():
            came = arrived(person)
            at_work = person["status"] not in codes.STAFF_LEFT and (came is None or came <= date(year, 7, 1))
            if at_work and test(person, filed[code]):
                told.add((system, f"{code}|{year}"))
    return told


def of_year(school: School, rows: list[Row], column: str) -> str | None:
    """What the first rating of the year that has ended says."""
    return next((row[column] for row in rows if year_of(row) == school.day.year - 1), None)


def not_rated_by_oneself(school: School) -> Told:
    return not_rated(school, lambda person, rows: person["staff_group"] == TEACHERS and of_year(school, rows, "self_rating") is None)


def not_rated_by_head(school: School) -> Told:
    years = {school.day.year - 1, school.day.year - 2}

    def wrong(person: Row, rows: list[Row]) -> bool:
        return person["staff_group"] == TEACHERS and not any(year_of(row) in years and row["standard_rating"] is not None for row in rows)

    return not_rated(school, wrong)


def no_civil_rating(school: School) -> Told:
    return not_rated(school, lambda _, rows: of_year(school, rows, "civil_rating") is None)


STAFF: Mapping[str, Callable[[School], Told]] = {
    "DCH-10": on_one_list,
    "DCH-11": lists_differ(other_name),
    "DCH-12": lists_differ(other_birth_date),
    "DCH-13": lists_differ(other_number),
    "DCH-14": lists_differ(one_says_gone),
    "CB-2": wrong_standard,
    "CB-4": wrong_civil,
    "CB-2/1": not_rated_by_oneself,
    "CB-2/2": not_rated_by_head,
    "CB-4/2": no_civil_rating,
    "CB-4/3": rated_too_soon,
    "CB-4/4": too_many_excellent,
    "CB-4/5": head_above_unit,
}
