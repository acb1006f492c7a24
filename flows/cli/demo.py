"""`truong demo` and `truong demo-data`: a fictional school to try everything on."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import iso_day, print_json, print_lines, warn
from flows.home import DEMO_HOME, open_home
from infra.errors import ExitCode
from infra.secret_files import create_secret
from infra.settings import SETTINGS_FILE
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse

DEMO_DAY = date(2027, 5, 31)  # the last day of lessons: every mark and the year's results are there
DEMO_PUPILS, DEMO_SEED = 1050, 1
DEMO_SETTINGS = """\
# Trường mẫu do `truong demo` tạo ra. Mọi người và số liệu trong đó đều không có thật.
day = "{day}"
data_dir = "data"

[school]
name = "Trường Tiểu học Trung Trắc (dữ liệu mẫu)"
code = "79772401"
recipients = ["Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh", "Phòng Văn hóa – Xã hội phường"]

[sources.qlnt]
kind = "database"
url = "sqlite:///sources/qlnt/qlnt.sqlite"
column_map = "qlnt_2026"

[sources.csdl]
kind = "folder"
path = "sources/csdl"
column_map = "csdl_2025"

[sources.staff]
kind = "folder"
path = "sources/staff"
column_map = "staff_2026"

[mail]
maildir = "sources/mail"

[backup]
repository = "data/backups/restic"
password_file = "secrets/restic.pass"
"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`demo`, `demo-data`."""
    demo = verbs.add_parser("demo", help="dựng trường mẫu và chạy trọn một đêm")
    demo.add_argument("--home", type=Path, default=Path(DEMO_HOME), metavar="THƯ_MỤC", help=f"nơi đặt trường mẫu (mặc định: {DEMO_HOME})")
    _add_school_options(demo)
    demo.set_defaults(run=_demo)
    data = verbs.add_parser("demo-data", help="chỉ ghi ra các nguồn dữ liệu của trường mẫu")
    data.add_argument("--out", type=Path, required=True, metavar="THƯ_MỤC", help="thư mục mới hoặc rỗng")
    data.add_argument("--clean", action="store_true", help="không cài lỗi nào (với --earlier: chỉ cài chỗ đổi giữa hai đêm)")
    data.add_argument(
        "--earlier", type=Path, metavar="THƯ_MỤC", help="ghi thêm nguồn của đêm trước vào đây; faults.json kể cả chỗ đổi giữa hai đêm"
    )
    data.add_argument("--all-systems", action="store_true", help="thêm TEMIS, LMS, tài khoản, sức khỏe, văn bản, kế toán, trang thông tin")
    data.add_argument(
        "--protocols", action="store_true", help="mọi hệ thống, rồi phục vụ qua PostgreSQL, MariaDB, SFTP, S3, HTTP, IMAP (Ctrl+C: dừng)"
    )
    data.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    _add_school_options(data)
    data.set_defaults(run=_demo_data)


def _add_school_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pupils", type=int, default=DEMO_PUPILS, metavar="N", help="số học sinh (mặc định: %(default)s)")
    parser.add_argument("--seed", type=int, default=DEMO_SEED, metavar="S", help="hạt giống ngẫu nhiên (mặc định: %(default)s)")
    parser.add_argument("--day", type=iso_day, default=DEMO_DAY, metavar="NGÀY", help="ngày của dữ liệu (mặc định: %(default)s)")


def _demo_data(arguments: argparse.Namespace) -> int:
    from connectors.demo import DemoOptions, write_demo, write_two_nights  # noqa: PLC0415 - heavy

    every = arguments.all_systems or arguments.protocols
    options = DemoOptions(arguments.pupils, arguments.seed, arguments.day, arguments.clean, all_systems=every)
    both = arguments.earlier is not None
    summary = write_two_nights(arguments.earlier, arguments.out, options) if both else write_demo(arguments.out, options)
    if arguments.json:
        print_json({"out": str(arguments.out), **asdict(summary)})
    else:
        planted = f"{number(summary.faults)} lỗi cài sẵn (faults.json)" if summary.faults else "không cài lỗi nào"
        people = f"{number(summary.pupils)} học sinh, {summary.classes} lớp, {summary.staff} cán bộ"
        held = f"{number(summary.marks)} kết quả môn học, {number(summary.mails)} thư"
        print_lines([f"Đã ghi trường mẫu vào {arguments.out}: {people}, {held}; {planted}."])
    return _serve_protocols(arguments) if arguments.protocols else ExitCode.OK


def _serve_protocols(arguments: argparse.Namespace) -> int:
    """Serve the written sources by real servers until Ctrl+C (or SIGTERM)."""
    from connectors.demo.stand_ins import served  # noqa: PLC0415 - heavy

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    with served(arguments.out, arguments.day.isoformat()) as school:
        tries = [f"  truong nightly --config {file}" for file in school.settings]
        print_lines(["Đang phục vụ (Ctrl+C: dừng):", *(f"  {line}" for line in school.lines), "Chạy thử một đêm:", *tries])
        sys.stdout.flush()
        stop.wait()
    return ExitCode.OK


def make_demo_home(arguments: argparse.Namespace) -> Path:
    """Settings, sources and secrets of the demo school; what exists already is kept as it is."""
    from connectors.demo import DemoOptions, write_demo  # noqa: PLC0415 - heavy

    root: Path = arguments.home
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "sources").exists():
        warn(f"Dựng trường mẫu {number(arguments.pupils)} học sinh vào {root} …")
        write_demo(root / "sources", DemoOptions(arguments.pupils, arguments.seed, arguments.day))
    create_secret(root / "secrets" / "restic.pass")
    file = root / SETTINGS_FILE
    if not file.exists():
        file.write_text(DEMO_SETTINGS.format(day=arguments.day.isoformat()), encoding="utf-8")
    return file


def _demo(arguments: argparse.Namespace) -> int:
    from flows.cli.night import closing_lines, run_night  # noqa: PLC0415 - heavy

    home = open_home(make_demo_home(arguments))
    record = run_night(home, home.today)
    print_lines(closing_lines(record))
    print_lines(["", "Thử tiếp: truong status · truong snapshots · truong restore · truong mail plan · truong doctor"])
    return record.exit_code
