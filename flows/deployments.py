"""Every schedule of the school, in its own time zone; one night at a time, never paused by a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect import serve
from prefect.schedules import Cron

from flows.mail_pruning import plan_mail_pruning
from flows.nightly import nightly
from flows.restore import DEFAULTS, restore_on_demand
from flows.restore_drill import restore_drill
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from prefect import Flow
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
    config = {"config": str(home.file)}
    return [
        _deployment(nightly, "hang-dem", "Mỗi đêm một lần", config, nightly_cron(home)),
        _deployment(restore_drill, "dien-tap-khoi-phuc", "Mỗi tuần một lần", config, DRILL_CRON),
        _deployment(plan_mail_pruning, "ke-hoach-don-thu", "Mỗi năm một lần", config, MAIL_PLAN_CRON),
        _deployment(restore_on_demand, "khoi-phuc", "Khi cần: điền biểu mẫu", {**DEFAULTS, **config}),
    ]


def serve_school(home: Home) -> None:
    """Serve the deployments until stopped; schedules stay on when this process ends (pause_on_shutdown off)."""
    serve(*school_deployments(home), pause_on_shutdown=False, limit=ONE_AT_A_TIME)


def _deployment(runs: Flow[..., Any], name: str, description: str, parameters: dict[str, Any], cron: str = "") -> RunnerDeployment:
    """A deployment of one flow, in the school's own time zone; without `cron` it runs on demand."""
    made = runs.to_deployment(
        name=name,
        description=description,
        schedule=Cron(cron, timezone=SCHOOL_ZONE.key) if cron else None,
        # After an outage Prefect starts all late runs at once, side by side.
        concurrency_limit=ONE_AT_A_TIME,
        parameters=parameters,
    )
    return cast("RunnerDeployment", made)  # a coroutine only where it is called from one
