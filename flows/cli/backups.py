"""`truong snapshots`, `truong drill`: what is safe, and the proof that it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, print_json, print_lines
from infra.clock import SCHOOL_ZONE, vietnamese_date
from infra.errors import ExitCode
from infra.vietnamese import decimal, number, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from backup.drill import DrillResult
    from backup.repository import Repository
    from backup.stored import StoredSnapshot


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`snapshots`, `drill`."""
    snapshots = verbs.add_parser("snapshots", help="các bản sao lưu, đọc từ chính kho")
    add_home_options(snapshots)
    snapshots.set_defaults(run=_snapshots)
    drill = verbs.add_parser("drill", help="diễn tập: khôi phục đêm mới nhất ra chỗ tạm, so mã băm, đếm học sinh")
    add_home_options(drill)
    drill.add_argument("--certificate", action="store_true", help="lập giấy chứng nhận (PDF) để Hiệu trưởng ký; mỗi năm học tự lập một lần")
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
        "snapshots": [
            {
                "id": snapshot.id,
                "time": snapshot.time.isoformat(),
                "day": snapshot.day,
                "partial": snapshot.partial,
                "lacking": list(snapshot.lacking),
            }
            for snapshot in found
        ],
    }


def _shown(repository: Repository, found: Sequence[StoredSnapshot]) -> list[str]:
    lines = [f"Kho «{repository.name}»: {repository.url}"]
    if not found:
        return [*lines, "  (chưa có bản nào: chạy `truong nightly`)"]
    lines.append("  Mã        Đêm         Lưu lúc            Số tệp   Dung lượng")
    for snapshot in reversed(found):
        day, saved = vietnamese_date(snapshot.day), f"{snapshot.time.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y}"
        partial = f"  ({snapshot.partial_told})" if snapshot.partial else ""
        lines.append(f"  {snapshot.short_id}  {day:10}  {saved}  {number(snapshot.files):>6}  {size(snapshot.bytes):>11}{partial}")
    return [*lines, f"  {len(found)} bản. Lấy lại: truong restore --day NĂM-THÁNG-NGÀY"]


def _drill(arguments: argparse.Namespace) -> int:
    from flows.drilling import hold_and_certify  # noqa: PLC0415 - heavy

    results, paper = hold_and_certify(home_of(arguments), certificate=arguments.certificate)
    if arguments.json:
        print_json(_drill_json(results, paper))
    else:
        for result in results:
            print_lines([f"Diễn tập khôi phục {'ĐẠT' if result.ok else 'KHÔNG ĐẠT'}: {result.told}", *_measured(result)])
        if paper:
            print_lines([f"Giấy chứng nhận để Hiệu trưởng ký: {paper}"])
    return ExitCode.OK if results and all(result.ok for result in results) else ExitCode.RESTORE


def _measured(result: DrillResult) -> list[str]:
    """What was opened, how old the data was (RPO) and how long it took (RTO)."""
    age, took = f"dữ liệu cũ {decimal(result.age_hours)} giờ (RPO)", f"lấy lại và mở mất {decimal(result.seconds)} giây (RTO)"
    measured = f"  Kho «{result.repository}»: {age}, {took}"
    return [*(f"  Mở thử: {line}" for line in result.opened), measured] if result.ok else []


def _drill_json(results: Sequence[DrillResult], paper: Path | None) -> dict[str, object]:
    """The first repository's drill as it always stood, and all of them."""
    facts = [result.as_facts() for result in results]
    good = bool(results) and all(result.ok for result in results)
    return {**(facts[0] if facts else {}), "ok": good, "drills": facts, "certificate": str(paper) if paper else None}
