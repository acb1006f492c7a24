"""`truong status` and `truong doctor`: is everything as it must be, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, print_json, print_lines
from flows.doctor import examine
from infra.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from flows.doctor import Line


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`status`, `doctor`."""
    status = verbs.add_parser("status", help="một màn hình: số liệu mới cũ, đêm qua, việc cần sửa, bản sao lưu")
    add_home_options(status)
    status.set_defaults(run=_status)
    doctor = verbs.add_parser("doctor", help="khám máy: phiên bản, đĩa, giờ, quyền tệp mật khẩu, lịch chạy")
    add_home_options(doctor)
    doctor.set_defaults(run=_doctor)


def _status(arguments: argparse.Namespace) -> int:
    from flows.status import school_status  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    status = school_status(home)
    if arguments.json:
        print_json(status.facts)
    else:
        print_lines([f"TRẠNG THÁI – {home.settings.school.name}", "", *(_shown(line) for line in status.lines)])
    return status.exit_code


def _doctor(arguments: argparse.Namespace) -> int:
    lines = examine(home_of(arguments))
    if arguments.json:
        print_json([{"check": line.label, "ok": line.good, "detail": line.detail, "fix": line.fix} for line in lines])
    else:
        print_lines(_shown(line) for line in lines)
        bad = sum(1 for line in lines if line.good is False)
        print_lines(["", f"{bad} chỗ cần sửa." if bad else "Máy ổn."])
    return ExitCode.CONFIGURATION if any(line.good is False for line in lines) else ExitCode.OK


def _shown(line: Line) -> str:
    mark = {True: "✓", False: "✗", None: "–"}[line.good]
    return f"{mark} {line.label}: {line.detail}" + (f"\n    → {line.fix}" if line.fix and line.good is not True else "")
