"""Workbooks and CSV files that a system drops somewhere: found by name, landed untouched, read by the column map."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import polars as pl

from connectors.delivery import PROVENANCE_ROW, Delivery, Places, landed
from connectors.errors import SourceRefused, SourceUnreachable
from connectors.files.parse_cache import Aside, ParseCache, Parsed, key_of
from connectors.files.reading import AGAIN, read_files
from connectors.records.snapshot import sha256_of
from connectors.secrecy_guard import SecretFile, refusal_of, told_of
from connectors.sheets.workbook import READABLE
from connectors.stores.store import tell_left

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from connectors.column_maps import FileMap, FolderMap
    from connectors.files.reading import FileReading
    from connectors.records.snapshot import Snapshot
    from connectors.stores.store import FileStore, OpenStore, StoredFile


@dataclass(frozen=True, slots=True)
class _Landed:
    """A landed file, and what an earlier pull read from the very same one."""

    copy: Path
    file_map: FileMap
    digest: str
    key: str
    parsed: Parsed | None


@dataclass(frozen=True, slots=True)
class DropSource:
    """One system's files, wherever they lie, read as its column map tells."""

    system: str
    store: FileStore
    column_map: FolderMap
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Copy the files of the map to landing, read the copies, write them as a snapshot (see Source.fetch)."""
        delivery, cache = Delivery(self.system), ParseCache(self.places.work.parent / "cache" / "parsed")
        with landed(self.places, day, self.system) as landing:
            copies, kept = self._landed(landing, delivery)
            delivery.files |= {copy.name: sha256_of(copy) for copy in kept}
            found = [self._looked_up(copy, file_map, cache) for copy, file_map in zip(copies, self.column_map.files, strict=True)]
            unread = [one for one in found if one.parsed is None]
            readings = read_files([(one.copy, one.file_map) for one in unread], self.column_map.date_words)
            fresh = dict(zip((one.key for one in unread), map(_parsed, readings), strict=True))
            for one in found:
                delivery.files[one.copy.name] = one.digest
                _add(one.parsed or fresh[one.key], one.copy.name, one.file_map.tables[0].to, delivery)
            snapshot = delivery.snapshot(self.places.work / day.isoformat() / self.system, day)
        # Only now: a pull that fails leaves nothing behind.
        for key, parsed in fresh.items():
            cache.put(key, parsed)
        return snapshot

    def _looked_up(self, copy: Path, file_map: FileMap, cache: ParseCache) -> _Landed:
        digest = sha256_of(copy)
        key = key_of(digest, copy.name, file_map, self.column_map.date_words)
        return _Landed(copy, file_map, digest, key, cache.get(key))

    def _landed(self, landing: Path, delivery: Delivery) -> tuple[list[Path], list[Path]]:
        """The copies of the files, one for each file map; and of those that are kept and not read."""
        with self.store.opened() as store:
            listed = self.places.guard.named(store.listed())
            chosen = [self._one_file(file_map, listed) for file_map in self.column_map.files]
            copies = [self._land(store, file, landing) for file in chosen]
            kept = [file for file in listed if _is_called(file.name, self.column_map.kept)]
            copied, not_taken = self._kept(store, kept, landing)
        left = [*(file for file in self._matching(listed) if file not in chosen), *not_taken]
        delivery.told += told_of(left, self.store.where)
        tell_left(landing, left)
        return copies, copied

    def _kept(self, store: OpenStore, files: Sequence[StoredFile], landing: Path) -> tuple[list[Path], list[StoredFile]]:
        """The copies of files that are kept and not read, and those that were left (being written, bearing a mark)."""
        copied, left = [], [file for file in files if file.flaw]
        for file in (file for file in files if not file.flaw):
            try:
                copied.append(self._land(store, file, landing))
            except SecretFile as found:
                left.append(found.file)
        return copied, left

    def _land(self, store: OpenStore, file: StoredFile, landing: Path) -> Path:
        copy = landing / PurePosixPath(file.name).name
        self.places.guard.fetch(store, file, copy, self.store.where)
        return copy

    def _matching(self, listed: Sequence[StoredFile]) -> list[StoredFile]:
        return [file for file in listed if any(is_named(file.name, file_map.names) for file_map in self.column_map.files)]

    def _one_file(self, file_map: FileMap, listed: Sequence[StoredFile]) -> StoredFile:
        """The one file here that a file map is about. SourceUnreachable when missing, SourceRefused when there are several.

        On a server the newest complete one is meant: a vendor's job leaves its exports there night after
        night and the school has no right to tidy up. In a folder of its own two exports side by side are
        a doubt that a person clears.
        """
        found = [file for file in listed if is_named(file.name, file_map.names)]
        takeable = [file for file in found if not file.flaw]
        if not found:
            usual = file_map.names[0].replace("*", "")
            raise SourceUnreachable(f"Không thấy tệp {usual} (.xlsx, .xls, .csv hoặc .txt)", where=self.store.where, fix=AGAIN)
        if len(found) > 1 and not self.store.newest_wins:
            told = f"Có {len(found)} tệp cùng loại: {', '.join(file.name for file in found)}"
            raise SourceRefused(told, where=self.store.where, fix="chỉ để lại tệp mới nhất rồi chạy lại")
        if not takeable:
            raise refusal_of(found[-1], self.store.where)
        return max(takeable, key=lambda file: (file.modified, file.name))


def _add(parsed: Parsed, file: str, table: str, delivery: Delivery) -> None:
    """Add what a file holds to the delivery; its lines that are no rows are set aside under its first table."""
    delivery.parts += parsed.parts
    delivery.dates += parsed.dates
    delivery.code_list |= parsed.code_list
    delivery.told += parsed.told
    for (sheet, reason), lines in groupby(parsed.aside, key=lambda line: (line.sheet, line.reason)):
        delivery.set_aside(table, reason, file, sheet, _frame(list(lines)))


def is_named(name: str, patterns: Sequence[str]) -> bool:
    # Hidden files and the ~$ files that Excel leaves beside an open workbook are nobody's delivery.
    return PurePosixPath(name).suffix.lower() in READABLE and _is_called(name, patterns)


def _is_called(name: str, patterns: Sequence[str]) -> bool:
    file = PurePosixPath(name)
    return not file.name.startswith((".", "~$")) and any(fnmatchcase(_plain(file.stem), _plain(pattern)) for pattern in patterns)


def _plain(name: str) -> str:
    """A file name for comparing: shared folders change the case and the normal form of names."""
    return unicodedata.normalize("NFC", name).casefold()


def _parsed(reading: FileReading) -> Parsed:
    """A reading as the cache keeps it (parts of files are no streams)."""
    aside = tuple(Aside(sheet, stray.row, stray.reason, dict(stray.values)) for sheet, found in reading.strays.items() for stray in found)
    return Parsed(tuple(reading.parts), tuple(reading.dates), aside, dict(reading.code_list), tuple(reading.told))


def _frame(lines: Sequence[Aside]) -> pl.DataFrame:
    """Lines that were set aside, a column for each heading that any of them fills."""
    headings = dict.fromkeys(heading for line in lines for heading in line.values)
    texts = [pl.Series(heading, [line.values.get(heading) for line in lines], dtype=pl.String) for heading in headings]
    return pl.DataFrame([*texts, pl.Series(PROVENANCE_ROW, [line.row for line in lines], dtype=pl.Int64)])
