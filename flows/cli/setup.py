"""`truong setup`: the first day. Writes the settings and the backup password, and says what to do next."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import print_lines
from infra.errors import ConfigurationError, ExitCode
from infra.secret_files import create_secret
from infra.settings import SETTINGS_FILE, load_settings

if TYPE_CHECKING:
    import argparse

EXAMPLE = "truong.example.toml"


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`setup`."""
    setup = verbs.add_parser("setup", help="ngày đầu tiên: tạo tệp cấu hình và mật khẩu sao lưu")
    setup.add_argument("--home", type=Path, default=Path(), metavar="THƯ_MỤC", help="thư mục của trường (mặc định: thư mục này)")
    setup.set_defaults(run=_setup)


def _setup(arguments: argparse.Namespace) -> int:
    root: Path = arguments.home
    file = root / SETTINGS_FILE
    if file.exists():
        raise ConfigurationError("Trường này đã được cài đặt, không ghi đè", where=str(file), fix="sửa tệp đó, rồi chạy `truong doctor`")
    root.mkdir(parents=True, exist_ok=True)
    # Aside: a half-written file would count as a school that is set up, and would never be overwritten.
    aside = root / f".{SETTINGS_FILE}.part"
    aside.write_text(files("infra").joinpath(EXAMPLE).read_text(encoding="utf-8"), encoding="utf-8")
    aside.replace(file)
    password = root / load_settings(file).backup.password_file
    create_secret(password)
    print_lines(
        [
            f"Đã tạo {file}",
            f"Đã tạo mật khẩu sao lưu {password} (mất tệp này là mất mọi bản sao lưu: chép một bản để nơi khác)",
            "",
            "Việc tiếp theo:",
            f"  1. Mở {file}, sửa tên trường và ba nguồn dữ liệu.",
            f"  2. truong doctor --config {file}",
            f"  3. truong nightly --config {file}   (chạy thử một đêm)",
            f"  4. truong serve --config {file}     (chạy hằng đêm; xem infra/systemd/truong.service)",
        ]
    )
    return ExitCode.OK
