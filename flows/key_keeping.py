"""Who can open the school's backups: the paper in the principal's safe, and the password of the machine."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from backup.errors import BackupError
from backup.keys import stored_keys
from backup.opening import open_repositories
from backup.recovery_kit import Sheet, known_kit, make_kit, note_tried, require_opens
from backup.rotation import left_by_rotation, rotate_key
from flows.drilling import last_proven
from flows.home import one_night_at_a_time
from infra.clock import today, vietnamese_date
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.recovery_kit import Kit
    from backup.repository import Repository
    from backup.rotation import Rotated
    from flows.home import Home

PAPER = "bo-khoi-phuc.pdf"
TRY_DAYS = 365  # once a year somebody restores with the paper in hand
MAKE, RENEW = "truong recovery-kit", "truong recovery-kit --renew"


def make_recovery_kit(home: Home, file: Path, *, renew: bool) -> Kit:
    """Write the paper. ConfigurationError when there is one already and it is not to be renewed."""
    kit = known_kit(state_of(home))
    if kit and not renew:
        raise ConfigurationError(
            f"Đã có bộ khôi phục lập ngày {vietnamese_date(kit.made)}; bộ mới làm tờ đang cất hết tác dụng",
            fix=f"nếu tờ đó mất, hoặc có kho mới: {RENEW}",
        )
    proven = last_proven(home)
    with one_night_at_a_time(home):
        told = vietnamese_date(proven) if proven else "chưa lần nào (truong drill)"
        dumps = tuple(name for name, database in home.settings.backup.databases.items() if database.stream)
        sheet = Sheet(home.settings.school.name, today(), told, dumps)
        return make_kit(open_repositories(home.settings), file, sheet)


def kit_tried(home: Home, password: str) -> Kit:
    """Write down that the paper was tried today; `password` read off it (empty: it was tried on another machine) must open everything.

    ConfigurationError when no paper was ever made, WrongPassword when it does not open a repository.
    """
    kit = known_kit(state_of(home))
    if kit is None:
        raise ConfigurationError("Chưa có bộ khôi phục nào để thử", fix=MAKE)
    if password:
        require_opens(open_repositories(home.settings), password)
    return note_tried(state_of(home), kit, today())


def rotate_keys(home: Home) -> list[Rotated]:
    """A new password for every repository; those that share a password file share the new one, too."""
    sharing: dict[Path, list[Repository]] = defaultdict(list)
    for repository in open_repositories(home.settings):
        sharing[repository.password_file].append(repository)
    with one_night_at_a_time(home):
        return [rotate_key(together) for together in sharing.values()]


def unfinished_rotation(home: Home) -> str:
    """The password file that a rotation which was killed left beside the present one; empty when there is none."""
    passwords = {repository.password_file for repository in open_repositories(home.settings)}
    left = sorted(file.name for password in passwords for file in left_by_rotation(password))
    return ", ".join(left)


def kit_problems(home: Home) -> Iterator[tuple[bool | None, str, str]]:
    """What is to be done about the paper: (False: it does not work, None: a reminder), in words, the command. Nothing when all is well."""
    kit, repositories = known_kit(state_of(home)), open_repositories(home.settings)
    if kit is None:
        yield None, "chưa lập: mất máy này là mất mật khẩu, mất mọi bản sao lưu", MAKE
        return
    if missing := kit.missing(repositories):
        yield False, f"tờ trong tủ sắt không mở được kho {', '.join(missing)} (kho thêm sau ngày lập)", RENEW
    if lost := [repository.name for repository in repositories if _lacks(repository, kit)]:
        yield False, f"kho {', '.join(lost)} không còn nhận khóa trong tủ sắt", RENEW
    if (today() - kit.last_tried).days > TRY_DAYS:
        yield (
            None,
            f"lần thử gần nhất {vietnamese_date(kit.last_tried)}: đã quá một năm",
            "làm năm bước trên giấy, rồi: truong recovery-kit --tried",
        )
    if (paper := home.root / PAPER).exists():
        yield None, "tệp PDF vẫn còn trên máy", f"in, cất tủ sắt, rồi xóa: rm '{paper}'"


def kit_detail(home: Home) -> str:
    """The state of a kit that is well, in words."""
    kit = known_kit(state_of(home))
    if kit is None:
        return ""
    tried = f"thử lần cuối {vietnamese_date(kit.tried[-1])}" if kit.tried else "chưa thử lần nào"
    return f"lập ngày {vietnamese_date(kit.made)}, mở được {len(kit.keys)} kho, {tried}"


def state_of(home: Home) -> Path:
    """The folder of what we know of the repositories."""
    return home.data / "backups"


def _lacks(repository: Repository, kit: Kit) -> bool:
    """Whether a repository on a disk of this machine no longer has the paper's key; one that is away is the status's business."""
    key = kit.keys.get(repository.name)
    if key is None or repository.path is None:
        return False
    try:
        return key not in [stored.id for stored in stored_keys(repository)]
    except (BackupError, ConfigurationError):
        return False
