"""Files that bear the mark of a state secret are in no snapshot and no manifest (Điều 6); the night names their place and what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typst

from backup import rewriting
from backup.binary import find_restic
from backup.errors import BackupFailed
from backup.hashes import FileHashes, Place
from backup.manifest import paths_of
from backup.manifest_file import staged_manifest
from backup.marked import MARKS_FILE, LookBelow, SecrecyLook, left_out, told_of_marked
from backup.opening import open_repositories, open_repository
from backup.reading import WHOLE_BYTES
from backup.restore import restore
from backup.still_held import excludes_for, still_held
from backup.stored import REWRITTEN_TAG
from backup.verdict import Topic
from flows import backing_up
from flows.cli.main import main
from flows.home import Home
from flows.marked_nights import LOG
from flows.repositories import healths, look_at_repositories
from flows.status import school_status
from flows.telling import tell
from infra.clock import vietnamese_date
from infra.errors import ExitCode
from infra.secret_files import create_secret
from infra.settings import Settings, load_settings
from tests.integration.backup_school import DAY, new_school
from tests.integration.cheap_keys import cheapen

if TYPE_CHECKING:
    from backup.repository import Repository
    from backup.still_held import Held
    from flows.night_record import StepResult

CLEARED = "12-UBND-MẬT.txt"
LANDING = f"landing/{DAY}"
# Place below the school's home -> what must not be saved.
MARKED = (
    f"data/{LANDING}/vanban/phương án [1].docx",
    f"data/{LANDING}/vanban/TỐI MẬT kế hoạch.txt",
    "data/exports/cong-van/kem theo.pdf",
    "mail/cur/1790000000.M1P1.may:2,S",
    "mail/.2026/new/1790000001.M2P1.may",
    "tai-lieu/sâu/MẬT/anh.jpg",
    "tai-lieu/$HOME ghi chú *.txt",
)
LOCKED = "tai-lieu/khóa.docx"  # nobody can look into it: saved, and counted
PEACEFUL = (
    f"data/{LANDING}/vanban/mật khẩu.txt",
    f"data/{LANDING}/vanban/Quy chế BẢO MẬT.txt",
    "mail/cur/1790000002.M3P1.may:2,S",
    "tai-lieu/mật độ.docx",
    f"tai-lieu/{CLEARED}",
    "tai-lieu/phương án 1.docx",
)


def _docx(file: Path, header: str) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {"word/document.xml": "Kế hoạch năm học", "word/header1.xml": header}.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?><w:x xmlns:w="w"><w:p><w:t>{text}</w:t></w:p></w:x>')


def _pdf(file: Path, header: str) -> None:
    typst.compile(f"#set page(header: [{header}])\nKế hoạch".encode(), output=file)


def _message(file: Path, subject: str) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content("Kính gửi nhà trường")
    file.write_bytes(message.as_bytes())


def _write(root: Path) -> None:
    for place in (*MARKED, *PEACEFUL):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
    for folder in ("cur", "new", "tmp"):
        (root / "mail" / folder).mkdir(exist_ok=True)
    docx, named, pdf, read, new, in_folder, note = (root / place for place in MARKED)
    _docx(docx, "TUYỆT MẬT")
    named.write_text("Kế hoạch", encoding="utf-8")
    _pdf(pdf, "MẬT")
    _message(read, "TỐI MẬT")
    _message(new, "Số 12 – MẬT")
    in_folder.write_bytes(b"\xff\xd8\xff")
    note.write_text("Độ mật:\nMẬT\n", encoding="utf-8")
    password, rules, peaceful_mail, density, cleared, other = (root / place for place in PEACEFUL)
    password.write_text("MẬT KHẨU wifi: đổi mật khẩu\nBÍ MẬT\n", encoding="utf-8")
    rules.write_text("QUY CHẾ BẢO MẬT\n", encoding="utf-8")
    _message(peaceful_mail, "Đổi mật khẩu")
    _docx(density, "MẬT ĐỘ DÂN SỐ")
    cleared.write_text("MẬT\n", encoding="utf-8")
    _docx(other, "Kế hoạch")
    (root / LOCKED).write_bytes(b"PK\x03\x04 broken")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, StepResult, StepResult]:
    """A night with a copy that is saved straight from the sources, too."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    root = school.root
    _write(root)
    create_secret(root / "hai.pass")
    (root / "truong.toml").touch()
    backup = {
        "password_file": "restic.pass",
        "folders": {"tai-lieu": "tai-lieu"},
        "copies": [{"name": "o-hai", "repository": "data/backups/o-hai", "password_file": "hai.pass"}],
    }
    values = {"school": {"name": "Trường Mẫu"}, "day": DAY.isoformat(), "home": root, "backup": backup, "mail": {"maildir": "mail"}}
    home = Home(Settings.model_validate({**values, "secrecy": {"cleared": [CLEARED]}}), root / "truong.toml")
    school.begin()
    saved = backing_up.back_up(home, DAY)
    # Without the first repository the second one reads the sources itself.
    (school.data / "backups" / "restic").rename(root / "mat")
    copied = backing_up.copy(home, DAY)
    (root / "mat").rename(school.data / "backups" / "restic")
    return home, saved, copied


