"""Staff records, their ratings, and the accounts of those who left (CB-1 to CB-6, QC-10.1, PL-7)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.rules.school_tables import Case, Row, Text, case, checked, findings_of, findings_of_cases, found_by, next_code, staff

OF_STAFF = (*(f"CB-1/{number}" for number in range(1, 21)), "CB-5", "CB-6")
OF_RATINGS = ("CB-2", "CB-4", "CB-4/1")
OF_ACCOUNTS = ("QC-10.1", "QC-10.1/1", "QC-10.1/2", "PL-7")
REQUIRED = ("full_name", "birth_date", "sex", "personal_number", "contract", "qualification", "position")
FURTHER = (
    "salary_grade", "salary_step", "salary_coefficient", "incentive_allowance", "highest_qualification", "major", "language_group",
    "language_certificate", "language_level", "standard_rating", "self_rating",
)  # fmt: skip
LEFT = {"status": "05", "status_date": "2027-01-31", "decision_number": "12/QĐ"}
STANDARDS = ("Tốt", "Khá", "Đạt", "Chưa đạt")


def record(says: str, finds: str, **values: Text) -> Case:
    code = f"GV{next_code()}"
    return case(says, code, OF_STAFF, finds, staff=[staff(code, **values)])


def rated(says: str, finds: str, **values: Text) -> Case:
    code = f"GV{next_code()}"
    return case(says, f"{code}|2026", OF_RATINGS, finds, ratings=[{"staff_code": code, "year": "2026", **values}])


def by_standard(says: str, criteria: str, right: str) -> list[Case]:
    """All four stored ratings for these criteria: only the right one passes."""
    return [
        rated(f"{says} is not {stored}" if stored != right else f"{says} is {stored}", "CB-2" if stored != right else "",
              criteria=criteria, standard_rating=stored)
        for stored in STANDARDS
    ]  # fmt: skip


def by_score(score: str, right: str) -> list[Case]:
    names = ("HTXSNV", "HTTNV", "HTNV", "KHTNV")
    return [
        rated(f"{score} points, stored {name}", "" if name == right else "CB-4", civil_score=score, civil_rating=name) for name in names
    ]


def account(says: str, finds: str, owner: Row | None, **values: Text) -> Case:
    """An open account that was used yesterday, owned by someone on the staff list."""
    user = f"user{next_code()}"
    code = owner["staff_code"] if owner else "GV404"
    row: Row = {"account_system": "qlnt", "username": user, "owner_code": code, "active": "1", "last_login": "2027-05-30"}
    return case(says, f"qlnt|{user}", OF_ACCOUNTS, finds, staff=[owner] if owner else [], accounts=[row | values])


def someone(**values: Text) -> Row:
    return staff(f"GV{next_code()}", **values)


RECORDS = [record("a whole record", "")]
RECORDS += [record(f"an empty {name} is told", f"CB-1/{number}", **{name: None}) for number, name in enumerate(REQUIRED, 1)]
RECORDS += [record(f"an empty {name} is told", f"CB-1/{number}", **{name: None}) for number, name in enumerate(FURTHER, 10)]
RECORDS += [record(f"whoever left needs no {name}", "", **{name: None}, **LEFT) for name in (*REQUIRED, *FURTHER)]
RECORDS += [record(f"who does not teach needs no {name}", "", **{name: None, "staff_group": "02"}) for name in FURTHER[-2:]]
RECORDS += [record(f"who just came needs no {name}", "", **{name: None, "status": "07"}) for name in FURTHER[-2:]]
RECORDS += [
    record("a manager with an allowance", "", staff_group="01", leadership_allowance="0,5"),
    record("a manager without one", "CB-1/8", staff_group="01", leadership_allowance=None),
    record("a manager with none of it", "CB-1/8", staff_group="01", leadership_allowance="0"),
    record("a teacher with an allowance of managers", "CB-1/9", leadership_allowance="0.1"),
    record("a teacher with nothing written", "", leadership_allowance=None),
    record("a manager who left", "", staff_group="01", leadership_allowance=None, **LEFT),
]
RECORDS += [record(f"status {status} is in the list", "", status=status) for status in ("01", "04", "06", "07")]
RECORDS += [record(f"status {status} is not", "CB-5", status=status) for status in ("1", "00", "09", None)]
RECORDS += [
    record("a status by its name", "", status="Đang làm việc"),
    record("having resigned (08) is not in the ministry's list", "CB-5", **{**LEFT, "status": "08"}),
    *(record(f"leaving ({status}) with date and decision", "", **{**LEFT, "status": status}) for status in ("02", "03", "05")),
    record("leaving without a decision", "CB-6", **{**LEFT, "decision_number": None}),
    record("leaving without a date", "CB-6", **{**LEFT, "status_date": None}),
    record("waiting for retirement is not leaving", "", status="04", decision_number=None),
    record("being seconded is not leaving", "", status="06", decision_number=None),
]
STANDARD = [
    *by_standard("10 Tốt with criteria 3 to 7, 5 Khá", "TTTTTTTTTTKKKKK", "Tốt"),
    *by_standard("9 Tốt, 6 Khá", "TTTTTTTTTKKKKKK", "Khá"),
    *by_standard("14 Tốt, criterion 5 Khá", "TTTTKTTTTTTTTTT", "Khá"),
    *by_standard("14 Tốt, criterion 14 Đạt", "TTTTTTTTTTTTTĐT", "Khá"),
    *by_standard("15 Khá", "K" * 15, "Khá"),
    *by_standard("14 Tốt, criterion 4 Đạt", "TTTĐTTTTTTTTTTT", "Đạt"),
    *by_standard("one criterion not reached", "TTTTTTTTTTTTTTC", "Chưa đạt"),
    *by_standard("15 Tốt", "T" * 15, "Tốt"),
    *by_standard("10 Khá, 5 Đạt outside standard 2", "ĐĐKKKKKKKKKKĐĐĐ", "Khá"),
    *by_standard("9 Khá, 6 Đạt", "ĐĐKKKKKKKKKĐĐĐĐ", "Đạt"),
    *by_standard("15 Đạt", "Đ" * 15, "Đạt"),
    *by_standard("criterion 3 of standard 2 Khá", "TTKTTTTTTTTTTTT", "Khá"),
    *by_standard("criterion 7 of standard 2 Khá", "TTTTTTKTTTTTTTT", "Khá"),
    *by_standard("criterion 2 before it Khá", "TKTTTTTTTTTTTTT", "Tốt"),
    *by_standard("criterion 8 behind it Khá", "TTTTTTTKTTTTTTT", "Tốt"),
    rated("fourteen criteria decide nothing", "", criteria="T" * 14, standard_rating="Đạt"),
    rated("a letter of no level decides nothing", "", criteria="X" + "T" * 14, standard_rating="Đạt"),
    rated("no stored rating is no wrong one", "", criteria="T" * 15, standard_rating=None),
]
SCORES = {"100": "HTXSNV", "90": "HTXSNV", "89.99": "HTTNV", "70": "HTTNV", "69,99": "HTNV", "50": "HTNV", "49.99": "KHTNV", "0": "KHTNV"}
CIVIL = [
    *(item for score, right in SCORES.items() for item in by_score(score, right)),
    rated("more than 100 points", "CB-4/1", civil_score="100.01", civil_rating="HTXSNV"),
    rated("less than no points", "CB-4/1", civil_score="-0.5", civil_rating="KHTNV"),
    rated("no points decide nothing", "", civil_score=None, civil_rating="HTNV"),
]
ACCOUNTS = [
    account("someone at work has an account", "", someone()),
    *(
        account(f"who left ({status}) has none", "QC-10.1", someone(**{**LEFT, "status": status}), last_login="2027-01-30")
        for status in ("02", "03", "05", "08")
    ),
    account("a closed account of whoever left is closed", "", someone(**LEFT), last_login="2027-01-30", active="0"),
    account("leaving tonight closes it tonight", "QC-10.1", someone(**{**LEFT, "status_date": "2027-05-31"})),
    account("leaving tomorrow does not yet", "", someone(**{**LEFT, "status_date": "2027-06-01"})),
    account("having left on no known day closes it", "QC-10.1", someone(**{**LEFT, "status_date": None})),
    account("an owner who is not on the list", "QC-10.1/1", None),
    account("an account of nobody", "QC-10.1/1", someone(), owner_code=None),
    account("a closed account of nobody", "", None, active="không"),
    account("whether it is open is not known", "", None, active=None),
    account("used on the day of leaving", "", someone(**LEFT), last_login="2027-01-31", active="0"),
    account("used a day after leaving", "QC-10.1/2", someone(**LEFT), last_login="2027-02-01", active="0"),
    account("used after leaving and still open", "QC-10.1 QC-10.1/2", someone(**LEFT), last_login="2027-02-01"),
    account("45 days without a log-in", "", someone(), last_login="2027-04-16"),
    account("46 days without a log-in", "PL-7", someone(), last_login="2027-04-15"),
    account("a closed account may idle", "", someone(), last_login="2026-01-01", active="0"),
    account("of whoever left the withdrawal alone is told", "QC-10.1", someone(**LEFT), last_login="2026-01-01"),
    account("no log-in on record", "", someone(), last_login=None),
]  # fmt: skip
CASES = [*RECORDS, *STANDARD, *CIVIL, *ACCOUNTS]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("staff"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_staff_ratings_and_accounts_follow_the_articles(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_the_days_since_the_decision_are_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    item = account("left open", "QC-10.1", someone(**LEFT), last_login="2027-01-30")
    findings = checked(tmp_path_factory.mktemp("days"), item.tables, rules=OF_ACCOUNTS).findings
    assert findings["expected"].to_list() == ["khóa từ ngày 31/01/2027 (đã 120 ngày)"]


def test_without_a_staff_list_nobody_is_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows: list[Row] = [{"account_system": "qlnt", "username": "a", "owner_code": "GV1", "active": "1", "last_login": "2026-01-01"}]
    assert findings_of(tmp_path_factory.mktemp("staff"), {"accounts": rows}, date(2027, 5, 31), OF_ACCOUNTS) == {("PL-7", "qlnt|a")}
