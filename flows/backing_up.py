"""Back up, copy, prove and look after the repositories, as plain functions over a home: what the night and `truong backup` share."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from backup.care import care_for, retention_of, strays_in, trust_size
from backup.contents import NOT_EVERY_NIGHT, NOTHING_STREAMED, PART_NAMES, Listed, Streamed, absent_parts, gather_night
from backup.copies import Means, copy_night, is_plugged_in, last_plugged, note_plugged
from backup.errors import PartMissing, ProofFailed, RepositoryDamaged
from backup.lacking import database_named
from backup.manifest_file import staged_manifest
from backup.marked import left_out, told_of_marked
from backup.opening import open_repositories, open_repository
from backup.repair import find_damage, repair
from backup.retention import accept
from backup.saving import require_streamed, saved_tonight, stage_and_save, staged_again, streamed_again, streamed_parts
from backup.server_dumps import SQLITE, ServerDump, kind_of
from backup.verify import prove
from flows.night_record import StepResult
from flows.progress import StepEvent, announce
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode, SchoolError
from infra.source_settings import DatabaseSource
from infra.vietnamese import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from backup.manifest import Manifest
    from backup.repository import Repository
    from backup.retention import RetentionPlan
    from backup.stored import CopyProgress, Progress, ReadProgress, StoredSnapshot
    from flows.home import Home
    from infra.backup_settings import DumpedDatabase, Keep

BACKUP_STEP, BACKUP_LABEL = "backup", "Sao lưu mã hóa"
COPY_STEP, COPY_LABEL = "copies", "Chép sang kho khác"
MAIN_SYSTEM = "qlnt"
SAVED = "bản sao lưu"  # the fact of a backup step that a snapshot was made
PREFECT_DATABASE = "prefect/prefect.db"
SQLITE_MAGIC = b"SQLite format 3\0"


def back_up(home: Home, day: date) -> StepResult:
    """Save everything of a day into the first repository. BackupError when files of it are not there; the night is staged all the same.

    A database that could not be dumped is the step's problem: whatever ails it, everything else of the night must be safe.
    """
    repository, listed = open_repository(home.settings), listed_contents(home)
    listed.require()
    streamed, trouble = _streamed(listed, repository, day, home.folder("staging"))
    also = replace(listed, streamed=streamed)
    gathered = gather_night(home.data, day, sqlite_file(home), without=absent_parts(home.data, day), also=also)
    refusal = "; ".join(one.line for one in gathered.lacking.values())
    with _told_beside(refusal):
        if trouble:
            gathered.stage()
            raise trouble
        staged, saved = stage_and_save(repository, gathered, announced(BACKUP_STEP, BACKUP_LABEL))
        saved.require_complete()
    told = f"{saved.files} tệp, {size(saved.bytes)}, thêm mới {size(saved.added_bytes)} (bản {saved.id[:8]})"
    without = ", ".join(PART_NAMES[name] for name in PART_NAMES if name in listed.parts - {*staged.manifest.parts, *NOT_EVERY_NIGHT})
    counts = {"tệp": saved.files, "byte": saved.bytes, "byte thêm mới": saved.added_bytes}
    detail = f"{told}; không có: {without}" if without else told
    if staged.look and staged.look.unreadable:
        counts["tệp không xem được bên trong (hỏng hoặc có mật khẩu)"] = staged.look.unreadable
    facts, problem = {SAVED: saved.id[:8]}, f"{refusal}; mọi phần khác đã lưu (bản {saved.id[:8]})" if refusal else ""
    return StepResult("", "", detail, counts, facts, lines=tuple(marked_lines(home)), problem=problem, exit_code=_code(problem))


@contextmanager
def _told_beside(refusal: str) -> Iterator[None]:
    """Neither trouble hides the other: what ails a database is told in front of what ails the repository or the files."""
    try:
        yield
    except SchoolError as error:
        if not refusal:
            raise
        raise type(error)(f"{refusal}; {error.what}", where=error.where, fix=error.fix) from error


def marked_lines(home: Home) -> list[str]:
    """What the newest staged backup left out because it bears the mark of a state secret: its place and what the law says to do."""
    return told_of_marked(left_out(home.data / "backups"))


def _streamed(listed: Listed, repository: Repository, day: date, scratch: Path) -> tuple[Streamed, SchoolError | None]:
    """The dumps that were streamed into the first repository, or why it cannot be used tonight: the copies still want the night staged."""
    try:
        repository.ensure()
        return streamed_parts(listed.servers, repository, day, scratch), None
    except SchoolError as error:
        return NOTHING_STREAMED, error


def listed_contents(home: Home) -> Listed:
    """What the settings name to be backed up, resolved."""
    settings, wanted = home.settings.backup, frozenset(home.settings.backup.contents)
    kinds = {name: kind_of(database.url) for name, database in settings.databases.items()}
    prefect, maildir = home.root / PREFECT_DATABASE, home.settings.mail.maildir if home.settings.mail else None
    sqlite = {name: _sqlite_path(home, database.url) for name, database in settings.databases.items() if kinds[name] == SQLITE}
    if "prefect" in wanted and prefect.is_file():
        sqlite["prefect"] = prefect
    folders = {name: home.settings.path(folder) for name, folder in settings.folders.items()}
    if "mail" in wanted and maildir:
        folders["mail"] = home.settings.path(maildir)
    servers = tuple(_server(home, name, database) for name, database in settings.databases.items() if kinds[name] != SQLITE)
    copied, cleared = {"settings": home.file} if "settings" in wanted else {}, frozenset(home.settings.secrecy.cleared)
    return Listed(folders, copied, sqlite, servers, wanted | {MAIN_SYSTEM}, cleared=cleared)


def _server(home: Home, name: str, database: DumpedDatabase) -> ServerDump:
    return ServerDump(name, database.url, home.settings.path(database.password_file) if database.password_file else None, database.stream)


def _sqlite_path(home: Home, url: str) -> Path:
    return home.settings.path(make_url(url).database or "")


def sqlite_file(home: Home) -> Path | None:
    """The QLNT database when it is a SQLite file; a server's database is backed up when [backup.databases] names it."""
    source = home.settings.sources.get(MAIN_SYSTEM)
    if not isinstance(source, DatabaseSource) or not source.enabled or MAIN_SYSTEM in home.settings.backup.databases:
        return None
    url = make_url(source.url)
    file = home.settings.path(url.database or "") if url.get_backend_name() == "sqlite" else None
    return file if file and file.is_file() and _is_sqlite(file) else None


