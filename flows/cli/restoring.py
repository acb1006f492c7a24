"""`truong restore`: bring data back, by options or by questions at a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from flows.cli.progress import shown_progress
from infra.clock import SCHOOL_ZONE, vietnamese_date
from infra.errors import ExitCode
from infra.vietnamese import decimal, number, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from flows.home import Home
    from flows.restore_log import RestoreOrder
    from flows.restoring import Brought, RestorePlan

FILE_HELP = "một phần (landing, snapshot, findings, report, exports, qlnt…), một tệp hay đường dẫn; không nêu gì: trọn đêm"
# Any of these and a person has said what to do: nothing more is asked.
ORDERS = ("day", "snapshot", "file", "table", "class_name", "database", "mail", "to", "in_place", "repository", "reason", "school")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`restore`."""
    restore = verbs.add_parser(
        "restore", help="lấy lại một đêm, một bảng, sổ điểm một lớp, cơ sở dữ liệu, một tệp; không tùy chọn: máy sẽ hỏi"
    )
    add_home_options(restore)
    when = restore.add_mutually_exclusive_group()
    when.add_argument("--day", type=iso_day, metavar="NGÀY", help="đêm nào (mặc định: đêm mới nhất)")
    when.add_argument("--snapshot", metavar="MÃ", help="mã bản sao lưu, như `truong snapshots` ghi")
    _add_what(restore.add_mutually_exclusive_group())
    restore.add_argument("--repository", default="", metavar="KHO", help="lấy từ kho nào (mặc định: kho thứ nhất)")
    restore.add_argument("--to", type=Path, metavar="THƯ_MỤC", help="thư mục mới (mặc định: data/restored/GIỜ trong nhà của trường)")
    restore.add_argument("--in-place", action="store_true", help="ghi đè vào dữ liệu của trường; cần --school, sao lưu hiện trạng trước")
    restore.add_argument("--school", default="", metavar="TÊN_TRƯỜNG", help="gõ đúng tên trường để đồng ý ghi đè")
    restore.add_argument("--reason", default="", metavar="LÝ_DO", help="ghi vào sổ khôi phục; không ghi tên học sinh")
    restore.set_defaults(run=_restore)


def _add_what(what: argparse._MutuallyExclusiveGroup) -> None:
    what.add_argument("--file", default="", metavar="GÌ", help=FILE_HELP)
    what.add_argument("--table", metavar="BẢNG", help="một bảng (pupils, marks…), kèm tệp Excel")
    what.add_argument("--class", dest="class_name", metavar="LỚP", help="sổ điểm của một lớp (3/2, 4A…) thành tệp Excel")
    what.add_argument(
        "--database", nargs="?", const="database", metavar="TÊN", help="cơ sở dữ liệu (không nêu tên: tất cả), mở và đếm dòng"
    )
    what.add_argument("--mail", action="store_true", help="thư của trường")


def _restore(arguments: argparse.Namespace) -> int:
    from flows.restoring import carry_out  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    order = _asked(home) if _asks(arguments) else _ordered(home, arguments)
    with shown_progress():
        brought = carry_out(home, order)
    print_json(_as_json(brought)) if arguments.json else print_lines(_shown(brought))
    return ExitCode.OK


def _asks(arguments: argparse.Namespace) -> bool:
    """Whether a person sits there and has said nothing yet."""
    return sys.stdin.isatty() and not arguments.json and not any(getattr(arguments, name) for name in ORDERS)


def _asked(home: Home) -> RestoreOrder:
    from flows.cli.restore_questions import asked_order  # noqa: PLC0415 - only a person at a terminal needs it

    return asked_order(home)


def _ordered(home: Home, arguments: argparse.Namespace) -> RestoreOrder:
    """The order that the options give."""
    from flows.restore_log import RestoreOrder  # noqa: PLC0415 - heavy
    from flows.restoring import new_target  # noqa: PLC0415

    return RestoreOrder(
        what=_what(arguments),
        wanted=arguments.day or arguments.snapshot,
        repository=arguments.repository,
        target=(arguments.to or new_target(home)).absolute(),
        reason=arguments.reason,
        in_place=arguments.in_place,
        school=arguments.school or (_typed_school(home) if arguments.in_place else ""),
    )


def _what(arguments: argparse.Namespace) -> str:
    from backup.wanted import CLASS  # noqa: PLC0415 - heavy

    if arguments.class_name:
        return f"{CLASS}{arguments.class_name}"
    return str(arguments.table or arguments.database or ("mail" if arguments.mail else arguments.file))


def _typed_school(home: Home) -> str:
    """The school's name as a person at the terminal types it; empty elsewhere."""
    if not sys.stdin.isatty():
        return ""
    print("GHI ĐÈ dữ liệu hiện có (hiện trạng được sao lưu trước).", file=sys.stderr)
    print(f"Gõ tên trường ({home.settings.school.name}) để đồng ý, Enter để thôi: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def plan_line(shown: RestorePlan, what: str) -> str:
    """What will come: how much, of which night, saved when, from where."""
    from flows.restoring import plan_in_words  # noqa: PLC0415 - heavy

    saved = f"lưu lúc {shown.saved.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y}"
    source = f"{saved}, bản {shown.snapshot.short_id}, kho «{shown.repository.name}»"
    return f"Sẽ lấy lại {plan_in_words(shown, what)}, {size(shown.bytes)} ({source})"


def _as_json(brought: Brought) -> dict[str, object]:
    restored = brought.restored
    return {
        "day": restored.snapshot.day,
        "snapshot": restored.snapshot.id,
        "target": str(brought.place),
        "files": restored.files,
        "bytes": restored.bytes,
        "seconds": round(restored.seconds, 2),
        "opened": list(brought.opened),
        "lacking": list(restored.lacking),
        "saved_before": brought.saved_before,
    }


def _shown(brought: Brought) -> Iterator[str]:
    restored = brought.restored
    what = f"{number(restored.files)} tệp ({size(restored.bytes)}) của đêm {vietnamese_date(restored.snapshot.day)}"
    yield f"Đã lấy lại {what} trong {decimal(restored.seconds)} giây."
    yield "Từng tệp đúng mã băm đã ghi lúc sao lưu."
    yield from (f"Mở thử: {line}" for line in brought.opened)
    yield from (f"CHÚ Ý: {line}" for line in restored.lacking)
    if brought.saved_before:
        yield f"Hiện trạng trước khi ghi đè đã sao lưu (truong restore --snapshot {brought.saved_before})"
    yield f"Ở: {brought.place}"
