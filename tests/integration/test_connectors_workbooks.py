"""Workbooks made to hurt are refused within bounded time and memory; files of marks, levels and health go round and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from connectors.column_maps import FolderMap, load_map
from connectors.delivery import Delivery
from connectors.errors import SourceChanged
from connectors.files.reading import read_file, read_files
from connectors.records.codes import reference, traits
from tests.integration import workbook_bombs as bombs
from tests.integration.connector_sources import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from connectors.column_maps import FileMap
    from connectors.records.snapshot import Snapshot

MEMORY = 330  # MB that reading may take: twice the most that a workbook may unpack to
SECONDS = 60  # a bound for stalls, not a measure

BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "300 MB in a sheet": (bombs.swollen(bombs.SHEET, 300), "giải nén ra"),
    "a declared size that lies": (bombs.lying, "không dài như nó khai"),
    "overlapping parts": (bombs.overlapping, "chồng lên nhau"),
    "billion laughs in a sheet": (bombs.laughing(bombs.SHEET, b"worksheet"), "thực thể"),
    "billion laughs in the strings": (bombs.laughing("xl/sharedStrings.xml", b"sst"), "thực thể"),
    "a name that leads outside": (bombs.traversing, "dẫn ra ngoài"),
    "a cell at the far corner": (bombs.far_cell(b'<c r="XFD1048576"><v>1</v></c>'), "trải tới dòng 1048576"),
    "many sheets that are large together": (bombs.many_wide_sheets, "hơn 4 triệu ô"),
    "the far corner in single quotes": (bombs.far_cell(b"<c r='XFD1048576'><v>1</v></c>"), "trải tới dòng 1048576"),
    "the far corner with a prefix": (bombs.far_cell(b'<x:c xmlns:x="x" r="XFD1048576"><v>1</v></x:c>'), "trải tới dòng 1048576"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    make, told = BOMBS[name]
    make(tmp_path / "bom.xlsx")
    measured = bombs.read_apart(tmp_path / "bom.xlsx")
    kind, line, where = measured["told"]  # type: ignore[misc]
    assert (kind, where) == ("SourceRefused", "bom.xlsx"), line
    assert told in line
    assert measured["megabytes"] < MEMORY  # type: ignore[operator]
    assert measured["seconds"] < SECONDS  # type: ignore[operator]


@pytest.mark.parametrize("make", [bombs.declared_vast, bombs.nested, bombs.swollen(bombs.SHEET, 100)])
def test_what_only_looks_like_a_bomb_is_read_in_bounded_memory(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "x.xlsx")
    measured = bombs.read_apart(tmp_path / "x.xlsx")
    assert measured["told"] == ["read", "1", ""]
    assert measured["megabytes"] < MEMORY  # type: ignore[operator]


def test_a_csv_of_one_line_of_50_mb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    bombs.one_line(tmp_path / "x.csv")
    measured = bombs.read_apart(tmp_path / "x.csv")
    assert measured["told"][0] == "SourceRefused"  # type: ignore[index]
    assert "dòng 1 quá dài" in measured["told"][1]  # type: ignore[index]
    assert measured["megabytes"] < MEMORY  # type: ignore[operator]


def marks_map(number: int) -> FileMap:
    column_map = load_map("marks_files_2025")
    assert isinstance(column_map, FolderMap)
    return column_map.files[number]


def write(file: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    with xlsxwriter.Workbook(str(file)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, "TRƯỜNG TIỂU HỌC")
            for number, row in enumerate(rows, 3):
                sheet.write_row(number, 0, row)
    return file


def canonical(file: Path, file_map: FileMap, folder: Path) -> Snapshot:
    delivery = Delivery("qlnt")
    delivery.parts += read_file(file, file_map).parts
    return delivery.snapshot(folder, DAY)


def test_marks_of_several_subjects_come_back_as_they_were_entered(tmp_path: Path) -> None:
    headings = reference()["cot_nhap_ket_qua_mon"]
    entered = {
        "Toán": [("3A", "7900000001", "T", 10.0, "CN"), ("3/2", "7900000002", "H", "7,0", "CK2")],
        "Tiếng Anh 3A": [("3A", "7900000001", "HTT", "", "Cuối học kỳ II")],
    }
    pupil = ("Lê An", "05/03/2018")
    sheets = {
        name: [headings, *((1, lop, code, *pupil, level, score, "", "", time) for lop, code, level, score, time in rows)]
        for name, rows in entered.items()
    }
    snapshot = canonical(write(tmp_path / "KetQuaMon_3.xlsx", sheets), marks_map(0), tmp_path / "out")
    marks = snapshot.scan("marks").select(
        "pupil_code", "class_name", "grade", "subject", "time", "level", "score", "source_sheet", "source_row"
    )
    assert marks.collect().rows() == [
        ("7900000001", "3A", 3, "TO", "CN", "T", "10", "Toán", 5),
        ("7900000002", "3/2", 3, "TO", "CN", "H", "7,0", "Toán", 6),
        ("7900000001", "3A", 3, "NN1", "CN", "T", None, "Tiếng Anh 3A", 5),
    ]


def test_levels_of_qualities_and_competences_become_a_row_each(tmp_path: Path) -> None:
    names = {code: trait.name for code, trait in traits().items()}
    headings = [*reference()["cot_nhap_nlpc"], *names.values()]
    levels = {code: "TĐC"[place % 3] for place, code in enumerate(names)}
    row = [1, "4B", "7900000001", "Lê An", "05/03/2018", "tốt", "", "ngoan", "CK1", *levels.values()]
    young = [2, "1A", "7900000002", "Lê Ba", "05/03/2020", "", "", "", "CN", *("" if code in ("CN", "TH") else "T" for code in names)]
    snapshot = canonical(write(tmp_path / "NLPC.xlsx", {"4B": [headings, row, young]}), marks_map(1), tmp_path / "out")
    found = snapshot.scan("traits").select("pupil_code", "class_name", "grade", "time", "trait", "level").collect().rows()
    assert found[:15] == [("7900000001", "4B", 4, "CK1", code, level) for code, level in levels.items()]
    assert found[15:] == [("7900000002", "1A", 1, "CN", code, "T") for code in names if code not in ("CN", "TH")]


def test_the_template_without_any_level_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "NLPC.xlsx", {"4B": [reference()["cot_nhap_nlpc"], [1, "4B", "7900000001"]]})
    with pytest.raises(SourceChanged, match="“Yêu nước”"):
        read_file(file, marks_map(1))


def test_health_comes_back_as_it_was_measured(tmp_path: Path) -> None:
    row = [1, "3A", "7900000001", "Lê An", "05/03/2018", "Nam", "25,5", 125.5, "x", ""]
    file = write(tmp_path / "SucKhoe.xlsx", {"SucKhoe": [reference()["cot_xuat_suc_khoe"], row]})
    health = canonical(file, marks_map(2), tmp_path / "out").scan("health").select("pupil_code", "height_cm", "weight_kg").collect().rows()
    assert health == [("7900000001", 125.5, 25.5)]


def test_files_read_side_by_side_keep_their_order(tmp_path: Path) -> None:
    headings = reference()["cot_xuat_suc_khoe"]
    files = [
        write(tmp_path / f"SucKhoe_{number}.xlsx", {"A": [headings, [1, "3A", f"79{number:08d}", "x", "x", "x", 25, 125]]})
        for number in range(8)
    ]
    readings = read_files([(file, marks_map(2)) for file in files])
    assert [reading.parts[0].rows["pupil_code"][0] for reading in readings] == [f"79{number:08d}" for number in range(8)]


def test_damaged_old_workbooks_never_end_the_process_that_reads_them(tmp_path: Path) -> None:
    import random

    from connectors.errors import SourceRefused
    from connectors.sheets.workbook import read_grids

    sound = (bombs.ROOT / "tests/unit/connectors/samples/can_bo_1900.xls").read_bytes()
    chance, refused = random.Random(1), 0
    for _ in range(25):
        content = bytearray(sound)
        for _ in range(40):
            content[chance.randrange(8, 1200)] = chance.randrange(256)
        (tmp_path / "x.xls").write_bytes(content)
        try:
            read_grids(tmp_path / "x.xls")
        except SourceRefused as error:
            refused += "x.xls" in error.line()
    assert refused > 5, "the damage must be such that some files cannot be read"