def _stored(repository: Repository, root: Path) -> set[str]:
    """What the newest snapshot holds, by place below the home."""
    found = repository.files_of(repository.snapshots()[-1].id)
    inside = {f"data/{path}" for path in found}
    return inside | {path.removeprefix(f"{root}/".lstrip("/")) for path in found}


@pytest.mark.parametrize("index", [0, 1])
def test_what_is_marked_is_in_no_snapshot_and_the_rest_is(night: tuple[Home, StepResult, StepResult], index: int) -> None:
    home, _, _ = night
    stored = _stored(open_repositories(home.settings)[index], home.root)
    assert not stored & set(MARKED)
    assert stored >= {*PEACEFUL, LOCKED}
    assert {f"data/{LANDING}/csdl/DanhSachHocSinh.xlsx", "data/exports/bieu-02/2026-09-30.xlsx"} <= stored


def test_the_manifest_does_not_promise_it_and_the_night_is_whole(night: tuple[Home, StepResult, StepResult]) -> None:
    home, _, copied = night
    promised = set(paths_of(staged_manifest(home.data).files))
    assert not [place for place in MARKED if place.removeprefix("data/") in promised or f"{home.root}/{place}".lstrip("/") in promised]
    assert {place.removeprefix("data/") for place in PEACEFUL if place.startswith("data/")} <= promised
    assert "đã lưu thẳng" in copied.detail
    verified = backing_up.verify(home, DAY)
    assert "2 kho đều đủ" in verified.detail


def test_the_night_names_the_place_and_what_the_law_asks(night: tuple[Home, StepResult, StepResult]) -> None:
    home, saved, copied = night
    assert len(saved.lines) == len(MARKED)
    for place in MARKED:
        (line,) = [line for line in saved.lines if f"“{home.root}/{place}”" in line]
        assert "Điều 6" in line
        assert "báo ngay hiệu trưởng" in line
    lines = tell(home, DAY, [saved, copied]).lines
    assert sum("không sao lưu “" in line for line in lines) == len(MARKED)
    assert any(line.startswith("Tài liệu mang dấu mật (7 tệp") for line in lines)
    summary = (home.data / "nights" / f"{DAY}.txt").read_text(encoding="utf-8")
    assert "phương án [1].docx" in summary


def test_the_status_names_it_too(night: tuple[Home, StepResult, StepResult], tmp_path: Path) -> None:
    root = tmp_path / "truong"
    shutil.copytree(night[0].root, root)
    shutil.rmtree(root / "data" / "findings")  # this school's findings are no real ones
    status = school_status(Home(night[0].settings.model_copy(update={"home": root}), root / "truong.toml"))
    assert len(status.facts["marked"]) == len(MARKED)
    (line,) = [line for line in status.lines if line.label == "Tài liệu mang dấu mật"]
    assert line.good is False
    assert "và 6 tệp nữa" in line.detail


