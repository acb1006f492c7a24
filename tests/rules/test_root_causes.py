"""One cause, told once: a lost column (NN-1), lines that tell of nobody (NN-2), a sheet that is wrong throughout."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import CheckContext, QualityResult, check
from expectations.rules import all_rules
from expectations.rules.root_causes import FEWEST_ROWS, WHOLLY
from infra.settings import Limits
from tests.rules.school_tables import (
    DAY,
    Row,
    Tables,
    Text,
    book,
    case,
    checked,
    findings_of,
    guardian,
    mark,
    pupil,
    rules_named,
    school_class,
    snapshot_of,
    staff,
)

if TYPE_CHECKING:
    from pathlib import Path

LOST, BLANK = "NN-1", "NN-2"
FEW = FEWEST_ROWS - 1
EMPTY_LINE: Row = dict.fromkeys(pupil(None)) | {"class_name": "3A", "grade": 3, "status": "01", "nationality": "Việt Nam"}


def sheet(name: str, size: int = FEWEST_ROWS, **values: Text) -> list[Row]:
    """A sheet of right pupils of its own, all with these values."""
    start = sum(map(ord, name)) * 1000
    return [pupil(f"79{start + index:08d}", source_sheet=name, source_row=4 + index, **values) for index in range(size)]


def partly(name: str, filled: int, size: int) -> list[Row]:
    """A sheet whose column `sex` is filled in so many rows."""
    return [*sheet(name, size)[:filled], *sheet(name, size, sex=None)[filled:]]


CASES = [
    case("a column without any value", "qlnt#mất#sex", [LOST], LOST, pupils=sheet("mất", sex=None)),
    case("too few rows to speak of a cause", "qlnt#ít#sex", [LOST], "", pupils=sheet("ít", FEW, sex=None)),
    case("two of a hundred filled by hand", "qlnt#gần#sex", [LOST], LOST, pupils=partly("gần", 2, 100)),
    case("three of a hundred filled", "qlnt#đang#sex", [LOST], "", pupils=partly("đang", 3, 100)),
    case("a column that many leave empty", "qlnt#đủ#disability", [LOST], "", pupils=sheet("đủ")),
    case("a line with only what is filled in beforehand", "qlnt#dòng#90", [BLANK], BLANK,
         pupils=[EMPTY_LINE | {"source_sheet": "dòng", "source_row": 90}]),
    case("a line with a name and no code", "qlnt#tên#91", [BLANK], "", pupils=[pupil(None, source_sheet="tên", source_row=91)]),
    case("a class without a homeroom teacher is no empty line", "3B", [BLANK], "", classes=[school_class("3B", homeroom_code=None)]),
]  # fmt: skip


# What a pupil's own line is asked: a school of these tests has no guardians, marks or months.
OF_A_PUPIL = [rule.code for rule in all_rules() if rule.view == "pupils" and not any(need.startswith("guardians") for need in rule.needs)]


def told(quality: QualityResult, *columns: str) -> list[tuple[object, ...]]:
    return quality.findings.select(columns or ("rule", "table", "key")).rows()


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_what_is_a_cause(item: object, tmp_path: Path) -> None:
    (rule,) = item.about  # type: ignore[attr-defined]
    found = findings_of(tmp_path, item.tables, rules=[rule])  # type: ignore[attr-defined]
    assert ((rule, item.key) in found) is bool(item.finds)  # type: ignore[attr-defined]


def test_a_lost_column_is_one_finding_with_a_count_and_its_first_and_last_row(tmp_path: Path) -> None:
    quality = checked(
        tmp_path, {"pupils": [*sheet("Khối 3", 30, permanent_address=None), *sheet("Khối 4", 30)]}, rules=[LOST, BLANK, *OF_A_PUPIL]
    )
    (line,) = quality.findings.to_dicts()
    assert (line["rule"], line["table"], line["key"]) == (LOST, "pupils", "qlnt#Khối 3#permanent_address")
    assert (line["value"], line["source_row"], line["column"]) == ("30 dòng, không có giá trị: dòng 4–33", 4, "permanent_address")
    assert quality.folded.select("rule", "root_rule", "root_key").unique().rows() == [("QC-19.6/5", LOST, line["key"])]
    assert quality.folded.height == 30
    assert set(quality.singles["rule"]) == {LOST, "QC-19.6/5"}


def test_an_empty_cell_in_another_sheet_stays_a_finding_of_its_own(tmp_path: Path) -> None:
    other = sheet("Khối 4", 30)
    other[7]["permanent_address"] = None
    quality = checked(tmp_path, {"pupils": [*sheet("Khối 3", 30, permanent_address=None), *other]}, rules=[LOST, BLANK, *OF_A_PUPIL])
    assert told(quality) == [(LOST, "pupils", "qlnt#Khối 3#permanent_address"), ("QC-19.6/5", "pupils", other[7]["pupil_code"])]


def test_a_column_that_one_sheet_lacks_is_told_though_no_rule_may_ask_for_it(tmp_path: Path) -> None:
    rows = [*sheet("Khối 3", 30, permanent_address=None), *sheet("Khối 4", 30)]
    kept = tuple(name for name in pupil("1") if name != "permanent_address")
    night = snapshot_of(tmp_path, {"pupils": rows})
    state = night.sources["qlnt"]
    night.sources["qlnt"] = type(state)("qlnt", DAY, {**state.delivered, "pupils": kept})  # type: ignore[index]
    quality = check(night, rules_named([LOST, "QC-19.6/5"]), CheckContext(DAY, Limits()))
    assert told(quality) == [(LOST, "pupils", "qlnt#Khối 3#permanent_address")]
    assert quality.examined["QC-19.6/5"] == 0


def test_a_column_that_a_system_has_nowhere_is_not_asked_for(tmp_path: Path) -> None:
    columns = [name for name in pupil("1") if name != "sex"]
    night = snapshot_of(tmp_path, {"pupils": sheet("Khối 3", 30)}, delivered={("qlnt", "pupils"): columns})
    assert check(night, rules_named([LOST]), CheckContext(DAY, Limits())).findings.is_empty()


def test_rules_on_other_tables_are_folded_when_no_sheet_has_the_column(tmp_path: Path) -> None:
    pupils = sheet("Khối 3", 30)
    mothers = [guardian(str(row["pupil_code"]), birth_year=None, phone=None) for row in pupils]
    quality = checked(tmp_path, {"pupils": pupils, "guardians": mothers}, rules=[LOST, "HS-1/4", "QC-19.6/7"])
    assert told(quality) == [(LOST, "guardians", "qlnt#guardians#birth_year"), (LOST, "guardians", "qlnt#guardians#phone")]
    assert set(quality.folded["rule"]) == {"HS-1/4"}
    assert set(quality.folded["root_key"]) == {"qlnt#guardians#birth_year"}


def test_marks_that_are_not_due_are_no_lost_column(tmp_path: Path) -> None:
    marks = [mark(f"79{index:08d}", "TV", "CN", level=None) for index in range(40)]
    assert findings_of(tmp_path / "sớm", {"marks": marks}, date(2027, 5, 24), [LOST]) == set()
    assert (LOST, "qlnt#marks#level") in findings_of(tmp_path / "hạn", {"marks": marks}, date(2027, 5, 25), [LOST])


def test_subjects_without_tests_miss_no_score(tmp_path: Path) -> None:
    marks = [mark(f"79{index:08d}", "DD", "CN") for index in range(40)]
    assert findings_of(tmp_path, {"marks": marks}, rules=[LOST]) == set()


def test_a_lost_level_tells_once_what_every_pupil_misses(tmp_path: Path) -> None:
    pupils = sheet("Khối 3", 25)
    marks = [row | {"level": None} for one in pupils for row in book(str(one["pupil_code"]), 3, ["GK1"])]
    quality = checked(tmp_path, {"pupils": pupils, "marks": marks}, date(2026, 12, 1), ["NN-1", "TT27-7.1a/1", "TT27-7.1a/2"])
    assert told(quality) == [(LOST, "marks", "qlnt#marks#level")]
    assert quality.folded.height > 0


def test_an_empty_line_is_one_finding_whatever_else_it_breaks(tmp_path: Path) -> None:
    lines = [EMPTY_LINE | {"source_sheet": "Khối 3", "source_row": row} for row in (40, 41, 50)]
    quality = checked(tmp_path, {"pupils": [*sheet("Khối 3"), *lines]}, rules=[LOST, BLANK, *OF_A_PUPIL])
    (line,) = quality.findings.to_dicts()
    assert (line["rule"], line["key"], line["value"]) == (BLANK, "qlnt#Khối 3#40", "3 dòng trống: dòng 40–50")
    assert quality.folded.height >= 3 * 5
    assert set(quality.folded["source_row"]) == {40, 41, 50}


def test_a_line_without_a_code_that_says_something_keeps_its_findings(tmp_path: Path) -> None:
    nameless = pupil(None, sex=None, source_sheet="Khối 3", source_row=40)
    assert told(checked(tmp_path, {"pupils": [nameless]}, rules=[BLANK, "QC-19.6/4"])) == [("QC-19.6/4", "pupils", "qlnt#Khối 3#40")]


@pytest.mark.parametrize(
    ("wrong", "size", "once"), [(FEWEST_ROWS, FEWEST_ROWS, True), (FEW, FEW, False), (98, 100, True), (97, 100, False)]
)
def test_a_sheet_that_is_wrong_throughout_is_told_once_by_the_rule_itself(wrong: int, size: int, *, once: bool, tmp_path: Path) -> None:
    assert WHOLLY == 0.98
    rows = sheet("Khối 3", size)
    for row in rows[:wrong]:
        row["contact_phone"] = str(row["contact_phone"])[1:]  # a spreadsheet took the leading zero
    quality = checked(tmp_path, {"pupils": rows}, rules=["DT-4"])
    key = "qlnt#Khối 3#contact_phone"
    assert told(quality) == ([("DT-4", "pupils", key)] if once else [("DT-4", "pupils", row["pupil_code"]) for row in rows[:wrong]])
    assert quality.singles.select("key").to_series().to_list() == [row["pupil_code"] for row in rows[:wrong]]
    if once:
        assert quality.findings["value"].to_list() == [f"{wrong} trên {size} ô có giá trị, dòng 4–{3 + wrong}"]


def test_empty_cells_do_not_hide_that_all_others_are_wrong(tmp_path: Path) -> None:
    rows = sheet("Khối 3", 40)
    for index, row in enumerate(rows):
        row["contact_phone"] = None if index % 2 else "912345678"
    assert told(checked(tmp_path, {"pupils": rows}, rules=["DT-4"])) == [("DT-4", "pupils", "qlnt#Khối 3#contact_phone")]


def test_a_cause_is_as_grave_as_what_it_stands_for(tmp_path: Path) -> None:
    rows = sheet("Khối 3", 30, personal_number="7.92E+10")
    quality = checked(tmp_path, {"pupils": rows}, rules=["ID-6/2"])
    assert told(quality, "severity", "key") == [("chặn", "qlnt#Khối 3#personal_number")]


def test_two_systems_with_the_same_cause_are_told_apart(tmp_path: Path) -> None:
    rows = [row | {"source_system": system} for system in ("qlnt", "csdl") for row in sheet("Khối 3", 30, sex=None)]
    quality = checked(tmp_path, {"pupils": rows}, rules=[LOST, "QC-19.6/4"])
    assert set(told(quality, "rule", "system")) == {(LOST, "csdl"), (LOST, "qlnt")}
    assert quality.folded.height == 60
    assert (quality.folded["system"] == quality.folded["root_system"]).all()


def test_staff_without_particulars_are_told_by_column(tmp_path: Path) -> None:
    rows = [staff(f"GV{index:03d}", contract=None) for index in range(25)]
    assert told(checked(tmp_path, {"staff": rows}, rules=[LOST, "CB-1/5"])) == [(LOST, "staff", "staff#staff#contract")]


def test_the_order_of_rows_and_rules_changes_nothing(tmp_path: Path) -> None:
    tables: Tables = {"pupils": [*sheet("Khối 3", 30, sex=None, contact_phone="912345678"), *sheet("Khối 4", 30)]}
    codes = [LOST, BLANK, "QC-19.6/4", "DT-4", "QC-19.6/8"]
    night = snapshot_of(tmp_path, tables)
    one, other = (check(night, rules, CheckContext(DAY, Limits())) for rules in (rules_named(codes), rules_named(codes)[::-1]))
    assert one.findings.equals(other.findings)
    assert one.folded.equals(other.folded)
    assert pl.concat([one.findings, one.folded.select(one.findings.columns)]).height == 2 + 60
