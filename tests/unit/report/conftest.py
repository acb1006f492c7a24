"""A small hand-made school: two systems, three classes, a few defects, so that every part of a report has something to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connectors.records import codes
from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from connectors.records.tables import TABLES
from expectations.findings import FINDING_SCHEMA, ordered
from expectations.report.content import BackupProof, ExportNote, ReportContent
from expectations.rule import NativeExpectation, Owner, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = date(2027, 5, 31)
SCHOOL = "Trường Tiểu học Mẫu"
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Lý", "Võ", "Đặng")
MIDDLE = ("Thị", "Văn", "Ngọc", "Gia", "Minh", "Thuỳ", "Hoàng")
GIVEN = ("An", "Bảo", "Châu", "Duyên", "Đức", "Hiếu", "Khánh", "Linh", "Mỹ", "Nghĩa", "Quỳnh")


@dataclass(frozen=True)
class Totals:
    table: str
    pulled: int
    exported: int
    held: int
    quarantined: int
    system: str = ""


def name_of(number: int) -> str:
    return f"{FAMILY[number % 8]} {MIDDLE[number % 7]} {GIVEN[number % 11]} {GIVEN[(number // 11) % 11]}"


def rule(code: str, table: str, severity: Severity, column: str, **words: Any) -> Rule:  # noqa: ANN401 - test data
    return Rule(
        code=code,
        article=words.get("article", "QĐ 292/QĐ-THTT Điều 19.6a"),
        table=table,
        view=words.get("view", table),
        severity=severity,
        column=column,
        message=words["message"],
        fix=words.get("fix", "QLNT › Hồ sơ học sinh › Thông tin chung"),
        owner=words.get("owner", Owner.HOMEROOM),
        condition=words.get("condition", pl.col(column).is_null()),
        needs=words.get("needs", (column,)),
        native=words.get("native"),
    )


def some_rules() -> tuple[Rule, ...]:
    x, c, n = Severity.REVIEW, Severity.BLOCK, Severity.REMIND
    fields = ("full_name", "birth_date", "ethnicity", "sex", "permanent_address", "policy_category", "pupil_code", "contact_phone")
    labels = ("họ tên", "ngày sinh", "dân tộc", "giới tính", "địa chỉ thường trú", "diện chính sách", "cha mẹ", "điện thoại")
    eight = [
        rule(f"QC-19.6/{i}", "pupils", x, field, message=f"Học sinh đang học thiếu {label}")
        for i, (field, label) in enumerate(zip(fields, labels, strict=True), 1)
    ]
    return (
        *eight,
        rule(
            "ID-1",
            "pupils",
            x,
            "pupil_code",
            message="Mã định danh Bộ GD&ĐT không phải 10 chữ số",
            condition=pl.col("pupil_code").is_not_null() & ~pl.col("pupil_code").str.contains(r"^\d{10}$"),
            native=NativeExpectation("expect_column_values_to_match_regex", {"column": "pupil_code", "regex": r"^\d{10}$"}),
            owner=Owner.CLERK,
        ),
        rule(
            "ID-4/3",
            "pupils",
            c,
            "personal_number",
            message="Chữ số thứ 4 của số định danh không hợp giới tính và thế kỷ sinh",
            owner=Owner.CLERK,
        ),
        rule("HS-2/1", "pupils", x, "disability", message="Diện chính sách là khuyết tật nhưng chưa ghi loại khuyết tật"),
        rule("HS-8/3", "pupils", x, "full_name", message="Hai học sinh trùng họ tên và ngày sinh", owner=Owner.CLERK),
        rule("DCH-3", "pupils", x, "birth_date", message="Ngày sinh ở QLNT khác ở CSDL ngành", owner=Owner.CLERK),
        rule(
            "TT27-7.1a/1", "marks", x, "level_text", message="Thiếu mức đạt được", owner=Owner.SUBJECT_TEACHER, article="TT 27/2020 Điều 7"
        ),
        rule(
            "TT27-7.1a/2",
            "marks",
            x,
            "level_text",
            message="Cả lớp chưa nhập môn này",
            owner=Owner.SUBJECT_TEACHER,
            article="TT 27/2020 Điều 7",
        ),
        rule(
            "TT27-7.1b",
            "marks",
            x,
            "score",
            message="Thiếu điểm kiểm tra định kỳ",
            owner=Owner.SUBJECT_TEACHER,
            article="TT 27/2020 Điều 7",
        ),
        rule("TT27-7.1e", "marks", c, "score", message="Điểm không phải số nguyên từ 0 đến 10", owner=Owner.SUBJECT_TEACHER),
        rule("CC-1/2", "attendance", x, "total", message="Tổng ngày nghỉ không bằng có phép cộng không phép"),
        rule("SK-1/1", "health", x, "height_cm", message="Chiều cao ngoài khoảng 85–180 cm", owner=Owner.NURSE),
        rule("CB-1/3", "staff", x, "sex", message="Hồ sơ cán bộ thiếu giới tính", owner=Owner.CLERK),
        rule(
            "QC-10.1",
            "accounts",
            x,
            "active",
            message="Người đã nghỉ việc vẫn còn tài khoản đang mở",
            owner=Owner.IT,
            fix="Hệ thống có tài khoản › Quản trị › Khóa tài khoản",
        ),
        rule("PL-7", "accounts", n, "last_login", message="Tài khoản không đăng nhập quá 45 ngày", owner=Owner.IT),
    )


def finding(rules: dict[str, Rule], code: str, key: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - test data
    of = rules[code]
    usual = {
        "rule": code, "severity": of.severity.value, "article": of.article, "system": "qlnt", "table": of.table, "key": key,
        "column": of.column, "message": of.message, "fix": of.fix, "owner": of.owner.value,
        "source_file": "qlnt", "source_sheet": of.table, "source_row": 7,
        "first_seen": DAY.isoformat(), "nights_open": 1, "class_name": None, "value": None, "expected": None,
    }  # fmt: skip
    return {**usual, **values}


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return ordered(pl.DataFrame(rows, schema=FINDING_SCHEMA))


def make_snapshot(folder: Path, classes: tuple[str, ...], size: int, *, complete: bool = False) -> Snapshot:
    pupils = [_pupil(number, classes[number // size]) for number in range(size * len(classes))]
    staff = [
        {"staff_code": f"GV{i:03d}", "full_name": f"{FAMILY[i % 8]} Thị Kim {GIVEN[i % 11]}", **_place("staff", "can_bo.csv", i)}
        for i in range(len(classes) + 4)
    ]
    delivered_twice = pupils + [{**pupil, **_place("csdl", "DanhSachHocSinh.xlsx", i)} for i, pupil in enumerate(pupils)]
    computing = f"GV{len(classes):03d}"
    frames = {
        "pupils": pl.DataFrame(delivered_twice, infer_schema_length=None),
        "classes": pl.DataFrame([_class(name, i) for i, name in enumerate(classes)]),
        "assignments": pl.DataFrame(
            [{"class_name": name, "subject": "TH", "staff_code": computing, **_place("qlnt", "qlnt", i)} for i, name in enumerate(classes)]
        ),
        "marks": pl.DataFrame(_marks(pupils, ("", "") if complete else (classes[-1], pupils[size * (len(classes) - 1) + 2]["pupil_code"]))),
        "staff": pl.DataFrame(staff),
        "accounts": pl.DataFrame([{"account_system": "qlnt", "username": "kim.an", "owner_code": "GV001", **_place("qlnt", "qlnt", 1)}]),
    }
    all_pupils = TABLES["pupils"].names[:-4]
    csdl = tuple(name for name in all_pupils if name not in {"policy_category", "disability", "enrolment_kind"})
    sources = {
        "qlnt": SourceState(
            "qlnt", DAY, {"pupils": all_pupils, "guardians": ("pupil_code", "full_name", "phone"), "marks": TABLES["marks"].names[:-4]}
        ),
        "csdl": SourceState("csdl", DAY - timedelta(days=4), {"pupils": csdl, "guardians": ("pupil_code", "full_name")}),
        "staff": SourceState(
            "staff", DAY - timedelta(days=33), {"staff": TABLES["staff"].names[:-4]}, fresh=False, taken_from=DAY - timedelta(days=1)
        ),
    }
    return write_snapshot(folder, DAY, frames, sources)


def _place(system: str, file: str, row: int) -> dict[str, Any]:
    return {"source_system": system, "source_file": file, "source_sheet": "Khối 1", "source_row": row + 7}


def _staff(number: int) -> dict[str, Any]:
    name = f"{FAMILY[number % 8]} Thị Kim {GIVEN[number % 11]}"
    return {"staff_code": f"GV{number:03d}", "full_name": name, **_place("staff", "can_bo.csv", number)}


def _class(name: str, number: int) -> dict[str, Any]:
    return {"class_name": name, "grade": int(name[0]), "homeroom_code": f"GV{number:03d}", **_place("qlnt", "qlnt", number)}


def _pupil(number: int, class_name: str) -> dict[str, Any]:
    grade = int(class_name[0])
    return {
        "pupil_code": f"79{number:08d}", "personal_number": f"0792{2021 - grade:04d}{number:06d}"[:12], "full_name": name_of(number),
        "birth_date": date(2021 - grade, number % 12 + 1, number % 28 + 1), "sex": "Nam" if number % 2 else "Nữ",
        "ethnicity": "01", "permanent_address": f"{number} đường Lý Thường Kiệt, phường Minh Phụng",
        "contact_phone": f"0908{number:06d}", "class_name": class_name, "grade": grade, "status": "01", **_place("qlnt", "qlnt", number),
    }  # fmt: skip


def _marks(pupils: list[dict[str, Any]], lacking: tuple[str, str]) -> list[dict[str, Any]]:
    """Every mark that is due, but one class has no Tin học at GK2, and one pupil no Công nghệ at CN."""
    last_class, lacking_pupil = lacking
    return [
        {"pupil_code": pupil["pupil_code"], "class_name": pupil["class_name"], "grade": pupil["grade"], "subject": subject, "time": time,
         "level": "T", "level_text": "T", "score": "9" if time in codes.tested_times(subject, pupil["grade"]) else None,
         **_place("qlnt", "qlnt", index)}
        for index, pupil in enumerate(pupils)
        for subject in codes.compulsory_subjects(pupil["grade"])
        for time in codes.TIMES
        if (pupil["class_name"], subject, time) != (last_class, "TH", "GK2")
        if (pupil["pupil_code"], subject, time) != (lacking_pupil, "CN", "CN")
    ]  # fmt: skip


def some_findings(classes: tuple[str, ...], size: int) -> list[dict[str, Any]]:
    rules = {of.code: of for of in some_rules()}
    first, last = classes[0], classes[-1]
    code = "79{:08d}".format
    end = size * (len(classes) - 1)
    return [
        finding(rules, "QC-19.6/5", code(1), class_name=first, nights_open=3, first_seen="2027-05-29"),
        finding(rules, "QC-19.6/8", code(1), class_name=first),
        finding(
            rules,
            "QC-19.6/8",
            code(2),
            class_name=first,
            system="csdl",
            source_file="DanhSachHocSinh.xlsx",
            source_sheet="Khối 1",
            source_row=9,
        ),
        finding(rules, "ID-4/3", code(end), class_name=last, value="079317000028", expected="chữ số thứ 4 là 2 (nam, sinh từ năm 2000)"),
        finding(rules, "HS-2/1", code(end + 1), class_name=last),
        finding(rules, "HS-8/3", f"{code(2)}|{code(3)}", class_name=first, value=name_of(2)),
        finding(rules, "TT27-7.1a/1", f"{code(end + 2)}|CN|CN", class_name=last),
        finding(rules, "TT27-7.1a/2", f"{last}|TH|GK2", class_name=last),
        finding(rules, "TT27-7.1e", f"{code(end + 3)}|TO|CN", class_name=last, value="=9,5", expected="số nguyên 0–10"),
        finding(rules, "CC-1/2", f"{code(0)}|2026-10", class_name=first, value="-1", expected="3"),
        finding(rules, "QC-10.1", "qlnt|kim.an", value="1", expected="khóa từ 01/03/2027", system="staff"),
        finding(rules, "PL-7", "qlnt|kim.an"),
        finding(rules, "CB-1/3", "GV002", system="staff", source_file="can_bo.csv", source_sheet=None, source_row=4),
    ]


def make_content(folder: Path, classes: tuple[str, ...], size: int, **changes: Any) -> ReportContent:  # noqa: ANN401 - test data
    rules = some_rules()
    usual: dict[str, Any] = {
        "school": SCHOOL,
        "day": DAY,
        "snapshot": make_snapshot(folder, classes, size),
        "findings": frame_of(some_findings(classes, size)),
        "examined": {of.code: 0 if of.code == "SK-1/1" else 20 for of in rules},
        "rules": rules,
        "totals": (Totals("pupils", 100, 96, 3, 1), Totals("marks", 800, 797, 3, 0)),
        "earlier": (
            {"day": "2027-05-29", "by_severity": {"xem kỹ": 20}},
            {"day": "2027-05-30", "by_severity": {"xem kỹ": 14, "chặn": 3, "nhắc": 1}},
        ),
        "exports": (
            ExportNote(
                title="Biểu 02-TH-ĐN", state="bản nháp", details=("12 ô để trống vì trường chưa có số liệu", "3 chỗ chặn ở cột dân tộc")
            ),
        ),
        "backup_proof": BackupProof(newest_day=DAY - timedelta(days=1), drilled_on=date(2027, 5, 24)),
        "source_problems": ("Hồ sơ nhân sự: không thấy tệp can_bo.csv → hỏi văn thư; đêm nay dùng dữ liệu của 30/05/2027",),
    }
    return ReportContent(**{**usual, **changes})


@pytest.fixture
def content(tmp_path: Path) -> ReportContent:
    return make_content(tmp_path / "snapshot", ("1A", "3A", "5/2"), 8)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., ReportContent]:
    """Content with something changed."""
    return lambda **changes: make_content(tmp_path / "snapshot", ("1A", "3A", "5/2"), 8, **changes)
