"""Nights over a real QLNT database: results are approved, then the database is changed, and every changed cell is told."""
# ruff: noqa: S608 - statements of this file on a database of its own

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from connectors.demo import DemoOptions, write_demo
from expectations.ledger import load_result
from expectations.readiness import Readiness
from flows.approving import LOG, NotReady, approvals, approve, damage_lines, place_to_approve, results_of
from flows.checking import check_night, hold_back, write_quality_report
from flows.cli.demo import DEMO_SETTINGS
from flows.home import Home, open_home
from flows.pulling import night_snapshot, pull, take_snapshot
from flows.waiving import Asked, newest_night, waive
from infra.errors import ConfigurationError

FIRST, SECOND, THIRD = date(2027, 5, 31), date(2027, 6, 1), date(2027, 6, 2)
APPROVED, OPEN = "1A", "2A"
Told = dict[tuple[str, str], tuple[str | None, str]]  # (number of the rule, key) -> value tonight, what it was


@dataclass(frozen=True)
class School:
    """A demo school without a fault, whose nights run as plain functions."""

    home: Home

    def night(self, day: date) -> pl.DataFrame:
        """Pull all systems, snapshot, check; returns the findings on changes."""
        systems = list(self.home.settings.sources)
        for system in systems:
            pull(self.home, system, day)
        take_snapshot(self.home, day, systems)
        check_night(self.home, day)
        return self.changes(day)

    def changes(self, day: date) -> pl.DataFrame:
        findings = load_result(self.home.folder("findings", day)).findings
        return findings.filter(pl.col("rule").str.contains("^QC-(15.4|19.7)/"))

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.home.root / "sources" / "qlnt" / "qlnt.sqlite")) as connection, connection:
            for statement in statements:
                assert connection.execute(statement).rowcount == 1, statement

    def one(self, query: str) -> str:
        with closing(sqlite3.connect(self.home.root / "sources" / "qlnt" / "qlnt.sqlite")) as connection:
            return str(connection.execute(query).fetchone()[0])

    def approve(self, class_name: str, day: date) -> None:
        snapshot = night_snapshot(self.home, day)
        place_to_approve(results_of(self.home, snapshot), class_name, "CN")
        approve(self.home, snapshot, (class_name, "CN"), "Hiệu trưởng", "họp xét")

    def state(self, class_name: str, day: date) -> str:
        entry = results_of(self.home, night_snapshot(self.home, day))
        return next(place.state for place in entry.at("CN") if place.class_name == class_name)


@pytest.fixture
def school(tmp_path: Path) -> School:
    write_demo(tmp_path / "sources", DemoOptions(pupils=60, seed=4, day=FIRST, clean=True, mails=5))
    text = DEMO_SETTINGS.format(day=FIRST.isoformat()).partition("[mail]")[0]
    (tmp_path / "truong.toml").write_text(text, encoding="utf-8")
    return School(open_home(tmp_path / "truong.toml"))


def mark_of(class_name: str, subject: str, place: int) -> str:
    """The condition of one pupil's mark at the end of the year."""
    of = f"lop = '{class_name}' AND mon = '{subject}' AND thoi_diem = 'CK2'"
    return f"id = (SELECT id FROM diem WHERE {of} ORDER BY ma_hs LIMIT 1 OFFSET {place})"


def change_a_class(school: School, class_name: str) -> Told:
    """Another score, a mark gone, another level of a quality; returns what must be told."""
    score, gone = f"diem WHERE {mark_of(class_name, 'TO', 0)}", f"diem WHERE {mark_of(class_name, 'DD', 1)}"
    of_class = f"lop = '{class_name}' AND ma_nlpc = 'YN' AND thoi_diem = 'CK2'"
    quality = f"nang_luc_pham_chat WHERE id = (SELECT min(id) FROM nang_luc_pham_chat WHERE {of_class})"
    old = school.one(f"SELECT CAST(CAST(diem AS REAL) AS INT) FROM {score}")
    new = "8" if old != "8" else "7"
    told: Told = {
        ("2", school.one(f"SELECT ma_hs || '|TO|CN' FROM {score}")): (new, old),
        ("1", school.one(f"SELECT ma_hs || '|DD|CN' FROM {gone}")): (None, school.one(f"SELECT muc FROM {gone}")),
        ("3", school.one(f"SELECT ma_hs || '|YN|CN' FROM {quality}")): ("C", school.one(f"SELECT muc FROM {quality}")),
    }
    updates = ((score, f"diem = '{new}'"), (quality, "muc = 'C'"))
    school.run(f"DELETE FROM {gone}", *(f"UPDATE {row.replace(' WHERE', f' SET {value} WHERE', 1)}" for row, value in updates))
    return told


def as_told(findings: pl.DataFrame, family: str) -> Told:
    of = findings.filter(pl.col("rule").str.starts_with(family))
    rows = of.select("rule", "key", "value", "expected").iter_rows()
    return {(rule.partition("/")[2], key): (value, expected) for rule, key, value, expected in rows}