def _is_sqlite(file: Path) -> bool:
    """Whether it is a database at all: a file that only bears the name has failed as a source, not as a backup."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return True  # perhaps: the copy will tell why it cannot be read


def copy(home: Home, day: date) -> StepResult:
    """Bring tonight's backup into every further repository. The step has a problem when one of them is not good."""
    first, *further = open_repositories(home.settings)
    staged = staged_again(home.data)
    if staged is None or staged.manifest.day != day:
        raise PartMissing(f"Đêm {vietnamese_date(day)} chưa có gì để chép sang kho khác", fix="xem lỗi của bước sao lưu")
    servers = listed_contents(home).servers
    means = Means(lambda repository: streamed_again(servers, repository, day, home.folder("staging")), _copying)
    results = copy_night(first, further, staged, saved_tonight(first, staged.manifest), means)
    problem = "; ".join(result.problem for result in results if result.problem)
    facts = {result.name: result.snapshot[:8] or "không có" for result in results}
    return StepResult("", "", "; ".join(result.told for result in results), facts=facts, problem=problem, exit_code=_code(problem))


def verify(home: Home, day: date) -> StepResult:
    """Prove from every repository that the day's snapshot is there, whole and sound; all are asked before one that fails is told."""
    manifest = staged_manifest(home.data)
    if manifest.day != day:
        raise ProofFailed(f"Bản kê đang chờ là của ngày {vietnamese_date(manifest.day)}", fix="chạy lại `truong nightly`")
    proofs, problems = [], []
    for repository in present(home):
        try:
            proof = prove(repository, manifest)
            proofs.append(proof)
            require_streamed(repository, proof.manifest, proof.time)
        except SchoolError as error:
            problems.append(error)
    if problems:
        raise type(problems[0])("; ".join(error.what for error in problems), where=problems[0].where, fix=problems[0].fix)
    if not proofs:
        raise ProofFailed("Không kho nào có mặt để kiểm chứng", fix="cắm đĩa sao lưu rồi chạy lại")
    proof = proofs[0]
    others = f"; {len(proofs)} kho đều đủ" if len(proofs) > 1 else ""
    told = f"bản {proof.snapshot[:8]} có trong kho, đủ {proof.files} tệp và bản kê ({size(proof.bytes)}), kho lành{others}"
    told += _lacking_told([proof.manifest for proof in proofs])
    return StepResult("", "", told, {"tệp": proof.files, "byte": proof.bytes}, {SAVED: proof.snapshot[:8]})


def _lacking_told(manifests: Iterable[Manifest]) -> str:
    """What a proof says nothing of."""
    names = dict.fromkeys(database_named(name) for manifest in manifests for name in manifest.lacking)
    return f"; KHÔNG có {', '.join(names)}" if names else ""


