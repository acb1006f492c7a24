"""Staff records and ratings (Điều 24; sector database; TT 20/2018; NĐ 233/2026)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.codes import STAFF_LEFT
from connectors.records.tables import RATINGS, STAFF
from expectations.rule import NativeExpectation, Owner, Rule, Severity, not_null
from infra.regulations import ND137_13, ND233_2026, SECTOR_DATABASE, TT20_2018

_staff = partial(Rule, article=SECTOR_DATABASE, table=STAFF.name, view="staff", severity=Severity.REVIEW, owner=Owner.CLERK)
_rating = partial(Rule, table=RATINGS.name, view="ratings", severity=Severity.REVIEW, stated=False, owner=Owner.VICE_PRINCIPAL)

NINE_OR_TWELVE = "^(?:[0-9]{9}|[0-9]{12})$"
BORN = pl.format("{}, sinh {}", "sex", pl.col("birth_date").dt.year())
FIX_NUMBER = "Hồ sơ nhân sự › can_bo.csv › Số CCCD: đối chiếu thẻ (cả giới tính, ngày sinh), sửa rồi nộp lại tệp"
FIX_STATUS = "Hồ sơ nhân sự › can_bo.csv › Trạng thái, Ngày trạng thái, Số quyết định: ghi theo quyết định rồi nộp lại tệp"

# CB-1 in the order of its numbers: column, its name in messages, what would be right.
REQUIRED = (
    ("full_name", "họ tên", "có họ tên"),
    ("birth_date", "ngày sinh", "có ngày sinh"),
    ("sex", "giới tính", "Nam hoặc Nữ"),
    ("personal_number", "số CCCD", "12 chữ số (CMND cũ: 9 chữ số)"),
    ("contract", "hình thức hợp đồng", "mã của danh mục hình thức hợp đồng"),
    ("qualification", "trình độ chuyên môn", "mã của danh mục trình độ chuyên môn"),
    ("position", "loại cán bộ", "mã của danh mục loại cán bộ"),
)


def _required(number: int, column: str, label: str, expected: str) -> Rule:
    return _staff(
        code=f"CB-1/{number}",
        stated=False,
        column=column,
        needs=(column, "status"),
        condition=~pl.col("has_left") & pl.col(column).is_null(),
        message=f"Cán bộ đang làm việc chưa có {label}",
        expected=expected,
        fix=f"Hồ sơ nhân sự › can_bo.csv › {label}: ghi theo hồ sơ gốc rồi nộp lại tệp",
        native=not_null(column, ("status", "not in", STAFF_LEFT)),
    )


RULES: tuple[Rule, ...] = (
    *(_required(number, *field) for number, field in enumerate(REQUIRED, start=1)),
    _staff(
        code="CB-5",
        stated=False,
        column="status",
        needs=("status",),
        condition=~pl.col("status_listed"),
        message="Trạng thái cán bộ trống hoặc không có trong danh mục của Bộ",
        expected="mã 01 đến 07 của danh mục trạng thái cán bộ",
        fix=FIX_STATUS,
    ),
    _staff(
        code="CB-6",
        stated=False,
        column="decision_number",
        needs=("status", "status_date", "decision_number"),
        condition=pl.col("has_left") & (pl.col("status_date").is_null() | pl.col("decision_number").is_null()),
        message="Cán bộ đã rời trường mà chưa đủ ngày và số quyết định",
        expected="có ngày trạng thái và số quyết định",
        fix=FIX_STATUS,
    ),
    _staff(
        code="ID-7",
        article=ND137_13,
        stated=False,
        column="personal_number",
        needs=("personal_number",),
        condition=pl.col("personal_number").is_not_null() & ~pl.col("personal_number").str.contains(NINE_OR_TWELVE),
        message="Số CCCD/CMND của cán bộ không phải 12 hoặc 9 chữ số",
        expected="12 chữ số (CMND cũ: 9 chữ số)",
        fix=FIX_NUMBER,
        native=NativeExpectation("expect_column_values_to_match_regex", {"column": "personal_number", "regex": NINE_OR_TWELVE}),
    ),
    _staff(
        code="ID-4/5",
        article=ND137_13,
        severity=Severity.BLOCK,
        column="personal_number",
        needs=("personal_number", "sex", "birth_date"),
        condition=pl.col("number_is_12") & (pl.col("number_sign") != pl.col("right_sign")),
        message="Chữ số thứ 4 của số CCCD không khớp giới tính và thế kỷ sinh của cán bộ",
        expected=pl.format("chữ số thứ 4 là {} ({})", "right_sign", BORN),
        fix=FIX_NUMBER,
    ),
    _staff(
        code="ID-4/6",
        article=ND137_13,
        severity=Severity.BLOCK,
        column="personal_number",
        needs=("personal_number", "birth_date"),
        condition=pl.col("number_is_12") & (pl.col("number_year") != pl.col("right_year")),
        message="Chữ số thứ 5–6 của số CCCD không khớp năm sinh của cán bộ",
        expected=pl.format(
            "chữ số thứ 5–6 là {} (sinh {})", pl.col("right_year").cast(pl.String).str.zfill(2), pl.col("birth_date").dt.year()
        ),
        fix=FIX_NUMBER,
    ),
    _rating(
        code="CB-2",
        article=TT20_2018,
        column="standard_rating",
        needs=("criteria", "standard_rating"),
        condition=pl.col("standard_rating") != pl.col("computed_standard"),
        message="Xếp loại chuẩn nghề nghiệp khác với kết quả tính từ 15 tiêu chí",
        expected=pl.col("computed_standard"),
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Chuẩn nghề nghiệp: tính lại theo 15 tiêu chí rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4",
        article=ND233_2026,
        column="civil_rating",
        needs=("civil_score", "civil_rating"),
        condition=pl.col("civil_rating") != pl.col("computed_civil"),
        message="Xếp loại viên chức khác với mức của điểm xếp loại",
        expected=pl.format("{} ({} điểm)", "computed_civil", "civil_score"),
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Xếp loại: sửa theo điểm rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4/1",
        article=ND233_2026,
        column="civil_score",
        needs=("civil_score",),
        condition=~pl.col("civil_score").is_between(0, 100),
        message="Điểm xếp loại viên chức ngoài khoảng 0 đến 100",
        expected="từ 0 đến 100",
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Điểm xếp loại: sửa theo biên bản họp rồi nộp lại tệp",
        native=NativeExpectation("expect_column_values_to_be_between", {"column": "civil_score", "min_value": 0, "max_value": 100}),
    ),
)
