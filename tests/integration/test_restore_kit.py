"""The recovery kit restores on a bare machine with nothing but the paper and restic; keys come and go without storing anew."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from backup.access import Access, Terms
from backup.binary import find_restic
from backup.errors import BackupError, BackupFailed, RepositoryMissing, WrongPassword
from backup.keys import opens, stored_keys
from backup.recovery_kit import Kit, Sheet, kit_page, known_kit, make_kit, note_tried, require_opens
from backup.repository import Repository
from backup.rotation import rotate_key
from infra.secret_files import create_secret, read_secret
from tests.integration.backup_school import DAY, School, new_school, script, with_binary
from tests.integration.cheap_keys import cheapen
from tests.integration.pdf_reading import codes_of, pages_of, text_of
from tests.integration.restic_versions import restic_of

ROOT = Path(__file__).resolve().parents[2]
SHEET = Sheet("Trường Tiểu học Trung Trắc", date(2027, 5, 31), "chưa lần nào", ("so",))
KEY = re.compile(r"^(?:[2-9A-HJKMNP-TV-Z]{4}-){7}[2-9A-HJKMNP-TV-Z]{4}$", re.MULTILINE)


@dataclass(frozen=True)
class Kitted:
    """A school with two repositories and a paper that opens both. `heard`: every command line and environment of making it."""

    school: School
    second: Repository
    paper: Path
    kit: Kit
    heard: str


@pytest.fixture(scope="module")
def kitted(tmp_path_factory: pytest.TempPathFactory) -> Kitted:
    """Read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("trường'mẫu"))
    school.begin()
    assert school.repository.save(school.stage().contents).complete
    second, paper = _second(school), school.root / "bo-khoi-phuc.pdf"
    spy = script(school.root / "restic-nghe", f'{{ echo "$@"; env; }} >> "{school.root}/nghe.txt"\nexec "{find_restic()}" "$@"')
    kit = make_kit([with_binary(school.repository, spy), with_binary(second, spy)], paper, SHEET)
    return Kitted(school, second, paper, kit, (school.root / "nghe.txt").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A repository with one key and no night in it: what its keys do needs no data."""
    school = new_school(tmp_path_factory.mktemp("khoa"))
    school.begin()
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "truong")


def _second(school: School) -> Repository:
    """A copy on another disk, with a password of its own."""
    password = school.root / "restic-2.pass"
    create_secret(password)
    second = Repository("dia-roi", str(school.root / "đĩa rời" / "restic"), password, school.data / "backups")
    second.ensure()
    cheapen(school.root / "đĩa rời" / "restic", password)
    second.save(school.stage().contents)
    return second


def _typed_from_paper(paper: Path, folder: Path, restic: Path, repository: int = 0) -> str:
    """Follow the sheet on a bare machine: only its text is known. Returns what the commands said."""
    text = text_of(paper)
    (key,) = KEY.findall(text)
    lines = [line.strip() for line in text.splitlines()]
    places = [line for line in lines if line.startswith("export RESTIC_REPOSITORY=")]
    commands = [line for line in lines if re.match(r"(chmod|export RESTIC_PASSWORD_FILE|restic (snapshots|restore))\b", line)]
    assert [command.split()[0] for command in commands] == ["chmod", "export", "restic", "restic", "restic"]
    assert "dump=so" in commands.pop()  # a database of a server: this school has none (tests/integration/test_restore_opened.py)
    folder.mkdir()
    (folder / "khoa.txt").write_text(f"{key}\n", encoding="utf-8")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "restic").symlink_to(restic)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    script_text = "set -e\n" + "\n".join([places[repository], *commands])
    done = subprocess.run(["sh", "-c", script_text], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Debian 12's restic, the project's own, the newest; the last from the second repository.
@pytest.mark.parametrize(("suite", "repository"), [("bookworm", 0), ("project", 0), ("sid", 1)])
def test_the_paper_alone_brings_everything_back(suite: str, repository: int, kitted: Kitted, tmp_path: Path) -> None:
    restic = find_restic() if suite == "project" else restic_of(suite)
    told = _typed_from_paper(kitted.paper, tmp_path / "máy mới", restic, repository)
    assert f"day={DAY}" in told
    assert kitted.school.hashes(tmp_path / "máy mới" / "khoi-phuc") == kitted.school.hashes()


def test_the_sheet_has_the_key_as_text_and_as_code_and_is_closed_to_others(kitted: Kitted) -> None:
    text = text_of(kitted.paper)
    assert KEY.findall(text) == codes_of(kitted.paper)
    assert pages_of(kitted.paper) <= 2
    assert stat.S_IMODE(kitted.paper.stat().st_mode) == 0o600
    for told in ("dia-roi", "Trường Tiểu học Trung Trắc", "31/05/2027", "xóa tệp PDF", "sudo apt install restic"):
        assert told in " ".join(text.split())


def test_the_key_is_named_and_written_nowhere_but_on_the_paper(kitted: Kitted) -> None:
    (key,) = KEY.findall(text_of(kitted.paper))
    for repository in (kitted.school.repository, kitted.second):
        named = {(stored.user, stored.host): stored.id for stored in stored_keys(repository)}
        assert named["hieu-truong", "tu-sat"] == kitted.kit.keys[repository.name]
    assert "key add --new-password-file" in kitted.heard
    parts = [part.encode() for part in (key, key.replace("-", ""))]
    holders = [file for file in kitted.school.root.rglob("*") if file.is_file() and any(part in file.read_bytes() for part in parts)]
    assert holders == []  # not even in the PDF's own bytes: they are packed
    assert kitted.kit.missing([kitted.school.repository, replace(kitted.second, name="moi")]) == ["moi"]


def test_the_account_of_a_store_is_on_the_paper_and_its_address_in_the_table_without(tmp_path: Path) -> None:
    account = tmp_path / "tai-khoan"
    account.write_text("truong\nmật'khẩu/1\n", encoding="utf-8")
    account.chmod(0o600)
    rest = Repository("rest", "rest:https://may/kho", account, tmp_path, access=Access(account))
    page = kit_page([rest, replace(rest, name="s3", url="s3:https://may/kho", access=Access(account, region="vn"))], "KEY", SHEET)
    at_rest, at_s3 = page["places"]
    assert at_rest["url"] == "rest:https://may/kho"
    assert at_rest["commands"] == ["export RESTIC_REPOSITORY='rest:https://truong:m%E1%BA%ADt%27kh%E1%BA%A9u%2F1@may/kho'"]
    told = subprocess.run(["sh", "-c", "; ".join(at_s3["commands"]) + "; env"], capture_output=True, text=True, check=True).stdout
    for line in (
        "AWS_ACCESS_KEY_ID=truong",
        "AWS_SECRET_ACCESS_KEY=mật'khẩu/1",
        "AWS_DEFAULT_REGION=vn",
        "RESTIC_REPOSITORY=s3:https://may/kho",
    ):
        assert line in told.splitlines()


def test_a_new_kit_makes_the_old_paper_worthless(own: School) -> None:
    first, second = own.root / "1.pdf", own.root / "2.pdf"
    make_kit([own.repository], first, SHEET)
    make_kit([own.repository], second, SHEET)
    (old,), (new,) = KEY.findall(text_of(first)), KEY.findall(text_of(second))
    require_opens([own.repository], new)
    with pytest.raises(WrongPassword, match="không mở được kho «tai-cho»"):
        require_opens([own.repository], old)
    assert len(stored_keys(own.repository)) == 2
    assert opens(own.repository)


def test_a_repository_that_is_away_leaves_neither_paper_nor_key(own: School) -> None:
    away = replace(own.repository, name="dia-roi", url=str(own.root / "khong-cam"))
    with pytest.raises(RepositoryMissing):
        make_kit([own.repository, away], own.root / "bo.pdf", SHEET)
    assert not (own.root / "bo.pdf").exists()
    assert len(stored_keys(own.repository)) == 1
    assert known_kit(own.data / "backups") is None


def test_a_paper_that_cannot_be_written_leaves_no_key(own: School) -> None:
    (own.root / "tep").touch()
    with pytest.raises(OSError, match=r"tep"):
        make_kit([own.repository], own.root / "tep" / "bo.pdf", SHEET)
    assert len(stored_keys(own.repository)) == 1


def test_only_days_are_kept_of_a_try(own: School) -> None:
    kit = make_kit([own.repository], own.root / "bo.pdf", SHEET)
    assert kit.last_tried == date(2027, 5, 31)
    note_tried(own.data / "backups", kit, date(2028, 5, 30))
    again = known_kit(own.data / "backups")
    assert again is not None
    assert (again.last_tried, again.keys) == (date(2028, 5, 30), kit.keys)


def _packs(root: Path) -> set[str]:
    return {file.name for file in root.rglob("data/??/*")}


def test_a_new_password_stores_nothing_anew_and_the_old_one_opens_nothing(own: School) -> None:
    second = replace(own.repository, name="dia-roi", url=str(own.root / "dia-roi"))
    second.ensure()
    cheapen(own.root / "dia-roi", own.root / "restic.pass")
    second.save(own.stage().contents)
    kit = make_kit([own.repository, second], own.root / "bo.pdf", SHEET)
    old, packs = own.root / "de-thu.pass", _packs(own.root)
    shutil.copy(own.root / "restic.pass", old)
    done = rotate_key([own.repository, second])
    assert (done.repositories, done.still_open, done.finished_only) == (("tai-cho", "dia-roi"), (), False)
    for repository in (own.repository, second):
        assert not opens(replace(repository, password_file=old))
        assert {key.id: key.current for key in stored_keys(repository)}[kit.keys[repository.name]] is False
    assert _packs(own.root) == packs
    assert packs
    assert [file.name for file in own.root.glob("restic.pass*")] == ["restic.pass"]


def test_an_append_only_store_keeps_the_old_key_and_that_is_told(own: School) -> None:
    repository = replace(own.repository, terms=Terms(append_only=True))
    done = rotate_key([repository])
    assert done.still_open == ("tai-cho",)
    assert opens(repository)
    assert len(stored_keys(repository)) == 2


def test_a_rotation_needs_every_repository_before_it_changes_any(own: School) -> None:
    away = replace(own.repository, name="dia-roi", url=str(own.root / "khong-cam"))
    before = read_secret(own.root / "restic.pass")
    with pytest.raises(RepositoryMissing):
        rotate_key([own.repository, away])
    assert read_secret(own.root / "restic.pass") == before
    assert len(stored_keys(own.repository)) == 1


# Which of the restic calls of a rotation is the last that still runs: after it the machine dies.
@pytest.mark.parametrize("calls", range(1, 5))
def test_a_kill_at_any_point_leaves_a_working_password_and_a_second_run_ends_it(calls: int, own: School) -> None:
    counter = own.root / "dem"
    counter.write_text("", encoding="utf-8")
    limit = f'printf x >> "{counter}"; [ "$(wc -c < "{counter}")" -le {calls} ] || {{ kill -9 $PPID; exit 1; }}'
    dying = script(own.root / "restic-chet", f'{limit}\nexec "{find_restic()}" "$@"')
    work = f"""
from dataclasses import replace
from pathlib import Path
from backup.rotation import rotate_key
from tests.integration.backup_school import School
repository = School(Path({str(own.root)!r})).repository
rotate_key([replace(repository, binary=Path({str(dying)!r}))])
"""
    killed = subprocess.run([sys.executable, "-c", work], cwd=ROOT, capture_output=True, check=False)
    assert opens(own.repository), (calls, killed.stderr[-500:])
    rotate_key([own.repository])
    assert [key.current for key in stored_keys(own.repository)] == [True]
    assert [file.name for file in own.root.glob("restic.pass*")] == ["restic.pass"]


def test_a_password_file_that_does_not_open_is_not_rotated(own: School) -> None:
    (own.root / "restic.pass").unlink()
    create_secret(own.root / "restic.pass")
    with pytest.raises(BackupError, match="không đổi khóa"):
        rotate_key([own.repository])
    assert not (own.root / "restic.pass.moi").exists()


def test_a_kit_of_a_broken_restic_is_no_kit(own: School) -> None:
    broken = script(own.root / "restic-hong", "exit 1")
    with pytest.raises(BackupFailed):
        make_kit([with_binary(own.repository, broken)], own.root / "bo.pdf", SHEET)
    assert not (own.root / "bo.pdf").exists()
