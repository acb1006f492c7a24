"""How every repository is, for the night, the status screen and the report: asked of the repositories, whatever the steps said."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from backup.contents import NOT_EVERY_NIGHT
from backup.health import Expected, ask_all, light_of
from backup.opening import open_repositories
from backup.seen import note_seen
from backup.verdict import Topic
from flows.backing_up import MAIN_SYSTEM, sqlite_file
from flows.doctor import Line
from flows.night_record import StepResult, load_records
from flows.object_locks import with_locks
from infra.clock import vietnamese_date
from infra.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backup.health import RepositoryHealth
    from flows.home import Home

STEP, LABEL = "repositories", "Tình trạng kho sao lưu"
BAD_MARK = "✗ "


def healths(home: Home) -> list[RepositoryHealth]:
    """How every repository of the school is now."""
    backup = home.settings.backup
    expected = Expected(expected_parts(home), backup.keep, backup.watch, home.today)
    return with_locks(home, ask_all(open_repositories(home.settings), expected))


def expected_parts(home: Home) -> frozenset[str]:
    """The parts that the settings ask of every good night."""
    settings = home.settings.backup
    wanted = frozenset(settings.contents)
    named = {*settings.databases, *settings.folders, *(wanted - NOT_EVERY_NIGHT), *(wanted & {"settings"})}
    named |= {MAIN_SYSTEM} if sqlite_file(home) else set()
    named |= {"mail"} if "mail" in wanted and home.settings.mail and home.settings.mail.maildir else set()
    return frozenset(named)


def look_at_repositories(home: Home) -> StepResult:
    """Ask every repository; what is wrong in any of them is a problem of the night, even when every step was green."""
    found = healths(home)
    for repository, health in zip(open_repositories(home.settings), found, strict=True):
        if health.nights:
            note_seen(repository, health.nights)
    lines = [line for health in found for line in told(health)]
    problem = "; ".join(line.removeprefix(BAD_MARK) for line in lines if line.startswith(BAD_MARK))
    good = sum(1 for health in found if not health.red)
    facts = {health.name: light_of(health) for health in found}
    topics = {verdict.topic for health in found for verdict in health.red}
    # A repository that holds less because a source gave less is as it was told to be: the source is at fault.
    code = 0 if not topics else int(ExitCode.SOURCE if topics == {Topic.SIZE} else ExitCode.BACKUP)
    return StepResult("", "", f"{good}/{len(found)} kho ổn", facts=facts, lines=tuple(lines), problem=problem, exit_code=code)


def told(health: RepositoryHealth) -> list[str]:
    """A repository in the summary: each thing that is wrong on a line of its own, the rest on one."""
    marks = {True: "✓ ", False: BAD_MARK, None: "– "}
    return [f"{marks[line.good]}{line.label}: {line.detail}{f' → {line.fix}' if line.good is False else ''}" for line in lines_of(health)]


def lines_of(health: RepositoryHealth) -> Iterator[Line]:
    """A repository on the screen: a red or grey line for each thing that is not as it must be, one line for what is."""
    label = f"Kho «{health.name}»"
    fine = "; ".join(verdict.told for verdict in health.verdicts if verdict.good)
    # Red before grey; sorting is stable, so the order of questions stays within each.
    for verdict in sorted(health.verdicts, key=lambda verdict: verdict.good is None):
        if not verdict.good:
            yield Line(verdict.good, label, verdict.told, verdict.fix)
    if fine:
        # Green only as a whole: beside a red line what is fine is no good news.
        yield Line(None if health.red else True, label, f"{fine} (đọc từ chính kho)")


def facts_of(health: RepositoryHealth) -> dict[str, Any]:
    """A repository as a machine reads it."""
    newest = health.newest
    return {
        "name": health.name,
        "ok": not health.red,
        "newest": {"day": newest.day, "time": newest.time, "id": newest.id, "partial": newest.partial} if newest else None,
        "count": len(health.nights),
        "missing": list(health.missing),
        "verdicts": [
            {"topic": verdict.topic.name.lower(), "ok": verdict.good, "told": verdict.told, "fix": verdict.fix}
            for verdict in health.verdicts
        ],
    }


def lights_before(home: Home, day: date) -> tuple[str, ...]:
    """How the repositories stood when the last earlier night asked them: for a report that must tell the same when it is made again."""
    steps = [(record.day, step) for record in load_records(home, before=day) if (step := record.step(STEP)) and step.facts]
    if not steps:
        return ()
    asked, step = steps[-1]
    lights = "; ".join(f"kho «{name}» {light}" for name, light in step.facts.items())
    return (f"Hỏi từng kho sao lưu sau đêm {vietnamese_date(date.fromisoformat(asked))}: {lights}.",)
