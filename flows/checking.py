"""Check, hold back, export and report, as plain functions over the night's snapshot."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from connectors.department.start_of_year import COUNTED_COLUMNS, SignedExceptions, fill_start_of_year
from connectors.records.school_year import SchoolYear
from connectors.records.tables import PUPILS
from expectations.check import CheckContext, QualityResult, check, stops_export
from expectations.holdback import HELD_FOLDER, holdback, require_totals, save_held
from expectations.ledger import earlier_summaries, load_result, save_findings, with_history
from expectations.report import ExportNote, ReportContent, write_report
from expectations.rule import Severity
from expectations.rules import all_rules
from expectations.waivers import waived
from flows.accepting import without_accepted_drift
from flows.approving import approved_results, damage_lines
from flows.night_record import StepResult
from flows.pulling import earlier_snapshots, first_snapshot, night_snapshot
from flows.safekeeping import proof_before
from flows.waiving import waivers
from infra.clock import vietnamese_date
from infra.errors import DataStoppedExport
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.records.snapshot import Snapshot
    from flows.home import Home

START_OF_YEAR_FORM = "bieu-02-TH-DN"
SIGNED, DRAFT = "ngoại lệ đã ký", "bản nháp"
# What became of the rows of a night; the first is the sum of the others.
TOTALS = ("kéo về", "xuất được", "giữ lại", "tạm giữ")
# The systems whose rows the start-of-year form counts.
FORM_SYSTEMS = ("qlnt",)


def check_night(home: Home, day: date) -> StepResult:
    """Run every rule in one scan per view and keep the findings with their history."""
    result = checked(home, night_snapshot(home, day), day)
    folder = home.folder("findings", day)
    save_findings(result, folder, day)
    by_severity = Counter(result.open["severity"].to_list())
    counts = {severity.value: by_severity.get(severity.value, 0) for severity in Severity}
    detail = ", ".join(f"{number(count)} {severity}" for severity, count in counts.items() if count) or "không có lỗi nào"
    return StepResult("", "", detail, counts, _check_facts(result), {"findings": str(folder / "findings.csv")}, damage_lines(home))


def checked(home: Home, snapshot: Snapshot, day: date) -> QualityResult:
    """What every rule says of a snapshot on a day, as the school's own nights, limits, approvals and signed exceptions have it."""
    context = CheckContext(day, home.settings.limits, home.settings.gradebook, approved_results(home))
    result = check(snapshot, all_rules(), context, nights_to_compare(home, day))
    # Before the history: what a person let pass was never a finding of this night.
    findings = with_history(without_accepted_drift(home, result.findings, day), day, home.folder("findings"))
    folded = with_history(result.folded, day, home.folder("findings"))
    return replace(result, findings=findings, folded=folded, waived=waived(findings, waivers(home), day))


def _check_facts(result: QualityResult) -> dict[str, str]:
    """What is to be known beside the open findings; counts only."""
    grey = sum(1 for rows in result.examined.values() if not rows)
    facts = {"số quy tắc": str(len(all_rules())), "quy tắc chưa đủ dữ liệu": str(grey)}
    aside = {SIGNED: result.waived.height, "chỗ gộp vào nguyên nhân chung": result.folded.height}
    return facts | {name: number(count) for name, count in aside.items() if count}


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

    result = night_result(home, day)
    # Great Expectations counts rows: what a root cause stands for is counted there row by row.
    index = write_validation(QualityResult(result.singles, result.examined), all_rules(), night_snapshot(home, day), home.folder("gx", day))
    return StepResult("", "", "đã ghi kết quả và Data Docs", paths={"data_docs": str(index)})


def hold_back(home: Home, day: date) -> StepResult:
    """List the rows that may not leave, and add up what may leave, what is held and what is set aside."""
    held_back = holdback(night_snapshot(home, day), night_result(home, day))
    file = save_held(held_back, home.folder("findings") / HELD_FOLDER / day.isoformat())
    require_totals(held_back)  # after the list was written: it shows where to look
    sums = (held_back.pulled, held_back.exported, held_back.held.height, held_back.quarantined)
    counts = dict(zip(TOTALS, sums, strict=True))
    told = f"{number(held_back.held.height)} dòng; {sums_told(counts)}"
    return StepResult("", "", told, counts, paths={"held": str(file)})


