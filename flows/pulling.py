"""Pull and snapshot, as plain functions: what comes in tonight, whether it keeps its contract, what stands in for what does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.catalogue import build_sources, combine, last_good
from connectors.contract import GOOD_NIGHTS, Breach, ContractBroken, Kind, examine, only_system
from connectors.errors import SourceUnreachable
from connectors.probing.kinds import headed_of, only_source
from connectors.records.school_calendar import SchoolCalendar
from connectors.records.snapshot import Snapshot, open_snapshot
from connectors.records.systems import label_of
from connectors.records.tables import TABLES
from connectors.renames import with_renames
from flows.accepting import ACCEPTED_DAYS, acceptances, in_force, passed
from flows.night_record import StepResult, load_records
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, SchoolError
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from connectors.source import Source
    from flows.home import Home
    from infra.source_settings import Contract

SIDE_BY_SIDE = 3  # systems that are pulled at once
NIGHT_FOLDERS = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the contract says of a delivery.

    `tripped`: the last good data stands in; `accepted`: let pass by a person; `notes`: only told.
    """

    tripped: tuple[Breach, ...] = ()
    accepted: tuple[Breach, ...] = ()
    notes: tuple[Breach, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What is told of a delivery that may be used."""
        return (*(f"đã được chấp nhận: {breach.line()}" for breach in self.accepted), *(breach.line() for breach in self.notes))


def source_of(home: Home, system: str, landing: Path | None = None, work: Path | None = None) -> Source:
    """The source of a system, as the settings have it; by default it lands and works in the home's own folders."""
    only = only_source(home.settings, system)
    (source,) = build_sources(only, landing or home.folder("landing"), work or home.folder("work"))
    return source


def pull(home: Home, system: str, day: date) -> StepResult:
    """Fetch one system; raises SourceError and leaves nothing half-written when it cannot.

    ContractBroken when it delivers what the contract does not allow: then it stays in the landing, for who must look into it.
    """
    source = source_of(home, system)
    snapshot = source.fetch(day)
    verdict = judge(home, source, snapshot, home.folder("landing", day) / system)
    if verdict.tripped:
        raise broken(system, verdict.tripped)
    state = snapshot.sources[system]
    detail = f"{number(sum(snapshot.rows.values()))} dòng, số liệu ngày {vietnamese_date(state.data_as_of)}"
    counts = {table: count for table, count in snapshot.rows.items() if count}
    aside = sum(state.quarantined.values())
    facts = {"số liệu ngày": vietnamese_date(state.data_as_of)}
    return StepResult("", "", detail, {**counts, **({"tạm giữ": aside} if aside else {})}, facts, lines=(*verdict.lines, *state.told))


def judge(home: Home, source: Source, snapshot: Snapshot, landing: Path) -> Verdict:
    """Hold a fresh delivery against its contract, its last good nights and what a person accepted."""
    system, day, calendar = source.system, snapshot.day, SchoolCalendar()
    contract = contract_of(home, system)
    found = examine(snapshot, list(good_nights(home, system, day, GOOD_NIGHTS)), contract, day, calendar)
    # Only then are the headings read once more: a rename shows itself as a column that went.
    if any(breach.kind is Kind.LOST_COLUMN for breach in found):
        found = _with_renames(home, source, found, landing)
    written = acceptances(home, system) if found else []
    since = list(good_nights(home, system, day, ACCEPTED_DAYS)) if written else []
    accepted = passed(found, in_force(written, since, day, contract))
    notes = tuple(breach for breach in found if not breach.trips)
    return Verdict(tuple(breach for breach in found if breach.trips and breach not in accepted), accepted, notes)


def contract_of(home: Home, system: str) -> Contract:
    """The contract of a source. ConfigurationError when it names a table that there is not."""
    contract = home.settings.sources[system].contract
    if unknown := sorted(set(contract.min_rows) - set(TABLES)):
        where, fix = f"sources.{system}.contract.min_rows", f"chọn trong: {', '.join(TABLES)}"
        raise ConfigurationError(f"Không có bảng “{unknown[0]}”", where=where, fix=fix)
    return contract


def _with_renames(home: Home, source: Source, found: Sequence[Breach], landing: Path) -> tuple[Breach, ...]:
    try:
        headed = headed_of(source, landing)
    except SchoolError:
        headed = []  # the breach stands all the same; only the guess at its cause is missing
    return with_renames(found, headed, home.settings.sources[source.system].column_map)


def broken(system: str, breaches: Sequence[Breach]) -> ContractBroken:
    """The one line of a source that tripped: which tables, how many rows before and now, what to do."""
    told = "; ".join(breach.line() for breach in breaches)
    fix = f'hỏi nơi quản lý hệ thống rồi kéo lại; nếu thay đổi này là đúng: truong accept-change {system} --reason "lý do"'
    return ContractBroken(f"Số liệu bất thường nên không dùng: {told}", where=system, fix=fix)


def good_nights(home: Home, system: str, before: date, most: int) -> Iterator[Snapshot]:
    """The source's good nights of the last `most` good ones, newest first, as one-system snapshots.

    Good is a night whose record has no problem for this source and whose rows it delivered itself.
    """
    step, found = f"pull-{system}", 0
    for record in reversed(load_records(home, before=before)):
        pulled = record.step(step)
        # The record, not the folder, says so: a snapshot holds last-known-good rows of a source that failed, too.
        if found < most and pulled and not pulled.problem and (part := _part_of(home, record.day, system)):
            found += 1
            yield part


def _part_of(home: Home, day: str, system: str) -> Snapshot | None:
    try:
        part = only_system(open_snapshot(home.folder("snapshots") / day), system)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a manifest that cannot be read is no night to compare with
    return part if part and part.sources[system].fresh else None


def take_snapshot(home: Home, day: date, fresh: Sequence[str]) -> StepResult:
    """Combine the systems that were pulled tonight with the last good data of those that were not; SourceUnreachable without either."""
    parts: dict[str, Snapshot] = {system: open_snapshot(home.folder("work", day) / system) for system in fresh}
    missing, replaced = [], {}
    for system in (name for name, source in home.settings.sources.items() if source.enabled and name not in parts):
        earlier = last_good(system, home.folder("snapshots"), day)
        if earlier is None:
            missing.append(system)
        else:
            parts[system] = earlier
            replaced[system] = earlier.sources[system].taken_from
    if not parts:
        raise SourceUnreachable(
            "Không hệ thống nào cho dữ liệu đêm nay và chưa có đêm tốt nào trước đó", fix="sửa các nguồn nêu trên rồi chạy lại"
        )
    snapshot = combine(parts, home.folder("snapshots", day), day)
    lines = [f"{label_of(system)}: dùng lại số liệu tốt gần nhất, đêm {vietnamese_date(taken)}" for system, taken in replaced.items()]
    lines += [f"{label_of(system)}: chưa có số liệu tốt nào để dùng thay" for system in missing]
    rows = sum(snapshot.rows.values())
    return StepResult(
        "",
        "",
        f"{number(rows)} dòng trong {len(TABLES)} bảng",
        dict(snapshot.rows),
        lines=tuple(lines),
        paths={"snapshot": str(snapshot.folder)},
    )


def night_snapshot(home: Home, day: date) -> Snapshot:
    """The snapshot of a night."""
    return open_snapshot(home.folder("snapshots", day))


def earlier_snapshots(home: Home, day: date, most: int = 1) -> list[Snapshot]:
    """The newest nights before a day, newest first."""
    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS), reverse=True)
    return [open_snapshot(folder) for folder in folders if folder.name < day.isoformat()][:most]


def first_snapshot(home: Home, since: date, before: date) -> Snapshot | None:
    """The first night from one day on, before another; None when there is none."""
    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS))
    return next((open_snapshot(folder) for folder in folders if since.isoformat() <= folder.name < before.isoformat()), None)
