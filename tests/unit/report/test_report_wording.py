from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expectations.report import wording
from expectations.report.coverage import FIELD_RULES, Entry
from expectations.rules import all_rules

if TYPE_CHECKING:
    from expectations.rule import Rule


def test_numbers_and_shares_are_written_as_here() -> None:
    assert wording.number(1_234_567) == "1.234.567"
    assert wording.percent(1031, 1050) == "98,1 %"
    assert wording.percent(1, 2) == "50 %"
    assert wording.percent(0, 0) == "–"


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert wording.percent(99_999, 100_000) == "99,9 %"
    assert wording.percent(100_000, 100_000) == "100 %"


def test_every_field_of_the_article_has_a_heading() -> None:
    assert len(wording.FIELDS) == len(FIELD_RULES)


@pytest.mark.parametrize(
    ("table", "key", "column", "label"),
    [
        ("marks", "7900000001|CN|CN", "level_text", "Công nghệ · Cuối năm · Mức đạt được"),
        ("marks", "5A|TH|GK2", "level_text", "Tin học · Giữa HK II · Mức đạt được"),
        ("marks", "7900000001|??|GK1", "score", "?? · Giữa HK I · Điểm KTĐK"),
        ("traits", "7900000001|CN|CK1", "level", "Công nghệ · Cuối HK I · Mức"),
        ("traits", "1A|PCNL|GK1", "class_pupils", "Phẩm chất, năng lực · Giữa HK I · Số học sinh của lớp"),
        ("attendance", "7900000001|2026-10", "total", "Tháng 10/2026 · Tổng ngày nghỉ"),
        ("ratings", "GV001|2026", "civil_rating", "Năm 2026 · Xếp loại viên chức"),
        ("pupils", "7900000001|7900000002", "full_name", "Họ tên"),
        ("drift", "x", "y", "y"),
    ],
)
def test_a_cell_is_named_in_words(table: str, key: str, column: str, label: str) -> None:
    assert wording.cell_label(table, key, column) == label


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_what_a_rule_shows_has_a_name_that_people_read(rule: Rule) -> None:
    assert wording.cell_label(rule.table, "", rule.column) != rule.column


@pytest.mark.parametrize(
    ("entry", "due", "examined", "words"),
    [
        (Entry(0, 100, 100), False, True, "chưa đến hạn"),
        (Entry(40, 60, 100), False, True, "đang nhập 40 %"),
        (Entry(100, 0, 100), False, True, "đủ"),
        (Entry(100, 0, 100), True, True, "đủ"),
        (Entry(90, 10, 100), True, True, "thiếu 10"),
        (Entry(0, 0, 0), True, True, wording.NOT_ENOUGH),
        (Entry(0, 0, 0), False, True, wording.NOT_ENOUGH),
        (Entry(100, 0, 100), True, False, wording.NOT_ENOUGH),
    ],
)
def test_grade_entry_in_words(entry: Entry, due: bool, examined: bool, words: str) -> None:  # noqa: FBT001 - table of cases
    assert wording.entry(entry, due=due, examined_any=examined) == words


def test_nothing_proved_of_the_backup_is_said() -> None:
    assert wording.backup_lines(None) == ["Trước đêm nay chưa có bản sao lưu nào được chứng minh."]
