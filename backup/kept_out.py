"""A repair brings back no file that a person had taken out of the repository for its mark (Điều 6), although the other one still has it.

A night without files has the tree of folders that `rewrite` gives it, wherever that is done. So the other
repository's night is rewritten the same way, in a repository of our own that is gone afterwards: the other one
may be one that takes no change from us, and nothing of those files ever comes into the damaged one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backup.errors import BackupError, RepositoryDamaged
from backup.patterns import excludes
from backup.repository import LONG_SECONDS, NO_KEYS, NO_TERMS
from backup.still_held import still_held
from backup.stored import REWRITTEN_TAG
from backup.upkeep import copy_exactly, forget, stored_in
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from backup.repository import Repository
    from backup.stored import StoredSnapshot


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A night that had files taken out. `twin`: the same night in the good repository, with them.

    `left`: paths of all that the night has; None when it is too damaged to say. `paths`: what the twin has beyond that.
    """

    night: StoredSnapshot
    twin: StoredSnapshot
    left: frozenset[str] | None
    paths: tuple[str, ...]

    def fits(self, source: Repository, found: StoredSnapshot) -> bool:
        """Whether a snapshot holds nothing that was taken out."""
        return found.tree == self.night.tree or (self.left is not None and self.left.issuperset(source.files_of(found.id)))


@dataclass(frozen=True, slots=True)
class Fetch:
    """What comes from the good repository: all that is ours but `barred` ids, and in place of some of these the nights of `kept_out`."""

    barred: frozenset[str]
    kept_out: tuple[KeptOut, ...]


def plan_fetch(repository: Repository, good: Repository, old: Sequence[StoredSnapshot]) -> Fetch:
    """How the `old` nights of a repository come from a good one.

    RepositoryDamaged, and nothing was touched, when it cannot be said which files of a night were taken out.
    """
    there, held = stored_in(good), {one.snapshot: one.paths for one in still_held(good)}
    rewritten = [night for night in old if REWRITTEN_TAG in night.tags]
    kept_out, barred = [], set()
    for night in rewritten:
        found = [_compared(repository, good, night, twin, held) for twin in there if twin.made == night.made]
        unfit = [one for one in found if not one.fits(good, one.twin)]
        barred |= {one.twin.id for one in unfit}
        kept_out += unfit[:1] if len(unfit) == len(found) else []
    if unsaid := [one for one in kept_out if not one.paths]:
        raise _cannot_say(repository, good, unsaid)
    # Of nights that this repository never had nobody knows whether they hold what was taken out of the others.
    strange = [one.id for one in there if one.made not in {night.made for night in old}]
    freed = any(REWRITTEN_TAG in one.tags for one in stored_in(repository))
    barred |= set(strange) if freed else {one for one in strange if one in held}
    return Fetch(frozenset(barred), tuple(kept_out))


def _compared(
    repository: Repository, good: Repository, night: StoredSnapshot, twin: StoredSnapshot, held: Mapping[str, tuple[str, ...]]
) -> KeptOut:
    if twin.tree == night.tree:
        return KeptOut(night, twin, None, ())
    try:
        left = frozenset(repository.files_of(night.id))
    except BackupError:  # its folders are what was lost: then only tonight's list of marked files can say
        return KeptOut(night, twin, None, tuple(path.removeprefix("/") for path in held.get(twin.id, ())))
    return KeptOut(night, twin, left, tuple(sorted(set(good.files_of(twin.id)) - left)))


@contextmanager
def rewritten_aside(good: Repository, nights: Sequence[KeptOut], like: Repository, folder: Path) -> Iterator[Repository]:
    """A repository below `folder`, with the password of `like`, that holds these nights as they are without the files.

    RepositoryDamaged when one of them still has more than it should.
    """
    aside = replace(good, url=str(folder / "kho"), password_file=like.password_file, state=folder / "nho", access=NO_KEYS, terms=NO_TERMS)
    aside.create()
    copy_exactly(good, aside, [one.twin.id for one in nights])
    copied = {found.made: found.id for found in stored_in(aside)}
    for one in nights:
        leaving_out = excludes(f"/{path}" for path in one.paths)
        # Without --forget: with it the new snapshot bears no tag that says what was done.
        aside.required(aside.run(["rewrite", *leaving_out, copied[one.twin.made]], LONG_SECONDS))
    forget(aside, list(copied.values()))
    made = {found.made: found for found in stored_in(aside)}
    if unfit := [one for one in nights if one.twin.made not in made or not one.fits(aside, made[one.twin.made])]:
        raise _cannot_say(like, good, unfit)
    yield aside


def _cannot_say(repository: Repository, good: Repository, nights: Sequence[KeptOut]) -> RepositoryDamaged:
    days = ", ".join(vietnamese_date(one.night.day) for one in nights)
    return RepositoryDamaged(
        f"Chưa sửa gì: kho «{good.name}» còn giữ tệp mang dấu mật đã bỏ khỏi kho này, mà đêm {days} ở đây hỏng nên không biết là tệp nào",
        where=repository.name,
        fix='bỏ tệp đó khỏi kho kia trước: truong backup marked --remove "TÊN TRƯỜNG", rồi chạy lại lệnh này (hoặc --from một kho khác)',
    )
