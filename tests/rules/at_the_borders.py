"""Rows that lie exactly where a rule begins to speak: books, classes, sheets and people with just so much, and with one less.

What must not change any more stands last in `disturbed`, so that chance does not move it away from its border.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Row = dict[str, Any]
Tables = dict[str, list[Row]]
MAIN = "qlnt"
DAY = date(2027, 5, 31)
# Of fifteen criteria ten and nine at a level, one of the second standard (3 to 7) lower, one reached and one not (CB-2).
CRITERIA = (
    "T" * 10 + "K" * 5, "T" * 9 + "K" * 6, "TTTTK" + "T" * 10, "TTTĐ" + "T" * 11, "T" * 14 + "Đ", "C" + "T" * 14, "K" * 10 + "Đ" * 5,
    "K" * 9 + "Đ" * 6, "ĐĐ" + "K" * 5 + "Đ" * 8, "Đ" * 15, "T" * 14,
)  # fmt: skip
GONE_ON = date(2027, 1, 29)
AT_SCHOOL: Row = {"status": "01", "status_date": None, "not_assessed": False}
BLANK: Row = {"level": None, "level_text": None, "score": None, "score_value": None}
LAST_EVENING = datetime.fromisoformat("2026-11-15 21:40:00")  # of the first mid-term's books
A_MONTH_BEFORE = date(2026, 12, 16)  # before the first term's books are due
BOOKS = ((5, 60), (5, 59), (4, 20))  # entries, and seconds from the first to the last


def own(tables: Tables, table: str) -> list[Row]:
    return [row for row in tables[table] if row["source_system"] == MAIN]


def of_class(tables: Tables, name: str) -> list[Row]:
    return [row for row in own(tables, "pupils") if row["class_name"] == name and row["pupil_code"] is not None]


def books_of_one_evening(chance: Random, tables: Tables) -> None:
    """Mid-term books of grades 4 and 5: just enough marks, all alike, within a minute or exactly a minute."""
    names = chance.sample([(class_name, subject) for class_name in ("4A", "5A") for subject in ("TV", "TO")], len(BOOKS))
    for (class_name, subject), (entries, seconds) in zip(names, BOOKS, strict=True):
        rows = [row for row in own(tables, "marks") if (row["class_name"], row["subject"], row["time"]) == (class_name, subject, "GK1")]
        for place, row in enumerate(rows):
            row.update(BLANK | {"attempt": 1})
            if place < entries:
                moment = LAST_EVENING + timedelta(seconds=seconds if place == 1 else 0)
                row.update({"level": "T", "level_text": "T", "score": "8", "score_value": 8.0, "entered_at": moment})


def small_class(chance: Random, tables: Tables) -> None:
    """Five pupils in a class of their own, of whom nobody is measured and nothing is entered in Toán."""
    chosen = chance.sample(of_class(tables, "3A"), 5)
    codes = {row["pupil_code"] for row in chosen}
    for row in chosen:
        row.update(AT_SCHOOL | {"class_name": "3B", "grade": 3})
    tables["movements"] = [row for row in tables["movements"] if row["pupil_code"] not in codes]
    tables["health"] = [row for row in tables["health"] if row["pupil_code"] not in codes]
    for row in own(tables, "marks"):
        if row["pupil_code"] in codes and row["subject"] == "TO":
            row.update(BLANK)


def full_classes(chance: Random, tables: Tables) -> None:
    """A combined class of fifteen, and one with two pupils with a disability."""
    for row in tables["classes"]:
        row["combined"] = row["class_name"] in {"2A", "5A"}
    crowd = of_class(tables, "2A")
    for place, row in enumerate(chance.sample(crowd, len(crowd))):
        row.update(AT_SCHOOL | {"class_name": "2A" if place < 15 else "2B"})
    for place, row in enumerate(of_class(tables, "1A")):
        row.update(AT_SCHOOL | {"disability": "05" if place < 2 else None})


def whole_term(chance: Random, tables: Tables) -> None:
    """Ninety days off in a term, and ninety-one."""
    term = [row for row in tables["attendance"] if row["month"] in {"2026-09", "2026-10", "2026-11", "2026-12", "2027-01"}]
    months = Counter(row["pupil_code"] for row in term)
    one, other = chance.sample(sorted(code for code, count in months.items() if code and count == 5), 2)
    for row in term:
        if row["pupil_code"] in {one, other}:
            days = 19 if row["pupil_code"] == other and row["month"] == "2026-09" else 18
            row.update({"excused": days, "unexcused": 0, "total": days})


def last_day_at_work(chance: Random, tables: Tables) -> None:
    """Accounts used on the very day on which their owner left, and a day later."""
    owners = {row["owner_code"] for row in tables["accounts"] if row["active"]}
    left = chance.choice(sorted({row["staff_code"] for row in tables["staff"]} & owners - {None}))
    for row in tables["staff"]:
        if row["staff_code"] == left:
            row.update({"status": "05", "status_date": GONE_ON if row["source_system"] == "staff" else None})
    for place, row in enumerate(row for row in tables["accounts"] if row["owner_code"] == left):
        row["last_login"] = GONE_ON + timedelta(days=place % 2)


def one_excellent_of_five(chance: Random, tables: Tables) -> None:
    """A staff group in which a fifth is excellent, exactly."""
    codes = chance.sample(sorted({row["staff_code"] for row in tables["staff"] if row["staff_code"]}), 6)
    tables["ratings"] = [row for row in tables["ratings"] if row["staff_code"] not in codes or row["source_system"] != "staff"]
    for row in tables["staff"]:
        if row["staff_code"] in codes:
            row["staff_group"] = "09"
    pattern = {**tables["ratings"][0], "source_system": "staff", "year": "2026", "source_file": "danh_gia.xlsx"}
    for place, code in enumerate(codes):
        rated = {"staff_code": code, "civil_rating": "HTTNV" if place else "HTXSNV", "source_row": 200 + place}
        rated["year"] = "2025-2026" if place % 2 else "2026"  # one year, written in two ways
        tables["ratings"].append({**pattern, **rated})


def every_standard(_: Random, tables: Tables) -> None:
    """Criteria at the borders between ratings, each beside every rating."""
    pattern = {**tables["ratings"][0], "source_system": "staff", "year": "2026", "source_file": "danh_gia.xlsx"}
    rated = [(criteria, rating) for criteria in CRITERIA for rating in ("Tốt", "Khá", "Đạt", "Chưa đạt")]
    for place, (criteria, rating) in enumerate(rated):
        told = {"staff_code": f"CB{500 + place}", "criteria": criteria, "standard_rating": rating, "source_row": 300 + place}
        tables["ratings"].append({**pattern, **told})


def just_gone(chance: Random, tables: Tables) -> None:
    """Who left tonight and took all marks along, a month before books were due or a day earlier, or came back on the day of leaving."""
    codes = [row["pupil_code"] for row in chance.sample(of_class(tables, "4A"), 5)]
    tonight, month, longer, back, forth = codes
    tables["movements"] = [row for row in tables["movements"] if row["pupil_code"] not in codes]
    moved = (
        (tonight, "08", DAY),
        (month, "04", A_MONTH_BEFORE),
        (longer, "04", A_MONTH_BEFORE - timedelta(days=1)),
        (back, "04", GONE_ON),
        (back, "06", GONE_ON),
        (forth, "06", GONE_ON),
        (forth, "08", GONE_ON + timedelta(days=1)),
    )
    place: Row = {"place": None, "reason": None, "source_system": MAIN, "source_file": MAIN, "source_sheet": "bien_dong"}
    for number, (code, kind, day) in enumerate(moved):
        tables["movements"].append({"pupil_code": code, "kind": kind, "date": day, "source_row": 900 + number, **place})
    for table in ("marks", "traits", "year_results"):
        tables[table] = [row for row in tables[table] if row["pupil_code"] != tonight]


def one_column(_: Random, tables: Tables) -> None:
    """Combined subjects in one column of a class at a time: without parts, with a part left blank, and with one that is not."""
    places = (("3A", "CK1", "TH", "CN"), ("5A", "CN", "TH", "CN"), ("4A", "CK1", "AN", "MT"))
    parts = {
        (class_name, time, second): left for (class_name, time, _, second), left in zip(places, ("gone", "blank", "there"), strict=True)
    }
    rows = [(row, (row["class_name"], row["time"], row["subject"])) for row in tables["marks"]]
    tables["marks"] = [row for row, place in rows if parts.get(place) != "gone"]
    for row, place in rows:
        if parts.get(place) == "blank":
            row.update(BLANK)
        elif place in {one[:3] for one in places}:
            row["subject"] = "THCN" if place[2] == "TH" else "NT"


def electives(chance: Random, tables: Tables) -> None:
    """A foreign language in grade 1, at one level at the end of the year and at another before it."""
    pattern = {**own(tables, "marks")[0], **BLANK, "class_name": "1A", "grade": 1, "subject": "NN1", "attempt": 9}
    for place, row in enumerate(chance.sample(of_class(tables, "1A"), 9)):
        for time, level in (("CN", "THC"[place % 3]), ("CK1", "CTH"[place % 3])):
            told = {"pupil_code": row["pupil_code"], "time": time, "level": level, "level_text": level}
            tables["marks"].append({**pattern, **told, "source_row": 90000 + len(tables["marks"])})


def empty_sheets(_: Random, tables: Tables) -> None:
    """Sheets of twenty and nineteen rows without a sex, and of fifty rows with one, and with two."""
    rows = iter([row for row in tables["pupils"] if row["source_system"] == "csdl"])
    for size, filled in ((20, 0), (19, 0), (50, 1)):
        for place in range(size):
            row = next(rows)
            row.update({"source_sheet": f"{size} dòng", "sex": "Nam" if place < filled else None})


PLANTERS: tuple[Callable[[Random, Tables], None], ...] = (
    books_of_one_evening, small_class, full_classes, whole_term, last_day_at_work, one_excellent_of_five, every_standard,
    just_gone, one_column, electives, empty_sheets,
)  # fmt: skip


def put_at_the_borders(chance: Random, tables: Tables) -> None:
    for plant in PLANTERS:
        plant(chance, tables)
