"""CSV in the codes that people's programs write; text from before Unicode is named, converted only where the map allows it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from connectors.column_maps import FileMap, SheetTable
from connectors.errors import SourceRefused
from connectors.files.reading import read_file
from connectors.sheets.delimited import LONGEST_LINE, read_delimited
from connectors.sheets.legacy_encodings import FAMILIES, code_of, family_of, from_unicode, to_unicode

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Nguyễn Văn Đức", "Trần Thị Mỹ", "Lê Hoàng Quân", "Đặng Thị Ước", "Phạm Quốc Khánh", "Võ Thị Thùy Dương", "Huỳnh Khuê Nghĩa")
HEADER = "Mã cán bộ;Họ và tên;Địa chỉ"
TABLE = SheetTable(to="staff", required={"staff_code": ("Mã cán bộ", "Ma CB"), "full_name": ("Họ và tên", "Ho ten")})
FILE_MAP = FileMap(names=("x*",), tables=(TABLE,))
TONES = "\u0300\u0301\u0303\u0309\u0323"


def text() -> str:
    return "\r\n".join([HEADER, *(f"CB{number:03d};{name};đường Ước" for number, name in enumerate(NAMES))]) + "\r\n"


def old(text: str, family: str) -> str:
    """Text as the old code stores it. TCVN3 has no capital letters with a tone."""
    return from_unicode(text if family == "VNI" else "".join(_lower_toned(letter) for letter in text), family)


def _lower_toned(letter: str) -> str:
    return letter.lower() if set(unicodedata.normalize("NFD", letter)) & set(TONES) else letter


def windows(text: str) -> bytes:
    """Windows-1258 as Windows writes it: some letters whole, others with their tone behind them."""
    whole = []
    for letter in unicodedata.normalize("NFC", text):
        try:
            whole.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", letter)
            tone = next(mark for mark in marks if mark in TONES)
            whole.append((unicodedata.normalize("NFC", marks.replace(tone, "")) + tone).encode("cp1258"))
    return b"".join(whole)


def names_in(file: Path, legacy: str | None = None) -> list[str]:
    return [unicodedata.normalize("NFC", str(row[1])) for row in read_delimited(file, legacy).rows[1:]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows"])
def test_every_living_code_is_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(windows(text()) if encoding == "windows" else text().encode(encoding))
    assert names_in(file) == list(NAMES)


def test_decomposed_letters_in_windows_1258_are_read(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    # fully decomposed marks beside letters that the code has only whole
    file.write_bytes(
        "".join(unicodedata.normalize("NFD", letter) if letter in "àáãèéùúý" else letter for letter in "Hà;Tên\nBé;Thúy").encode("cp1258")
    )
    assert unicodedata.normalize("NFC", str(read_delimited(file).rows[1][1])) == "Thúy"


@pytest.mark.parametrize("family", FAMILIES)
def test_old_codes_in_csv_are_named_and_refused(family: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(old(text(), family).encode("latin-1"))
    with pytest.raises(SourceRefused) as caught:
        read_delimited(file)
    line = caught.value.line()
    assert FAMILIES[family] in line
    assert "Unicode" in line
    assert not any(name in line for name in NAMES)


@pytest.mark.parametrize("family", FAMILIES)
def test_old_codes_are_converted_where_the_map_allows_it(family: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(old(text(), family).encode("latin-1"))
    assert [name.casefold() for name in names_in(file, family)] == [name.casefold() for name in NAMES]
    with pytest.raises(SourceRefused, match=family):
        read_delimited(file, next(name for name in FAMILIES if name != family))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("where", ["cells", "headings too", "among good ones"])
def test_old_codes_inside_workbook_cells_are_named(family: str, where: str, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    headings = ["Mã cán bộ", "Họ và tên", "Địa chỉ"]
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("Cán bộ")
        sheet.write_row(0, 0, [old(heading, family) for heading in headings] if where == "headings too" else headings)
        for number, name in enumerate(NAMES, 1):
            sheet.write_row(number, 0, [f"CB{number}", old(name, family)])
        for number, name in enumerate(NAMES[:3] if where == "among good ones" else (), len(NAMES) + 1):
            sheet.write_row(number, 0, [f"CB{number}", name])
    with pytest.raises(SourceRefused) as caught:
        read_file(file, FILE_MAP)
    assert FAMILIES[family] in caught.value.line()
    assert "x.xlsx" in caught.value.where
    allowed = FILE_MAP.model_copy(update={"legacy": family})
    read = read_file(file, allowed).parts[0].rows["full_name"].to_list() if where == "cells" else []
    assert [name.casefold() for name in read] == [name.casefold() for name in NAMES if where == "cells"]


def test_capitals_of_a_capital_font_become_capitals() -> None:
    from connectors.sheets.legacy_encodings import converted

    assert converted("NGUY\u00d4N V\u00a8N", "TCVN3", "x") == "NGUYỄN VĂN"


@pytest.mark.parametrize("family", FAMILIES)
def test_conversion_turns_back_without_loss(family: str) -> None:
    for name in NAMES:
        written = old(name, family)
        assert from_unicode(to_unicode(written, family), family) == written


def test_vietnamese_in_unicode_and_foreign_names_are_no_old_code() -> None:
    assert family_of(NAMES) is None
    assert family_of(["Hà", "Lê Vân", "Cao Bá Quát", "Số 5 · lô «B», 30 m²"]) is None
    assert family_of(["José Müller", "François Noël"]) is None
    assert code_of("José;Müller;Œuvre".encode("cp1252")) is None


def _line_of(content: bytes, tmp_path: Path) -> str:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(SourceRefused) as caught:
        read_delimited(file)
    return caught.value.line()


def test_a_nul_byte_is_told_with_its_line(tmp_path: Path) -> None:
    assert "dòng 3 có ký tự NUL" in _line_of(b"a;b\n1;2\n3;\x00\n4;5\n" * 2, tmp_path)


@pytest.mark.parametrize("rest", ["", "5;6\n" * 5, "5;6\n" * 5000])
def test_an_unclosed_quote_is_told_with_the_line_it_opens_in(rest: str, tmp_path: Path) -> None:
    assert "dòng 3 mở dấu nháy" in _line_of(f'a;b\n1;2\n3;"x\n{rest}'.encode(), tmp_path)


def test_a_quoted_line_break_is_one_record(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes('a;b\r\n1;"Số 5\r\nđường Ước"\r\n2;x\r\n'.encode())
    assert read_delimited(file).rows == [["a", "b"], ["1", "Số 5\r\nđường Ước"], ["2", "x"]]


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    assert "dòng 2 quá dài" in _line_of(b"a;b\n" + b"1;" * (LONGEST_LINE // 2 + 1), tmp_path)


def test_lines_with_too_many_cells_are_set_aside_and_short_ones_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("Trường\nMã cán bộ;Họ và tên;Ghi chú\nCB1;Lê An\nCB2;Lê Ba;x;thừa\nCB3;Lê Tư;;;\n", encoding="utf-8")
    reading = read_file(file, FILE_MAP)
    assert reading.parts[0].rows["staff_code"].to_list() == ["CB1", "CB3"]
    ((stray,),) = reading.strays.values()
    assert (stray.row, stray.values["Họ và tên"]) == (4, "Lê Ba")
    assert "4 ô" in stray.reason
    assert "3 cột" in stray.reason


def test_codes_in_scientific_notation_and_lost_zeros_stay_as_delivered(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("Mã cán bộ;Họ và tên\n7.92E+10;Lê An\n79218000001;Lê Ba\n0079;Lê Tư\n", encoding="utf-8")
    assert read_file(file, FILE_MAP).parts[0].rows["staff_code"].to_list() == ["7.92E+10", "79218000001", "0079"]
