"""A wrongly called command, a full disk, a fault of ours: what a person reads and the exit code."""

from __future__ import annotations

import errno

import pytest

from flows.cli import sources
from flows.cli.main import main
from infra.errors import ExitCode


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "còn thiếu LỆNH"),
        (["khong-co"], "không có «khong-co», chọn một trong: "),
        (["check", "--day", "x"], "ngày «x» không đúng"),
        (["restore", "--day"], "--day cần một giá trị đi kèm"),
        (["restore", "--day", "2027-01-01", "--snapshot", "abcd"], "không dùng cùng"),
        (["demo-data", "--out", "x", "--pupils", "nhiều"], "phải là số"),
        (["status", "--khong-co"], "không hiểu «--khong-co»"),
    ],
)
def test_a_wrong_call_is_told_in_vietnamese(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == ExitCode.CONFIGURATION
    shown = capsys.readouterr().err
    assert told in shown
    assert "--help" in shown
    assert "argument" not in shown


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), ExitCode.CONFIGURATION, "Lỗi: Đĩa đã đầy [/data/x] → dọn đĩa"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), ExitCode.CONFIGURATION, "Lỗi: Không có quyền"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), ExitCode.OUR_FAULT, "Lỗi của phần mềm"),
        (KeyboardInterrupt(), 130, "Đã dừng theo yêu cầu"),
        (BrokenPipeError(), ExitCode.OK, ""),
        (ZeroDivisionError(), ExitCode.OUR_FAULT, "Lỗi của phần mềm"),
    ],
)
def test_what_goes_wrong_has_its_code_and_its_line(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(sources, "_sources", fail)
    assert main(["sources"]) == code
    assert told in capsys.readouterr().err
