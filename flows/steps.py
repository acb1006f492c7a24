"""Thin Prefect tasks around the plain functions: names, retries, artifacts; no caching, no rows in logs.

Tasks take paths, days and small results, never DataFrames, clients or pupils. An error that a person
can act on marks the task failed in the UI with its one Vietnamese line. Anything unexpected keeps its
traceback in a private file of the home, without its message, which may quote a value.
"""

from __future__ import annotations

import os
import time
import traceback
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from connectors.errors import SourceUnreachable
from connectors.records.systems import label_of
from flows import backing_up, checking, drilling, mailing, pulling, repositories, restoring, telling
from flows.home import Home, open_home
from flows.night_record import StepResult
from flows.progress import StepEvent, announce
from infra.clock import now
from infra.errors import ExitCode, SchoolError, of_the_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from prefect.client.schemas.objects import State

    from flows.restore_log import RestoreOrder

FAULTS = "logs"
# A source that hiccups is asked once more; a person is told only after that.
PULL_RETRIES, PULL_RETRY_SECONDS = 1, 2


class OurFault(SchoolError):
    """A fault of this program; its traceback stays in a file that only its owner can read."""


def run_step(step: str, label: str, home: Home, work: Callable[[], StepResult], *, once_more: bool = False) -> StepResult:
    """Run a plain function as a step: announce it, time it, and turn any failure into one Vietnamese line.

    `once_more`: a source that does not answer will be asked again, so this failure is not the step's end yet.
    """
    announce(StepEvent(step, label, "chạy"))
    begun = time.monotonic()
    try:
        result = work()
    except SchoolError as error:
        if once_more and isinstance(error, SourceUnreachable):
            announce(StepEvent(step, label, "chạy", f"{error.what}, {PULL_RETRY_SECONDS} giây nữa hỏi lại"))
        else:
            announce(StepEvent(step, label, "lỗi", error.line(), time.monotonic() - begun))
        raise error from None  # what it came from may quote a value: not for Prefect's log
    except Exception as error:  # noqa: BLE001 - the outer edge of a step: the rest of the night must go on
        told = of_the_machine(error) if isinstance(error, OSError) else None
        fault = told or _keep_fault(home, step, error)
        announce(StepEvent(step, label, "lỗi", fault.line(), time.monotonic() - begun))
        raise fault from None
    seconds = time.monotonic() - begun
    announce(StepEvent(step, label, "lỗi" if result.problem else "xong", result.problem or result.detail, seconds))
    return replace(result, step=step, label=label, seconds=round(seconds, 2))


def _keep_fault(home: Home, step: str, error: Exception) -> OurFault:
    folder = home.data / FAULTS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"loi-{step}-{now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write("".join(_frames(error)))
    return OurFault(f"Lỗi của phần mềm ({type(error).__name__}) ở bước này", where=str(file), fix="gửi tệp này cho người bảo trì")


def _frames(error: BaseException | None) -> Iterator[str]:
    """Where it happened and of what type, cause first. Messages stay out: a library's may quote a pupil."""
    if error is not None:
        yield from _frames(error.__cause__ or error.__context__)
        yield from traceback.format_tb(error.__traceback__)
        yield f"{type(error).__module__}.{type(error).__qualname__}\n\n"


def failed(step: str, label: str, error: BaseException) -> StepResult:
    """The result that stands for a step that failed."""
    if isinstance(error, SchoolError):
        return StepResult(step, label, problem=error.line(), exit_code=int(error.exit_code))
    problem = f"{label}: lỗi của phần mềm ({type(error).__name__})"
    return StepResult(step, label, problem=problem, exit_code=int(ExitCode.OUR_FAULT))


def note(result: StepResult) -> None:
    """Leave the step's counts as a Prefect artifact (keys must be ASCII; texts are Vietnamese)."""
    key = result.step.replace("_", "-")
    rows = [{"Mục": name, "Số": value} for name, value in {**result.counts, **result.facts}.items()]
    if rows:
        create_table_artifact(table=rows, key=key, description=f"{result.label}: {result.detail}")
    else:
        create_markdown_artifact(markdown=f"**{result.label}**: {result.detail}", key=key, description=result.label)


def _step(name: str, label: str, config: str, work: Callable[[Home], StepResult], *, once_more: bool = False) -> StepResult:
    home = open_home(Path(config))
    result = run_step(name, label, home, lambda: work(home), once_more=once_more)
    note(result)
    return result


def _may_pass(_task: object, _run: object, state: State[StepResult]) -> bool:
    """Ask again only a source that did not answer: a wrong file stays wrong."""
    # In this process the state still holds our own exception; nothing of it goes through Prefect's storage.
    return isinstance(state.result(raise_on_failure=False), SourceUnreachable)


def pull_label(system: str) -> str:
    """A system's pull in the terminal and in the summary."""
    return f"Kéo {label_of(system)}"


def _drawn(name: str) -> str:
    """A run's name as the graph of the UI can draw it: its font has no Vietnamese letter, but drops a loose mark and keeps the letter."""
    return unicodedata.normalize("NFD", name)


# No caching: it would keep a pupil's rows in Prefect's storage and answer a new night with an old one.
PLAIN: Any = {"cache_policy": NO_CACHE, "persist_result": False}


