"""Hand on what a night left for people: its report and its form, made anew from the night's own data, copied to where others reach them.

The folders of the data belong to the account that runs the nights; the vice-principal reads her copy elsewhere.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.records.snapshot import sha256_of
from expectations.report.class_lists import list_of_each_class
from flows import checking
from flows.approving import night_of
from flows.home import one_night_at_a_time
from flows.night_record import load_records
from infra.append_only import ONLY_THE_OWNER
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, of_the_machine
from infra.safe_xlsx import sheet_title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from flows.home import Home
    from flows.night_record import NightRecord, StepResult

FOR_EVERYBODY = 0o644
DRAFT_MARK = "BAN-NHAP"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file to hand on: `name` says its night, so that the copies of many nights lie beside each other."""

    file: Path
    name: str
    private: bool = False


def newest_night(home: Home, day: date | None) -> date:
    """The day of a night that can be told about: `day`, or the newest. An error in one line when it is not there or was not checked."""
    found = night_of(home, day).day
    if not home.folder("findings", found).is_dir():
        raise ConfigurationError("Đêm này chưa được kiểm tra", where=vietnamese_date(found), fix="chạy lại `truong nightly`")
    return found


def report_again(home: Home, day: date) -> StepResult:
    """Write the report of a night from its own data and record; what the principal has approved since stands in it.

    Where nothing has changed the files stay as they are, else the earlier report is kept as `DAY~1`.
    """
    with one_night_at_a_time(home):
        before = list(takewhile(lambda step: step.step != "report", night_record(home, day).steps))
        problems = [step.problem for step in before if step.problem]
        return checking.write_quality_report(home, day, problems, next((step for step in before if step.step == "export"), None))


def forms_again(home: Home, day: date) -> StepResult:
    """Fill the form that is due from a night's own data. DataStoppedExport when that night's data must not leave."""
    with one_night_at_a_time(home):
        pulls = [step for step in night_record(home, day).steps if step.step.startswith("pull-")]
        return checking.export_forms(home, day, [step.step.removeprefix("pull-") for step in pulls if step.problem])


def night_record(home: Home, day: date) -> NightRecord:
    """How a night went. ConfigurationError when it never came to its end."""
    record = next((record for record in load_records(home) if record.day == day.isoformat()), None)
    if record is None:
        raise ConfigurationError("Đêm này chưa chạy trọn", where=vietnamese_date(day), fix="chạy lại `truong nightly`")
    return record


def report_papers(report: StepResult, day: date, *, with_names: bool = False, class_name: str = "") -> list[Paper]:
    """The page and the workbook of counts; with names also the list of what to put right, for whoever is responsible.

    Of a class only its own list, for its teachers. ConfigurationError when nothing in it is to be put right, or there is no such class.
    """
    if class_name:
        return [_paper(str(_class_list(report, class_name)), day, private=True)]
    papers = [_paper(report.paths[name], day) for name in ("report", "workbook")]
    return [*papers, _paper(report.paths["to_fix"], day, private=True)] if with_names else papers


def _class_list(report: StepResult, class_name: str) -> Path:
    lists = list_of_each_class(Path(report.paths["per_class"])) if "per_class" in report.paths else {}
    wanted = sheet_title(class_name, set())
    if wanted not in lists:
        named = ", ".join(lists) or "không lớp nào"
        raise ConfigurationError("Lớp này không có gì cần sửa, hoặc không có lớp này", where=class_name, fix=f"chọn một lớp: {named}")
    return lists[wanted]


def form_papers(form: StepResult, day: date) -> list[Paper]:
    """The filled form, or none where it is not due; a draft says so in its name, too."""
    mark = f"-{DRAFT_MARK}" if is_draft(form) else ""
    return [_paper(file, day, mark) for file in form.paths.values()]


def is_draft(form: StepResult) -> bool:
    """Whether something stands on the form that must be put right before it is sent."""
    return form.facts.get(checking.DRAFT) == "có"


def _paper(file: str, day: date, mark: str = "", *, private: bool = False) -> Paper:
    path = Path(file)
    return Paper(path, f"{path.stem}-{day.isoformat()}{mark}{path.suffix}", private)


def hand_on(papers: Sequence[Paper], folder: Path) -> list[Path]:
    """Copy papers into a folder, which is made where it is missing; returns the copies.

    Counts are readable by everybody, names by the owner alone. A copy that is there already is left. ConfigurationError
    when another file has that name, before anything is written, and when the folder takes no file.
    """
    try:
        return _handed(papers, folder)
    except OSError as error:
        told = error.strerror or type(error).__name__
        fix = "chọn một thư mục ghi được (không phải tệp), còn chỗ trống, rồi chạy lại"
        raise of_the_machine(error) or ConfigurationError(f"Không chép được vào nơi này ({told})", where=str(folder), fix=fix) from error


def _handed(papers: Sequence[Paper], folder: Path) -> list[Path]:
    taken = [paper.name for paper in papers if (folder / paper.name).exists() and not _same(paper, folder)]
    if taken:
        fix = "xem tệp đang có rồi đổi tên nó, hoặc chọn thư mục khác; chưa chép tệp nào"
        raise ConfigurationError(f"Đã có tệp khác mang tên này: {', '.join(taken)}", where=str(folder), fix=fix)
    folder.mkdir(parents=True, exist_ok=True)
    for paper in papers:
        _copied(paper, folder)
    return [folder / paper.name for paper in papers]


def _copied(paper: Paper, folder: Path) -> None:
    """Whole or not at all: a disk that fills up on the way keeps no piece of it, which may bear names."""
    aside = folder / f".{paper.name}.{os.getpid()}"
    try:
        aside.touch(mode=ONLY_THE_OWNER)  # before the names are in it
        shutil.copyfile(paper.file, aside)
        with suppress(PermissionError):  # a stick knows no modes
            aside.chmod(ONLY_THE_OWNER if paper.private else FOR_EVERYBODY)
        aside.replace(folder / paper.name)
    finally:
        aside.unlink(missing_ok=True)


def _same(paper: Paper, folder: Path) -> bool:
    there = folder / paper.name
    return there.is_file() and sha256_of(there) == sha256_of(paper.file)
