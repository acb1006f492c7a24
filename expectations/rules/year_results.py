"""The year's result, promotion and rewards (Thông tư 27/2020 Điều 9, 11, 13)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import YEAR_RESULTS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import RESULT_MINIMUM, TT22_2016, TT27_9, TT27_11, TT27_13

_year = partial(Rule, table=YEAR_RESULTS.name, view="year_results", owner=Owner.HOMEROOM)
# What the result is computed from: a system without these is not asked, instead of being told that all is missing.
COMPUTED_FROM = ("marks.level", "marks.score_value", "traits.level")
_result = partial(_year, article=TT27_9, severity=Severity.BLOCK, column="result", needs=("result", *COMPUTED_FROM))
_promotion = partial(_year, article=TT27_11)
_reward = partial(_year, article=TT27_13, column="reward", needs=("result", "reward"))

EXCELLENT_PUPIL, EXEMPLARY_PUPIL = "HSXS", "HSTB"
RESULT, REWARD, COMPUTED = pl.col("result"), pl.col("reward"), pl.col("computed")
DECIDABLE = COMPUTED.is_not_null()
FIX_RESULT = "QLNT › Tổng hợp cuối năm › Đánh giá kết quả giáo dục: tính lại sau khi đủ mức và điểm, rồi lưu"
FIX_REWARD = "QLNT › Tổng hợp cuối năm › Khen thưởng: sửa cho khớp với kết quả giáo dục rồi lưu"

RULES: tuple[Rule, ...] = (
    _result(
        code="TT27-9.5",
        condition=~DECIDABLE,
        message="Chưa đủ dữ liệu để xét kết quả cuối năm",
        expected=pl.format(
            "còn thiếu hoặc sai {} mức môn học, {} mức phẩm chất, năng lực, {} điểm kiểm tra cuối năm",
            "levels_missing",
            "traits_missing",
            "tests_missing",
        ),
        fix="QLNT › Sổ điểm, Sổ đánh giá: nhập đủ cuối năm, rồi tổng hợp lại",
    ),
    _result(
        code="TT27-9.9",
        condition=DECIDABLE & RESULT.ne_missing(COMPUTED),
        message="Kết quả cuối năm đã lưu khác với kết quả tính theo Điều 9",
        expected=pl.format("{} ({})", COMPUTED, "because"),
        fix=FIX_RESULT,
    ),
    _promotion(
        code="TT27-11.1",
        severity=Severity.REVIEW,
        stated=False,
        column="promoted",
        needs=("result", "completed", "promoted"),
        condition=RESULT.is_in(list(RESULT_MINIMUM)) & ~(pl.col("completed") & pl.col("promoted")).fill_null(value=False),
        message="Kết quả đạt yêu cầu mà chưa ghi hoàn thành chương trình lớp học hoặc chưa ghi được lên lớp",
        expected="hoàn thành chương trình: có; được lên lớp: có",
        fix="QLNT › Tổng hợp cuối năm › Hoàn thành chương trình, Lên lớp: đánh dấu rồi lưu",
    ),
    _promotion(
        code="TT27-11.2",
        severity=Severity.BLOCK,
        column="principal_decision",
        needs=("result", "promoted", "principal_decision"),
        condition=(RESULT == "CHT") & pl.col("promoted") & pl.col("principal_decision").is_null(),
        message="Chưa hoàn thành mà ghi lên lớp nhưng không có quyết định của hiệu trưởng",
        expected="số quyết định của hiệu trưởng, hoặc chưa được lên lớp",
        fix="QLNT › Tổng hợp cuối năm › Quyết định: nhập số quyết định, hoặc bỏ đánh dấu Lên lớp",
    ),
    _reward(
        code="TT27-13.1",
        severity=Severity.BLOCK,
        condition=RESULT.is_not_null() & ((REWARD == EXCELLENT_PUPIL).fill_null(value=False) != (RESULT == "HTXS")),
        message="Danh hiệu Học sinh Xuất sắc phải đi cùng kết quả Hoàn thành xuất sắc, cả hai chiều",
        expected=pl.format(
            "kết quả {}: {}", RESULT, pl.when(RESULT == "HTXS").then(pl.lit("Học sinh Xuất sắc")).otherwise(pl.lit("không Xuất sắc"))
        ),
        fix=FIX_REWARD,
    ),
    _reward(
        code="TT27-13.2",
        severity=Severity.BLOCK,
        # One way only: HTT is necessary and not enough, since the class must recognise the pupil, which no system tells (TT27-13.2).
        condition=(REWARD == EXEMPLARY_PUPIL) & (RESULT != "HTT"),
        message="Danh hiệu Học sinh Tiêu biểu chỉ dành cho kết quả Hoàn thành tốt",
        expected=pl.format("kết quả HTT (đang lưu: {})", RESULT),
        fix=FIX_REWARD,
    ),
    _reward(
        code="TT27-13.3",
        severity=Severity.REVIEW,
        needs=("reward",),
        condition=REWARD.is_not_null() & ~REWARD.is_in([EXCELLENT_PUPIL, EXEMPLARY_PUPIL]),
        message="Danh hiệu khen thưởng cuối năm không có trong Thông tư 27 (ví dụ: học sinh giỏi, tiên tiến)",
        expected="HSXS, HSTB hoặc để trống",
        fix=FIX_REWARD,
    ),
    _year(
        code="TT27-0.2/2",
        article=TT22_2016,
        view="old_year_results",
        severity=Severity.REVIEW,
        stated=False,
        column="result",
        needs=("result", "reward", "grade"),
        condition=((RESULT == "HTXS") | REWARD.is_in([EXCELLENT_PUPIL, EXEMPLARY_PUPIL])).fill_null(value=False),
        message="Khối chưa áp dụng Thông tư 27 mà có kết quả Hoàn thành xuất sắc hoặc danh hiệu của Thông tư 27",
        expected="kết quả theo quy định trước Thông tư 27 (không có Hoàn thành xuất sắc)",
        fix=FIX_RESULT,
    ),
)
