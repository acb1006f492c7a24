"""`truong pull`: what the sources give now, pulled aside; no night is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode
from infra.vietnamese import decimal, number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from flows.home import Home
    from flows.pulling_aside import PulledAside


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`pull`."""
    pull = verbs.add_parser("pull", help="kéo thử một hay mọi nguồn, xem có gì bất thường; không đụng đến đêm nào")
    pull.add_argument("sources", nargs="*", metavar="NGUỒN", help="tên nguồn trong cấu hình (mặc định: mọi nguồn đang bật)")
    add_home_options(pull)
    pull.add_argument("--day", type=iso_day, metavar="NGÀY", help="ngày của trường (mặc định: hôm nay)")
    pull.set_defaults(run=_pull)


def _pull(arguments: argparse.Namespace) -> int:
    from flows.pulling_aside import pull_aside  # noqa: PLC0415 - heavy

    home = home_of(arguments)
    day = arguments.day or home.today
    pulled = pull_aside(home, _chosen(home, arguments.sources), day)
    if arguments.json:
        print_json([_facts(each, day) for each in pulled])
    else:
        print_lines(line for each in pulled for line in _lines(each, day))
    return _exit_code(pulled)


def _chosen(home: Home, named: Sequence[str]) -> list[str]:
    """The sources to pull, each once. ConfigurationError when one is not in the settings, or there is none."""
    known = home.settings.sources
    if unknown := [system for system in named if system not in known]:
        fix = f"chọn trong: {', '.join(known) or 'chưa có nguồn nào'}"
        raise ConfigurationError(f"Không có nguồn “{unknown[0]}” trong cấu hình", where=str(home.file), fix=fix)
    chosen = list(dict.fromkeys(named)) or [system for system, source in known.items() if source.enabled]
    if not chosen:
        raise ConfigurationError("Chưa bật nguồn nào", where=str(home.file), fix="thêm mục [sources.…] vào truong.toml")
    return chosen


def _exit_code(pulled: Sequence[PulledAside]) -> ExitCode:
    codes = {each.error.exit_code for each in pulled if each.error}
    if codes:
        return ExitCode.SOURCE if ExitCode.SOURCE in codes else codes.pop()
    return ExitCode.DATA_STOPPED_EXPORT if any(each.verdict.tripped for each in pulled) else ExitCode.OK


def _age(each: PulledAside, day: date) -> tuple[date | None, int | None]:
    as_of = each.snapshot.sources[each.system].data_as_of if each.snapshot else None
    return as_of, (day - as_of).days if as_of else None


def _facts(each: PulledAside, day: date) -> dict[str, Any]:
    as_of, age = _age(each, day)
    state = each.snapshot.sources[each.system] if each.snapshot else None
    return {
        "system": each.system,
        "ok": not each.error and not each.verdict.tripped,
        "problem": each.error.line() if each.error else "",
        "rows": {table: each.snapshot.rows[table] for table in state.delivered} if each.snapshot and state else {},
        "quarantined": dict(state.quarantined) if state else {},
        "data_as_of": as_of,
        "age_days": age,
        "breaches": [breach.line() for breach in each.verdict.tripped],
        "accepted": [breach.line() for breach in each.verdict.accepted],
        "notes": [breach.line() for breach in each.verdict.notes],
        "told": list(state.told) if state else [],
        "seconds": round(each.seconds, 2),
    }


def _lines(each: PulledAside, day: date) -> Iterator[str]:
    from connectors.records.tables import TABLES  # noqa: PLC0415 - heavy

    if each.snapshot is None:
        yield f"✗ {each.system}: {each.error.line() if each.error else ''} ({decimal(each.seconds)} giây)"
        return
    as_of, age = _age(each, day)
    told = f"số liệu ngày {vietnamese_date(as_of)}" + (f" ({age} ngày)" if age is not None else "")
    total = number(sum(each.snapshot.rows.values()))
    yield f"{'✗' if each.verdict.tripped else '✓'} {each.system}: {total} dòng, {told} ({decimal(each.seconds)} giây)"
    state = each.snapshot.sources[each.system]
    labels = {table: TABLES[table].label for table in state.delivered}
    if labels:
        yield f"    {_counted({labels[table]: each.snapshot.rows[table] for table in labels})}"
    if state.quarantined:
        yield f"    tạm giữ: {_counted({TABLES[table].label: count for table, count in state.quarantined.items()})}"
    yield from (f"    ✗ {breach.line()}" for breach in each.verdict.tripped)
    yield from (f"    – {line}" for line in (*each.verdict.lines, *state.told))
    if each.verdict.tripped:
        yield f'    → hỏi nơi quản lý hệ thống; nếu thay đổi này là đúng: truong accept-change {each.system} --reason "lý do"'


def _counted(counts: Mapping[str, int]) -> str:
    return " · ".join(f"{label} {number(count)}" for label, count in counts.items())
