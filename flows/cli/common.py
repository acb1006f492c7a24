"""What all verbs share: Vietnamese argument errors, the home, printing, JSON alone on stdout."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from flows.home import Home, open_home
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable


# What argparse says -> how it is said here.
ARGPARSE_WORDS = (
    (r"the following arguments are required: (.*)", r"còn thiếu \1"),
    (r"one of the arguments (.*) is required", r"cần một trong: \1"),
    (r"invalid choice: '?([^']*)'? \(choose from (.*)\)", r"không có «\1», chọn một trong: \2"),
    (r"unrecognized arguments: (.*)", r"không hiểu «\1»"),
    (r"argument (.*): not allowed with argument (.*)", r"\1 không dùng cùng \2"),
    (r"argument (.*): invalid \w+ value: (.*)", r"\1 phải là số, không phải \2"),
    (r"argument (.*): expected .*", r"\1 cần một giá trị đi kèm"),
    # Last: what is left of a message of our own, as that of `iso_day`.
    (r"^argument ", ""),
)


class VietnameseParser(argparse.ArgumentParser):
    """An argument parser that speaks Vietnamese."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - argparse's own signature
        super().__init__(*args, **{**kwargs, "add_help": False})
        self._positionals.title = "Lệnh và đối số"
        self._optionals.title = "Tùy chọn"
        self.add_argument("-h", "--help", action="help", help="in hướng dẫn này rồi thoát")

    def error(self, message: str) -> NoReturn:
        """Say how the command is called and leave with the code of a wrong configuration."""
        print(f"Gọi lệnh chưa đúng: {_in_vietnamese(message)}\nXem: {self.prog} --help", file=sys.stderr)
        sys.exit(ExitCode.CONFIGURATION)

    def format_help(self) -> str:
        return super().format_help().replace("usage:", "Cách dùng:", 1)


def _in_vietnamese(message: str) -> str:
    """A message of argparse in our own words."""
    for english, vietnamese in ARGPARSE_WORDS:
        message = re.sub(english, vietnamese, message)
    return message


def iso_day(text: str) -> date:
    """A day given as 2027-05-31 or 31/05/2027."""
    try:
        if "/" in text:
            day, month, year = (int(part) for part in text.split("/"))
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"ngày «{text}» không đúng, hãy viết như 2027-05-31 hoặc 31/05/2027") from error


def add_home_options(parser: argparse.ArgumentParser) -> None:
    """`--config` and `--json`."""
    parser.add_argument("--config", type=Path, metavar="TỆP", help="tệp truong.toml (mặc định: tự tìm)")
    parser.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")


def home_of(arguments: argparse.Namespace) -> Home:
    """The home of a command; when it was found and not named, stderr says which."""
    home = open_home(arguments.config)
    if arguments.config is None:
        print(f"(dùng cấu hình {home.file})", file=sys.stderr)
    return home


def print_json(value: object) -> None:
    """JSON alone on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def warn(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr)


def require_same_name(name: str, yes: str | None) -> None:
    """ConfigurationError where `--yes` names something else: before anything is pulled or read."""
    if yes not in (None, name):
        raise ConfigurationError(f"--yes nêu “{yes}”, không phải “{name}”", where="--yes", fix=f"viết: --yes {name}")


def require_consent(name: str, yes: str | None, question: str, nothing_done: str) -> None:
    """The name of what is agreed to, given by `--yes` or typed after `question`. ConfigurationError when it is not."""
    if yes == name:
        return
    fix = f"xem kỹ rồi chạy lại với: --yes {name}"
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{nothing_done}: cần người xác nhận", where=name, fix=fix)
    print(question.format(name), end="", file=sys.stderr, flush=True)  # not on stdout, which may be JSON
    if sys.stdin.readline().strip() != name:
        raise ConfigurationError(f"{nothing_done}: tên gõ không khớp", where=name, fix=fix)
