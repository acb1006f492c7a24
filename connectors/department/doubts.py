"""What cannot be placed in a row or column, as data: each doubt is told with its number and makes the form a draft."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from connectors.department.indicators import DISABILITY, ENROLMENT, FIRST_GRADE, POLICY, SESSIONS
from connectors.records import codes


@dataclass(frozen=True, slots=True)
class Doubt:
    """Pupils or classes that fulfil the condition; `{}` in the text is how many. `needs` as in indicators."""

    text: str
    condition: pl.Expr
    needs: tuple[str, ...] = ()


def _unlisted(column: str, known: tuple[str, ...] | tuple[int, ...]) -> pl.Expr:
    """Missing or no code of the list."""
    return ~pl.col(column).is_in(known).fill_null(value=False)


def _strange(column: str, name: str) -> pl.Expr:
    """Given, but no code of the list of the reference file (an empty cell means none: rules.md HS-3)."""
    return ~pl.col(column).is_in(tuple(codes.codes_of(name))).fill_null(value=True)


def pupil_doubts() -> tuple[Doubt, ...]:
    """Doubts about pupils that are counted, in the order in which they are told."""
    return (*_who_they_are(), *_how_they_learn(), *_what_they_are_due(), *_whether_they_count())


def _who_they_are() -> tuple[Doubt, ...]:
    return (
        Doubt("{} học sinh chưa rõ giới tính: có trong cột 1, chưa xếp được vào cột «Nữ»", _unlisted("sex", (codes.MALE, codes.FEMALE))),
        Doubt(
            "{} học sinh chưa rõ dân tộc: có trong cột 1, chưa xếp được vào cột «Dân tộc thiểu số»",
            _unlisted("ethnicity", tuple(codes.codes_of("dan_toc"))),
        ),
        Doubt("{} học sinh chưa rõ ngày sinh: có trong mã 37, chưa xếp được vào mã 45–56", pl.col("age").is_null()),
    )


def _how_they_learn() -> tuple[Doubt, ...]:
    newly = pl.col("enrolment_kind") == codes.NEWLY_ENROLLED
    return (
        Doubt(
            "{} học sinh chưa rõ khối (1–5): có trong mã 37, chưa xếp được vào mã 40–44, 52–57 và 73",
            _unlisted("grade", codes.GRADES),
        ),
        Doubt(
            "{} học sinh chưa rõ loại nhập học: chưa xếp được vào mã 57, 58",
            _unlisted("enrolment_kind", tuple(codes.codes_of("loai_nhap_hoc"))),
            ENROLMENT,
        ),
        Doubt(
            "{} học sinh ghi loại nhập học «Trúng tuyển (đầu cấp)» nhưng không ở lớp 1: không đếm ở mã 57",
            newly & (pl.col("grade") != FIRST_GRADE),
            ENROLMENT,
        ),
        Doubt(
            "{} học sinh chưa rõ học mấy buổi/ngày (lớp để trống, không có trong danh sách lớp, hoặc lớp chưa ghi số buổi): "
            "chưa xếp được vào mã 59",
            pl.col("sessions_per_day").is_null(),
            SESSIONS,
        ),
    )


def _what_they_are_due() -> tuple[Doubt, ...]:
    return (
        Doubt(
            "{} học sinh có mã loại khuyết tật lạ: có trong mã 61, chưa xếp được vào mã 62–66",
            _strange("disability", "loai_khuyet_tat"),
            DISABILITY,
        ),
        Doubt("{} học sinh có mã diện chính sách lạ: vẫn đếm ở mã 74", _strange("policy_category", "dien_chinh_sach"), POLICY),
    )


def _whether_they_count() -> tuple[Doubt, ...]:
    return (
        Doubt(
            "{} học sinh chưa rõ trạng thái (đang học, chuyển đi hay thôi học): vẫn được đếm",
            _unlisted("status", tuple(codes.codes_of("trang_thai_hoc_sinh"))),
        ),
        Doubt("{} học sinh có biến động chưa ghi ngày, chưa rõ trước hay sau ngày tính: vẫn được đếm", pl.col("undated")),
        Doubt("{} dòng học sinh trùng mã định danh: dòng nào cũng được đếm", pl.col("repeated")),
        Doubt("{} học sinh không có mã định danh: được đếm theo trạng thái, không theo biến động", pl.col("pupil_code").is_null()),
    )


CLASS_DOUBTS: tuple[Doubt, ...] = (
    Doubt("{} lớp chưa rõ khối (1–5): có trong mã 27, chưa xếp được vào mã 28–32", _unlisted("grade", codes.GRADES)),
    Doubt("{} lớp chưa ghi số buổi/ngày: chưa xếp được vào mã 33", pl.col("sessions_per_day").is_null(), SESSIONS),
    Doubt("{} lớp không có tên: vẫn được đếm", pl.col("class_name").is_null()),
    Doubt("{} lớp có tên trùng nhau trong danh sách lớp: mỗi tên đếm một lần", pl.col("times") > 1),
)
LEFT_BUT_AT_SCHOOL = "{} học sinh có trạng thái «đang học» nhưng theo biến động đã rời trường trước ngày tính: không được đếm"
VANISHED = "{} mã học sinh theo biến động còn học ngày tính nhưng không có trong danh sách học sinh: không đếm được"
NAMELESS = "{} biến động không ghi mã học sinh: không dựng lại được"
