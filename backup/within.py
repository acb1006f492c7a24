"""What the newest snapshot holds, measured by the manifest inside it and by the night before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.care import shrunk as lost_since_trusted
from backup.contents import PART_NAMES
from backup.errors import ProofFailed
from backup.lacking import database_named
from backup.retention import shrinkage
from backup.saving import require_streamed
from backup.still_held import manifest_left_in
from backup.verdict import Topic, Verdict, bad, fine
from backup.verify import broken_parts
from infra.backup_settings import Keep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from backup.repository import Repository
    from backup.stored import StoredSnapshot

SHRUNK_TOLD = 2  # places in a line


def lost_parts(repository: Repository, newest: StoredSnapshot, expected: frozenset[str], missing: list[str]) -> Iterator[Verdict]:
    """Whether each part of the manifest is there in its size, and each part that the settings ask is in the manifest.

    `missing`: the names of parts that are not are added to it.
    """
    manifest = manifest_left_in(repository, newest)
    lacking = manifest.lacking
    broken, absent = broken_parts(repository, newest.id, manifest), sorted(expected - {*manifest.parts, *lacking})
    missing += [*broken, *absent, *lacking]
    for name, refusal in lacking.items():
        yield bad(Topic.PARTIAL, f"bản mới nhất CHƯA TRỌN VẸN, không có {database_named(name)}: {refusal.why}", refusal.fix)
    if broken:
        yield bad(Topic.PARTS, f"bản mới nhất THIẾU tệp của {_named(broken)} so với bản kê trong nó", "truong nightly")
    if absent:
        yield bad(Topic.PARTS, f"bản mới nhất không có {_named(absent)}", "xem lỗi của đêm đó, sửa rồi chạy truong nightly")
    try:
        require_streamed(repository, manifest, newest.time)
    except ProofFailed as error:
        yield bad(Topic.PARTS, error.what, error.fix)
        return
    if not broken and not absent and not lacking:
        yield fine(Topic.PARTS, f"đủ {len(manifest.files)} tệp theo bản kê")


def shrunk(repository: Repository, nights: Sequence[StoredSnapshot], keep: Keep | None) -> Iterator[Verdict]:
    """Whether a part lost much: red until a person has looked; where nothing is ever deleted, until the next night."""
    good = [night for night in nights if not night.partial]
    if keep:
        places = lost_since_trusted(repository, nights, keep.max_shrink)
    elif len(good) > 1:
        newest, before = (manifest_left_in(repository, night) for night in (good[-1], good[-2]))
        places = shrinkage(newest, before, Keep().max_shrink)
    else:
        places = []
    if places:
        told = "; ".join(places[:SHRUNK_TOLD]) + (f" và {len(places) - SHRUNK_TOLD} chỗ nữa" if len(places) > SHRUNK_TOLD else "")
        fix = "xem hệ thống giao; nếu đúng vậy: truong backup plan" if keep else "xem hệ thống giao; bản trước vẫn còn đủ"
        yield bad(Topic.SIZE, f"bản mới nhất hụt hẳn so với bản trước: {told}", fix)


def _named(parts: Iterable[str]) -> str:
    return ", ".join(PART_NAMES.get(part, f"«{part}»") for part in parts)
