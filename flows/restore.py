"""Restore on demand, with a form in the Prefect UI: what, of which day, why. Always into a new folder."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import steps

Config = Annotated[str, Field(title="Tệp cấu hình", description="để nguyên")]
Day = Annotated[date | None, Field(title="Ngày của dữ liệu cần lấy lại", description="để trống: đêm mới nhất trong kho")]
What = Annotated[
    str,
    Field(
        title="Lấy lại gì",
        description="để trống: trọn đêm; hoặc landing, snapshot, findings, report, exports, qlnt; một bảng (pupils, marks…); tên một tệp",
    ),
]
Reason = Annotated[str, Field(title="Lý do", min_length=5, description="ghi vào sổ khôi phục")]


@flow(
    name="Khôi phục khi cần",
    description="Lấy lại dữ liệu vào một thư mục mới trong data/restored và so từng tệp với mã băm. Không đè lên gì.",
    persist_result=False,
)
def restore_on_demand(config: Config, reason: Reason, day: Day = None, what: What = "") -> str:
    """Restore into a new folder below `data/restored`; the run's message says where it is."""
    return steps.restore(config, day, what, reason).detail
