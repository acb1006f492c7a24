"""Bringing data back as a person does it: by questions at a terminal and by options; the drill, the kit, a new password."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.e2e.running import NIGHT_SECONDS, Done, clean_environment, truong
from tests.integration.pdf_reading import codes_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2027-05-31"
SCHOOL = "Trường Tiểu học Trung Trắc (dữ liệu mẫu)"


def at_a_terminal(home: Path, *verb: str, typed: str, once: str = "") -> Done:
    """Run a command as a person who types these lines, once something was asked, and then goes."""
    person, terminal = os.openpty()
    command = [sys.executable, "-m", "flows.cli.main", *verb, "--config", str(home / "truong.toml")]
    pipes = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=clean_environment(), start_new_session=True) as process:
        told = b""
        # A password's question throws away what was typed before it.
        while once.encode() not in told and process.stderr is not None and (block := process.stderr.read1()):
            told += block
        os.write(person, f"{typed}\x04".encode())
        out, err = process.communicate(timeout=NIGHT_SECONDS)
    os.close(person)
    os.close(terminal)
    return Done(process.returncode, out.decode(), (told + err).decode())


def asked(home: Path, *arguments: str | Path) -> Any:  # noqa: ANN401 - JSON
    done = truong(*arguments, "--config", home / "truong.toml", "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def log(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "data" / "restored" / "nhat-ky.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_teacher_answers_questions_and_gets_a_gradebook(own_home: Path) -> None:
    done = at_a_terminal(own_home, "restore", typed="31/05/2027\n3\n9z\n3b\n\nlớp 3B xóa nhầm sổ điểm\ncó\n")
    assert done.code == 0, done.err
    for told in ("KHÔI PHỤC", "Của đêm nào?", "31/05/2027", "Lấy lại gì?", "sổ điểm của một lớp", "Không có lớp «9z»", "cần một lý do"):
        assert told in done.out
    assert "Sẽ lấy lại sổ điểm lớp 3B của đêm 31/05/2027" in done.out
    (folder,) = [path for path in (own_home / "data" / "restored").iterdir() if path.is_dir()]
    assert [path.name for path in folder.iterdir()] == ["so-diem-lop-3B.xlsx"]
    assert str(folder.resolve()) in done.out
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    sheet = openpyxl.load_workbook(folder / "so-diem-lop-3B.xlsx").worksheets[0]
    assert sheet.max_row > 10
    entry = log(own_home)[-1]
    assert (entry["state"], entry["what"], entry["reason"]) == ("xong", "sổ điểm lớp 3B", "lớp 3B xóa nhầm sổ điểm")


@pytest.mark.parametrize("answer", ["\n", "không\n"])
def test_who_does_not_say_yes_gets_nothing_and_that_is_written_down(answer: str, own_home: Path) -> None:
    done = at_a_terminal(own_home, "restore", typed=f"\n2\n1\nxem thử\n{answer}")
    assert done.code == 14
    assert "chưa được đồng ý" in done.err
    assert [path.name for path in (own_home / "data" / "restored").iterdir()] == ["nhat-ky.jsonl"]
    assert log(own_home)[-1]["state"] == "từ chối"


def test_a_file_is_found_by_a_word_of_its_name(own_home: Path) -> None:
    done = at_a_terminal(own_home, "restore", typed="\n6\nkhông có tệp nào như thế\nbao-cao-chat-luong.html\nxem lại báo cáo\ncó\n")
    assert done.code == 0, done.err + done.out
    assert len(list((own_home / "data" / "restored").rglob("bao-cao-chat-luong.html"))) == 1


def test_by_options_a_table_a_database_and_a_class(good_night: Path, tmp_path: Path) -> None:
    config = ("--config", good_night / "truong.toml")
    done = truong("restore", "--table", "marks", "--to", tmp_path / "bang", *config)
    assert done.code == 0, done.err
    assert "Mở thử: bảng Kết quả môn học: " in done.out
    assert (tmp_path / "bang" / "marks.xlsx").stat().st_size > 10_000
    done = truong("restore", "--database", "--to", tmp_path / "csdl", *config)
    assert done.code == 0, done.err
    assert "cơ sở dữ liệu qlnt: " in done.out
    assert "đúng bản kê" in done.out
    done = truong("restore", "--class", "9/9", "--to", tmp_path / "lop", *config)
    assert (done.code, "không có lớp «9/9»" in done.err, (tmp_path / "lop").exists()) == (14, True, False)
    assert truong("restore", "--table", "marks", "--class", "3/2", *config).code == 10
    assert truong("restore", "--repository", "khong-co", *config).code == 10


def test_in_place_needs_the_schools_name_typed(own_home: Path) -> None:
    report = own_home / "data" / "reports" / DAY / "bao-cao-chat-luong.html"
    good = report.read_bytes()
    report.write_bytes(b"hong")
    wanted = ("restore", "--file", "report", "--day", DAY, "--in-place", "--reason", "báo cáo hỏng")
    assert truong(*wanted, "--config", own_home / "truong.toml").code == 14
    assert at_a_terminal(own_home, *wanted, typed="Trường khác\n").code == 14
    assert report.read_bytes() == b"hong"
    done = at_a_terminal(own_home, *wanted, typed=f"{SCHOOL}\n")
    assert done.code == 0, done.err
    assert report.read_bytes() == good
    assert "đã sao lưu (truong restore --snapshot " in done.out


@pytest.mark.slow
def test_the_drill_measures_and_certifies_and_the_paper_is_asked_for(own_home: Path) -> None:
    told = asked(own_home, "drill", "--certificate")
    assert (told["ok"], told["pupils"], len(told["drills"])) == (True, 300, 1)
    assert told["drills"][0]["seconds"] > 0
    paper = own_home / "data" / "certificates"
    assert [str(path.resolve()) for path in paper.iterdir()] == [told["certificate"]]
    status = truong("status", "--config", own_home / "truong.toml").out
    assert "chứng minh lấy lại được lần gần nhất ngày" in status
    kit = next(line for line in asked_doctor(own_home) if line["check"] == "Bộ khôi phục trong tủ sắt")
    assert (kit["ok"], kit["fix"]) == (None, "truong recovery-kit")


def asked_doctor(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(truong("doctor", "--config", home / "truong.toml", "--json").out)
    return found


@pytest.mark.slow
def test_the_kit_is_made_once_tried_from_the_paper_and_outlives_a_new_password(own_home: Path) -> None:
    done = truong("recovery-kit", "--config", own_home / "truong.toml")
    assert done.code == 0, done.err
    paper = own_home / "bo-khoi-phuc.pdf"
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600
    assert f"rm '{paper.resolve()}'" in done.out
    (key,) = codes_of(paper)
    assert key in text_of(paper)
    assert key not in done.out + done.err
    assert truong("recovery-kit", "--config", own_home / "truong.toml").code == 10
    before = (own_home / "secrets" / "restic.pass").read_bytes()
    done = truong("backup", "rotate-key", "--config", own_home / "truong.toml")
    assert done.code == 0, done.err
    assert (own_home / "secrets" / "restic.pass").read_bytes() != before
    assert truong("snapshots", "--config", own_home / "truong.toml").code == 0
    done = at_a_terminal(own_home, "recovery-kit", "--tried", typed=f"{key}\n", once="Enter: ")
    assert done.code == 0, done.err
    assert "Đã ghi: thử bộ khôi phục ngày" in done.out
    assert at_a_terminal(own_home, "recovery-kit", "--tried", typed="SAI-KHOA\n", once="Enter: ").code == 13
    asked(own_home, "recovery-kit", "--renew")
    assert at_a_terminal(own_home, "recovery-kit", "--tried", typed=f"{key}\n", once="Enter: ").code == 13
