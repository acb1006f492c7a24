"""Measures the reading of 40 workbooks × 1,000 rows × 25 columns beside a bare python-calamine read of the same files.

Then what the parse cache spares: one big workbook pulled on two nights, unchanged.
`python -m tests.benchmarks.workbooks [COPIES]`: medians of five runs, taken in turn so that both see the same machine. Prints only.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter
from python_calamine import CalamineWorkbook

from connectors.column_maps import FileMap, FolderMap, load_map
from connectors.delivery import Delivery, Places
from connectors.files.drop import DropSource
from connectors.files.reading import read_file, read_files
from connectors.records.codes import reference
from connectors.stores.store import LocalFolder

if TYPE_CHECKING:
    from collections.abc import Callable

WORKBOOKS, ROWS, RUNS = 40, 1000, 5
BIG_ROWS = 40_000
TITLES = ("Sở Giáo dục và Đào tạo", "Trường Tiểu học", "DANH SÁCH HỌC SINH", "Khối 1", "Ngày xuất dữ liệu: 31/05/2027")


def write(file: Path, number: int, rows: int = ROWS) -> None:
    """A list of pupils in the 25 columns of the sector database's export."""
    headings = reference()["cot_xuat_danh_sach_hoc_sinh"]
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("Khối 1")
        for row, title in enumerate(TITLES):
            sheet.write_string(row, 0, title)
        sheet.write_row(len(TITLES), 0, headings)
        for row in range(rows):
            for column, cell in enumerate(line(number * rows + row)):
                sheet.write(row + len(TITLES) + 1, column, cell)


def line(number: int) -> tuple[object, ...]:
    """One invented pupil."""
    born = f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/2018"
    person = (number, f"79{number:08d}", f"Nguyễn Thị Số {number}", born, "Nữ", "Kinh", "Đang học", f"0908{number:06d}")
    places = ("TP. Hồ Chí Minh", f"Số {number}, đường Ước", "TP. Hồ Chí Minh", "Phú Thọ", f"Số {number}, đường Ước", None, None, None)
    parents = (f"Nguyễn Ba {number}", "Công nhân", 1985, f"Trần Mẹ {number}", "Giáo viên", 1988)
    return (*person, *places, *parents, "1A", 1, f"0793{number:08d}")


def bare(files: list[Path]) -> None:
    """What the library itself takes."""
    for file in files:
        with CalamineWorkbook.from_path(str(file)) as book:
            for name in book.sheet_names:
                book.get_sheet_by_name(name).to_python()


def ours(files: list[Path], file_map: FileMap) -> Delivery:
    """The same to canonical rows as text: vetted, header found, footers set aside."""
    delivery = Delivery("csdl")
    for reading in read_files([(file, file_map) for file in files], ("Ngày xuất dữ liệu",)):
        delivery.parts += reading.parts
    return delivery


def one_by_one(files: list[Path], file_map: FileMap) -> None:
    """The same without reading two files at a time."""
    for file in files:
        read_file(file, file_map, ("Ngày xuất dữ liệu",))


def cache_spares(file_map: FileMap, column_map: FolderMap) -> None:
    """One big workbook, pulled for the first time, and on a second night when it has not changed: whole pulls, to the snapshot."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        drop = home / "drop"
        drop.mkdir()
        write(drop / "DanhSachHocSinh.xlsx", 0, BIG_ROWS)
        one = column_map.model_copy(update={"files": (file_map,), "kept": ()})
        first: list[float] = []
        second: list[float] = []
        for night in range(RUNS):
            places = Places(home / f"{night}" / "landing", home / f"{night}" / "work")
            source = DropSource("csdl", LocalFolder(drop, one.label, "", look_again=0), one, places)
            first.append(seconds(partial(source.fetch, date(2027, 5, 30))))
            second.append(seconds(partial(source.fetch, date(2027, 5, 31))))
        whole, spared = statistics.median(first), statistics.median(second)
        print(f"One workbook of {BIG_ROWS:,} rows × 25 columns, medians of {RUNS}: first pull and the next night's, unchanged")
        print(f"  parsed                    {whole:6.2f} s")
        print(f"  from the parse cache      {spared:6.2f} s   {whole / spared:.1f}× as quick")


def seconds(action: Callable[[], object]) -> float:
    """How long one run takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(workbooks: int = WORKBOOKS) -> None:
    """Write, measure side by side, print."""
    column_map = load_map("csdl_2025")
    if not isinstance(column_map, FolderMap):
        raise SystemExit("csdl_2025")
    file_map = column_map.files[0].model_copy(update={"sheets": ("Khối 1",)})
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"DanhSachHocSinh_{number}.xlsx" for number in range(workbooks)]
        for number, file in enumerate(files):
            write(file, number)
        ways = (lambda: bare(files), lambda: ours(files, file_map), lambda: one_by_one(files, file_map))
        runs = [[seconds(way) for way in ways] for _ in range(RUNS + 1)][1:]
        floor, read, slowly = (statistics.median(column) for column in zip(*runs, strict=True))
        delivery = ours(files, file_map)
        cleaned = seconds(lambda: delivery.snapshot(Path(folder) / "out", date(2027, 5, 31)))
    print(f"{workbooks} workbooks × {ROWS} rows × 25 columns, medians of {RUNS}")
    print(f"  bare python-calamine      {floor:6.2f} s")
    print(f"  read to canonical rows    {read:6.2f} s   {read / floor:.2f}×")
    print(f"  the same one by one       {slowly:6.2f} s   {slowly / floor:.2f}×")
    print(f"  clean and write snapshot  {cleaned:6.2f} s   (once, not part of the reading)")
    cache_spares(file_map, column_map)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
