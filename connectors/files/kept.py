"""Systems whose files are kept and not interpreted: website, documents, accounting.

Every file is landed with its hash; one that did not change since it was last landed is linked to that copy
instead of fetched again.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from connectors.delivery import Delivery, Places, landed
from connectors.errors import SourceRefused
from connectors.records.snapshot import sha256_of
from connectors.secrecy_guard import SecretFile, told_of
from connectors.stores.store import tell_left
from infra.clock import SCHOOL_ZONE
from infra.secrecy import WHAT_TO_DO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from connectors.stores.store import FileStore, OpenStore, StoredFile

MOST_BYTES = 20 * 1024**3  # of all files of a system; the school's website has a tenth of that
INDEX = "{system}.json"


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """One system's files, wherever they lie (the store lists its folders too)."""

    system: str
    store: FileStore
    places: Places

    def fetch(self, day: date) -> Snapshot:
        """Land every file; the snapshot has no rows, its state tells the files (see Source.fetch)."""
        delivery = Delivery(self.system)
        with landed(self.places, day, self.system) as landing:
            with self.store.opened() as store:
                listed = self.places.guard.named(store.listed())
                names = landing_names([file for file in listed if not file.flaw])
                self._refuse_unusual(names)
                secret = self._land_all(store, names, landing, delivery)
            left = [*(file for file in listed if file.flaw), *secret]
            tell_left(landing, left)
            delivery.told += told_of(left, self.store.where)
        names = {name: file for name, file in names.items() if name in delivery.files}
        newest = max(file.modified for file in names.values())
        delivery.dates.append(datetime.fromtimestamp(newest, SCHOOL_ZONE).date())
        self._remember(day, names, delivery.files)
        return delivery.snapshot(self.places.work / day.isoformat() / self.system, day)

    def _land_all(self, store: OpenStore, names: Mapping[str, StoredFile], landing: Path, delivery: Delivery) -> list[StoredFile]:
        """Land every file but those whose text bears a mark, which are returned."""
        known, secret = self._known(), []
        for name, file in names.items():
            try:
                delivery.files[name] = self._linked(known.get(name), file, landing / name) or self._fetched(store, file, landing / name)
            except SecretFile as found:
                secret.append(found.file)
        if len(secret) == len(names):
            raise SourceRefused("Mọi tệp đều mang dấu mật nên không lấy tệp nào", where=self.store.where, fix=WHAT_TO_DO)
        return secret

    def _fetched(self, store: OpenStore, file: StoredFile, target: Path) -> str:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.places.guard.fetch(store, file, target, self.store.where)
        return sha256_of(target)

    def _refuse_unusual(self, names: Mapping[str, StoredFile]) -> None:
        if not names:
            raise SourceRefused("Không có tệp nào", where=self.store.where, fix="xem lại đường dẫn và hệ thống giao tệp")
        if (total := sum(file.size for file in names.values())) > MOST_BYTES:
            told = f"Các tệp lớn {total // 1024**3} GB, quá mức {MOST_BYTES // 1024**3} GB cho phép"
            raise SourceRefused(told, where=self.store.where, fix="chỉ đúng thư mục cần giữ trong truong.toml")

    def _linked(self, earlier: Mapping[str, Any] | None, file: StoredFile, target: Path) -> str:
        """The hash of the file when the copy that was landed before could be used again, else empty."""
        # Cleared by a person then and not now, or the other way round: the file is fetched anew, so that the guard looks at it.
        if earlier is None or earlier["state"] != list(file.state) or earlier["cleared"] != self.places.guard.passes(file):
            return ""
        copy, digest = self.places.landing / str(earlier["at"]), str(earlier["sha256"])
        try:
            if sha256_of(copy) == digest:
                _link(copy, target)
                return digest
        except OSError:
            pass  # it was moved or thrown away: the store still has it
        return ""

    @property
    def _index(self) -> Path:
        return self.places.work.parent / "cache" / "kept" / INDEX.format(system=self.system)

    def _known(self) -> dict[str, dict[str, Any]]:
        """What was landed last, by name; nothing when that was not written or cannot be read."""
        try:
            known = json.loads(self._index.read_text(encoding="utf-8"))
            return {name: entry for name, entry in known.items() if {"state", "sha256", "at", "cleared"} <= set(entry)}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _remember(self, day: date, names: Mapping[str, StoredFile], hashes: Mapping[str, str]) -> None:
        place = f"{day.isoformat()}/{self.system}"
        passes = self.places.guard.passes
        told = {
            name: {"state": file.state, "sha256": hashes[name], "at": f"{place}/{name}", "cleared": passes(file)}
            for name, file in names.items()
        }
        aside = self._index.with_name(f".{self._index.name}.{os.getpid()}")
        aside.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), encoding="utf-8")
        aside.replace(self._index)


def landing_names(files: Sequence[StoredFile]) -> dict[str, StoredFile]:
    """Names below the landing folder. Two files of one name (NFC and NFD, a file and a folder) keep both: `tên~2.pdf`."""
    folders = {parent.as_posix() for file in files for parent in PurePosixPath(file.name).parents}
    names: dict[str, StoredFile] = {}
    for file in files:
        path, number, name = PurePosixPath(file.name), 1, file.name
        while name in names or name in folders:
            number += 1
            name = path.with_name(f"{path.stem}~{number}{path.suffix}").as_posix()
        names[name] = file
    return names


def _link(copy: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(copy, target)
    except OSError:  # a file system without hard links
        shutil.copy2(copy, target)
