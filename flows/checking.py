"""Check, hold back, export and report, as plain functions over the night's snapshot."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from connectors.department.start_of_year import COUNTED_COLUMNS, fill_start_of_year
from connectors.records.school_year import SchoolYear
from connectors.records.tables import PUPILS
from expectations.check import CheckContext, QualityResult, check, stops_export
from expectations.holdback import HELD_FOLDER, holdback, save_held
from expectations.ledger import earlier_summaries, load_result, save_findings, with_history
from expectations.report import ExportNote, ReportContent, write_report
from expectations.rule import Severity
from expectations.rules import all_rules
from flows.accepting import without_accepted_drift
from flows.approving import approved_results, damage_lines
from flows.night_record import StepResult
from flows.pulling import earlier_snapshots, first_snapshot, night_snapshot
from flows.safekeeping import proof_before
from infra.clock import vietnamese_date
from infra.errors import DataStoppedExport
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from flows.home import Home

START_OF_YEAR_FORM = "bieu-02-TH-DN"
# The systems whose rows the start-of-year form counts.
FORM_SYSTEMS = ("qlnt",)


def check_night(home: Home, day: date) -> StepResult:
    """Run every rule in one scan per view and keep the findings with their history."""
    snapshot = night_snapshot(home, day)
    context = CheckContext(day, home.settings.limits, home.settings.gradebook, approved_results(home))
    result = check(snapshot, all_rules(), context, nights_to_compare(home, day))
    findings = with_history(without_accepted_drift(home, result.findings, day), day, home.folder("findings"))
    folder = home.folder("findings", day)
    save_findings(QualityResult(findings, result.examined), folder, day)
    by_severity = Counter(findings["severity"].to_list())
    counts = {severity.value: by_severity.get(severity.value, 0) for severity in Severity}
    grey = sum(1 for rows in result.examined.values() if not rows)
    detail = ", ".join(f"{number(count)} {severity}" for severity, count in counts.items() if count) or "không có lỗi nào"
    facts = {"số quy tắc": str(len(all_rules())), "quy tắc chưa đủ dữ liệu": str(grey)}
    return StepResult("", "", detail, counts, facts, {"findings": str(folder / "findings.csv")}, damage_lines(home))


def nights_to_compare(home: Home, day: date) -> list[Snapshot]:
    """Earlier nights that the rules look back to: the newest one, and the first one after each time's books were closed."""
    gradebook = home.settings.gradebook
    year = SchoolYear.of(day, gradebook.due_days, gradebook.locked_days)
    closed = [year.lock_date(time) or year.due_date(time) for time in year.due]
    since = [first_snapshot(home, on, day) for on in closed if on < day]
    nights = {night.day: night for night in (*earlier_snapshots(home, day), *since) if night}
    return [nights[at] for at in sorted(nights, reverse=True)]


def night_result(home: Home, day: date) -> QualityResult:
    """The saved result of a night."""
    return load_result(home.folder("findings", day))


def write_gx(home: Home, day: date) -> StepResult:
    """Write the night's result as Great Expectations validation results and Data Docs."""
    from expectations.gx.validation import write_validation  # noqa: PLC0415 - importing it costs seconds: only this step pays

    index = write_validation(night_result(home, day), all_rules(), night_snapshot(home, day), home.folder("gx", day))
    return StepResult("", "", "đã ghi kết quả và Data Docs", paths={"data_docs": str(index)})


def hold_back(home: Home, day: date) -> StepResult:
    """List the rows that may not leave, and add up what may leave, what is held and what is set aside."""
    held_back = holdback(night_snapshot(home, day), night_result(home, day))
    file = save_held(held_back, home.folder("findings") / HELD_FOLDER / day.isoformat())
    counts = {
        "kéo về": held_back.pulled,
        "xuất được": held_back.exported,
        "giữ lại": held_back.held.height,
        "tạm giữ": held_back.quarantined,
    }
    told = f"{number(held_back.held.height)} dòng ({number(held_back.exported)} dòng xuất được)"
    return StepResult("", "", told, counts, paths={"held": str(file)})


