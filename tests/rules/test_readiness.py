"""Which classes' results can be approved, and what stands in the way (Điều 15.4)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connectors.records.quarantine import NOT_A_ROW, UNREADABLE, quarantined
from connectors.records.snapshot import Snapshot, write_snapshot
from expectations.check import CheckContext, check
from expectations.findings import FINDING_SCHEMA, no_findings
from expectations.progress import grade_entry
from expectations.readiness import Readiness, readiness
from expectations.rules import all_rules
from infra.settings import Limits
from tests.rules.school_tables import Tables, book, character, pupil, school_class, snapshot_of
from tests.rules.test_changes import approved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from expectations.views.approvals import Approval

Places = dict[tuple[str, str], dict[str, Any]]  # (class, time) -> its row
DAY = date(2027, 1, 20)  # GK1 and CK1 are due
CODE, OTHER = "7900000001", "7900000002"


def two_classes() -> Tables:
    """3A and 3B with one pupil each who has all that GK1 and CK1 ask for."""
    times = ("GK1", "CK1")
    homes = ((CODE, "3A"), (OTHER, "3B"))
    return {
        "pupils": [pupil(code, class_name=name) for code, name in homes],
        "classes": [school_class(name) for _, name in homes],
        "marks": [row for code, name in homes for row in book(code, 3, times, class_name=name)],
        "traits": [row for code, name in homes for row in character(code, 3, times, class_name=name)],
    }


def finding(severity: str, table: str = "marks", key: str = f"{CODE}|TO|CK1", **values: Any) -> dict[str, Any]:  # noqa: ANN401 - test data
    usual = {"rule": "X-1", "severity": severity, "system": "qlnt", "table": table, "key": key, "class_name": "3A"}
    return dict.fromkeys(FINDING_SCHEMA) | usual | values


def judged(night: Snapshot, findings: Sequence[dict[str, Any]] = (), approvals: Sequence[Approval] = ()) -> Places:
    frame = pl.DataFrame(list(findings), schema=FINDING_SCHEMA) if findings else no_findings()
    places = readiness(grade_entry(night, night.day), frame, night, approvals)
    return {(row["class_name"], row["time"]): row for row in places.iter_rows(named=True)}


def told(row: dict[str, Any]) -> tuple[str, int, int, int, int]:
    return row["state"], row["missing"], row["blocked"], row["aside"], row["to_review"]


@pytest.fixture
def night(tmp_path: Path) -> Snapshot:
    return snapshot_of(tmp_path, two_classes(), DAY)


def test_a_class_without_anything_in_the_way_is_ready(night: Snapshot) -> None:
    places = judged(night)
    assert {place: row["state"] for place, row in places.items()} == {
        ("3A", "GK1"): Readiness.READY, ("3A", "CK1"): Readiness.READY, ("3A", "GK2"): Readiness.NOT_DUE, ("3A", "CN"): Readiness.NOT_DUE,
        ("3B", "GK1"): Readiness.READY, ("3B", "CK1"): Readiness.READY, ("3B", "GK2"): Readiness.NOT_DUE, ("3B", "CN"): Readiness.NOT_DUE,
    }  # fmt: skip
    assert told(places["3A", "CK1"]) == (Readiness.READY, 0, 0, 0, 0)
    assert places["3A", "CK1"]["expected"] == 12  # eleven subjects, and qualities and competences


@pytest.mark.parametrize(
    ("found", "state", "blocked", "to_review"),
    [
        (finding("chặn"), Readiness.NOT_READY, 1, 0),
        (finding("xem kỹ"), Readiness.LOOK_FIRST, 0, 1),
        (finding("nhắc"), Readiness.READY, 0, 0),
        (finding("chặn", "traits", f"{CODE}|YN|CK1"), Readiness.NOT_READY, 1, 0),
        (finding("chặn", key="3A|THCN|CK1"), Readiness.NOT_READY, 1, 0),
        (finding("chặn", key=f"{CODE}|TO|GK1"), Readiness.READY, 0, 0),
        (finding("chặn", class_name="3B"), Readiness.READY, 0, 0),
        (finding("chặn", "pupils", CODE), Readiness.READY, 0, 0),
        (finding("chặn", "year_results", CODE), Readiness.READY, 0, 0),
        (finding("chặn", system="csdl"), Readiness.READY, 0, 0),
        (finding("chặn", key="qlnt#diem#muc", class_name=None), Readiness.NOT_READY, 1, 0),
        (finding("dừng", "drift", "marks", class_name=None), Readiness.NOT_READY, 1, 0),
        (finding("dừng", "drift", "pupils", class_name=None), Readiness.READY, 0, 0),
        (finding("xem kỹ", rule="TT27-7.1a/1"), Readiness.READY, 0, 0),
    ],
)
def test_only_findings_on_the_results_of_the_class_and_time_count(
    found: dict[str, Any], state: Readiness, blocked: int, to_review: int, night: Snapshot
) -> None:
    assert told(judged(night, [found])["3A", "CK1"]) == (state, 0, blocked, 0, to_review)


def test_a_year_result_stands_at_the_end_of_the_year(tmp_path: Path) -> None:
    night = snapshot_of(tmp_path, two_classes(), date(2027, 5, 31))
    places = judged(night, [finding("chặn", "year_results", CODE)])
    assert (places["3A", "CN"]["blocked"], places["3A", "CK1"]["blocked"], places["3B", "CN"]["blocked"]) == (1, 0, 0)


def test_one_missing_mark_is_enough(tmp_path: Path) -> None:
    tables = two_classes()
    del tables["marks"][0]
    places = judged(snapshot_of(tmp_path, tables, DAY))
    assert told(places["3A", "GK1"]) == (Readiness.NOT_READY, 1, 0, 0, 0)
    assert places["3A", "GK1"]["empty"] == 1  # its only pupil has nothing in this book
    assert told(places["3A", "CK1"])[0] == Readiness.READY


def test_a_complete_class_can_be_approved_before_the_due_date(tmp_path: Path) -> None:
    places = judged(snapshot_of(tmp_path, two_classes(), date(2026, 11, 10)))
    assert {row["state"] for (_, time), row in places.items() if time in {"GK1", "CK1"}} == {Readiness.READY.value}


def test_a_class_of_nobody_and_marks_that_nobody_delivers_are_grey(tmp_path: Path) -> None:
    tables = two_classes()
    tables["classes"].append(school_class("4B"))
    assert judged(snapshot_of(tmp_path / "1", tables, DAY))["4B", "CK1"]["state"] == Readiness.UNKNOWN
    night = snapshot_of(tmp_path / "2", tables, DAY, delivered={("qlnt", "traits"): ()})
    assert {row["state"] for row in judged(night).values()} == {Readiness.UNKNOWN.value}


@pytest.mark.parametrize(
    ("values", "reason", "aside"),
    [
        ({"lop": "3A", "muc": "?"}, UNREADABLE, 1),
        ({"lop": "3A", "muc": "?"}, NOT_A_ROW, 0),
        ({"lop": "3B", "muc": "?"}, UNREADABLE, 0),
        ({"lop": "3AB", "muc": "?"}, UNREADABLE, 0),
    ],
)
def test_rows_set_aside_that_name_the_class_stand_in_the_way(values: dict[str, str], reason: str, aside: int, tmp_path: Path) -> None:
    night = snapshot_of(tmp_path / "plain", two_classes(), DAY)
    origin = {"table": "marks", "reason": reason, "source_system": "qlnt", "source_file": "qlnt", "source_sheet": "diem"}
    rows = quarantined(pl.LazyFrame({name: [text] for name, text in values.items()}), origin)
    frames = {table: night.scan(table).collect() for table in night.rows}
    row = judged(write_snapshot(tmp_path / "aside", DAY, frames, night.sources, rows))["3A", "CK1"]
    assert told(row) == (Readiness.NOT_READY if aside else Readiness.READY, 0, 0, aside, 0)


def test_approved_is_told_until_something_changes(tmp_path: Path) -> None:
    before = snapshot_of(tmp_path / "before", two_classes(), DAY)
    approval = approved(tmp_path, before, "3A", "CK1")
    assert judged(before, [], [approval])["3A", "CK1"]["state"] == Readiness.APPROVED
    assert judged(before, [], [approval])["3B", "CK1"]["state"] == Readiness.READY
    tables = two_classes()
    changed = next(row for row in tables["marks"] if (row["pupil_code"], row["subject"], row["time"]) == (CODE, "TO", "CK1"))
    changed["score"] = "8"
    later = snapshot_of(tmp_path / "later", tables, date(2027, 1, 21))
    findings = check(later, all_rules(), CheckContext(later.day, Limits(), approvals=(approval,))).findings
    places = judged(later, findings.to_dicts(), [approval])
    assert (places["3A", "CK1"]["state"], places["3A", "CK1"]["changed"]) == (Readiness.CHANGED, 1)
    assert places["3A", "CK1"]["approved_on"] == DAY
