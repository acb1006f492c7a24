"""Takes files that bear the mark of a state secret out of earlier backups, when a person types the school's name (Điều 6).

Written down in `data/backups/bo-tep-mat.jsonl`, only ever appended to: who, when, which snapshots; no file's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.rewriting import take_out
from backup.still_held import still_held
from flows.backing_up import present
from flows.home import one_night_at_a_time
from flows.signed_log import append, signature
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from backup.repository import Repository
    from backup.still_held import Held
    from flows.home import Home

LOG = "bo-tep-mat.jsonl"


def held_everywhere(home: Home) -> list[tuple[Repository, list[Held]]]:
    """The repositories that are there and hold such files, with the snapshots that do."""
    return [(repository, held) for repository in present(home) if (held := still_held(repository))]


def keeps_all(repository: Repository) -> bool:
    """Whether this machine cannot delete there: only whoever keeps the store can."""
    return repository.terms.append_only or bool(repository.terms.object_lock_days)


def take_out_everywhere(home: Home, school: str) -> list[str]:
    """Take them out of every repository that lets us; what was done, in Vietnamese. ConfigurationError for another school's name."""
    name = home.settings.school.name
    if " ".join(school.split()) != name:
        raise ConfigurationError("Chưa bỏ gì: tên trường gõ không khớp", where=name, fix=f'gõ lại: --remove "{name}"')
    told = []
    with one_night_at_a_time(home):
        for repository, held in held_everywhere(home):
            if keeps_all(repository):
                told.append(f"Kho «{repository.name}» không cho xóa từ máy này: {len(held)} bản vẫn còn giữ tệp đó.")
                continue
            # Before the deed: if the machine dies in between, the log says too much and not too little.
            append(home.data / "backups" / LOG, {**signature(), "repository": repository.name, "snapshots": [one.snapshot for one in held]})
            told.append(f"Kho «{repository.name}»: đã bỏ tệp đó khỏi {take_out(repository, held)} bản sao lưu và xóa hẳn dữ liệu.")
    return told
