"""`truong sources`: which systems the school reads, whether they are there now, how fresh they are, what they last gave."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from connectors.records.systems import SYSTEMS, label_of
from flows.cli.common import add_home_options, print_json, print_lines
from flows.home import find_settings, open_home
from infra.clock import vietnamese_date
from infra.errors import ExitCode, SchoolError
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from connectors.probing.steps import Step
    from connectors.records.snapshot import Snapshot
    from flows.home import Home
    from infra.settings import Settings

MAIL = "mail"
PATIENCE_SECONDS, DEADLINE_SECONDS = 2.0, 5.0  # for one look; for all of them, which are taken side by side


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    system: str
    label: str
    kind: str
    enabled: bool


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`sources`."""
    sources = verbs.add_parser("sources", help="các hệ thống: bật hay tắt, có tới được không, số liệu mới hay cũ")
    add_home_options(sources)
    sources.set_defaults(run=_sources)


def _sources(arguments: argparse.Namespace) -> int:
    file = arguments.config or find_settings()
    home = open_home(file) if file else None
    listed = _listed(home.settings if home else None)
    if arguments.json:
        print_json([{name: getattr(each, name) for name in ("system", "kind", "enabled")} for each in listed])
        return ExitCode.OK
    print_lines(_lines(listed, home))
    return ExitCode.OK


def _listed(settings: Settings | None) -> list[Listed]:
    """Every system with its kind and whether it is on; answers without settings, too."""
    configured = dict(settings.sources) if settings else {}
    kinds: dict[str, str] = {system: source.kind for system, source in configured.items()}
    if settings and settings.mail and settings.mail.imap:
        kinds.setdefault(MAIL, "imap")
    on = {system for system, source in configured.items() if source.enabled} | ({MAIL} if settings and settings.mail else set())
    names = dict.fromkeys((*SYSTEMS, *configured))
    usual = {system: known.kind for system, known in SYSTEMS.items()}
    return [Listed(system, label_of(system), {**usual, **kinds}[system], system in on) for system in names]


def _lines(listed: Iterable[Listed], home: Home | None) -> Iterable[str]:
    steps = _looked(home.settings, [each.system for each in listed if each.enabled]) if home else {}
    newest = _newest_night(home) if home else None
    for each in listed:
        yield f"{'bật' if each.enabled else 'tắt'}  {each.system:<10} {each.kind:<9} {each.label}"
        if each.enabled and home:
            yield f"       {_reach(steps.get(each.system))}"
            if each.system != MAIL:
                yield f"       {_freshness(each.system, newest, home)}"


def _looked(settings: Settings, systems: Iterable[str]) -> Mapping[str, Step]:
    """A quick look at each source, all at once; what has not answered by the deadline is not in the answer."""
    from connectors.probing.kinds import reachable  # noqa: PLC0415 - heavy

    found: dict[str, Step] = {}

    def look(system: str) -> None:
        try:
            found[system] = reachable(settings, system, PATIENCE_SECONDS)
        except SchoolError as error:
            from connectors.probing.steps import Mark, Step  # noqa: PLC0415 - heavy

            found[system] = Step("", Mark.BAD, error.line())

    # Daemons: a network drive that hangs must not keep the command from ending.
    threads = [Thread(target=look, args=(system,), daemon=True) for system in systems]
    until = time.monotonic() + DEADLINE_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(found)


def _reach(step: Step | None) -> str:
    if step is None:
        return f"✗ không trả lời trong {DEADLINE_SECONDS:.0f} giây → xem mạng và máy chủ"
    return f"{step.mark} {step.detail}" + (f" → {step.fix}" if step.fix else "")


def _newest_night(home: Home) -> Snapshot | None:
    from connectors.records.snapshot import open_snapshot  # noqa: PLC0415 - heavy
    from flows.pulling import NIGHT_FOLDERS  # noqa: PLC0415

    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS))
    try:
        return open_snapshot(folders[-1]) if folders else None
    # What reading a damaged manifest can raise: no JSON, a key that is missing, a list where a mapping should be.
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a night that cannot be read tells nothing here; `truong status` and the backup do


def _freshness(system: str, newest: Snapshot | None, home: Home) -> str:
    from connectors.contract import only_system  # noqa: PLC0415 - heavy

    part = only_system(newest, system) if newest else None
    if part is None:
        return "– chưa có đêm nào có nguồn này"
    state = part.sources[system]
    age = f" ({(home.today - state.data_as_of).days} ngày)" if state.data_as_of else ""
    stale = "" if state.fresh else f", dùng lại của đêm {vietnamese_date(state.taken_from)}"
    told = f"số liệu ngày {vietnamese_date(state.data_as_of)}{age}, {number(sum(part.rows.values()))} dòng"
    mark = "✗" if not state.fresh else "✓" if state.data_as_of else "–"
    return f"{mark} {told}{stale} (đêm {vietnamese_date(part.day)})"
