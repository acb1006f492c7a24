"""`truong report` and `truong export`: a night's report and form again, and copies of them for those who read or send them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from flows.cli.night import paths_to_open
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from flows.handing_over import Paper
    from flows.night_record import StepResult


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`report`, `export`."""
    report = verbs.add_parser("report", help="lập lại báo cáo chất lượng của một đêm, chép cho người đọc")
    _add_options(report, "chép trang báo cáo và tệp Excel (chỉ có con số) vào thư mục này")
    names = report.add_mutually_exclusive_group()
    names.add_argument("--with-names", action="store_true", help="chép cả danh sách cần sửa của toàn trường, có tên (chỉ chủ tệp đọc được)")
    names.add_argument("--class", dest="class_name", default="", metavar="LỚP", help="chỉ chép danh sách của lớp này, để đưa giáo viên")
    report.set_defaults(run=_report)
    export = verbs.add_parser("export", help="lập lại biểu gửi Sở đã đến hạn từ số liệu một đêm; không gửi đi đâu")
    _add_options(export, "chép biểu vào thư mục này; bản nháp có chữ BAN-NHAP trong tên tệp")
    export.set_defaults(run=_export)


def _add_options(parser: argparse.ArgumentParser, to: str) -> None:
    parser.add_argument("--day", type=iso_day, metavar="NGÀY", help="đêm nào (mặc định: đêm mới nhất)")
    parser.add_argument("--to", type=Path, metavar="THƯ_MỤC", help=to)
    add_home_options(parser)


def _report(arguments: argparse.Namespace) -> int:
    from flows.handing_over import newest_night, night_record, report_again, report_papers  # noqa: PLC0415 - heavy
    from flows.telling import wrong_lines  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    if (arguments.with_names or arguments.class_name) and arguments.to is None:
        raise ConfigurationError("Chưa biết chép vào đâu", where="--to", fix="thêm: --to THƯ_MỤC")
    day = newest_night(home, arguments.day)
    report = report_again(home, day)
    copies = _copied(arguments, report_papers(report, day, with_names=arguments.with_names, class_name=arguments.class_name))
    title = [f"BÁO CÁO CHẤT LƯỢNG – {home.settings.school.name}, đêm {vietnamese_date(day)}", ""]
    _tell(arguments, {"day": day}, report, [*title, *wrong_lines(home, day, night_record(home, day).step("check"))], copies)
    return ExitCode.OK


def _export(arguments: argparse.Namespace) -> int:
    from flows.handing_over import form_papers, forms_again, is_draft, newest_night  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    day = newest_night(home, arguments.day)
    form = forms_again(home, day)
    copies = _copied(arguments, form_papers(form, day))
    counts = [f"{name}: {number(count)}" for name, count in form.counts.items()]
    lines = [
        f"BIỂU GỬI SỞ – {home.settings.school.name}, số liệu đêm {vietnamese_date(day)}",
        "",
        form.detail,
        *filter(None, [", ".join(counts)]),
    ]
    facts = {"day": day, "state": form.detail, "draft": is_draft(form), "counts": form.counts, "lines": form.lines}
    _tell(arguments, facts, form, [*lines, *(f"  • {line}" for line in form.lines)], copies)
    return ExitCode.OK


def _copied(arguments: argparse.Namespace, papers: Sequence[Paper]) -> list[Path]:
    from flows.handing_over import hand_on  # noqa: PLC0415 - heavy

    return hand_on(papers, arguments.to) if arguments.to else []


def _tell(arguments: argparse.Namespace, facts: dict[str, object], made: StepResult, lines: Sequence[str], copies: Sequence[Path]) -> None:
    if arguments.json:
        print_json({**facts, "paths": made.paths, "copies": copies})
        return
    print_lines(lines)
    print_lines(["", "Mở để xem:", *paths_to_open(made.paths)] if made.paths else [])
    print_lines(["", "Đã chép:", *(f"    {copy}" for copy in copies)] if copies else [])
