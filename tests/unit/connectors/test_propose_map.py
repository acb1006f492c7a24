"""A proposed map: the right columns by name, by likeness and by look; nothing personal in it; valid to paste."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from connectors.column_maps import FolderMap, load_map, map_names, read_map
from connectors.column_maps.propose import as_toml, propose
from connectors.errors import SourceChanged
from connectors.files.reading import read_file
from connectors.sheets.workbook import read_grids
from flows.cli import map as map_verb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADINGS = (
    "STT",
    "Mã định danh Bộ",
    "Họ và tên học sinh",
    "Ngày tháng năm sinh",
    "Phái",
    "Lớp",
    "ĐT",
    "Sở thích",
    "Họ tên cha",
    "Họ tên mẹ",
)
LINES = [
    (number, f"79{number:08d}", f"Nguyễn Văn {name}", "05/03/2018", "Nam", "3A", f"09081234{number:02d}", "vẽ", "Lê Cha", "Lê Mẹ")
    for number, name in enumerate(("An", "Ba", "Chi", "Dung", "Giang"), 10)
]


def write(file: Path, headings: Sequence[object] = HEADINGS, lines: Sequence[Sequence[object]] = LINES) -> Path:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("Lớp 3A")
        sheet.write_string(0, 0, "TRƯỜNG TIỂU HỌC")
        for row, line in enumerate([headings, *lines], 3):
            sheet.write_row(row, 0, line)
    return file


def test_columns_are_proposed_by_name_by_likeness_and_by_look(tmp_path: Path) -> None:
    file = write(tmp_path / "DS_3A_2027.xlsx")
    (proposal,) = propose(read_grids(file), file)
    found = {match.column: (match.heading, match.how, match.filled) for match in proposal.matches}
    assert (proposal.table, proposal.header_row) == ("pupils", 4)
    assert found["pupil_code"] == ("Mã định danh Bộ", "tên", 5)
    assert found["full_name"][:2] == ("Họ và tên học sinh", "gần giống")
    assert found["sex"][:2] == ("Phái", "giá trị")
    assert found["contact_phone"][:2] == ("ĐT", "giá trị")
    assert found["birth_date"][0] == "Ngày tháng năm sinh"
    assert "personal_number" in proposal.missing
    assert set(proposal.left_over) == {"STT", "Sở thích"}
    assert [other.constant["relation"] for other in proposal.others] == ["cha", "mẹ"]


def test_the_toml_is_a_valid_map_that_reads_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "DS_3A_2027.xlsx")
    (tmp_path / "moi.toml").write_text(as_toml(propose(read_grids(file), file), file, "qlnt"), encoding="utf-8")
    column_map = read_map(tmp_path / "moi.toml")
    assert isinstance(column_map, FolderMap)
    assert column_map.files[0].names == ("DS*",)
    parts = read_file(file, column_map.files[0]).parts
    assert [(part.table, part.rows.height) for part in parts] == [("pupils", 5), ("guardians", 10)]


def test_nothing_of_any_row_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    map_verb.register(parser.add_subparsers())
    file = write(tmp_path / "DS.xlsx")
    for options in ([], ["--json"]):
        arguments = parser.parse_args(["map", str(file), *options])
        assert arguments.run(arguments) == 0
        shown = capsys.readouterr().out
        assert not [cell for line in LINES for cell in line[1:4] + line[6:] if str(cell) in shown]
        if options:
            assert json.loads(shown)["sheets"][0]["table"] == "pupils"
        else:
            assert shown.rstrip().endswith('full_name = "Họ tên mẹ"')


def test_headings_that_are_only_like_known_ones_still_make_a_header(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", ("Mã định danh Bộ GDĐT", "Họ tên học sinh.", "Ngày sinh (dl)"), [line[1:4] for line in LINES])
    (proposal,) = propose(read_grids(file), file)
    assert {match.column for match in proposal.matches} >= {"pupil_code", "full_name", "birth_date"}


@pytest.mark.parametrize("headings", [("a", "b", "c"), ("Họ tên", "Ngày sinh", "Lớp")])
def test_a_file_that_nothing_is_known_of_is_one_line(headings: tuple[str, ...], tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", headings, [("x", "y", "z")])
    with pytest.raises(SourceChanged, match="Không nhận ra"):
        propose(read_grids(file), file)


def test_staff_files_are_told_from_pupils(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", ("Mã CB", "Họ tên", "Ngày sinh", "Chức vụ", "Trình độ"), [("CB1", "Lê An", "01/01/1990", "01", "03")])
    assert [proposal.table for proposal in propose(read_grids(file), file, "staff")] == ["staff"]


def test_every_system_that_a_shipped_map_reads_files_of_can_be_named() -> None:
    maps = [load_map(name) for name in map_names()]
    assert set(map_verb.SYSTEMS) == {column_map.system for column_map in maps if isinstance(column_map, FolderMap)}
