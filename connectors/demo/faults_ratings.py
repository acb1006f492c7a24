"""Defects in the ratings of staff: wrong, missing, too early, too many of the best (CB-2, CB-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.hr import ARRIVED, CIVIL_FLOORS, FAIR, GOOD
from connectors.demo.planting import NoTarget
from connectors.demo.rows import RatingRow
from connectors.demo.staff import TEACHERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting

RATINGS = "ratings"
OVER_THE_SCALE = 105.0
FIRST_YEAR_BY_SCORE = "2026"  # Nghị định 233/2026/NĐ-CP
FEWEST_RAISED = 4  # below that one other planted change could bring a group back under its share


def rating(suits: Callable[[RatingRow], bool], change: Callable[[RatingRow], None], rule: str) -> Callable[[Planting], None]:
    """Spoil one rating."""

    def plant(plan: Planting) -> None:
        row = plan.draw(plan.school.hr.ratings, lambda row: f"{row.staff_code}|{row.year}", suits)
        change(row)
        plan.record(RATINGS, f"{row.staff_code}|{row.year}", rule)

    return plant


def other_standard(row: RatingRow) -> None:
    row.standard_rating = FAIR if row.standard_rating == GOOD else GOOD


def other_civil_rating(row: RatingRow) -> None:
    names = tuple(CIVIL_FLOORS)
    row.civil_rating = names[(names.index(row.civil_rating) + 1) % len(names)]


def over_the_scale(row: RatingRow) -> None:
    row.civil_score = OVER_THE_SCALE


def newest_rating(suits: Callable[[RatingRow], bool], change: Callable[[RatingRow], None], rule: str) -> Callable[[Planting], None]:
    """Spoil a rating of the newest year."""
    return lambda plan: rating(lambda row: row.year == _newest(plan) and suits(row), change, rule)(plan)


def _newest(plan: Planting) -> str:
    return str(plan.school.day.year - 1)


def never_rated_by_head(plan: Planting) -> None:
    """A teacher whose standard nobody but the teacher rated, in both years."""
    untouched = {row.staff_code for row in plan.school.hr.ratings} - {key.partition("|")[0] for key in plan.touched if "|" in key}
    row = plan.draw(
        plan.school.hr.ratings,
        lambda row: f"{row.staff_code}|{row.year}",
        lambda row: row.year == _newest(plan) and bool(row.criteria) and row.staff_code in untouched,
    )
    for other in plan.school.hr.ratings:
        if other.staff_code == row.staff_code:
            other.standard_rating = None
            plan.touched.add(f"{other.staff_code}|{other.year}")
    plan.record(RATINGS, f"{row.staff_code}|{row.year}", "CB-2/2")


def rated_too_early(plan: Planting) -> None:
    """A rating of somebody who came in the second half of that year."""
    newest = int(_newest(plan))
    late = [row for row in plan.school.hr.staff if row.status == ARRIVED and (row.status_date or "") > f"{newest}-07-01"]
    row = plan.draw([row for row in late if (row.status_date or "")[:4] == str(newest)], lambda row: f"{row.staff_code}|{newest}")
    plan.school.hr.ratings.append(RatingRow(row.staff_code, row.full_name or "", str(newest), (), None, None, 60.0, "HTNV"))
    plan.record(RATINGS, f"{row.staff_code}|{newest}", "CB-4/3")


def too_many_excellent(plan: Planting) -> None:
    """So many of a group rated excellent that no other planted change brings it back below the share."""
    groups = {row.staff_code: row.staff_group for row in plan.school.hr.staff}
    newest = [row for row in plan.school.hr.ratings if row.year == _newest(plan) and groups.get(row.staff_code) == TEACHERS]
    good = [row for row in newest if row.civil_rating == "HTTNV" and f"{row.staff_code}|{row.year}" not in plan.touched]
    raised = good[: len(newest) // 2]
    if len(raised) < FEWEST_RAISED:
        raise NoTarget
    for row in raised:
        row.civil_score, row.civil_rating = 92.0, "HTXSNV"
        plan.touched.add(f"{row.staff_code}|{row.year}")
    plan.record(RATINGS, f"{TEACHERS}|{_newest(plan)}", "CB-4/4")


ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    rating(lambda row: row.standard_rating is not None, other_standard, "CB-2"),
    rating(lambda row: row.year >= FIRST_YEAR_BY_SCORE, other_civil_rating, "CB-4"),
    rating(lambda _: True, over_the_scale, "CB-4/1"),
    newest_rating(lambda row: bool(row.criteria), lambda row: setattr(row, "self_rating", None), "CB-2/1"),
    newest_rating(lambda row: not row.criteria, lambda row: setattr(row, "civil_rating", None), "CB-4/2"),
    never_rated_by_head,
    rated_too_early,
    too_many_excellent,
)
