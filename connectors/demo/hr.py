"""What HR keeps about the staff: ratings (TT 20/2018, NĐ 233/2026) and accounts in every system (Điều 10.1c)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.dice import chance, weighted
from connectors.demo.rows import AccountRow, RatingRow, StaffRow
from connectors.demo.staff import MANAGERS, SUPPORT, TEACHERS, Employee

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

CRITERIA = 15
GOOD, FAIR, MET, UNMET = "Tốt", "Khá", "Đạt", "Chưa đạt"
ORDER = (UNMET, MET, FAIR, GOOD)
PROFESSIONAL = slice(2, 7)  # criteria 3-7, standard 2 (Thông tư 20/2018/TT-BGDĐT)
MOSTLY = 10  # of the 15 criteria (Thông tư 20/2018/TT-BGDĐT Điều 10)
MIXES = ({GOOD: 5.0, FAIR: 1.0}, {GOOD: 2.0, FAIR: 5.0}, {GOOD: 1.0, FAIR: 4.0, MET: 2.0})
CIVIL_FLOORS = {"HTXSNV": 90, "HTTNV": 70, "HTNV": 50, "KHTNV": 0}  # Nghị định 233/2026/NĐ-CP
BORDER_SCORES = (89.99, 70.0, 69.99, 50.0)
BEST_SCORES = (90.0, 91.5, 93.0, 96.0)
BEST_SHARE = 0.2  # of those rated HTTNV in a group may be HTXSNV (Nghị định 48/2023, 233/2026)
SLACK = 3  # of a group's HTTNV left out of the count, so that one planted change breaks nothing else
SEEN_WITHIN_DAYS = 40  # of the demo's day: nobody idles for 45 days (QCVN 12:2026/BCA)
MAIL_DOMAIN = "truongmau.edu.vn"
CLERK, IT = "16", "32"
ARRIVED = "07"  # trang_thai_can_bo
SALARY_GRADES = ("V.07.03.27", "V.07.03.28", "V.07.03.29")  # giáo viên tiểu học hạng I, II, III (Thông tư 02/2021/TT-BGDĐT)
SUPPORT_GRADE = "01.005"
ROLES = {MANAGERS: "Quản lý", TEACHERS: "Giáo viên", SUPPORT: "Nhân viên"}


def standard_of(criteria: Sequence[str]) -> str:
    """Professional standard from 15 criteria (Thông tư 20/2018/TT-BGDĐT Điều 10)."""
    professional = criteria[PROFESSIONAL]
    for standard in (GOOD, FAIR):
        floor = ORDER[ORDER.index(standard) - 1]
        reached = sum(_at_least(level, standard) for level in criteria)
        others = all(_at_least(level, floor) for level in criteria)
        if others and reached >= MOSTLY and all(_at_least(level, standard) for level in professional):
            return standard
    return MET if all(_at_least(level, MET) for level in criteria) else UNMET


def _at_least(level: str, floor: str) -> bool:
    return ORDER.index(level) >= ORDER.index(floor)


def civil_rating(score: float) -> str:
    """Civil-servant rating of a score of 0..100."""
    return next(rating for rating, floor in CIVIL_FLOORS.items() if score >= floor)


def ratings(rng: Random, staff: list[Employee], day: date) -> list[RatingRow]:
    """Two years of ratings of those who work here."""
    rows = []
    for year in (day.year - 2, day.year - 1):
        rated = [person for person in staff if not person.has_left and _worked_half(person, year)]
        scores = _scores(rng, rated)
        rows += [_rating(rng, person, str(year), scores[person.code]) for person in rated]
    return rows


def _worked_half(person: Employee, year: int) -> bool:
    """Whoever came after the middle of a year is not rated in it."""
    return person.status != ARRIVED or (person.status_date is not None and person.status_date <= date(year, 7, 1))


def _scores(rng: Random, people: list[Employee]) -> dict[str, float]:
    """Scores by staff code; in each group no more of the best than is allowed."""
    scores = {person.code: round(rng.uniform(62, 89.9), 1) for person in people}
    scores |= dict(zip(scores, BORDER_SCORES, strict=False))
    for group in ROLES:
        good = [person.code for person in people if person.group == group and civil_rating(scores[person.code]) == "HTTNV"]
        # Whoever becomes one of the best is no longer one of those whom the share is counted of.
        best = max(0, int(BEST_SHARE * (len(good) - SLACK) / (1 + BEST_SHARE)))
        for code in good[len(good) - best :]:
            scores[code] = rng.choice(BEST_SCORES)
    return scores


def _rating(rng: Random, person: Employee, year: str, score: float) -> RatingRow:
    criteria: tuple[str, ...] = ()
    if person.group == TEACHERS:
        mix = rng.choice(MIXES)
        criteria = tuple(weighted(rng, mix) for _ in range(CRITERIA))
    standard = standard_of(criteria) if criteria else None
    return RatingRow(person.code, person.name, year, criteria, standard, standard, score, civil_rating(score))


def pay(person: Employee) -> dict[str, str | None]:
    """Grade, pay, studies and languages by column of the staff table: made up, of a likely shape."""
    # From the code and no dice: the HR list and TEMIS ask for it each, and must be told the same.
    teaches, step = person.group in (MANAGERS, TEACHERS), sum(map(ord, person.code)) % 3
    return {
        "salary_grade": SALARY_GRADES[step] if teaches else SUPPORT_GRADE,
        "salary_step": str(1 + step),
        "salary_coefficient": f"{2 + step},34",
        "leadership_allowance": "0,5" if person.group == MANAGERS else "0",
        "incentive_allowance": "35" if teaches else "0",
        "highest_qualification": person.qualification,
        "major": "Giáo dục tiểu học" if teaches else "Khác",
        "language_group": "01",
        "language_certificate": "01",
        "language_level": f"A{1 + step % 2}",
    }


def staff_rows(staff: list[Employee], rated: Sequence[RatingRow]) -> list[StaffRow]:
    """The HR list, with everybody's newest standard."""
    standards = {row.staff_code: row.standard_rating for row in rated}
    return [
        StaffRow(
            staff_code=person.code,
            full_name=person.name,
            birth_date=person.birth.isoformat(),
            sex=person.sex,
            personal_number=person.personal_number,
            staff_group=person.group,
            position=person.position,
            qualification=person.qualification,
            contract=person.contract,
            status=person.status,
            status_date=person.status_date.isoformat() if person.status_date else None,
            decision_number=person.decision,
            standard_rating=standards.get(person.code),
            self_rating=standards.get(person.code),
            **pay(person),
        )
        for person in staff
    ]


def accounts(rng: Random, staff: list[Employee], day: date) -> list[AccountRow]:
    """Everybody's accounts; those of people who left are closed from the day that their decision takes effect."""
    rows = []
    for person in staff:
        left = person.status_date if person.has_left and person.status_date and person.status_date <= day else None
        for system, username in _systems(person):
            last_seen = (left or day) - timedelta(days=rng.randrange(SEEN_WITHIN_DAYS))
            never = left is None and chance(rng, 0.02)
            role = "Quản trị" if person.position == IT else ROLES[person.group]
            rows.append(AccountRow(system, username, person.code, role, int(left is None), None if never else last_seen.isoformat()))
    return sorted(rows, key=lambda row: (row.account_system, row.owner_code or ""))


def _systems(person: Employee) -> Iterator[tuple[str, str]]:
    office = person.group == MANAGERS or person.position in (CLERK, IT)
    if office or person.group == TEACHERS or person.duty == "y tế":
        yield "qlnt", person.username
    if person.duty not in ("bảo vệ", "bảo mẫu"):
        yield "email", f"{person.username}@{MAIL_DOMAIN}"
    if office:
        yield "csdl", person.username
    if person.group == TEACHERS:
        yield "lms", person.username
