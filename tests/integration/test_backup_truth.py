"""What is wrong in a repository is red in the status, the summary and the alert, although every step of the night was green."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from backup import room
from backup.care import care_for
from backup.checks import CHECKS_FILE, checks_of
from backup.contents import Contents, stage_night
from backup.drill import DRILLS_FILE, drill
from backup.errors import RepositoryDamaged
from backup.health import Expected, ask_all, health_of
from backup.known import KNOWN_FILE, read_json, write_json
from backup.opening import open_repositories
from backup.retention import accept
from backup.saving import save_night
from backup.seen import SEEN_FILE, TOLD_DAYS
from backup.upkeep import copy_snapshots
from backup.verdict import Topic
from flows import backing_up, doctor
from flows.home import Home
from flows.night_record import NightRecord, StepResult, save_record
from flows.repositories import expected_parts, facts_of, healths, look_at_repositories
from flows.safekeeping import proof_before
from flows.status import school_status
from flows.telling import tell
from infra.backup_settings import Keep
from infra.clock import SCHOOL_ZONE, now
from infra.errors import ExitCode
from infra.secret_files import create_secret
from infra.settings import Settings
from tests.integration.backup_places import sftp_copy
from tests.integration.backup_school import DAY, School, new_school, without_super_rights
from tests.integration.cheap_keys import cheapen
from tests.integration.sshd_server import running_sshd
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backup.health import RepositoryHealth

FIRST, SECOND = "tai-cho", "o-hai"


@dataclass(frozen=True)
class Night:
    """A home after a night whose every backup step was green."""

    home: Home
    steps: tuple[StepResult, ...]

    def state(self, name: str) -> Path:
        return self.home.data / "backups" / name

    def edit(self, file: str, change: Any) -> None:  # noqa: ANN401 - of a record that is JSON
        values = json.loads(self.state(file).read_text(encoding="utf-8"))
        change(values)
        write_json(self.state(file), values)


def _home(root: Path, **more: object) -> Home:
    copy = {"name": SECOND, "repository": "data/backups/o-hai", "password_file": "hai.pass"}
    backup: dict[str, object] = {"password_file": "restic.pass", "copies": [copy]}
    backup |= more.pop("backup", {})  # type: ignore[call-overload]
    values = {"school": {"name": "Trường Mẫu"}, "day": DAY.isoformat(), "home": root, "backup": backup, **more}
    return Home(Settings.model_validate(values), root / "truong.toml")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Night:
    school = new_school(tmp_path_factory.mktemp("truong"))
    create_secret(school.root / "hai.pass")
    (school.root / "truong.toml").touch()
    home = _home(school.root)
    school.begin()
    first, second = open_repositories(home.settings)
    second.ensure(first)
    cheapen(home.data / "backups" / "o-hai", school.root / "hai.pass")
    steps = [replace(work(home, DAY), step=name) for name, work in (
        ("backup", backing_up.back_up), ("copies", backing_up.copy), ("verify", backing_up.verify), ("care", backing_up.care),
    )]  # fmt: skip
    assert not [step.problem for step in steps if step.problem]
    for repository in open_repositories(home.settings):
        drill(repository, home.folder("drill"))
    return Night(home, tuple(steps))


@pytest.fixture
def own(good: Night, tmp_path: Path) -> Night:
    """A copy of it to break."""
    root = tmp_path / "truong"
    shutil.copytree(good.home.root, root)
    shutil.rmtree(root / "data" / "findings")  # the status screen would open them; the backup has them
    return Night(_home(root), good.steps)


def _health(night: Night, name: str = FIRST, **more: object) -> RepositoryHealth:
    home = _home(night.home.root, **more) if more else night.home
    return next(health for health in healths(home) if health.name == name)


def _red(night: Night, topic: Topic, *words: str, name: str = FIRST, **more: object) -> None:
    """Exactly this one thing of this one repository is red, in the status, the summary file and the step that fails the night."""
    home = _home(night.home.root, **more) if more else night.home
    asked = replace(look_at_repositories(home), step="repositories")
    assert asked.exit_code == ExitCode.BACKUP
    told = tell(home, DAY, [*night.steps, asked])
    summary = (home.data / "nights" / f"{DAY}.txt").read_text(encoding="utf-8")
    assert summary.splitlines() == list(told.lines)
    status = school_status(home)
    assert status.exit_code == ExitCode.BACKUP
    red = [line for line in status.lines if line.good is False]
    labels = [line.label for line in red]
    # The screen tells of drills once more, over all repositories.
    assert [label for label in labels if topic is not Topic.DRILL or label != "Diễn tập khôi phục"] == [f"Kho «{name}»"]
    to_do = summary.partition("CẦN XỬ LÝ:")[2]
    for word in words:
        assert word in red[0].detail + red[0].fix
        assert word in to_do
    wrong = [(fact["name"], told["topic"]) for fact in status.facts["repositories"] for told in fact["verdicts"] if told["ok"] is False]
    assert wrong == [(name, topic.name.lower())]
    assert [fact["ok"] for fact in status.facts["repositories"]] == [repository != name for repository in (FIRST, SECOND)]


def _for_restic(days: int) -> str:
    """A moment that many days from now, as restic wants it: in the machine's own zone."""
    return (now() + timedelta(days=days)).astimezone().strftime("%Y-%m-%d %H:%M:%S")  # its zone as it is on that day


