"""Writes the sector database's exports and the HR drop folder, as people find them."""

from __future__ import annotations

import csv
from datetime import date
from typing import TYPE_CHECKING

from connectors.demo.hr import CRITERIA
from connectors.demo.workbooks import Sheet, declare_dimension, write_workbook
from connectors.records.codes import GRADES, reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.demo.rows import AccountRow, HealthRow, RatingRow, SectorRow
    from connectors.demo.school import School

DEPARTMENT = "Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh"
WRONG_DIMENSION = "A1:BS4"
STAFF_HEADINGS = (
    "Mã cán bộ", "Họ và tên", "Ngày sinh", "Giới tính", "Số CCCD", "Nhóm cán bộ", "Loại cán bộ", "Trình độ chuyên môn",
    "Hình thức hợp đồng", "Trạng thái", "Ngày trạng thái", "Số quyết định", "Mã ngạch", "Bậc lương", "Hệ số lương", "Phụ cấp lãnh đạo",
    "Phụ cấp ưu đãi", "Trình độ chuyên môn cao nhất", "Chuyên ngành đào tạo", "Nhóm chứng chỉ ngoại ngữ", "Loại chứng chỉ ngoại ngữ",
    "Khung năng lực ngoại ngữ", "Kết quả chuẩn nghề nghiệp", "Tự đánh giá chuẩn nghề nghiệp",
)  # fmt: skip
RATING_HEADINGS = (
    ("STT", 6), ("Mã cán bộ", 11), ("Họ và tên", 26), ("Năm", 8), *((f"TC{number}", 8) for number in range(1, CRITERIA + 1)),
    ("Tự đánh giá", 14), ("Chuẩn nghề nghiệp", 18), ("Điểm xếp loại", 13), ("Xếp loại", 12),
)  # fmt: skip
ACCOUNT_HEADINGS = (
    ("STT", 6), ("Hệ thống", 12), ("Tên đăng nhập", 34), ("Mã cán bộ", 11), ("Vai trò", 16), ("Đang mở", 10), ("Đăng nhập gần nhất", 18),
)  # fmt: skip
HEALTH_WIDTHS = (6, 10, 16, 28, 12, 10, 10, 10, 10, 16)
PUPIL_WIDTHS = (6, 16, 28, 12, 9, 14, 18, 16, 24, 46, 24, 22, 46, 12, 12, 12, 26, 20, 10, 26, 20, 10, 9, 9, 18)


def vietnamese(iso: str | None) -> str | None:
    """`2018-03-05` -> `05/03/2018`."""
    return f"{date.fromisoformat(iso):%d/%m/%Y}" if iso else None


def write_sector_exports(folder: Path, school: School) -> None:
    """csdl/: the list of pupils by grade, and the health workbook whose declared range is wrong."""
    write_workbook(folder / "DanhSachHocSinh.xlsx", [_pupil_sheet(school, grade) for grade in GRADES])
    headings = list(zip(reference()["cot_xuat_suc_khoe"], HEALTH_WIDTHS, strict=True))
    titles = (DEPARTMENT, school.name, f"THEO DÕI SỨC KHỎE HỌC SINH NĂM HỌC {school.year.label}", _exported(school))
    lines = (_health_line(number, row) for number, row in enumerate(school.csdl.health, 1))
    write_workbook(folder / "SucKhoe.xlsx", [Sheet("SucKhoe", titles, 5, headings, lines)])
    declare_dimension(folder / "SucKhoe.xlsx", WRONG_DIMENSION)


def _exported(school: School) -> str:
    return f"Ngày xuất dữ liệu: {school.day:%d/%m/%Y}"


def _pupil_sheet(school: School, grade: int) -> Sheet:
    titles = (DEPARTMENT, school.name, f"DANH SÁCH HỌC SINH NĂM HỌC {school.year.label}", f"Khối {grade}", _exported(school))
    headings = list(zip(reference()["cot_xuat_danh_sach_hoc_sinh"], PUPIL_WIDTHS, strict=True))
    rows = [row for row in school.csdl.pupils if row.sheet == grade]
    return Sheet(f"Khối {grade}", titles, 6, headings, (_pupil_line(number, row) for number, row in enumerate(rows, 1)))


def _pupil_line(number: int, row: SectorRow) -> tuple[object, ...]:
    card = (None, None, None)  # Số CMND, Ngày cấp, Nơi cấp: children have none
    return (
        *(number, row.pupil_code, row.full_name, row.birth_date, row.sex, row.ethnicity, row.status, row.contact_phone),
        *(row.birth_place, row.permanent_address, row.home_province, row.home_ward, row.residence, *card),
        *(row.father, row.father_job, row.father_year, row.mother, row.mother_job, row.mother_year),
        *(row.class_name, row.grade, row.personal_number),
    )


def _health_line(number: int, row: HealthRow) -> tuple[object, ...]:
    swims = "x" if row.swims else None
    person = (row.class_name, row.pupil_code, row.full_name, row.birth_date, row.sex)
    return (number, *person, row.weight_kg, row.height_cm, swims, row.eyes)


def write_staff_files(folder: Path, school: School) -> None:
    """staff/: can_bo.csv, danh_gia.xlsx, tai_khoan.xlsx."""
    folder.mkdir(parents=True)
    with (folder / "can_bo.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        writer.writerow(STAFF_HEADINGS)
        writer.writerows(_staff_lines(school))
    made = f"Ngày lập: {school.day:%d/%m/%Y}"
    rated = (_rating_line(number, row) for number, row in enumerate(school.hr.ratings, 1))
    titles = (school.name, "KẾT QUẢ ĐÁNH GIÁ, XẾP LOẠI CÁN BỘ, GIÁO VIÊN, NHÂN VIÊN", made)
    write_workbook(folder / "danh_gia.xlsx", [Sheet("Đánh giá", titles, 4, RATING_HEADINGS, rated)])
    opened = (_account_line(number, row) for number, row in enumerate(school.hr.accounts, 1))
    titles = (school.name, "DANH SÁCH TÀI KHOẢN CÁC HỆ THỐNG", made)
    write_workbook(folder / "tai_khoan.xlsx", [Sheet("Tài khoản", titles, 4, ACCOUNT_HEADINGS, opened)])


def _staff_lines(school: School) -> Iterator[tuple[str | None, ...]]:
    for row in school.hr.staff:
        person = (row.staff_code, row.full_name, vietnamese(row.birth_date), row.sex, row.personal_number)
        post = (row.staff_group, row.position, row.qualification, row.contract)
        pay = (row.salary_grade, row.salary_step, row.salary_coefficient, row.leadership_allowance, row.incentive_allowance)
        studies = (row.highest_qualification, row.major, row.language_group, row.language_certificate, row.language_level)
        standing = (row.status, vietnamese(row.status_date), row.decision_number)
        yield (*person, *post, *standing, *pay, *studies, row.standard_rating, row.self_rating)


def _rating_line(number: int, row: RatingRow) -> tuple[object, ...]:
    criteria = row.criteria or (None,) * CRITERIA
    who = (number, row.staff_code, row.full_name, row.year)
    return (*who, *criteria, row.self_rating, row.standard_rating, row.civil_score, row.civil_rating)


def _account_line(number: int, row: AccountRow) -> tuple[object, ...]:
    state = "x" if row.active else None
    return (number, row.account_system, row.username, row.owner_code, row.role, state, vietnamese(row.last_login))
