from __future__ import annotations

import re
import stat
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from connectors.records.quarantine import NOT_A_ROW, QUARANTINE, quarantined
from connectors.records.snapshot import sha256_of
from expectations.findings import ROOT, no_findings
from expectations.report.class_lists import list_of_each_class
from expectations.report.write import write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expectations.report.content import ReportContent, ReportFiles


@pytest.fixture
def files(tmp_path: Path, content: ReportContent) -> ReportFiles:
    return write_report(tmp_path / "2027-05-31", content)


def cells_of(file: Path) -> list[object]:
    book = openpyxl.load_workbook(file)
    return [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]


def people_of(content: ReportContent) -> set[str]:
    pupils = content.snapshot.scan("pupils").select("full_name", "pupil_code", "personal_number", "contact_phone", "permanent_address")
    staff = content.snapshot.scan("staff").select("full_name", "staff_code")
    return {str(value) for frame in (pupils, staff) for row in frame.collect().iter_rows() for value in row if value}


def test_the_public_copies_hold_no_name_code_or_value(files: ReportFiles, content: ReportContent) -> None:
    page = files.html.read_text(encoding="utf-8")
    table = "\n".join(str(value) for value in cells_of(files.workbook_public))
    private = {*people_of(content), "kim.an", *content.findings["value"].drop_nulls(), *content.findings["key"]}
    assert len(private) > 100
    found = {word for word in private if len(word) > 3 and (word in page or word in table)}
    assert not found


def test_the_private_list_names_who_and_where(files: ReportFiles) -> None:
    book = openpyxl.load_workbook(files.workbook_private)
    assert book.sheetnames == ["Tổng hợp", "1A", "5-2", "Nhân sự", "Tiến độ nhập", "Duyệt kết quả"]
    header = [cell.value for cell in book["1A"][4]]
    assert header == ["Mức", "Việc cần sửa", "Học sinh/cán bộ", "Mã", "Cột", "Đang ghi", "Nên là", "Sửa ở đâu", "Ai sửa",
                      "Nguồn (tệp › trang › dòng)", "Từ ngày", "Số đêm"]  # fmt: skip
    rows = {row[1]: row for row in book["1A"].iter_rows(min_row=5, values_only=True)}
    address = rows["Học sinh đang học thiếu địa chỉ thường trú"]
    assert address[2:6] == ("Trần Văn Bảo An", "7900000001", "Địa chỉ thường trú", "(trống)")
    assert address[8:] == ("Giáo viên chủ nhiệm: Nguyễn Thị Kim An", "qlnt › pupils › 7", "29/05/2027", "3")
    assert rows["Hai học sinh trùng họ tên và ngày sinh"][2] == "Lê Ngọc Châu An ↔ Phạm Gia Duyên An"


def test_a_gradebook_goes_to_its_own_teacher(files: ReportFiles) -> None:
    rows = {row[1]: row for row in openpyxl.load_workbook(files.workbook_private)["5-2"].iter_rows(min_row=5, values_only=True)}
    assert rows["Cả lớp chưa nhập môn này"][8] == "Giáo viên dạy môn: Phạm Thị Kim Duyên"
    assert rows["Cả lớp chưa nhập môn này"][3] == "5/2"
    assert [row[0] for row in rows.values()][:2] == ["Chặn", "Chặn"]  # the gravest first


def test_an_account_shows_its_user_name_and_owner(files: ReportFiles) -> None:
    rows = {row[1]: row for row in openpyxl.load_workbook(files.workbook_private)["Nhân sự"].iter_rows(min_row=5, values_only=True)}
    assert rows["Người đã nghỉ việc vẫn còn tài khoản đang mở"][2:4] == ("Trần Thị Kim Bảo", "kim.an")


def test_the_list_of_a_class_is_its_own_sheet_and_names_no_child_of_another(files: ReportFiles, content: ReportContent) -> None:
    whole = openpyxl.load_workbook(files.workbook_private)
    lists = list_of_each_class(files.class_lists)
    assert list(lists) == ["1A", "5-2"]
    for name, file in lists.items():
        book = openpyxl.load_workbook(file)
        assert book.sheetnames[0] == "Cần sửa"
        assert list(book["Cần sửa"].iter_rows(values_only=True)) == list(whole[name].iter_rows(values_only=True))
        classes = {row[2] for row in book["Tiến độ nhập"].iter_rows(min_row=5, values_only=True)}
        assert classes == {name.replace("-", "/")}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    pupils = content.snapshot.scan("pupils").select("full_name", "class_name").collect()
    others = set(pupils.filter(pl.col("class_name") != "5/2")["full_name"].drop_nulls())
    assert others
    assert not others & {str(cell) for cell in cells_of(lists["5-2"])}


def test_what_is_folded_stands_in_the_list_of_its_own_class(tmp_path: Path, content: ReportContent) -> None:
    folded = content.findings.head(1).with_columns(pl.lit("1A").alias("class_name"), **{name: pl.lit("x#y#z") for name in ROOT})
    files = write_report(tmp_path / "day", replace(content, folded=folded.select(content.folded.columns)))
    sheets = {name: openpyxl.load_workbook(file).sheetnames for name, file in list_of_each_class(files.class_lists).items()}
    assert ("Chi tiết gộp" in sheets["1A"], "Chi tiết gộp" in sheets["5-2"]) == (True, False)


