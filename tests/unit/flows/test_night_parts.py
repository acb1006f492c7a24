"""The plain parts of a night: records and exit codes, locks and sweeping, what is told, what was proved before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import QualityResult
from expectations.findings import FINDING_SCHEMA
from expectations.ledger import save_findings
from flows.home import Home, NightAlreadyRunning, find_settings, left_open, one_night_at_a_time, open_home, sweep
from flows.night_record import NightRecord, StepResult, load_records, save_record
from flows.safekeeping import proof_before
from flows.telling import summary_lines, top_problems
from infra.errors import ConfigurationError, ExitCode
from infra.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    settings = Settings.model_validate({"school": {"name": "Trường Mẫu"}, "home": tmp_path})
    return Home(settings, tmp_path / "truong.toml")


def _record(day: str, *codes: int, verify_problem: str = "") -> NightRecord:
    steps = [StepResult(f"b{number}", "Bước", problem="x" if code else "", exit_code=code) for number, code in enumerate(codes)]
    return NightRecord(day, f"{day}T02:00:00+07:00", (*steps, StepResult("verify", "Kiểm chứng", problem=verify_problem)))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0, 0), ExitCode.OK),
        ((11, 0), ExitCode.SOURCE),
        ((11, 12), ExitCode.SOURCE),
        ((12, 13), ExitCode.BACKUP),
        ((13, 70), ExitCode.OUR_FAULT),
    ],
)
def test_a_night_ends_with_its_worst_problem(codes: tuple[int, ...], expected: ExitCode) -> None:
    assert _record("2027-05-31", *codes).exit_code == expected


def test_records_come_back_as_they_were_saved_and_only_those_before_a_day(home: Home) -> None:
    records = [_record("2027-05-29", 0), _record("2027-05-30", 11)]
    for record in reversed(records):
        save_record(home, record)
    assert load_records(home) == records
    assert load_records(home, before=date(2027, 5, 30)) == records[:1]


def test_two_nights_never_hold_the_lock_together(home: Home) -> None:
    with one_night_at_a_time(home), pytest.raises(NightAlreadyRunning, match="đang chạy"), one_night_at_a_time(home):
        pass
    with one_night_at_a_time(home):
        pass


def test_a_killed_night_leaves_no_lock(home: Home) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from flows.home import Home, one_night_at_a_time; from infra.settings import Settings\n"
        "settings = Settings.model_validate({'school': {'name': 'x'}, 'home': Path(sys.argv[1])})\n"
        "with one_night_at_a_time(Home(settings, Path('x'))): print('giữ', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(home.root)], stdout=subprocess.PIPE) as night:
        assert night.stdout is not None
        # It says so once it holds the lock: before, the test might ask too early and find it free.
        night.stdout.readline()
        with pytest.raises(NightAlreadyRunning), one_night_at_a_time(home):
            pass
        night.kill()
    with one_night_at_a_time(home):
        pass


def test_sweeping_removes_what_was_half_written_and_nothing_else(home: Home) -> None:
    kept = ["snapshots/2027-05-30/pupils.parquet", "backups/restic/.tam/x", "reports/2027-05-30/a.html"]
    left = ["snapshots/.2027-05-31.77/pupils.parquet", "findings/.2027-05-31.77/x", "work/2027-05-31/qlnt/x", "landing/.d.qlnt.9/y"]
    for name in (*kept, *left):
        (home.data / name).parent.mkdir(parents=True, exist_ok=True)
        (home.data / name).touch()
    assert sweep(home) == len(left)
    assert all((home.data / name).exists() for name in kept)
    assert not any((home.data / name).exists() for name in left)


def test_what_an_older_version_left_open_is_closed_when_a_night_begins(home: Home) -> None:
    for name in ("snapshots/2027-05-30", "reports/2027-05-30", "la"):
        (home.data / name).mkdir(parents=True)
        (home.data / name).parent.chmod(0o755)
    (home.data / "la").chmod(0o775)
    assert [folder.name for folder in left_open(home)] == ["la", "snapshots"]
    with one_night_at_a_time(home):
        assert left_open(home) == []
        assert (home.data / "landing").stat().st_mode & 0o077 == 0
        assert (home.data / "reports").stat().st_mode & 0o055 == 0o055
        sweep(home)
        assert (home.data / "work").stat().st_mode & 0o077 == 0


def test_settings_are_found_here_then_in_the_demo_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    with pytest.raises(ConfigurationError, match="Chưa có trường nào"):
        open_home(None)
    demo, here = tmp_path / "demo-home" / "truong.toml", tmp_path / "truong.toml"
    demo.parent.mkdir()
    demo.touch()
    assert find_settings() == demo
    here.touch()
    assert find_settings() == here


def _findings(rows: list[dict[str, object]]) -> pl.DataFrame:
    usual = dict.fromkeys(FINDING_SCHEMA) | {"owner": "Giáo viên chủ nhiệm", "first_seen": "2027-05-31", "nights_open": 1}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=FINDING_SCHEMA)


def test_the_summary_counts_and_names_nobody(home: Home) -> None:
    mark = {"rule": "TT27-7.1e", "severity": "chặn", "table": "marks", "class_name": "3A", "message": "Điểm sai"}
    marks = [{**mark, "key": f"79000000{number % 2}|TO|CN{number}"} for number in range(3)]
    accounts = [{"rule": "QC-10.1", "severity": "xem kỹ", "table": "accounts", "key": "qlnt|an", "message": "Còn mở"}]
    save_findings(QualityResult(_findings([*marks, *accounts]), {}), home.folder("findings", DAY), DAY)
    assert top_problems(home, DAY) == [
        "Điểm sai: 3 chỗ, 2 học sinh, 1 lớp (TT27-7.1e, chặn; Giáo viên chủ nhiệm sửa)",
        "Còn mở: 1 tài khoản (QC-10.1, xem kỹ; Giáo viên chủ nhiệm sửa)",
    ]
    results = [StepResult("pull-qlnt", "Kéo QLNT", problem="Không thấy tệp → chép lại"), StepResult("check", "Kiểm tra", "3 chặn")]
    text = "\n".join(summary_lines(home, DAY, results))
    assert "✗ Quản lý nhà trường (QLNT): Không thấy tệp" in text
    assert "CẦN XỬ LÝ:" in text
    assert "Sao lưu: không chạy" in text
    assert "79000000" not in text


def test_only_what_was_proved_before_the_night_is_told(home: Home) -> None:
    assert proof_before(home, DAY) is None
    for day, problem in (("2027-05-28", ""), ("2027-05-29", ""), ("2027-05-30", "thiếu tệp"), ("2027-05-31", "")):
        save_record(home, _record(day, 0, verify_problem=problem))
    drills = home.data / "backups" / "drills.json"
    drills.parent.mkdir(parents=True)
    held = [("2027-05-29", True, "2027-05-28"), ("2027-05-30", False, "2027-05-29"), ("2027-06-02", True, "2027-05-31")]
    drills.write_text(json.dumps([{"day": day, "ok": ok, "night": night, "told": ""} for day, ok, night in held]), encoding="utf-8")
    proof = proof_before(home, DAY)
    assert proof is not None
    assert (proof.newest_day, proof.drilled_on) == (date(2027, 5, 29), date(2027, 5, 29))


def test_a_record_that_is_being_written_is_never_read_half(home: Home) -> None:
    save_record(home, _record("2027-05-31", 0))
    folder = home.folder("nights")
    (folder / f".2027-06-01.{os.getpid()}").write_text("{", encoding="utf-8")
    assert [record.day for record in load_records(home)] == ["2027-05-31"]
