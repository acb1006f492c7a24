"""The night on one screen: pull, snapshot, check, hold back, export, report, back up, prove, tell.

One failing source never stops the others; one failing step never stops the backup.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, runtime
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import steps
from flows.backing_up import SAVED
from flows.home import Home, one_night_at_a_time, open_home, sweep
from flows.night_record import NightRecord, StepResult, save_record
from flows.pulling import SIDE_BY_SIDE
from infra.clock import now, vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import State
    from prefect.futures import PrefectFuture

LATE_AFTER_HOURS = 12  # a run that starts later than this after its time is one of a pile: skip it
SECONDS_AN_HOUR = 3600


def _run_name() -> str:
    return f"Đêm {runtime.flow_run.parameters.get('day') or 'hôm nay'}"


@flow(
    name="Đêm làm việc của trường",
    flow_run_name=_run_name,
    description="Kéo dữ liệu → kiểm tra → giữ lại → xuất biểu → báo cáo → sao lưu → kiểm chứng → báo tin.",
    task_runner=ThreadPoolTaskRunner(max_workers=SIDE_BY_SIDE),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=False,
)
def nightly(config: str, day: str | None = None) -> State[Any]:
    """Run a whole night for the school of `config` (path of truong.toml); `day` is ISO, default the school's day."""
    home = open_home(Path(config))
    if _is_late():
        return Completed(message="Lượt chạy này đã quá giờ nên bỏ qua; lịch kế tiếp sẽ chạy bình thường", name="Skipped")
    with one_night_at_a_time(home):
        sweep(home)
        # No failure of a step leaves `_night`: the record of a bad night is what status, report and alert are made of.
        record = _night(home, date.fromisoformat(day) if day else home.today)
        save_record(home, record)
    line = f"{vietnamese_date(date.fromisoformat(record.day))}: {'; '.join(record.problems) or 'mọi bước đều xong'}"
    return Failed(message=line) if record.exit_code else Completed(message=line)


def _night(home: Home, day: date) -> NightRecord:
    config, started = str(home.file), now().isoformat(timespec="seconds")
    pulls = {system: steps.pull.submit(config, system, day) for system in _systems(home)}
    results = [_settled(future, f"pull-{system}", steps.pull_label(system)) for system, future in pulls.items()]
    # Not only a source that did not answer: one that broke its contract is told as stale, too.
    stale = [result.step.removeprefix("pull-") for result in results if result.problem]

    def then(work: Callable[[], StepResult], name: str, label: str) -> bool:
        result = _attempt(work, name, label)
        results.append(result)
        return not result.problem

    def problems() -> list[str]:
        return [result.problem for result in results if result.problem]

    fresh = [system for system in pulls if system not in stale]
    if then(lambda: steps.take_snapshot(config, day, fresh), "snapshot", "Chụp dữ liệu đêm") and then(
        lambda: steps.check(config, day), "check", "Kiểm tra"
    ):
        then(lambda: steps.validate(config, day), "validation", "Great Expectations")
        then(lambda: steps.hold_back(config, day), "holdback", "Giữ lại dòng sai")
        then(lambda: steps.export(config, day, stale), "export", "Xuất biểu")
        then(lambda: steps.report(config, day, problems(), _last(results, "export")), "report", "Báo cáo chất lượng")
    then(lambda: steps.back_up(config, day), "backup", "Sao lưu mã hóa")
    saved = SAVED in results[-1].facts  # also where a database refused to be copied: the rest was saved
    copied = bool(home.settings.backup.copies) and then(lambda: steps.copy_backup(config, day), "copies", "Chép sang kho khác")
    if saved or copied:
        then(lambda: steps.verify(config, day), "verify", "Kiểm chứng bản sao lưu")
        then(lambda: steps.care(config, day), "care", "Chăm sóc kho sao lưu")
    then(lambda: steps.look_at_repositories(config), "repositories", "Tình trạng kho sao lưu")
    then(lambda: steps.tell(config, day, list(results)), "tell", "Tổng kết, báo tin")
    return NightRecord(day.isoformat(), started, tuple(results))


def _last(results: list[StepResult], step: str) -> StepResult | None:
    return next((result for result in results if result.step == step), None)


def _systems(home: Home) -> list[str]:
    return [system for system, source in home.settings.sources.items() if source.enabled]


def _settled(future: PrefectFuture[StepResult], step: str, label: str) -> StepResult:
    """The result of a submitted task, or the result that stands for its failure."""
    return _attempt(future.result, step, label)


def _attempt(work: Callable[[], StepResult], step: str, label: str) -> StepResult:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the rest of the night must go on
        return steps.failed(step, label, error)


def _is_late() -> bool:
    """Whether this is one of the runs that piled up while the machine was off (a run from the UI is never late)."""
    scheduled = runtime.flow_run.scheduled_start_time
    return bool(scheduled and (now() - scheduled).total_seconds() > LATE_AFTER_HOURS * SECONDS_AN_HOUR)
