"""Nights over time on real restic: what may be forgotten, and everything for which nothing is."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from backup.care import care_for, retention_of, trust_size
from backup.known import read_json
from backup.retention import accept
from backup.saving import save_night
from backup.verify import prove
from infra.backup_settings import Keep
from infra.clock import now
from tests.integration.backup_school import DAY, School, new_school, plain_restic
from tests.integration.cheap_keys import put_snapshot

if TYPE_CHECKING:
    from pathlib import Path

POLICY = Keep(daily=7, weekly=0, monthly=0, yearly=0)
TODAY = date(2027, 6, 1)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> School:
    """Eleven nights, the newest of today: read it, do not change it."""
    school = new_school(tmp_path_factory.mktemp("truong"))
    school.begin()
    assert save_night(school.repository, school.stage()).complete
    for days in range(1, 11):
        _earlier(school, days)
    return school


@pytest.fixture
def own(saved: School, tmp_path: Path) -> School:
    return saved.copy(tmp_path / "truong")


def _earlier(school: School, days: int, **changes: object) -> None:
    """The newest night once more, as if it had been saved some days ago."""
    newest = school.repository.snapshots()[-1]
    snapshot = json.loads(plain_restic(school, "cat", "snapshot", newest.id).stdout)
    told = (newest.time - timedelta(days=days)).isoformat()
    snapshot |= {"time": told, "summary": {**snapshot["summary"], "backup_start": told, "backup_end": told}} | changes
    put_snapshot(school.data / "backups" / "restic", school.root / "restic.pass", snapshot)


def test_nothing_is_forgotten_before_a_person_has_seen_the_plan(own: School) -> None:
    assert care_for(own.repository, None, TODAY).problems == ()
    waiting = care_for(own.repository, POLICY, TODAY)
    assert "chưa ai xem kế hoạch" in " ".join(waiting.told)
    assert len(own.repository.snapshots()) == 11
    plan = retention_of(own.repository, POLICY)
    assert (len(plan.keep), len(plan.forget), plan.refused) == (7, 4, ())
    assert len(own.repository.snapshots()) == 11  # looking at it deletes nothing


def test_the_agreed_policy_thins_out_prunes_weekly_and_leaves_the_rest_whole(own: School) -> None:
    accept(own.repository.state, POLICY, "hieu-pho")
    first = care_for(own.repository, POLICY, TODAY)
    assert first.problems == ()
    assert "bỏ 4 đêm cũ" in " ".join(first.told)
    assert "đã dọn dữ liệu" in " ".join(first.told)
    assert len(own.repository.snapshots()) == 7
    again = care_for(own.repository, POLICY, TODAY + timedelta(days=1))
    assert again.told == ()
    own.repository.check("100%")
    prove(own.repository, own.stage().manifest)
    record = read_json(own.repository.state / "care.json")["tai-cho"]
    assert (record["pruned"], len(record["read"])) == (TODAY.isoformat(), 1)


def test_a_clock_set_back_is_told_and_nothing_goes(own: School) -> None:
    newest = own.repository.snapshots()[-1]
    _earlier(own, 400, parent=newest.id)
    accept(own.repository.state, POLICY, "hieu-pho")
    result = care_for(own.repository, POLICY, TODAY)
    assert "đồng hồ bị vặn lùi" in result.problems[0]
    assert len(own.repository.snapshots()) == 12


def test_nights_with_false_times_push_no_real_one_out(own: School) -> None:
    for number in range(3):  # as somebody with the password could add them
        told = f"{(now() + timedelta(days=number - 2)).astimezone():%Y-%m-%d %H:%M:%S}"  # restic reads it in the machine's zone
        command = ["backup", "--time", told, "--tag", f"truong,day={DAY}", "--host", "truong", str(own.data / "exports")]
        plain_restic(own, *command)
    accept(own.repository.state, POLICY, "hieu-pho")
    result = care_for(own.repository, POLICY, TODAY)
    assert any("không xóa đêm cũ nào vì" in problem for problem in result.problems)
    assert len(own.repository.snapshots()) == 14


def test_a_source_that_shrank_by_nine_tenths_is_kept_told_and_stops_forgetting(own: School) -> None:
    big = own.data / f"landing/{DAY}/csdl/DanhSachHocSinh.xlsx"
    big.write_bytes(big.read_bytes()[: big.stat().st_size // 10])
    assert save_night(own.repository, own.stage()).complete
    accept(own.repository.state, POLICY, "hieu-pho")
    result = care_for(own.repository, POLICY, TODAY)
    assert "hụt: landing/csdl còn 1/1 tệp" in result.problems[0]
    assert "không xóa đêm cũ nào vì" in result.problems[1]
    assert len(own.repository.snapshots()) == 12
    assert save_night(own.repository, own.stage()).complete  # just as small: red until a person has looked
    assert len(care_for(own.repository, POLICY, TODAY).problems) == 2
    trust_size(own.repository)
    assert care_for(own.repository, POLICY, TODAY).problems == ()
    assert len(own.repository.snapshots()) == 7


def test_a_partial_night_is_no_good_one_for_the_policy(own: School) -> None:
    staged = own.stage()
    shutil.rmtree(own.data / "exports")
    partial = save_night(own.repository, staged)
    assert not partial.complete
    assert own.repository.snapshots()[-1].partial
    plan = retention_of(own.repository, POLICY)
    assert plan.keep[partial.id] == ("chưa trọn vẹn",)
    assert len(plan.keep) == 8
    assert plain_restic(own, "snapshots", "--tag", "partial", "--json").stdout.count('"short_id"') == 1


def test_damage_in_the_share_that_is_due_is_a_problem(own: School) -> None:
    packs = [file for file in (own.data / "backups/restic/data").rglob("*") if file.is_file()]
    problems = []
    for pack in packs:
        content = bytearray(pack.read_bytes())
        content[40] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)
    for week in range(13):
        problems += care_for(own.repository, None, TODAY + timedelta(days=7 * week)).problems
    assert any("Kho sao lưu bị hỏng" in problem for problem in problems)
