"""Headers in two lines, numbering lines, names of sheets and titles that give a column, cells that cannot be read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from connectors.column_maps import FileMap, SheetTable, load_map
from connectors.errors import SourceChanged, SourceRefused
from connectors.files.reading import read_file
from connectors.sheets.old_workbook_errors import errors_of

SAMPLES = Path(__file__).with_name("samples")
PUPILS = {"to": "pupils", "required": {"pupil_code": "Mã học sinh", "full_name": "Họ tên", "birth_date": "Ngày sinh"}}


def file_map(*tables: dict[str, object], **more: object) -> FileMap:
    return FileMap(names=("x*",), tables=tuple(map(SheetTable.model_validate, tables)), **more)


def write(file: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file


def test_a_header_of_two_lines_with_merged_groups(tmp_path: Path) -> None:
    csdl = load_map("csdl_2025").files[0].tables  # type: ignore[union-attr]
    wanted = ["Mã học sinh", "Số định danh cá nhân", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Hộ khẩu thường trú"]
    upper = [*wanted, "SĐT liên hệ", "Lớp", "Khối", "Trạng thái", "Cha", "", "Mẹ", ""]
    lower = [*[""] * 11, "Họ tên", "Năm sinh", "Họ tên", "Năm sinh"]
    numbering = [f"({number})" for number in range(1, 16)]
    row = ["7900000001", "079218000001", "Lê An", "05/03/2018", "Nam", "Kinh", "Số 5", "", "3A", "3", "01", "Lê Ba", 1985, "Trần Má", 1988]
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        sheet = book.add_worksheet("Khối 3")
        sheet.merge_range(0, 0, 0, 14, "DANH SÁCH HỌC SINH")
        for number, line in enumerate([upper, lower, numbering, row], 2):
            sheet.write_row(number, 0, line)
        sheet.merge_range(2, 11, 2, 12, "Cha")
        sheet.merge_range(2, 13, 2, 14, "Mẹ")
        for column in range(11):
            sheet.merge_range(2, column, 3, column, upper[column])
    parts = read_file(tmp_path / "x.xlsx", FileMap(names=("x*",), tables=csdl)).parts
    assert parts[0].rows.select("pupil_code", "source_row").rows() == [("7900000001", 6)]
    assert parts[1].rows.select("relation", "full_name", "birth_year").rows() == [("cha", "Lê Ba", "1985"), ("mẹ", "Trần Má", "1988")]


def test_a_header_of_three_lines_with_groups_within_groups(tmp_path: Path) -> None:
    csdl = load_map("csdl_2025").files[0].tables  # type: ignore[union-attr]
    wanted = ["Mã học sinh", "Số định danh cá nhân", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Hộ khẩu thường trú"]
    single = [*wanted, "SĐT liên hệ", "Lớp", "Khối", "Trạng thái"]
    lines = [
        [*single, "Thông tin gia đình", "", "", ""],
        [*[""] * len(single), "Cha", "", "Mẹ", ""],
        [*[""] * len(single), "Họ tên", "Năm sinh", "Họ tên", "Năm sinh"],
        ["7900000001", "079218000001", "Lê An", "05/03/2018", "Nam", "Kinh", "Số 5", "", "3A", "3", "01", "Lê Ba", 1985, "Trần Má", 1988],
        ["7900000002", "", "Họ tên", "", "", "", "", "", "3A", "3", "01", "", "", "", ""],
    ]
    write(tmp_path / "x.xlsx", A=[["DANH SÁCH HỌC SINH"], *lines])
    parts = read_file(tmp_path / "x.xlsx", FileMap(names=("x*",), tables=csdl)).parts
    assert parts[0].rows.select("pupil_code", "source_row").rows() == [("7900000001", 5), ("7900000002", 6)]
    assert parts[1].rows.select("relation", "full_name", "birth_year").rows() == [("cha", "Lê Ba", "1985"), ("mẹ", "Trần Má", "1988")]


HEADER: list[object] = ["Mã học sinh", "Họ tên", "Ngày sinh"]


def test_hidden_sheets_are_told_and_read_only_when_named(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path / "x.xlsx", A=[HEADER, ["1", "An", ""]], B=[HEADER, ["2", "Ba", ""]]))
    book["B"].sheet_state = "hidden"
    book.save(tmp_path / "x.xlsx")
    reading = read_file(tmp_path / "x.xlsx", file_map(PUPILS))
    assert [part.sheet for part in reading.parts] == ["A"]
    assert "trang ẩn “B”" in reading.told[0]
    named = read_file(tmp_path / "x.xlsx", file_map(PUPILS, sheets=("A", "B")))
    assert ([part.sheet for part in named.parts], named.told) == (["A", "B"], ())


def test_error_cells_set_their_row_aside_with_the_column(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        sheet = book.add_worksheet("A")
        sheet.write_row(1, 1, [*HEADER, "Ghi chú"])
        sheet.write_row(2, 1, ["1", "An"])
        sheet.write_formula(2, 3, "=B9", None, "#REF!")
        sheet.write_row(3, 1, ["2", "Ba", "05/03/2018"])
        sheet.write_formula(3, 4, "=NA()", None, "#N/A")  # nobody reads this column
        sheet.write_row(4, 1, ["3", "Tư"])
        sheet.write_formula(4, 3, '="05/03/2018"', None, "05/03/2018")
    reading = read_file(tmp_path / "x.xlsx", file_map(PUPILS))
    assert reading.parts[0].rows.select("pupil_code", "birth_date").rows() == [("2", "05/03/2018"), ("3", "05/03/2018")]
    ((stray,),) = reading.strays.values()
    assert (stray.row, stray.reason) == (3, "ô lỗi #REF! ở cột “Ngày sinh”")


@pytest.mark.parametrize("name", ["loi_nho", "loi_lon"])
def test_error_cells_of_an_old_workbook_are_told_like_those_of_a_new_one(name: str) -> None:
    # As LibreOffice saves them: the small one lies in small sectors of the file, the large one in large sectors.
    reading = read_file(SAMPLES / f"{name}.xls", file_map(PUPILS))
    codes = reading.parts[0].rows["pupil_code"].to_list()
    assert codes[:2] == ["2", "3"], "what nobody reads may be an error"
    assert not {"1", "4"} & set(codes)
    (strays,) = reading.strays.values()
    first, last = strays
    assert (first.row, first.reason) == (3, "ô lỗi #DIV/0! ở cột “Ngày sinh”")
    assert (last.row, last.reason) == (len(codes) + 4, "ô lỗi #N/A ở cột “Ngày sinh”")


@pytest.mark.parametrize("at", [30, 48, 60, 68, 76])
def test_an_old_workbook_whose_file_system_is_damaged_is_refused_or_read_and_never_hangs(at: int, tmp_path: Path) -> None:
    content = bytearray((SAMPLES / "loi_lon.xls").read_bytes())
    content[at : at + 4] = b"\x02\x00\x00\x00"
    assert isinstance(errors_of(bytes(content)), list)
    assert errors_of(bytes(content[:2000])) == []
    (tmp_path / "x.xls").write_bytes(content)
    with suppress(SourceRefused):
        assert read_file(tmp_path / "x.xls", file_map(PUPILS)).parts


def test_a_formula_that_was_never_computed_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "x.xlsx", A=[HEADER, ["1", "=B9", ""], ["2", "Ba", ""]])
    ((stray,),) = read_file(file, file_map(PUPILS)).strays.values()
    assert (stray.row, stray.reason) == (2, "ô lỗi công thức chưa được tính ở cột “Họ tên”")
    write(file, A=[HEADER, ["1", "=B9", ""], ["2", "=B8", ""]])
    with pytest.raises(SourceRefused, match="chưa được tính"):
        read_file(file, file_map(PUPILS))


@pytest.mark.parametrize("system", ["1900", "1904"])
def test_old_workbooks_with_dates_of_both_systems_and_as_text(system: str) -> None:
    staff = load_map("staff_2026").files[0].tables[0]  # type: ignore[union-attr]
    required = {name: staff.required[name] for name in ("staff_code", "full_name", "birth_date", "personal_number")}
    table = SheetTable(to="staff", required=required)
    reading = read_file(SAMPLES / f"can_bo_{system}.xls", FileMap(names=("can_bo*",), tables=(table,)))
    assert reading.parts[0].rows.select("staff_code", "birth_date", "personal_number", "source_row").rows() == [
        ("CB001", "1994-07-24", "079094000001", 4),
        ("CB002", "31/12/1980", "79180000002", 5),  # the lost zero is reported by ID-6, not put back
    ]
    assert "trang ẩn “Nháp”" in reading.told[0]


def test_an_ending_is_only_a_name(tmp_path: Path) -> None:
    file = write(tmp_path / "x.xlsx", A=[HEADER, ["1", "An", ""]]).rename(tmp_path / "x.xls")
    assert read_file(file, file_map(PUPILS)).parts[0].rows.height == 1
    file.write_text("<html><table><tr><td>Mã học sinh</td></tr></table></html>", encoding="utf-8")
    with pytest.raises(SourceRefused, match="trang web"):
        read_file(file, file_map(PUPILS))


BY_NAME = {"to": "marks", "required": {"pupil_code": "Mã học sinh", "level": "Mức"}, "from_title": {"time": r"Thời điểm: (?P<v>\w+)"},
           "from_sheet": {"subject": r"^(?P<v>\D+?) \d"}}  # fmt: skip


def test_sheet_names_and_titles_give_what_no_column_says(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Thời điểm: CK1"], ["Mã học sinh", "Mức"], ["1", "T"]]
    parts = read_file(write(tmp_path / "x.xlsx", **{"Toán 3A": rows, "Tiếng Việt 3A": rows}), file_map(BY_NAME)).parts
    assert [part.rows.select("pupil_code", "subject", "time", "level").row(0) for part in parts] == [
        ("1", "Toán", "CK1", "T"),
        ("1", "Tiếng Việt", "CK1", "T"),
    ]
    assert all({"subject", "time"} <= set(part.mapped) for part in parts)
    with pytest.raises(SourceChanged, match="`subject` trong tên trang"):
        read_file(write(tmp_path / "x.xlsx", Sheet=rows), file_map(BY_NAME))
    with pytest.raises(SourceChanged, match="`time` trong dòng tên biểu"):
        read_file(write(tmp_path / "x.xlsx", **{"Toán 3A": rows[1:]}), file_map(BY_NAME))


@pytest.mark.parametrize("ending", ["xls", "xlsx"])
def test_a_workbook_with_a_password_is_told(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"x.{ending}"
    # what stands at the head and in the directory of every workbook with a password
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1016 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 480)
    with pytest.raises(SourceRefused, match="mật khẩu"):
        read_file(file, file_map(PUPILS))
