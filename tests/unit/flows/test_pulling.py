"""The breaker in the night: what trips it, what stands in, what a person lets pass, and when that is over."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.contract import ContractBroken, Kind
from connectors.records.snapshot import open_snapshot
from flows.accepting import ACCEPTED_DAYS, accept, acceptances, accepted_tables, without_accepted_drift
from flows.night_record import NightRecord, StepResult, load_records, save_record
from flows.pulling import good_nights, pull
from flows.pulling_aside import ASIDE, pull_aside
from infra.errors import ConfigurationError, ExitCode
from tests.unit.flows.pulling_home import FIRST, SETTINGS, School, new_school

if TYPE_CHECKING:
    from pathlib import Path


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture
def school(tmp_path: Path) -> School:
    """Three good nights of 120 pupils."""
    made = new_school(tmp_path / "trường", 120)
    for number in range(3):
        assert not made.night(day(number)).problem
    return made


def accept_now(school: School, when: date, why: str = "chuyển lớp sang cơ sở mới") -> None:
    (pulled,) = pull_aside(school.home, ["qlnt"], when)
    assert pulled.snapshot is not None
    accept(school.home, pulled.snapshot, when, why, pulled.verdict.tripped)


def test_a_fall_trips_and_the_last_good_data_stands_in(school: School) -> None:
    school.pupils(60)
    result = school.night(day(3))
    assert result.exit_code == ExitCode.DATA_STOPPED_EXPORT
    for told in ("bảng Học sinh 60 dòng, thường 120 (giảm 50 %)", "[qlnt]", "truong accept-change qlnt --reason"):
        assert told in result.problem
    state = open_snapshot(school.home.folder("snapshots", day(3))).sources["qlnt"]
    assert (state.fresh, state.taken_from, school.rows(day(3))) == (False, day(2), 120)
    record = load_records(school.home)[-1]
    assert record.exit_code == ExitCode.DATA_STOPPED_EXPORT
    assert (school.home.folder("landing", day(3)) / "qlnt" / "hoc_sinh.parquet").is_file(), "what was refused stays to be looked into"


def test_only_nights_without_a_problem_of_the_source_count_as_good(school: School) -> None:
    school.pupils(60)
    for number in (3, 4, 5):
        assert school.night(day(number)).problem, "a tripped night must not become what is usual"
    assert [night.day for night in good_nights(school.home, "qlnt", day(6), 5)] == [day(2), day(1), day(0)]
    school.pupils(121)
    assert not school.night(day(6)).problem
    assert [night.day for night in good_nights(school.home, "qlnt", day(7), 2)] == [day(6), day(2)]


def test_a_night_without_a_record_or_with_a_broken_manifest_is_no_good_night(school: School) -> None:
    (school.home.folder("nights") / f"{day(2)}.json").unlink()
    (school.home.folder("snapshots", day(1)) / "manifest.json").write_text("{", encoding="utf-8")
    assert [night.day for night in good_nights(school.home, "qlnt", day(3), 5)] == [day(0)]
    save_record(school.home, NightRecord(day(2).isoformat(), "", (StepResult("pull-csdl", ""),)))
    assert [night.day for night in good_nights(school.home, "qlnt", day(3), 5)] == [day(0)]


def test_a_night_whose_record_tells_a_problem_of_the_source_is_no_good_night_whatever_its_snapshot_says(school: School) -> None:
    save_record(school.home, NightRecord(day(2).isoformat(), "", (StepResult("pull-qlnt", "", problem="không kéo được", exit_code=11),)))
    assert [night.day for night in good_nights(school.home, "qlnt", day(3), 5)] == [day(1), day(0)]
    save_record(
        school.home, NightRecord(day(1).isoformat(), "", (StepResult("pull-qlnt", ""), StepResult("check", "", problem="x", exit_code=12)))
    )
    assert [night.day for night in good_nights(school.home, "qlnt", day(3), 5)] == [day(1), day(0)], (
        "another step's problem is not the source's"
    )


def test_the_first_night_has_only_the_settings_to_speak(tmp_path: Path) -> None:
    assert not new_school(tmp_path / "a", 3).night(FIRST).problem
    made = new_school(tmp_path / "b", 3, SETTINGS + "min_rows = { pupils = 4 }\n")
    with pytest.raises(ContractBroken, match="bảng Học sinh chỉ có 3 dòng"):
        pull(made.home, "qlnt", FIRST)
    wrong = new_school(tmp_path / "c", 3, SETTINGS + "min_rows = { pupil = 4 }\n")
    with pytest.raises(ConfigurationError, match="pupil"):
        pull(wrong.home, "qlnt", FIRST)


def test_the_pull_says_what_is_only_to_be_known(tmp_path: Path) -> None:
    made = new_school(tmp_path, 3)
    made.run("DELETE FROM thong_tin")
    result = made.night(FIRST)
    assert not result.problem
    assert result.lines == ("nguồn không cho biết ngày của số liệu, nên không xét được mới hay cũ",)


def test_a_lost_optional_column_is_told_with_the_line_to_paste(school: School) -> None:
    school.run("ALTER TABLE hoc_sinh RENAME loai_khuyet_tat TO loai_khuyettat")
    problem = school.night(day(3)).problem
    assert 'disability = ["loai_khuyet_tat", "loai_khuyettat"]' in problem
    assert "[tables.optional] của qlnt_2026.toml" in problem


def test_an_accepted_state_passes_from_the_next_pull_on_and_becomes_what_is_usual(school: School) -> None:
    school.pupils(60)
    assert school.night(day(3)).problem
    accept_now(school, day(3))
    for number in range(3, 8):
        result = school.night(day(number))
        assert not result.problem
        assert bool(result.lines) is (number < 6), "after three nights it needs no acceptance any more"
    assert school.rows(day(7)) == 60


def test_an_acceptance_lets_pass_what_lies_between_and_nothing_below(school: School) -> None:
    school.pupils(60)
    accept_now(school, day(3))
    school.pupils(75)
    assert not school.night(day(3)).problem
    school.pupils(59)
    assert school.night(day(4)).problem
    school.pupils(0)
    assert school.night(day(5)).problem


def test_an_acceptance_is_over_when_the_counts_came_back(school: School) -> None:
    school.pupils(60)
    accept_now(school, day(3))
    assert not school.night(day(3)).problem
    school.pupils(120)
    assert not school.night(day(4)).problem
    school.pupils(60)
    assert school.night(day(5)).problem


def test_an_acceptance_is_used_neither_before_its_day_nor_after_a_month(school: School) -> None:
    school.pupils(60)
    accept_now(school, day(5))
    assert school.night(day(4)).problem
    last = day(5) + timedelta(days=ACCEPTED_DAYS)
    assert school.night(last + timedelta(days=1)).problem
    assert accepted_tables(school.home, "qlnt", last) == {"pupils", "guardians"}
    assert not accepted_tables(school.home, "qlnt", last + timedelta(days=1))
    assert not school.night(last).problem


def test_an_accepted_fall_is_no_drift_that_stops_the_export(school: School) -> None:
    school.pupils(50)
    drift = [("BD-1", "qlnt", "drift", "pupils"), ("BD-1", "qlnt", "drift", "marks"), ("BD-1", "csdl", "drift", "pupils")]
    findings = pl.DataFrame([*drift, ("HS-8", "qlnt", "pupils", "pupils")], schema=["rule", "system", "table", "key"], orient="row")
    assert without_accepted_drift(school.home, findings, day(3)).equals(findings)
    accept_now(school, day(3))
    assert without_accepted_drift(school.home, findings, day(3)).rows() == [drift[1], drift[2], ("HS-8", "qlnt", "pupils", "pupils")]
    assert without_accepted_drift(school.home, findings, day(3 + ACCEPTED_DAYS + 1)).equals(findings)


def test_the_log_holds_who_when_why_and_the_exact_state_and_only_grows(school: School) -> None:
    school.pupils(60)
    accept_now(school, day(3), "lý do một")
    first = (school.home.folder("accepted") / "qlnt.jsonl").read_bytes()
    school.pupils(40)
    accept_now(school, day(4), "lý do hai")
    written = (school.home.folder("accepted") / "qlnt.jsonl").read_bytes()
    assert written.startswith(first)
    entry = json.loads(written.splitlines()[0])
    assert (entry["why"], entry["day"], entry["state"]["rows"]["pupils"]) == ("lý do một", day(3).isoformat(), 60)
    assert entry["who"]
    assert entry["when"]
    assert entry["state"]["data_as_of"] == "2027-05-31"
    assert "full_name" in entry["state"]["columns"]["pupils"]
    assert entry["digest"].startswith("sha256:")
    assert b"Tr\xe1\xba\xa7n" not in written, "no name of a person"


def test_a_line_changed_by_hand_or_torn_does_not_count_and_harms_no_other(school: School) -> None:
    school.pupils(60)
    accept_now(school, day(3))
    file = school.home.folder("accepted") / "qlnt.jsonl"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"now": 60', '"now": 1').strip() + '\n{"when": "2026-', encoding="utf-8")
    assert acceptances(school.home, "qlnt") == []
    assert school.night(day(3)).problem
    accept_now(school, day(3))
    assert len(acceptances(school.home, "qlnt")) == 1
    assert not school.night(day(3)).problem


def test_pulling_aside_touches_no_night_and_leaves_nothing(school: School) -> None:
    before = sorted(path for path in school.home.data.rglob("*"))
    school.pupils(60)
    (pulled,) = pull_aside(school.home, ["qlnt"], day(3))
    assert [breach.kind for breach in pulled.verdict.tripped] == [Kind.CHANGE, Kind.CHANGE]
    assert sorted(path for path in school.home.data.rglob("*")) == before
    school.database.unlink()
    (failed,) = pull_aside(school.home, ["qlnt"], day(3))
    assert failed.error is not None
    assert failed.error.exit_code == ExitCode.SOURCE
    assert sorted(path for path in school.home.data.rglob("*")) == before


def test_what_a_killed_pull_left_goes_with_the_next(school: School) -> None:
    left = school.home.folder(ASIDE) / "4194305" / "pull" / "landing"  # a number that no process can have
    left.mkdir(parents=True)
    pull_aside(school.home, ["qlnt"], day(3))
    assert not school.home.folder(ASIDE).exists()


def test_one_sources_wrong_settings_are_not_anothers(tmp_path: Path) -> None:
    other = '[sources.csdl]\nkind = "folder"\npath = "csdl"\ncolumn_map = "khong_co"\n'
    made = new_school(tmp_path, 3, SETTINGS + other)
    assert not pull(made.home, "qlnt", FIRST).problem
    with pytest.raises(ConfigurationError, match="khong_co"):
        pull(made.home, "csdl", FIRST)
    with pytest.raises(ConfigurationError, match="lms"):
        pull(made.home, "lms", FIRST)


def test_the_same_nights_give_the_same_verdict_twice(school: School) -> None:
    school.pupils(60)
    assert school.night(day(3)).problem == school.night(day(3)).problem