def sums_told(counts: Mapping[str, int]) -> str:
    """The equation of the night in words, from the counts of the step that holds back."""
    pulled, exported, held, aside = (number(counts.get(name, 0)) for name in TOTALS)
    return f"kéo về {pulled} = xuất được {exported} + giữ lại {held} + tạm giữ {aside}"


def blocking_for_form(result: QualityResult) -> dict[str, int]:
    """Per rule, how many `chặn` findings that nobody signed for stand on columns that the start-of-year form counts."""
    return dict(sorted(Counter(_on_the_form(result.open_singles)["rule"].to_list()).items()))


def exceptions_for_form(result: QualityResult) -> list[SignedExceptions]:
    """The signed exceptions among them, by rule: the form says how many, of which rule and who signed."""
    signed = _on_the_form(result.signed_singles).group_by("rule").agg(pl.len(), pl.col("signer").unique().sort(), pl.col("until").min())
    return [
        SignedExceptions(rule, count, tuple(signers), date.fromisoformat(until))
        for rule, count, signers, until in signed.sort("rule").rows()
    ]


def _on_the_form(findings: pl.DataFrame) -> pl.DataFrame:
    """`chặn` findings on columns that the start-of-year form counts."""
    # By the rules' own columns: a new rule on a counted column stops the form without anyone listing it here.
    counted = {rule.code for rule in all_rules() if rule.table == PUPILS.name and COUNTED_COLUMNS & set(rule.needs)}
    return findings.filter(
        (pl.col("severity") == Severity.BLOCK.value) & pl.col("rule").is_in(sorted(counted)) & pl.col("system").is_in(FORM_SYSTEMS)
    )


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
    # Of any system, not only of the one that the form counts: `dừng` forbids every export.
    if stops_export(result):
        raise DataStoppedExport(
            "Dừng xuất biểu: dữ liệu đêm nay mất bất thường", where="mục «dừng» trong báo cáo", fix="hỏi nơi quản lý hệ thống, rồi chạy lại"
        )
    require_totals(holdback(night_snapshot(home, day), result))
    form = fill_start_of_year(
        night_snapshot(home, day),
        home.settings.school,
        blocking_for_form(result),
        home.folder("exports") / START_OF_YEAR_FORM / day.isoformat(),
        exceptions_for_form(result),
    )
    counts = {"ô đã điền": form.filled_cells, "chỉ tiêu để trống": len(form.blank_rows), "cảnh báo": len(form.problems)}
    lines = (*form.problems, *_blank_lines(form.blank_rows))
    return StepResult(
        "", "", f"Biểu 02-TH-ĐN: {form.state}", counts, {DRAFT: "có" if form.draft else "không"}, {"form": str(form.workbook)}, lines
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
    held_back = holdback(snapshot, result)
    content = ReportContent(
        school=home.settings.school.name,
        day=day,
        snapshot=snapshot,
        findings=result.findings,
        examined=result.examined,
        rules=all_rules(),
        totals=(*held_back.totals, *held_back.by_system),
        folded=result.folded,
        waived=result.waived,
        earlier=earlier_summaries(home.folder("findings"), day),
        exports=_export_notes(export),
        backup_proof=proof_before(home, day),
        source_problems=(*problems, *damage_lines(home)),
        gradebook=home.settings.gradebook,
        limits=home.settings.limits,
        approvals=approved_results(home),
    )
    files = write_report(home.folder("reports", day), content)
    paths = {"report": str(files.html), "workbook": str(files.workbook_public), "to_fix": str(files.workbook_private)}
    paths |= {"per_class": str(files.class_lists)} if files.class_lists.is_dir() else {}
    return StepResult("", "", "HTML và XLSX cho Phó hiệu trưởng, danh sách cần sửa cho giáo viên", paths=paths)


def _export_notes(export: StepResult | None) -> tuple[ExportNote, ...]:
    if export is None:
        return ()
    return (ExportNote("Biểu 02-TH-ĐN", export.problem or export.detail, export.lines),)