@task(
    name="Kéo dữ liệu",
    task_run_name=_drawn("Kéo dữ liệu: {system}"),
    retries=PULL_RETRIES,
    retry_delay_seconds=PULL_RETRY_SECONDS,
    retry_condition_fn=_may_pass,
    **PLAIN,
)
def pull(config: str, system: str, day: date) -> StepResult:
    """Pull one system into tonight's landing and work folders."""
    once_more = runtime.task_run.run_count <= PULL_RETRIES
    return _step(f"pull-{system}", pull_label(system), config, lambda home: pulling.pull(home, system, day), once_more=once_more)


@task(name="Chụp dữ liệu đêm", task_run_name=_drawn("Chụp dữ liệu đêm"), **PLAIN)
def take_snapshot(config: str, day: date, pulled: list[str]) -> StepResult:
    """Combine what was pulled (or last known good) into the night's immutable snapshot."""
    return _step("snapshot", "Chụp dữ liệu đêm", config, lambda home: pulling.take_snapshot(home, day, pulled))


@task(name="Kiểm tra", task_run_name=_drawn("Kiểm tra"), **PLAIN)
def check(config: str, day: date) -> StepResult:
    """Run every rule over the snapshot and keep the findings with their history."""
    return _step("check", "Kiểm tra", config, lambda home: checking.check_night(home, day))


@task(
    name="Ghi kết quả Great Expectations",
    task_run_name=_drawn("Ghi kết quả Great Expectations"),
    cache_policy=NO_CACHE,
    persist_result=False,
)
def validate(config: str, day: date) -> StepResult:
    """Store the same results as Great Expectations validation results and Data Docs."""
    return _step("validation", "Great Expectations", config, lambda home: checking.write_gx(home, day))


@task(name="Giữ lại", task_run_name=_drawn("Giữ lại"), **PLAIN)
def hold_back(config: str, day: date) -> StepResult:
    """Count what may leave, what is held and what is set aside; they add up to what was pulled."""
    return _step("holdback", "Giữ lại dòng sai", config, lambda home: checking.hold_back(home, day))


@task(name="Xuất biểu", task_run_name=_drawn("Xuất biểu"), **PLAIN)
def export(config: str, day: date, stale: list[str]) -> StepResult:
    """Fill the form that is due, unless the data stops it."""
    return _step("export", "Xuất biểu", config, lambda home: checking.export_forms(home, day, stale))


@task(name="Báo cáo chất lượng", task_run_name=_drawn("Báo cáo chất lượng"), **PLAIN)
def report(config: str, day: date, problems: list[str], export_result: StepResult | None) -> StepResult:
    """Write the quality report for the vice-principal and the lists for the teachers."""
    return _step("report", "Báo cáo chất lượng", config, lambda home: checking.write_quality_report(home, day, problems, export_result))


@task(name="Sao lưu", task_run_name=_drawn("Sao lưu"), **PLAIN)
def back_up(config: str, day: date) -> StepResult:
    """Save everything of the day into the encrypted repository."""
    return _step("backup", "Sao lưu mã hóa", config, lambda home: backing_up.back_up(home, day))


@task(name="Kiểm chứng bản sao lưu", task_run_name=_drawn("Kiểm chứng bản sao lưu"), **PLAIN)
def verify(config: str, day: date) -> StepResult:
    """Read the repository back: the day's snapshot is there and holds what it must."""
    return _step("verify", "Kiểm chứng bản sao lưu", config, lambda home: backing_up.verify(home, day))


@task(name="Chép sang kho khác", task_run_name=_drawn("Chép sang kho khác"), **PLAIN)
def copy_backup(config: str, day: date) -> StepResult:
    """Bring the night's backup into the further repositories."""
    return _step(backing_up.COPY_STEP, backing_up.COPY_LABEL, config, lambda home: backing_up.copy(home, day))


@task(name="Chăm sóc kho sao lưu", task_run_name=_drawn("Chăm sóc kho sao lưu"), **PLAIN)
def care(config: str, day: date) -> StepResult:
    """Read back a part of the data, forget by the agreed policy, prune: each when it is due."""
    return _step("care", "Chăm sóc kho sao lưu", config, lambda home: backing_up.care(home, day))


@task(name="Tình trạng kho sao lưu", task_run_name=_drawn("Tình trạng kho sao lưu"), **PLAIN)
def look_at_repositories(config: str) -> StepResult:
    """Ask every repository how it is, whatever the steps before said."""
    return _step(repositories.STEP, repositories.LABEL, config, repositories.look_at_repositories)


@task(name="Tổng kết và báo tin", task_run_name=_drawn("Tổng kết và báo tin"), **PLAIN)
def tell(config: str, day: date, results: list[StepResult]) -> StepResult:
    """Write the summary and send the alert."""
    return _step("tell", "Tổng kết, báo tin", config, lambda home: telling.tell(home, day, results))


@task(name="Diễn tập khôi phục", task_run_name=_drawn("Diễn tập khôi phục"), **PLAIN)
def hold_drill(config: str) -> StepResult:
    """Restore the newest night aside and prove it; the drill's record says how it went either way."""
    return _step("drill", "Diễn tập khôi phục", config, drilling.drill_step)


@task(name="Khôi phục", task_run_name=_drawn("Khôi phục"), **PLAIN)
def restore(config: str, order: RestoreOrder) -> StepResult:
    """Bring data back into a new folder of the home."""
    return _step("restore", "Khôi phục", config, lambda home: restoring.restore_step(home, order))


@task(name="Lập kế hoạch dọn thư", task_run_name=_drawn("Lập kế hoạch dọn thư"), **PLAIN)
def plan_mail(config: str) -> StepResult:
    """Count old e-mail by folder and year; deletes nothing."""
    return _step("mail-plan", "Kế hoạch dọn thư", config, mailing.plan_step)
