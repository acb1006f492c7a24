"""TEMIS and the electronic staff files (hồ sơ CBCCVC) of the demo school: staff, yearly standards, training.

Made from the staff as they are, not from what HR typed: a defect planted in HR's files is not in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.dice import chance, dice, weighted
from connectors.demo.hr import CRITERIA, pay
from connectors.demo.staff import MANAGERS, TEACHERS
from connectors.demo.workbooks import Sheet, write_workbook
from connectors.records.codes import reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from connectors.demo.rows import RatingRow
    from connectors.demo.school import School
    from connectors.demo.staff import Employee

FIELD_WIDTH = 16
WAITING_TO_RETIRE = "04"  # until the day of the decision; LstCanBo has no field for that day
RATING_HEADINGS = (
    ("STT", 6), ("Mã cán bộ", 11), ("Họ và tên", 26), ("Năm đánh giá", 10), *((f"TC{number}", 8) for number in range(1, CRITERIA + 1)),
    ("Kết quả chuẩn nghề nghiệp", 20),
)  # fmt: skip
TRAINING_HEADINGS = (("STT", 6), ("Mã cán bộ", 11), ("Họ và tên", 26), ("Năm học", 12), ("Mô đun", 34), ("Số tiết", 8), ("Kết quả", 14))
MODULES = (
    "Phát triển chuyên môn của bản thân",
    "Kiểm tra, đánh giá học sinh theo hướng phát triển năng lực",
    "Ứng dụng công nghệ thông tin trong dạy học",
    "Tư vấn và hỗ trợ học sinh",
)
PAY_FIELDS = {
    "MaNgach": "salary_grade", "BacLuong": "salary_step", "HeSo": "salary_coefficient", "MucPhuCapLanhDao": "leadership_allowance",
    "MucPhuCapUuDai": "incentive_allowance", "ChuyenNganhDaoTaoChinh": "major", "MaNhomCchiNngu": "language_group",
    "MaLoaiCchiNngu": "language_certificate", "MaKhungNlucNngu": "language_level",
}  # fmt: skip
PERIODS = (20, 40)


def write_temis(folder: Path, school: School, ratings: Sequence[RatingRow]) -> None:
    """temis/: LstCanBo.xlsx (the 22 required fields), danh_gia_chuan_nghe_nghiep.xlsx, boi_duong.xlsx (kept, not interpreted)."""
    exported = f"Ngày xuất dữ liệu: {school.day:%d/%m/%Y}"
    standards = {row.staff_code: row.standard_rating for row in ratings}
    fields = [(entry["truong"], FIELD_WIDTH) for entry in reference()["lst_can_bo_bat_buoc"]]
    people = [_fields(school, person, standards) for person in school.staff]
    lines = [tuple(values.get(name) for name, _ in fields) for values in people]
    write_workbook(folder / "LstCanBo.xlsx", [Sheet("LstCanBo", (school.name, "HỒ SƠ CBCCVC", exported), 4, fields, lines)])
    titles = (school.name, "ĐÁNH GIÁ THEO CHUẨN NGHỀ NGHIỆP", exported)
    rated = (_rating_line(number, row) for number, row in enumerate((row for row in ratings if row.criteria), 1))
    write_workbook(folder / "danh_gia_chuan_nghe_nghiep.xlsx", [Sheet("Đánh giá", titles, 4, RATING_HEADINGS, rated)])
    titles = (school.name, "KẾT QUẢ BỒI DƯỠNG THƯỜNG XUYÊN", exported)
    trained = ((number, *line) for number, line in enumerate(_training(school), 1))
    write_workbook(folder / "boi_duong.xlsx", [Sheet("Bồi dưỡng", titles, 4, TRAINING_HEADINGS, trained)])


def _fields(school: School, person: Employee, standards: Mapping[str, str | None]) -> dict[str, str | None]:
    """One person by field of LstCanBo."""
    leaves_later = person.has_left and person.status_date is not None and person.status_date > school.day
    standard = standards.get(person.code) or ""
    return {
        "ClientId": f"{school.seed:04d}-{person.code}",
        "TenCanBo": person.name,
        "LoaiCanBo": person.position,
        "MaCanBo": person.code,
        "LoaiHopDong": person.contract,
        "GioiTinh": person.sex,
        "NgaySinh": f"{person.birth:%d/%m/%Y}",
        "TrinhDoChuyenMonNvCaoNhat": person.qualification,
        "TrinhDoDaoTaoCnChinh": person.qualification,
        "DanhGiaKqChuanNgheNghiep": standard,
        "TuDanhGiaKqChuanNgheNghiep": standard,
        "SoCmnd": person.personal_number,
        "TrangThai": WAITING_TO_RETIRE if leaves_later else person.status,
        **_made_up(person),
    }


def _made_up(person: Employee) -> dict[str, str | None]:
    """Grade, pay and languages as HR has them."""
    known = pay(person)
    return {field: known[column] for field, column in PAY_FIELDS.items()}


def _rating_line(number: int, row: RatingRow) -> tuple[object, ...]:
    return (number, row.staff_code, row.full_name, row.year, *row.criteria, row.standard_rating)


def _training(school: School) -> Iterator[tuple[object, ...]]:
    """Everybody's modules of this school year."""
    rng = dice(school.seed, "training")
    for person in school.staff:
        if person.has_left or person.group not in (MANAGERS, TEACHERS):
            continue
        for module in MODULES:
            if chance(rng, 0.75):
                result = weighted(rng, {"Hoàn thành": 9.0, "Chưa hoàn thành": 1.0})
                yield person.code, person.name, school.year.label, module, rng.choice(PERIODS), result
