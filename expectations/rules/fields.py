"""The minimum fields of a pupil (Điều 19.6a) and what the sector database asks of a pupil's record."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records import codes
from connectors.records.school_year import FIRST_TERM, SECOND_TERM, SUMMER
from connectors.records.tables import PUPILS
from expectations.rule import NativeExpectation, Owner, Rule, Severity, not_null
from infra.regulations import QC_19_6A, SECTOR_DATABASE

_pupil = partial(Rule, table=PUPILS.name, view="pupils", severity=Severity.REVIEW, owner=Owner.CLERK)
_field = partial(_pupil, article=QC_19_6A, stated=False, owner=Owner.HOMEROOM)
_record = partial(_pupil, article=SECTOR_DATABASE, stated=False)

AT_SCHOOL = pl.col("at_school")
DISABLED_BY_POLICY, STUDYING = "06", "01"
# Ministry codes of statuses that belong to a term (rules.md HS-7).
OF_FIRST_TERM, OF_SECOND_TERM, OF_SUMMER = ("02", "03", "04", "05"), ("06", "07", "08", "09"), ("10", "11", "12")


def _missing(column: str) -> pl.Expr:
    return AT_SCHOOL & pl.col(column).is_null()


def _not_missing(column: str) -> NativeExpectation:
    """The same as `_missing`, in Great Expectations' words."""
    return not_null(column, ("status", "in", codes.AT_SCHOOL))


def _wrong_term() -> pl.Expr:
    status, term = pl.col("status"), pl.col("status_term")
    return (
        (status.is_in(OF_FIRST_TERM) & (term != FIRST_TERM))
        | (status.is_in(OF_SECOND_TERM) & (term != SECOND_TERM))
        | (status.is_in(OF_SUMMER) & (term != SUMMER))
    )


