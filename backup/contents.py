"""What a night's backup holds, staged and checked before restic starts.

restic skips a source that does not exist and ends well or half-well (engineering: exit 0 or 3), so
every part is looked at here first.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from backup.dumps import Refusals, dump_sqlite
from backup.errors import PartMissing
from backup.hashes import HASHES_FOLDER, FileHashes
from backup.hashes import Place as Hashed
from backup.manifest import MANIFEST_PATH, PartEntry, new_manifest, table_rows
from backup.manifest_file import write_manifest
from backup.marked import FOREIGN_PARTS, MARKS_FILE, SecrecyLook, left_out
from backup.retention import YEAR_END_TAG, year_end
from backup.server_dumps import ServerDump, dump_to_file
from backup.stored import DAY_TAG, PARTIAL_TAG, WITHOUT_TAG
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from backup.manifest import Files, Manifest, Refusal
    from backup.stored import ReadProgress

STAGING = "staging"
DATABASE_COPY = "staging/qlnt.sqlite"
# Part -> its place below the data folder.
_PLACES = {
    "landing": "landing/{day}",
    "snapshot": "snapshots/{day}",
    "findings": "findings",  # whole: the ledger needs every night
    "report": "reports/{day}",
    "exports": "exports",
    "accepted": "accepted",  # who let which change of a source pass or signed which exception, when and why
    "records": "nights",  # how every night went
    "qlnt": DATABASE_COPY,
}
PART_NAMES: Mapping[str, str] = {
    "landing": "tệp gốc các hệ thống giao",
    "snapshot": "bảng dữ liệu của đêm",
    "findings": "kết quả kiểm tra",
    "report": "báo cáo chất lượng",
    "exports": "biểu đã xuất",
    "accepted": "sổ chấp nhận thay đổi và ngoại lệ đã ký",
    "records": "nhật ký các đêm",
    "qlnt": "bản sao cơ sở dữ liệu QLNT",
    "mail": "thư của trường",
    "prefect": "cơ sở dữ liệu Prefect",
    "settings": "cấu hình (không có mật khẩu)",
}
# There only once somebody let something pass, or a night has ended.
_MADE_LATER = frozenset({"accepted", "records"})
# Parts that many a good night has not: no form was due yet, nothing was ever accepted or waived, Prefect was never started.
NOT_EVERY_NIGHT = frozenset({"exports", *_MADE_LATER, "mail", "prefect", "settings"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What restic saves: paths (relative ones below `root`), the tags of the snapshot, and the `files` that must be in it.

    The manifest must be, too. `left_out`: absolute paths of files that must never be in it (marked as secret).
    """

    root: Path
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    files: Files = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Streamed:
    """Dumps that already lie in a repository, by name of the part, and why the others do not."""

    parts: Mapping[str, PartEntry] = field(default_factory=dict)
    lacking: Mapping[str, Refusal] = field(default_factory=dict)


NOTHING_STREAMED = Streamed()


@dataclass(frozen=True, slots=True)
class Listed:
    """What the settings name beyond a night's own parts, by name of the part; all of it must exist.

    `folders`: anywhere on this machine; `copied`: single files that are staged; `parts`: the night's own parts
    that are wanted; `streamed`: the dumps that do not go over our disk.
    """

    folders: Mapping[str, Path] = field(default_factory=dict)
    copied: Mapping[str, Path] = field(default_factory=dict)
    sqlite: Mapping[str, Path] = field(default_factory=dict)
    servers: tuple[ServerDump, ...] = ()
    parts: frozenset[str] = frozenset(_PLACES)
    streamed: Streamed = NOTHING_STREAMED
    cleared: frozenset[str] = frozenset()  # files that a person has found to be no state secret

    def require(self) -> None:
        """PartMissing for the first thing that does not exist; ConfigurationError where no program can dump a database."""
        files = {**self.copied, **self.sqlite}
        missing = {name: path for name, path in files.items() if not path.is_file()}
        missing |= {name: path for name, path in self.folders.items() if not path.is_dir()}
        for name, path in missing.items():
            raise PartMissing(
                f"Chưa sao lưu: không thấy {PART_NAMES.get(name, f'«{name}»')} mà cấu hình nêu",
                where=str(path),
                fix="cắm đĩa hoặc sửa đường dẫn ở mục [backup] của truong.toml",
            )
        for server in self.servers:
            server.program()


NOTHING_MORE = Listed()


@dataclass(frozen=True, slots=True)
class StagedNight:
    """A night that is ready to be saved. `hashes`: what its files were when they were hashed; `look`: what is left out."""

    contents: Contents
    manifest: Manifest
    hashes: FileHashes
    look: SecrecyLook | None = None


