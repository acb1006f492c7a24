"""Small sources in the shapes that the systems deliver, written by other libraries than the ones that read them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import openpyxl

from connectors.catalogue import sources_of_folder
from connectors.records.codes import reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from connectors.source import Source

DAY = date(2027, 5, 31)
MOVED_ON = "2026-10-20"

# Table -> its columns as SQL; rows in the same order.
QLNT_COLUMNS: dict[str, str] = {
    "thong_tin": "khoa TEXT PRIMARY KEY, gia_tri TEXT",
    "hoc_sinh": "id INTEGER PRIMARY KEY, ma_hs TEXT, so_dinh_danh TEXT, ho_ten TEXT, ngay_sinh TEXT, gioi_tinh TEXT, dan_toc TEXT, "
    "quoc_tich TEXT, dia_chi_thuong_tru TEXT, dien_chinh_sach TEXT, loai_khuyet_tat TEXT, khong_danh_gia INTEGER, dien_thoai TEXT, "
    "lop TEXT, khoi INTEGER, loai_nhap_hoc TEXT, trang_thai TEXT, ngay_trang_thai TEXT, mat_khau_phu_huynh TEXT",
    "phu_huynh": "id INTEGER PRIMARY KEY, ma_hs TEXT, quan_he TEXT, ho_ten TEXT, nam_sinh INTEGER, dien_thoai TEXT",
    "lop_hoc": "id INTEGER PRIMARY KEY, ten_lop TEXT, khoi INTEGER, nam_hoc TEXT, ma_gvcn TEXT, so_buoi INTEGER, lop_ghep INTEGER",
    "bien_dong": "id INTEGER PRIMARY KEY, ma_hs TEXT, loai TEXT, ngay TEXT, noi TEXT, ly_do TEXT",
    "phan_cong": "id INTEGER PRIMARY KEY, lop TEXT, mon TEXT, ma_gv TEXT",
    "diem": "id INTEGER PRIMARY KEY, ma_hs TEXT, lop TEXT, khoi INTEGER, mon TEXT, thoi_diem TEXT, muc TEXT, diem TEXT, lan INTEGER, "
    "nguoi_nhap TEXT, luc_nhap TEXT",
    "nang_luc_pham_chat": "id INTEGER PRIMARY KEY, ma_hs TEXT, lop TEXT, khoi INTEGER, thoi_diem TEXT, ma_nlpc TEXT, muc TEXT",
    "ket_qua_nam": "id INTEGER PRIMARY KEY, ma_hs TEXT, lop TEXT, khoi INTEGER, ket_qua TEXT, khen_thuong TEXT, hoan_thanh INTEGER, "
    "len_lop INTEGER, quyet_dinh TEXT",
    "chuyen_can": "id INTEGER PRIMARY KEY, ma_hs TEXT, lop TEXT, thang TEXT, co_phep INTEGER, khong_phep INTEGER, tong INTEGER",
    "tai_khoan": "id INTEGER PRIMARY KEY, ten_dang_nhap TEXT, ma_can_bo TEXT, vai_tro TEXT, dang_mo INTEGER, lan_cuoi TEXT",
}
CODE = "7900000001"
QLNT_ROWS: dict[str, list[tuple[object, ...]]] = {
    "thong_tin": [("ngay_du_lieu", "2027-05-31"), ("nam_hoc", "2026-2027")],
    "hoc_sinh": [
        (7, CODE, "079218000001", "  Đặng  Thị Ước ", "2018-03-05", "Nữ", "01", "Việt Nam", "Số 5, đường Ước", None, None, 0,
         "+84 908 123 456", "3A", 3, "4", "01", None, "bí mật"),
        (3, "7900000002", "079018000002.0", "Lê Bình", "31/02/2018", "Nam", "05", "Việt Nam", "Số 6", "06", "05", 1, "12 / 0908123457",
         "3A", 3, "1", "02", MOVED_ON, "bí mật"),
        (9, None, None, None, None, None, None, None, None, None, None, None, None, None, 3, None, None, None, None),
    ],
    "phu_huynh": [(1, CODE, "mẹ", "Trần Thị Mẹ", 1988, "0908123456"), (2, "7900000002", "Cha", "Lê Ba", None, None)],
    "lop_hoc": [(1, "3A", 3, "2026-2027", "CB001", 2, 0)],
    "bien_dong": [(1, "7900000002", "02", MOVED_ON, "Trường Tiểu học Hoa Sen", None)],
    "phan_cong": [(1, "3A", "TV", "CB001"), (2, "3A", "CN", "CB001")],
    "diem": [
        (2, CODE, "3A", 3, "TV", "CK2", "T", "10.0", 1, "CB001", "2027-05-20 08:15:00"),
        (1, CODE, "3A", 3, "CN", "CK1", "HTT", "9,5", None, None, None),
        (3, CODE, "3A", 3, "DD", "GK1", "X", None, 1, None, None),
    ],
    "nang_luc_pham_chat": [(1, CODE, "3A", 3, "CK2", "YN", "\u00d0")],
    "ket_qua_nam": [(1, CODE, "3A", 3, "HTT", None, 1, 1, None)],
    "chuyen_can": [(1, CODE, "3A", "2026-09", 1, 0, 1)],
    "tai_khoan": [(1, "uocdt", "CB001", "Giáo viên", 1, "2027-05-30")],
}  # fmt: skip


def write_qlnt(file: Path, rows: Mapping[str, Sequence[tuple[object, ...]]] | None = None) -> Path:
    """The school management system's database."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, columns in QLNT_COLUMNS.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            for row in (rows or QLNT_ROWS)[table]:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - constants of this file
    return file