def test_what_changes_after_the_approval_or_the_due_date_is_told_cell_by_cell(school: School) -> None:
    assert school.night(FIRST).is_empty()
    assert load_result(school.home.folder("findings", FIRST)).findings.is_empty()
    school.approve(APPROVED, FIRST)
    approved, open_still = change_a_class(school, APPROVED), change_a_class(school, OPEN)
    result = f"id = (SELECT min(id) FROM ket_qua_nam WHERE lop = '{APPROVED}' AND ket_qua = 'HT')"
    code = school.one(f"SELECT ma_hs FROM ket_qua_nam WHERE {result}")
    school.run(f"UPDATE ket_qua_nam SET ket_qua = 'HTT' WHERE {result}")
    approved["4", code] = ("HTT", "HT")

    for day in (SECOND, THIRD):  # it stays told, also when nothing more happens
        findings = school.night(day)
        assert as_told(findings, "QC-15.4") == {
            place: (new, f"đã duyệt: {old} (số liệu đêm 31/05/2027)") for place, (new, old) in approved.items()
        }
        assert as_told(findings, "QC-19.7") == {place: (new, f"như đêm 31/05/2027: {old}") for place, (new, old) in open_still.items()}
        assert set(findings["class_name"]) == {APPROVED, OPEN}
    assert school.state(APPROVED, THIRD) == Readiness.CHANGED
    assert set(findings["nights_open"]) == {2}


def test_the_same_nights_and_approvals_give_the_same_bytes(school: School) -> None:
    school.night(FIRST)
    school.approve(APPROVED, FIRST)
    change_a_class(school, APPROVED)
    school.night(SECOND)
    hold_back(school.home, SECOND)
    folders = [school.home.folder(name, SECOND) for name in ("findings", "reports")]
    write_quality_report(school.home, SECOND, (), None)
    before = [(file.name, file.read_bytes()) for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    check_night(school.home, SECOND)
    write_quality_report(school.home, SECOND, (), None)
    assert [(file.name, file.read_bytes()) for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()] == before
    assert not list(school.home.folder("reports").glob("*~*"))
    page = (folders[1] / "bao-cao-chat-luong.html").read_text(encoding="utf-8")
    assert "1 lớp đã duyệt, sau đó có sửa" in page


def test_a_class_lacking_something_is_not_approved_and_says_why(school: School) -> None:
    school.run(f"DELETE FROM diem WHERE {mark_of(APPROVED, 'TO', 0)}")
    school.night(FIRST)
    with pytest.raises(NotReady, match=r"Chưa duyệt được: thiếu 1 kết quả; 1 chỗ chặn \[1A CN\]"):
        school.approve(APPROVED, FIRST)
    with pytest.raises(ConfigurationError, match="Không có lớp «9Z»"):
        school.approve("9Z", FIRST)
    assert approvals(school.home) == ([], 0)


def test_what_is_a_signed_exception_does_not_stand_in_the_way(school: School) -> None:
    row = mark_of(APPROVED, "DD", 0)
    key = f"{school.one(f'SELECT ma_hs FROM diem WHERE {row}')}|DD|CN"
    school.run(f"UPDATE diem SET diem = '9' WHERE {row}")
    school.night(FIRST)
    with pytest.raises(NotReady, match="1 chỗ chặn"):
        school.approve(APPROVED, FIRST)
    asked = Asked("TT27-7.1c/1", key, "điểm thi tìm hiểu, giữ lại theo biên bản", FIRST, "Phó hiệu trưởng")
    waive(school.home, newest_night(school.home), asked, FIRST)
    check_night(school.home, FIRST)
    school.approve(APPROVED, FIRST)
    assert school.state(APPROVED, FIRST) == Readiness.APPROVED


def test_approved_again_after_a_change_nothing_is_left_to_tell(school: School) -> None:
    school.night(FIRST)
    school.approve(APPROVED, FIRST)
    with pytest.raises(NotReady, match="đã được duyệt và chưa có gì thay đổi"):
        school.approve(APPROVED, FIRST)
    # a pupil of result HT with one level T or H more or less is still of result HT: nothing else is wrong
    pupils = f"SELECT ma_hs FROM ket_qua_nam WHERE lop = '{APPROVED}' AND ket_qua = 'HT'"
    music = f"SELECT min(id) FROM diem WHERE mon = 'AN' AND thoi_diem = 'CK2' AND ma_hs IN ({pupils})"
    school.run(f"UPDATE diem SET muc = CASE muc WHEN 'T' THEN 'H' ELSE 'T' END WHERE id = ({music})")
    assert school.night(SECOND)["rule"].to_list() == ["QC-15.4/1"]
    assert school.state(APPROVED, SECOND) == Readiness.CHANGED
    school.approve(APPROVED, SECOND)
    assert school.night(THIRD).is_empty()
    assert school.state(APPROVED, THIRD) == Readiness.APPROVED


def test_the_log_says_who_when_and_why_and_a_line_changed_by_hand_is_told_and_not_used(school: School) -> None:
    school.night(FIRST)
    school.approve(APPROVED, FIRST)
    school.approve(OPEN, FIRST)
    (entry, other), damaged = approvals(school.home)
    assert (entry.class_name, entry.time, entry.day, entry.by, entry.why, damaged) == (APPROVED, "CN", FIRST, "Hiệu trưởng", "họp xét", 0)
    assert entry.when.endswith("+07:00")
    assert entry.who
    assert set(pl.read_parquet(entry.approval.cells)["table"]) == {"marks", "traits", "year_results"}
    assert (entry.approval.cells.parent.stat().st_mode & 0o777) == 0o700
    assert damage_lines(school.home) == ()

    log = school.home.folder("accepted") / "results" / LOG
    first, second = log.read_text(encoding="utf-8").splitlines()
    log.write_text(f"{first.replace('họp xét', 'không họp')}\n{second}\n{second[:40]}\n", encoding="utf-8")
    whole, damaged = approvals(school.home)
    assert (whole, damaged) == ([other], 2)
    other.approval.cells.write_bytes(b"")
    assert approvals(school.home) == ([], 3)
    assert "3 dòng hỏng" in "".join(check_night(school.home, FIRST).lines)
    page = write_quality_report(school.home, FIRST, (), None).paths["report"]
    assert "sổ duyệt kết quả có 3 dòng hỏng" in Path(page).read_text(encoding="utf-8")
