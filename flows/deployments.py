"""Every schedule of the school, in its own time zone; one night at a time, never paused by a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import serve
from prefect.client.schemas.schedules import CronSchedule

from flows.mail_pruning import plan_mail_pruning
from flows.nightly import nightly
from flows.restore import restore_on_demand
from flows.restore_drill import restore_drill
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from flows.home import Home

DRILL_CRON = "0 4 * * 0"  # Sunday before dawn, when nobody enters marks
MAIL_PLAN_CRON = "0 5 1 8 *"  # once a year (Điều 10.1b), when the new school year opens
ONE_AT_A_TIME = 1


def nightly_cron(home: Home) -> str:
    """The night's time of the settings as cron."""
    hour, minute = home.settings.server.night_at.split(":")
    return f"{int(minute)} {int(hour)} * * *"


def school_deployments(home: Home) -> list[RunnerDeployment]:
    """All deployments of a school; restore on demand has a form and no schedule."""
    common: dict[str, Any] = {"concurrency_limit": ONE_AT_A_TIME, "parameters": {"config": str(home.file)}}
    return [
        nightly.to_deployment(name="hang-dem", schedule=_schedule(nightly_cron(home)), description="Mỗi đêm một lần", **common),
        restore_drill.to_deployment(name="dien-tap-khoi-phuc", schedule=_schedule(DRILL_CRON), description="Mỗi tuần một lần", **common),
        plan_mail_pruning.to_deployment(name="ke-hoach-don-thu", schedule=_schedule(MAIL_PLAN_CRON), description="Mỗi năm một lần", **common),
        restore_on_demand.to_deployment(name="khoi-phuc", description="Khi cần: điền biểu mẫu", **common),
    ]


def serve_school(home: Home) -> None:
    """Serve the deployments until stopped; schedules stay on when this process ends (pause_on_shutdown off)."""
    serve(*school_deployments(home), pause_on_shutdown=False, limit=ONE_AT_A_TIME)


def _schedule(cron: str) -> CronSchedule:
    return CronSchedule(cron=cron, timezone=SCHOOL_ZONE.key)
