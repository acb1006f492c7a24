"""A school's rows with many things wrong in them: cells that belong to other rows, values at and over the borders, rows gone or told twice.

The same seed gives the same rows. Nothing here knows a rule: what is broken is for the two readings to find.
"""

from __future__ import annotations

from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from tests.rules.at_the_borders import put_at_the_borders

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]
Tables = dict[str, list[Row]]
DAY = date(2027, 5, 31)
SHARE = 0.03  # of the rows of a table, for every group of columns


def phone(number: str) -> Row:
    return {"contact_phone": number, "contact_phone_text": number}


def born(day: date) -> Row:
    return {"birth_date": day, "birth_date_text": day.isoformat()}


def score(text: str | None, value: float | None) -> Row:
    return {"score": text, "score_value": value}


def level(text: str | None, code: str | None) -> Row:
    return {"level_text": text, "level": code}


# Cells that are read together move together.
EXCHANGED: Mapping[str, tuple[str, ...]] = {
    "pupils": (
        "full_name", "birth_date birth_date_text", "sex", "personal_number", "contact_phone contact_phone_text", "class_name", "grade",
        "status", "status_date", "status status_date", "permanent_address", "disability", "policy_category", "enrolment_kind",
        "ethnicity ethnicity_text", "not_assessed",
    ),
    "guardians": ("full_name", "relation", "birth_year", "phone", "pupil_code"),
    "classes": ("homeroom_code",),
    "movements": ("kind", "date", "pupil_code"),
    "assignments": ("staff_code",),
    "marks": ("level level_text", "score score_value", "entered_at", "attempt", "subject"),
    "traits": ("level level_text", "trait"),
    "year_results": ("result", "reward", "completed", "promoted", "principal_decision"),
    "attendance": ("excused", "unexcused", "total"),
    "health": ("height_cm", "weight_kg"),
    "staff": ("full_name", "birth_date", "personal_number", "sex", "status", "status status_date", "staff_group", "position"),
    "ratings": ("criteria", "self_rating", "standard_rating", "civil_score", "civil_rating", "year"),
    "accounts": ("owner_code", "active", "last_login"),
}  # fmt: skip
NEW_WARD, OLD_WARD = "12 Minh Phụng, Phường Minh Phụng", "12 Âu Cơ, Phường 8"
PLANTED: Mapping[str, tuple[Row, ...]] = {
    "pupils": (
        *(phone(number) for number in ("01681234567", "01501234567", "0951234567", "028381234567", "0283812345")),
        *(phone(number) for number in ("908123456", "0908123456")),
        *(phone("0901234567") for _ in range(4)),
        *({"full_name": name} for name in ("Lê Thị H0a", "Ðặng An", "H’Hen Niê", "Nguyễn Hoà", "NGUYỄN  HÒA", "Nguyễn Hoa", None)),
        *({"permanent_address": f"{NEW_WARD}{end}"} for end in (", Quận 11, TP. Hồ Chí Minh", ", Thành phố Hồ Chí Minh")),
        *({"permanent_address": f"{OLD_WARD}{end}"} for end in (", Q.11, TPHCM", ", TPHCM", ", Thành phố Tân An, Tỉnh Long An")),
        {"permanent_address": "Ấp 2, Xã Tân Phú, Tỉnh Long An"}, {"permanent_address": "3 Lê Quận Công, P.3"}, {"permanent_address": None},
        *(born(date(year, 3, 5)) for year in range(2012, 2023)), born(date(2029, 1, 1)),
        *({"personal_number": number} for number in ("7.92E+10", "79218012345", "003218012345", "079918012345", "07921801234", None)),
        *({"status": code, "status_date": day} for code in ("02", "06", "08", "11") for day in (date(2026, 10, 2), date(2027, 1, 16))),
        {"status": "02", "status_date": DAY}, born(DAY), {**born(date(2019, 3, 5)), "status_date": date(2019, 3, 5)},
        {"status": "04", "class_name": "2C"}, {"class_name": None}, {"grade": None},
        {"not_assessed": True, "disability": "05"}, {"enrolment_kind": "3"},
    ),
    "guardians": ({"full_name": None}, {"birth_year": None}, {"relation": "ông"}, {"phone": None}),
    "classes": ({"combined": True},),
    "movements": ({"kind": "06", "date": date(2027, 2, 1)}, {"kind": "04", "date": date(2026, 11, 3)}, {"kind": "99"}),
    "marks": (
        *(score(text, value) for text, value in (("0", 0.0), ("9,0", 9.0), ("9.5", 9.5), ("11", 11.0), ("chín", None), ("4", 4.0))),
        *(score(text, value) for text, value in (("5", 5.0), ("10", 10.0), (None, None))),
        *(level(*both) for both in (("htt", "T"), ("Đ", None), ("C", "C"), ("H", "H"), (None, None))),
        {**level(None, None), **score(None, None)}, {"subject": "Thủ công"}, {"subject": "KTT1"}, {"subject": "THCN"}, {"subject": "NT"},
        {"attempt": None}, {"attempt": 2}, {"entered_at": None}, {"grade": None},
        *({"locked": True} for _ in range(40)),
    ),
    "traits": (*(level(*both) for both in (("Ð", "Đ"), ("D", "Đ"), ("H", None), ("ccg", "C"), ("C", "C"), (None, None))),),
    "year_results": (
        {"result": "CHT", "promoted": True, "principal_decision": None}, {"result": "CHT", "promoted": True, "principal_decision": "41/QĐ"},
        {"result": "HTT", "reward": "HSTB"}, {"result": "HT", "reward": "HSTB"}, {"result": "HTXS", "reward": None}, {"reward": "HSG"},
        {"principal_decision": "12/QĐ"}, {"completed": None}, {"promoted": False}, {"result": None},
    ),
    "attendance": ({"excused": 20, "unexcused": 6, "total": 26}, {"excused": 20, "unexcused": 7}, {"excused": None}, {"unexcused": -1}),
    "health": (*({"height_cm": value} for value in (85.0, 84.9, 180.0, 1.25, 0.84, None)),
               *({"weight_kg": value} for value in (10.0, 9.9, 100.0, 100.1, None))),
    "staff": (
        {"status": "05", "status_date": date(2027, 5, 31)}, {"status": "05", "status_date": date(2027, 6, 1)}, {"status": "08"},
        {"status": "07", "status_date": date(2026, 7, 1)}, {"status": "07", "status_date": date(2026, 7, 2)}, {"staff_code": "CB099"},
        {"staff_group": "01", "leadership_allowance": 0.0}, {"staff_group": "03", "leadership_allowance": 0.0},
    ),
    "ratings": (
        *({"civil_score": value, "year": "2026"} for value in (90.0, 89.99, 70.0, 69.99, 50.0, 49.99, 100.5)),
        *({"civil_rating": value, "year": "2026"} for value in ("HTXSNV", "HTXSNV", "KHTNV", None)), {"year": "2025-2026"},
        {"standard_rating": None}, {"self_rating": None},
    ),
    "accounts": ({"last_login": date(2027, 4, 16)}, {"last_login": date(2027, 4, 15)}, {"owner_code": "CB777"}),
}  # fmt: skip
GONE: Mapping[str, int] = {"pupils": 4, "marks": 60, "traits": 60, "year_results": 3, "attendance": 20, "health": 5, "guardians": 6}
TWICE: Mapping[str, int] = {"pupils": 3, "marks": 40, "guardians": 3}
TIMES_PLANTED = 3
MOMENTS = tuple(map(datetime.fromisoformat, ("2027-05-24 20:15:00", "2026-09-01 07:00:00")))


