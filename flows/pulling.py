"""Pull and snapshot, as plain functions: what comes in tonight, and what stands in for a source that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.catalogue import build_sources, combine, last_good
from connectors.errors import SourceUnreachable
from connectors.records.snapshot import Snapshot, open_snapshot
from flows.night_record import StepResult
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from connectors.source import Source
    from flows.home import Home

NIGHT_FOLDERS = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


def source_of(home: Home, system: str) -> Source:
    """The source of a system, as the settings have it."""
    return next(source for source in build_sources(home.settings, home.folder("landing"), home.folder("work")) if source.system == system)


def pull(home: Home, system: str, day: date) -> StepResult:
    """Fetch one system; raises SourceError and leaves nothing half-written when it cannot."""
    snapshot = source_of(home, system).fetch(day)
    rows = sum(snapshot.rows.values())
    state = snapshot.sources[system]
    detail = f"{number(rows)} dòng, số liệu ngày {vietnamese_date(state.data_as_of)}"
    counts = {table: count for table, count in snapshot.rows.items() if count}
    aside = sum(state.quarantined.values())
    return StepResult(
        "", "", detail, {**counts, **({"tạm giữ": aside} if aside else {})}, {"số liệu ngày": vietnamese_date(state.data_as_of)}
    )


def take_snapshot(home: Home, day: date, fresh: Sequence[str]) -> StepResult:
    """Combine the systems that were pulled tonight with the last good data of those that were not."""
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
    lines = [f"{system}: dùng lại số liệu tốt gần nhất, đêm {vietnamese_date(taken)}" for system, taken in replaced.items()]
    lines += [f"{system}: chưa có số liệu tốt nào để dùng thay" for system in missing]
    rows = sum(snapshot.rows.values())
    return StepResult(
        "", "", f"{number(rows)} dòng trong 13 bảng", dict(snapshot.rows), lines=tuple(lines), paths={"snapshot": str(snapshot.folder)}
    )


def night_snapshot(home: Home, day: date) -> Snapshot:
    """The snapshot of a night."""
    return open_snapshot(home.folder("snapshots", day))


def earlier_snapshots(home: Home, day: date, most: int = 1) -> list[Snapshot]:
    """The newest nights before a day, newest first."""
    folders = sorted(home.folder("snapshots").glob(NIGHT_FOLDERS), reverse=True)
    return [open_snapshot(folder) for folder in folders if folder.name < day.isoformat()][:most]
