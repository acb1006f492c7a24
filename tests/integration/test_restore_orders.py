"""A restore that a person orders: written down whatever comes of it, in place only by name and after saving what is there."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backup.drill import DrillResult
from backup.errors import RestoreError
from backup.known import write_json
from backup.rotation import rotate_key
from backup.stored import BEFORE_RESTORE_TAG, OUR_TAG
from connectors.records.snapshot import sha256_of
from flows.drilling import certificate_file, certify, hold_and_certify, last_proven, proven_line
from flows.home import Home, one_night_at_a_time, open_home, sweep
from flows.key_keeping import PAPER, kit_problems, kit_tried, make_recovery_kit, unfinished_rotation
from flows.restore_log import RestoreOrder, RestoreRefused, log_file
from flows.restoring import carry_out, declined, restore_plan
from flows.safekeeping import proof_before
from infra.errors import ConfigurationError, SchoolError
from tests.integration.backup_school import DAY, PUPILS, School, new_school, script
from tests.integration.cheap_keys import cheapen
from tests.integration.pdf_reading import pages_of, text_of

ROOT = Path(__file__).resolve().parents[2]
NAME = "Trường Tiểu học Trung Trắc"
SETTINGS = f"""\
[school]
name = "{NAME}"
[sources.qlnt]
kind = "database"
url = "sqlite:///qlnt.sqlite"
column_map = "qlnt_2026"
[backup]
password_file = "restic.pass"
[[backup.copies]]
name = "dia-roi"
repository = "dia-roi"
password_file = "restic.pass"
"""
REPORT = f"reports/{DAY}/bao-cao.html"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A home whose night lies in two repositories: read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("nha"))
    (school.root / "truong.toml").write_text(SETTINGS, encoding="utf-8")
    contents, second = school.stage().contents, replace(school.repository, name="dia-roi", url=str(school.root / "dia-roi"))
    school.begin()
    second.ensure()
    cheapen(school.root / "dia-roi", school.root / "restic.pass")
    assert school.repository.save(contents).complete
    assert second.save(contents).complete
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "nha")


@pytest.fixture
def home(own: School) -> Home:
    return open_home(own.root / "truong.toml")


def _log(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_file(home).read_text(encoding="utf-8").splitlines()]


def test_who_what_when_and_why_stand_in_the_log_before_and_after(home: Home) -> None:
    brought = carry_out(home, RestoreOrder("pupils", DAY, "dia-roi", reason="lớp 4B\nxóa nhầm"))
    begun, done = _log(home)
    assert (begun["state"], done["state"], begun["run"]) == ("bắt đầu", "xong", done["run"])
    assert (done["what"], done["reason"], done["repository"], done["night"], done["files"]) == (
        "bảng Học sinh", "lớp 4B xóa nhầm", "dia-roi", DAY.isoformat(), 1,
    )  # fmt: skip
    assert done["who"]
    assert Path(done["target"]) == brought.place
    assert (brought.place / "pupils.xlsx").is_file()


def test_the_log_is_only_added_to_also_when_nothing_came_of_it(home: Home) -> None:
    file = log_file(home)
    file.parent.mkdir(parents=True)
    file.write_text('{"state": "của ai đó"}\n{"torn', encoding="utf-8")
    before = file.read_bytes()
    failing = [RestoreOrder("khong-co"), RestoreOrder(wanted=date(2020, 1, 1)), RestoreOrder(repository="khong-co")]
    for order in (*failing, RestoreOrder(in_place=True, school="Trường khác")):
        with pytest.raises(SchoolError):
            carry_out(home, order)
    assert isinstance(declined(home, RestoreOrder("pupils")), RestoreRefused)
    assert file.read_bytes().startswith(before + b"\n")
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[2:]]
    assert [entry["state"] for entry in entries] == [*(["bắt đầu", "không làm được"] * 3), *(["bắt đầu", "từ chối"] * 2)]
    assert all(entry["problem"] for entry in entries if entry["state"] != "bắt đầu")


def test_nothing_is_restored_without_a_log(home: Home, tmp_path: Path) -> None:
    log_file(home).mkdir(parents=True)  # a folder in its place: it cannot be written
    with pytest.raises(ConfigurationError, match="Không ghi được sổ khôi phục"):
        carry_out(home, RestoreOrder("qlnt", target=tmp_path / "lai"))
    assert not (tmp_path / "lai").exists()


def test_a_killed_restore_stands_in_the_log_as_begun(home: Home, own: School) -> None:
    slow = script(own.root / "restic", 'case "$1" in version) echo "restic 0.18.0 compiled with go1";; *) sleep 60;; esac')
    work = (
        "import sys; from pathlib import Path; from flows.home import open_home; from flows.restoring import carry_out\n"
        "from flows.restore_log import RestoreOrder; carry_out(open_home(Path(sys.argv[1])), RestoreOrder('qlnt', reason='thử'))"
    )
    environment = {**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen([sys.executable, "-c", work, str(home.file)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (log_file(home).exists() and log_file(home).read_bytes().endswith(b"\n")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [entry["state"] for entry in _log(home)] == ["bắt đầu"]


def test_a_plan_says_how_much_would_come(home: Home) -> None:
    shown = restore_plan(home, RestoreOrder("qlnt"))
    assert (shown.files, shown.bytes) == (1, (home.data / "staging" / "qlnt.sqlite").stat().st_size)
    assert shown.snapshot.day == DAY


def test_the_questions_offer_every_repository_and_only_what_the_night_has(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cli.restore_questions import asked_order

    monkeypatch.setattr("sys.stdin", io.StringIO("9\n2\n01/01/2020\n\n2\n1\nxem thử\ncó\n"))
    order = asked_order(home)
    assert (order.repository, order.what, order.reason) == ("dia-roi", "pupils", "xem thử")
    told = capsys.readouterr().out
    for line in ("1. tai-cho: ", "2. dia-roi: ", "Hãy gõ một số từ 1 đến 2.", "Không có đêm «01/01/2020».", "Học sinh (40 dòng)"):
        assert line in told
    assert "sổ điểm" not in told, "this night has no marks"
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    with pytest.raises(RestoreRefused, match="chưa trả lời hết"):
        asked_order(home)


def test_in_place_saves_what_is_there_first_and_then_writes_over_exactly_that(home: Home, own: School) -> None:
    report, other = home.data / REPORT, home.data / f"reports/{DAY}/ghi-chu.txt"
    good = report.read_bytes()
    report.write_bytes(b"hong")
    other.write_bytes(b"cua truong")
    brought = carry_out(home, RestoreOrder("report", DAY, reason="báo cáo hỏng", in_place=True, school=f" {NAME} "))
    assert report.read_bytes() == good
    assert other.read_bytes() == b"cua truong"
    before = own.repository.tagged(BEFORE_RESTORE_TAG)
    assert [one.short_id for one in before] == [brought.saved_before]
    carry_out(home, RestoreOrder("report", brought.saved_before, target=own.root / "lai"))
    assert (own.root / "lai" / REPORT).read_bytes() == b"hong"
    done = _log(home)[1]
    assert (done["state"], done["target"], done["saved_before"]) == ("xong", "tại chỗ", brought.saved_before)
    assert [path.name for path in home.folder("restored").iterdir()] == ["nhat-ky.jsonl"]


@pytest.mark.parametrize("school", ["", "Trường Tiểu học", "trường tiểu học trung trắc"])
def test_in_place_without_the_schools_name_changes_and_saves_nothing(school: str, home: Home, own: School) -> None:
    before = own.hashes()
    with pytest.raises(RestoreRefused, match="Chưa ghi đè gì"):
        carry_out(home, RestoreOrder("report", DAY, in_place=True, school=school))
    assert own.hashes() == before
    assert len(own.repository.tagged(OUR_TAG)) == 1


def test_in_place_never_writes_to_another_system_and_waits_for_no_night(home: Home, own: School) -> None:
    live = sha256_of(own.database)
    with pytest.raises(RestoreRefused, match="thuộc hệ thống khác"):
        carry_out(home, RestoreOrder("qlnt", DAY, in_place=True, school=NAME))
    with one_night_at_a_time(home), pytest.raises(ConfigurationError, match="đang chạy"):
        carry_out(home, RestoreOrder("report", DAY, in_place=True, school=NAME))
    assert sha256_of(own.database) == live
    assert len(own.repository.tagged(OUR_TAG)) == 1


def test_a_night_that_sweeps_leaves_a_running_restore_alone_and_takes_a_dead_one(home: Home) -> None:
    from backup.aside import hidden_beside

    dead = home.folder("restored") / ".cu.khoi-phuc-1"
    dead.mkdir(parents=True)
    with hidden_beside(home.folder("restored") / "moi") as living:
        sweep(home)
        assert living.is_dir()
    assert not dead.exists()


def test_every_repository_is_drilled_and_the_first_good_drill_of_a_school_year_makes_the_certificate(home: Home) -> None:
    results, paper = hold_and_certify(home, certificate=False)
    assert [(result.repository, result.ok, result.pupils) for result in results] == [("tai-cho", True, PUPILS), ("dia-roi", True, PUPILS)]
    assert paper is not None
    text = " ".join(text_of(paper).split())
    for told in (
        NAME.upper(),
        "tai-cho",
        "dia-roi",
        "HIỆU TRƯỞNG",
        "31/05/2027",
        "40, đúng bản kê",
        "RTO",
        "RPO",
        "QĐ 292/QĐ-THTT Điều 21",
    ):
        assert told in text
    assert pages_of(paper) == 1
    assert hold_and_certify(home, certificate=False)[1] is None
    assert last_proven(home) == date.fromisoformat(results[0].day)


def test_a_drill_that_fails_anywhere_certifies_nothing_and_is_named(home: Home, own: School) -> None:
    packs = [file for file in (own.root / "dia-roi" / "data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()
    results, paper = hold_and_certify(home, certificate=False)
    assert [result.ok for result in results] == [True, False]
    assert paper is None
    assert "KHÔNG ĐẠT ở kho dia-roi" in proven_line(home)
    with pytest.raises(RestoreError, match="Không lập giấy chứng nhận"):
        certify(home, results)
    assert not certificate_file(home, results[0]).exists()


def test_the_report_tells_each_repositorys_last_drill_before_the_night_and_no_duration(home: Home) -> None:
    held = DrillResult("2027-05-24", ok=True, told="x", repository="tai-cho", night="2027-05-23", files=9, pupils=40, seconds=7.7)
    drills = [
        replace(held, day="2027-05-17", night="2027-05-16", pupils=39),
        held,
        replace(held, repository="dia-roi", ok=False),
        replace(held, day=DAY.isoformat(), night="2027-05-30"),  # held on the day itself: a second run of the night must tell the same
        replace(held, day="2027-06-02", night=DAY.isoformat()),
    ]
    write_json(home.data / "backups" / "drills.json", [drill.as_facts() for drill in drills])
    proof = proof_before(home, DAY)
    assert proof is not None
    assert proof.drilled_on == date(2027, 5, 24)
    assert proof.lines == (
        "Kho «tai-cho»: diễn tập ngày 24/05/2027 lấy lại đủ 9 tệp của đêm 23/05/2027, đếm được 40 học sinh, đúng bản kê.",
        "Kho «dia-roi»: diễn tập khôi phục ngày 24/05/2027 KHÔNG ĐẠT (đêm 23/05/2027).",
    )


def test_the_doctor_asks_for_the_paper_until_it_is_there_printed_tried_and_opens(home: Home, own: School) -> None:
    assert [(good, fix) for good, _, fix in kit_problems(home)] == [(None, "truong recovery-kit")]
    make_recovery_kit(home, home.root / PAPER, renew=False)
    with pytest.raises(ConfigurationError, match="Đã có bộ khôi phục"):
        make_recovery_kit(home, home.root / PAPER, renew=False)
    assert ["rồi xóa: rm" in fix for _, _, fix in kit_problems(home)] == [True]
    (home.root / PAPER).unlink()
    assert list(kit_problems(home)) == []
    state = home.data / "backups" / "recovery-kit.json"
    kit = json.loads(state.read_text(encoding="utf-8"))
    write_json(state, {**kit, "made": "2020-09-01"})
    assert [(good, "quá một năm" in told) for good, told, _ in kit_problems(home)] == [(None, True)]
    kit_tried(home, "")
    assert list(kit_problems(home)) == []
    (own.root / "restic.pass.cu").hardlink_to(own.root / "restic.pass")
    assert unfinished_rotation(home) == "restic.pass.cu"
    (own.root / "restic.pass.cu").unlink()
    rotate_key([own.repository])
    assert unfinished_rotation(home) == ""
    assert list(kit_problems(home)) == [], "a new password of the machine leaves the paper as it is"
    write_json(state, {**kit, "keys": {"tai-cho": "0" * 64}})
    assert [good for good, _, _ in kit_problems(home)] == [False, False]  # one repository not on the paper, one that lost its key
