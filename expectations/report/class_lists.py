"""One small workbook for each class: what its teachers put right, without the children of any other class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from expectations.report.finding_sheets import (
    SCHOOL,
    STAFF,
    finding_row,
    findings_by_sheet,
    heading_of,
    write_findings,
    write_folded,
    write_grade_entry,
)
from expectations.report.gradebook import GradeEntry
from expectations.report.ordering import class_order
from expectations.report.people import read_people
from expectations.report.sheets import Pages, make_looks
from infra.safe_xlsx import new_workbook, sheet_title

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.report.content import ReportContent
    from expectations.report.summary import Summary

TO_FIX = "Cần sửa"
FILE_NAME = "can-sua-{}.xlsx"


def write_class_lists(folder: Path, content: ReportContent, summary: Summary) -> list[Path]:
    """Write `can-sua-3A.xlsx` and so on into `folder`, for every class with something to put right.

    The caller keeps the folder closed to others.
    """
    people, taken = read_people(content.snapshot), set[str]()
    entries, nothing = summary.grade_entry.by_class(), GradeEntry((), (), summary.grade_entry.current)
    folded = content.folded.partition_by("class_name", as_dict=True)
    files = []
    for name, findings in findings_by_sheet(content.result.open).items():
        if name in (STAFF, SCHOOL):
            continue
        files.append(folder / FILE_NAME.format(sheet_title(name, taken)))
        own = replace(content, folded=folded.get((name,), content.folded.clear()))
        with new_workbook(files[-1], content.day, f"Cần sửa lớp {name}", small=True) as book:
            pages = Pages(book, make_looks(book))
            rows = [finding_row(finding, people) for finding in findings]
            write_findings(pages, pages.add(TO_FIX), heading_of(name, findings, people, content), rows)
            write_grade_entry(pages, own, entries.get(name, nothing), people)
            write_folded(pages, own, people)
    return files


def list_of_each_class(folder: Path) -> dict[str, Path]:
    """The lists of a night that was written, by class as its file names it (`3/2` is `3-2`), in school order."""
    before, after = FILE_NAME.split("{}")
    found = {file.name.removeprefix(before).removesuffix(after): file for file in folder.glob(FILE_NAME.format("*"))}
    return {name: found[name] for name in sorted(found, key=class_order)}
