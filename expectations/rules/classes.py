"""Classes: size, class teacher, inclusive and combined classes (TT 28/2020 Điều 16.1)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import CLASSES
from expectations.rule import Owner, Rule, Severity
from infra.regulations import COMBINED_CLASS_PUPILS, INCLUSIVE_CLASS_PUPILS, TT28_16

_class = partial(Rule, article=TT28_16, table=CLASSES.name, view="classes", severity=Severity.REVIEW, owner=Owner.VICE_PRINCIPAL)

PUPILS_COUNTED = ("pupils.class_name", "pupils.status")

RULES: tuple[Rule, ...] = (
    _class(
        code="TU-4/1",
        column="pupils",
        needs=("class_name", *PUPILS_COUNTED),
        condition=pl.col("pupils") > pl.col("limit_class_size"),
        message="Lớp đông hơn sĩ số tối đa",
        expected=pl.format("không quá {} học sinh", "limit_class_size"),
        fix="QLNT › Xếp lớp: xem lại việc chia lớp; nếu chưa thể, ghi vào báo cáo gửi cấp trên",
    ),
    _class(
        code="TU-4/2",
        stated=False,
        column="homeroom_code",
        needs=("class_name", "homeroom_code"),
        # Null where there is no staff list to look in: then nobody is called unknown.
        condition=pl.col("homeroom_code").is_null() | (pl.col("teacher_is_known") == pl.lit(value=False)).fill_null(value=False),
        message="Lớp chưa có giáo viên chủ nhiệm, hoặc mã giáo viên không có trong danh sách cán bộ",
        expected="mã của một giáo viên trong danh sách cán bộ",
        fix="QLNT › Danh mục lớp › Giáo viên chủ nhiệm: chọn theo quyết định phân công rồi lưu",
    ),
    _class(
        code="TU-4/3",
        column="disabled_pupils",
        needs=("class_name", "pupils.disability", *PUPILS_COUNTED),
        condition=pl.col("disabled_pupils") > INCLUSIVE_CLASS_PUPILS,
        message="Lớp hòa nhập có nhiều học sinh khuyết tật hơn quy định (cần quyết định)",
        expected=f"không quá {INCLUSIVE_CLASS_PUPILS} học sinh khuyết tật trong một lớp",
        fix="QLNT › Xếp lớp: xem lại việc chia lớp, hoặc lưu quyết định của cấp trên",
    ),
    _class(
        code="TU-4/4",
        stated=False,
        column="pupils",
        needs=("class_name", "combined", *PUPILS_COUNTED),
        condition=pl.col("combined") & (pl.col("pupils") > COMBINED_CLASS_PUPILS),
        message="Lớp ghép đông hơn sĩ số tối đa của lớp ghép",
        expected=f"không quá {COMBINED_CLASS_PUPILS} học sinh",
        fix="QLNT › Danh mục lớp › Lớp ghép: sửa nếu ghi nhầm; nếu đúng, xem lại việc chia lớp",
    ),
)
