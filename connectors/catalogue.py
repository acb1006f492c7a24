"""This school's sources, out of its settings or a folder; and one night out of what they gave.

`combine` puts the systems' snapshots together in a fixed order; `last_good` finds what stands in for a
system that failed tonight.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import URL

from connectors.column_maps import ApiMap, DatabaseMap, FolderMap, load_map
from connectors.delivery import Places
from connectors.files.drop import DropSource
from connectors.files.kept import KeptFiles
from connectors.files.reading import AGAIN
from connectors.records.snapshot import damaged_tables, open_snapshot, write_snapshot
from connectors.records.systems import label_of
from connectors.records.tables import TABLES
from connectors.secrecy_guard import Guard
from connectors.sql.access import Access, database_url
from connectors.sql.servers import SQLITE
from connectors.sql.source import DatabaseSource
from connectors.stores.store import LocalFolder
from infra.errors import ConfigurationError
from infra.source_settings import ApiSource, BucketSource, SftpSource
from infra.source_settings import DatabaseSource as DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from connectors.column_maps import ColumnMap
    from connectors.records.snapshot import Snapshot
    from connectors.source import Source
    from connectors.stores.store import FileStore
    from infra.settings import Settings
    from infra.source_settings import FolderSource as FolderSettings
    from infra.source_settings import SourceSettings

    FileSettings = FolderSettings | SftpSource | BucketSource

# The order in which the systems stand in every table of a night.
FIRST_SYSTEMS = ("qlnt", "csdl", "staff")
NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}")  # `2027-05-31~1` is a night that was replaced
QLNT_MAP, CSDL_MAP, STAFF_MAP = "qlnt_2026", "csdl_2025", "staff_2026"
FURTHER_MAPS = {"temis": "temis_2026", "lms": "lms_2026", "accounts": "accounts_2026", "health": "health_2026"}


def build_sources(settings: Settings, landing_root: Path, work_root: Path) -> list[Source]:
    """The sources that are switched on, in the fixed order. ConfigurationError when a setting or a map is wrong."""
    places = Places(landing_root, work_root, Guard(frozenset(settings.secrecy.cleared)))
    enabled = {system: source for system, source in settings.sources.items() if source.enabled}
    return [_build(system, enabled[system], settings, places) for system in in_order(enabled)]


def _build(system: str, source: SourceSettings, settings: Settings, places: Places) -> Source:
    """The source of one part of the settings. Client libraries are imported only where a school uses them."""
    column_map = load_map(source.column_map) if source.column_map else None
    if isinstance(source, DatabaseSettings) and isinstance(column_map, DatabaseMap):
        password_file = settings.path(source.password_file) if source.password_file else None
        return DatabaseSource(system, Access(database_url(source.url, settings.home), password_file), column_map, places)
    if isinstance(source, ApiSource) and isinstance(column_map, ApiMap):
        from connectors.rest.source import RestSource  # noqa: PLC0415 - httpx

        files = {name: settings.path(file) for name in ("secret_file", "ca_file") if (file := getattr(source, name))}
        return RestSource(system, source.model_copy(update=files), column_map, places)
    if isinstance(source, DatabaseSettings | ApiSource):
        raise _unfit(system, source, column_map)
    if isinstance(column_map, FolderMap):
        return DropSource(system, _store(source, settings, column_map.label, recursive=False), column_map, places)
    if column_map:
        raise _unfit(system, source, column_map)
    return KeptFiles(system, _store(source, settings, label_of(system), recursive=True), places)


def _store(source: FileSettings, settings: Settings, label: str, *, recursive: bool) -> FileStore:
    """Where a system's files lie."""
    if isinstance(source, SftpSource):
        from connectors.stores.sftp import SftpStore  # noqa: PLC0415 - paramiko

        return SftpStore(source, settings.home, label, recursive)
    if isinstance(source, BucketSource):
        from connectors.stores.bucket import BucketStore  # noqa: PLC0415 - boto3

        return BucketStore(source, settings.home, label, recursive)
    return LocalFolder(settings.path(source.path), label, AGAIN, recursive)