def test_only_new_files_are_opened_again_and_a_new_mark_in_an_old_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = tmp_path / "tai-lieu", tmp_path / "hashes"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text("Kế hoạch\n", encoding="utf-8")
    (folder / "MẬT.txt").write_text("không ai mở\n", encoding="utf-8")
    opened: list[str] = []
    inside = LookBelow.inside
    monkeypatch.setattr(LookBelow, "inside", lambda below, path, content: opened.append(Path(path).name) or inside(below, path, content))
    named = {str(folder / "MẬT.txt"): "MẬT"}

    def look(*cleared: str) -> dict[str, str]:
        night, hashes = SecrecyLook(frozenset(cleared)), FileHashes(cache)
        found = dict(hashes.of([Place("tai-lieu", folder, str(tmp_path), night.below(folder))])["tai-lieu"])
        night.remember(tmp_path / MARKS_FILE)
        assert {str(tmp_path / path) for path in found}.isdisjoint(night.marked)
        assert len(found) + len(night.marked) == len(list(folder.iterdir()))
        return left_out(tmp_path)

    assert look() == named
    assert sorted(opened) == [f"{number}.txt" for number in range(5)]
    assert look() == named
    assert len(opened) == 5
    (folder / "3.txt").write_text("MẬT\n", encoding="utf-8")
    assert look() == {**named, str(folder / "3.txt"): "MẬT"}
    assert opened[5:] == ["3.txt"]
    assert look("3.txt", "MẬT.txt") == {}
    assert look() == {**named, str(folder / "3.txt"): "MẬT"}


def test_a_document_that_nobody_can_look_into_is_saved_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "tai-lieu"
    folder.mkdir()
    (folder / "khoa.docx").write_bytes(b"PK\x03\x04 broken")
    for _ in range(2):  # the second night remembers it, and counts it again
        night, hashes = SecrecyLook(), FileHashes(tmp_path / "hashes")
        assert len(hashes.of([Place("tai-lieu", folder, str(tmp_path), night.below(folder))])["tai-lieu"]) == 1
        assert (night.marked, night.unreadable) == ({}, 1)


def test_a_marked_file_with_a_name_from_before_unicode_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "backups").mkdir(parents=True)
    file = tmp_path / os.fsdecode(b"ke ho\xa1ch.txt")
    file.write_text("TỐI MẬT\n", encoding="utf-8")
    night = SecrecyLook()
    FileHashes(tmp_path / "hashes").of([Place("tai-lieu", tmp_path, "", night.below(tmp_path))])
    night.remember(tmp_path / MARKS_FILE)
    assert left_out(tmp_path) == {str(file): "TỐI MẬT"}
    assert [line.encode() for line in told_of_marked(left_out(tmp_path))]


def test_a_file_too_long_to_be_held_is_looked_into_all_the_same(tmp_path: Path) -> None:
    long = tmp_path / "tai-lieu.txt"
    long.write_text("Kế hoạch năm học\n" * 300_000 + "TỐI MẬT\n", encoding="utf-8")
    assert long.stat().st_size > WHOLE_BYTES
    night = SecrecyLook()
    found = FileHashes(tmp_path / "hashes").of([Place("tai-lieu", long, str(tmp_path), night.below(long))])
    assert list(found["tai-lieu"]) == []
    assert night.marked == {str(long): "TỐI MẬT"}


def test_the_first_repository_has_one_whole_snapshot(night: tuple[Home, StepResult, StepResult]) -> None:
    home, saved, _ = night
    (one,) = open_repository(home.settings).snapshots()
    assert not one.partial
    assert saved.counts["tệp không xem được bên trong (hỏng hoặc có mật khẩu)"] == 1
    assert saved.problem == ""


