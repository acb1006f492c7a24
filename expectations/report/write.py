"""Write a night's report: written aside, then renamed; never half there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from connectors.records.snapshot import publish
from expectations.report.class_lists import write_class_lists
from expectations.report.content import ReportContent, ReportFiles
from expectations.report.page import render_page
from expectations.report.public_workbook import write_public_workbook
from expectations.report.summary import summarise
from expectations.report.workbook import write_private_workbook

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "bao-cao-chat-luong.html"
PUBLIC_WORKBOOK = "bao-cao-chat-luong.xlsx"
PRIVATE_FOLDER = "rieng"  # holds names: closed to everyone but the owner
PRIVATE_WORKBOOK = f"{PRIVATE_FOLDER}/danh-sach-can-sua.xlsx"
CLASS_LISTS = f"{PRIVATE_FOLDER}/tung-lop"


def write_report(folder: Path, content: ReportContent) -> ReportFiles:
    """Write the public page and workbook, the private list and that of each class into `folder` (reports/DAY).

    The same content gives the same bytes; a folder with other content is retired as `DAY~1`.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    # Closed before there is a name in it.
    (aside / PRIVATE_FOLDER).mkdir(mode=0o700)
    summary = summarise(content)
    (aside / PAGE).write_text(render_page(content, summary), encoding="utf-8")
    write_public_workbook(aside / PUBLIC_WORKBOOK, content, summary)
    write_private_workbook(aside / PRIVATE_WORKBOOK, content, summary)
    for private in (aside / PRIVATE_WORKBOOK, *write_class_lists(aside / CLASS_LISTS, content, summary)):
        private.chmod(0o600)
    publish(aside, folder)
    return ReportFiles(folder / PAGE, folder / PRIVATE_WORKBOOK, folder / PUBLIC_WORKBOOK, folder / CLASS_LISTS)
