"""`truong backup …`: back up now, what would be deleted, read everything, heal from the second copy, prepare a disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli import keys
from flows.cli.common import add_home_options, home_of, print_json, print_lines
from flows.cli.progress import shown_progress
from infra.clock import SCHOOL_ZONE, vietnamese_date
from infra.errors import ConfigurationError, ExitCode, SchoolError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from backup.dump_retention import DumpPlan
    from backup.repository import Repository
    from backup.retention import RetentionPlan
    from backup.still_held import Held
    from backup.stored import StoredSnapshot
    from flows.home import Home
    from flows.night_record import StepResult
    from infra.backup_settings import Keep

VERBS = (
    ("run", "sao lưu ngay, chép sang các kho khác và kiểm chứng"),
    ("plan", "xem đêm nào sẽ bị xóa theo [backup.keep]; không xóa gì"),
    ("check", "đọc lại toàn bộ dữ liệu trong kho (lâu)"),
    ("repair", "tìm chỗ hỏng trong kho và lấy lại từ kho khác; không bỏ tệp nào"),
    ("marked", "bản sao lưu cũ nào còn giữ tệp nay mang dấu mật, và cách bỏ"),
    ("prepare", "tạo kho trên đĩa cắm ngoài vừa cắm vào"),
)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`backup` and its own verbs."""
    backup = verbs.add_parser("backup", help="sao lưu ngay, xem kế hoạch xóa, kiểm tra và chữa kho")
    inner = backup.add_subparsers(title="Việc", metavar="VIỆC", required=True, parser_class=type(backup))
    parsers = {name: inner.add_parser(name, help=told) for name, told in VERBS}
    for parser in parsers.values():
        add_home_options(parser)
    parsers["plan"].add_argument("--accept", default="", metavar="MÃ", help="đồng ý chính sách có mã này: từ đêm sau xóa theo kế hoạch")
    for name in ("check", "repair", "prepare"):
        parsers[name].add_argument("name", nargs="?" if name == "check" else None, metavar="KHO", help="tên kho trong truong.toml")
    parsers["repair"].add_argument(
        "--from", dest="source", default="", metavar="KHO", help="lấy lại từ kho nào (mặc định: kho khác đầu tiên)"
    )
    parsers["marked"].add_argument(
        "--remove", default="", metavar="TÊN TRƯỜNG", help="bỏ hẳn các tệp đó khỏi bản sao lưu cũ; gõ đúng tên trường để đồng ý"
    )
    for name, run in {"run": _run, "plan": _plan, "check": _check, "repair": _repair, "marked": _marked, "prepare": _prepare}.items():
        parsers[name].set_defaults(run=run)
    keys.register_rotation(inner)


def _run(arguments: argparse.Namespace) -> int:
    from flows import backing_up  # noqa: PLC0415 - heavy
    from flows.home import one_night_at_a_time  # noqa: PLC0415 - heavy
    from flows.repositories import look_at_repositories  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    works: list[Callable[[Home, Any], StepResult]] = [backing_up.back_up]
    works += [backing_up.copy] if home.settings.backup.copies else []
    with one_night_at_a_time(home), shown_progress():
        results, errors = _attempted((*works, backing_up.verify, backing_up.care), home)
        results.append(look_at_repositories(home))
    problems = [*(error.line() for error in errors), *(result.problem for result in results if result.problem)]
    if arguments.json:
        print_json({"day": home.today, "steps": [result.detail for result in results], "problems": problems})
    else:
        print_lines([f"Đã sao lưu ngày {vietnamese_date(home.today)}:", *(f"  {result.detail}" for result in results)])
        print_lines(f"  CHÚ Ý: {line}" for line in (*backing_up.marked_lines(home), *problems))
    # Told first: what was saved all the same must not be lost behind the error.
    if errors:
        raise errors[0]
    return ExitCode.BACKUP if problems else ExitCode.OK


def _attempted(works: Iterable[Callable[[Home, Any], StepResult]], home: Home) -> tuple[list[StepResult], list[SchoolError]]:
    """As in the night, a repository that cannot be used stops no copy. SchoolError when the night could not even be put together."""
    from backup.errors import PartMissing  # noqa: PLC0415 - heavy

    results: list[StepResult] = []
    errors: list[SchoolError] = []
    for work in works:
        try:
            results.append(work(home, home.today))
        except SchoolError as error:
            errors.append(error)
            if isinstance(error, PartMissing) or not home.settings.backup.copies:
                raise errors[0] from None
    return results, errors