def disturbed(tables: Mapping[str, list[Row]], seed: int) -> Tables:
    """Copies of the rows, in the same order, with what the seed chose gone, exchanged, planted and told twice."""
    chance = Random(seed)
    told: Tables = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    for name, rows in told.items():
        for _ in range(min(GONE.get(name, 0), len(rows))):
            rows.pop(chance.randrange(len(rows)))
        if rows:
            exchange(chance, name, rows)
            plant(chance, name, rows)
            again(chance, name, rows)
    silence(chance, told)
    put_at_the_borders(chance, told)
    return told


def exchange(chance: Random, name: str, rows: list[Row]) -> None:
    """Cells of some rows, taken from others."""
    for columns in EXCHANGED[name]:
        for row in chance.sample(rows, max(1, int(SHARE * len(rows)))):
            other = chance.choice(rows)
            row.update({column: other[column] for column in columns.split()})


def plant(chance: Random, name: str, rows: list[Row]) -> None:
    for values in PLANTED.get(name, ()):
        for row in chance.sample(rows, min(TIMES_PLANTED, len(rows))):
            row.update(values)


def again(chance: Random, name: str, rows: list[Row]) -> None:
    """Some rows a second time, as further lines of the same sheet: a mark as another attempt, by number, moment or neither."""
    for row in chance.sample(rows, min(TWICE.get(name, 0), len(rows))):
        last = max(one["source_row"] for one in rows)
        copy = {**row, "source_row": last + 1}
        if name == "marks":
            moment = chance.choice([row["entered_at"], *MOMENTS])
            copy |= {"attempt": chance.choice([None, 1, 2, row["attempt"]]), "entered_at": moment, **score("6", 6.0)}
        rows.append(copy)


def silence(chance: Random, told: Tables) -> None:
    """Some pupils nobody can be called for."""
    for row in chance.sample(told["pupils"], 6):
        row |= {"contact_phone": None, "contact_phone_text": None}
        for one in told["guardians"]:
            if one["pupil_code"] == row["pupil_code"]:
                one["phone"] = None


def years_ago(tables: Mapping[str, list[Row]], years: int) -> Tables:
    """The same school, all of its days and years so many years earlier."""

    def earlier(value: object) -> object:
        if isinstance(value, date):
            return value.replace(year=value.year - years, day=min(value.day, 28) if value.month == 2 else value.day)
        return value

    told: Tables = {name: [{column: earlier(value) for column, value in row.items()} for row in rows] for name, rows in tables.items()}
    for row in told["attendance"]:
        year, _, month = (row["month"] or "").partition("-")
        row["month"] = f"{int(year) - years}-{month}"
    for row in told["ratings"]:
        row["year"] = str(int(row["year"]) - years) if (row["year"] or "").isdigit() else row["year"]
    return told
