"""Headings are found however they are spelt; a lost one is told with what it may have become."""

from __future__ import annotations

import unicodedata

import pytest

from connectors.column_maps import SheetTable
from connectors.errors import SourceChanged
from connectors.headings import Header, fold, joined_lines, known_headings

TABLE = SheetTable(
    to="pupils",
    required={"pupil_code": ("Mã định danh Bộ GD&ĐT",), "birth_date": ("Ngày sinh",)},
    optional={"full_name": ("Họ tên", "Họ và tên")},
)


def header(*headings: str) -> Header:
    return Header(headings, "Tệp.xlsx, trang “Khối 1”", known_headings([TABLE]))


@pytest.mark.parametrize(
    "spelling",
    [
        "Ngày sinh",
        "NGÀY SINH",
        "Ngay sinh",
        "  ngày\n sinh ",
        "Ngày\u00a0sinh",
        unicodedata.normalize("NFD", "Ngày sinh"),
        "Ngày sinh (*)",
        "Ngày sinh:",
    ],
)
def test_spellings_of_one_heading(spelling: str) -> None:
    assert fold(spelling) == "ngay sinh"


def test_d_with_stroke_is_folded() -> None:
    assert fold("Mã định danh Bộ GD&ĐT") == "ma dinh danh bo gd dt"


def test_columns_are_found_in_any_order_and_by_alias() -> None:
    assert header("STT", "Họ và tên", "ngay sinh", "MÃ ĐỊNH DANH BỘ GD&ĐT").columns(TABLE) == {
        "full_name": 1,
        "birth_date": 2,
        "pupil_code": 3,
    }


def test_a_lost_optional_column_is_left_out() -> None:
    assert set(header("Ngày sinh", "Mã định danh Bộ GD&ĐT").columns(TABLE)) == {"birth_date", "pupil_code"}


def test_a_lost_required_column_is_told_with_its_likely_new_name() -> None:
    with pytest.raises(SourceChanged) as caught:
        header("Mã định danh Bộ GD&ĐT", "Họ tên", "Ngày tháng năm sinh", "Lớp").columns(TABLE)
    line = caught.value.line()
    assert "Mất cột “Ngày sinh”" in line
    assert "Tệp.xlsx, trang “Khối 1”" in line
    assert "“Ngày tháng năm sinh”" in line
    assert "“Họ tên”" not in line
    assert "“Lớp”" not in line


def test_two_columns_of_one_name_are_ambiguous() -> None:
    with pytest.raises(SourceChanged, match="2 cột cùng tên"):
        header("Mã định danh Bộ GD&ĐT", "Ngày sinh", "NGÀY SINH").columns(TABLE)


def test_two_lines_of_headings_are_joined_by_their_groups() -> None:
    upper = ("STT", "Mã", "Họ tên", "Cha", "", "Mẹ", "", "Thông tin khác", "", "Ghi chú")
    lower = ("", "", "", "Họ tên", "Năm sinh", "Họ tên", "Năm sinh", "Ngày sinh", "Lớp", "")
    known = frozenset({"ma", "ho ten", "ho ten cha", "nam sinh me", "ngay sinh"})
    assert joined_lines(upper, lower, known) == (
        "STT", "Mã", "Họ tên", "Họ tên Cha", "Năm sinh Cha", "Họ tên Mẹ", "Năm sinh Mẹ", "Ngày sinh", "Lớp Thông tin khác", "Ghi chú",
    )  # fmt: skip
