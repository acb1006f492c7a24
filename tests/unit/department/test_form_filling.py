"""The workbook and its manifest: the right cells, the marks, the same bytes, and no form from a wrong template."""

from __future__ import annotations

import json
import time
from datetime import date
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import openpyxl
import pytest

from connectors.department.content import SignedExceptions, content_of
from connectors.department.counting import count_form
from connectors.department.filling import filled_workbook, write_values
from connectors.department.start_of_year import COUNTED_COLUMNS, TEMPLATE, FilledForm, fill_start_of_year
from connectors.records.tables import PUPILS
from connectors.secrecy_guard import MarkedExport
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Roster
    from openpyxl import Workbook

    from infra.settings import School

CENSUS_DAY, LATER = date(2026, 9, 30), date(2027, 5, 31)
PART_II, PART_III = "I", "III"


def template() -> bytes:
    return files("connectors.department").joinpath("templates", TEMPLATE).read_bytes()


def empty_form() -> Workbook:
    return openpyxl.load_workbook(BytesIO(template()))


def fill(roster: Roster, school: School, day: date = CENSUS_DAY, blocking: Mapping[str, int] | None = None) -> FilledForm:
    return fill_start_of_year(roster.snapshot(day), school, blocking or {}, roster.folder / "exports" / day.isoformat())


def texts(book: Workbook, title: str) -> str:
    return "\n".join(str(value) for row in book[title].iter_rows(values_only=True) for value in row if value is not None)