def sql(file: Path, statement: str) -> None:
    """Change the database as its own system would."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def sector_headings() -> list[str]:
    return list(reference()["cot_xuat_danh_sach_hoc_sinh"])


def pupil_line(**cells: object) -> list[object]:
    """A line of the sector export; headings that are not named stay empty."""
    return [cells.get(heading) for heading in sector_headings()]


PUPIL: dict[str, object] = {
    "STT": 1, "Mã định danh Bộ GD&ĐT": CODE, "Họ tên": "Đặng Thị Ước", "Ngày sinh": "05/03/2018", "Giới tính": "Nữ", "Dân tộc": "Khơ-me",
    "Trạng thái": "Đang học", "SĐT liên hệ": "908123456", "Tổ/thôn Hộ khẩu thường trú": "Số 5, đường Ước", "Tên cha": "Đặng Ba",
    "Năm sinh cha": 1985, "Tên mẹ": "Trần Thị Mẹ", "Năm sinh mẹ": "1988", "Lớp học": "3A", "Khối học": "3",
    "Số định danh cá nhân": "79218000001",
}  # fmt: skip


def write_sector(folder: Path, headings: Sequence[str] | None = None) -> Path:
    """DanhSachHocSinh.xlsx (one pupil in grade 3, a footer) and SucKhoe.xlsx."""
    folder.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for grade in range(1, 6):
        sheet = book.create_sheet(f"Khối {grade}")
        for number, title in enumerate(
            ("Sở Giáo dục và Đào tạo", "Trường", "DANH SÁCH HỌC SINH", f"Khối {grade}", "Ngày xuất dữ liệu: 31/05/2027"), 1
        ):
            sheet.cell(number, 1, title)
        sheet.merge_cells("A3:F3")
        sheet.append(headings or sector_headings())
        if grade == 3:
            sheet.append(pupil_line(**PUPIL))
            sheet.cell(9, 2, "Tổng cộng: 1 học sinh")
    book.save(folder / "DanhSachHocSinh.xlsx")
    book = openpyxl.Workbook()
    book.active.title = "SucKhoe"
    book.active.cell(1, 1, "Ngày xuất dữ liệu: 30/05/2027")
    for number, cells in (
        (5, reference()["cot_xuat_suc_khoe"]),
        (6, (1, "3A", CODE, "Đặng Thị Ước", "05/03/2018", "Nữ", 25.5, 1.25, "x", None)),
    ):
        for column, cell in enumerate(cells, 1):
            book.active.cell(number, column, cell)
    book.save(folder / "SucKhoe.xlsx")
    return folder


STAFF_CSV = (
    "Mã cán bộ;Họ và tên;Ngày sinh;Giới tính;Số CCCD;Nhóm cán bộ;Loại cán bộ;Trình độ chuyên môn;Hình thức hợp đồng;Trạng thái;"
    "Ngày trạng thái;Số quyết định\r\nCB001;Nguyễn Đức Quang;24/07/1994;Nam;019094128924;03;01;03;07;01;;\r\n"
    ";Võ Không Mã;;;;;;;;05;01/06/2026;12/QĐ\r\n"
)


def write_staff(folder: Path) -> Path:
    """can_bo.csv, danh_gia.xlsx, tai_khoan.xlsx."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "can_bo.csv").write_bytes(STAFF_CSV.encode("utf-8-sig"))
    criteria = [f"TC{number}" for number in range(1, 16)]
    header = ["STT", "Mã cán bộ", "Họ và tên", "Năm", *criteria, "Chuẩn nghề nghiệp", "Điểm xếp loại", "Xếp loại"]
    _write_titled(
        folder / "danh_gia.xlsx",
        "Đánh giá",
        [header, [1, "CB001", "Nguyễn Đức Quang", 2026, *["Tốt"] * 13, "Chưa đạt", None, "Tốt", 89.99, "HTTNV"]],
    )
    header = ["STT", "Hệ thống", "Tên đăng nhập", "Mã cán bộ", "Vai trò", "Đang mở", "Đăng nhập gần nhất"]
    _write_titled(
        folder / "tai_khoan.xlsx",
        "Tài khoản",
        [header, [1, "email", "quang@a.vn", "CB001", "GV", "x", "30/05/2027"], [2, "lms", "quang", "CB001", "GV", None, None]],
    )
    return folder


def _write_titled(file: Path, title: str, lines: Sequence[Sequence[object]]) -> None:
    book = openpyxl.Workbook()
    book.active.title = title
    for line in (["Trường"], ["DANH SÁCH"], ["Ngày lập: 31/05/2027"], *lines):
        book.active.append(line)
    book.save(file)


def write_all(folder: Path) -> Path:
    """The three systems of a small school."""
    write_qlnt(folder / "qlnt" / "qlnt.sqlite")
    write_sector(folder / "csdl")
    write_staff(folder / "staff")
    return folder


def source_of(folder: Path, system: str, out: Path) -> Source:
    """The source of one system of such a folder; it lands in out/landing and works in out/work."""
    return next(source for source in sources_of_folder(folder, out / "landing", out / "work") if source.system == system)


def fetched(folder: Path, system: str, out: Path) -> Snapshot:
    return source_of(folder, system, out).fetch(DAY)


def left_over(folder: Path) -> list[str]:
    """Every file and hidden folder below, to show that a failed pull left nothing."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.name.startswith("."))
