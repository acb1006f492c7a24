"""From grids to rows: the header below title lines, title dates, footers set aside, several tables out of one sheet."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.column_maps import FileMap, SheetTable
from connectors.sheets.grid import Grid
from connectors.sheets.layout import dates_of, find_sheet, parts_of

if TYPE_CHECKING:
    from connectors.sheets.layout import Sheet

CODE = ("Mã định danh",)
FILE_MAP = FileMap(
    names=("x*",),
    tables=(
        SheetTable(to="pupils", required={"pupil_code": CODE, "full_name": ("Họ tên",)}, optional={"class_name": ("Lớp",)}),
        SheetTable(
            to="guardians", required={"pupil_code": CODE, "full_name": ("Tên cha",)}, constant={"relation": "cha"}, only_with=("full_name",)
        ),
        SheetTable(
            to="guardians", required={"pupil_code": CODE, "full_name": ("Tên mẹ",)}, constant={"relation": "mẹ"}, only_with=("full_name",)
        ),
    ),
)
HEADER = ("STT", "Mã định danh", "Họ tên", "Lớp", "Tên cha", "Tên mẹ")
ROW_1 = (1.0, "7900000001", "Nguyễn An", "1A", "Nguyễn Ba", "Trần Má")
ROW_2 = (2.0, "7900000002", "Lê Bình", "1A", "", "Lê Mẹ")
# The second begins like a heading, and is none.
TITLES = (("SỞ GIÁO DỤC VÀ ĐÀO TẠO",), ("Họ tên người lập: Lê Thị Xuất",), ("Ngày xuất dữ liệu: 31/05/2027",))


def sheet_of(*rows: tuple[object, ...], first_row: int = 1) -> Sheet:
    width = max(map(len, rows))
    found = find_sheet(Grid("Khối 1", first_row, [[*row, *[""] * (width - len(row))] for row in rows]), "x.xlsx", FILE_MAP)
    assert found is not None
    return found


def test_header_is_found_below_title_lines_and_rows_keep_their_numbers() -> None:
    parts, strays = parts_of(sheet_of(*TITLES, (), HEADER, ROW_1, (), ROW_2, first_row=3), FILE_MAP)
    assert strays == 0
    assert [part.table for part in parts] == ["pupils", "guardians"]
    assert parts[0].rows.select("pupil_code", "class_name", "source_row").rows() == [("7900000001", "1A", 8), ("7900000002", "1A", 10)]


def test_fathers_and_mothers_stand_in_the_order_of_the_rows_and_only_where_named() -> None:
    parts, _ = parts_of(sheet_of(HEADER, ROW_1, ROW_2), FILE_MAP)
    assert parts[1].rows.select("relation", "full_name", "source_row").rows() == [
        ("cha", "Nguyễn Ba", 2),
        ("mẹ", "Trần Má", 2),
        ("mẹ", "Lê Mẹ", 3),
    ]
    assert set(parts[1].mapped) == {"pupil_code", "relation", "full_name"}


FOOTERS = (
    ("", "Tổng cộng: 2 học sinh"),
    ("Tổng cộng: 2 học sinh",),
    ("", "", "TP. Hồ Chí Minh, ngày 31 tháng 5 năm 2027"),
    ("", "Người lập biểu", "", "", "Hiệu trưởng"),
    HEADER,  # repeated on every printed page
)


@pytest.mark.parametrize("footer", FOOTERS)
def test_footers_are_set_aside_and_counted(footer: tuple[str, ...]) -> None:
    parts, strays = parts_of(sheet_of(HEADER, ROW_1, ROW_2, footer), FILE_MAP)
    assert strays == 1
    assert parts[0].rows.height == 2


@pytest.mark.parametrize("bad", [("", "", "Lê Không Mã", "1A"), ("", "7900000003"), ("", "79 0000 0003", "Lê Cách", "1A", "x")])
def test_a_bad_row_is_still_a_row(bad: tuple[str, ...]) -> None:
    parts, strays = parts_of(sheet_of(HEADER, ROW_1, bad), FILE_MAP)
    assert (strays, parts[0].rows.height) == (0, 2)


def test_a_lost_optional_column_is_not_mapped() -> None:
    rows = [tuple(cell for place, cell in enumerate(row) if place != 3) for row in (HEADER, ROW_1)]
    parts, _ = parts_of(sheet_of(*rows), FILE_MAP)
    assert set(parts[0].mapped) == {"pupil_code", "full_name"}
    assert "class_name" not in parts[0].rows.columns


def test_a_sheet_without_known_headings_is_none() -> None:
    assert find_sheet(Grid("Hướng dẫn", 1, [["Cách nhập"], ["Họ tên ghi bằng chữ in"]]), "x.xlsx", FILE_MAP) is None
    assert find_sheet(Grid("Trống", 1, []), "x.xlsx", FILE_MAP) is None


@pytest.mark.parametrize(
    ("title", "dates"),
    [
        (("Ngày xuất dữ liệu: 31/05/2027",), [date(2027, 5, 31)]),
        (("", "NGAY XUAT DU LIEU :  1/6/2027 lúc 08:15"), [date(2027, 6, 1)]),
        (("Ngày xuất dữ liệu:", date(2027, 5, 31)), [date(2027, 5, 31)]),
        (("Ngày xuất dữ liệu: 31/02/2027",), []),
        (("Năm học 2026-2027, khai giảng 05/09/2026",), []),
    ],
)
def test_dates_of_title_lines(title: tuple[object, ...], dates: list[date]) -> None:
    assert dates_of(sheet_of(title, HEADER, ROW_1), ("Ngày xuất dữ liệu", "Ngày lập")) == dates


def test_lettered_criteria() -> None:
    letters = {"columns": ("TC1", "TC2", "TC3"), "letters": {"Tốt": "T", "Chưa đạt": "C"}}
    ratings = SheetTable.model_validate({"to": "ratings", "required": {"staff_code": "Mã"}, "lettered": {"criteria": letters}})
    file_map = FileMap(names=("x",), tables=(ratings,))
    grid = Grid("", 1, [["Mã", "TC1", "TC2", "TC3"], ["CB1", "tốt", "", "CHƯA ĐẠT"], ["CB2", "", "", ""], ["CB3", "Tốt", "?", "Tốt"]])
    sheet = find_sheet(grid, "x.csv", file_map)
    assert sheet is not None
    (part,), _ = parts_of(sheet, file_map)
    assert part.rows.select(pl.col("criteria")).to_series().to_list() == ["T-C", None, "T-T"]


def test_an_empty_tick_box_is_no() -> None:
    accounts = SheetTable.model_validate(
        {"to": "accounts", "required": {"username": "Tên đăng nhập", "active": "Đang mở"}, "when_empty": {"active": "0"}}
    )
    file_map = FileMap(names=("x",), tables=(accounts,))
    sheet = find_sheet(Grid("", 1, [["Tên đăng nhập", "Đang mở", "Vai trò"], ["an", "x", "GV"], ["ba", "", "GV"]]), "x.csv", file_map)
    assert sheet is not None
    (part,), _ = parts_of(sheet, file_map)
    assert part.rows["active"].to_list() == ["x", "0"]
