"""Drift against the newest earlier night: a source that lost half its rows stops every export; smaller changes are looked at."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import MARKS, PUPILS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_16_1B

# Smaller tables move by nature; half is the measure of the house (architecture: `dừng`).
SMALLEST_TABLE, HALF = 50, 0.5

_since_last_night = partial(Rule, article=QC_16_1B, severity=Severity.REVIEW, stated=False)

RULES: tuple[Rule, ...] = (
    Rule(
        code="BD-1",
        article=QC_16_1B,
        table="drift",
        view="drift",
        severity=Severity.STOP,
        stated=False,
        column="rows_now",
        needs=(),
        condition=(pl.col("rows") >= SMALLEST_TABLE) & (pl.col("rows_now") < HALF * pl.col("rows")),
        message="Bảng dữ liệu mất hơn một nửa số dòng so với đêm trước",
        expected=pl.format("khoảng {} dòng như đêm trước", "rows"),
        fix="Hỏi nơi quản lý hệ thống nguồn; khi đã rõ thì kéo lại",
        owner=Owner.IT,
    ),
    _since_last_night(
        code="BD-3",
        table="drift",
        view="class_sizes",
        column="pupils_now",
        needs=(),
        # A class that went wholly, or the first night of a new one, changes by all its pupils: that is told here as well.
        condition=(pl.col("pupils_now") - pl.col("pupils_before")).abs() >= pl.col("limit_class_size_jump"),
        message="Sĩ số một lớp thay đổi nhiều chỉ sau một đêm: đề nghị xem lại",
        expected=pl.format("khoảng {} học sinh như đêm trước", "pupils_before"),
        fix="QLNT › Xếp lớp, Biến động học sinh: đối chiếu quyết định chuyển lớp, chuyển trường",
        owner=Owner.CLERK,
    ),
    _since_last_night(
        code="BD-4",
        table=PUPILS.name,
        view="vanished_pupils",
        column="pupil_code",
        needs=("pupil_code", "status", "movements.kind"),
        # Half a school gone is a broken source (BD-1), not hundreds of pupils.
        condition=~pl.col("is_listed") & ~pl.col("has_moved") & ~pl.col("most_are_gone"),
        message="Học sinh đêm trước còn đang học, nay không còn trong danh sách mà không có biến động nào",
        expected="còn trong danh sách, hoặc có biến động chuyển đi, thôi học",
        fix="QLNT › Biến động học sinh: ghi chuyển đi hoặc thôi học; nếu xóa nhầm thì khôi phục hồ sơ",
        owner=Owner.CLERK,
    ),
    _since_last_night(
        code="BD-5",
        table=MARKS.name,
        view="vanished_marks",
        column="marks_gone",
        needs=("level_text", "score"),
        condition=(pl.col("marks_gone") > 0) & pl.col("still_delivered"),
        message="Kết quả đã nhập đêm trước nay không còn trong sổ điểm",
        expected=pl.format("đủ {} kết quả như đêm trước", "marks_before"),
        fix="QLNT › Sổ điểm: hỏi giáo viên dạy môn; nếu bị xóa nhầm thì nhập lại hoặc khôi phục từ bản sao lưu",
        owner=Owner.SUBJECT_TEACHER,
    ),
)
