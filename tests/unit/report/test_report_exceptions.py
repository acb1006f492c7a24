"""What was signed and what is told once, in every report: counts for all, names and reasons only in the private list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from expectations.findings import FOLDED_SCHEMA, ROOT, WAIVED_SCHEMA, ordered
from expectations.report import wording
from expectations.report.summary import summarise
from expectations.report.write import write_report
from expectations.rule import Severity
from tests.unit.report.conftest import Totals

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.report.content import ReportContent

TERMS = {"until": "2027-05-31", "reason": "mẹ em Bímật đã nộp đơn", "signer": "Lê Thị Ký", "signed_on": "2027-05-30"}
CAUSE = "qlnt#Khối 1#permanent_address"


@pytest.fixture
def told(content: ReportContent) -> ReportContent:
    """One `chặn` finding signed, and the missing addresses of a sheet told by one cause."""
    signed = content.findings.filter(pl.col("rule") == "ID-4/3").with_columns(pl.lit(text).alias(name) for name, text in TERMS.items())
    address = content.findings.filter(pl.col("rule") == "QC-19.6/5")
    cause = address.with_columns(
        key=pl.lit(CAUSE), class_name=pl.lit(None, pl.String), value=pl.lit("24 dòng, không có giá trị: dòng 7–30")
    )
    root = dict(zip(ROOT, ("QC-19.6/5", "qlnt", "pupils", CAUSE), strict=True))
    folded = pl.concat(
        [address.with_columns(key=pl.lit(f"79{number:08d}"), source_row=pl.lit(7 + number, pl.Int64)) for number in (1, 2, 3)]
    )
    findings = ordered(pl.concat([content.findings.filter(pl.col("rule") != "QC-19.6/5"), cause]))
    return replace(
        content,
        findings=findings,
        waived=signed.select(list(WAIVED_SCHEMA)),
        folded=folded.with_columns(pl.lit(text).alias(name) for name, text in root.items()).select(list(FOLDED_SCHEMA)),
    )


def rows_of(file: Path, sheet: str) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(file)[sheet].iter_rows(min_row=5, values_only=True))


def test_what_is_signed_is_no_longer_counted_as_work(content: ReportContent, told: ReportContent) -> None:
    before, after = summarise(content), summarise(told)
    assert after.severities[Severity.BLOCK] == before.severities[Severity.BLOCK] - 1
    assert after.total == before.total - 1 == sum(line.total for line in after.owners)
    assert [(line.rule.code, line.count, str(line.until)) for line in after.waived] == [("ID-4/3", 1, "2027-05-31")]
    assert before.waived == before.roots == ()


def test_what_a_cause_stands_for_still_lacks_its_field(told: ReportContent) -> None:
    missing = {line.class_name: line.missing[4] for line in summarise(told).completeness.classes}
    assert missing["1A"] == 3


def test_a_signature_does_not_make_a_finding_gone(content: ReportContent, told: ReportContent) -> None:
    old = {"nights_open": 2, "first_seen": "2027-05-30"}
    older = [
        frame.with_columns(pl.lit(value).cast(frame.schema[name]).alias(name) for name, value in old.items())
        for frame in (told.findings, told.waived)
    ]
    change = summarise(replace(told, findings=older[0], waived=older[1])).change
    plain = summarise(replace(content, findings=older[0])).change
    assert change is not None
    assert plain is not None
    assert (change.gone, change.still) == (plain.gone, plain.still - 1)


def test_the_private_list_tells_until_when_why_and_by_whom(told: ReportContent, tmp_path: Path) -> None:
    file = write_report(tmp_path / "out", told).workbook_private
    (signed,) = rows_of(file, "Đã chấp nhận")
    assert signed[0] == "Chặn"
    assert signed[6:10] == ("31/05/2027", TERMS["reason"], "Lê Thị Ký", "30/05/2027")
    assert "Chữ số thứ 4 của số định danh không hợp giới tính và thế kỷ sinh" not in {row[1] for row in rows_of(file, "5-2")}


def test_the_private_list_has_one_line_for_a_cause_and_the_records_behind_it(told: ReportContent, tmp_path: Path) -> None:
    file = write_report(tmp_path / "out", told).workbook_private
    (cause,) = [row for row in rows_of(file, "Toàn trường") if row[1] == "Học sinh đang học thiếu địa chỉ thường trú"]
    assert cause[4:6] == ("Địa chỉ thường trú", "24 dòng, không có giá trị: dòng 7–30")
    behind = rows_of(file, "Chi tiết gộp")
    assert {row[0] for row in behind} == {"QC-19.6/5 › qlnt › Khối 1 › Địa chỉ thường trú"}
    assert [row[4] for row in behind] == ["7900000001", "7900000002", "7900000003"]


def test_the_public_copies_tell_counts_and_neither_names_nor_reasons(told: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "out", told)
    page = files.html.read_text(encoding="utf-8")
    assert "1 chỗ, sớm nhất hết hạn 31/05/2027" in page
    assert "Học sinh, cột Địa chỉ thường trú: gộp 3 chỗ" in page
    assert rows_of(files.workbook_public, "Ngoại lệ")[0][2:] == ("1", "31/05/2027") or rows_of(files.workbook_public, "Ngoại lệ")[0][
        2:
    ] == (1, "31/05/2027")
    assert rows_of(files.workbook_public, "Nguyên nhân chung")[0][2] == "Học sinh, cột Địa chỉ thường trú"
    book = openpyxl.load_workbook(files.workbook_public)
    cells = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    for secret in ("Bímật", "Lê Thị Ký", "7900000001", "Khối 1#", "24 dòng, không có giá trị"):
        assert secret not in page
        assert secret not in cells


def test_without_exceptions_and_causes_the_page_says_so(content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "out", content)
    assert "Không có ngoại lệ nào." in files.html.read_text(encoding="utf-8")
    assert not {"Đã chấp nhận", "Chi tiết gộp"} & set(openpyxl.load_workbook(files.workbook_private).sheetnames)


def test_totals_are_told_by_system_where_several_deliver_a_table() -> None:
    whole, qlnt, csdl = Totals("pupils", 10, 8, 1, 1), Totals("pupils", 6, 5, 1, 0, "qlnt"), Totals("pupils", 4, 3, 0, 1, "csdl")
    alone = [Totals("marks", 5, 5, 0, 0), Totals("marks", 5, 5, 0, 0, "qlnt")]
    shown = wording.totals_by_table([whole, alone[0], csdl, qlnt, alone[1]])
    assert shown == [("Học sinh", "", whole), ("", "CSDL", csdl), ("", "QLNT", qlnt), ("Kết quả môn học", "", alone[0])]