@pytest.fixture
def late(tmp_path: Path) -> Home:
    """Two nights of which the first was saved before anybody stamped what is in three places; a copy has both."""
    school = new_school(tmp_path / "truong")
    root = school.root
    create_secret(root / "hai.pass")
    (root / "truong.toml").write_text(
        f'day = "{DAY}"\n[school]\nname = "Trường Mẫu"\n[backup]\npassword_file = "restic.pass"\nfolders.tai-lieu = "tai-lieu"\n'
        '[[backup.copies]]\nname = "o-hai"\nrepository = "data/backups/o-hai"\npassword_file = "hai.pass"\n',
        encoding="utf-8",
    )
    home = Home(load_settings(root / "truong.toml"), root / "truong.toml")
    earlier = f"landing/{DAY.replace(day=30)}"
    shutil.copytree(school.data / LANDING, school.data / earlier)
    shutil.copytree(school.data / f"reports/{DAY}", school.data / f"reports/{DAY.replace(day=30)}")
    shutil.copytree(school.data / f"snapshots/{DAY}", school.data / f"snapshots/{DAY.replace(day=30)}")
    for place in (f"data/{earlier}/vanban/kế hoạch [1].txt", "tai-lieu/ke hoach 'a'.txt", f"data/{earlier}/vanban/khác.txt"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text("Kế hoạch năm học\n", encoding="utf-8")
    school.begin()
    open_repositories(home.settings)[1].create(school.repository)
    cheapen(school.data / "backups/o-hai", root / "hai.pass")
    backing_up.back_up(home, DAY.replace(day=30))
    backing_up.copy(home, DAY.replace(day=30))
    for name, text in {"kế hoạch [1].txt": "MẬT\nKế hoạc học\n", "khác.txt": "MẬT\n"}.items():
        delivered = school.data / LANDING / "vanban" / name
        delivered.parent.mkdir(exist_ok=True)
        delivered.write_text(text, encoding="utf-8")
    (root / "tai-lieu/ke hoach 'a'.txt").write_text("TỐI MẬT\nKế hoạch\n", encoding="utf-8")
    return home


def _night(home: Home) -> None:
    backing_up.back_up(home, DAY)
    backing_up.copy(home, DAY)


def test_nights_from_before_the_mark_are_told_with_the_steps_that_work(
    late: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    password = (late.root / "restic.pass").rename(late.root / "cat")  # where nothing is marked, no repository is asked
    assert main(["backup", "marked", "--config", str(late.file)]) == ExitCode.OK
    assert "Không bản sao lưu nào còn giữ tệp" in capsys.readouterr().out
    password.rename(late.root / "restic.pass")
    _night(late)
    held = (f"/{LANDING[:-2]}30/vanban/kế hoạch [1].txt", f"{late.root}/tai-lieu/ke hoach 'a'.txt")
    for repository in open_repositories(late.settings):
        (one,) = still_held(repository)
        # of a file that is delivered every day only what is as large as the marked one
        assert (one.day, set(one.paths)) == (DAY.replace(day=30), set(held))
    red = {health.name: [verdict.told for verdict in health.red if verdict.topic is Topic.MARKED] for health in healths(late)}
    told = f"1 bản sao lưu (đêm {vietnamese_date(DAY.replace(day=30))}) còn giữ 2 tệp nay mang dấu mật"
    assert red == {"tai-cho": [told], "o-hai": [told]}
    look_at_repositories(late)  # writes down which nights are there
    assert main(["backup", "marked", "--config", str(late.file)]) == ExitCode.BACKUP
    lines = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("PATH", str(find_restic().parent), prepend=":")
    for line in lines:
        if ": restic " in line:
            done = subprocess.run(["bash", "-c", line.partition(": ")[2]], capture_output=True, text=True, check=True)
            assert "rewrite --dry-run" not in line or all(f"excluding {path}" in done.stdout for path in held), done.stdout
    for repository in open_repositories(late.settings):
        assert still_held(repository) == []
        repository.check("100%")
        rewritten = repository.snapshots(DAY.replace(day=30))
        assert [REWRITTEN_TAG in night.tags for night in rewritten] == [True]
        restored = restore(repository, rewritten[0], tmp_path / repository.name)
        assert not any(path.removeprefix("/") in set(paths_of(restored.manifest.files)) for path in held)
        assert (tmp_path / repository.name / f"{LANDING[:-2]}30/vanban/khác.txt").exists()
    assert [verdict for health in healths(late) for verdict in health.red if verdict.topic in {Topic.MARKED, Topic.COUNT}] == []


def test_a_person_who_types_the_schools_name_has_them_taken_out(late: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _night(late)
    look_at_repositories(late)
    repositories = open_repositories(late.settings)
    old = {repository.name: (repository.files_of(one.snapshot), one) for repository in repositories for one in still_held(repository)}
    assert main(["backup", "marked", "--config", str(late.file), "--remove", "Trường Khác"]) == ExitCode.CONFIGURATION
    assert "Chưa bỏ gì: tên trường gõ không khớp" in capsys.readouterr().err
    assert [one.snapshot for repository in repositories for one in still_held(repository)] == [one.snapshot for _, one in old.values()]
    log = late.data / "backups" / LOG
    assert not log.exists()
    # as after a kill between the two: the first repository has the rewritten night already
    first = old[repositories[0].name][1]
    repositories[0].ask(["rewrite", *excludes_for([first]), first.snapshot])
    assert main(["backup", "marked", "--config", str(late.file), "--remove", " Trường  Mẫu "]) == ExitCode.OK
    assert capsys.readouterr().out.count("đã bỏ tệp đó khỏi 1 bản sao lưu") == 2
    for repository in repositories:
        files, held = old[repository.name]
        (night,) = repository.snapshots(DAY.replace(day=30))
        gone = {path.removeprefix("/") for path in held.paths}
        assert repository.files_of(night.id) == {path: size for path, size in files.items() if path not in gone}
        repository.check("100%")
    assert [json.loads(line)["repository"] for line in log.read_text(encoding="utf-8").splitlines()] == ["tai-cho", "o-hai"]
    # that a delivery holds nothing but marked files now is told; what was taken out by hand is missed by nobody
    shrunk = "bản mới nhất hụt hẳn so với bản trước: landing/vanban còn 0/1 tệp, 0/24 byte"
    assert [verdict.told for health in healths(late) for verdict in health.red] == [shrunk, shrunk]
    _the_next_night_brings_nothing_back(late, old[repositories[0].name][1])


def _the_next_night_brings_nothing_back(late: Home, held: Held) -> None:
    """Each repository has each night once, without the files; nothing that the next night tells is red."""
    backing_up.back_up(late, DAY)
    copied = backing_up.copy(late, DAY)
    assert (copied.problem, "đã chép sang" in copied.detail) == ("", True)
    assert "2 kho đều đủ" in backing_up.verify(late, DAY).detail
    assert backing_up.care(late, DAY).problem == ""
    assert look_at_repositories(late).problem == ""
    for repository in open_repositories(late.settings):
        nights = repository.snapshots()
        assert [(night.day, REWRITTEN_TAG in night.tags) for night in nights] == [(held.day, True), (DAY, False), (DAY, False)]
        assert not {path for night in nights for path in repository.files_of(night.id)} & {path.removeprefix("/") for path in held.paths}


def test_a_rewritten_night_that_lacks_more_lets_no_old_one_go(late: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    _night(late)
    repository = open_repository(late.settings)
    before = {night.id for night in repository.snapshots()}
    monkeypatch.setattr(rewriting, "excludes_for", lambda _: ["--exclude", "/reports"])
    with pytest.raises(BackupFailed, match="không khớp bản cũ nên giữ nguyên"):
        rewriting.take_out(repository, still_held(repository))
    assert before < {night.id for night in repository.snapshots()}
