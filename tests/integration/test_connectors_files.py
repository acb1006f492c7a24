"""Drop folders of real workbooks and CSV files: what arrives, what is refused, and that nothing half-written is left."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from tests.integration.connector_sources import (
    CODE,
    DAY,
    PUPIL,
    fetched,
    left_over,
    pupil_line,
    sector_headings,
    source_of,
    write_sector,
    write_staff,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


def test_sector_exports_become_canonical(tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl")
    snapshot = fetched(tmp_path, "csdl", tmp_path / "out")
    pupil = snapshot.scan("pupils").collect().row(0, named=True)
    expected = {
        "pupil_code": CODE, "personal_number": "79218000001", "full_name": "Đặng Thị Ước", "birth_date": date(2018, 3, 5),
        "birth_date_text": "05/03/2018", "sex": "Nữ", "ethnicity": "05", "ethnicity_text": "Khơ-me", "nationality": None,
        "permanent_address": "Số 5, đường Ước", "policy_category": None, "disability": None, "not_assessed": None,
        "contact_phone": "908123456", "contact_phone_text": "908123456", "class_name": "3A", "grade": 3, "enrolment_kind": None,
        "status": "01", "status_date": None,
        "source_system": "csdl", "source_file": "DanhSachHocSinh.xlsx", "source_sheet": "Khối 3", "source_row": 7,
    }  # fmt: skip
    assert pupil == expected
    guardians = snapshot.scan("guardians").select("relation", "full_name", "birth_year", "phone", "source_row").collect().rows()
    assert guardians == [("cha", "Đặng Ba", 1985, None, 7), ("mẹ", "Trần Thị Mẹ", 1988, None, 7)]
    health = snapshot.scan("health").select("pupil_code", "class_name", "height_cm", "weight_kg", "source_row").collect().rows()
    assert health == [(CODE, "3A", 1.25, 25.5, 6)]


def test_state_says_what_was_delivered_set_aside_and_landed(tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl")
    state = fetched(tmp_path, "csdl", tmp_path / "out").sources["csdl"]
    assert state.delivered == {
        "pupils": (
            "pupil_code", "personal_number", "full_name", "birth_date", "birth_date_text", "sex", "ethnicity", "ethnicity_text",
            "permanent_address", "contact_phone", "contact_phone_text", "class_name", "grade", "status",
        ),
        "guardians": ("pupil_code", "relation", "full_name", "birth_year"),
        "health": ("pupil_code", "class_name", "height_cm", "weight_kg"),
    }  # fmt: skip
    assert state.quarantined == {"pupils": 1}
    assert state.data_as_of == DAY
    assert (state.fresh, state.taken_from) == (True, None)
    assert state.files == digests(tmp_path / "csdl") == digests(tmp_path / "out" / "landing" / "2027-05-31" / "csdl")


def test_staff_folder_becomes_canonical(tmp_path: Path) -> None:
    write_staff(tmp_path / "staff")
    snapshot = fetched(tmp_path, "staff", tmp_path / "out")
    staff = snapshot.scan("staff").collect()
    assert staff.select("staff_code", "birth_date", "position", "status", "source_file", "source_sheet", "source_row").rows() == [
        ("CB001", date(1994, 7, 24), "01", "01", "can_bo.csv", "", 2),
        (None, None, None, "05", "can_bo.csv", "", 3),
    ]
    rating = snapshot.scan("ratings").select(
        "staff_code", "year", "criteria", "standard_rating", "civil_score", "civil_rating", "source_row"
    )
    assert rating.collect().rows() == [("CB001", "2026", "TTTTTTTTTTTTTC-", "Tốt", 89.99, "HTTNV", 5)]
    accounts = snapshot.scan("accounts").select("account_system", "username", "active", "last_login").collect().rows()
    assert accounts == [("email", "quang@a.vn", True, date(2027, 5, 30)), ("lms", "quang", False, None)]
    assert snapshot.sources["staff"].data_as_of == DAY


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl")
    for out in ("one", "two"):
        fetched(tmp_path, "csdl", tmp_path / out)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    fetched(tmp_path, "csdl", tmp_path / "one")
    assert digests(tmp_path / "one") == digests(tmp_path / "two"), "a second pull of the same day must add nothing"


def test_a_changed_file_of_the_same_day_keeps_the_earlier_landing(tmp_path: Path) -> None:
    write_staff(tmp_path / "staff")
    fetched(tmp_path, "staff", tmp_path / "out")
    before = digests(tmp_path / "out" / "landing" / "2027-05-31" / "staff")
    with (tmp_path / "staff" / "can_bo.csv").open("a", encoding="utf-8") as stream:
        stream.write("CB002;Trần Thị Ỷ;;;;;;;;01;;\r\n")
    assert fetched(tmp_path, "staff", tmp_path / "out").rows["staff"] == 3
    assert digests(tmp_path / "out" / "landing" / "2027-05-31" / "staff~1") == before


def test_names_of_files_and_headings_may_be_decomposed_or_bare(tmp_path: Path) -> None:
    headings = [unicodedata.normalize("NFD", heading).upper() for heading in sector_headings()]
    write_sector(tmp_path / "csdl", headings)
    (tmp_path / "csdl" / "DanhSachHocSinh.xlsx").rename(tmp_path / "csdl" / "DANHSACHHOCSINH_2027.XLSX")
    (tmp_path / "csdl" / "~$SucKhoe.xlsx").write_bytes(b"Excel's own lock file")
    assert fetched(tmp_path, "csdl", tmp_path / "out").rows["pupils"] == 1


def test_a_lost_optional_column_is_not_delivered_and_no_error(tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl", [heading if heading != "Năm sinh mẹ" else "Ghi chú" for heading in sector_headings()])
    snapshot = fetched(tmp_path, "csdl", tmp_path / "out")
    assert not snapshot.delivers("csdl", "guardians", ["birth_year"])
    assert snapshot.delivers("csdl", "guardians", ["full_name"])


def _no_folder(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def _no_file(folder: Path) -> None:
    (folder / "SucKhoe.xlsx").unlink()


def _empty(folder: Path) -> None:
    (folder / "SucKhoe.xlsx").write_bytes(b"")


def _corrupt(folder: Path) -> None:
    file = folder / "SucKhoe.xlsx"
    file.write_bytes(file.read_bytes()[:-200])


def _no_rows(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "DanhSachHocSinh.xlsx")
    book["Khối 3"].delete_rows(7, 3)
    book.save(folder / "DanhSachHocSinh.xlsx")


def _lost_column(folder: Path) -> None:
    write_sector(folder, ["Ngày tháng năm sinh" if heading == "Ngày sinh" else heading for heading in sector_headings()])


def _lost_sheet(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "DanhSachHocSinh.xlsx")
    del book["Khối 5"]
    book.save(folder / "DanhSachHocSinh.xlsx")


def _no_header(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "SucKhoe.xlsx")
    book["SucKhoe"].delete_rows(5)
    book.save(folder / "SucKhoe.xlsx")


def _two_files(folder: Path) -> None:
    (folder / "SucKhoe (1).xlsx").write_bytes((folder / "SucKhoe.xlsx").read_bytes())


BREAKS: dict[str, tuple[Callable[[Path], None], type[SourceError], tuple[str, ...]]] = {
    "missing folder": (_no_folder, SourceUnreachable, ("csdl",)),
    "missing file": (_no_file, SourceUnreachable, ("SucKhoe",)),
    "empty file": (_empty, SourceRefused, ("SucKhoe.xlsx", "rỗng")),
    "corrupt file": (_corrupt, SourceRefused, ("SucKhoe.xlsx", "hỏng")),
    "file without rows": (_no_rows, SourceRefused, ("DanhSachHocSinh.xlsx", "không có dòng")),
    "lost column": (_lost_column, SourceChanged, ("“Ngày sinh”", "DanhSachHocSinh.xlsx, trang “Khối 1”", "“Ngày tháng năm sinh”")),
    "lost sheet": (_lost_sheet, SourceChanged, ("“Khối 5”", "DanhSachHocSinh.xlsx")),
    "no header": (_no_header, SourceChanged, ("tiêu đề", "SucKhoe.xlsx")),
    "two files of a kind": (_two_files, SourceRefused, ("SucKhoe (1).xlsx", "SucKhoe.xlsx")),
}


@pytest.mark.parametrize("name", BREAKS)
def test_bad_input_is_one_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl")
    spoil, kind, told = BREAKS[name]
    spoil(tmp_path / "csdl")
    with pytest.raises(SourceError) as caught:
        fetched(tmp_path, "csdl", tmp_path / "out")
    assert type(caught.value) is kind
    line = caught.value.line()
    assert all(text in line for text in told), line
    assert "→" in line
    assert CODE not in line
    assert left_over(tmp_path / "out") == []


def test_a_failed_pull_keeps_what_an_earlier_one_landed(tmp_path: Path) -> None:
    write_sector(tmp_path / "csdl")
    fetched(tmp_path, "csdl", tmp_path / "out")
    before = left_over(tmp_path / "out")
    _corrupt(tmp_path / "csdl")
    with pytest.raises(SourceRefused):
        fetched(tmp_path, "csdl", tmp_path / "out")
    assert left_over(tmp_path / "out") == before


def test_the_source_itself_is_only_read(tmp_path: Path) -> None:
    write_staff(tmp_path / "staff")
    before = digests(tmp_path / "staff")
    source_of(tmp_path, "staff", tmp_path / "out").fetch(DAY)
    assert digests(tmp_path / "staff") == before


def test_a_big_export_is_read_whole_and_in_order(tmp_path: Path) -> None:
    rows = 2000
    write_sector(tmp_path / "csdl")
    book = openpyxl.load_workbook(tmp_path / "csdl" / "DanhSachHocSinh.xlsx")
    book["Khối 3"].delete_rows(7, 3)
    for number in range(rows):
        book["Khối 3"].append(pupil_line(**{**PUPIL, "Mã định danh Bộ GD&ĐT": f"79{number:08d}"}))
    book.save(tmp_path / "csdl" / "DanhSachHocSinh.xlsx")
    pupils = fetched(tmp_path, "csdl", tmp_path / "out").scan("pupils").select("pupil_code", "source_row").collect()
    assert pupils["pupil_code"].to_list() == [f"79{number:08d}" for number in range(rows)]
    assert pupils["source_row"].to_list() == pl.arange(7, rows + 7, eager=True).to_list()
