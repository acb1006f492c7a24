"""What a person wants back, and which files of a backup that is.

One word says it, on the command line, in the form and in the log: empty for the whole night, a part
(`landing`, `snapshot`, `qlnt`, `mail`…), `database` for every database, a table (`pupils`), `class:3/2` for a
class's gradebook, a relative path, or a file's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from backup.contents import PART_NAMES
from backup.errors import RestoreError
from backup.manifest import Joined, bytes_of, paths_of
from connectors.records.tables import TABLES
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from backup.manifest import Files, Manifest, PartEntry

DATABASE, CLASS = "database", "class:"
GRADEBOOK_TABLES = ("pupils", "marks", "traits", "year_results")
DATABASE_ENDINGS = (".sqlite", ".sql")
NOT_A_SCHOOL_DATABASE = "prefect"  # the scheduler's own


@dataclass(frozen=True, slots=True)
class Choice:
    """The files to bring: `places` for restic (empty: all of the night), every file that must come, and dumps in snapshots of their own."""

    places: tuple[str, ...]
    files: Files
    streamed: Mapping[str, PartEntry]

    @property
    def expected(self) -> Files:
        """Every file, wherever it comes from."""
        return Joined((self.files, *(part.files for part in self.streamed.values())))

    @property
    def bytes(self) -> int:
        """Size of all that comes."""
        return bytes_of(self.expected)


def choose(manifest: Manifest, what: str) -> Choice:
    """The files that `what` means in this night. RestoreError when it has nothing of the kind."""
    if not what:
        return Choice((), manifest.files, manifest.streamed)
    if what == DATABASE:
        return _of_parts(manifest, databases(manifest), what)
    if what in manifest.parts:
        return _of_parts(manifest, (what,), what)
    if what.startswith(CLASS):
        return _of_places(manifest, [place for table in GRADEBOOK_TABLES if (place := table_path(manifest, table))], what)
    return _of_places(manifest, [table_path(manifest, what) or _path(manifest, what.strip("/"))], what)


def databases(manifest: Manifest) -> tuple[str, ...]:
    """Parts that are a copy or a dump of one of the school's databases."""
    return tuple(name for name, part in manifest.parts.items() if name != NOT_A_SCHOOL_DATABASE and _is_database(part))


def tables(manifest: Manifest) -> tuple[str, ...]:
    """Canonical tables that this night has, with at least one row, in their own order."""
    rows = manifest.parts["snapshot"].rows if "snapshot" in manifest.parts else {}
    return tuple(name for name in TABLES if rows.get(name) and table_path(manifest, name))


def table_path(manifest: Manifest, table: str) -> str:
    """The Parquet file of a table; empty when the night has none."""
    place = f"snapshots/{manifest.day.isoformat()}/{table}.parquet"
    return place if "snapshot" in manifest.parts and place in paths_of(manifest.parts["snapshot"].files) else ""


def class_of(what: str) -> str:
    """The class whose gradebook is wanted; empty for anything else."""
    return what.removeprefix(CLASS) if what.startswith(CLASS) else ""


def in_words(what: str) -> str:
    """What is wanted, as people say it."""
    if not what:
        return "trọn đêm"
    if what == DATABASE:
        return "mọi cơ sở dữ liệu"
    if name := class_of(what):
        return f"sổ điểm lớp {name}"
    return f"bảng {TABLES[what].label}" if what in TABLES else PART_NAMES.get(what, what)


def _is_database(part: PartEntry) -> bool:
    return part.streamed or (len(part.files) == 1 and part.path.endswith(DATABASE_ENDINGS))


def _of_parts(manifest: Manifest, names: Iterable[str], what: str) -> Choice:
    parts = {name: manifest.parts[name] for name in names}
    stored = {name: part for name, part in parts.items() if not part.streamed}
    files = Joined(tuple(part.files for part in stored.values()))
    choice = Choice(tuple(part.path for part in stored.values()), files, {name: part for name, part in parts.items() if part.streamed})
    if not choice.expected:
        raise _nothing(manifest, what)
    return choice


def _of_places(manifest: Manifest, places: list[str], what: str) -> Choice:
    files = tuple(file for file in manifest.files if any(file[0] == place or file[0].startswith(f"{place}/") for place in places))
    if not files:
        raise _nothing(manifest, what)
    return Choice(tuple(places), files, {})


def _path(manifest: Manifest, name: str) -> str:
    """A path of the night as it is, or the one file of that name."""
    if any(path == name or path.startswith(f"{name}/") for path in paths_of(manifest.files)):
        return name
    found = [path for path in paths_of(manifest.files) if PurePosixPath(path).name == name]
    if len(found) == 1:
        return found[0]
    raise _nothing(manifest, name, several=bool(found))


def _nothing(manifest: Manifest, name: str, *, several: bool = False) -> RestoreError:
    parts = ", ".join(manifest.parts)
    told = f"có nhiều tệp tên «{name}»" if several else f"không có «{in_words(name)}»"
    return RestoreError(
        f"Bản sao lưu ngày {vietnamese_date(manifest.day)} {told}",
        fix=f"chọn một phần ({parts}), một bảng (pupils…) hoặc đường dẫn của tệp",
    )
