"""What a person does after a night: look, bring back, plan; each through the real command."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from backup.binary import find_restic
from connectors.records.snapshot import sha256_of
from tests.e2e.running import clean_environment, truong

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2027-05-31"
KEPT = ("landing", "snapshots", "findings", "reports", "exports")


def _hashes(root: Path) -> dict[str, str]:
    files = [path for room in KEPT for path in sorted((root / room).rglob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix(): sha256_of(path) for path in files}


def test_a_whole_night_comes_back_by_hash(good_night: Path, tmp_path: Path) -> None:
    done = truong("restore", "--config", good_night / "truong.toml", "--day", DAY, "--to", tmp_path / "lai", "--reason", "thử")
    assert done.code == 0, done.err
    assert _hashes(tmp_path / "lai") == _hashes(good_night / "data")
    assert str(tmp_path / "lai") in done.out


def test_one_file_comes_back_by_name(good_night: Path, tmp_path: Path) -> None:
    done = truong(
        "restore", "--config", good_night / "truong.toml", "--file", "bao-cao-chat-luong.html", "--to", tmp_path / "lai", "--json"
    )
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert (facts["files"], facts["day"]) == (1, DAY)
    (found,) = [path for path in (tmp_path / "lai").rglob("*") if path.is_file()]
    assert sha256_of(found) == sha256_of(good_night / "data" / "reports" / DAY / found.name)


@pytest.mark.parametrize("wanted", [["--day", "2020-01-01"], ["--snapshot", "ffffffff"], ["--file", "khong-co.txt"]])
def test_what_is_not_there_is_one_line_and_14(wanted: list[str], good_night: Path, tmp_path: Path) -> None:
    done = truong("restore", "--config", good_night / "truong.toml", *wanted, "--to", tmp_path / "lai")
    assert done.code == 14
    assert len([line for line in done.err.splitlines() if line.startswith("Lỗi:")]) == 1
    assert "Traceback" not in done.err
    assert not (tmp_path / "lai").exists()


def test_a_restore_never_writes_over_anything(good_night: Path, tmp_path: Path) -> None:
    (tmp_path / "co-san").write_text("của ai đó", encoding="utf-8")
    done = truong("restore", "--config", good_night / "truong.toml", "--to", tmp_path)
    assert done.code == 14
    assert [path.name for path in tmp_path.iterdir()] == ["co-san"]


def test_snapshots_tell_a_machine_where_to_look_and_plain_restic_restores_from_it(good_night: Path, tmp_path: Path) -> None:
    told = json.loads(truong("snapshots", "--config", good_night / "truong.toml", "--json").out)
    (repository,) = told["repositories"]
    assert set(repository) == {"name", "url", "password_file", "snapshots"}
    assert {snapshot["day"] for snapshot in repository["snapshots"]} == {DAY}
    command = [str(find_restic()), "-r", repository["url"], "--password-file", repository["password_file"]]
    command += ["restore", repository["snapshots"][-1]["id"], "--target", str(tmp_path / "lai")]
    subprocess.run(command, check=True, capture_output=True, env=clean_environment())
    assert _hashes(tmp_path / "lai") == _hashes(good_night / "data")


def test_the_mail_plan_counts_and_deletes_nothing(good_night: Path) -> None:
    maildir = good_night / "sources" / "mail"
    before = sorted(path.relative_to(maildir).as_posix() for path in maildir.rglob("*"))
    done = truong("mail", "plan", "--config", good_night / "truong.toml", "--json")
    plan = json.loads(done.out)
    assert plan["examined"] == 3000
    assert 0 < plan["prune"]["count"] == sum(group["count"] for group in plan["groups"])
    assert plan["prune"]["bytes"] == sum(group["bytes"] for group in plan["groups"])
    assert plan["held"]
    # Five years before the demo's day: `keep_years` as it stands by default.
    assert plan["cutoff"] == "2022-05-31"
    assert "CHƯA XÓA THƯ NÀO" in truong("mail", "plan", "--config", good_night / "truong.toml").out
    assert sorted(path.relative_to(maildir).as_posix() for path in maildir.rglob("*")) == before


def test_a_mail_store_that_is_gone_is_one_line_and_15(own_home: Path) -> None:
    shutil.rmtree(own_home / "sources" / "mail")
    done = truong("mail", "plan", "--config", own_home / "truong.toml")
    assert (done.code, done.out) == (15, "")
    assert done.err.startswith("Lỗi: ")
    assert "→" in done.err


def test_status_is_one_screen_read_from_the_repository(good_night: Path) -> None:
    done = truong("status", "--config", good_night / "truong.toml")
    assert done.code == 0, done.err
    for told in ("QLNT", "CSDL ngành", "Hồ sơ nhân sự", "31/05/2027", "chặn", "xem kỹ", "đọc từ chính kho", "Diễn tập khôi phục"):
        assert told in done.out
    # What a terminal shows without scrolling.
    assert len(done.out.splitlines()) <= 24


def test_status_is_red_when_the_repository_is_gone_though_every_night_was_green(own_home: Path) -> None:
    (own_home / "data" / "backups" / "restic").rename(own_home / "mat")
    done = truong("status", "--config", own_home / "truong.toml", "--json")
    assert done.code == 13
    assert "error" in json.loads(done.out)["backup"]


def test_the_drill_is_written_down_and_shown(own_home: Path) -> None:
    done = truong("drill", "--config", own_home / "truong.toml")
    assert done.code == 0, done.err
    assert re.search(r"ĐẠT: khôi phục đủ \d+ tệp của đêm 31/05/2027, 300 học sinh", done.out)
    facts = json.loads(truong("status", "--config", own_home / "truong.toml", "--json").out)
    assert facts["last_drill"]["ok"] is True
    assert not (own_home / "data" / "drill").exists() or not list((own_home / "data" / "drill").iterdir())


def test_the_doctor_names_the_command_that_puts_it_right(own_home: Path) -> None:
    (own_home / "secrets" / "restic.pass").chmod(0o644)
    bad = [line for line in _examined(own_home) if line["ok"] is False]
    assert [line["fix"] for line in bad] == [f"chmod 600 '{own_home.resolve()}/secrets/restic.pass'"]


def test_the_doctor_sees_data_that_every_account_may_read_and_its_command_closes_it(own_home: Path) -> None:
    for name in ("landing", "snapshots"):
        (own_home / "data" / name).chmod(0o755)
    (bad,) = (line for line in _examined(own_home) if line["ok"] is False)
    assert "landing, snapshots" in bad["detail"]
    subprocess.run(shlex.split(bad["fix"]), check=True)  # the command that it gives
    assert [line for line in _examined(own_home) if line["ok"] is False] == []


def _examined(home: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(truong("doctor", "--config", home / "truong.toml", "--json").out)
    return lines


def test_without_a_school_here_the_command_says_what_to_do(tmp_path: Path) -> None:
    done = truong("status", "--config", tmp_path / "khong-co.toml")
    assert done.code == 10
    assert done.err.startswith("Lỗi: Không thấy tệp cấu hình")
    assert "→" in done.err


def test_sources_answers_without_settings() -> None:
    told = json.loads(truong("sources", "--json", cwd=None).out)
    assert all(set(entry) == {"system", "kind", "enabled"} for entry in told)


def test_rules_for_a_machine() -> None:
    rules = json.loads(truong("rules", "list", "--json").out)
    assert len(rules) >= 40
    assert set(rules[0]) == {"code", "article", "table", "severity", "message", "fix", "owner"}
    assert len({rule["code"] for rule in rules}) == len(rules)
    assert truong("rules", "explain", "khong-co").code == 10


def test_coverage_for_a_machine_and_for_people() -> None:
    numbers = {entry["number"]: entry for entry in json.loads(truong("rules", "coverage", "--json").out)}
    assert numbers["ID-5"]["rules"] == []
    assert numbers["ID-5"]["reason"]
    assert numbers["TT27-9.9"] == {"number": "TT27-9.9", "rules": ["TT27-9.9"], "reason": ""}
    table = truong("rules", "coverage").out
    assert all(f"{number} " in table for number in numbers)


def test_setup_writes_settings_and_a_password_once(tmp_path: Path) -> None:
    done = truong("setup", "--home", tmp_path / "truong")
    assert done.code == 0, done.err
    password = tmp_path / "truong" / "secrets" / "restic.pass"
    assert password.stat().st_mode & 0o777 == 0o600
    before = password.read_bytes()
    assert truong("setup", "--home", tmp_path / "truong").code == 10
    assert password.read_bytes() == before
