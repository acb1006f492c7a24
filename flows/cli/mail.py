"""`truong mail plan`: what the yearly clean-up of old e-mail would take away (Điều 10.1b). Deletes nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from infra.clock import vietnamese_date
from infra.errors import ExitCode
from infra.vietnamese import number, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from backup.mail_archive import Group, PruningPlan

BAR = 24  # letters of the longest bar


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`mail plan`."""
    mail = verbs.add_parser("mail", help="thư cũ: xem sẽ dọn gì")
    what = mail.add_subparsers(title="Việc", metavar="VIỆC", required=True)
    plan = what.add_parser("plan", help="kế hoạch dọn thư: bao nhiêu thư, theo thư mục và năm; không xóa gì")
    add_home_options(plan)
    plan.add_argument("--day", type=iso_day, metavar="NGÀY", help="tính từ ngày này (mặc định: hôm nay)")
    plan.set_defaults(run=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    from flows.mailing import mail_plan  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    plan = mail_plan(home, arguments.day or home.today)
    if arguments.json:
        print_json(_as_json(plan))
    else:
        print_lines(_shown(plan))
    return ExitCode.OK


def _as_json(plan: PruningPlan) -> dict[str, object]:
    return {
        "day": plan.day,
        "cutoff": plan.cutoff,
        "examined": plan.examined,
        "prune": {"count": plan.count, "bytes": plan.total_bytes},
        "groups": [{"folder": group.folder, "year": group.year, "count": group.count, "bytes": group.bytes} for group in plan.groups],
        "held": dict(plan.held),
        "review": len(plan.review),
        "digest": plan.digest,
    }


def _shown(plan: PruningPlan) -> list[str]:
    lines = [
        f"KẾ HOẠCH DỌN THƯ (Điều 10.1b), lập ngày {vietnamese_date(plan.day)}: CHỈ LÀ KẾ HOẠCH, CHƯA XÓA THƯ NÀO",
        "",
        f"Đã xem {number(plan.examined)} thư. Đề nghị dọn {number(plan.count)} thư ({size(plan.total_bytes)}).",
        f"Đó là thư cũ hơn ngày {vietnamese_date(plan.cutoff)} theo cả ngày ghi trong thư lẫn ngày nhận.",
    ]
    if plan.groups:
        lines += ["", *_table(plan.groups)]
    if plan.held:
        lines += ["", "Thư cũ nhưng giữ lại:", *(f"  {number(count):>6}  {reason}" for reason, count in plan.held.items())]
    if plan.review:
        lines += ["", f"Phải có người xem: {number(len(plan.review))} thư không rõ ngày, hoặc hai ngày lệch nhau trên một năm."]
    return [*lines, "", f"Mã của kế hoạch này: {plan.digest[:12]}"]


def _table(groups: Sequence[Group]) -> list[str]:
    """Folder and year with a bar for the bytes, and each folder's sum."""
    by_folder: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_folder[group.folder].append(group)
    largest = max(group.bytes for group in groups)
    lines = ["Thư mục / năm               Số thư   Dung lượng"]
    for folder, found in by_folder.items():
        lines.append(f"{folder:<26}  {number(sum(group.count for group in found)):>7}  {size(sum(group.bytes for group in found)):>11}")
        for group in found:
            bar = "█" * max(1, round(BAR * group.bytes / largest)) if largest else ""
            lines.append(f"    {group.year}                    {number(group.count):>7}  {size(group.bytes):>11}  {bar}")
    return lines
