"""Writes the school management system's own database (SQLite), in its own table and column names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from connectors.demo import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from connectors.demo.school import School

FINAL, FINAL_AS_DELIVERED = "CN", "CK2"  # the system calls the end of the year CK2


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of the system: its columns with their SQL types, in the order of the row's own fields."""

    table: str
    row: type
    columns: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    @property
    def read(self) -> attrgetter[Any]:
        """Takes a row's values in column order."""
        return attrgetter(*(field.name for field in fields(self.row) if field.name not in self.skipped))

    @property
    def create(self) -> str:
        """The CREATE TABLE statement."""
        return f"CREATE TABLE {self.table} (id INTEGER PRIMARY KEY, {', '.join(self.columns)})"

    @property
    def insert(self) -> str:
        """The INSERT statement; the id comes first."""
        return f"INSERT INTO {self.table} VALUES ({', '.join('?' * (len(self.columns) + 1))})"  # noqa: S608 - constants of this file


def _texts(names: str) -> tuple[str, ...]:
    """`a b:INTEGER` -> column definitions; text where no type stands."""
    pairs = (name.partition(":") for name in names.split())
    return tuple(f"{name} {kind or 'TEXT'}" for name, _, kind in pairs)


LAYOUTS: dict[str, Layout] = {
    "pupils": Layout(
        "hoc_sinh",
        rows.PupilRow,
        _texts(
            "ma_hs so_dinh_danh ho_ten ngay_sinh gioi_tinh dan_toc quoc_tich dia_chi_thuong_tru dien_chinh_sach loai_khuyet_tat "
            "khong_danh_gia:INTEGER dien_thoai lop khoi:INTEGER loai_nhap_hoc trang_thai ngay_trang_thai"
        ),
    ),
    "guardians": Layout("phu_huynh", rows.GuardianRow, _texts("ma_hs quan_he ho_ten nam_sinh:INTEGER dien_thoai")),
    "classes": Layout("lop_hoc", rows.ClassRow, _texts("ten_lop khoi:INTEGER nam_hoc ma_gvcn so_buoi:INTEGER lop_ghep:INTEGER")),
    "movements": Layout("bien_dong", rows.MovementRow, _texts("ma_hs loai ngay noi ly_do")),
    "assignments": Layout("phan_cong", rows.AssignmentRow, _texts("lop mon ma_gv")),
    "marks": Layout("diem", rows.MarkRow, _texts("ma_hs lop khoi:INTEGER mon thoi_diem muc diem lan:INTEGER nguoi_nhap luc_nhap")),
    "traits": Layout("nang_luc_pham_chat", rows.TraitRow, _texts("ma_hs lop khoi:INTEGER thoi_diem ma_nlpc muc")),
    "year_results": Layout(
        "ket_qua_nam",
        rows.YearResultRow,
        _texts("ma_hs lop khoi:INTEGER ket_qua khen_thuong hoan_thanh:INTEGER len_lop:INTEGER quyet_dinh"),
    ),
    "attendance": Layout("chuyen_can", rows.AttendanceRow, _texts("ma_hs lop thang co_phep:INTEGER khong_phep:INTEGER tong:INTEGER")),
    "accounts": Layout(
        "tai_khoan", rows.AccountRow, _texts("ten_dang_nhap ma_can_bo vai_tro dang_mo:INTEGER lan_cuoi"), ("account_system",)
    ),
}


def write_qlnt(file: Path, school: School) -> None:
    """Write the whole database; ids are row numbers in delivery order."""
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # The folder is renamed to its place only when all is written: no journal is needed to survive a crash.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE thong_tin (khoa TEXT PRIMARY KEY, gia_tri TEXT)")
        connection.executemany("INSERT INTO thong_tin VALUES (?, ?)", _about(school))
        for name, layout in LAYOUTS.items():
            connection.execute(layout.create)
            connection.executemany(layout.insert, _numbered(layout, getattr(school.qlnt, name)))
        connection.execute("COMMIT")


def _about(school: School) -> list[tuple[str, str]]:
    return [("ngay_du_lieu", school.day.isoformat()), ("nam_hoc", school.year.label), ("truong", school.name)]


def _numbered(layout: Layout, items: Iterable[object]) -> Iterator[tuple[object, ...]]:
    names = [definition.split()[0] for definition in layout.columns]
    time = names.index("thoi_diem") + 1 if "thoi_diem" in names else None
    read = layout.read
    for number, item in enumerate(items, 1):
        values = (number, *read(item))
        if time is not None and values[time] == FINAL:
            values = (*values[:time], FINAL_AS_DELIVERED, *values[time + 1 :])
        yield values