def blocking_for_form(result: QualityResult) -> dict[str, int]:
    """Per rule, how many `chặn` findings stand on columns that the start-of-year form counts."""
    counted = {rule.code for rule in all_rules() if rule.table == PUPILS.name and COUNTED_COLUMNS & set(rule.needs)}
    chosen = result.findings.filter(
        (pl.col("severity") == Severity.BLOCK.value) & pl.col("rule").is_in(sorted(counted)) & pl.col("system").is_in(FORM_SYSTEMS)
    )
    return dict(sorted(Counter(chosen["rule"].to_list()).items()))


def export_forms(home: Home, day: date, stale: Sequence[str]) -> StepResult:
    """Fill the form that is due; DataStoppedExport when tonight's data must not leave."""
    due = SchoolYear.of(day).census_day
    if day < due:
        return StepResult("", "", f"chưa đến hạn (biểu 02 tính đến {vietnamese_date(due)})")
    result = night_result(home, day)
    if lost := [system for system in stale if system in FORM_SYSTEMS]:
        raise DataStoppedExport(
            "Dừng xuất biểu: nguồn không cho số liệu đêm nay", where=", ".join(lost), fix="sửa nguồn rồi chạy lại `truong nightly`"
        )
    if stops_export(result):
        raise DataStoppedExport(
            "Dừng xuất biểu: dữ liệu đêm nay mất bất thường", where="mục «dừng» trong báo cáo", fix="hỏi nơi quản lý hệ thống, rồi chạy lại"
        )
    form = fill_start_of_year(
        night_snapshot(home, day),
        home.settings.school,
        blocking_for_form(result),
        home.folder("exports") / START_OF_YEAR_FORM / day.isoformat(),
    )
    counts = {"ô đã điền": form.filled_cells, "chỉ tiêu để trống": len(form.blank_rows), "cảnh báo": len(form.problems)}
    lines = (*form.problems, *_blank_lines(form.blank_rows))
    return StepResult(
        "", "", f"Biểu 02-TH-ĐN: {form.state}", counts, {"bản nháp": "có" if form.draft else "không"}, {"form": str(form.workbook)}, lines
    )


def _blank_lines(blank_rows: Sequence[tuple[str, str]]) -> list[str]:
    """Blank rows of the form, those with the same reason told once."""
    codes: dict[str, list[str]] = {}
    for code, reason in blank_rows:
        codes.setdefault(reason, []).append(code)
    return [f"Mã {', '.join(of_reason)} để trống: {reason}" for reason, of_reason in codes.items()]


def write_quality_report(home: Home, day: date, problems: Sequence[str], export: StepResult | None) -> StepResult:
    """Write the public report (counts) and the private lists (names) of the night."""
    snapshot, result = night_snapshot(home, day), night_result(home, day)
    content = ReportContent(
        school=home.settings.school.name,
        day=day,
        snapshot=snapshot,
        findings=result.findings,
        examined=result.examined,
        rules=all_rules(),
        totals=holdback(snapshot, result).totals,
        earlier=earlier_summaries(home.folder("findings"), day),
        exports=_export_notes(export),
        backup_proof=proof_before(home, day),
        source_problems=(*problems, *damage_lines(home)),
        gradebook=home.settings.gradebook,
        approvals=approved_results(home),
    )
    files = write_report(home.folder("reports", day), content)
    paths = {"report": str(files.html), "workbook": str(files.workbook_public), "to_fix": str(files.workbook_private)}
    return StepResult("", "", "HTML và XLSX cho Phó hiệu trưởng, danh sách cần sửa cho giáo viên", paths=paths)


def _export_notes(export: StepResult | None) -> tuple[ExportNote, ...]:
    if export is None:
        return ()
    return (ExportNote("Biểu 02-TH-ĐN", export.problem or export.detail, export.lines),)