def manifest_of(form: FilledForm) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((form.workbook.parent / "manifest.json").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", ["Trường TỐI MẬT", "Trường: MẬT"])
def test_a_form_with_the_mark_of_a_state_secret_never_leaves(roster: Roster, school: School, name: str) -> None:
    roster.add()
    with pytest.raises(MarkedExport, match=r"Không xuất Biểu 02-TH-ĐN: trong tệp “bieu-02-TH-DN\.xlsx” có dấu mật") as refused:
        fill(roster, school.model_copy(update={"name": name}))
    assert refused.value.exit_code == ExitCode.DATA_STOPPED_EXPORT
    assert "\n" not in refused.value.line()
    assert not list((roster.folder / "exports").iterdir())


@pytest.mark.parametrize("name", ["Trường BẢO MẬT", "Trường mật độ cao", "Trường Nguyễn Văn Mật"])
def test_a_word_that_only_looks_like_a_mark_leaves(roster: Roster, school: School, name: str) -> None:
    roster.add()
    assert fill(roster, school.model_copy(update={"name": name})).workbook.is_file()


def test_an_official_form_has_its_numbers_and_no_draft_mark(roster: Roster, school: School) -> None:
    roster.add(sex="Nữ", ethnicity="04")
    form = fill(roster, school)
    assert (form.draft, form.problems, form.state) == (False, (), "bản chính thức, tính đến 30/09/2026")
    book = openpyxl.load_workbook(form.workbook)
    sheet = book[PART_III]
    assert [cell.value for cell in sheet[5]][3:] == [37, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert [cell.value for cell in book[PART_II][38]][3:7] == [27, 5, 5, 0]
    assert "BẢN CHÍNH THỨC" in texts(book, PART_II)
    assert not any("NHÁP" in texts(book, title) for title in book.sheetnames)
    assert form.filled_cells == 8 * 3 + 31 * 12


def test_blank_rows_stay_empty_and_the_hashes_stay(roster: Roster, school: School) -> None:
    roster.add()
    sheet = openpyxl.load_workbook(fill(roster, school).workbook)[PART_III]
    rows = {row[3].value: [cell.value for cell in row[4:16]] for row in sheet.iter_rows(min_row=5, max_row=52)}
    assert all(rows[code] == [None] * 12 for code in (60, *range(67, 73), 75, 77))
    assert rows[76] == [None, None, "#", "#"] * 3
    assert rows[62] == [0] * 12


def test_a_hash_is_never_filled() -> None:
    book = empty_form()
    book[PART_III]["G5"] = "#"
    _, cells = write_values(book, {"37": (7,) * 12})
    assert (book[PART_III]["F5"].value, book[PART_III]["G5"].value, cells) == (7, "#", 11)


def test_a_formula_gives_way_to_the_number() -> None:
    book = empty_form()
    book[PART_III]["E5"] = "=I5+M5"
    write_values(book, {"37": (7,) * 12})
    assert book[PART_III]["E5"].value == 7


def test_the_rest_of_the_form_is_untouched(roster: Roster, school: School) -> None:
    roster.add()
    filled, before = openpyxl.load_workbook(fill(roster, school).workbook), empty_form()
    assert filled.sheetnames == [*before.sheetnames, "Ghi chú"]
    for title in ("IV", "V", "Errors"):
        assert list(filled[title].values) == list(before[title].values)
        assert filled[title].merged_cells == before[title].merged_cells
    assert filled["V"]["E4"].value == "=I4+M4"
    assert set(before[PART_III].merged_cells.ranges) <= set(filled[PART_III].merged_cells.ranges)
    assert filled[PART_III]["E5"].border.left.style == before[PART_III]["E5"].border.left.style == "medium"
    assert filled[PART_III]["E5"].alignment.horizontal == "center"


def test_the_school_and_its_recipients_stand_where_the_form_asks(roster: Roster, school: School) -> None:
    roster.add()
    shown = texts(openpyxl.load_workbook(fill(roster, school).workbook), PART_II)
    assert "Trường Tiểu học Mẫu (mã trường 79000001)" in shown
    assert "UBND phường Mẫu" in shown
    assert "Sở GDĐT tỉnh" not in shown


def test_a_school_name_is_never_a_formula(roster: Roster, school: School) -> None:
    roster.add()
    book = openpyxl.load_workbook(fill(roster, school.model_copy(update={"name": "=1+1", "code": ""})).workbook)
    assert not [cell for sheet in (book[PART_II], book["Ghi chú"]) for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_blocking_findings_make_a_draft_that_says_how_many_and_which(roster: Roster, school: School) -> None:
    roster.add()
    form = fill(roster, school, blocking={"ID-4/3": 7, "ID-4/4": 3, "A-1": 1, "B-2": 1, "C-0": 0})
    assert form.draft
    assert form.state == "bản nháp: 12 chỗ bị chặn (ID-4/3: 7, ID-4/4: 3, A-1: 1, …); tính đến 30/09/2026"
    book = openpyxl.load_workbook(form.workbook)
    assert book[PART_III]["E5"].value == 1  # nobody is subtracted
    for title in (PART_II, PART_III, "Ghi chú"):
        assert "BẢN NHÁP: 12 chỗ bị chặn (ID-4/3: 7" in texts(book, title)
    assert "BẢN NHÁP" in (book[PART_III].oddHeader.left.text or "")
    assert "B-2\n1" in texts(book, "Ghi chú")
    manifest = manifest_of(form)
    assert manifest["draft"] is True
    assert manifest["blocking"] == {"A-1": 1, "B-2": 1, "ID-4/3": 7, "ID-4/4": 3}


def test_signed_exceptions_make_no_draft_and_are_told_with_who_signed(roster: Roster, school: School) -> None:
    roster.add()
    signed = [
        SignedExceptions("ID-4/4", 1, ("Phó hiệu trưởng",), date(2027, 1, 15)),
        SignedExceptions("ID-4/3", 2, ("Hiệu trưởng", "Phó hiệu trưởng"), date(2026, 12, 31)),
    ]
    form = fill_start_of_year(roster.snapshot(CENSUS_DAY), school, {}, roster.folder / "exports" / "signed", signed)
    assert not form.draft
    assert form.state == "bản chính thức, tính đến 30/09/2026; 3 ngoại lệ đã ký (ID-4/3: 2, ID-4/4: 1)"
    book = openpyxl.load_workbook(form.workbook)
    assert book[PART_III]["E5"].value == 1
    assert "3 ngoại lệ đã ký" in texts(book, PART_III)
    notes = texts(book, "Ghi chú")
    assert "ID-4/3\n2 chỗ; người ký: Hiệu trưởng, Phó hiệu trưởng; đến 31/12/2026" in notes
    assert [each["rule"] for each in manifest_of(form)["exceptions"]] == ["ID-4/3", "ID-4/4"]
    still_open = fill_start_of_year(roster.snapshot(CENSUS_DAY), school, {"ID-4/4": 1}, roster.folder / "exports" / "open", signed)
    assert still_open.draft
    assert "1 chỗ bị chặn (ID-4/4: 1)" in still_open.state


def test_marks_are_as_high_as_their_text_and_no_higher(roster: Roster, school: School) -> None:
    roster.add()
    book = openpyxl.load_workbook(fill(roster, school, LATER, {"ID-4/3": 7}).workbook)
    heights = [book["Ghi chú"].row_dimensions[row].height for row in (1, 2, 3)]
    assert [10 < height < 40 for height in heights] == [True] * 3
    assert 25 < book[PART_II].row_dimensions[6].height < 50  # two lines
    assert book[PART_III].row_dimensions[31].height > 25  # row 58: a label that the template cuts off


def test_numbers_that_do_not_agree_make_a_draft(roster: Roster, school: School) -> None:
    roster.add()
    roster.add(birth_date=None)
    form = fill(roster, school)
    assert form.draft
    assert form.state == "bản nháp: 2 điều chưa khớp hoặc chưa rõ; tính đến 30/09/2026"
    assert form.problems == (
        "1 học sinh chưa rõ ngày sinh: có trong mã 37, chưa xếp được vào mã 45–56",
        "Kiểm tra 1, cột 1, 5: mã 37 = 2 khác mã 45+…+51 = 1",
    )
    assert form.problems[1] in texts(openpyxl.load_workbook(form.workbook), "Ghi chú")
    assert manifest_of(form)["problems"] == list(form.problems)


def test_a_later_night_is_a_catch_up_and_says_what_it_cannot_know(roster: Roster, school: School) -> None:
    roster.add()
    form = fill(roster, school, LATER)
    assert (form.draft, form.state) == (False, "bản bù lập ngày 31/05/2027, số liệu dựng lại đến 30/09/2026")
    book = openpyxl.load_workbook(form.workbook)
    for title in (PART_II, PART_III, "Ghi chú"):
        assert "BẢN BÙ" in texts(book, title)
    assert "theo hồ sơ ngày 31/05/2027, không phải ngày tính" in texts(book, "Ghi chú")
    assert manifest_of(form)["catch_up"] is True


def test_data_from_before_the_census_day_makes_a_draft(roster: Roster, school: School) -> None:
    roster.add()
    roster.data_as_of = date(2026, 9, 28)
    form = fill(roster, school)
    assert form.draft
    assert form.problems == ("Số liệu của hệ thống qlnt mới đến 28/09/2026, trước ngày tính 30/09/2026",)
    assert fill(roster, school, date(2026, 9, 10)).draft


def test_an_empty_night_is_a_draft_without_numbers(roster: Roster, school: School) -> None:
    roster.classes = []
    form = fill(roster, school)
    assert (form.draft, form.filled_cells, len(form.problems)) == (True, 0, 2)
    assert {str(code) for code in range(27, 78)} <= {code for code, _ in form.blank_rows}
    assert openpyxl.load_workbook(form.workbook)[PART_III]["E5"].value is None


def test_the_manifest_has_every_number_reason_and_hash(roster: Roster, school: School) -> None:
    roster.add(ethnicity="55")
    snapshot = roster.snapshot()
    form = fill_start_of_year(snapshot, school, {}, roster.folder / "form")
    manifest = manifest_of(form)
    assert (manifest["census_day"], manifest["snapshot_day"], manifest["foreigners"]) == ("2026-09-30", "2026-09-30", 1)
    assert manifest["rows"]["37"] == {str(column): int(column in (1, 5)) for column in range(1, 13)}
    assert manifest["rows"]["27"] == {"1": 5, "2": 5, "3": 0}
    assert [(row["code"], row["reason"]) for row in manifest["blank_rows"]] == list(form.blank_rows)
    tables = json.loads((snapshot.folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    assert manifest["tables_sha256"] == {name: tables[name]["sha256"] for name in ("classes", "movements", "pupils")}
    assert len(manifest["template_sha256"]) == 64
    assert "người nước ngoài (mã dân tộc 55): 1" in texts(openpyxl.load_workbook(form.workbook), "Ghi chú")


def test_nothing_names_a_pupil(roster: Roster, school: School) -> None:
    code = roster.add(full_name="Nguyễn Văn Riêng Tư", sex=None)
    form = fill(roster, school)
    with ZipFile(form.workbook) as book:
        everything = b"".join(book.read(name) for name in book.namelist()) + (form.workbook.parent / "manifest.json").read_bytes()
    assert "Riêng Tư".encode() not in everything
    assert code.encode() not in everything


def test_two_runs_give_the_same_bytes(roster: Roster, school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    roster.add()
    snapshot = roster.snapshot(LATER)
    first = fill_start_of_year(snapshot, school, {"ID-4/3": 1}, roster.folder / "one").workbook
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment + 86_400 * 400)
    second = fill_start_of_year(snapshot, school, {"ID-4/3": 1}, roster.folder / "two").workbook
    assert first.read_bytes() == second.read_bytes()
    assert (first.parent / "manifest.json").read_bytes() == (second.parent / "manifest.json").read_bytes()
    with ZipFile(first) as book:
        assert {member.date_time for member in book.infolist()} == {(2027, 5, 31, 0, 0, 0)}
        core = book.read("docProps/core.xml").decode()
    assert core.count("2027-05-31T00:00:00Z") == 2


def test_the_same_form_again_changes_nothing_and_another_one_retires_it(roster: Roster, school: School) -> None:
    roster.add()
    folder = fill(roster, school).workbook.parent
    fill(roster, school)
    assert [path.name for path in folder.parent.iterdir()] == ["2026-09-30"]
    fill(roster, school, blocking={"ID-4/3": 1})
    assert sorted(path.name for path in folder.parent.iterdir()) == ["2026-09-30", "2026-09-30~1"]
    assert sorted(path.name for path in folder.iterdir()) == ["bieu-02-TH-DN.xlsx", "manifest.json"]


def _without_row_40(book: Workbook) -> None:
    book[PART_III]["D10"] = None


def _row_40_twice(book: Workbook) -> None:
    book[PART_III]["D11"] = 40


def _another_meaning(book: Workbook) -> None:
    book[PART_III]["B10"] = "- Học sinh lớp 9"


def _without_column_12(book: Workbook) -> None:
    book[PART_III]["P4"] = None


def _without_heading(book: Workbook) -> None:
    book[PART_III]["D1"] = "?"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_without_row_40, "không có dòng mã số 40"),
        (_row_40_twice, "hai dòng cùng mã số 40"),
        (_another_meaning, "mã số 40 của mẫu biểu không phải «- Học sinh lớp 1»"),
        (_without_column_12, "thiếu cột số 12"),
        (_without_heading, "không có dòng mã số 37"),
    ],
)
def test_a_template_that_is_not_this_form_is_refused(spoil: Any, line: str) -> None:  # noqa: ANN401 - one of the above
    book = empty_form()
    spoil(book)
    with pytest.raises(ConfigurationError, match=line):
        write_values(book, {})


def test_a_template_with_moved_rows_and_columns_is_filled(roster: Roster, school: School) -> None:
    roster.add()
    book = empty_form()
    sheet = book[PART_III]
    sheet.merged_cells.ranges.clear()
    sheet.move_range("A1:P53", rows=4, cols=2)
    stream = BytesIO()
    book.save(stream)
    snapshot = roster.snapshot()
    bytes_of_form, _ = filled_workbook(stream.getvalue(), content_of(snapshot, school, {}, count_form(snapshot, school)))
    moved = openpyxl.load_workbook(BytesIO(bytes_of_form))[PART_III]
    assert (moved["F9"].value, moved["G9"].value, moved["R9"].value) == (37, 1, 0)
    assert "BẢN CHÍNH THỨC" in str(moved["A4"].value)  # above the table, where there is room now


def test_counted_columns_are_columns_of_pupils_and_name_nobody() -> None:
    assert set(PUPILS.names) >= COUNTED_COLUMNS
    assert COUNTED_COLUMNS.isdisjoint({"full_name", "personal_number", "contact_phone", "permanent_address"})


def test_the_wheel_ships_the_template_of_the_house() -> None:
    assert empty_form().sheetnames == ["I", "III", "IV", "V", "Errors"]
