"""Reads an .xls file and prints its sheets as JSON: run as a process of its own by workbook.py.

A damaged .xls file can make the library end its process (it asks for memory that no machine has). That
must not be the process of the night.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time
from pathlib import Path

from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

from connectors.sheets.old_workbook_errors import errors_of

MEMORY = 1024 * 1024 * 1024  # bytes; an .xls file holds at most 65,536 rows × 256 columns a sheet
PASSWORD = "password"  # noqa: S105 - what is told, not a secret
KINDS = {"datetime": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}


def as_json(cell: object) -> object:
    """A cell as JSON: days and times with their kind."""
    kind = type(cell).__name__
    if kind in KINDS and isinstance(cell, date | time):
        return {kind: cell.isoformat()}
    return cell if isinstance(cell, str | float | int) else str(cell)


def from_json(cell: object) -> object:
    """The way back."""
    if isinstance(cell, dict):
        ((kind, text),) = cell.items()
        return KINDS[kind](text)
    return cell


def sheets(file: str, most_cells: int) -> list[dict[str, object]]:
    """Name, whether hidden, first row, rows and error cells of every sheet; ValueError when there are too many cells."""
    read: list[dict[str, object]] = []
    errors = errors_of(Path(file).read_bytes())
    with CalamineWorkbook.from_path(file) as book:
        for place, about in enumerate(book.sheets_metadata):
            sheet = book.get_sheet_by_index(place)
            most_cells -= sheet.height * sheet.width
            if most_cells < 0:
                raise ValueError(file)
            rows = [[as_json(cell) for cell in row] for row in sheet.to_python()]
            hidden, (top, left) = about.visible != SheetVisibleEnum.Visible, sheet.start or (0, 0)
            here = errors[place] if len(errors) == len(book.sheet_names) else {}
            unreadable = [(row + 1, column - left, text) for (row, column), text in here.items()]
            read.append({"name": about.name, "hidden": hidden, "first_row": top + 1, "rows": rows, "unreadable": unreadable})
    return read


def main(file: str, most_cells: str) -> None:
    """Print the sheets, or what is wrong with the file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        told: object = sheets(file, int(most_cells))
    except PasswordError:
        told = PASSWORD
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
