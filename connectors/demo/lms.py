"""The online learning system of the demo school and another system's list of accounts, as those systems export them: CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from connectors.demo.dice import dice
from connectors.demo.files import vietnamese
from connectors.records.codes import subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from connectors.demo.rows import AccountRow
    from connectors.demo.school import School

LMS, EMAIL = "lms", "email"
LMS_HEADINGS = ("STT", "Tên đăng nhập", "Mã cán bộ", "Vai trò", "Đang hoạt động", "Truy cập gần nhất")
COURSE_HEADINGS = ("Mã khóa", "Tên khóa học", "Lớp", "Giáo viên", "Số bài", "Số học sinh tham gia")
ACCOUNT_HEADINGS = ("Hệ thống", "Tên đăng nhập", "Mã cán bộ", "Vai trò", "Đang mở", "Đăng nhập gần nhất")


def write_lms(folder: Path, school: School, accounts: Sequence[AccountRow]) -> None:
    """lms/: tai_khoan.csv (staff and when they were last seen), khoa_hoc.csv (courses: kept, not interpreted)."""
    mine = [row for row in accounts if row.account_system == LMS]
    lines = [
        (number, row.username, row.owner_code, row.role, "x" if row.active else None, vietnamese(row.last_login))
        for number, row in enumerate(mine, 1)
    ]
    _write_csv(folder / "tai_khoan.csv", "utf-8", ",", (LMS_HEADINGS, *lines))
    _write_csv(folder / "khoa_hoc.csv", "utf-8", ",", (COURSE_HEADINGS, *_courses(school)))


def write_accounts(folder: Path, accounts: Sequence[AccountRow]) -> None:
    """accounts/: tai_khoan_thu_dien_tu.csv, as Excel saves it in Vietnam (BOM, semicolons)."""
    lines = [
        (row.account_system, row.username, row.owner_code, row.role, "x" if row.active else None, vietnamese(row.last_login))
        for row in accounts
        if row.account_system == EMAIL
    ]
    _write_csv(folder / "tai_khoan_thu_dien_tu.csv", "utf-8-sig", ";", (ACCOUNT_HEADINGS, *lines))


def _courses(school: School) -> Iterable[tuple[object, ...]]:
    """A course for each subject of each class, of whoever teaches it."""
    rng = dice(school.seed, "courses")
    pupils = {plan.name: sum(pupil.class_name == plan.name and pupil.at_school for pupil in school.pupils) for plan in school.classes}
    for number, ((class_name, subject), staff_code) in enumerate(school.teaching.items(), 1):
        joined = rng.randrange(pupils[class_name] + 1)
        yield (
            f"KH{number:04d}",
            f"{subjects()[subject].name} {class_name}",
            class_name,
            staff_code,
            rng.randrange(35),
            joined,
        )


def _write_csv(file: Path, encoding: str, delimiter: str, lines: Iterable[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
