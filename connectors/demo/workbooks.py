"""Workbooks as office software exports them: title lines, a bold header below, column widths; the same bytes every time."""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FIXED_MOMENT = (1980, 1, 1, 0, 0, 0)  # of every part inside the file  # the earliest that a zip can tell
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to write: title lines, the row (from 1) the header stands in, headings with their widths, and the lines below."""

    name: str
    titles: Sequence[str]
    header_row: int
    headings: Sequence[tuple[str, int]]
    lines: Iterable[Sequence[object]]


@contextmanager
def _workbook(file: Path) -> Iterator[Any]:
    book = xlsxwriter.Workbook(str(file), {"strings_to_numbers": False, "strings_to_urls": False})
    # By default the moment of writing, of which each run has another.
    book.set_properties({"created": datetime(2020, 1, 1)})  # noqa: DTZ001 - the file format knows no zone
    try:
        yield book
    finally:
        book.close()


def write_workbook(file: Path, sheets: Iterable[Sheet]) -> None:
    """Write a workbook; the file is complete when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _workbook(file) as book:
        formats = {
            "title": book.add_format({"bold": True, "align": "center", "font_size": 13}),
            "plain": book.add_format({"font_size": 11}),
            "header": book.add_format({"bold": True, "border": 1, "bg_color": "#D9E1F2", "text_wrap": True, "valign": "vcenter"}),
        }
        for sheet in sheets:
            _write_sheet(book.add_worksheet(sheet.name), sheet, formats)
    _rewrite(file)


def _write_sheet(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:  # noqa: ANN401 - the client library has no types
    last = len(sheet.headings) - 1
    for number, title in enumerate(sheet.titles):
        if title.isupper():
            page.merge_range(number, 0, number, last, title, formats["title"])
        else:
            page.write_string(number, 0, title, formats["plain"])
    for column, (heading, width) in enumerate(sheet.headings):
        page.set_column(column, column, width)
        page.write_string(sheet.header_row - 1, column, heading, formats["header"])
    page.freeze_panes(sheet.header_row, 0)
    for number, line in enumerate(sheet.lines, sheet.header_row):
        for column, value in enumerate(line):
            if isinstance(value, str):
                page.write_string(number, column, value)
            elif value is not None:
                page.write_number(number, column, value)


def declare_dimension(file: Path, dimension: str) -> None:
    """Make every sheet claim a wrong used range, as some exports do (rules.md TX-2)."""
    _rewrite(file, f'<dimension ref="{dimension}"/>'.encode())


def _rewrite(file: Path, dimension: bytes | None = None) -> None:
    """Zip the parts again with fixed dates, so that the same school gives the same bytes."""
    with zipfile.ZipFile(file) as old:
        parts = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as new:
        for name, content in parts:
            if dimension and name.startswith("xl/worksheets/"):
                content = _DIMENSION.sub(dimension, content)  # noqa: PLW2901 - the same part, corrected
            new.writestr(zipfile.ZipInfo(name, FIXED_MOMENT), content, zipfile.ZIP_DEFLATED)
