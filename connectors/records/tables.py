"""The thirteen canonical tables: what the school's data is, whichever system delivered it.

Every row carries its provenance (system, file, sheet, real row number), so that any figure
can be traced back to the cell it came from. Columns ending in `_text` keep the value as it was
delivered where the typed column cannot hold a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connectors.records.column import Column, Kind, PersonalData

if TYPE_CHECKING:
    from collections.abc import Mapping

PERSONAL, SENSITIVE = PersonalData.PERSONAL, PersonalData.SENSITIVE
TEXT, INTEGER, NUMBER, BOOLEAN, DATE, MOMENT = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.MOMENT

PROVENANCE = (
    Column("source_system", TEXT, "Hệ thống", "nhà trường"),
    Column("source_file", TEXT, "Tệp nguồn", "nhà trường"),
    Column("source_sheet", TEXT, "Trang/bảng nguồn", "nhà trường"),
    Column("source_row", INTEGER, "Dòng trong nguồn", "nhà trường"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A canonical table: its name, Vietnamese label, own columns (without provenance) and key columns."""

    name: str
    label: str
    key: tuple[str, ...]
    own: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, provenance last."""
        return self.own + PROVENANCE

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns in Parquet order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> pl.Schema:
        """The Parquet schema."""
        return pl.Schema({column.name: column.polars_type for column in self.columns})

    def label_of(self, name: str) -> str:
        """Vietnamese label of a column (the name itself if the column is not of this table)."""
        return next((column.label for column in self.columns if column.name == name), name)


PUPILS = Table(
    "pupils",
    "Học sinh",
    ("pupil_code",),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("personal_number", TEXT, "Số định danh cá nhân", "MaCongDan", PERSONAL),
        Column("full_name", TEXT, "Họ tên", "HoTen", PERSONAL, required_by_19_6a=True),
        Column("birth_date", DATE, "Ngày sinh", "NgaySinh", PERSONAL, required_by_19_6a=True),
        Column("birth_date_text", TEXT, "Ngày sinh (như nhận)", "NgaySinh", PERSONAL),
        Column("sex", TEXT, "Giới tính", "GioiTinh", PERSONAL, required_by_19_6a=True),
        Column("ethnicity", TEXT, "Dân tộc", "MaDanToc", SENSITIVE, required_by_19_6a=True),
        Column("ethnicity_text", TEXT, "Dân tộc (như nhận)", "MaDanToc", SENSITIVE),
        Column("nationality", TEXT, "Quốc tịch", "MaQuocTich", PERSONAL),
        Column("permanent_address", TEXT, "Địa chỉ thường trú", "DchiThtru", PERSONAL, required_by_19_6a=True),
        Column("policy_category", TEXT, "Diện chính sách", "MaDtuongCsach", SENSITIVE, required_by_19_6a=True),
        Column("disability", TEXT, "Loại khuyết tật", "MaLoaiKhuyetTat", SENSITIVE),
        Column("not_assessed", BOOLEAN, "Khuyết tật không đánh giá", "IsKhuyetTatKhongDanhGia", SENSITIVE),
        Column("contact_phone", TEXT, "Điện thoại liên hệ", "SoDthoaiDdong", PERSONAL, required_by_19_6a=True),
        Column("contact_phone_text", TEXT, "Điện thoại (như nhận)", "SoDthoaiDdong", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHocCn"),
        Column("grade", INTEGER, "Khối", "KhoiHoc"),
        Column("enrolment_kind", TEXT, "Loại nhập học", "LoaiNhapHoc"),
        Column("status", TEXT, "Trạng thái", "TrangThai"),
        Column("status_date", DATE, "Ngày trạng thái", "NgayTrangThai"),
    ),
)

GUARDIANS = Table(
    "guardians",
    "Cha mẹ, người giám hộ",
    ("pupil_code", "relation"),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("relation", TEXT, "Quan hệ", "nhà trường"),
        Column("full_name", TEXT, "Họ tên cha/mẹ/người giám hộ", "HoTenBo, HoTenMe, HoTenNguoiGiamHo", PERSONAL, required_by_19_6a=True),
        Column("birth_year", INTEGER, "Năm sinh cha/mẹ/người giám hộ", "NgaySinhBo, NgaySinhMe, NgaySinhNguoiGiamHo", PERSONAL),
        Column("phone", TEXT, "Điện thoại cha/mẹ/người giám hộ", "SoDienThoaiBo, SoDienThoaiMe", PERSONAL),
    ),
)

CLASSES = Table(
    "classes",
    "Lớp học",
    ("class_name",),
    (
        Column("class_name", TEXT, "Lớp", "TenLopHoc"),
        Column("grade", INTEGER, "Khối", "KhoiHoc"),
        Column("school_year", TEXT, "Năm học", "NamHoc"),
        Column("homeroom_code", TEXT, "Giáo viên chủ nhiệm", "MaGvcnCn", PERSONAL),
        Column("sessions_per_day", INTEGER, "Số buổi/ngày", "BuoiHoc"),
        Column("combined", BOOLEAN, "Lớp ghép", "LopGhep"),
    ),
)

MOVEMENTS = Table(
    "movements",
    "Biến động học sinh",
    ("pupil_code", "date"),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("kind", TEXT, "Loại biến động", "TrangThai"),
        Column("date", DATE, "Ngày biến động", "NgayTrangThai"),
        Column("place", TEXT, "Nơi chuyển đi/đến", "NoiChuyenDi, ChuyenDenTuTinh", PERSONAL),
        Column("reason", TEXT, "Lý do thôi học", "MaLyDoThoiHoc", SENSITIVE),
    ),
)

ASSIGNMENTS = Table(
    "assignments",
    "Phân công giảng dạy",
    ("class_name", "subject"),
    (
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("subject", TEXT, "Môn học", "MaMonHoc"),
        Column("staff_code", TEXT, "Giáo viên", "MaGiaoVien", PERSONAL),
    ),
)

MARKS = Table(
    "marks",
    "Kết quả môn học",
    ("pupil_code", "subject", "time"),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("grade", INTEGER, "Khối", "KhoiHoc"),
        Column("subject", TEXT, "Môn học", "MaMonHoc"),
        Column("time", TEXT, "Thời điểm đánh giá", "ThoiDiem"),
        Column("level", TEXT, "Mức đạt được", "Dgtx", PERSONAL),
        Column("level_text", TEXT, "Mức đạt được (như nhận)", "Dgtx", PERSONAL),
        Column("score", TEXT, "Điểm KTĐK (như nhận)", "Diem", PERSONAL),
        Column("score_value", NUMBER, "Điểm KTĐK", "Diem", PERSONAL),
        Column("attempt", INTEGER, "Lần kiểm tra", "nhà trường"),
        Column("entered_by", TEXT, "Người nhập", "nhà trường", PERSONAL),
        Column("entered_at", MOMENT, "Lúc nhập", "nhà trường"),
        Column("locked", BOOLEAN, "Đã khóa sổ", "nhà trường"),
    ),
)

TRAITS = Table(
    "traits",
    "Phẩm chất, năng lực",
    ("pupil_code", "trait", "time"),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("grade", INTEGER, "Khối", "KhoiHoc"),
        Column("time", TEXT, "Thời điểm đánh giá", "ThoiDiem"),
        Column("trait", TEXT, "Phẩm chất/năng lực", "pc…, nl…"),
        Column("level", TEXT, "Mức", "pc…, nl…", PERSONAL),
        Column("level_text", TEXT, "Mức (như nhận)", "pc…, nl…", PERSONAL),
    ),
)

YEAR_RESULTS = Table(
    "year_results",
    "Kết quả cuối năm",
    ("pupil_code",),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("grade", INTEGER, "Khối", "KhoiHoc"),
        Column("result", TEXT, "Đánh giá kết quả giáo dục", "danhGiaKQGiaoDuc", PERSONAL),
        Column("reward", TEXT, "Khen thưởng cuối năm", "isKthuongCnam", PERSONAL),
        Column("completed", BOOLEAN, "Hoàn thành chương trình lớp học", "isHthanhCtrinhLhoc", PERSONAL),
        Column("promoted", BOOLEAN, "Được lên lớp", "isLenLop", PERSONAL),
        Column("principal_decision", TEXT, "Quyết định của hiệu trưởng", "nhà trường", PERSONAL),
    ),
)

ATTENDANCE = Table(
    "attendance",
    "Chuyên cần",
    ("pupil_code", "month"),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("month", TEXT, "Tháng", "nhà trường"),
        Column("excused", INTEGER, "Nghỉ có phép", "soNgayNghiCoPhep", PERSONAL),
        Column("unexcused", INTEGER, "Nghỉ không phép", "soNgayNghiKhongPhep", PERSONAL),
        Column("total", INTEGER, "Tổng ngày nghỉ", "soNgayNghi", PERSONAL),
    ),
)

HEALTH = Table(
    "health",
    "Sức khỏe",
    ("pupil_code",),
    (
        Column("pupil_code", TEXT, "Mã định danh Bộ GD&ĐT", "MaHocSinh", PERSONAL),
        Column("class_name", TEXT, "Lớp", "MaLopHoc"),
        Column("checked_on", DATE, "Ngày khám", "nhà trường", SENSITIVE),
        Column("height_cm", NUMBER, "Chiều cao (cm)", "nhà trường", SENSITIVE),
        Column("weight_kg", NUMBER, "Cân nặng (kg)", "nhà trường", SENSITIVE),
    ),
)

STAFF = Table(
    "staff",
    "Cán bộ, giáo viên, nhân viên",
    ("staff_code",),
    (
        Column("staff_code", TEXT, "Mã cán bộ", "MaCanBo", PERSONAL),
        Column("personal_number", TEXT, "Số CCCD/CMND", "SoCmnd", PERSONAL),
        Column("full_name", TEXT, "Họ tên", "TenCanBo", PERSONAL),
        Column("birth_date", DATE, "Ngày sinh", "NgaySinh", PERSONAL),
        Column("sex", TEXT, "Giới tính", "GioiTinh", PERSONAL),
        Column("staff_group", TEXT, "Nhóm cán bộ", "nhà trường"),
        Column("position", TEXT, "Loại cán bộ", "LoaiCanBo"),
        Column("qualification", TEXT, "Trình độ chuyên môn", "TrinhDoDaoTaoCnChinh"),
        Column("contract", TEXT, "Hình thức hợp đồng", "LoaiHopDong"),
        Column("salary_grade", TEXT, "Mã ngạch, hạng", "MaNgach", PERSONAL),
        Column("salary_step", TEXT, "Bậc lương", "BacLuong", PERSONAL),
        Column("salary_coefficient", TEXT, "Hệ số lương", "HeSo", PERSONAL),
        Column("leadership_allowance", NUMBER, "Phụ cấp lãnh đạo", "MucPhuCapLanhDao", PERSONAL),
        Column("incentive_allowance", TEXT, "Phụ cấp ưu đãi", "MucPhuCapUuDai", PERSONAL),
        Column("highest_qualification", TEXT, "Trình độ chuyên môn cao nhất", "TrinhDoChuyenMonNvCaoNhat"),
        Column("major", TEXT, "Chuyên ngành đào tạo chính", "ChuyenNganhDaoTaoChinh"),
        Column("language_group", TEXT, "Nhóm chứng chỉ ngoại ngữ", "MaNhomCchiNngu"),
        Column("language_certificate", TEXT, "Loại chứng chỉ ngoại ngữ", "MaLoaiCchiNngu"),
        Column("language_level", TEXT, "Khung năng lực ngoại ngữ", "MaKhungNlucNngu"),
        Column("standard_rating", TEXT, "Kết quả chuẩn nghề nghiệp", "DanhGiaKqChuanNgheNghiep", PERSONAL),
        Column("self_rating", TEXT, "Tự đánh giá chuẩn nghề nghiệp", "TuDanhGiaKqChuanNgheNghiep", PERSONAL),
        Column("status", TEXT, "Trạng thái", "TrangThai"),
        Column("status_date", DATE, "Ngày trạng thái", "nhà trường"),
        Column("decision_number", TEXT, "Số quyết định", "nhà trường"),
    ),
)

RATINGS = Table(
    "ratings",
    "Đánh giá, xếp loại",
    ("staff_code", "year"),
    (
        Column("staff_code", TEXT, "Mã cán bộ", "MaCanBo", PERSONAL),
        Column("year", TEXT, "Năm đánh giá", "nhà trường"),
        Column("criteria", TEXT, "15 tiêu chí (T/K/Đ/C theo thứ tự)", "TT 20/2018", PERSONAL),
        Column("self_rating", TEXT, "Tự đánh giá chuẩn nghề nghiệp", "TuDanhGiaKqChuanNgheNghiep", PERSONAL),
        Column("standard_rating", TEXT, "Chuẩn nghề nghiệp", "DanhGiaKqChuanNgheNghiep", PERSONAL),
        Column("civil_score", NUMBER, "Điểm xếp loại viên chức", "NĐ 233/2026", PERSONAL),
        Column("civil_rating", TEXT, "Xếp loại viên chức", "NĐ 233/2026", PERSONAL),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "Tài khoản",
    ("account_system", "username"),
    (
        Column("account_system", TEXT, "Hệ thống có tài khoản", "nhà trường"),
        Column("username", TEXT, "Tên đăng nhập", "nhà trường", PERSONAL),
        Column("owner_code", TEXT, "Mã cán bộ", "nhà trường", PERSONAL),
        Column("role", TEXT, "Vai trò", "nhà trường"),
        Column("active", BOOLEAN, "Đang mở", "nhà trường"),
        Column("last_login", DATE, "Đăng nhập gần nhất", "nhà trường", PERSONAL),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        PUPILS,
        GUARDIANS,
        CLASSES,
        MOVEMENTS,
        ASSIGNMENTS,
        MARKS,
        TRAITS,
        YEAR_RESULTS,
        ATTENDANCE,
        HEALTH,
        STAFF,
        RATINGS,
        ACCOUNTS,
    )
}
