"""`truong check`: pull a folder of sources (or take the newest night) and check it, nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import SourceError, SourceUnreachable
from flows.cli.common import home_of, iso_day, print_json, print_lines, warn
from infra.clock import today, vietnamese_date
from infra.errors import ConfigurationError, ExitCode
from infra.settings import Limits
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from connectors.source import Source
    from expectations.check import CheckContext, QualityResult

SHOWN_RULES = 5


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`check`."""
    check = verbs.add_parser("check", help="kéo và kiểm tra một thư mục nguồn, ghi ra các phát hiện")
    check.add_argument("--from", dest="folder", type=Path, metavar="THƯ_MỤC", help="thư mục nguồn (mặc định: đêm mới nhất của trường)")
    check.add_argument(
        "--earlier", type=Path, metavar="THƯ_MỤC", help="thư mục nguồn của đêm trước: tìm cả chỗ đã đổi giữa hai đêm (cùng --from)"
    )
    check.add_argument("--out", type=Path, default=Path("findings.csv"), metavar="TỆP", help="tệp CSV kết quả (mặc định: %(default)s)")
    check.add_argument("--data-docs", type=Path, metavar="THƯ_MỤC", help="ghi thêm kết quả Great Expectations và Data Docs vào thư mục này")
    check.add_argument("--day", type=iso_day, metavar="NGÀY", help="ngày kiểm tra (mặc định: ngày của chính số liệu)")
    check.add_argument("--config", type=Path, metavar="TỆP", help="tệp truong.toml (khi không dùng --from)")
    check.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    if arguments.folder is None and arguments.earlier is None:
        return _check_newest_night(arguments)
    _refuse_folders(arguments)
    scratch = Path(tempfile.mkdtemp(prefix="truong-check-"))
    try:
        return _check_folder(arguments, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _refuse_folders(arguments: argparse.Namespace) -> None:
    if arguments.folder is None:
        raise ConfigurationError("--earlier chỉ dùng cùng --from", fix="thêm --from THƯ_MỤC, hoặc bỏ --earlier")
    for option, folder in (("--from", arguments.folder), ("--earlier", arguments.earlier)):
        if folder is not None and not folder.is_dir():
            raise SourceUnreachable("Không thấy thư mục nguồn", where=str(folder), fix=f"chỉ đúng thư mục bằng {option}")


def _check_folder(arguments: argparse.Namespace, scratch: Path) -> int:
    from expectations.check import CheckContext  # noqa: PLC0415 - heavy

    snapshot, errors = _pulled(arguments.folder, scratch / "tonight", arguments.day)
    earlier, missed = _pulled(arguments.earlier, scratch / "earlier", None) if arguments.earlier else (None, [])
    for error in [*errors, *missed]:
        warn(f"Lỗi: {error.line()}")
    # a night without one of its systems would make all that it held look new, or gone
    if snapshot is None or missed:
        return ExitCode.SOURCE
    if earlier and earlier.day > snapshot.day:
        fix = "đổi chỗ hai thư mục của --from và --earlier"
        raise ConfigurationError("Số liệu của --earlier mới hơn của --from", where=str(arguments.earlier), fix=fix)
    result = _checked(snapshot, CheckContext(snapshot.day, Limits()), [earlier] if earlier else [])
    _tell(result, arguments, snapshot.day)
    _write_data_docs(result, snapshot, arguments)
    return ExitCode.SOURCE if errors else _exit_code(result)


def _pulled(folder: Path, scratch: Path, day: date | None) -> tuple[Snapshot | None, list[SourceError]]:
    """The snapshot of a folder of sources on a day (the newest of its own data), None when nothing could be read; and what failed."""
    from connectors.catalogue import combine, sources_of_folder  # noqa: PLC0415 - heavy

    pulled, errors = pull_side_by_side(sources_of_folder(folder, scratch / "landing", scratch / "work"), day or today())
    ages = [state.data_as_of for snapshot in pulled.values() for state in snapshot.sources.values() if state.data_as_of]
    return (combine(pulled, scratch / "snapshot", day or max(ages, default=today())) if pulled else None), errors


def pull_side_by_side(sources: Sequence[Source], day: date) -> tuple[dict[str, Snapshot], list[SourceError]]:
    """Fetch every source at once; those that fail are told, the others are used."""
    with ThreadPoolExecutor(max_workers=max(1, len(sources))) as pool:
        # `submit`, not `map`: of `map` the first failure would hide what the others gave.
        futures = {source.system: pool.submit(source.fetch, day) for source in sources}
    errors = [error for future in futures.values() if isinstance(error := future.exception(), SourceError)]
    unexpected = [error for future in futures.values() if (error := future.exception()) and not isinstance(error, SourceError)]
    if unexpected:
        raise unexpected[0]
    return {system: future.result() for system, future in futures.items() if not future.exception()}, errors


def _check_newest_night(arguments: argparse.Namespace) -> int:
    """As the night itself checks, with the school's earlier nights and signed exceptions; keeps nothing but the file that was asked for."""
    from flows.approving import night_of  # noqa: PLC0415 - heavy
    from flows.checking import checked  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    snapshot = night_of(home, None)
    day = arguments.day or snapshot.day
    result = checked(home, snapshot, day)
    _tell(result, arguments, day)
    _write_data_docs(result, snapshot, arguments)
    return _exit_code(result)


def _checked(snapshot: Snapshot, context: CheckContext, earlier: Sequence[Snapshot] = ()) -> QualityResult:
    from expectations.check import check  # noqa: PLC0415 - heavy
    from expectations.ledger import with_history  # noqa: PLC0415
    from expectations.rules import all_rules  # noqa: PLC0415

    result = check(snapshot, all_rules(), context, earlier)
    # A folder that is not there: a folder of files has no nights behind it, so everything was first seen today.
    return replace(result, findings=with_history(result.findings, context.day, snapshot.folder / "no-earlier-nights"))


def _write_data_docs(result: QualityResult, snapshot: Snapshot, arguments: argparse.Namespace) -> None:
    """Only when asked for: nobody else waits for Great Expectations."""
    if arguments.data_docs is None:
        return
    from expectations.gx.validation import write_validation  # noqa: PLC0415 - importing it takes seconds
    from expectations.rules import all_rules  # noqa: PLC0415 - heavy

    index = write_validation(result, all_rules(), snapshot, arguments.data_docs)
    if not arguments.json:
        print_lines([f"Data Docs: {index}"])


def _exit_code(result: QualityResult) -> ExitCode:
    from expectations.check import stops_export  # noqa: PLC0415 - heavy

    return ExitCode.DATA_STOPPED_EXPORT if stops_export(result) else ExitCode.OK


def _tell(result: QualityResult, arguments: argparse.Namespace, day: date) -> None:
    from expectations.findings import write_csv  # noqa: PLC0415 - heavy

    try:
        write_csv(result.findings, arguments.out)
    except OSError as error:
        told = error.strerror or type(error).__name__
        fix = "chọn nơi khác bằng --out"
        raise ConfigurationError(f"Không ghi được tệp kết quả ({told})", where=str(arguments.out), fix=fix) from error
    by_severity = Counter(result.open["severity"].to_list())
    by_rule = Counter(result.open["rule"].to_list())
    if arguments.json:
        facts = {
            "day": day,
            "findings": result.open.height,
            "waived": result.waived.height,
            "folded": result.folded.height,
            "severities": by_severity,
            "rules": by_rule,
            "out": str(arguments.out),
        }
        print_json(facts)
        return
    told = ", ".join(f"{number(count)} {severity}" for severity, count in by_severity.most_common()) or "không có gì phải sửa"
    lines = [f"Kiểm tra số liệu ngày {vietnamese_date(day)}: {told}."]
    lines += [f"  {rule}: {number(count)}" for rule, count in by_rule.most_common(SHOWN_RULES)]
    if result.waived.height:
        lines.append(f"  (không kể {number(result.waived.height)} ngoại lệ đã ký)")
    if result.folded.height:
        lines.append(f"  (gộp {number(result.folded.height)} chỗ vào nguyên nhân chung, mỗi nguyên nhân nói một lần)")
    print_lines([*lines, f"Chi tiết: {arguments.out}"])
