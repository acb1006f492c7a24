"""`truong connect SOURCE --test`: the day the officer sets a source up, step by step with what to do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, print_json, print_lines
from infra.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from connectors.probing.steps import Step


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`connect`."""
    connect = verbs.add_parser("connect", help="thử nối một nguồn: tên máy, cổng, khóa, đăng nhập, quyền, tiêu đề; không ghi gì")
    connect.add_argument("source", metavar="NGUỒN", help="tên nguồn trong cấu hình")
    connect.add_argument("--test", action="store_true", required=True, help="thử từng bước")
    add_home_options(connect)
    connect.set_defaults(run=_connect)


def _connect(arguments: argparse.Namespace) -> int:
    from connectors.probing.kinds import steps_of  # noqa: PLC0415
    from connectors.probing.steps import Mark  # noqa: PLC0415 - heavy

    home, taken = home_of(arguments), []
    with tempfile.TemporaryDirectory(prefix="truong-connect-") as scratch:
        for step in steps_of(home.settings, arguments.source, Path(scratch)):
            taken.append(step)
            if not arguments.json:
                print_lines(_lines(step))
    bad = sum(step.mark is Mark.BAD for step in taken)
    warned = sum(step.mark is Mark.WARN for step in taken)
    if arguments.json:
        keys = ("label", "mark", "detail", "fix", "lines")
        print_json([{key: getattr(step, key) for key in keys} for step in taken])
    else:
        print_lines(["", _verdict(bad, warned)])
    return ExitCode.SOURCE if bad else ExitCode.OK


def _verdict(bad: int, warned: int) -> str:
    if bad:
        return f"Chưa nối được: {bad} bước hỏng. Sửa rồi chạy lại lệnh này."
    return f"Nối được, nhưng có {warned} điều nên sửa." if warned else "Nối được."


def _lines(step: Step) -> Iterator[str]:
    yield f"{step.mark} {step.label}: {step.detail}"
    yield from (f"      {line}" for line in step.lines)
    if step.fix:
        yield f"    → {step.fix}"
