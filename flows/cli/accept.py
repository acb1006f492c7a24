"""`truong accept-change SOURCE --reason …`: let a change of a source pass, after seeing exactly what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines, require_consent, require_same_name
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import date

    from connectors.contract import Breach
    from connectors.records.snapshot import Snapshot


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`accept-change`."""
    accept = verbs.add_parser("accept-change", help="chấp nhận một thay đổi bất thường của nguồn (ghi lại ai, khi nào, vì sao)")
    accept.add_argument("source", metavar="NGUỒN", help="tên nguồn trong cấu hình")
    accept.add_argument("--reason", required=True, metavar="LÝ_DO", help="vì sao thay đổi này là đúng")
    accept.add_argument("--yes", metavar="NGUỒN", help="đồng ý mà không hỏi: viết lại đúng tên nguồn")
    accept.add_argument("--day", type=iso_day, metavar="NGÀY", help="ngày của trường (mặc định: hôm nay)")
    add_home_options(accept)
    accept.set_defaults(run=_accept)


def _accept(arguments: argparse.Namespace) -> int:
    from flows.accepting import accept  # noqa: PLC0415 - heavy
    from flows.pulling_aside import pull_aside  # noqa: PLC0415

    home, system, reason = home_of(arguments), arguments.source, " ".join(arguments.reason.split())
    if not reason:
        raise ConfigurationError("Chưa nêu lý do", where="--reason", fix="viết vì sao thay đổi này là đúng")
    require_same_name(system, arguments.yes)
    day = arguments.day or home.today
    (pulled,) = pull_aside(home, [system], day)
    if pulled.snapshot is None:
        raise pulled.error or ConfigurationError("Không kéo được nguồn", where=system)
    breaches = pulled.verdict.tripped
    if not breaches:
        _tell(arguments, [], [f"Nguồn {system} không có gì bất thường: không có gì phải chấp nhận."])
        return ExitCode.OK
    if not arguments.json:
        print_lines(_plan(system, pulled.snapshot, breaches, day))
    require_consent(system, arguments.yes, "Gõ tên nguồn ({}) để chấp nhận, Enter để thôi: ", "Chưa chấp nhận gì")
    written = accept(home, pulled.snapshot, day, reason, breaches)
    told = f"Đã ghi: {written.who}, {written.when}, vì: {reason}. Lần kéo sau trạng thái này được dùng; chạy truong nightly."
    _tell(arguments, [breach.line() for breach in breaches], [told])
    return ExitCode.OK


def _plan(system: str, snapshot: Snapshot, breaches: tuple[Breach, ...], day: date) -> Iterator[str]:
    """What would be accepted, and for how long."""
    from connectors.contract import SET_BY_HAND  # noqa: PLC0415 - heavy
    from flows.accepting import ACCEPTED_DAYS  # noqa: PLC0415

    state = snapshot.sources[system]
    yield f"Nguồn {system}, ngày {vietnamese_date(day)}. SẼ CHẤP NHẬN:"
    yield from (f"  • {breach.line()}" for breach in breaches)
    rows = number(sum(snapshot.rows.values()))
    yield f"Trạng thái kéo về lúc này: {rows} dòng ở {len(state.delivered)} bảng, số liệu ngày {vietnamese_date(state.data_as_of)}."
    yield f"Chỉ dùng cho đúng thay đổi này (hoặc nằm giữa nó và mức cũ), đến khi số liệu trở lại như cũ hoặc sau {ACCEPTED_DAYS} ngày."
    if any(breach.kind in SET_BY_HAND for breach in breaches):
        yield f"Nếu từ nay luôn như vậy thì sửa mức ở [sources.{system}.contract] trong truong.toml, nếu không sẽ lại báo."


def _tell(arguments: argparse.Namespace, accepted: list[str], lines: list[str]) -> None:
    if arguments.json:
        print_json({"system": arguments.source, "accepted": accepted})
    else:
        print_lines(lines)
