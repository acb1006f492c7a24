"""Ratings of staff: computed rightly, there every year, no more of the best than allowed (TT 20/2018; NĐ 90/2020, NĐ 233/2026)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import RATINGS
from expectations.rule import NativeExpectation, Owner, Rule, Severity
from infra.regulations import ND90_2020, ND233_2026, TT20_2018

_rating = partial(Rule, table=RATINGS.name, view="ratings", severity=Severity.REVIEW, stated=False, owner=Owner.VICE_PRINCIPAL)
_expected = partial(_rating, view="expected_ratings")
# A system is asked for missing ratings only where it says who works here and what they are.
WHO_WORKS = ("staff.status", "staff.status_date", "staff.staff_group")

RULES: tuple[Rule, ...] = (
    _rating(
        code="CB-2",
        article=TT20_2018,
        column="standard_rating",
        needs=("criteria", "standard_rating", "year"),
        condition=pl.col("by_criteria") & (pl.col("standard_rating") != pl.col("computed_standard")),
        message="Xếp loại chuẩn nghề nghiệp khác với kết quả tính từ 15 tiêu chí",
        expected=pl.col("computed_standard"),
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Chuẩn nghề nghiệp: tính lại theo 15 tiêu chí rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4",
        article=ND233_2026,
        column="civil_rating",
        needs=("civil_score", "civil_rating", "year"),
        condition=pl.col("by_score") & (pl.col("civil_rating") != pl.col("computed_civil")),
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
    _expected(
        code="CB-2/1",
        article=TT20_2018,
        column="self_rated",
        needs=("self_rating", "year", *WHO_WORKS),
        condition=pl.col("teaches") & pl.col("worked_half") & pl.col("self_rated").is_null(),
        message="Giáo viên chưa có kết quả tự đánh giá theo chuẩn nghề nghiệp của năm",
        expected="tự đánh giá mỗi năm một lần",
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Tự đánh giá: giáo viên tự đánh giá, ghi kết quả rồi nộp lại tệp",
    ),
    _expected(
        code="CB-2/2",
        article=TT20_2018,
        column="rated_by_head",
        needs=("standard_rating", "year", *WHO_WORKS),
        condition=pl.col("teaches") & pl.col("worked_half") & ~pl.col("rated_by_head"),
        message="Hai năm liền giáo viên không được hiệu trưởng đánh giá theo chuẩn nghề nghiệp",
        expected="người đứng đầu đánh giá hai năm một lần",
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Chuẩn nghề nghiệp: đánh giá, ghi kết quả rồi nộp lại tệp",
    ),
    _expected(
        code="CB-4/2",
        article=ND90_2020,
        column="civil_rating",
        needs=("civil_rating", "year", *WHO_WORKS),
        condition=pl.col("worked_half") & pl.col("civil_rating").is_null(),
        message="Năm đã hết mà chưa có xếp loại chất lượng viên chức",
        expected="HTXSNV, HTTNV, HTNV hoặc KHTNV (làm việc dưới 6 tháng: không xếp loại)",
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Xếp loại: ghi theo biên bản họp rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4/3",
        article=ND90_2020,
        column="civil_rating",
        needs=("civil_rating", "year", "staff.status", "staff.status_date"),
        condition=pl.col("arrived_late") & pl.col("civil_rating").is_not_null(),
        message="Làm việc ở trường dưới 6 tháng trong năm mà vẫn được xếp loại",
        expected="không xếp loại năm đó",
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Xếp loại: xóa, hoặc sửa ngày đến trong can_bo.csv, rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4/4",
        view="rating_groups",
        article=ND90_2020,
        column="excellent",
        needs=("civil_rating", "year", "staff.staff_group"),
        condition=pl.col("excellent") * 100 > pl.col("limit_percent") * pl.col("good"),
        message="Nhóm cán bộ có nhiều người hoàn thành xuất sắc nhiệm vụ hơn tỷ lệ cho phép",
        expected=pl.format("không quá {} % của {} người hoàn thành tốt nhiệm vụ", "limit_percent", "good"),
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Xếp loại: họp xét lại trong nhóm rồi nộp lại tệp",
    ),
    _rating(
        code="CB-4/5",
        article=ND90_2020,
        column="civil_rating",
        needs=("civil_rating", "year", "staff.position"),
        condition=pl.col("is_head") & pl.col("above_unit"),
        message="Người đứng đầu được xếp loại cao hơn đơn vị",
        expected=pl.format("không cao hơn đơn vị ({})", "unit_rating"),
        fix="Hồ sơ nhân sự › danh_gia.xlsx › Xếp loại: đối chiếu thông báo xếp loại đơn vị rồi nộp lại tệp",
    ),
)