def _save_again(own: Night, good: Night) -> None:
    """One more night of the same day in the first repository."""
    shutil.copytree(good.home.data / "findings", own.home.data / "findings")
    staged = stage_night(own.home.data, DAY, None, also=backing_up.listed_contents(own.home))
    assert save_night(open_repositories(own.home.settings)[0], staged).complete
    shutil.rmtree(own.home.data / "findings")


def _restic(night: Night, *arguments: str, index: int = 0) -> None:
    open_repositories(night.home.settings)[index].ask(arguments)


def test_a_good_night_is_green_everywhere(good: Night) -> None:
    found = healths(good.home)
    assert [health.name for health in found] == [FIRST, SECOND]
    assert [verdict for health in found for verdict in health.verdicts if not verdict.good] == []
    asked = look_at_repositories(good.home)
    assert (asked.problem, asked.exit_code, asked.detail) == ("", 0, "2/2 kho ổn")
    assert asked.facts == {FIRST: "ổn", SECOND: "ổn"}
    facts = facts_of(found[0])
    assert facts["ok"] is True
    assert facts["newest"]["day"] == DAY
    assert {verdict["topic"] for verdict in facts["verdicts"]} == {"age", "parts", "count", "check", "drill", "room"}
    text = "\n".join(asked.lines)
    for told in ("đêm 31/05/2027", "theo bản kê", "kho có 1 bản", "kiểm tra gần nhất", "diễn tập gần nhất"):
        assert text.count(told) == len(found)


def test_a_newest_night_that_is_too_old(own: Night) -> None:
    _restic(own, "rewrite", "--forget", "--new-time", _for_restic(days=-5), "latest")
    _red(own, Topic.AGE, "quá cũ", "cách đây 5 ngày", "nhiều nhất 2 ngày", "truong nightly")
    own.state(SEEN_FILE).unlink()  # for restic a rewritten snapshot is another one
    _restic(own, "rewrite", "--forget", "--new-time", _for_restic(days=5), "latest")
    _red(own, Topic.AGE, "giờ ở tương lai")


