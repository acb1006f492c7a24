"""How a night went: one JSON file per day in `data/nights`, read by `truong status` and the alerts.

It holds counts, codes, paths and seconds, so it may be shown to anybody who runs the system.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from infra.errors import ExitCode

if TYPE_CHECKING:
    from datetime import date

    from flows.home import Home

NIGHTS = "nights"
# Which problem a night's exit code tells when there are several: a lost backup is worst.
WORST_FIRST = (ExitCode.OUR_FAULT, ExitCode.BACKUP, ExitCode.SOURCE, ExitCode.DATA_STOPPED_EXPORT, ExitCode.CONFIGURATION)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step did: `counts` are numbers by label; `problem` one Vietnamese line; `paths` what to open."""

    step: str
    label: str
    detail: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    problem: str = ""
    exit_code: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One night, step by step."""

    day: str
    started: str
    steps: tuple[StepResult, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The night's exit code: its worst problem, or 0."""
        codes = {step.exit_code for step in self.steps}
        return next((code for code in WORST_FIRST if code in codes), ExitCode.OK)

    @property
    def problems(self) -> tuple[str, ...]:
        """Every problem line, in the order it happened."""
        return tuple(step.problem for step in self.steps if step.problem)

    def step(self, name: str) -> StepResult | None:
        """The result of a step, if it ran."""
        return next((step for step in self.steps if step.step == name), None)


def save_record(home: Home, record: NightRecord) -> None:
    """Write the night's record, aside first."""
    folder = home.folder(NIGHTS)
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{record.day}.{os.getpid()}"
    aside.write_text(json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    aside.replace(folder / f"{record.day}.json")


def load_records(home: Home, before: date | None = None) -> list[NightRecord]:
    """All nights' records, oldest first (only those of days before `before`, when given)."""
    files = sorted(home.folder(NIGHTS).glob("[0-9]*.json"))
    chosen = [file for file in files if before is None or file.stem < before.isoformat()]
    return [_record(json.loads(file.read_text(encoding="utf-8"))) for file in chosen]


def _record(values: dict[str, Any]) -> NightRecord:
    # JSON knows no tuples: without this a record read back would not equal the one written.
    steps = tuple(StepResult(**{**step, "lines": tuple(step["lines"])}) for step in values["steps"])
    return NightRecord(values["day"], values["started"], steps)
