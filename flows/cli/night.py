"""`truong nightly` and `truong serve`: run a night now, or every night."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from flows.cli.progress import shown_progress
from flows.embedded import EmbeddedServer, embedded_server
from flows.home import Home, one_night_at_a_time, prefect_environment
from flows.progress import StepEvent, announce
from infra.clock import vietnamese_date
from infra.errors import ExitCode, SchoolError
from infra.vietnamese import decimal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from flows.night_record import NightRecord


FLUSH_SECONDS = 10
STARTING = "Khởi động Prefect"


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`nightly`, `serve`."""
    nightly = verbs.add_parser("nightly", help="chạy trọn một đêm ngay bây giờ")
    add_home_options(nightly)
    nightly.add_argument("--day", type=iso_day, metavar="NGÀY", help="ngày của trường (mặc định: hôm nay)")
    nightly.set_defaults(run=_nightly)
    serve = verbs.add_parser("serve", help="chạy máy chủ Prefect và lịch hằng đêm")
    add_home_options(serve)
    serve.set_defaults(run=_serve)


def _nightly(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    record = run_night(home, arguments.day or home.today)
    if arguments.json:
        print_json({"day": record.day, "exit_code": record.exit_code, "problems": record.problems})
    else:
        print_lines(closing_lines(record))
    return record.exit_code


def run_night(home: Home, day: date) -> NightRecord:
    """Run the deployed flow in this process; the record says how it went. NightAlreadyRunning when one runs."""
    with one_night_at_a_time(home):
        pass  # refuse before Prefect takes its seconds to start
    begun = time.monotonic()
    with shown_progress():
        announce(StepEvent("start", STARTING, "chạy"))
        with prefect_api(home):
            from flows.nightly import nightly  # noqa: PLC0415 - Prefect is imported only by verbs that run flows

            announce(StepEvent("start", STARTING, "xong", "sẵn sàng", time.monotonic() - begun))
            state = nightly(str(home.file), day.isoformat(), return_state=True)
            # A bad night is told by its record; only a night that could not begin (SchoolError) has none.
            outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, SchoolError):
        raise outcome
    return record_of(home, day)


def record_of(home: Home, day: date) -> NightRecord:
    """The record of a night that has run."""
    from flows.night_record import load_records  # noqa: PLC0415

    return next(record for record in load_records(home) if record.day == day.isoformat())


@contextmanager
def prefect_api(home: Home, *, standing: bool = False) -> Iterator[None]:
    """A Prefect API for this home: the settings' server, or one of our own that ends with the block.

    `standing`: with UI and scheduler, on the port that people open.
    """
    with ExitStack() as stack:
        if home.settings.server.api_url:
            prefect_environment(home, home.settings.server.api_url)
        else:
            server = EmbeddedServer(
                home.root / "prefect" / "server.log", port=home.settings.server.port if standing else 0, with_ui=standing
            )
            prefect_environment(home, server.api_url)
            server.start()
            import prefect  # noqa: F401, PLC0415 - imported while the server starts beside us

            stack.enter_context(embedded_server(server))
            # After the server, as a stack ends backwards: the logs go while it still stands.
            stack.callback(_flush_logs)
        yield


def _flush_logs() -> None:
    """Send what Prefect still holds back while its server is there to take it."""
    from prefect.events.worker import EventsWorker  # noqa: PLC0415 - Prefect
    from prefect.logging.handlers import APILogWorker  # noqa: PLC0415

    APILogWorker.drain_all(timeout=FLUSH_SECONDS)
    EventsWorker.drain_all(timeout=FLUSH_SECONDS)


def closing_lines(record: NightRecord) -> list[str]:
    """The Vietnamese closing of a night: the summary, how long each step took, and what to open."""
    told = record.step("tell")
    lines = ["", *(told.lines if told else record.problems)]
    lines += ["", "Mất bao lâu:", *(f"  {decimal(step.seconds):>6} giây  {step.label}" for step in record.steps if step.seconds)]
    found = {name: path for step in record.steps for name, path in step.paths.items()}
    lines += ["", "Mở để xem:", *paths_to_open(found)]
    return [*lines, "", _verdict(record)]


PATH_LABELS = {
    "report": "Báo cáo chất lượng (trình duyệt)",
    "workbook": "Báo cáo chất lượng (Excel)",
    "to_fix": "Danh sách cần sửa, có tên – chỉ người có trách nhiệm",
    "per_class": "Danh sách của từng lớp, để đưa cho giáo viên chủ nhiệm",
    "findings": "Mọi phát hiện (CSV)",
    "form": "Biểu 02-TH-ĐN",
    "data_docs": "Great Expectations Data Docs",
    "summary": "Tóm tắt để dán vào nhóm",
}


def paths_to_open(found: Mapping[str, str]) -> list[str]:
    """What a person may open, each path on a line of its own: a terminal makes a link of it."""
    return [f"  {label}:\n    {found[name]}" for name, label in PATH_LABELS.items() if name in found]


def _verdict(record: NightRecord) -> str:
    day = vietnamese_date(date.fromisoformat(record.day))
    if record.exit_code == ExitCode.OK:
        return f"Đêm {day} xong, mọi bước đều ổn."
    return f"Đêm {day} xong nhưng có {len(record.problems)} việc cần xử lý (mã thoát {int(record.exit_code)})."


def _serve(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    with prefect_api(home, standing=True):
        from flows.deployments import serve_school  # noqa: PLC0415 - Prefect

        if not home.settings.server.api_url:
            print_lines([f"Giao diện Prefect: http://127.0.0.1:{home.settings.server.port} (dừng bằng Ctrl+C)"])
        serve_school(home)
    return ExitCode.OK
