"""Defects in what HR keeps: particulars, ratings and accounts of staff (CB-*, ID-7, ID-4/5, ID-4/6, QC-10.1, PL-7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.hr import CIVIL_FLOORS, FAIR, GOOD
from connectors.records.codes import STAFF_LEFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import AccountRow, RatingRow, StaffRow

STAFF, RATINGS, ACCOUNTS = "staff", "ratings", "accounts"
FULL_NUMBER = 12
UNKNOWN_STATUS, NOBODY = "99", "CB9999"
OVER_THE_SCALE = 105.0
IDLE_DAYS = 60  # longer than the 45 that QCVN 12:2026/BCA allows
PARTICULARS = ("full_name", "birth_date", "sex", "personal_number", "contract", "qualification", "position")


def working(row: StaffRow) -> bool:
    return row.status not in STAFF_LEFT


def fully_numbered(row: StaffRow) -> bool:
    return working(row) and len(row.personal_number or "") == FULL_NUMBER


def particulars(suits: Callable[[StaffRow], bool], change: Callable[[StaffRow], None], rule: str) -> Callable[[Planting], None]:
    """Spoil one line of the HR list."""

    def plant(plan: Planting) -> None:
        row = plan.draw(plan.school.hr.staff, lambda row: row.staff_code, suits)
        change(row)
        plan.record(STAFF, row.staff_code, rule)

    return plant


def blank(field: str) -> Callable[[StaffRow], None]:
    return lambda row: setattr(row, field, None)


def unknown_status(row: StaffRow) -> None:
    row.status = UNKNOWN_STATUS


def lost_digits(row: StaffRow) -> None:
    row.personal_number = (row.personal_number or "")[:-2]


def other_century(row: StaffRow) -> None:
    number = row.personal_number or ""
    row.personal_number = f"{number[:3]}{(int(number[3]) + 1) % 4}{number[4:]}"


def other_year(row: StaffRow) -> None:
    number = row.personal_number or ""
    row.personal_number = f"{number[:4]}{(int(number[4:6]) + 3) % 100:02d}{number[6:]}"


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


def _account(plan: Planting, suits: Callable[[AccountRow], bool], rule: str) -> AccountRow:
    rows = [*plan.school.qlnt.accounts, *plan.school.hr.accounts]
    row = plan.draw(rows, account_key, suits)
    plan.record(ACCOUNTS, account_key(row), rule)
    return row


def account_key(row: AccountRow) -> str:
    return f"{row.account_system}|{row.username}"


def account_left_open(plan: Planting) -> None:
    row = _account(plan, lambda row: not row.active, "QC-10.1")
    row.active, row.last_login = 1, _before(plan.school.day, 2)
    plan.record(ACCOUNTS, account_key(row), "QC-10.1/2")


def account_used_after_leaving(plan: Planting) -> None:
    """Closed by now, but used after the day of the decision."""
    row = _account(plan, lambda row: not row.active, "QC-10.1/2")
    row.last_login = _before(plan.school.day, 1)


def account_of_nobody(owner: str | None) -> Callable[[Planting], None]:
    """An open account without an owner, or with one whom HR does not know."""

    def plant(plan: Planting) -> None:
        _account(plan, lambda row: bool(row.active), "QC-10.1/1").owner_code = owner

    return plant


def idle_account(plan: Planting) -> None:
    row = _account(plan, lambda row: bool(row.active), "PL-7")
    row.last_login = _before(plan.school.day, IDLE_DAYS)


def _before(day: date, days: int) -> str:
    return (day - timedelta(days=days)).isoformat()


ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    *(particulars(working, blank(field), f"CB-1/{number}") for number, field in enumerate(PARTICULARS, 1)),
    particulars(working, unknown_status, "CB-5"),
    particulars(lambda row: not working(row), blank("decision_number"), "CB-6"),
    particulars(fully_numbered, lost_digits, "ID-7"),
    particulars(fully_numbered, other_century, "ID-4/5"),
    particulars(fully_numbered, other_year, "ID-4/6"),
    rating(lambda row: row.standard_rating is not None, other_standard, "CB-2"),
    rating(lambda _: True, other_civil_rating, "CB-4"),
    rating(lambda _: True, over_the_scale, "CB-4/1"),
    account_left_open,
    account_used_after_leaving,
    account_of_nobody(None),
    account_of_nobody(NOBODY),
    idle_account,
)
