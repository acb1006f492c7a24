"""The ledger: since when a finding stands open, told from the newest earlier night; the same nights give the same bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import QualityResult
from expectations.findings import FINDING_SCHEMA, FOLDED_SCHEMA, ROOT, no_findings
from expectations.ledger import day_of, earlier_summaries, load_result, save_findings, severities_of, summary_of, with_history
from expectations.rule import Severity
from tests.unit.expectations.made_findings import finding, frame

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND, THIRD, FOURTH = (date(2027, 5, day) for day in (28, 29, 30, 31))
ONE, TWO = finding("ID-1", "7900000001"), finding("ID-1", "7900000002")
History = dict[str, tuple[str, int]]


def night(root: Path, day: date, *rows: dict[str, str | int | None]) -> History:
    """Save a night as the flow does; key -> (first seen, nights open)."""
    told = with_history(frame(*rows) if rows else no_findings(), day, root)
    save_findings(QualityResult(told, {"ID-1": 5}), root / day.isoformat(), day)
    return {str(key): (first, nights) for key, first, nights in told.select("key", "first_seen", "nights_open").iter_rows()}


def test_a_finding_of_the_first_night_is_new(tmp_path: Path) -> None:
    assert night(tmp_path, FIRST, ONE) == {"7900000001": ("2027-05-28", 1)}


def test_nights_are_counted_while_a_finding_stays(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    assert night(tmp_path, SECOND, ONE, TWO) == {"7900000001": ("2027-05-28", 2), "7900000002": ("2027-05-29", 1)}
    assert night(tmp_path, THIRD, ONE, TWO) == {"7900000001": ("2027-05-28", 3), "7900000002": ("2027-05-29", 2)}


def test_a_finding_that_was_gone_for_a_night_starts_anew(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE, TWO)
    night(tmp_path, SECOND, TWO)
    assert night(tmp_path, THIRD, ONE, TWO) == {"7900000001": ("2027-05-30", 1), "7900000002": ("2027-05-28", 3)}


def test_a_night_without_any_finding_closes_all(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    night(tmp_path, SECOND)
    assert night(tmp_path, THIRD, ONE) == {"7900000001": ("2027-05-30", 1)}


def test_a_night_that_was_not_checked_closes_nothing(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    (tmp_path / SECOND.isoformat()).mkdir()  # begun, never saved
    assert night(tmp_path, FOURTH, ONE) == {"7900000001": ("2027-05-28", 2)}


def test_a_value_that_changed_is_still_the_same_finding(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    moved = ONE | {"value": "khác", "source_row": 99, "message": "lời khác", "class_name": "3B"}
    assert night(tmp_path, SECOND, moved) == {"7900000001": ("2027-05-28", 2)}


@pytest.mark.parametrize("other", [{"rule": "ID-2"}, {"system": "csdl"}, {"table": "guardians"}])
def test_another_rule_system_or_table_is_another_finding(other: dict[str, str], tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    assert night(tmp_path, SECOND, ONE | other) == {"7900000001": ("2027-05-29", 1)}


def test_a_finding_without_a_key_keeps_its_history(tmp_path: Path) -> None:
    night(tmp_path, FIRST, finding("BD-1", None))
    assert night(tmp_path, SECOND, finding("BD-1", None)) == {"None": ("2027-05-28", 2)}


def test_retired_folders_are_no_nights(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    (tmp_path / FIRST.isoformat()).rename(tmp_path / f"{FIRST}~1")
    (tmp_path / "held").mkdir()
    assert night(tmp_path, SECOND, ONE) == {"7900000001": ("2027-05-29", 1)}
    assert [summary["day"] for summary in earlier_summaries(tmp_path, THIRD)] == ["2027-05-29"]


def test_later_nights_say_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    night(tmp_path, THIRD, ONE)
    assert night(tmp_path, SECOND, ONE) == {"7900000001": ("2027-05-29", 1)}


def test_the_same_night_again_gives_the_same_bytes_and_retires_nothing(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    again = [(night(tmp_path, SECOND, *rows), files_of(tmp_path / SECOND.isoformat())) for rows in ((ONE, TWO), (TWO, ONE))]
    assert again[0] == again[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2027-05-28", "2027-05-29"]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_other_findings_of_the_same_night_retire_the_old_folder(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    old = files_of(tmp_path / FIRST.isoformat())
    night(tmp_path, FIRST, ONE, TWO)
    assert files_of(tmp_path / f"{FIRST}~1") == old
    assert night(tmp_path, SECOND, TWO) == {"7900000002": ("2027-05-28", 2)}


def test_a_night_is_saved_whole_and_read_back(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE, TWO)
    files = ["examined.json", "findings.csv", "findings.parquet", "folded.parquet", "summary.json", "waived.parquet"]
    assert sorted(files_of(tmp_path / FIRST.isoformat())) == files
    result = load_result(tmp_path / FIRST.isoformat())
    assert result.examined == {"ID-1": 5}
    assert result.findings.schema == FINDING_SCHEMA
    assert result.findings["nights_open"].to_list() == [1, 1]


def test_a_night_that_was_not_checked_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_result(tmp_path / FIRST.isoformat())


def test_a_summary_holds_counts_and_no_record() -> None:
    rows = [
        ONE, TWO | {"class_name": "3B", "value": "Nguyễn Bímật"},
        finding("TT27-9.9", "7900000001", severity="chặn", table="year_results"),
        *(finding("TT27-7.1b", f"7900000001|TV|{time}", table="marks") for time in ("CK1", "CN")),
        finding("BD-1", None, severity="dừng", class_name=None),
    ]  # fmt: skip
    summary = summary_of(frame(*rows), FIRST)
    assert (summary["day"], summary["total"]) == ("2027-05-28", 6)
    assert summary["by_severity"] == {"dừng": 1, "chặn": 1, "xem kỹ": 4, "nhắc": 0}
    assert [line["rule"] for line in summary["rules"]] == ["BD-1", "TT27-9.9", "ID-1", "TT27-7.1b"]  # the gravest first
    of = {line["rule"]: (line["count"], line["records"], line["classes"]) for line in summary["rules"]}
    assert of["ID-1"] == (2, 2, 2)
    assert of["TT27-7.1b"] == (2, 1, 1)  # two marks of one pupil
    assert not any(text in json.dumps(summary, ensure_ascii=False) for text in ("7900000001", "Bímật", "3A"))


def test_earlier_summaries_are_the_newest_in_order(tmp_path: Path) -> None:
    for day, rows in ((FIRST, [ONE]), (SECOND, [ONE, TWO]), (THIRD, [])):
        night(tmp_path, day, *rows)
    summaries = earlier_summaries(tmp_path, FOURTH, nights=2)
    assert [(day_of(summary), summary["total"]) for summary in summaries] == [(SECOND, 2), (THIRD, 0)]
    assert severities_of(summaries[0])[Severity.REVIEW] == 2
    assert earlier_summaries(tmp_path, FIRST) == []


def test_history_changes_nothing_else_of_a_finding(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    told = with_history(frame(TWO, ONE), SECOND, tmp_path)
    kept = [name for name in FINDING_SCHEMA if name not in {"first_seen", "nights_open"}]
    assert told.select(kept).equals(frame(ONE, TWO).select(pl.col(kept)))


def test_what_a_root_cause_stood_for_was_not_gone(tmp_path: Path) -> None:
    night(tmp_path, FIRST, ONE)
    cause = finding("NN-1", "qlnt#hoc_sinh#sex")
    told = dict(zip(ROOT, ("NN-1", "qlnt", "pupils", "qlnt#hoc_sinh#sex"), strict=True))
    folded = with_history(pl.DataFrame([ONE | told], schema=FOLDED_SCHEMA), SECOND, tmp_path)
    save_findings(QualityResult(with_history(frame(cause), SECOND, tmp_path), {}, folded), tmp_path / SECOND.isoformat(), SECOND)
    assert night(tmp_path, SECOND + timedelta(days=1), ONE) == {str(ONE["key"]): (FIRST.isoformat(), 3)}
    summary = earlier_summaries(tmp_path, SECOND + timedelta(days=1))[-1]
    assert [(line["rule"], line["count"], line["folded"]) for line in summary["rules"]] == [("NN-1", 1, 1)]
    assert (summary["folded"], summary["waived"]) == (1, {})
