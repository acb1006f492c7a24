"""The `truong` command: finds the verb, and turns every error into one Vietnamese line and an exit code."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from flows.cli import (
    accept,
    backups,
    check,
    connect,
    demo,
    health,
    keeping,
    keys,
    mail,
    night,
    papers,
    pull,
    restoring,
    results,
    rules,
    setup,
    sources,
    waive,
)
from flows.cli import map as map_files
from flows.cli.common import VietnameseParser
from infra.errors import ExitCode, SchoolError, of_the_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def build_parser() -> VietnameseParser:
    """All verbs; each group registers its own."""
    parser = VietnameseParser(prog="truong", description="Giữ dữ liệu nhà trường đúng, đủ và an toàn.")
    verbs = parser.add_subparsers(title="Các lệnh", metavar="LỆNH", required=True, parser_class=VietnameseParser)
    for group in (
        demo,
        setup,
        night,
        sources,
        connect,
        map_files,
        pull,
        accept,
        check,
        waive,
        rules,
        results,
        papers,
        backups,
        restoring,
        keeping,
        keys,
        mail,
        health,
    ):
        group.register(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    try:
        arguments = build_parser().parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("Đã dừng theo yêu cầu. Chạy lại lệnh này sẽ làm tiếp từ đầu, không mất gì.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Who read on (head, less) has seen enough.
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the outer edge
        return _tell(error)


def _tell(error: Exception) -> int:
    """One line for what a person can put right; a fault of ours keeps its traceback."""
    told = of_the_machine(error) if isinstance(error, OSError) else error
    if isinstance(told, SchoolError):
        print(f"Lỗi: {told.line()}", file=sys.stderr)
        return int(told.exit_code)
    traceback.print_exception(error)
    print("Lỗi của phần mềm, không phải của thầy cô. Hãy gửi các dòng trên cho người bảo trì.", file=sys.stderr)
    return ExitCode.OUR_FAULT


if __name__ == "__main__":
    sys.exit(main())
