"""What a person sees of a running night: live lines in a terminal, plain ones in a log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from contextlib import suppress

LABEL = "Kéo Quản lý nhà trường (QLNT)"
NIGHT = f"""
from flows.cli.progress import shown_progress
from flows.progress import StepEvent, announce

with shown_progress():
    announce(StepEvent("pull-qlnt", "{LABEL}", "chạy"))
    announce(StepEvent("pull-qlnt", "{LABEL}", "chạy", "máy chủ không trả lời, 2 giây nữa hỏi lại"))
    announce(StepEvent("pull-qlnt", "{LABEL}", "xong", "31.588 dòng, số liệu ngày 31/05/2027, và nhiều chữ hơn một màn hình", 1.5))
    announce(StepEvent("backup", "Sao lưu mã hóa", "chạy", "12/30 tệp", fraction=0.4))
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _environment() -> dict[str, str]:
    """Ours without what would tell another width, colours, or that there is a terminal where there is none."""
    told = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS")
    return {name: value for name, value in os.environ.items() if name not in told}


def _in_a_terminal(columns: int) -> str:
    """The last picture that a terminal of so many columns gets."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    night = subprocess.Popen([sys.executable, "-c", NIGHT], stderr=theirs, env={**_environment(), "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other end is closed: all was read
        while block := os.read(ours, 65536):
            shown += block
    os.close(ours)
    assert night.wait() == 0
    return ESCAPES.sub("", shown.decode()).rsplit(LABEL, 1)[1]


def test_a_narrow_terminal_cuts_the_detail_and_nothing_else() -> None:
    first, second = _in_a_terminal(80).replace("\r", "\n").split("\n", 1)
    assert "✓ 31.588 dòng" in first
    assert first.rstrip().endswith("…")
    assert "Sao lưu mã hóa" in second
    assert "12/30 tệp" in second


def test_a_log_gets_one_plain_line_per_piece_of_news() -> None:
    done = subprocess.run([sys.executable, "-c", NIGHT], capture_output=True, text=True, check=True, env=_environment())
    assert done.stderr.splitlines() == [
        f"  … {LABEL}",
        f"  … {LABEL}: máy chủ không trả lời, 2 giây nữa hỏi lại",
        f"  ✓ {LABEL}: 31.588 dòng, số liệu ngày 31/05/2027, và nhiều chữ hơn một màn hình (1,5 giây)",
    ]
