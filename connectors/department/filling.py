"""Fills the template: numbers into their cells, who reports to whom, the marks; the same bytes every time."""

from __future__ import annotations

import re
from datetime import datetime, time
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import load_workbook

from connectors.department.indicators import CLASS_COLUMNS, CLASS_ROWS, PUPIL_COLUMNS, PUPIL_ROWS
from connectors.department.layout import fit_labels, print_whole, write_across
from connectors.department.notes_sheet import add_notes, mark_sheet
from connectors.department.template import form_rows, heading_of, row_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from connectors.department.content import FormContent
    from connectors.department.template import Heading
    from infra.settings import School

NEVER_FILLED = "#"
REPORTER, RECIPIENT = "đơn vị báo cáo", "đơn vị nhận báo cáo"
CORE = "docProps/core.xml"
CHANGED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
PLAIN_FILE, UNIX = 0o100644 << 16, 3


def filled_workbook(template: bytes, content: FormContent) -> tuple[bytes, int]:
    """The filled form and how many cells were filled. ConfigurationError when the template lacks a row or column."""
    book = load_workbook(BytesIO(template))
    sheets, cells = write_values(book, content.counts.values)
    for sheet in sheets:
        if heading := heading_of(sheet):
            _write_parties(sheet, heading, content.school)
            mark_sheet(sheet, heading, content)
            fit_labels(sheet, heading)
            print_whole(sheet, heading)
    add_notes(book, content)
    return _same_every_time(book, content.day), cells


def write_values(book: Workbook, values: Mapping[str, tuple[int, ...]]) -> tuple[list[Worksheet], int]:
    """Write the counted rows; the sheets of the form's parts II and III in order, and the number of filled cells.

    Every row that we know must be in the template, also one that tonight stays blank.
    """
    rows, sheets, cells = form_rows(book), {}, 0
    asked = [(row, CLASS_COLUMNS) for row in CLASS_ROWS] + [(row, PUPIL_COLUMNS) for row in PUPIL_ROWS]
    for indicator, width in asked:
        place = row_of(rows, indicator.code, indicator.label, width)
        sheets[place.sheet.title] = place.sheet
        for number, value in enumerate(values.get(indicator.code, ()), start=1):
            cell = place.sheet.cell(place.row, place.columns[number])
            if cell.value == NEVER_FILLED:
                continue
            # Also over a formula: unopened, a formula has no number in it, and the receiver's totals are not ours to trust (check 8).
            cell.value = value
            cells += 1
    return list(sheets.values()), cells


def _write_parties(sheet: Worksheet, heading: Heading, school: School) -> None:
    """The school as reporter and its recipients, below the words of the form that ask for them (where it has them)."""
    name = f"{school.name} (mã trường {school.code})" if school.code else school.name
    parties = {REPORTER: name, RECIPIENT: ", ".join(school.recipients)}
    last = max(heading.columns.values())
    for row, texts in enumerate(sheet.iter_rows(max_row=heading.top, values_only=True), start=2):
        for column, text in enumerate(texts, start=1):
            if below := parties.get(str(text or "").strip("-: ").casefold()):
                write_across(sheet, row, (column, max(column, last)), below)


def _same_every_time(book: Workbook, day: date) -> bytes:
    """The workbook's bytes with the night's day wherever openpyxl and zip write the clock."""
    book.properties.created = datetime.combine(day, time())
    stream, result = BytesIO(), BytesIO()
    book.save(stream)
    changed = rf"\g<1>{day.isoformat()}T00:00:00Z\g<2>".encode()
    with ZipFile(stream) as written, ZipFile(result, "w") as pinned:
        # The list of contents stays first, where programs that read a package as it comes look for it.
        for name in sorted(written.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = written.read(name)
            member = ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            # Set, since zip notes which system wrote it: the same bytes on every machine.
            member.compress_type, member.create_system, member.external_attr = ZIP_DEFLATED, UNIX, PLAIN_FILE
            pinned.writestr(member, CHANGED.sub(changed, content) if name == CORE else content)
    return result.getvalue()
