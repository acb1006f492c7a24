"""Restore on demand, with a form in the Prefect UI: what, of which day, why. Always into a new folder."""

# No postponed annotations: Prefect builds the form from the types themselves.
from datetime import date
from typing import Any

from prefect import flow
from pydantic import Field

from flows import steps
from flows.restore_log import RestoreOrder
from infra.clock import today, vietnamese_date
from infra.errors import ConfigurationError

SHORTEST_REASON = 5
# Also given by the deployment: Prefect hands a Field on as it is.
DEFAULTS: dict[str, Any] = {"day": None, "what": "", "repository": ""}


def _asked(title: str, description: str, **more: Any) -> Any:  # noqa: ANN401 - whatever a field takes and is
    """A field of the form. Prefect overwrites its title, but not what the JSON schema adds."""
    return Field(description=description, json_schema_extra={"title": title}, **more)


REASON = _asked(
    "Lý do", "Ai cần và vì sao; ghi vào sổ khôi phục, ví dụ: lớp 4B xóa nhầm sổ điểm. Không ghi tên học sinh: Prefect lưu lại ô này"
)
DAY = _asked("Ngày của dữ liệu cần lấy lại", "Để trống: đêm mới nhất trong kho", default=None)
WHAT = _asked(
    "Lấy lại gì",
    "Để trống: trọn đêm. Hoặc class:3/2 (sổ điểm lớp 3/2), một bảng (pupils…), database, mail, một phần (landing…), tên một tệp",
    default="",
)
REPOSITORY = _asked("Lấy từ kho nào", "Để trống: kho thứ nhất. Xem tên kho: truong snapshots", default="")
CONFIG = _asked("Tệp cấu hình", "Để nguyên")


@flow(
    name="Khôi phục khi cần",
    flow_run_name=lambda: f"Khôi phục {vietnamese_date(today())}",
    description="Lấy lại dữ liệu vào một thư mục mới trong data/restored và so từng tệp với mã băm. Không đè lên gì.",
    persist_result=False,
)
def restore_on_demand(
    reason: str = REASON,
    day: date | None = DAY,
    what: str = WHAT,
    repository: str = REPOSITORY,
    config: str = CONFIG,
) -> str:
    """Restore into a new folder below `data/restored`; the run's artifact says where it is."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise ConfigurationError("Chưa ghi lý do khôi phục", fix="điền ô «Lý do» (ít nhất vài chữ) rồi chạy lại")
    order = RestoreOrder(what.strip(), day, repository.strip(), reason=reason)
    return steps.restore(config, order).detail
