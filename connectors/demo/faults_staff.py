"""Defects in what HR keeps: particulars, lessons and accounts of staff (CB-1, CB-5, CB-6, ID-7, ID-4/5, DCH-8…14, QC-10.1, PL-7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.hr import ARRIVED
from connectors.demo.staff import MANAGERS, TEACHERS
from connectors.records.codes import STAFF_LEFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import AccountRow, AssignmentRow, StaffRow

STAFF, ACCOUNTS, ASSIGNMENTS = "staff", "accounts", "assignments"
FULL_NUMBER = 12
UNKNOWN_STATUS, NOBODY = "99", "CB9999"
IDLE_DAYS = 60  # longer than the 45 that QCVN 12:2026/BCA allows
FURTHER_PARTICULARS = (
    "salary_grade", "salary_step", "salary_coefficient", "incentive_allowance", "highest_qualification", "major", "language_group",
    "language_certificate", "language_level",
)  # fmt: skip
OF_TEACHERS = ("standard_rating", "self_rating")
PARTICULARS = ("full_name", "birth_date", "sex", "personal_number", "contract", "qualification", "position")


def working(row: StaffRow) -> bool:
    return row.status not in STAFF_LEFT


def fully_numbered(row: StaffRow) -> bool:
    return working(row) and len(row.personal_number or "") == FULL_NUMBER


def particulars(suits: Callable[[StaffRow], bool], change: Callable[[StaffRow], None], *rules: str) -> Callable[[Planting], None]:
    """Spoil one line of the HR list."""

    def plant(plan: Planting) -> None:
        row = plan.draw(plan.school.hr.staff, lambda row: row.staff_code, suits)
        change(row)
        plan.record(STAFF, row.staff_code, *rules)

    return plant


def missing_in_hr(plan: Planting) -> None:
    """Somebody whom only TEMIS knows: of those without a log-in or a lesson, so that nothing else misses them."""
    row = _leaving_few_traces(plan)
    plan.remove([row])
    plan.record(STAFF, row.staff_code, "DCH-10")


def gone_in_hr(plan: Planting) -> None:
    """Left by the school's list, at work by TEMIS."""
    row = _leaving_few_traces(plan)
    row.status, row.status_date, row.decision_number = "02", _before(plan.school.day, IDLE_DAYS), "9/QĐ-UBND"
    plan.record(STAFF, row.staff_code, "DCH-14")


def _leaving_few_traces(plan: Planting) -> StaffRow:
    """Somebody at work without a log-in or a lesson, whose ratings nothing else may touch: nobody is asked for those any more."""
    owners = {row.owner_code for row in (*plan.school.qlnt.accounts, *plan.school.hr.accounts)}
    teaching = {row.staff_code for row in plan.school.qlnt.assignments}
    known = owners | teaching
    row = plan.draw(plan.school.hr.staff, lambda row: row.staff_code, lambda row: working(row) and row.staff_code not in known)
    plan.touched.update(f"{other.staff_code}|{other.year}" for other in plan.school.hr.ratings if other.staff_code == row.staff_code)
    return row


def other_name(row: StaffRow) -> None:
    row.full_name = f"{row.full_name} Ngọc"


def other_day(row: StaffRow) -> None:
    born = date.fromisoformat(row.birth_date or "")
    row.birth_date = born.replace(day=born.day % 28 + 1).isoformat()


def other_tail(row: StaffRow) -> None:
    number = row.personal_number or ""
    row.personal_number = f"{number[:6]}{(int(number[6:]) + 7) % 10**6:06d}"


def blank(field: str) -> Callable[[StaffRow], None]:
    return lambda row: setattr(row, field, None)


def rated_teacher(row: StaffRow) -> bool:
    return working(row) and row.staff_group == TEACHERS and row.status != ARRIVED


def paid_to_lead(row: StaffRow) -> None:
    row.leadership_allowance = "0,4"


def half_filled_in(plan: Planting) -> None:
    """Two people whose pay, studies and standard nobody typed: in turn, so that each field is missing somewhere."""
    people = [plan.draw(plan.school.hr.staff, lambda row: row.staff_code, rated_teacher) for _ in range(2)]
    for number, field in enumerate((*FURTHER_PARTICULARS, *OF_TEACHERS), 10):
        row = people[number % 2]
        setattr(row, field, None)
        plan.record(STAFF, row.staff_code, f"CB-1/{number}")


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


def _gone(plan: Planting) -> str:
    """Somebody who left before the demo's day."""
    left = [row.staff_code for row in plan.school.hr.staff if not working(row) and (row.status_date or "9") <= plan.school.day.isoformat()]
    return plan.rng.choice(left)


def lesson_of(code: str, rule: str) -> Callable[[Planting], None]:
    """A subject of a class taught by somebody whom HR does not know."""

    def plant(plan: Planting) -> None:
        row = plan.draw(plan.school.qlnt.assignments, lesson_key)
        row.staff_code = code
        plan.record(ASSIGNMENTS, lesson_key(row), rule)

    return plant


def lesson_of_someone_gone(plan: Planting) -> None:
    lesson_of(_gone(plan), "DCH-9")(plan)


def class_of_someone_gone(plan: Planting) -> None:
    row = plan.draw(plan.school.qlnt.classes, lambda row: row.class_name)
    row.homeroom_code = _gone(plan)
    plan.record("classes", row.class_name, "TU-4/5")


def lesson_key(row: AssignmentRow) -> str:
    return f"{row.class_name}|{row.subject}"


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


# What only a second staff list shows: planted always, to be found where TEMIS is delivered as well.
ONLY_WITH_TEMIS = frozenset(f"DCH-{number}" for number in range(10, 15))
ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    missing_in_hr,
    gone_in_hr,
    *(particulars(working, blank(field), f"CB-1/{number}") for number, field in enumerate(PARTICULARS, 1)),
    particulars(lambda row: working(row) and row.staff_group == MANAGERS, blank("leadership_allowance"), "CB-1/8"),
    particulars(lambda row: working(row) and row.staff_group != MANAGERS, paid_to_lead, "CB-1/9"),
    half_filled_in,
    particulars(lambda row: working(row) and row.status != ARRIVED, unknown_status, "CB-5"),
    particulars(lambda row: not working(row), blank("decision_number"), "CB-6"),
    particulars(fully_numbered, lost_digits, "ID-7"),
    particulars(fully_numbered, other_century, "ID-4/5", "DCH-13"),
    particulars(fully_numbered, other_year, "ID-4/6", "DCH-13"),
    particulars(fully_numbered, other_tail, "DCH-13"),
    particulars(working, other_name, "DCH-11"),
    particulars(working, other_day, "DCH-12"),
    lesson_of(NOBODY, "DCH-8"),
    lesson_of_someone_gone,
    class_of_someone_gone,
    account_left_open,
    account_used_after_leaving,
    account_of_nobody(None),
    account_of_nobody(NOBODY),
    idle_account,
)
