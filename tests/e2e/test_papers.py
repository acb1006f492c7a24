"""A night's papers again: the same bytes from the same night, and copies for those who read or send them."""

from __future__ import annotations

import json
import resource
import shutil
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.records.snapshot import sha256_of
from flows.handing_over import Paper, form_papers, hand_on
from flows.home import one_night_at_a_time, open_home
from flows.night_record import StepResult
from infra.errors import ConfigurationError
from tests.e2e.running import truong

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2027-05-31"
PAGE, WORKBOOK, NAMES = (f"{name}-{DAY}{ending}" for name, ending in (
    ("bao-cao-chat-luong", ".html"), ("bao-cao-chat-luong", ".xlsx"), ("danh-sach-can-sua", ".xlsx"),
))  # fmt: skip
FORM = f"bieu-02-TH-DN-{DAY}-BAN-NHAP.xlsx"


def _config(home: Path) -> tuple[str, Path]:
    return "--config", home / "truong.toml"


def _hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("verb", "room"), [("report", "reports"), ("export", "exports")])
def test_what_was_lost_is_made_again_from_the_night_byte_for_byte(verb: str, room: str, own_home: Path) -> None:
    before = _hashes(own_home / "data" / room)
    shutil.rmtree(own_home / "data" / room)
    done = truong(verb, *_config(own_home))
    assert done.code == 0, done.err
    assert _hashes(own_home / "data" / room) == before
    paths = json.loads(truong(verb, *_config(own_home), "--json").out)["paths"]
    assert all(path in done.out for path in paths.values())
    assert _hashes(own_home / "data" / room) == before  # nothing has changed since: no second generation


def test_a_report_that_changed_keeps_the_one_before(own_home: Path) -> None:
    before = _hashes(own_home / "data" / "reports" / DAY)
    settings = own_home / "truong.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("Trung Trắc", "Trưng Nhị"), encoding="utf-8")
    assert truong("report", *_config(own_home)).code == 0
    assert _hashes(own_home / "data" / "reports" / f"{DAY}~1") == before
    assert _hashes(own_home / "data" / "reports" / DAY) != before


def test_copies_are_for_everybody_and_names_for_the_owner(own_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "chia-se"
    assert truong("report", *_config(own_home), "--to", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == [PAGE, WORKBOOK]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    done = truong("report", *_config(own_home), "--to", folder, "--with-names")
    assert done.code == 0, done.err
    assert (folder / NAMES).stat().st_mode & 0o777 == 0o600
    reports = own_home / "data" / "reports" / DAY
    assert sha256_of(folder / PAGE) == sha256_of(reports / "bao-cao-chat-luong.html")
    assert sha256_of(folder / NAMES) == sha256_of(reports / "rieng" / "danh-sach-can-sua.xlsx")
    asked = truong("report", *_config(own_home), "--with-names")
    assert (asked.code, asked.err.splitlines()[-1]) == (10, "Lỗi: Chưa biết chép vào đâu [--to] → thêm: --to THƯ_MỤC")


def test_a_teacher_gets_the_list_of_her_class_alone(own_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cho-co-3A"
    done = truong("report", *_config(own_home), "--to", folder, "--class", "3A")
    assert done.code == 0, done.err
    assert [path.name for path in folder.iterdir()] == [f"can-sua-3A-{DAY}.xlsx"]
    assert (folder / f"can-sua-3A-{DAY}.xlsx").stat().st_mode & 0o777 == 0o600
    wrong = truong("report", *_config(own_home), "--to", folder, "--class", "9Z")
    assert wrong.code == 10
    assert "[9Z] → chọn một lớp: " in wrong.err
    assert ", 1A, 1B, 2A" in wrong.err


def test_a_draft_says_so_in_its_name_and_nothing_is_written_over(own_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gui-so"
    done = truong("export", *_config(own_home), "--to", folder, "--json")
    facts = json.loads(done.out)
    assert (done.code, facts["draft"], [path.name for path in folder.iterdir()]) == (0, True, [FORM])
    (folder / FORM).write_bytes(b"da sua bang tay")
    refused = truong("export", *_config(own_home), "--to", folder)
    assert refused.code == 10
    assert refused.err.splitlines()[-1].startswith(f"Lỗi: Đã có tệp khác mang tên này: {FORM} [{folder}] → ")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {FORM: b"da sua bang tay"}
    no_folder = truong("export", *_config(own_home), "--to", folder / FORM)
    assert no_folder.code == 10
    assert no_folder.err.splitlines()[-1].startswith("Lỗi: Không chép được vào nơi này")


def test_data_that_stopped_the_export_stop_it_here_too(own_home: Path, tmp_path: Path) -> None:
    file = own_home / "data" / "nights" / f"{DAY}.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    next(step for step in record["steps"] if step["step"] == "pull-qlnt")["problem"] = "Không kết nối được"
    file.write_text(json.dumps(record), encoding="utf-8")
    done = truong("export", *_config(own_home), "--to", tmp_path / "gui-so")
    assert done.code == 12
    assert "Dừng xuất biểu" in done.err
    assert not (tmp_path / "gui-so").exists()


@pytest.mark.parametrize("verb", ["report", "export"])
def test_a_night_that_is_not_there_is_one_line(verb: str, good_night: Path) -> None:
    done = truong(verb, *_config(good_night), "--day", "2027-05-30")
    assert done.code == 11
    assert done.err.splitlines()[-1].startswith("Lỗi: Không có đêm 30/05/2027")


def test_nothing_is_written_beside_a_running_night(good_night: Path) -> None:
    with one_night_at_a_time(open_home(good_night / "truong.toml")):
        done = truong("report", *_config(good_night))
    assert (done.code, "đang chạy" in done.err) == (10, True)


def test_a_copy_that_breaks_off_leaves_no_piece(tmp_path: Path) -> None:
    (tmp_path / "ds.xlsx").write_bytes(bytes(100_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # as a disk that fills up half-way
    try:
        with pytest.raises(ConfigurationError, match="Không chép được"):
            hand_on([Paper(tmp_path / "ds.xlsx", "ds.xlsx", private=True)], tmp_path / "usb")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "usb").iterdir()) == []


def test_a_form_that_is_not_due_has_no_copy() -> None:
    assert form_papers(StepResult("export", "Xuất biểu", "chưa đến hạn"), date(2026, 9, 1)) == []
