"""The weekly drill: the newest night is restored aside, compared, opened and counted: a restore is proved, not hoped for."""

from __future__ import annotations

from prefect import flow

from flows import steps
from infra.clock import today, vietnamese_date


@flow(
    name="Diễn tập khôi phục",
    flow_run_name=lambda: f"Diễn tập {vietnamese_date(today())}",
    description="Khôi phục đêm mới nhất ra chỗ tạm, so mã băm, mở cơ sở dữ liệu, đếm học sinh.",
    persist_result=False,
    validate_parameters=False,
)
def restore_drill(config: str) -> str:
    """Hold one drill for the school of `config` (path of truong.toml); fails when the data does not come back whole."""
    return steps.hold_drill(config).detail
