"""`truong snapshots`, `truong restore`, `truong drill`: what is safe, and bringing it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from flows.cli.progress import shown_progress
from infra.clock import SCHOOL_ZONE, vietnamese_date
from infra.errors import ExitCode
from infra.vietnamese import decimal, number, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

WHAT_HELP = (
    "lấy một phần (landing, snapshot, findings, report, exports, qlnt), một bảng (pupils, marks…), "
    "một tệp hay đường dẫn; không nêu: trọn đêm"
)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`snapshots`, `restore`, `drill`."""
    snapshots = verbs.add_parser("snapshots", help="các bản sao lưu, đọc từ chính kho")
    add_home_options(snapshots)
    snapshots.set_defaults(run=_snapshots)
    restore = verbs.add_parser("restore", help="lấy lại một đêm hay một tệp vào thư mục mới, so mã băm")
    add_home_options(restore)
    wanted = restore.add_mutually_exclusive_group()
    wanted.add_argument("--day", type=iso_day, metavar="NGÀY", help="đêm nào (mặc định: đêm mới nhất)")
    wanted.add_argument("--snapshot", metavar="MÃ", help="mã bản sao lưu, như `truong snapshots` ghi")
    restore.add_argument("--file", default="", metavar="GÌ", help=WHAT_HELP)
    restore.add_argument("--to", type=Path, metavar="THƯ_MỤC", help="thư mục mới (mặc định: data/restored/GIỜ trong nhà của trường)")
    restore.add_argument("--reason", default="", metavar="LÝ_DO", help="ghi vào sổ khôi phục")
    restore.set_defaults(run=_restore)
    drill = verbs.add_parser("drill", help="diễn tập: khôi phục đêm mới nhất ra chỗ tạm, so mã băm, đếm học sinh")
    add_home_options(drill)
    drill.set_defaults(run=_drill)


def _snapshots(arguments: argparse.Namespace) -> int:
    from flows.safekeeping import all_repositories  # noqa: PLC0415 - heavy

    listed = [(repository, repository.snapshots()) for repository in all_repositories(home_of(arguments))]
    if arguments.json:
        print_json({"repositories": [_as_json(repository, found) for repository, found in listed]})
        return ExitCode.OK
    for repository, found in listed:
        print_lines(_shown(repository, found))
    return ExitCode.OK


def _as_json(repository: Repository, found: Sequence[StoredSnapshot]) -> dict[str, object]:
    return {
        "name": repository.name,
        "url": repository.url,
        "password_file": str(repository.password_file),
        "snapshots": [{"id": snapshot.id, "time": snapshot.time.isoformat(), "day": snapshot.day} for snapshot in found],
    }


def _shown(repository: Repository, found: Sequence[StoredSnapshot]) -> list[str]:
    lines = [f"Kho «{repository.name}»: {repository.url}"]
    if not found:
        return [*lines, "  (chưa có bản nào: chạy `truong nightly`)"]
    lines.append("  Mã        Đêm         Lưu lúc            Số tệp   Dung lượng")
    for snapshot in reversed(found):
        day, saved = vietnamese_date(snapshot.day), f"{snapshot.time.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y}"
        lines.append(f"  {snapshot.short_id}  {day:10}  {saved}  {number(snapshot.files):>6}  {size(snapshot.bytes):>11}")
    return [*lines, f"  {len(found)} bản. Lấy lại: truong restore --day NĂM-THÁNG-NGÀY"]


def _restore(arguments: argparse.Namespace) -> int:
    from flows.safekeeping import log_restore, new_target, restore_into  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    target = (arguments.to or new_target(home)).absolute()
    wanted: date | str | None = arguments.day or arguments.snapshot
    with shown_progress():
        restored = restore_into(home, wanted, arguments.file, target)
    log_restore(home, restored, arguments.file, arguments.reason)
    facts = {
        "day": restored.snapshot.day,
        "snapshot": restored.snapshot.id,
        "target": str(target),
        "files": restored.files,
        "bytes": restored.bytes,
        "seconds": round(restored.seconds, 2),
    }
    if arguments.json:
        print_json(facts)
        return ExitCode.OK
    what = f"{number(restored.files)} tệp ({size(restored.bytes)}) của đêm {vietnamese_date(restored.snapshot.day)}"
    print_lines(
        [
            f"Đã lấy lại {what} trong {decimal(restored.seconds)} giây.",
            "Từng tệp đúng mã băm đã ghi lúc sao lưu.",
            f"Ở: {target}",
        ]
    )
    return ExitCode.OK


def _drill(arguments: argparse.Namespace) -> int:
    from flows.safekeeping import hold_drill  # noqa: PLC0415 - heavy

    result = hold_drill(home_of(arguments))
    if arguments.json:
        print_json(result.as_facts())
    else:
        print_lines([f"Diễn tập khôi phục {'ĐẠT' if result.ok else 'KHÔNG ĐẠT'}: {result.told}"])
    return ExitCode.OK if result.ok else ExitCode.RESTORE
