"""A restored canonical table as a workbook that any spreadsheet program opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.column import Kind
from infra.clock import vietnamese_date
from infra.safe_xlsx import new_workbook, write_text

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from connectors.records.tables import Table

ROWS_A_SHEET = 1_000_000  # a spreadsheet ends at 1.048.576
READ_ROWS = 50_000
NUMBERS = (Kind.INTEGER, Kind.NUMBER)
NARROWEST, WIDEST = 9, 40


def write_table(file: Path, parquet: Path, table: Table, day: date) -> int:
    """Write every row of a table, in the order of the night, with Vietnamese headings; returns how many.

    Read and written a piece at a time: a million rows need no more memory than fifty thousand. Everything but
    plain counts and amounts is text, so that codes keep their zeros and nothing is taken for a formula.
    """
    frame = pl.scan_parquet(parquet)
    total: int = frame.select(pl.len()).collect().item()
    with new_workbook(file, day, table.label, streamed=True) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E5E7EB"})
        for number, start in enumerate(range(0, max(total, 1), ROWS_A_SHEET), 1):
            # A title has 31 letters at most.
            sheet = book.add_worksheet(f"{table.label[:25]} {number}" if total > ROWS_A_SHEET else table.label[:31])
            _head(sheet, table, bold)
            for offset in range(start, min(total, start + ROWS_A_SHEET), READ_ROWS):
                piece = frame.slice(offset, min(READ_ROWS, start + ROWS_A_SHEET - offset)).collect()
                _rows(sheet, piece, table, offset - start + 1)
    return total


def _head(sheet: Worksheet, table: Table, look: Format) -> None:
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, min(WIDEST, max(NARROWEST, len(column.label) + 2)))
        write_text(sheet, 0, place, column.label, look)


def _rows(sheet: Worksheet, piece: pl.DataFrame, table: Table, first: int) -> None:
    for number, row in enumerate(piece.iter_rows(named=True), first):
        for place, column in enumerate(table.columns):
            value = row.get(column.name)
            if column.kind in NUMBERS and value is not None:
                sheet.write_number(number, place, value)
            else:
                write_text(sheet, number, place, _shown(column.kind, value))


def _shown(kind: Kind, value: Any) -> object:  # noqa: ANN401 - whatever a column holds
    if kind is Kind.DATE and value is not None:
        return vietnamese_date(value)
    return {True: "có", False: "không"}.get(value, value) if kind is Kind.BOOLEAN else value