RULES: tuple[Rule, ...] = (
    _field(
        code="QC-19.6/1",
        column="full_name",
        needs=("full_name", "status"),
        condition=_missing("full_name"),
        message="Học sinh đang học chưa có họ tên",
        expected="có họ tên như giấy khai sinh",
        fix="QLNT › Hồ sơ học sinh › Họ và tên: nhập theo giấy khai sinh rồi lưu",
        native=_not_missing("full_name"),
    ),
    _field(
        code="QC-19.6/2",
        column="birth_date_text",
        needs=("birth_date", "birth_date_text", "status"),
        condition=_missing("birth_date_text"),
        message="Học sinh đang học chưa có ngày sinh",
        expected="có ngày sinh như giấy khai sinh",
        fix="QLNT › Hồ sơ học sinh › Ngày sinh: nhập theo giấy khai sinh rồi lưu",
        native=_not_missing("birth_date_text"),
    ),
    _field(
        code="QC-19.6/3",
        column="ethnicity_text",
        needs=("ethnicity", "ethnicity_text", "status"),
        condition=_missing("ethnicity_text"),
        message="Học sinh đang học chưa có dân tộc",
        expected="có dân tộc như giấy khai sinh",
        fix="QLNT › Hồ sơ học sinh › Dân tộc: chọn trong danh mục rồi lưu",
        native=_not_missing("ethnicity_text"),
    ),
    _field(
        code="QC-19.6/4",
        column="sex",
        needs=("sex", "status"),
        condition=_missing("sex"),
        message="Học sinh đang học chưa có giới tính",
        expected="Nam hoặc Nữ",
        fix="QLNT › Hồ sơ học sinh › Giới tính: chọn Nam hoặc Nữ rồi lưu",
        native=_not_missing("sex"),
    ),
    _field(
        code="QC-19.6/5",
        column="permanent_address",
        needs=("permanent_address", "status"),
        condition=_missing("permanent_address"),
        message="Học sinh đang học chưa có địa chỉ thường trú",
        expected="có địa chỉ thường trú",
        fix="QLNT › Hồ sơ học sinh › Địa chỉ thường trú: hỏi cha mẹ, nhập rồi lưu",
        native=_not_missing("permanent_address"),
    ),
    _field(
        code="QC-19.6/6",
        column="policy_category",
        needs=("policy_category",),
        # Empty means none (HS-3): whoever is asked has the column.
        condition=pl.col("policy_category").is_not_null() & ~pl.col("policy_listed"),
        message="Diện chính sách không có trong danh mục của Bộ",
        expected="mã 01 đến 16 của danh mục diện chính sách, hoặc để trống nếu không thuộc diện nào",
        fix="QLNT › Hồ sơ học sinh › Diện chính sách: chọn lại trong danh mục rồi lưu",
        native=NativeExpectation("expect_column_values_to_match_regex", {"column": "policy_category", "regex": "^(?:0[1-9]|1[0-6])$"}),
    ),
    _field(
        code="QC-19.6/7",
        column="pupil_code",
        needs=("pupil_code", "guardians.full_name", "status"),
        condition=AT_SCHOOL & ~pl.col("has_guardian").fill_null(value=False),
        message="Học sinh đang học chưa có thông tin cha, mẹ hoặc người giám hộ",
        expected="có họ tên của ít nhất một người: cha, mẹ hoặc người giám hộ",
        fix="QLNT › Hồ sơ học sinh › Gia đình: nhập cha, mẹ hoặc người giám hộ rồi lưu",
    ),
    _field(
        code="QC-19.6/8",
        column="contact_phone",
        needs=("contact_phone", "guardians.phone", "status"),
        condition=_missing("contact_phone") & ~pl.col("has_guardian_phone").fill_null(value=False),
        message="Không có số điện thoại nào để liên hệ với gia đình học sinh",
        expected="có ít nhất một số điện thoại của học sinh, cha, mẹ hoặc người giám hộ",
        fix="QLNT › Hồ sơ học sinh › Điện thoại liên hệ: hỏi cha mẹ, nhập rồi lưu",
    ),
    _record(
        code="HS-1/1",
        column="class_name",
        needs=("class_name", "status"),
        condition=_missing("class_name"),
        message="Học sinh đang học chưa được xếp lớp",
        expected="có tên lớp",
        fix="QLNT › Xếp lớp › chọn lớp cho học sinh rồi lưu",
        native=_not_missing("class_name"),
    ),
    _record(
        code="HS-1/2",
        column="status",
        needs=("status",),
        condition=~pl.col("status_listed"),
        message="Trạng thái học sinh trống hoặc không có trong danh mục của Bộ",
        expected="mã 01 đến 12 của danh mục trạng thái học sinh (giữ số 0 đứng đầu)",
        fix="QLNT › Hồ sơ học sinh › Trạng thái: chọn lại trong danh mục rồi lưu",
    ),
    _pupil(
        code="HS-1/3",
        article=SECTOR_DATABASE,
        column="pupil_code",
        needs=("pupil_code", "guardians.full_name", "status"),
        condition=AT_SCHOOL & ~pl.col("mother_not_asked") & pl.col("has_guardian") & ~pl.col("has_mother"),
        message="Hồ sơ có người thân nhưng chưa có họ tên mẹ",
        expected="có họ tên mẹ (trừ học sinh mồ côi, bị bỏ rơi: diện chính sách 05, 07)",
        fix="QLNT › Hồ sơ học sinh › Gia đình: nhập họ tên mẹ rồi lưu",
        owner=Owner.HOMEROOM,
    ),
    _pupil(
        code="HS-1/4",
        article=SECTOR_DATABASE,
        column="pupil_code",
        needs=("pupil_code", "guardians.birth_year", "status"),
        condition=AT_SCHOOL & pl.col("mother_without_year"),
        message="Hồ sơ có họ tên mẹ nhưng chưa có năm sinh của mẹ",
        expected="có năm sinh của mẹ",
        fix="QLNT › Hồ sơ học sinh › Gia đình: nhập năm sinh của mẹ rồi lưu",
        owner=Owner.HOMEROOM,
    ),
    _record(
        code="HS-1/5",
        column="ethnicity_text",
        needs=("ethnicity_text",),
        condition=pl.col("ethnicity_text").is_not_null() & pl.col("ethnicity").is_null(),
        message="Dân tộc không có trong danh mục 54 dân tộc",
        expected="tên hoặc mã trong danh mục dân tộc (người nước ngoài: 55)",
        fix="QLNT › Hồ sơ học sinh › Dân tộc: chọn lại trong danh mục rồi lưu",
        native=not_null("ethnicity", ("ethnicity_text", "not null", ())),
    ),
    _record(
        code="HS-2/1",
        column="disability",
        needs=("policy_category", "disability"),
        condition=(pl.col("policy_category") == DISABLED_BY_POLICY) & pl.col("disability").is_null(),
        message="Diện chính sách là khuyết tật (06) nhưng chưa ghi loại khuyết tật",
        expected="mã 01 đến 06 của danh mục loại khuyết tật",
        fix="QLNT › Hồ sơ học sinh › Loại khuyết tật: chọn theo giấy xác nhận rồi lưu",
        native=not_null("disability", ("policy_category", "in", (DISABLED_BY_POLICY,))),
    ),
    _record(
        code="HS-2/2",
        column="status_date",
        needs=("status", "status_date"),
        condition=pl.col("status_listed") & (pl.col("status") != STUDYING) & pl.col("status_date").is_null(),
        message="Trạng thái đã thay đổi nhưng chưa có ngày thay đổi",
        expected="có ngày của quyết định hoặc đơn",
        fix="QLNT › Hồ sơ học sinh › Ngày trạng thái: nhập theo quyết định rồi lưu",
        native=not_null("status_date", ("status", "in", OF_FIRST_TERM + OF_SECOND_TERM + OF_SUMMER)),
    ),
    _record(
        code="HS-2/8",
        column="disability",
        needs=("disability",),
        condition=pl.col("disability").is_not_null() & ~pl.col("disability_listed"),
        message="Loại khuyết tật không có trong danh mục của Bộ",
        expected="mã 01 đến 06 của danh mục loại khuyết tật, hoặc để trống",
        fix="QLNT › Hồ sơ học sinh › Loại khuyết tật: chọn lại theo giấy xác nhận rồi lưu",
    ),
    _record(
        code="HS-4/1",
        column="birth_date_text",
        needs=("birth_date", "birth_date_text"),
        condition=pl.col("birth_date_text").is_not_null() & pl.col("birth_date").is_null(),
        message="Ngày sinh không đọc được là một ngày có thật",
        expected="ngày có thật, dạng ngày/tháng/năm",
        fix="QLNT › Hồ sơ học sinh › Ngày sinh: nhập lại theo giấy khai sinh rồi lưu",
        native=not_null("birth_date", ("birth_date_text", "not null", ())),
    ),
    _record(
        code="HS-4/2",
        column="birth_date",
        needs=("birth_date",),
        condition=pl.col("birth_date") > pl.col("day"),
        message="Ngày sinh ở sau ngày kiểm tra",
        expected="ngày sinh đã qua",
        fix="QLNT › Hồ sơ học sinh › Ngày sinh: sửa theo giấy khai sinh rồi lưu",
    ),
    _record(
        code="HS-4/3",
        column="status_date",
        needs=("birth_date", "status_date"),
        condition=(pl.col("status_date") < pl.col("birth_date")).fill_null(value=False) | (pl.col("status_date") > pl.col("day")),
        message="Ngày trạng thái ở trước ngày sinh hoặc sau ngày kiểm tra",
        expected="ngày đã qua, sau ngày sinh",
        fix="QLNT › Hồ sơ học sinh › Ngày trạng thái: sửa theo quyết định rồi lưu",
    ),
    _record(
        code="HS-5/1",
        column="grade",
        needs=("class_name", "grade", "status"),
        condition=(pl.col("class_grade") != pl.col("grade")) | (pl.col("class_grade").is_not_null() & _missing("grade")),
        message="Khối của học sinh để trống hoặc không khớp với tên lớp",
        expected=pl.format("khối {} (lớp {})", "class_grade", "class_name"),
        fix="QLNT › Hồ sơ học sinh › Khối, Lớp: sửa cho khớp rồi lưu",
    ),
    _pupil(
        code="HS-5/2",
        article=SECTOR_DATABASE,
        column="class_name",
        needs=("class_name",),
        condition=pl.col("class_name").is_not_null() & pl.col("class_grade").is_null(),
        message="Tên lớp không bắt đầu bằng số của khối",
        expected="tên lớp bắt đầu bằng số 1 đến 5, ví dụ 3A, 3/2",
        fix="QLNT › Danh mục lớp › Tên lớp: sửa rồi lưu",
        native=NativeExpectation("expect_column_values_to_match_regex", {"column": "class_name", "regex": "^[1-5]"}),
    ),
    _record(
        code="HS-6",
        column="status",
        needs=("status", "movements.kind"),
        condition=pl.col("status_listed")
        & pl.when(pl.col("has_movement")).then(pl.col("last_kind").ne_missing(pl.col("status"))).otherwise(pl.col("status") != STUDYING),
        message="Trạng thái của học sinh không khớp với biến động mới nhất",
        expected=pl.format("trạng thái {}", pl.col("last_kind").fill_null("01 (không có biến động nào)")),
        fix="QLNT › Biến động học sinh: ghi đủ chuyển đến, chuyển đi, thôi học; trạng thái sửa theo đó",
    ),
    _record(
        code="HS-7",
        column="status",
        needs=("status", "status_date"),
        # A date that is still to come is told by HS-4/3.
        condition=(pl.col("status_date") <= pl.col("day")) & _wrong_term(),
        message="Trạng thái ghi một học kỳ nhưng ngày trạng thái thuộc học kỳ khác",
        expected=pl.format("mã trạng thái của {}", "status_term"),
        fix="QLNT › Hồ sơ học sinh › Trạng thái: chọn mã đúng học kỳ, hoặc sửa Ngày trạng thái",
    ),
)
