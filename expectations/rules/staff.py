"""Staff records (Điều 24; sector database): the fields that must be there, numbers that can be."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.codes import STAFF_LEFT
from connectors.records.tables import STAFF
from expectations.rule import NativeExpectation, Owner, Rule, Severity, Where, not_null
from infra.regulations import ND137_13, SECTOR_DATABASE

_staff = partial(Rule, article=SECTOR_DATABASE, table=STAFF.name, view="staff", severity=Severity.REVIEW, owner=Owner.CLERK)

AT_WORK = ~pl.col("has_left")
MANAGERS, TEACHERS, ARRIVED = "01", "03", "07"  # nhom_can_bo, trang_thai_can_bo
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
# The other fields that the sector database requires of everybody, numbered on from the leadership allowance (8 and 9).
FURTHER_REQUIRED = (
    ("salary_grade", "mã ngạch, hạng", "mã ngạch hoặc hạng chức danh đang hưởng"),
    ("salary_step", "bậc lương", "bậc lương đang hưởng"),
    ("salary_coefficient", "hệ số lương", "hệ số lương đang hưởng"),
    ("incentive_allowance", "phụ cấp ưu đãi", "mức phụ cấp ưu đãi (không có: 0)"),
    ("highest_qualification", "trình độ chuyên môn cao nhất", "mã của danh mục trình độ chuyên môn"),
    ("major", "chuyên ngành đào tạo", "tên chuyên ngành ghi trên bằng"),
    ("language_group", "nhóm chứng chỉ ngoại ngữ", "mã của danh mục nhóm chứng chỉ"),
    ("language_certificate", "loại chứng chỉ ngoại ngữ", "mã của danh mục loại chứng chỉ"),
    ("language_level", "khung năng lực ngoại ngữ", "bậc của khung năng lực ngoại ngữ"),
)
# Only of those who teach, and not of whoever just came: the former school rated them.
OF_TEACHERS = (
    ("standard_rating", "kết quả chuẩn nghề nghiệp", "Tốt, Khá, Đạt hoặc Chưa đạt"),
    ("self_rating", "kết quả tự đánh giá chuẩn nghề nghiệp", "Tốt, Khá, Đạt hoặc Chưa đạt"),
)
RATED_TEACHER = (pl.col("staff_group") == TEACHERS) & (pl.col("status") != ARRIVED).fill_null(value=True)


def _required(number: int, field: tuple[str, str, str], *, of_teachers: bool = False) -> Rule:
    column, label, expected = field
    missing = AT_WORK & pl.col(column).is_null()
    rows: tuple[Where, ...] = (("status", "not in", STAFF_LEFT),)
    if of_teachers:
        rows = (("status", "not in", (*STAFF_LEFT, ARRIVED)), ("staff_group", "in", (TEACHERS,)))
    return _staff(
        code=f"CB-1/{number}",
        stated=False,
        column=column,
        needs=(column, "status", *(["staff_group"] if of_teachers else [])),
        condition=missing & RATED_TEACHER if of_teachers else missing,
        message=f"Cán bộ đang làm việc chưa có {label}",
        expected=expected,
        fix=f"Hồ sơ nhân sự › can_bo.csv › {label}: ghi theo hồ sơ gốc rồi nộp lại tệp",
        native=not_null(column, *rows),
    )


RULES: tuple[Rule, ...] = (
    *(_required(number, field) for number, field in enumerate(REQUIRED, start=1)),
    *(_required(number, field) for number, field in enumerate(FURTHER_REQUIRED, start=10)),
    *(_required(number, field, of_teachers=True) for number, field in enumerate(OF_TEACHERS, start=10 + len(FURTHER_REQUIRED))),
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
    _staff(
        code="CB-1/8",
        stated=False,
        column="leadership_allowance",
        needs=("leadership_allowance", "staff_group", "status"),
        condition=AT_WORK & (pl.col("staff_group") == MANAGERS) & ~(pl.col("leadership_allowance") > 0).fill_null(value=False),
        message="Cán bộ quản lý chưa có phụ cấp lãnh đạo",
        expected="mức phụ cấp theo quyết định bổ nhiệm",
        fix="Hồ sơ nhân sự › can_bo.csv › Phụ cấp lãnh đạo: ghi theo quyết định bổ nhiệm rồi nộp lại tệp",
    ),
    _staff(
        code="CB-1/9",
        stated=False,
        column="leadership_allowance",
        needs=("leadership_allowance", "staff_group", "status"),
        condition=AT_WORK & (pl.col("staff_group") != MANAGERS) & (pl.col("leadership_allowance") > 0),
        message="Người không phải cán bộ quản lý mà có phụ cấp lãnh đạo",
        expected="để trống hoặc 0 (phụ cấp lãnh đạo chỉ dành cho cán bộ quản lý)",
        fix="Hồ sơ nhân sự › can_bo.csv › Phụ cấp lãnh đạo, Nhóm cán bộ: sửa chỗ ghi sai rồi nộp lại tệp",
    ),
)