@dataclass(frozen=True, slots=True)
class GatheredNight:
    """A night whose parts all exist, its databases copied; not yet hashed. `places`: of its parts, below `data` or absolute.

    `lacking`: databases that could not be dumped: the night is saved without them, and is a partial one.
    """

    data: Path
    day: date
    places: Mapping[str, str]
    rows: Mapping[str, Mapping[str, int]]
    also: Listed = NOTHING_MORE
    lacking: Mapping[str, Refusal] = field(default_factory=dict)

    def begin(self) -> Contents:
        """What of its contents is known already: paths and tags. Where no manifest lies yet, one without a part takes its place."""
        if not (self.data / MANIFEST_PATH).is_file():  # restic looks for every path before it reads any
            write_manifest(self.data, new_manifest(self.day, {}))
        return Contents(self.data, (*self.places.values(), MANIFEST_PATH), _tags(self.day, self.lacking))

    def stage(self, tell: Callable[[ReadProgress], None] = lambda _: None) -> StagedNight:
        """Hash every part, look for what must be left out, and write the manifest. `tell`: hears how far that is."""
        hashes, look = FileHashes(self.data / "backups" / HASHES_FOLDER, tell=tell), SecrecyLook(self.also.cleared)
        foreign = {*FOREIGN_PARTS, *self.also.folders}
        places = [self._hashed(name, look if name in foreign else None) for name in sorted(self.places)]
        files = hashes.of([place for place in places if place.look])
        files |= hashes.of([place for place in places if not place.look], frozenset(look.marked))  # what is marked is left out everywhere
        look.remember(self.data / "backups" / MARKS_FILE)
        parts = {name: self._part(name, files[name]) for name in self.places}
        manifest = write_manifest(self.data, new_manifest(self.day, {**parts, **self.also.streamed.parts}, self.lacking))
        return StagedNight(contents_of(self.data, manifest), manifest, hashes, look)

    def _hashed(self, name: str, look: SecrecyLook | None) -> Hashed:
        path = self.data / self.places[name]  # an absolute one stays what it is
        return Hashed(name, path, "" if self._is_outside(name) else str(self.data), look.below(path) if look else None)

    def _part(self, name: str, files: Files) -> PartEntry:
        return PartEntry(self.places[name].lstrip("/"), files, dict(self.rows.get(name, {})), outside=self._is_outside(name))

    def _is_outside(self, name: str) -> bool:
        return self.places[name].startswith("/")


def gather_night(data: Path, day: date, database: Path | None, without: Collection[str] = (), also: Listed = NOTHING_MORE) -> GatheredNight:
    """Look for every part and copy the databases.

    `database`: the QLNT database when it is a SQLite file. `without`: parts that are not due tonight. Raises
    PartMissing for any other part that does not exist; a database that cannot be dumped is one that the night lacks.
    """
    also.require()
    sqlite = {**({"qlnt": database} if database and "qlnt" in also.parts else {}), **also.sqlite}
    left_out = {*without, "qlnt", *(name for name in _MADE_LATER if not (data / _PLACES[name]).exists())}
    places = {name: place.format(day=day.isoformat()) for name, place in _PLACES.items() if name in also.parts - left_out}
    _require(data, places, day)
    rows: dict[str, Mapping[str, int]] = {"snapshot": table_rows(data / places["snapshot"])} if "snapshot" in places else {}
    refusals = Refusals(dict(also.streamed.lacking))
    for name, (file, dump) in _dumps(sqlite, also.servers).items():
        with refusals.of(name):
            rows[name] = dump(data / STAGING / file)
            places[name] = f"{STAGING}/{file}"  # only now: what lies there from last night is not tonight's
    places |= {name: _copied(file, data, name) for name, file in also.copied.items()}
    places |= {name: str(path) for name, path in also.folders.items()}
    return GatheredNight(data, day, places, rows, also, refusals.found)


def _dumps(sqlite: Mapping[str, Path], servers: Iterable[ServerDump]) -> dict[str, tuple[str, Callable[[Path], Mapping[str, int]]]]:
    """Of each database that is dumped to our disk: the dump's file name, and how it is made."""
    made: dict[str, tuple[str, Callable[[Path], Mapping[str, int]]]] = {}
    made |= {name: (f"{name}.sqlite", partial(dump_sqlite, file)) for name, file in sqlite.items()}
    return made | {server.name: (server.file, partial(dump_to_file, server)) for server in servers if not server.stream}


def stage_night(data: Path, day: date, database: Path | None, without: Collection[str] = (), also: Listed = NOTHING_MORE) -> StagedNight:
    """Gather a night and stage it."""
    return gather_night(data, day, database, without, also).stage()


def contents_of(data: Path, manifest: Manifest) -> Contents:
    """What restic must save for a staged manifest."""
    places = [f"/{part.path}" if part.outside else part.path for part in manifest.stored.values()]
    marked = tuple(sorted(left_out(data / "backups")))
    return Contents(data, (*places, MANIFEST_PATH), _tags(manifest.day, manifest.lacking), manifest.files, marked)


def _tags(day: date, lacking: Collection[str]) -> tuple[str, ...]:
    """Of the snapshot. That it lacks a database goes in at once: a tag that is added later takes another id, and some stores refuse it."""
    partial_ones = (PARTIAL_TAG, *(f"{WITHOUT_TAG}{name}" for name in sorted(lacking))) if lacking else ()
    return (f"{DAY_TAG}{day.isoformat()}", *((YEAR_END_TAG,) if day == year_end(day) else ()), *partial_ones)


def absent_parts(data: Path, day: date) -> frozenset[str]:
    """Parts that do not exist, for a night that knows why (a step that failed, a form that is not due)."""
    asked = {name: place for name, place in _PLACES.items() if name not in {"qlnt", *_MADE_LATER}}
    return frozenset(name for name, place in asked.items() if not (data / place.format(day=day.isoformat())).exists())


def _copied(file: Path, data: Path, name: str) -> str:
    """Stage a file as it is now, aside first, under the name of its part."""
    place = f"{STAGING}/{name}/{file.name}"
    target = data / place
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copy2(file, aside)
    aside.replace(target)
    return place


def _require(data: Path, places: Mapping[str, str], day: date) -> None:
    missing = [name for name, place in places.items() if not (data / place).exists()]
    if missing:
        told = ", ".join(PART_NAMES[name] for name in missing)
        raise PartMissing(
            f"Chưa sao lưu đêm {vietnamese_date(day)}: thiếu {told}",
            where=", ".join(places[name] for name in missing),
            fix="chạy lại `truong nightly`",
        )