def _plan(arguments: argparse.Namespace) -> int:
    from backup.retention import policy_code  # noqa: PLC0415 - heavy
    from flows.backing_up import about_dumps, accept_policy, retention_plans  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    policy = home.settings.backup.keep
    if policy is None:
        print_lines(["Chưa đặt [backup.keep] trong truong.toml: không đêm nào bị xóa, bao giờ cũng giữ hết."])
        return ExitCode.OK
    plans = retention_plans(home, policy)
    dumps = about_dumps(home, plans)
    code = policy_code(policy, dumps=dumps)
    if arguments.accept and arguments.accept != code:
        raise ConfigurationError(f"Mã chính sách hiện nay là {code}, không phải «{arguments.accept}»", fix="xem lại: truong backup plan")
    if arguments.json:
        print_json({"code": code, "repositories": [_as_json(repository, plan) for repository, plan in plans]})
    else:
        print_lines(line for repository, plan in plans for line in _shown(repository, plan))
        print_lines(_only_adding(home, policy))
    if arguments.accept:
        accept_policy(home, policy, dumps=dumps)
    elif not arguments.json:
        print_lines([f"Chưa xóa gì. Đồng ý thì chạy: truong backup plan --accept {code}"])
    return ExitCode.OK


def _as_json(repository: Repository, plan: RetentionPlan) -> dict[str, object]:
    forget = [{"id": night.id, "day": night.day, "time": night.time.isoformat()} for night in plan.forget]
    lists = {"forget": plan.dumps.forget, "stray": plan.dumps.stray, "waiting": plan.dumps.waiting}
    dumps = {"keep": plan.dumps.kept, **{name: [_dump_as_json(dump) for dump in found] for name, found in lists.items()}}
    return {"name": repository.name, "keep": dict(plan.keep), "forget": forget, "dumps": dumps, "refused": list(plan.refused)}


def _dump_as_json(dump: StoredSnapshot) -> dict[str, object]:
    return {"id": dump.id, "database": dump.database, "day": dump.day, "time": dump.time.isoformat()}


def _shown(repository: Repository, plan: RetentionPlan) -> Iterator[str]:
    yield f"Kho «{repository.name}»: giữ {len(plan.keep)} bản, bỏ {len(plan.forget)} bản"
    for night in plan.forget:
        yield f"  bỏ  {night.short_id}  đêm {_when(night)}{_with_its_dumps(night, plan.dumps)}"
    yield from _dumps_shown(plan.dumps)
    for reason in plan.refused:
        yield f"  KHÔNG XÓA GÌ vì {reason}"


def _when(stored: StoredSnapshot) -> str:
    return f"{vietnamese_date(stored.day)}  lưu lúc {stored.time.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y}"


def _with_its_dumps(night: StoredSnapshot, dumps: DumpPlan) -> str:
    """The databases whose streamed dumps go with a night."""
    from backup.dump_retention import dumps_of  # noqa: PLC0415 - heavy

    names = sorted({dump.database for dump in dumps_of(night, dumps.forget)})
    return f"  cùng bản sao cơ sở dữ liệu {', '.join(names)}" if names else ""


def _dumps_shown(dumps: DumpPlan) -> Iterator[str]:
    """Streamed dumps in counts, and each one that belongs to no night."""
    if dumps.held:
        counts = f"giữ {dumps.kept + len(dumps.waiting)}, bỏ {len(dumps.forget)} theo đêm, bỏ {len(dumps.stray)} không còn đêm nào dùng"
        yield f"  bản sao cơ sở dữ liệu lưu riêng: {counts}"
    for dump in dumps.stray:
        yield f"  bỏ  {dump.short_id}  cơ sở dữ liệu {dump.database} ngày {_when(dump)}  không còn đêm nào dùng"
    for dump in dumps.waiting:
        told = "không đêm nào dùng, chưa bỏ vì còn mới hoặc chưa có bản nào thay"
        yield f"  giữ {dump.short_id}  cơ sở dữ liệu {dump.database} ngày {_when(dump)}  {told}"


