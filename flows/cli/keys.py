"""`truong recovery-kit` and `truong backup rotate-key`: the paper in the safe, and a new password for the machine."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, print_json, print_lines
from infra.clock import vietnamese_date
from infra.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from backup.rotation import Rotated


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`recovery-kit`."""
    kit = verbs.add_parser("recovery-kit", help="bộ khôi phục để cất tủ sắt: khóa thứ hai, nơi đặt kho, năm bước lấy lại")
    add_home_options(kit)
    kit.add_argument("--to", type=Path, metavar="TỆP", help="tệp PDF (mặc định: bo-khoi-phuc.pdf trong nhà của trường)")
    which = kit.add_mutually_exclusive_group()
    which.add_argument("--renew", action="store_true", help="lập bộ mới; tờ đang cất không mở được kho nữa")
    which.add_argument("--tried", action="store_true", help="ghi nhận đã thử bộ khôi phục (mỗi năm một lần)")
    kit.set_defaults(run=_kit)


def register_rotation(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`backup rotate-key`."""
    rotate = verbs.add_parser(
        "rotate-key", help="đổi mật khẩu của máy này cho mọi kho, không phải sao lưu lại; tờ trong tủ sắt vẫn dùng được"
    )
    add_home_options(rotate)
    rotate.set_defaults(run=_rotate)


def _kit(arguments: argparse.Namespace) -> int:
    return _tried(arguments) if arguments.tried else _make(arguments)


def _make(arguments: argparse.Namespace) -> int:
    from flows.key_keeping import PAPER, make_recovery_kit  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    file = (arguments.to or home.root / PAPER).absolute()
    kit = make_recovery_kit(home, file, renew=arguments.renew)
    if arguments.json:
        print_json({"file": str(file), "made": kit.made, "repositories": list(kit.keys)})
        return ExitCode.OK
    print_lines(
        [
            f"Đã lập bộ khôi phục, mở được {len(kit.keys)} kho: {', '.join(kit.keys)}.",
            f"Ở: {file} (chỉ tài khoản này đọc được)",
            "",
            "Việc phải làm ngay:",
            "  1. In một bản, cho vào phong bì niêm phong, Hiệu trưởng cất tủ sắt.",
            f"  2. Xóa tệp: rm '{file}'",
            "  3. Mỗi năm thử một lần theo năm bước trên giấy, rồi: truong recovery-kit --tried",
        ]
    )
    return ExitCode.OK


def _tried(arguments: argparse.Namespace) -> int:
    from flows.key_keeping import kit_tried  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    kit = kit_tried(home, _key_from_paper())
    if arguments.json:
        print_json({"made": kit.made, "tried": list(kit.tried)})
    else:
        print_lines([f"Đã ghi: thử bộ khôi phục ngày {vietnamese_date(kit.last_tried)} (lập ngày {vietnamese_date(kit.made)})."])
    return ExitCode.OK


def _key_from_paper() -> str:
    """What a person at a terminal reads off the paper, unseen; empty when it was tried elsewhere."""
    if not sys.stdin.isatty():
        return ""
    # On stderr: stdout may be one answer in JSON.
    return getpass.getpass("Gõ khóa trên giấy để máy thử mở kho (không hiện ra); đã thử ở máy khác thì Enter: ", sys.stderr).strip()


def _rotate(arguments: argparse.Namespace) -> int:
    from flows.key_keeping import rotate_keys  # noqa: PLC0415 - heavy

    done = rotate_keys(home_of(arguments))
    if arguments.json:
        print_json([_as_json(rotated) for rotated in done])
        return ExitCode.OK
    for rotated in done:
        what = "Đã làm nốt lần đổi khóa dở" if rotated.finished_only else "Đã đổi mật khẩu"
        print_lines([f"{what} của kho {', '.join(rotated.repositories)}; mật khẩu mới ở {rotated.password_file}."])
        if rotated.still_open:
            told = (
                f"  ! Kho {', '.join(rotated.still_open)} chỉ cho ghi thêm nên mật khẩu cũ vẫn mở được: xóa khóa cũ ngay trên máy chủ đó."
            )
            print_lines([told])
    print_lines(["Không phải sao lưu lại gì. Chép tệp mật khẩu mới vào nơi cất; tờ trong tủ sắt vẫn dùng được."])
    return ExitCode.OK


def _as_json(rotated: Rotated) -> dict[str, object]:
    return {
        "password_file": str(rotated.password_file),
        "repositories": list(rotated.repositories),
        "still_open": list(rotated.still_open),
        "finished_only": rotated.finished_only,
    }
