"""Workbooks and CSV files as people make them: nothing lost to a wrong dimension, real row numbers, text stays text."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter

from connectors.cells import text_of
from connectors.errors import SourceRefused
from connectors.sheets import workbook
from connectors.sheets.workbook import read_grids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS = 40


def write_low(file: Path) -> None:
    """A sheet whose first used cell is C5 and whose row 7 is empty."""
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("Khối 1")
        sheet.write_row(4, 2, ["Mã cán bộ", "Ngày"])
        for number in range(7, ROWS):
            sheet.write_row(number, 2, [f"{number:04d}", number])


def with_part(file: Path, target: Path, name: str, old: bytes, new: bytes) -> Path:
    """The workbook again with something replaced in one of its parts."""
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in source.namelist():
            content = source.read(part)
            if part == name:
                content, count = re.subn(old, new, content)
                assert count == 1
            copy.writestr(part, content)
    return target


@pytest.mark.parametrize("dimension", [b'ref="A1:BS4"', b'ref="A1"', b'ref="Z900:AA901"', b'ref="A1:XFD1048576"', b'ref="C5:D40"'])
def test_the_declared_dimension_is_never_believed(dimension: bytes, tmp_path: Path) -> None:
    write_low(tmp_path / "low.xlsx")
    file = with_part(tmp_path / "low.xlsx", tmp_path / "wrong.xlsx", "xl/worksheets/sheet1.xml", rb'(?<=<dimension )ref="[^"]*"', dimension)
    (grid,) = read_grids(file)
    assert grid.sheet == "Khối 1"
    assert len(grid.rows) == ROWS - 4
    by_number = {number: row for number, row in enumerate(grid.rows, grid.first_row) if any(row)}
    assert list(by_number) == [5, *range(8, ROWS + 1)]
    # the code of each row was written from its place, so the row number can be checked against the cell
    assert all(by_number[number][0] == f"{number - 1:04d}" for number in range(8, ROWS + 1))


def test_a_sheet_without_a_dimension(tmp_path: Path) -> None:
    write_low(tmp_path / "low.xlsx")
    file = with_part(tmp_path / "low.xlsx", tmp_path / "none.xlsx", "xl/worksheets/sheet1.xml", rb"<dimension [^>]*>", b"")
    assert read_grids(file)[0].first_row == 5


def test_row_numbers_are_those_that_openpyxl_sees(tmp_path: Path) -> None:
    write_low(tmp_path / "low.xlsx")
    (grid,) = read_grids(tmp_path / "low.xlsx")
    cells = {cell.value: cell.row for row in openpyxl.load_workbook(tmp_path / "low.xlsx").active.iter_rows() for cell in row if cell.value}
    assert all(cells[row[0]] == number for number, row in enumerate(grid.rows, grid.first_row) if row[0])


def test_cells_of_every_type(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["0079", 79, 1.0, 9.5, datetime(2018, 5, 31), "=1+1", True, None])  # noqa: DTZ001 - cells know no zone
    book.save(tmp_path / "types.xlsx")
    (row,) = read_grids(tmp_path / "types.xlsx")[0].rows
    # openpyxl computes nothing, so the formula has no stored value
    assert [text_of(cell) for cell in row[:7]] == ["0079", "79", "1", "9.5", "2018-05-31", None, "1"]
    assert isinstance(row[4], date)


def test_several_sheets_keep_their_order_and_an_empty_one_is_empty(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Khối 2"
    book.active["A1"] = "b"
    book.create_sheet("Khối 1")
    book.save(tmp_path / "two.xlsx")
    assert [(grid.sheet, list(grid.rows)) for grid in read_grids(tmp_path / "two.xlsx")] == [("Khối 2", [["b"]]), ("Khối 1", [])]


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _halved(file: Path) -> None:
    write_low(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _text(file: Path) -> None:
    file.write_text("<html>Phiên đăng nhập đã hết hạn</html>", encoding="utf-8")


def _other_zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "not a workbook")


def _broken_sheet(file: Path) -> None:
    write_low(file.with_suffix(".tmp"))
    with_part(file.with_suffix(".tmp"), file, "xl/worksheets/sheet1.xml", rb"</sheetData>", b"</sheet")


@pytest.mark.parametrize("spoil", [_empty, _halved, _text, _other_zip, _broken_sheet])
def test_unreadable_workbooks_are_refused_by_name(spoil: object, tmp_path: Path) -> None:
    file = tmp_path / "Hỏng.xlsx"
    assert callable(spoil)
    spoil(file)
    with pytest.raises(SourceRefused) as caught:
        read_grids(file)
    assert caught.value.where == "Hỏng.xlsx"
    assert caught.value.fix


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bom.xlsx"
    write_low(file)
    block = b"0" * (1 << 20)
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/media/x.bin", "w", force_zip64=True) as part,
    ):
        for _ in range(workbook.LARGEST_UNPACKED // len(block) + 1):
            part.write(block)
    # Small enough to pass any look at the file's own size: only what it unpacks to gives it away.
    assert file.stat().st_size < 5_000_000
    with pytest.raises(SourceRefused, match="giải nén"):
        read_grids(file)


LINES = ("Trường Tiểu học", "", "Mã cán bộ;Họ và tên;Địa chỉ", 'CB001;"Nguyễn; Đức";Số 5, đường Ước', "CB002;Trần Thị Ỷ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_csv_encoding_and_delimiter_are_found_out(encoding: str, delimiter: str, tmp_path: Path) -> None:
    text = "\r\n".join(line.replace(";", delimiter) if '"' not in line else _quoted(delimiter) for line in LINES)
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode(encoding))
    (grid,) = read_grids(file)
    assert _filled(grid.rows) == [
        ["Trường Tiểu học"],
        [],
        ["Mã cán bộ", "Họ và tên", "Địa chỉ"],
        ["CB001", "Nguyễn; Đức", "Số 5, đường Ước"],
        ["CB002", "Trần Thị Ỷ"],
    ]
    assert (grid.sheet, grid.first_row) == ("", 1)


def _quoted(delimiter: str) -> str:
    return delimiter.join(("CB001", '"Nguyễn; Đức"', '"Số 5, đường Ước"'))


def _filled(rows: Sequence[Sequence[object]]) -> list[list[str]]:
    return [[text for cell in row if (text := text_of(cell))] for row in rows]


def test_windows_1258_csv(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    # In windows-1258 tones are letters of their own behind the vowel.
    file.write_bytes("Ma\u0303;Tên\nCB1;Nguyê\u0303n Đư\u0301c\n".encode("cp1258"))
    assert text_of(read_grids(file)[0].rows[1][1]) == "Nguyê\u0303n Đư\u0301c"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n", b'a;b\n"c;d\n'])
def test_unreadable_csv_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "can_bo.csv"
    file.write_bytes(content)
    with pytest.raises(SourceRefused) as caught:
        read_grids(file)
    assert caught.value.where == "can_bo.csv"