def _only_adding(home: Home, policy: Keep) -> Sequence[str]:
    """What the keeper of a store that takes no deletion from us may run there."""
    from backup.retention import keep_within  # noqa: PLC0415 - heavy
    from flows.backing_up import unneeded_dumps  # noqa: PLC0415 - heavy

    backup = home.settings.backup
    names = ", ".join(place.name for place in (backup, *backup.copies) if place.append_only)
    if not names:
        return []
    told = [f"Kho chỉ ghi thêm ({names}): không xóa từ máy này; người giữ máy chủ có thể chạy: {keep_within(policy)}"]
    for repository, dumps in unneeded_dumps(home, policy):
        # By their ids: a span of time does not know which dump a night needs.
        command = " ".join(("restic forget", *(dump.short_id for dump in dumps)))
        told.append(f"Kho «{repository.name}»: {len(dumps)} bản sao cơ sở dữ liệu không còn đêm nào dùng, họ có thể chạy: {command}")
    return told


def _check(arguments: argparse.Namespace) -> int:
    from flows.backing_up import check_all  # noqa: PLC0415 - heavy

    found = check_all(home_of(arguments), [arguments.name] if arguments.name else [])
    if arguments.json:
        print_json([{"name": name, "problem": problem} for name, problem in found])
    else:
        print_lines(
            f"Kho «{name}»: {f'HỎNG: {problem} → chạy: truong backup repair {name}' if problem else 'lành'}" for name, problem in found
        )
    return ExitCode.BACKUP if any(problem for _, problem in found) else ExitCode.OK


def _repair(arguments: argparse.Namespace) -> int:
    from flows.backing_up import heal  # noqa: PLC0415 - heavy

    told = heal(home_of(arguments), arguments.name, arguments.source)
    print_json({"told": told}) if arguments.json else print_lines([told])
    return ExitCode.OK


def _marked(arguments: argparse.Namespace) -> int:
    from flows.marked_nights import held_everywhere, take_out_everywhere  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    done = take_out_everywhere(home, arguments.remove) if arguments.remove else []
    found = held_everywhere(home)
    if arguments.json:
        told = [{"name": repository.name, "snapshots": [asdict(one) for one in held]} for repository, held in found]
        print_json({"repositories": told, "done": done})
        return ExitCode.BACKUP if found else ExitCode.OK
    print_lines([*done, *(line for repository, held in found for line in _held_lines(repository, held))])
    print_lines(["Không bản sao lưu nào còn giữ tệp mà đêm gần nhất bỏ lại vì mang dấu mật."] if not found else [])
    return ExitCode.BACKUP if found else ExitCode.OK


def _held_lines(repository: Repository, held: Sequence[Held]) -> Iterator[str]:
    from backup.still_held import steps_for  # noqa: PLC0415 - heavy
    from flows.marked_nights import keeps_all  # noqa: PLC0415
    from infra.secrecy import WHAT_TO_DO  # noqa: PLC0415

    yield f"Kho «{repository.name}»: {len(held)} bản sao lưu còn giữ tệp nay mang dấu mật"
    yield from (f"  bản {one.snapshot[:8]}, đêm {vietnamese_date(one.day)}: {path}" for one in held for path in one.paths)
    yield f"  Trước hết: {WHAT_TO_DO}."
    if keeps_all(repository):
        yield "  Kho này không cho xóa từ máy này: Hiệu trưởng làm việc với nơi giữ kho."
        return
    yield '  Khi Hiệu trưởng đã quyết định bỏ: thêm --remove "TÊN TRƯỜNG", hoặc tự chạy lần lượt (chưa mất gì cho tới lệnh forget):'
    named = ("xem trước", "lưu lại các bản này không có tệp đó", "bỏ các bản cũ", "xóa hẳn dữ liệu không bản nào dùng")
    steps = zip(named, steps_for(repository, held), strict=True)
    yield from (f"    {number}. {told}: {step}" for number, (told, step) in enumerate(steps, 1))


def _prepare(arguments: argparse.Namespace) -> int:
    from flows.backing_up import prepare  # noqa: PLC0415 - heavy

    new = prepare(home_of(arguments), arguments.name)
    told = f"Kho «{arguments.name}»: {'đã tạo' if new else 'đã có sẵn và mở được'}. Từ đêm nay sẽ được chép sang khi đĩa đang cắm."
    print_json({"name": arguments.name, "new": new}) if arguments.json else print_lines([told])
    return ExitCode.OK
