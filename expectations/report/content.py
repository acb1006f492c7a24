"""What a report is made of, and the files it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from expectations.check import QualityResult
from expectations.findings import nothing_folded, nothing_waived
from infra.settings import Gradebook, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import polars as pl

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule
    from expectations.views.approvals import Approval

MAIN_SYSTEM = "qlnt"  # the school's own book: completeness and progress are counted there


class TableTotals(Protocol):
    """What became of a table's rows tonight: exported + held + quarantined = pulled.

    `system`: empty for the whole table.
    """

    @property
    def table(self) -> str: ...
    @property
    def pulled(self) -> int: ...
    @property
    def exported(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def quarantined(self) -> int: ...
    @property
    def system(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ExportNote:
    """How one form for the Department stands: `state` is a short Vietnamese word, `details` one line each."""

    title: str
    state: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupProof:
    """What was proved of the backup *before* tonight (tonight's comes after the report is written).

    `newest_day`: the newest night seen in the repository itself; `read_on`: when stored data was last
    read back; `drilled_on`: the last restore drill. `lines`: further Vietnamese sentences.
    """

    newest_day: date | None = None
    read_on: date | None = None
    drilled_on: date | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """Everything that a night's report tells; it reads nothing else, so the same content gives the same bytes.

    `folded`: findings that a root cause among `findings` stands for; `waived`: those of `findings` that are signed
    exceptions. `examined`: rule code -> rows examined (0 is grey). `earlier`: summaries of earlier nights, oldest
    first (ledger.earlier_summaries). `source_problems`: Vietnamese lines on sources that failed tonight.
    `gradebook`: when marks are due and locked; `limits`: which tests are asked for; `approvals`: results that the principal approved.
    """

    school: str
    day: date
    snapshot: Snapshot
    findings: pl.DataFrame
    examined: Mapping[str, int]
    rules: Sequence[Rule]
    folded: pl.DataFrame = field(default_factory=nothing_folded)
    waived: pl.DataFrame = field(default_factory=nothing_waived)
    totals: Sequence[TableTotals] = ()
    earlier: Sequence[Mapping[str, Any]] = ()
    exports: tuple[ExportNote, ...] = ()
    backup_proof: BackupProof | None = None
    source_problems: tuple[str, ...] = ()
    gradebook: Gradebook = field(default_factory=Gradebook)
    limits: Limits = field(default_factory=Limits)
    approvals: tuple[Approval, ...] = ()

    @property
    def result(self) -> QualityResult:
        """The night's result: what is open, what is waived, what is folded."""
        return QualityResult(self.findings, self.examined, self.folded, self.waived)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where the report lies. Only the private workbook and those in the folder of the classes hold names."""

    html: Path
    workbook_private: Path
    workbook_public: Path
    class_lists: Path
