"""The yearly look at old e-mail (Điều 10.1b): a plan that a person reads. Nothing is deleted here."""

from __future__ import annotations

from prefect import flow

from flows import steps
from infra.clock import today, vietnamese_date


@flow(
    name="Kế hoạch dọn thư",
    flow_run_name=lambda: f"Kế hoạch dọn thư {vietnamese_date(today())}",
    description="Đếm thư cũ theo thư mục và năm (Điều 10.1b). Chỉ lập kế hoạch, không xóa thư nào.",
    persist_result=False,
    validate_parameters=False,
)
def plan_mail_pruning(config: str) -> str:
    """Count what the yearly clean-up would take away for the school of `config` (path of truong.toml)."""
    return steps.plan_mail(config).detail
