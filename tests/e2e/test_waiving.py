"""An exception as a person signs it: refused where it must be, then a night that counts with it and tells of it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tests.e2e.running import Done, truong

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2027-05-31"
# The reason has a word that stands nowhere else, to look for where no reason may be.
RULE, REASON, SIGNER = "ID-4/4", "lý do Bímật của gia đình", "Phó hiệu trưởng Lê Thị Ký"


def waive(home: Path, *arguments: str) -> Done:
    return truong("waive", *arguments, "--config", home / "truong.toml")


def findings_of(home: Path) -> list[dict[str, str]]:
    with (home / "data" / "findings" / DAY / "findings.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def key_of(home: Path) -> str:
    return next(row["key"] for row in findings_of(home) if (row["rule"], row["system"]) == (RULE, "qlnt"))


def test_what_cannot_be_signed_is_one_line_and_10(good_night: Path) -> None:
    key = key_of(good_night)
    open_keys = sorted({row["key"] for row in findings_of(good_night) if row["rule"] == RULE})
    wrong = [
        ([], "Chưa nêu mã quy tắc"),
        ([RULE, key], "Chưa nêu lý do"),
        ([RULE, key, "--reason", "x", "--until", "2027-06-01"], "Ngoại lệ chỉ được đến hết học kỳ"),
        ([RULE, "7900000000", "--reason", "x"], f"chọn trong: {', '.join(open_keys)}"),
        (["ID-44/4", key, "--reason", "x"], "có phải ID-4/4"),
        (["BD-1", "pupils", "--reason", "x"], "accept-change"),
        ([RULE, key, "--withdraw", "--reason", "x"], "Không có ngoại lệ nào"),
    ]
    for arguments, told in wrong:
        done = waive(good_night, *arguments)
        assert done.code == 10, arguments
        (line,) = [line for line in done.err.splitlines() if line.startswith("Lỗi:")]
        assert told in line
        assert done.out == ""
    assert json.loads(waive(good_night, "--list", "--json").out) == []


@pytest.mark.slow
def test_a_night_counts_with_what_was_signed_and_tells_of_it(own_home: Path) -> None:
    before, key = findings_of(own_home), key_of(own_home)
    done = waive(own_home, RULE, key, "--reason", REASON, "--by", SIGNER)
    assert done.code == 0, done.err
    assert "đến hết ngày 31/05/2027" in done.out
    night = truong("nightly", "--config", own_home / "truong.toml")
    assert night.code == 0, night.err
    assert "(không kể 1 ngoại lệ đã ký)" in night.out
    assert f"1 ngoại lệ đã ký ({RULE}: 1)" in night.out
    assert findings_of(own_home) == before  # it stays listed, and the contract of the file stays as it is
    (listed,) = json.loads(waive(own_home, "--list", "--json").out)
    assert (listed["rule"], listed["key"], listed["state"], listed["signer"]) == (RULE, key, "đang hiệu lực", SIGNER)
    again = truong("check", "--config", own_home / "truong.toml", "--out", own_home / "lai.csv", "--json")
    assert (json.loads(again.out)["waived"], json.loads(again.out)["findings"]) == (1, len(before) - 1)
    assert (own_home / "lai.csv").read_bytes() == (own_home / "data" / "findings" / DAY / "findings.csv").read_bytes()
    status = json.loads(truong("status", "--config", own_home / "truong.toml", "--json").out)
    assert status["waived"] == 1
    rows = status["rows"]
    assert rows["kéo về"] == rows["xuất được"] + rows["giữ lại"] + rows["tạm giữ"] > 0
    reports = own_home / "data" / "reports" / DAY
    private = openpyxl.load_workbook(reports / "rieng" / "danh-sach-can-sua.xlsx")["Đã chấp nhận"]
    assert (REASON, SIGNER) in {(row[7], row[8]) for row in private.iter_rows(min_row=5, values_only=True)}
    form = openpyxl.load_workbook(own_home / "data" / "exports" / "bieu-02-TH-DN" / DAY / "bieu-02-TH-DN.xlsx")
    assert SIGNER in " ".join(str(cell.value) for row in form["Ghi chú"].iter_rows() for cell in row)
    told = [*(own_home / "prefect").rglob("*"), *(own_home / "data" / "nights").rglob("*"), reports / "bao-cao-chat-luong.html"]
    for path in (path for path in told if path.is_file()):
        assert "Bímật".encode() not in path.read_bytes(), path
        assert json.dumps("Bímật")[1:-1].encode() not in path.read_bytes(), path
    assert "Bímật" not in night.out + night.err
    taken_back = waive(own_home, RULE, key, "--withdraw", "--reason", "ký nhầm")
    assert taken_back.code == 0, taken_back.err
    (listed,) = json.loads(waive(own_home, "--list", "--json").out)
    assert (listed["state"], listed["withdrawn_on"]) == ("đã rút hoặc ký lại", DAY)