def test_a_place_that_will_soon_be_full(own: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {FIRST: 10**12, SECOND: 123_456_789}
    monkeypatch.setattr(room, "room_at", lambda url, _: free[SECOND if url.endswith(SECOND) else FIRST])
    _red(own, Topic.ROOM, "sắp đầy: còn 123,5 MB chỗ trống", "dọn đĩa, nới hạn mức", name=SECOND)
    free[SECOND] = 1_000_000_000
    assert [verdict.good for verdict in _health(own, SECOND).verdicts if verdict.topic is Topic.ROOM] == [None]
    assert list(doctor._rooms(own.home)) == []  # on the machine's own disk, which has a line of its own
    monkeypatch.setattr(doctor, "_same_disk", lambda one, _: one.name != SECOND)
    (line,) = doctor._rooms(own.home)
    assert (line.good, line.label, line.detail) == (None, "Chỗ của kho «o-hai»", "còn 1,0 GB chỗ trống")


def test_an_old_day_saved_today_is_no_new_night(own: Night) -> None:
    found = _health(own, day="2027-06-04")
    assert [verdict.topic for verdict in found.red] == [Topic.AGE]
    assert _health(own, day="2027-06-02").red == ()


def test_a_part_that_the_manifest_promises_and_the_snapshot_lacks(own: Night) -> None:
    repository = open_repositories(own.home.settings)[0]
    paths = ("landing", "snapshots", "reports", "staging")
    repository.save(Contents(own.home.data, paths, (f"day={DAY}",)))
    # The exports are gone from it, and the findings, which the copy of this test has no more.
    _red(own, Topic.PARTS, "THIẾU tệp của", "biểu đã xuất", "kết quả kiểm tra")
    assert _health(own).missing == ("exports", "findings")


def test_a_part_that_the_settings_name_and_no_manifest_has(own: Night) -> None:
    (own.home.root / "web").mkdir()
    found = _health(own, backup={"folders": {"website": "web"}})
    assert [verdict.told for verdict in found.red] == ["bản mới nhất không có «website»"]


@pytest.mark.parametrize("keep", [None, {"daily": 7}])
def test_a_night_that_lost_much(own: Night, good: Night, keep: dict[str, int] | None) -> None:
    (own.home.data / f"landing/{DAY}/csdl/DanhSachHocSinh.xlsx").unlink()
    _save_again(own, good)
    (verdict,) = _health(own, backup={"keep": keep}).red
    assert verdict.topic is Topic.SIZE
    assert "landing/csdl còn 0/1 tệp" in verdict.told


def test_a_partial_newest_night_is_not_green(own: Night) -> None:
    repository = open_repositories(own.home.settings)[0]
    hidden = own.home.data / f"reports/{DAY}/bao-cao.html"
    hidden.chmod(0)
    limited = replace(repository, binary=without_super_rights(own.home.root))
    assert not limited.save(Contents(own.home.data, ("landing", "reports", "staging"), (f"day={DAY}",))).complete
    hidden.chmod(0o644)
    found = _health(own)
    assert Topic.PARTIAL in [verdict.topic for verdict in found.red]
    (told,) = [verdict.told for verdict in found.red if verdict.topic is Topic.PARTIAL]
    assert "CHƯA TRỌN VẸN" in told
    assert "bao-cao.html" in told
    assert facts_of(found)["newest"]["partial"] is True
    # The good night before it still counts for the age.
    assert [verdict.good for verdict in found.verdicts if verdict.topic is Topic.AGE] == [True]


def test_more_nights_than_the_policy_can_keep(own: Night) -> None:
    keep = {"daily": 7, "weekly": 0, "monthly": 0, "yearly": 0}
    assert _health(own, backup={"keep": keep}).red == ()
    for _ in range(4):  # each time as many again
        _restic(own, "rewrite", "--new-time", _for_restic(days=0), "--tag", "truong")
    _red(own, Topic.COUNT, "kho có 16 bản", "nhiều nhất 9", "truong backup plan", backup={"keep": keep})


def test_nights_that_somebody_else_deleted(own: Night, good: Night) -> None:
    _save_again(own, good)
    look_at_repositories(own.home)
    first = open_repositories(own.home.settings)[0]
    old, new = first.snapshots()
    _restic(own, "forget", old.id)
    _red(own, Topic.COUNT, "1 đêm đã mất khỏi kho mà phần mềm không xóa: 31/05/2027", "đổi mật khẩu kho")
    assert _health(own).red, "told again the next day"
    _restic(own, "forget", new.id)
    assert [verdict.topic for verdict in _health(own).red] == [Topic.AGE, Topic.COUNT]
    longer_ago = (now() - timedelta(days=TOLD_DAYS + 1)).date().isoformat()
    own.edit(SEEN_FILE, lambda values: [entry.update(gone=longer_ago) for seen in values.values() for entry in seen.values()])
    assert [verdict.topic for verdict in _health(own).red] == [Topic.AGE]


def test_nights_that_the_policy_let_go_are_not_missed(own: Night, good: Night) -> None:
    first = open_repositories(own.home.settings)[0]
    _save_again(own, good)
    look_at_repositories(own.home)
    days = {night.time.astimezone(SCHOOL_ZONE).date() for night in first.snapshots()}  # two where midnight came between
    policy = Keep(daily=7, weekly=0, monthly=0, yearly=0)
    accept(first.state, policy, "hiệu trưởng")
    assert care_for(first, policy, DAY).problems == ()
    assert len(first.snapshots()) == len(days)
    assert _health(own, backup={"keep": policy.model_dump()}).red == ()


def test_a_check_that_is_overdue_or_never_was(own: Night) -> None:
    old = (now() - timedelta(days=9)).isoformat(timespec="seconds")
    own.edit(CHECKS_FILE, lambda values: [entry.update(at=old) for entry in values[FIRST].values()])
    _red(own, Topic.CHECK, "kiểm tra gần nhất", "quá hạn (nhiều nhất 3 ngày)", f"truong backup check {FIRST}")
    own.edit(CHECKS_FILE, lambda values: values.pop(FIRST))
    assert [verdict.good for verdict in _health(own).verdicts if verdict.topic is Topic.CHECK] == [None]
    own.edit(KNOWN_FILE, lambda values: values["restic"].update(since=old))
    _red(own, Topic.CHECK, "chưa được kiểm tra lần nào")


def test_data_that_nobody_read_for_longer_than_a_quarter(own: Night) -> None:
    own.edit("care.json", lambda values: values[FIRST].update(since="2027-01-01"))
    _red(own, Topic.READ, "12/13 phần dữ liệu", "quá 98 ngày")


def test_damage_that_was_once_read_stays_told_until_the_data_is_good_again(own: Night) -> None:
    repository = open_repositories(own.home.settings)[0]
    packs = sorted((own.state("restic") / "data").rglob("*"), key=lambda file: file.stat().st_size if file.is_file() else 0)
    pack, whole = packs[-1], packs[-1].read_bytes()
    pack.chmod(0o600)
    at = random.Random(1).randrange(100, len(whole) // 2)
    pack.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    with pytest.raises(RepositoryDamaged):
        repository.check("100%")
    repository.check()  # the structure is sound: that takes nothing back
    _red(own, Topic.CHECK, "thấy hỏng", f"truong backup repair {FIRST}")
    pack.write_bytes(whole)
    repository.check("100%")
    assert _health(own).red == ()
    assert set(checks_of(repository.state, FIRST)) == {"100%"}


def test_a_drill_that_is_overdue_or_failed(own: Night) -> None:
    own.edit(DRILLS_FILE, lambda values: [entry.update(day="2026-01-05") for entry in values])
    found = {health.name: [verdict.topic for verdict in health.red] for health in healths(own.home)}
    assert found == {FIRST: [Topic.DRILL], SECOND: [Topic.DRILL]}
    today = now().date().isoformat()
    own.edit(
        DRILLS_FILE, lambda values: [entry.update(day=today, repository=name) for entry, name in zip(values, (FIRST, SECOND), strict=True)]
    )
    own.edit(DRILLS_FILE, lambda values: values[0].update(ok=False, told="Bản khôi phục không có học sinh nào"))
    _red(own, Topic.DRILL, "KHÔNG ĐẠT", "không có học sinh nào", "truong drill")
    own.edit(DRILLS_FILE, lambda values: values[0].update(ok=True, day="2026-01-05"))
    _red(own, Topic.DRILL, "05/01/2026", "quá hạn (nhiều nhất 8 ngày)")


def test_a_repository_that_is_gone_leaves_the_other_told(own: Night) -> None:
    own.state("restic").rename(own.home.root / "mat")
    _red(own, Topic.REACH, "Không thấy kho sao lưu")
    own.state("restic").mkdir()
    _red(own, Topic.REACH, "Không thấy kho sao lưu")


def test_a_wrong_password_of_the_copy(own: Night) -> None:
    (own.home.root / "hai.pass").unlink()
    _red(own, Topic.REACH, "Không thấy tệp mật khẩu", name=SECOND)
    create_secret(own.home.root / "hai.pass")
    _red(own, Topic.REACH, "Mật khẩu không mở được kho", name=SECOND)


def test_a_server_is_asked_too_and_told_when_it_is_gone(own: Night, tmp_path: Path) -> None:
    school = School(own.home.root)
    expected = Expected(expected_parts(own.home), None, own.home.settings.backup.watch, DAY)
    with running_sshd(tmp_path / "sftp") as sshd:
        copy = sftp_copy(school, sshd)
        copy_snapshots(school.repository, copy)
        copy.check()
        there = {verdict.topic for verdict in health_of(copy, expected).verdicts if verdict.good}
        assert {Topic.AGE, Topic.PARTS, Topic.COUNT, Topic.CHECK} <= there
        assert health_of(copy, expected).red == ()
    first, gone = ask_all([school.repository, copy], expected)
    assert first.red == ()
    (verdict,) = gone.verdicts
    assert (verdict.topic, verdict.good) == (Topic.REACH, False)
    assert "không trả lời" in verdict.told


def test_a_disk_in_a_drawer_is_told_and_red_only_when_it_stays_there_too_long(own: Night) -> None:
    disk = {"name": SECOND, "repository": "data/backups/o-hai", "password_file": "hai.pass", "removable": True, "max_absent_days": 20}
    backup = {"copies": [disk]}
    plugged = next(verdict for verdict in _health(own, SECOND, backup=backup).verdicts if verdict.topic is Topic.DISK)
    assert plugged.told.startswith("đĩa đang cắm")
    own.state("o-hai").rename(own.home.root / "trong-ngan-keo")
    own.edit("plugged.json", lambda values: values.update({SECOND: (now() - timedelta(days=12)).isoformat(timespec="seconds")}))
    (verdict,) = _health(own, SECOND, backup=backup).verdicts
    assert verdict.good is True
    assert "12 ngày trước" in verdict.told
    own.edit("plugged.json", lambda values: values.update({SECOND: (now() - timedelta(days=21)).isoformat(timespec="seconds")}))
    _red(own, Topic.DISK, "21 ngày trước", "quá 20 ngày", "cắm đĩa", name=SECOND, backup=backup)
    own.edit("plugged.json", lambda values: values.pop(SECOND))
    _red(own, Topic.DISK, "chưa được chuẩn bị", f"truong backup prepare {SECOND}", name=SECOND, backup=backup)


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401 - aiosmtpd
        message = message_from_bytes(envelope.content, policy=default)
        self.texts.append((str(message["Subject"]), message.get_content()))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    kept = Sink()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


def test_the_alert_says_it_too(own: Night, sink: tuple[Sink, int]) -> None:
    kept, port = sink
    alerts = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "sender": "a@b.example", "recipients": ["c@b.example"]}
    home = _home(own.home.root, alerts=alerts)
    tell(home, DAY, [*own.steps, replace(look_at_repositories(home), step="repositories")])
    own.state("restic").rename(own.home.root / "mat")
    tell(home, DAY, [*own.steps, replace(look_at_repositories(home), step="repositories")])
    (subject, text), (bad_subject, bad_text) = kept.texts
    assert "Ổn" in subject
    assert "✓ Kho «tai-cho»" in text
    assert "CẦN XỬ LÝ" in bad_subject
    assert "✗ Kho «tai-cho»: Không thấy kho sao lưu" in bad_text
    assert "✓ Kho «o-hai»" in bad_text


def test_the_report_tells_what_earlier_nights_heard_and_nothing_of_tonight(own: Night) -> None:
    def record(day: date, light: str) -> None:
        asked = StepResult("repositories", "Kho", facts={FIRST: light})
        save_record(own.home, NightRecord(day.isoformat(), f"{day}T02:00:00+07:00", (StepResult("verify", "x"), asked)))

    record(DAY - timedelta(days=1), "ĐỎ: bản mới nhất")
    record(DAY, "ổn")
    proof = proof_before(own.home, DAY)
    assert proof is not None
    assert proof.newest_day == DAY - timedelta(days=1)
    assert [line for line in proof.lines if "Hỏi từng kho" in line] == [
        "Hỏi từng kho sao lưu sau đêm 30/05/2027: kho «tai-cho» ĐỎ: bản mới nhất."
    ]
    assert read_json(own.state(KNOWN_FILE))
