"""Tell how the night went: the Vietnamese summary, the text to paste for the staff, the alert."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from connectors.records.systems import label_of
from expectations.ledger import SUMMARY
from flows.alerts import send_alert
from flows.backing_up import marked_lines
from flows.checking import SIGNED
from flows.drilling import proven_line
from flows.night_record import StepResult
from flows.repositories import BAD_MARK
from flows.repositories import STEP as REPOSITORIES
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from flows.home import Home

TOP = 5
# What a finding of a table concerns; what has no word here is told as so many places.
CONCERNED = {"staff": "cán bộ", "ratings": "cán bộ", "accounts": "tài khoản", "drift": "bảng"}
PER_CLASS = ("classes",)


def summary_lines(home: Home, day: date, results: Sequence[StepResult]) -> list[str]:
    """The whole night in Vietnamese: data ages first, then what is wrong, what left, what was kept; counts only."""
    by_step = {result.step: result for result in results}
    lines = [f"ĐÊM {vietnamese_date(day)} – {home.settings.school.name}", "", "Dữ liệu về:"]
    for result in (each for each in results if each.step.startswith("pull-")):
        lines += [_source_line(result), *(f"    – {line}" for line in result.lines)]
    if snapshot := by_step.get("snapshot"):
        lines += [f"  ! {line}" for line in snapshot.lines]
    lines += ["", *wrong_lines(home, day, by_step.get("check"))]
    lines += ["", "Giữ lại: " + _told(by_step.get("holdback")), "Xuất biểu: " + _told(by_step.get("export"))]
    lines += ["Sao lưu: " + _told(by_step.get("backup")), "Kiểm chứng: " + _told(by_step.get("verify"))]
    lines += [f"Khôi phục: {proven_line(home)}"]
    if marked := marked_lines(home):
        # Told also where the backup itself failed: what the law asks does not wait for it.
        lines += ["", f"Tài liệu mang dấu mật ({len(marked)} tệp, không được sao lưu):", *(f"  ! {line}" for line in marked)]
    lines += _repository_lines(by_step.get(REPOSITORIES))
    if problems := [line for result in results for line in _problem_lines(result)]:
        lines += ["", "CẦN XỬ LÝ:", *(f"  • {problem}" for problem in problems)]
    return lines


def _repository_lines(asked: StepResult | None) -> list[str]:
    """Every repository as it answered, whatever the steps before said."""
    if asked is None or not asked.lines:
        return []
    return ["", "Các kho sao lưu:", *(f"  {line}" for line in asked.lines)]


def _problem_lines(result: StepResult) -> list[str]:
    """What a step leaves to do: its problem, or each wrong thing of each repository on a line of its own."""
    bad = [line.removeprefix(BAD_MARK) for line in result.lines if result.step == REPOSITORIES and line.startswith(BAD_MARK)]
    # A file's name alone does not tell whose it is.
    whose = f"{label_of(result.step.removeprefix('pull-'))}: " if result.step.startswith("pull-") else ""
    return bad or ([f"{whose}{result.problem}"] if result.problem else [])


def _told(result: StepResult | None) -> str:
    return "không chạy (bước trước chưa xong)" if result is None else result.problem or result.detail


def _source_line(result: StepResult) -> str:
    name = label_of(result.step.removeprefix("pull-"))
    return f"  {'✗' if result.problem else '✓'} {name}: {result.problem or result.detail}"


def wrong_lines(home: Home, day: date, checked: StepResult | None) -> list[str]:
    """What is to be put right: how many of each severity, and the five gravest rules; counts only."""
    if checked is None or checked.problem:
        return ["Kiểm tra: " + _told(checked)]
    top = top_problems(home, day)
    signed = [f"  (không kể {count} ngoại lệ đã ký)"] if (count := checked.facts.get(SIGNED)) else []
    return [f"Cần sửa: {checked.detail}", *signed, *(f"  {number}. {line}" for number, line in enumerate(top, 1))]


def top_problems(home: Home, day: date) -> list[str]:
    """The five rules that concern most, gravest first: what, how many, whom."""
    file = home.folder("findings", day) / SUMMARY
    summary: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return [f"{row['message']}: {_concerned(row)} ({row['rule']}, {row['severity']}; {row['owner']} sửa)" for row in summary["rules"][:TOP]]


def _concerned(row: dict[str, Any]) -> str:
    """With whom a rule's findings are, as counts: `52 chỗ, 31 học sinh, 12 lớp`."""
    if row["folded"]:
        return f"{number(row['count'])} nguyên nhân chung, gộp {number(row['folded'])} chỗ"
    places, classes = f"{number(row['count'])} chỗ", f", {row['classes']} lớp" if row["classes"] else ""
    if row["table"] in CONCERNED:
        return f"{number(row['records'])} {CONCERNED[row['table']]}"
    if row["table"] in PER_CLASS:
        return f"{number(row['count'])} lớp"
    pupils = f"{number(row['records'])} học sinh{classes}"
    return pupils if row["records"] == row["count"] else f"{places}, {pupils}"


def tell(home: Home, day: date, results: Sequence[StepResult]) -> StepResult:
    """Write `data/nights/DAY.txt` (ready to paste) and send the alert where one is set up."""
    lines = summary_lines(home, day, results)
    folder = home.folder("nights")
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{day.isoformat()}.txt.{os.getpid()}"
    aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    file = aside.replace(folder / f"{day.isoformat()}.txt")
    # A marked file is no failed step, but the subject must not say "Ổn": Điều 6 asks a person to act.
    trouble = any(result.problem for result in results) or bool(marked_lines(home))
    sent = send_alert(home, f"{'CẦN XỬ LÝ' if trouble else 'Ổn'}: đêm {vietnamese_date(day)}", lines)
    return StepResult("", "", sent, paths={"summary": str(file)}, lines=tuple(lines))
