from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records.snapshot import write_snapshot
from expectations.findings import no_findings
from expectations.ledger import earlier_summaries
from expectations.report import wording
from expectations.report.ordering import class_order
from expectations.report.page import figures, rule_tone
from expectations.report.summary import summarise
from expectations.rule import Severity
from tests.unit.report.conftest import make_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expectations.report.content import ReportContent


def test_severities_add_up_to_the_findings(content: ReportContent) -> None:
    summary = summarise(content)
    assert summary.severities == {Severity.STOP: 0, Severity.BLOCK: 2, Severity.REVIEW: 10, Severity.REMIND: 1}
    assert summary.total == content.findings.height == sum(line.total for line in summary.owners)


def test_today_starts_with_the_gravest(content: ReportContent) -> None:
    today = summarise(content).today
    assert len(today) == 5
    assert [group.rule.code for group in today[:3]] == ["ID-4/3", "TT27-7.1e", "QC-19.6/8"]
    assert today[2].classes == (("1A", 2),)


def test_a_rule_on_disability_names_no_class(content: ReportContent) -> None:
    group = next(group for group in summarise(content).groups if group.rule.code == "HS-2/1")
    assert (group.classes, group.class_count) == ((), 1)
    assert "5/2" not in wording.concerns(group)


def test_classes_come_in_school_order_and_with_those_that_have_nothing_to_do(content: ReportContent) -> None:
    lines = summarise(content).classes
    assert [(line.name, line.pupils, line.total) for line in lines] == [("1A", 8, 5), ("3A", 8, 0), ("5/2", 8, 5)]
    assert sorted(["10A", "2B", "3/10", "3/2", "2A"], key=class_order) == ["2A", "2B", "3/2", "3/10", "10A"]


def test_sources_tell_the_age_of_their_own_data(content: ReportContent) -> None:
    sources = summarise(content).sources
    assert [(source.system, source.age, source.fresh) for source in sources] == [("qlnt", 0, True), ("csdl", 4, True), ("staff", 33, False)]
    assert [wording.age_tone(source) for source in sources] == ["good", "warn", "bad"]
    assert "30/05/2027" in wording.pulled(sources[2])


def test_fields_are_counted_in_the_schools_own_book(content: ReportContent) -> None:
    complete = summarise(content).completeness
    first = complete.classes[0]
    assert (first.class_name, first.pupils) == ("1A", 8)
    assert first.missing == (0, 0, 0, 0, 1, 0, 0, 1)
    assert (complete.pupils, complete.complete) == (24, 23)


def test_a_field_that_a_system_does_not_deliver_is_unknown(content: ReportContent) -> None:
    systems = {line.class_name: line.missing for line in summarise(content).completeness.systems}
    assert systems["csdl"][5] is None  # no policy category in the sector database's export
    assert systems["csdl"][7] == 1
    assert systems["qlnt"][5] == 0


def test_grade_entry_counts_single_marks_and_whole_gradebooks(content: ReportContent) -> None:
    classes = dict(summarise(content).progress.classes)
    assert classes["1A"]["CN"].missing == 0
    assert classes["5/2"]["CN"].missing == 1
    assert classes["5/2"]["GK2"].missing == 8  # nobody of eight pupils has a level
    assert classes["1A"]["GK1"].filled == 8 * 8


def test_what_is_not_due_is_not_missing(make: Callable[..., ReportContent]) -> None:
    early = summarise(make(day=date(2026, 12, 1)))
    assert [due for _, _, due in early.progress.times] == [True, False, False, False]


def test_change_since_the_last_night(content: ReportContent) -> None:
    change = summarise(content).change
    assert change is not None
    assert (change.new, change.still, change.gone) == (12, 1, 17)
    assert "30/05/2027" in wording.change_line(change)


def test_a_first_night_has_no_change(make: Callable[..., ReportContent]) -> None:
    summary = summarise(make(earlier=()))
    assert summary.change is None
    assert len(summary.trend) == 1
    assert figures(summary)[4].tone == "grey"


def test_zero_rows_are_grey_and_never_green(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    content = make(findings=no_findings(), examined={})
    summary = summarise(content)
    assert {rule_tone(line) for line in summary.rules} == {"none"}
    assert {figure.tone for figure in figures(summary)[:3]} == {"grey"}
    nothing = summarise(replace(content, snapshot=write_snapshot(tmp_path / "nothing", date(2027, 5, 31), {}, {})))
    assert {figure.tone for figure in figures(nothing)[:4]} == {"grey"}
    assert summary.completeness.pupils == 0
    assert all(missing is None for line in summary.completeness.classes for missing in line.missing)
    assert wording.headline(summary) == "Đêm nay chưa có dữ liệu để kiểm tra."


def test_clean_data_is_green(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    whole = make_snapshot(tmp_path / "whole", ("1A", "3A"), 8, complete=True)
    summary = summarise(make(findings=no_findings(), snapshot=whole))
    assert [figure.tone for figure in figures(summary)[:4]] == ["good"] * 4
    assert summary.not_examined == 1
    assert "1 quy tắc chưa đủ dữ liệu" in wording.second_line(summary)


@pytest.mark.parametrize(
    ("severity", "start"),
    [
        (Severity.STOP, "Đêm nay dừng"),
        (Severity.BLOCK, "Có 13 chỗ phải sửa"),
        (Severity.REVIEW, "Không có gì bị chặn. Còn 13"),
    ],
)
def test_the_headline_tells_the_worst(make: Callable[..., ReportContent], severity: Severity, start: str) -> None:
    content = make()
    found = content.findings.with_columns(severity=pl.lit(severity.value))
    assert wording.headline(summarise(replace(content, findings=found))).startswith(start)


def test_earlier_nights_are_read_oldest_first_without_retired_folders(tmp_path: Path) -> None:
    for folder, count in (("2027-05-29", 3), ("2027-05-30", 2), ("2027-05-30~1", 9), ("2027-05-31", 1), ("2027-05-28", None)):
        (tmp_path / folder).mkdir()
        if count is not None:
            (tmp_path / folder / "summary.json").write_text(json.dumps({"by_severity": {"chặn": count}}), encoding="utf-8")
    earlier = earlier_summaries(tmp_path, date(2027, 5, 31))
    assert [(night["day"], night["by_severity"]["chặn"]) for night in earlier] == [("2027-05-29", 3), ("2027-05-30", 2)]
    assert earlier_summaries(tmp_path / "none", date(2027, 5, 31)) == []
