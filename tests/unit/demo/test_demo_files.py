"""What the demo school writes: the same bytes for a seed, layouts as real exports have them, and never over something else."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from connectors.demo import DemoOptions, write_demo
from infra.errors import ConfigurationError

DAY = date(2027, 5, 31)
SMALL = DemoOptions(pupils=60, seed=5, day=DAY, mails=25)
DELIVERED = {
    "qlnt/qlnt.sqlite", "csdl/DanhSachHocSinh.xlsx", "csdl/SucKhoe.xlsx", "staff/can_bo.csv", "staff/danh_gia.xlsx", "staff/tai_khoan.xlsx",
}  # fmt: skip
WRITE = """
import sys
from datetime import date
from pathlib import Path
from connectors.demo import DemoOptions, write_demo
write_demo(Path(sys.argv[1]), DemoOptions(pupils=60, seed=5, day=date(2027, 5, 31), mails=25))
"""


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truong") / "sources"
    write_demo(folder, SMALL)
    return folder


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_in_every_process(written: Path, tmp_path: Path, hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "America/New_York"}
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path / "again")], check=True, env=environment, cwd=root)
    assert digests(tmp_path / "again") == digests(written)
    assert {path.name: path.stat().st_mtime for path in (tmp_path / "again" / "mail").rglob("*maychu*")} == {
        path.name: path.stat().st_mtime for path in (written / "mail").rglob("*maychu*")
    }


def test_every_system_and_a_list_of_faults_are_written(written: Path) -> None:
    files = set(digests(written))
    assert {name for name in files if not name.startswith("mail/")} == DELIVERED | {"faults.json"}
    assert sum("maychu" in name for name in files) == SMALL.mails


def test_another_seed_gives_another_school(written: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "other", replace(SMALL, seed=6))
    one, other = digests(written), digests(tmp_path / "other")
    same = {name for name in one if other.get(name) == one[name] and not name.endswith("maildirfolder")}
    assert not same


def test_clean_data_has_no_list_of_faults(sources: Path) -> None:
    assert set(digests(sources)) >= DELIVERED
    assert not (sources / "faults.json").exists()


def test_one_sheet_declares_a_wrong_dimension(sources: Path) -> None:
    wrong = []
    for file in sorted(sources.rglob("*.xlsx")):
        with zipfile.ZipFile(file) as parts:
            for name in parts.namelist():
                if name.startswith("xl/worksheets/"):
                    text = parts.read(name).decode()
                    declared = int(re.findall(r'<dimension ref="A1:[A-Z]+(\d+)"', text)[0])
                    there = max(int(row) for row in re.findall(r'<row r="(\d+)"', text))
                    wrong += [file.name] if declared < there else []
    assert wrong == ["SucKhoe.xlsx"]


@pytest.mark.parametrize(
    ("file", "header_row"),
    [("csdl/DanhSachHocSinh.xlsx", 6), ("csdl/SucKhoe.xlsx", 5), ("staff/danh_gia.xlsx", 4), ("staff/tai_khoan.xlsx", 4)],
)
def test_the_header_lies_below_title_lines(sources: Path, file: str, header_row: int) -> None:
    for sheet in openpyxl.load_workbook(sources / file).worksheets:
        titles = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(max_row=header_row - 1, values_only=True)]
        assert all(len(line) <= 1 for line in titles)
        assert any("Sao Khuê" in str(line) for line in titles)
        header = [cell.value for cell in sheet[header_row]]
        assert header[0] == "STT"
        assert all(header)
        assert [sheet.cell(row, 1).value for row in range(header_row + 1, sheet.max_row + 1)] == list(
            range(1, sheet.max_row - header_row + 1)
        )


def test_numbers_that_are_codes_are_written_as_text(sources: Path) -> None:
    for sheet in openpyxl.load_workbook(sources / "csdl/DanhSachHocSinh.xlsx").worksheets:
        for row in sheet.iter_rows(min_row=7, min_col=2, values_only=True):
            assert all(value is None or isinstance(value, str) for value in row)


def test_the_staff_list_is_semicolon_separated_with_a_byte_order_mark(sources: Path) -> None:
    content = (sources / "staff" / "can_bo.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert len({line.count(";") for line in lines if line}) == 1


@pytest.mark.parametrize("inside", ["mine.txt", ".hidden"])
def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).write_text("giữ lại", encoding="utf-8")
    before = digests(tmp_path)
    with pytest.raises(ConfigurationError, match="đã có sẵn nội dung"):
        write_demo(tmp_path, SMALL)
    assert digests(tmp_path) == before


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sources").write_text("giữ lại", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="đã có sẵn nội dung"):
        write_demo(tmp_path / "sources", SMALL)
    assert (tmp_path / "sources").read_text(encoding="utf-8") == "giữ lại"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    write_demo(tmp_path / "sources", replace(SMALL, mails=0))
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


@pytest.mark.parametrize("pupils", [59, 1, 0, -5])
def test_too_few_pupils_is_said_clearly_and_nothing_is_written(tmp_path: Path, pupils: int) -> None:
    with pytest.raises(ConfigurationError, match="ít nhất 60 học sinh") as refused:
        write_demo(tmp_path / "sources", replace(SMALL, pupils=pupils))
    assert "--pupils 60" in refused.value.line()
    assert list(tmp_path.iterdir()) == []