def _unfit(system: str, source: SourceSettings, column_map: ColumnMap | None) -> ConfigurationError:
    told = f"là cho nguồn kiểu {column_map.kind}, không phải {source.kind}" if column_map else f"phải có cho nguồn kiểu {source.kind}"
    named = f"Bản đồ cột `{source.column_map}`" if source.column_map else "Bản đồ cột (column_map)"
    return ConfigurationError(f"{named} {told}", where=f"sources.{system}", fix="chọn bản đồ khác hoặc sửa kind")


def sources_of_folder(folder: Path, landing_root: Path, work_root: Path) -> list[Source]:
    """The three systems as DIR/qlnt/*.sqlite, DIR/csdl and DIR/staff, of which a missing one fails when it is fetched.

    Further systems (FURTHER_MAPS) that have a folder of their name there are read as well.
    """
    places = Places(landing_root, work_root)
    database = next(iter(sorted((folder / "qlnt").glob("*.sqlite"))), folder / "qlnt" / "qlnt.sqlite")
    qlnt, csdl, staff = load_map(QLNT_MAP), load_map(CSDL_MAP), load_map(STAFF_MAP)
    sources: list[Source] = []
    if isinstance(qlnt, DatabaseMap):
        sources.append(DatabaseSource("qlnt", Access(URL.create(SQLITE, database=str(database))), qlnt, places))
    further = [(system, load_map(name)) for system, name in FURTHER_MAPS.items() if (folder / system).is_dir()]
    for system, column_map in (("csdl", csdl), ("staff", staff), *further):
        if isinstance(column_map, FolderMap):
            sources.append(DropSource(system, LocalFolder(folder / system, column_map.label, AGAIN), column_map, places))
    return sources


def in_order(systems: Iterable[str]) -> list[str]:
    """Systems as they stand in a night: qlnt, csdl, staff, then the others by name."""
    names = set(systems)
    return [*(name for name in FIRST_SYSTEMS if name in names), *sorted(names - set(FIRST_SYSTEMS))]


def combine(snapshots: Mapping[str, Snapshot], folder: Path, day: date) -> Snapshot:
    """All systems of a night in one snapshot; each table has the systems in the fixed order, rows as delivered."""
    parts = [snapshots[system] for system in in_order(snapshots)]
    frames = {table: pl.concat([part.scan(table) for part in parts]) for table in TABLES}
    states = {name: state for part in parts for name, state in part.sources.items()}
    return write_snapshot(folder, day, frames, states, pl.concat([part.quarantine() for part in parts]))


def last_good(system: str, snapshots_root: Path, before: date, work_root: Path | None = None) -> Snapshot | None:
    """The system's rows of the newest sound night before a day; None when it was never there.

    Written as a one-system snapshot below `work_root` (by default `work` beside the snapshots), not fresh,
    `taken_from` the night whose pull gave these rows (which may itself lie before the night they were found in).
    """
    for night in _sound_nights(snapshots_root, before):
        if state := night.sources.get(system):
            state = replace(state, fresh=False, taken_from=state.taken_from or night.day)
            folder = (work_root or snapshots_root.parent / "work") / before.isoformat() / f"{system}.last-good"
            ours = pl.col("source_system") == system
            frames = {table: night.scan(table).filter(ours) for table in TABLES}
            return write_snapshot(folder, before, frames, {system: state}, night.quarantine().filter(ours))
    return None


def _sound_nights(snapshots_root: Path, before: date) -> Iterable[Snapshot]:
    """Nights before a day, newest first, without those whose files are not what their manifest says."""
    names = sorted((path.name for path in snapshots_root.glob("*") if NIGHT.fullmatch(path.name)), reverse=True)
    for folder in (snapshots_root / name for name in names if name < before.isoformat()):
        try:
            if not damaged_tables(folder):
                yield open_snapshot(folder)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a manifest that cannot be read is no night to fall back on
