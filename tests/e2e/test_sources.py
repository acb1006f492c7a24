"""The verbs around sources: what is on and fresh, what a pull would give, how to connect, and letting a change pass."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.running import NIGHT_SECONDS, clean_environment, truong
from tests.integration.connector_sources import write_all

if TYPE_CHECKING:
    from pathlib import Path

DAY, NEXT_DAY = "2027-05-31", "2027-06-01"
SYSTEMS = ["qlnt", "csdl", "staff", "temis", "lms", "website", "mail", "accounts", "health", "documents", "accounting"]
SETTINGS = """\
day = "2027-05-31"
[school]
name = "T"
[sources.qlnt]
kind = "database"
url = "sqlite:///qlnt/qlnt.sqlite"
column_map = "qlnt_2026"
[sources.staff]
kind = "folder"
path = "staff"
column_map = "staff_2026"
[sources.csdl]
kind = "folder"
path = "csdl"
column_map = "csdl_2025"
enabled = false
"""


@pytest.fixture
def small_home(tmp_path: Path) -> Path:
    """A school of three pupils that has not run a night."""
    root = tmp_path / "trường nhỏ"
    write_all(root)
    (root / "truong.toml").write_text(SETTINGS, encoding="utf-8")
    return root


def asked(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(truong(*arguments, "--config", home / "truong.toml", "--json").out)


def sql(home: Path, *statements: str) -> None:
    (database,) = (home / "sources" / "qlnt").glob("*.sqlite")
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_all_systems_are_listed_for_a_machine_without_settings_and_without_looking(tmp_path: Path) -> None:
    # An address that belongs to nobody (RFC 5737): whoever asked it would wait in vain.
    unreachable = '[sources.website]\nkind = "database"\nurl = "postgresql://a@192.0.2.1/d"\n'
    off = '[sources.thu_vien]\nkind = "folder"\npath = "/khong/co"\nenabled = false\n'
    (tmp_path / "truong.toml").write_text(f'[school]\nname = "T"\n{unreachable}{off}', encoding="utf-8")
    told = asked(tmp_path, "sources")
    assert [entry["system"] for entry in told] == [*SYSTEMS, "thu_vien"]
    assert all(set(entry) == {"system", "kind", "enabled"} for entry in told)
    assert [entry["system"] for entry in told if entry["enabled"]] == ["website"]
    assert {entry["system"]: entry["kind"] for entry in told}["website"] == "database"


def test_the_list_says_what_is_there_and_fresh(good_night: Path) -> None:
    done = truong("sources", "--config", good_night / "truong.toml")
    assert done.code == 0, done.err
    assert "bật  qlnt" in done.out
    assert "tắt  lms" in done.out
    assert done.out.count("✓ số liệu ngày 31/05/2027 (0 ngày)") == 3
    assert "(đêm 31/05/2027)" in done.out


def test_the_list_says_what_is_not_there(small_home: Path) -> None:
    (small_home / "qlnt" / "qlnt.sqlite").unlink()
    done = truong("sources", "--config", small_home / "truong.toml")
    assert done.code == 0, done.err
    assert "✗ không thấy" in done.out
    assert "– chưa có đêm nào có nguồn này" in done.out


def test_a_pull_shows_what_comes_and_leaves_nothing(small_home: Path) -> None:
    done = truong("pull", "--config", small_home / "truong.toml")
    assert done.code == 0, done.err
    assert "✓ qlnt: " in done.out
    assert "✓ staff: " in done.out
    assert "csdl" not in done.out, "what is off is not pulled unless it is named"
    assert "Học sinh 2" in done.out
    assert "tạm giữ: Học sinh 1" in done.out
    assert not [path for path in (small_home / "data").rglob("*") if path.is_file()]


def test_files_to_keep_that_are_still_being_written_are_told_by_pull(small_home: Path) -> None:
    website = small_home / "website"
    website.mkdir()
    (website / "trang.html").write_text("x", encoding="utf-8")
    for name in ("a.jpg.part", "b.jpg.part"):
        (website / name).write_text("x", encoding="utf-8")
    file = small_home / "truong.toml"
    file.write_text(SETTINGS + '[sources.website]\nkind = "folder"\npath = "website"\n', encoding="utf-8")
    done = truong("pull", "website", "--config", file)
    assert done.code == 0, done.err
    assert f"– 2 tệp đang được ghi dở nên chưa lấy [{website}] → " in done.out
    (told,) = asked(small_home, "pull", "website")
    assert told["told"][0] in done.out


def test_a_pull_for_a_machine(small_home: Path) -> None:
    (told,) = asked(small_home, "pull", "csdl", "--day", "2027-06-04")
    assert (told["system"], told["ok"], told["data_as_of"], told["age_days"]) == ("csdl", True, DAY, 4)
    assert told["rows"]["pupils"] == 1
    assert told["breaches"] == []


def test_a_pull_of_a_broken_source_tells_and_leaves_with_11_and_pulls_the_others(small_home: Path) -> None:
    (small_home / "qlnt" / "qlnt.sqlite").write_bytes(b"")
    done = truong("pull", "--config", small_home / "truong.toml")
    assert done.code == 11
    assert "✗ qlnt: Tệp cơ sở dữ liệu rỗng" in done.out
    assert "✓ staff: " in done.out
    assert truong("pull", "khong_co", "--config", small_home / "truong.toml").code == 10


@pytest.mark.slow
def test_connecting_step_by_step(small_home: Path) -> None:
    done = truong("connect", "qlnt", "--test", "--config", small_home / "truong.toml")
    assert done.code == 0, done.err
    assert "✓ Tiêu đề" in done.out
    assert "bảng “hoc_sinh”: id, ma_hs, so_dinh_danh, ho_ten, ngay_sinh, …" in done.out
    assert "Đặng" not in done.out
    assert [step["mark"] for step in asked(small_home, "connect", "csdl", "--test")] == ["✓"] * 4
    (small_home / "qlnt" / "qlnt.sqlite").unlink()
    done = truong("connect", "qlnt", "--test", "--config", small_home / "truong.toml")
    assert done.code == 11
    assert "→" in done.out
    assert truong("connect", "lms", "--test", "--config", small_home / "truong.toml").code == 10


@pytest.mark.slow
def test_nothing_is_accepted_unseen(small_home: Path) -> None:
    file = small_home / "truong.toml"
    file.write_text(
        SETTINGS.replace("[sources.staff]", "[sources.qlnt.contract]\nmin_rows = { pupils = 9 }\n[sources.staff]"), encoding="utf-8"
    )
    done = truong("pull", "qlnt", "--config", file)
    assert done.code == 12
    assert "chỉ có 2 dòng, cần ít nhất 9" in done.out
    done = truong("accept-change", "qlnt", "--reason", "trường mới mở", "--config", file)
    assert done.code == 10, "without a person at a terminal the name must be given by --yes"
    assert "SẼ CHẤP NHẬN" in done.out
    assert "--yes qlnt" in done.err
    for wrong in (["--yes", "csdl"], ["--reason", " "]):
        assert truong("accept-change", "qlnt", "--reason", "x", *wrong, "--config", file).code == 10
    assert not (small_home / "data" / "accepted").exists()
    done = truong("accept-change", "qlnt", "--reason", "trường mới mở", "--yes", "qlnt", "--config", file)
    assert done.code == 0, done.err
    (line,) = (small_home / "data" / "accepted" / "qlnt.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["why"] == "trường mới mở"
    done = truong("pull", "qlnt", "--config", file)
    assert done.code == 0
    assert "đã được chấp nhận: bảng Học sinh chỉ có 2 dòng" in done.out
    done = truong("accept-change", "qlnt", "--reason", "x", "--yes", "qlnt", "--config", file)
    assert (done.code, "không có gì phải chấp nhận" in done.out) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "code"), [("qlnt", 0), ("", 10), ("csdl", 10)])
def test_a_person_at_a_terminal_types_the_name(typed: str, code: int, small_home: Path) -> None:
    file = small_home / "truong.toml"
    file.write_text(
        SETTINGS.replace("[sources.staff]", "[sources.qlnt.contract]\nmin_rows = { pupils = 9 }\n[sources.staff]"), encoding="utf-8"
    )
    person, terminal = os.openpty()
    os.write(person, f"{typed}\n".encode())
    command = [sys.executable, "-m", "flows.cli.main", "accept-change", "qlnt", "--reason", "trường mới mở", "--config", str(file)]
    bound = {"timeout": NIGHT_SECONDS, "env": clean_environment()}
    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, check=False, **bound)
    os.close(person)
    os.close(terminal)
    assert done.returncode == code, done.stderr
    assert "Gõ tên nguồn (qlnt)" in done.stderr
    assert (small_home / "data" / "accepted" / "qlnt.jsonl").exists() is (code == 0)


@pytest.mark.slow
def test_a_tripped_source_keeps_last_good_data_stops_the_export_and_passes_when_accepted(own_home: Path) -> None:
    file = own_home / "truong.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\n[sources.qlnt.contract]\nmin_rows = { pupils = 290 }\n", encoding="utf-8")
    sql(own_home, "DELETE FROM hoc_sinh WHERE id > 200")
    done = truong("nightly", "--config", file, "--day", NEXT_DAY)
    assert done.code == 12, done.err
    record = json.loads((own_home / "data" / "nights" / f"{NEXT_DAY}.json").read_text(encoding="utf-8"))
    steps = {step["step"]: step for step in record["steps"]}
    for told in ("Học sinh chỉ có 200 dòng", "thường 300", "truong accept-change qlnt"):
        assert told in steps["pull-qlnt"]["problem"]
    assert "Dừng xuất biểu" in steps["export"]["problem"]
    assert any("31/05/2027" in line for line in steps["snapshot"]["lines"])
    assert not steps["backup"]["problem"]
    assert _pupils(own_home) == 300
    assert truong("accept-change", "qlnt", "--reason", "tách trường", "--yes", "qlnt", "--day", NEXT_DAY, "--config", file).code == 0
    done = truong("nightly", "--config", file, "--day", NEXT_DAY)
    assert done.code == 0, done.err
    assert _pupils(own_home) == 200


def _pupils(home: Path) -> int:
    import polars as pl

    pupils = pl.scan_parquet(home / "data" / "snapshots" / NEXT_DAY / "pupils.parquet").filter(pl.col("source_system") == "qlnt")
    return int(pupils.select(pl.len()).collect().item())
