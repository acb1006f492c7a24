"""Grade entry and readiness in the report: every book as a sign and a number, whom to remind, which classes can be approved."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest

from connectors.records.snapshot import write_snapshot
from expectations.findings import no_findings
from expectations.progress import State
from expectations.readiness import Readiness
from expectations.report.charts import SIGNS
from expectations.report.gradebook import SHAPES, VERDICTS, Book, Place, subject_name
from expectations.report.summary import summarise
from expectations.report.write import write_report
from infra.settings import Gradebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expectations.report.content import ReportContent

DAY = date(2027, 5, 31)
STAFF_NAME = "Phạm Thị Kim Duyên"


def book(state: State, missing: int = 0, *, locked: bool = False) -> Book:
    return Book(
        class_name="3A", grade=3, time="CN", subject="TO", due=DAY, teachers=("GV1",), expected=31, complete=31 - missing, missing=missing,
        begun=True, locked=locked, state=state.value,
    )  # fmt: skip


def place(state: Readiness, **counts: int) -> Place:
    usual = dict.fromkeys(("missing", "empty", "blocked", "to_review", "changed", "aside"), 0)
    return Place(class_name="3A", time="CN", due=DAY, expected=372, approved_on=DAY, state=state.value, **{**usual, **counts})


@pytest.mark.parametrize(
    ("of", "words", "count"),
    [
        (book(State.COMPLETE), "đủ", ""),
        (book(State.LOCKED, locked=True), "đã khóa", ""),
        (book(State.MISSING, 3), "thiếu 3", "3"),
        (book(State.MISSING, 3, locked=True), "thiếu 3 (sổ đã khóa)", "3"),
        (book(State.ENTERING, 19), "đang nhập 12/31", "12/31"),
        (book(State.NOT_DUE, 31), "chưa đến hạn", ""),
        (book(State.UNKNOWN), "chưa đủ dữ liệu", ""),
    ],
)
def test_a_book_in_words(of: Book, words: str, count: str) -> None:
    assert (of.words, of.count) == (words, count)


@pytest.mark.parametrize(
    ("of", "words", "short"),
    [
        (place(Readiness.READY), "duyệt được", "duyệt được"),
        (place(Readiness.LOOK_FIRST, to_review=2), "xem trước rồi duyệt: 2 chỗ cần xem", "xem 2"),
        (
            place(Readiness.NOT_READY, missing=34, empty=1, blocked=2, aside=1, to_review=3),
            "chưa duyệt được: thiếu 34 kết quả (có 1 sổ còn trống); 2 chỗ chặn; 1 dòng tạm giữ; 3 chỗ cần xem",
            "thiếu 34 · chặn 2 · tạm giữ 1 · xem 3",
        ),
        (place(Readiness.NOT_DUE, missing=372), "chưa đến hạn", "chưa đến hạn"),
        (place(Readiness.APPROVED, to_review=1), "đã duyệt (số liệu đêm 31/05/2027)", "đã duyệt"),
        (place(Readiness.CHANGED, changed=2), "đã duyệt, sau đó có sửa: 2 ô sửa sau khi duyệt", "sửa 2"),
        (place(Readiness.UNKNOWN, missing=1), "chưa đủ dữ liệu", "chưa đủ dữ liệu"),
    ],
)
def test_a_verdict_in_words(of: Place, words: str, short: str) -> None:
    assert (of.words, of.short) == (words, short)


def test_every_state_has_its_own_sign() -> None:
    assert len(set(SHAPES.values())) == len(State) == len(SHAPES)
    assert set(VERDICTS) == set(Readiness)
    assert {*SHAPES.values(), *VERDICTS.values()} == set(SIGNS)


def picture(content: ReportContent, folder: Path) -> str:
    """The part of the page with the picture."""
    page = write_report(folder, content).html.read_text(encoding="utf-8")
    found = re.search(r'<section id="tien-do".*?</section>', page, re.DOTALL)
    assert found
    return found.group()


def cell(text: str, title: str) -> str:
    """What stands in a cell, without the drawing."""
    found = re.search(rf'<td class="(?P<tone>[^"]*)" title="{re.escape(title)}">(?P<inner>.*?)</td>', text)
    assert found, title
    return f"{found['tone']}|{re.sub('<svg.*?</svg>', 'sign', found['inner'])}"


def test_each_book_is_a_sign_and_a_number(content: ReportContent, tmp_path: Path) -> None:
    text = picture(content, tmp_path / "out")
    assert "Tiến độ nhập điểm: Cuối năm" in text
    assert cell(text, "5/2, Công nghệ: thiếu 1") == "b-missing h-3|sign 1"
    assert cell(text, "5/2, Tin học: đủ") == "b-complete|sign"
    assert cell(text, "1A, Phẩm chất, năng lực: chưa đủ dữ liệu") == "b-unknown|sign"
    assert "1A, Công nghệ" not in text  # not learnt in grade 1: an empty cell, no sign
    assert text.count('class="b-none"></td>') > 0


def test_the_picture_is_of_the_time_that_people_are_busy_with(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    text = picture(make(day=date(2027, 4, 1)), tmp_path / "out")
    assert "Tiến độ nhập điểm: Giữa HK II" in text
    assert cell(text, "5/2, Tin học: thiếu 8") == "b-missing h-4|sign 8"


def test_without_a_class_it_is_said_and_no_picture_is_drawn(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    nothing = write_snapshot(tmp_path / "nothing", DAY, {}, {})
    text = picture(make(findings=no_findings(), snapshot=nothing), tmp_path / "out")
    assert "Chưa có lớp nào: chưa đủ dữ liệu." in text
    assert "<table" not in text


def test_the_schools_own_lock_date_shows(make: Callable[..., ReportContent], tmp_path: Path) -> None:
    text = picture(make(gradebook=Gradebook(locked={"CN": "28/05"})), tmp_path / "out")
    assert cell(text, "1A, Toán: đã khóa") == "b-locked|sign"
    assert cell(text, "5/2, Công nghệ: thiếu 1 (sổ đã khóa)") == "b-missing h-3|sign 1"


def test_classes_are_listed_by_what_can_be_done_with_them(make: Callable[..., ReportContent]) -> None:
    content = make()
    traits = replace(content.snapshot.sources["qlnt"], delivered={**content.snapshot.sources["qlnt"].delivered, "traits": ("level_text",)})
    content = replace(content, snapshot=replace(content.snapshot, sources={**content.snapshot.sources, "qlnt": traits}))
    states = {state: [place.label for place in places] for state, places in summarise(content).grade_entry.states("CN")}
    assert states == {"chưa duyệt được": ["1A", "3A", "5/2"]}  # nobody has a level of a quality
    grey = {state: [place.label for place in places] for state, places in summarise(make()).grade_entry.states("CN")}
    assert grey == {"chưa đủ dữ liệu": ["1A", "3A", "5/2"]}


def rows_of(file: Path, sheet: str) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(file)[sheet].iter_rows(min_row=4, values_only=True))


def test_the_private_list_says_whom_to_remind_first(content: ReportContent, tmp_path: Path) -> None:
    header, first, second, *_ = rows_of(write_report(tmp_path / "out", content).workbook_private, "Tiến độ nhập")
    assert header[:4] == ("Giáo viên", "Mã", "Lớp", "Môn")
    assert (
        first == ("Lê Thị Kim Đức", "GV003", "5/2", "Tin học", "Giữa HK II", "31/03/2027", "thiếu 8", 8, 0, 8)[: len(first)]
        or first[1] == "GV003"
    )
    assert first[2:] == ("5/2", "Tin học", "Giữa HK II", "31/03/2027", "thiếu 8", 8, 0, 8)
    assert second[6] != "thiếu 8"


def test_a_book_without_a_teacher_is_told_as_that(content: ReportContent, tmp_path: Path) -> None:
    rows = rows_of(write_report(tmp_path / "out", content).workbook_private, "Tiến độ nhập")
    lacking = [row for row in rows if row[3:5] == ("Công nghệ", "Cuối năm") and row[2] == "5/2"]
    assert [(row[0], row[6]) for row in lacking] == [("Chưa có trong phân công", "thiếu 1")]


def test_everyone_may_see_which_class_is_how_far(content: ReportContent, tmp_path: Path) -> None:
    file = write_report(tmp_path / "out", content).workbook_public
    header, *rows = rows_of(file, "Tiến độ Cuối năm")
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert (cells["5/2"]["Công nghệ"], cells["5/2"]["Tin học"], cells["1A"]["Công nghệ"]) == ("thiếu 1", "đủ", None)
    verdicts = rows_of(file, "Duyệt kết quả")
    assert [row[:2] for row in verdicts[1:4]] == [("Cuối năm", "1A"), ("Cuối năm", "3A"), ("Cuối năm", "5/2")]


def test_the_report_is_the_same_bytes_twice(content: ReportContent, tmp_path: Path) -> None:
    one, two = (write_report(tmp_path / name, content) for name in ("one", "two"))
    assert one.html.read_bytes() == two.html.read_bytes()
    assert one.workbook_private.read_bytes() == two.workbook_private.read_bytes()


def test_subjects_are_named_in_full() -> None:
    assert [subject_name(code) for code in ("TO", "CN", "PCNL")] == ["Toán", "Công nghệ", "Phẩm chất, năng lực"]
