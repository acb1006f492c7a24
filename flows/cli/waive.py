"""`truong waive CODE KEY --reason … --until DATE`: sign an exception; see all of them; take one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import date

    from expectations.waivers import State, Waiver
    from flows.home import Home
    from flows.waiving import Asked

CALLED = 'truong waive MÃ KHÓA --reason "lý do" [--until NGÀY]'


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`waive`."""
    waive = verbs.add_parser("waive", help="ký ngoại lệ cho một chỗ sai, có thời hạn (ghi lại ai, khi nào, vì sao)")
    waive.add_argument("code", nargs="?", metavar="MÃ", help="mã quy tắc, ví dụ ID-4/3")
    waive.add_argument("key", nargs="?", metavar="KHÓA", help="khóa của chỗ sai, như cột key trong kết quả kiểm tra")
    waive.add_argument("--reason", default="", metavar="LÝ_DO", help="vì sao chấp nhận (đừng ghi tên học sinh)")
    waive.add_argument("--until", type=iso_day, metavar="NGÀY", help="ngày cuối cùng, muộn nhất là hết học kỳ (mặc định: hết học kỳ)")
    waive.add_argument("--by", default="", metavar="NGƯỜI_KÝ", help="ai chịu trách nhiệm (mặc định: tài khoản đang dùng máy)")
    waive.add_argument("--withdraw", action="store_true", help="rút ngoại lệ đã ký cho chỗ này")
    waive.add_argument("--list", action="store_true", help="liệt kê mọi ngoại lệ và còn hiệu lực hay không")
    waive.add_argument("--day", type=iso_day, metavar="NGÀY", help="ngày của trường (mặc định: hôm nay)")
    add_home_options(waive)
    waive.set_defaults(run=_waive)


def _waive(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    day = arguments.day or home.today
    if arguments.list:
        return _list(home, day, as_json=arguments.json)
    from flows.waiving import newest_night, waive, withdraw  # noqa: PLC0415 - heavy

    asked = _asked(arguments)
    if arguments.withdraw:
        written, told = withdraw(home, asked, day), "Đã rút ngoại lệ"
    else:
        written, told = waive(home, newest_night(home), asked, day), "Đã ký ngoại lệ"
    if arguments.json:
        print_json(_facts(written, "đã rút" if arguments.withdraw else "đã ký"))
    else:
        print_lines(_signed(written, told))
    return ExitCode.OK


def _asked(arguments: argparse.Namespace) -> Asked:
    """What was asked for, tidied. ConfigurationError when a part is missing."""
    from flows.waiving import Asked  # noqa: PLC0415 - heavy

    code, key, reason, signer = (
        " ".join(str(text or "").split()) for text in (arguments.code, arguments.key, arguments.reason, arguments.by)
    )
    if not code or not key:
        raise ConfigurationError("Chưa nêu mã quy tắc và khóa của chỗ sai", fix=f"gọi: {CALLED}; xem đã ký gì: truong waive --list")
    if not reason:
        raise ConfigurationError("Chưa nêu lý do", where="--reason", fix="viết vì sao chấp nhận chỗ này, không ghi tên học sinh")
    return Asked(code, key, reason, arguments.until, signer)


def _signed(written: Waiver, told: str) -> Iterator[str]:
    yield f"{told} {written.rule} «{written.key}» đến hết ngày {vietnamese_date(written.until)}."
    yield f"Người ký: {written.signer} (tài khoản {written.who}), {written.when}, vì: {written.why}"
    yield "Có hiệu lực từ lần chạy sau: truong nightly. Số liệu được sửa thì ngoại lệ tự đóng; quá hạn thì chỗ này lại phải sửa."


def _list(home: Home, day: date, *, as_json: bool) -> int:
    from flows.waiving import listed, newest_night, waivers  # noqa: PLC0415 - heavy

    signed = waivers(home)
    # Before the first signature there may be no night either: then the list is empty, not an error.
    found = listed(newest_night(home), signed, day) if signed else []
    if as_json:
        print_json([_facts(waiver, state) for waiver, state in found])
    else:
        print_lines([_line(waiver, state) for waiver, state in found] or ["Chưa có ngoại lệ nào được ký."])
    return ExitCode.OK


def _line(waiver: Waiver, state: State) -> str:
    until = vietnamese_date(waiver.until)
    return f"{state:<32} {waiver.rule:<12} {waiver.key}  đến {until}, {waiver.signer} ký {vietnamese_date(waiver.day)}: {waiver.why}"


def _facts(waiver: Waiver, state: str) -> dict[str, Any]:
    names = ("rule", "key", "day", "until", "why", "who", "signer", "when", "withdrawn_on")
    return {name: getattr(waiver, name) for name in names} | {"state": str(state)}