def test_private_cells_are_text_and_no_formula(files: ReportFiles) -> None:
    book = openpyxl.load_workbook(files.workbook_private)
    cells = [cell for name in ("1A", "5-2", "Nhân sự") for row in book[name].iter_rows(min_row=5) for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert "'=9,5" in [cell.value for cell in cells]
    assert "-1" in [cell.value for cell in cells]


def test_lists_are_ready_to_use_and_print(files: ReportFiles) -> None:
    sheet = openpyxl.load_workbook(files.workbook_private)["1A"]
    assert sheet.freeze_panes == "A5"
    assert sheet.auto_filter.ref == "A4:L9"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == ("landscape", 9, 0)
    assert sheet.print_title_rows == "$4:$4"


def test_the_private_folder_is_closed_to_others(files: ReportFiles) -> None:
    assert stat.S_IMODE(files.workbook_private.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.workbook_private.stat().st_mode) == 0o600


def test_the_same_night_gives_the_same_bytes(tmp_path: Path, content: ReportContent) -> None:
    first, second = write_report(tmp_path / "a", content), write_report(tmp_path / "b", replace(content, findings=content.findings.clone()))
    for name in ("html", "workbook_public", "workbook_private"):
        assert sha256_of(getattr(first, name)) == sha256_of(getattr(second, name)), name
    for one, other in zip(sorted(first.class_lists.iterdir()), sorted(second.class_lists.iterdir()), strict=True):
        assert (one.name, sha256_of(one)) == (other.name, sha256_of(other))


def test_writing_twice_leaves_one_folder(tmp_path: Path, content: ReportContent) -> None:
    write_report(tmp_path / "out" / "day", content)
    write_report(tmp_path / "out" / "day", content)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["day"]


class Resources(HTMLParser):
    """Everything that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]


def test_the_page_needs_nothing_else(files: ReportFiles) -> None:
    page = files.html.read_text(encoding="utf-8")
    parser = Resources()
    parser.feed(page)
    assert parser.found == []
    assert "script" not in parser.tags
    assert not re.search(r"@import|url\(", page)


def test_the_page_is_nfc_and_escaped(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make(school=unicodedata.normalize("NFD", "Trường <b>Hiếu</b>"))
    page = write_report(tmp_path / "out", content).html.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", page)
    assert "Trường &lt;b&gt;Hiếu&lt;/b&gt;" in page


def test_a_rule_without_rows_is_said_to_be_undecided(files: ReportFiles) -> None:
    page = files.html.read_text(encoding="utf-8")
    row = re.search(r'<tr class="(\w+)">(?:(?!</tr>).)*SK-1/1.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert row[1] == "none"
    assert "chưa đủ dữ liệu" in row[0]


def test_totals_that_do_not_tie_are_said(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make()
    wrong = replace(content.totals[0], exported=1)
    page = write_report(tmp_path / "out", replace(content, totals=(wrong,))).html.read_text(encoding="utf-8")
    assert "KHÔNG KHỚP" in page


def test_an_empty_night_still_has_a_report(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make(findings=no_findings(), examined={}, totals=(), earlier=(), exports=(), backup_proof=None, source_problems=())
    files = write_report(tmp_path / "out", content)
    assert openpyxl.load_workbook(files.workbook_private).sheetnames == ["Tổng hợp", "Tiến độ nhập", "Duyệt kết quả"]
    assert "Hôm nay không có việc nào phải sửa" in files.html.read_text(encoding="utf-8")


def test_records_without_a_code_are_named_by_their_place(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make()
    nameless = content.snapshot.scan("pupils").collect()
    nameless = nameless.with_columns(pupil_code=pl.when(pl.col("source_row") == 7).then(None).otherwise("pupil_code"))
    nameless.write_parquet(content.snapshot.path("pupils"))
    found = content.findings.filter(pl.col("rule") == "QC-19.6/5").with_columns(key=pl.lit("qlnt#Khối 1#7"), class_name=pl.lit("1A"))
    files = write_report(tmp_path / "out", replace(content, findings=found))
    row = next(openpyxl.load_workbook(files.workbook_private)["1A"].iter_rows(min_row=5, values_only=True))
    assert row[2:4] == ("Nguyễn Thị An An", None)


def test_lines_that_could_not_be_read_are_listed_with_their_place_and_reason(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make()
    origin = {
        "table": "pupils",
        "reason": NOT_A_ROW,
        "source_system": "csdl",
        "source_file": "DanhSachHocSinh.xlsx",
        "source_sheet": "Khối 1",
    }
    quarantined(pl.LazyFrame({"Họ tên": ["Tổng cộng"], "source_row": [43]}), origin).collect().write_parquet(
        content.snapshot.path(QUARANTINE)
    )
    files = write_report(tmp_path / "out", content)
    sheet = openpyxl.load_workbook(files.workbook_private)["Tạm giữ"]
    row = next(sheet.iter_rows(min_row=5, values_only=True))
    assert row == ("CSDL ngành", "DanhSachHocSinh.xlsx", "Khối 1", 43, "Học sinh", NOT_A_ROW)
    assert "Tổng cộng" not in files.html.read_text(encoding="utf-8")
