"""The rows of Biểu 02-TH-ĐN (start of year) as data: what each counts, and why some stay blank.

Source: domain/exports.md §1. A condition is a Polars expression over the prepared rows of
`counting.py`; `needs` are the columns, beyond those every school's system has, without which the row
cannot be counted and so stays blank: an absent column is never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from connectors.records import codes

FORM = "Biểu 02-TH-ĐN"
CLASS_COLUMNS, PUPIL_COLUMNS = 3, 12  # parts II and III of the form
FIRST_GRADE = codes.GRADES[0]
AGE_IN_FIRST_GRADE = 6  # right age = khối + 5 (rows 52–56)
TWO_SESSIONS = 2
# Who counts as newly enrolled when in lớp 1: primary schools admit by «xét tuyển» too, which is code 2 of the same list.
NEW_PUPILS = (codes.NEWLY_ENROLLED, "2")


@dataclass(frozen=True, slots=True)
class Indicator:
    """A row that the records can count: code in column «Mã», label, condition, columns (`table.column`) that it needs."""

    code: str
    label: str
    condition: pl.Expr
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlankRow:
    """A row that the records cannot count, and the reason told to the school."""

    code: str
    reason: str


SESSIONS, COMBINED = ("classes.sessions_per_day",), ("classes.combined",)
ENROLMENT, DISABILITY, POLICY = ("pupils.enrolment_kind",), ("pupils.disability",), ("pupils.policy_category",)
# Disability codes of the sector (loai_khuyet_tat); «06 Khuyết tật khác» has no row, so 62+…+66 may be less than 61.
DISABILITY_ROWS = (
    ("62", "+ Khuyết tật về nhìn", "03"),
    ("63", "+ Khuyết tật về nghe, nói", "02"),
    ("64", "+ Khuyết tật về trí tuệ", "05"),
    ("65", "+ Khuyết tật về vận động", "01"),
    ("66", "+ Khuyết tật thần kinh, tâm thần", "04"),
)


def _grade(number: int) -> pl.Expr:
    return pl.col("grade") == number


def _age(number: int) -> pl.Expr:
    return pl.col("age") == number


CLASS_ROWS: tuple[Indicator, ...] = (
    Indicator("27", "Lớp", pl.col("counted")),
    *(Indicator(str(27 + grade), f"- Lớp {grade}", _grade(grade)) for grade in codes.GRADES),
    Indicator("33", "- Lớp học 2 buổi/ngày", pl.col("sessions_per_day") >= TWO_SESSIONS, SESSIONS),
    Indicator("36", "- Lớp ghép", pl.col("combined"), COMBINED),
)

PUPIL_ROWS: tuple[Indicator, ...] = (
    Indicator("37", "Tổng quy mô", pl.col("counted")),
    Indicator("38", "- Trung du, đồng bằng, thành phố", pl.col("lowland")),
    Indicator("39", "- Miền núi, vùng sâu, hải đảo", ~pl.col("lowland")),
    *(Indicator(str(39 + grade), f"- Học sinh lớp {grade}", _grade(grade)) for grade in codes.GRADES),
    Indicator("45", "- Dưới 6 tuổi", pl.col("age") < AGE_IN_FIRST_GRADE),
    *(Indicator(str(40 + age), f"- {age} tuổi", _age(age)) for age in range(6, 11)),
    Indicator("51", "- Trên 10 tuổi", pl.col("age") > 10),  # noqa: PLR2004 - the label says it
    *(
        Indicator(str(51 + grade), f"- Học sinh {grade + 5} tuổi học lớp {grade}", _grade(grade) & _age(grade - 1 + AGE_IN_FIRST_GRADE))
        for grade in codes.GRADES
    ),
    Indicator("57", "- Học sinh mới tuyển đầu cấp", pl.col("enrolment_kind").is_in(NEW_PUPILS) & _grade(FIRST_GRADE), ENROLMENT),
    Indicator(
        "58", "- Học sinh lưu ban năm học trước đang học lại trong năm học này", pl.col("enrolment_kind") == codes.RETAINED, ENROLMENT
    ),
    Indicator("59", "- Học sinh học 2 buổi/ngày", pl.col("sessions_per_day") >= TWO_SESSIONS, SESSIONS),
    Indicator("61", "- Học sinh khuyết tật học hòa nhập", pl.col("disability").is_not_null(), DISABILITY),
    *(Indicator(code, label, pl.col("disability") == kind, DISABILITY) for code, label, kind in DISABILITY_ROWS),
    Indicator("73", "- Học sinh học tin học", pl.col("learns_informatics")),
    Indicator("74", "Học sinh thuộc đối tượng chính sách", pl.col("policy_category").is_not_null(), POLICY),
)

SPECIAL = "hồ sơ không ghi ai học chuyên biệt; học sinh khuyết tật của trường phổ thông được đếm ở mã 61–66"
BLANK_ROWS: tuple[BlankRow, ...] = (
    BlankRow("34", "hồ sơ không ghi trường có phải trường phổ thông dân tộc bán trú hay không"),
    BlankRow("35", "hồ sơ không ghi trường có phải trường chuyên biệt hay không"),
    BlankRow("60", "hồ sơ không ghi diện bán trú của học sinh"),
    *(BlankRow(str(code), SPECIAL) for code in range(67, 73)),
    BlankRow("75", "hồ sơ không ghi ai được hỗ trợ chi phí học tập"),
    BlankRow("76", "hồ sơ không ghi ai được hỗ trợ theo diện dân tộc thiểu số rất ít người"),
    BlankRow("77", "hồ sơ không ghi ai được hỗ trợ tiền ăn, tiền nhà ở và gạo"),
)
NOT_ASKED: tuple[BlankRow, ...] = (
    BlankRow("1–26", "phần I (Trường) không lập từ hồ sơ học sinh: nhà trường tự điền"),
    BlankRow("78–119", "phần IV (Cán bộ, giáo viên, nhân viên) chưa lập ở đây: nhà trường tự điền"),
    BlankRow("120–132", "phần V (Phòng học) không lập từ hồ sơ học sinh: nhà trường tự điền"),
)
# Columns of a pupil that decide a number of the form (movements are found by pupil_code).
COUNTED_COLUMNS = frozenset(
    {
        "pupil_code", "class_name", "grade", "birth_date", "sex", "ethnicity", "status", "status_date",
        "disability", "policy_category", "enrolment_kind",
    }
)  # fmt: skip
