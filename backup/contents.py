"""What a night's backup holds, staged and checked before restic starts.

restic skips a source that does not exist and ends well or half-well (engineering: exit 0 or 3), so
every part is looked at here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backup.dumps import dump_sqlite
from backup.errors import PartMissing
from backup.manifest import MANIFEST_PATH, describe_part, new_manifest, table_rows, write_manifest
from backup.stored import DAY_TAG
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from pathlib import Path

    from backup.manifest import Manifest

DATABASE_COPY = "staging/qlnt.sqlite"
# Part -> its place below the data folder.
_PLACES = {
    "landing": "landing/{day}",
    "snapshot": "snapshots/{day}",
    "findings": "findings",  # whole: the ledger needs every night
    "report": "reports/{day}",
    "exports": "exports",
    "accepted": "accepted",  # who let which change of a source pass or signed which exception, when and why
    "qlnt": DATABASE_COPY,
}
PART_NAMES: Mapping[str, str] = {
    "landing": "tệp gốc các hệ thống giao",
    "snapshot": "bảng dữ liệu của đêm",
    "findings": "kết quả kiểm tra",
    "report": "báo cáo chất lượng",
    "exports": "biểu đã xuất",
    "accepted": "sổ chấp nhận thay đổi và ngoại lệ đã ký",
    "qlnt": "bản sao cơ sở dữ liệu QLNT",
}
ACCEPTED = "accepted"  # there only once somebody let something pass
# Parts that many a good night has not: no form was due yet, nothing was ever accepted or waived.
NOT_EVERY_NIGHT = frozenset({"exports", ACCEPTED})


@dataclass(frozen=True, slots=True)
class Contents:
    """What restic saves: relative paths below `root`, the tags of the snapshot, and the `files` that must be in it."""

    root: Path
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StagedNight:
    """A night that is ready to be saved."""

    contents: Contents
    manifest: Manifest


def stage_night(data: Path, day: date, database: Path | None, without: Collection[str] = ()) -> StagedNight:
    """Copy the QLNT database (None: it is no SQLite file), hash every part and write the manifest.

    `without`: parts that are not due tonight. Raises PartMissing for any other part that does not
    exist, DumpFailed when the database cannot be copied.
    """
    left_out = {*without, *(() if database else ("qlnt",)), *(() if (data / _PLACES[ACCEPTED]).exists() else (ACCEPTED,))}
    places = {name: place.format(day=day.isoformat()) for name, place in _PLACES.items() if name not in left_out}
    _require(data, {name: place for name, place in places.items() if name != "qlnt"}, day)
    rows = {"qlnt": dump_sqlite(database, data / DATABASE_COPY)} if database and "qlnt" in places else {}
    if "snapshot" in places:
        rows["snapshot"] = table_rows(data / places["snapshot"])
    manifest = new_manifest(day, {name: describe_part(data, place, rows.get(name)) for name, place in places.items()})
    write_manifest(data, manifest)
    files = frozenset((*manifest.files, MANIFEST_PATH))
    return StagedNight(Contents(data, (*places.values(), MANIFEST_PATH), (f"{DAY_TAG}{day.isoformat()}",), files), manifest)


def absent_parts(data: Path, day: date) -> frozenset[str]:
    """Parts that do not exist, for a night that knows why (a step that failed, a form that is not due)."""
    asked = {name: place for name, place in _PLACES.items() if name not in {"qlnt", ACCEPTED}}
    return frozenset(name for name, place in asked.items() if not (data / place.format(day=day.isoformat())).exists())


def _require(data: Path, places: Mapping[str, str], day: date) -> None:
    missing = [name for name, place in places.items() if not (data / place).exists()]
    if missing:
        told = ", ".join(PART_NAMES[name] for name in missing)
        raise PartMissing(
            f"Chưa sao lưu đêm {vietnamese_date(day)}: thiếu {told}",
            where=", ".join(places[name] for name in missing),
            fix="chạy lại `truong nightly`",
        )
