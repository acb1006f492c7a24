"""Results that changed after the principal approved them (Điều 15.4), or after their book was closed (Điều 19.7)."""

from __future__ import annotations

import polars as pl

from connectors.records.tables import MARKS, TRAITS, YEAR_RESULTS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_15_4, QC_19_7

# Every cell that is compared: its table, its column, and its name in a sentence.
CELLS = (
    (MARKS.name, "level_text", "Mức đạt được của môn học"),
    (MARKS.name, "score", "Điểm kiểm tra định kỳ"),
    (TRAITS.name, "level_text", "Mức phẩm chất, năng lực"),
    (YEAR_RESULTS.name, "result", "Kết quả giáo dục cuối năm"),
    (YEAR_RESULTS.name, "reward", "Khen thưởng cuối năm"),
    (YEAR_RESULTS.name, "completed", "Hoàn thành chương trình lớp học"),
    (YEAR_RESULTS.name, "promoted", "Lên lớp"),
    (YEAR_RESULTS.name, "principal_decision", "Quyết định của hiệu trưởng"),
)
PLACES = {MARKS.name: "Sổ điểm", TRAITS.name: "Sổ đánh giá phẩm chất, năng lực", YEAR_RESULTS.name: "Tổng hợp cuối năm"}
EMPTY = "trống"


def _approved(number: int, table: str, column: str, name: str) -> Rule:
    before = pl.col(f"before_{column}")
    return Rule(
        code=f"QC-15.4/{number}",
        article=QC_15_4,
        table=table,
        view=f"approved_{table}",
        severity=Severity.REVIEW,
        stated=False,
        column=column,
        needs=(column,),
        condition=before.ne_missing(pl.col(column)),
        message=f"{name} đã thay đổi sau khi hiệu trưởng duyệt: đề nghị xem lại",
        expected=pl.format("đã duyệt: {} (số liệu đêm {})", before.fill_null(EMPTY), "since"),
        fix=f"QLNT › {PLACES[table]}: hỏi người sửa; nếu sửa đúng thì trình hiệu trưởng duyệt lại, nếu không thì nhập lại như đã duyệt",
        owner=Owner.VICE_PRINCIPAL,
    )


def _closed(number: int, table: str, column: str, name: str) -> Rule:
    before = pl.col(f"before_{column}")
    return Rule(
        code=f"QC-19.7/{number}",
        article=QC_19_7,
        table=table,
        view=f"closed_{table}",
        severity=Severity.REVIEW,
        stated=False,
        column=column,
        needs=(column,),
        # what was still empty on the due date may come late; in a locked book nothing may
        condition=before.ne_missing(pl.col(column)) & (pl.col("is_locked") | before.is_not_null()),
        message=f"{name} đã sửa sau hạn nhập hoặc sau khi khóa sổ: đề nghị xem lại",
        expected=pl.format("như đêm {}: {}", "since", before.fill_null(EMPTY)),
        fix=f"QLNT › {PLACES[table]}: đối chiếu với sổ của giáo viên; nếu sửa nhầm thì nhập lại như trước",
        owner=Owner.VICE_PRINCIPAL,
    )


RULES: tuple[Rule, ...] = (
    *(_approved(number, *cell) for number, cell in enumerate(CELLS, 1)),
    *(_closed(number, *cell) for number, cell in enumerate(CELLS, 1)),
)