def care(home: Home, day: date) -> StepResult:
    """Read the data that is due, forget by the agreed policy, prune. The step has a problem when a repository has one."""
    results = [care_for(repository, home.settings.backup.keep, day) for repository in present(home)]
    told = list(dict.fromkeys(line for result in results for line in result.told))
    problems = [line for result in results for line in result.problems]
    only_shrunk = bool(problems) and len(problems) == sum(result.shrunk for result in results)
    code = int(ExitCode.SOURCE) if only_shrunk else _code("; ".join(problems))
    return StepResult("", "", "; ".join(told) or "chưa có gì đến hạn", problem="; ".join(problems), exit_code=code)


def present(home: Home) -> list[Repository]:
    """The repositories that should answer now: a removable disk may be away."""
    return [one for one in open_repositories(home.settings) if not one.terms.removable or is_plugged_in(one)]


def _code(problem: str) -> int:
    return int(ExitCode.BACKUP) if problem else 0


def retention_plans(home: Home, policy: Keep) -> list[tuple[Repository, RetentionPlan]]:
    """What would be forgotten in each repository that is there and lets us."""
    return [(repository, retention_of(repository, policy)) for repository in present(home) if not repository.terms.append_only]


def unneeded_dumps(home: Home, policy: Keep) -> list[tuple[Repository, Sequence[StoredSnapshot]]]:
    """Streamed dumps that no night needs any more, in each repository that is there and takes no deletion from us."""
    only_adding = [repository for repository in present(home) if repository.terms.append_only]
    return [(repository, strays) for repository in only_adding if (strays := strays_in(repository, policy))]


def about_dumps(home: Home, plans: Iterable[tuple[Repository, RetentionPlan]]) -> bool:
    """Whether these plans let streamed dumps go, or will: a disk that is away now may hold some."""
    streams = any(database.stream for database in home.settings.backup.databases.values())
    return streams or any(plan.dumps.held for _, plan in plans)


def accept_policy(home: Home, policy: Keep, *, dumps: bool) -> None:
    """Note that the person at the keyboard has seen the plan and agrees to the policy. `dumps`: see `about_dumps`."""
    accept(home.data / "backups", policy, getpass.getuser(), dumps=dumps)
    for repository in present(home):
        trust_size(repository)


def named(home: Home, name: str) -> Repository:
    """A repository by its name in the settings. ConfigurationError when there is none."""
    found = {repository.name: repository for repository in open_repositories(home.settings)}
    if name not in found:
        raise ConfigurationError(f"Không có kho tên «{name}»", where="backup", fix=f"chọn trong: {', '.join(found)}")
    return found[name]


def prepare(home: Home, name: str) -> bool:
    """Make the repository on a disk that a person has just plugged in; False when it was there already."""
    repository, first = named(home, name), open_repository(home.settings)
    new = repository.identity() is None
    if new:
        if last_plugged(repository.state, name):
            raise ConfigurationError(f"Đĩa «{name}» đã có kho, nay không thấy", where=repository.url, fix="cắm đúng đĩa rồi chạy lại")
        repository.create(first if first.name != name and first.identity() else None)
    repository.ensure()
    note_plugged(repository)
    return new


def heal(home: Home, name: str, source: str) -> str:
    """Find what is damaged in a repository and bring it back from another one; returns what was done, in Vietnamese."""
    repository = named(home, name)
    found = find_damage(repository)
    if not found:
        return f"Kho «{name}» lành, đã đọc lại toàn bộ: không có gì để sửa."
    others = [one for one in present(home) if one.name != name and (not source or one.name == source)]
    if not others:
        told = f"Kho «{name}» hỏng {len(found.complaints)} chỗ ({found.complaints[0]}) mà không có kho thứ hai"
        raise RepositoryDamaged(told, fix="đừng xóa gì; cắm đĩa sao lưu thứ hai rồi chạy lại lệnh này")
    healed = repair(repository, others[0], found)
    packs = f"{healed.packs} gói hỏng hoặc mất"
    told = f"Kho «{name}»: {packs}, đã lấy lại từ «{others[0].name}» cho {healed.snapshots} bản sao lưu"
    if healed.kept_out:
        told += f" (không lấy tệp mang dấu mật đã bỏ khỏi {healed.kept_out} bản mà kho kia còn giữ)"
    return f"{told}; đọc lại toàn bộ: lành."


def _copying(name: str, progress: Progress | CopyProgress) -> None:
    announce(StepEvent(COPY_STEP, COPY_LABEL, "chạy", f"«{name}» {progress.told}", fraction=progress.fraction))


def announced(step: str, label: str) -> Callable[[Progress | ReadProgress], None]:
    """The progress of reading, and restic's own, as the step's."""

    def tell(progress: Progress | ReadProgress) -> None:
        announce(StepEvent(step, label, "chạy", progress.told, fraction=progress.fraction))

    return tell


def check_all(home: Home, names: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Read every byte of the repositories: name -> Vietnamese problem, empty when sound."""
    chosen = [named(home, name) for name in names] or present(home)
    return [(one.name, "; ".join(find_damage(one).complaints[:3])) for one in chosen]
