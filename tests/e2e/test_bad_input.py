"""Broken sources: one Vietnamese line each, exit 11, the rest of the night done, nothing half-written."""

from __future__ import annotations

import json
import shutil
from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest

from connectors.records.snapshot import damaged_tables
from tests.e2e.running import truong

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = "2027-05-31"


def _remove_qlnt(sources: Path) -> None:
    (sources / "qlnt" / "qlnt.sqlite").unlink()


def _refusing_qlnt(sources: Path) -> None:
    (sources / "qlnt" / "qlnt.sqlite").write_bytes(b"this is not a database, whatever its name says" * 100)


def _damaged_qlnt(sources: Path) -> None:
    """Still a database, but for one page in its middle."""
    with (sources / "qlnt" / "qlnt.sqlite").open("r+b") as file:
        file.seek(file.seek(0, 2) // 2)
        file.write(b"\xff" * 8192)


def _remove_csdl(sources: Path) -> None:
    shutil.rmtree(sources / "csdl")


def _empty_csdl(sources: Path) -> None:
    (sources / "csdl" / "DanhSachHocSinh.xlsx").write_bytes(b"")


def _corrupt_csdl(sources: Path) -> None:
    file = sources / "csdl" / "DanhSachHocSinh.xlsx"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _lost_column(sources: Path) -> None:
    file = sources / "csdl" / "DanhSachHocSinh.xlsx"
    book = openpyxl.load_workbook(file)
    for sheet in book:
        for row in sheet.iter_rows(max_row=12):
            for cell in row:
                if cell.value == "Ngày sinh":
                    sheet.delete_cols(cell.column)
                    break
    book.save(file)


def _empty_staff(sources: Path) -> None:
    (sources / "staff" / "can_bo.csv").write_text("", encoding="utf-8")


BREAKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing database": (_remove_qlnt, "qlnt"),
    "refusing database": (_refusing_qlnt, "qlnt"),
    "missing folder": (_remove_csdl, "csdl"),
    "empty workbook": (_empty_csdl, "DanhSachHocSinh.xlsx"),
    "corrupt workbook": (_corrupt_csdl, "DanhSachHocSinh.xlsx"),
    "lost column": (_lost_column, "Ngày sinh"),
    "empty csv": (_empty_staff, "can_bo.csv"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_check_tells_and_leaves_with_11(name: str, good_night: Path, tmp_path: Path) -> None:
    break_it, told = BREAKS[name]
    sources = tmp_path / "sources"
    shutil.copytree(good_night / "sources", sources)
    break_it(sources)
    done = truong("check", "--from", sources, "--out", tmp_path / "findings.csv")
    assert done.code == 11, done.err
    lines = [line for line in done.err.splitlines() if line.startswith("Lỗi:")]
    assert len(lines) == 1, done.err
    assert told in lines[0]
    assert "→" in lines[0]
    assert "Traceback" not in done.err
    # What the other systems gave is checked all the same.
    assert (tmp_path / "findings.csv").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["missing database", "lost column"])
def test_night_goes_on_with_last_good_data(name: str, own_home: Path) -> None:
    break_it, told = BREAKS[name]
    break_it(own_home / "sources")
    next_day = "2027-06-01"
    done = truong("nightly", "--config", own_home / "truong.toml", "--day", next_day)
    assert done.code == 11, done.err
    record = json.loads((own_home / "data" / "nights" / f"{next_day}.json").read_text(encoding="utf-8"))
    steps = {step["step"]: step for step in record["steps"]}
    problems = [step["problem"] for step in record["steps"] if step["problem"] and step["step"].startswith("pull-")]
    assert len(problems) == 1
    assert told in problems[0]
    (stands_in,) = steps["snapshot"]["lines"]
    assert "31/05/2027" in stands_in
    assert stands_in.startswith(("Quản lý nhà trường (QLNT): ", "CSDL ngành: ")), "the night must say whose last good data it used"
    assert done.err.count(problems[0]) == 1, "one line, also where the source was asked twice"
    assert f": {problems[0]}" in done.out.partition("CẦN XỬ LÝ")[2], "what is to be done says whose it is"
    assert not steps["backup"]["problem"]
    assert not steps["verify"]["problem"]
    assert damaged_tables(own_home / "data" / "snapshots" / next_day) == []
    assert not [path for path in (own_home / "data").rglob(".*") if "backups" not in path.parts]


@pytest.mark.slow
def test_a_database_that_cannot_be_copied_costs_only_its_own_copy(own_home: Path) -> None:
    _damaged_qlnt(own_home / "sources")
    settings = own_home / "truong.toml"
    with settings.open("a", encoding="utf-8") as stream:  # a server that is down, beside the damaged file
        stream.write('\n[backup.databases.ketoan]\nurl = "mariadb://sao_luu@127.0.0.1:1/ketoan"\nstream = true\n')
    done = truong("nightly", "--config", settings, "--day", "2027-06-01")
    assert done.code == 13, done.err
    record = json.loads((own_home / "data" / "nights" / "2027-06-01.json").read_text(encoding="utf-8"))
    steps = {step["step"]: step for step in record["steps"]}
    assert "qlnt.sqlite" in steps["backup"]["problem"]
    assert "mọi phần khác đã lưu" in steps["backup"]["problem"]
    assert not steps["verify"]["problem"]
    parts = json.loads((own_home / "data" / "staging" / "manifest.json").read_text(encoding="utf-8"))["parts"]
    assert not {"qlnt", "ketoan"} & set(parts)
    assert "máy chủ không trả lời [ketoan (127.0.0.1)]" in steps["backup"]["problem"]
    told = truong("status", "--config", settings)
    assert (told.code, "CHƯA TRỌN VẸN, không có cơ sở dữ liệu «ketoan»" in told.out) == (13, True)
    assert "(thiếu cơ sở dữ liệu ketoan, qlnt)" in truong("snapshots", "--config", settings).out
    refused = truong("restore", "--config", settings, "--database", "qlnt", "--to", own_home / "lai")
    assert (refused.code, (own_home / "lai").exists()) == (14, False)
    assert "đêm gần nhất trước đó còn có là 31/05/2027: truong restore" in refused.err
    assert {"landing", "snapshot", "findings", "report", "mail", "prefect", "settings"} <= set(parts)


def test_a_file_that_is_no_database_is_the_sources_fault_not_the_backups(own_home: Path) -> None:
    from flows.backing_up import back_up
    from flows.home import open_home

    _refusing_qlnt(own_home / "sources")
    saved = back_up(open_home(own_home / "truong.toml"), date.fromisoformat(DAY))
    assert (saved.problem, saved.exit_code) == ("", 0)
    assert saved.detail.endswith("không có: bản sao cơ sở dữ liệu QLNT")
