"""Biểu 02-TH-ĐN, start of year: counted from the school's records as of 30 September, filled, published.

Source: domain/exports.md §1 (form of 2020; the forms of Thông tư 25/2024 were not found). Parts II and
III are filled, with counts only. A form is never made prettier than its data: what blocks it, or does
not agree, makes it a draft that says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from connectors.department.content import SignedExceptions, content_of
from connectors.department.counting import count_form
from connectors.department.filling import filled_workbook
from connectors.department.indicators import COUNTED_COLUMNS, FORM
from connectors.records.snapshot import MANIFEST, publish
from connectors.secrecy_guard import MarkedExport, require_unmarked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from infra.settings import School

__all__ = ["COUNTED_COLUMNS", "FilledForm", "SignedExceptions", "fill_start_of_year"]

TEMPLATE = "bieu-02-TH-DN-2020.xlsx"
WORKBOOK = "bieu-02-TH-DN.xlsx"
USED_TABLES = ("classes", "movements", "pupils")


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A published form. `blank_rows`: (row code, reason); `problems`: what does not agree; `state`: one sentence."""

    workbook: Path
    filled_cells: int
    blank_rows: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    draft: bool
    state: str


def fill_start_of_year(
    snapshot: Snapshot, school: School, blocking: Mapping[str, int], folder: Path, exceptions: Sequence[SignedExceptions] = ()
) -> FilledForm:
    """Fill the form of a night's snapshot into `folder` (workbook and manifest), whole or not at all.

    `blocking`: rule code -> number of `chặn` findings on COUNTED_COLUMNS; `exceptions`: those that were signed, which no
    longer make a draft and are told on the form. The same snapshot, school, findings
    and code give the same bytes. ConfigurationError when the template is not this form,
    MarkedExport when it would bear the mark of a state secret.
    """
    template = files("connectors.department").joinpath("templates", TEMPLATE).read_bytes()
    content = content_of(snapshot, school, blocking, count_form(snapshot, school), exceptions)
    workbook, cells = filled_workbook(template, content)
    manifest = content.manifest(hashlib.sha256(template).hexdigest(), _table_hashes(snapshot))
    _publish({WORKBOOK: workbook, MANIFEST: _json(manifest)}, folder)
    return FilledForm(folder / WORKBOOK, cells, tuple(content.counts.blank), content.problems, content.draft, content.state)


def _table_hashes(snapshot: Snapshot) -> dict[str, str]:
    """SHA-256 of the tables that were counted, as the snapshot's manifest has them."""
    tables = json.loads((snapshot.folder / MANIFEST).read_text(encoding="utf-8"))["tables"]
    return {name: tables[name]["sha256"] for name in USED_TABLES}


def _json(manifest: Mapping[str, object]) -> bytes:
    return (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()


def _publish(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write aside, then rename: the folder is never half a form; a form with other content is kept as `NAME~n`."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for name, content in contents.items():
        (aside / name).write_bytes(content)
    try:
        require_unmarked(aside, FORM)
    except MarkedExport:
        shutil.rmtree(aside)
        raise
    publish(aside, folder)
