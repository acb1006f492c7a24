from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.safe_xlsx import FORMULA_STARTS, LONGEST_CELL, SIGNED_NUMBER, new_workbook, safe_text, sheet_title, write_text

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("http://x")'])
def test_a_formula_is_made_text(text: str) -> None:
    assert safe_text(text).startswith("'")


@pytest.mark.parametrize("text", ["-1", "+84 908 123 456", "-0,5", "0908123456", "Nguyễn Thị Mỹ", "3/2", ""])
def test_ordinary_values_stay_as_delivered(text: str) -> None:
    assert safe_text(text) == text


@given(st.text())
def test_no_text_can_start_a_formula(text: str) -> None:
    safe = safe_text(text)
    assert not safe.startswith(FORMULA_STARTS) or SIGNED_NUMBER.fullmatch(safe)
    assert len(safe) <= LONGEST_CELL


def test_text_is_nfc_and_has_no_control_characters() -> None:
    assert safe_text(unicodedata.normalize("NFD", "Hiếu")) == "Hiếu"
    assert safe_text("a\x00b\x07c") == "a b c"
    assert safe_text(None) == ""


def test_sheet_titles_are_accepted_and_unique() -> None:
    taken: set[str] = set()
    assert [sheet_title(name, taken) for name in ("3/2", "3-2", "[x]:*?", "A" * 40, "a" * 40)] == [
        "3-2", "3-2 (2)", "-x----", "A" * 31, "a" * 27 + " (2)",
    ]  # fmt: skip


def test_codes_keep_their_zeros_and_nothing_is_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    with new_workbook(file, DAY, "thử") as book:
        sheet = book.add_worksheet("x")
        for row, value in enumerate(["0790000001", "=1+1", "http://x.vn", "", "7,9"]):
            write_text(sheet, row, 0, value)
    cells = [cell for (cell,) in openpyxl.load_workbook(file)["x"].iter_rows()]
    assert [cell.value for cell in cells] == ["0790000001", "'=1+1", "http://x.vn", None, "7,9"][: len(cells)]
    assert all(cell.data_type in {"s", "n"} and not isinstance(cell.value, int) for cell in cells)
    assert cells[2].hyperlink is None


def test_the_same_workbook_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        with new_workbook(tmp_path / name, DAY, "thử") as book:
            write_text(book.add_worksheet("x"), 0, 0, "Đ")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created.date() == DAY
