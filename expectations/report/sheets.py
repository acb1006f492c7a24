"""How every sheet of the report's workbooks looks: title, note, frozen header, wrapped rows, ready for A4."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from expectations.rule import Severity
from infra.safe_xlsx import print_on_a4, sheet_title, write_row, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    Look = Callable[[int, object], Format]

HEADER_ROW = 3
PRIVATE_FOOTER = "Có dữ liệu cá nhân của học sinh, cán bộ: chỉ dùng để sửa, không gửi ra ngoài"
FILLS = {Severity.STOP: "#E8C9C4", Severity.BLOCK: "#F6D5CC", Severity.REVIEW: "#FBEBC8", Severity.REMIND: "#E3EAEE"}
TABS = {Severity.STOP: "#5D1F1A", Severity.BLOCK: "#B5452F", Severity.REVIEW: "#DCA23A", Severity.REMIND: "#8AA2B3"}


@dataclass(frozen=True, slots=True)
class Looks:
    """The few cell formats of the workbook; every one is text, so that codes keep their zeros."""

    title: Format
    note: Format
    header: Format
    cell: Format
    number: Format
    link: Format
    severities: Mapping[Severity, Format]


def make_looks(book: Workbook) -> Looks:
    text = {"num_format": "@", "valign": "top", "text_wrap": True, "font_name": "Arial", "font_size": 10}
    lined = {**text, "border": 1, "border_color": "#D8D2C4"}
    bold = {**lined, "bold": True}
    return Looks(
        title=book.add_format({"font_name": "Arial", "font_size": 15, "bold": True}),
        note=book.add_format({"font_name": "Arial", "font_size": 10, "font_color": "#6F6A5F"}),
        header=book.add_format({**bold, "bg_color": "#E4EEE4", "valign": "vcenter"}),
        # As if typed behind an apostrophe: it stays text when somebody edits the cell.
        cell=book.add_format({**lined, "quote_prefix": True}),
        number=book.add_format({**lined, "num_format": "#,##0", "align": "right", "indent": 1}),
        link=book.add_format({**bold, "font_color": "#2F6B4A", "underline": 1}),
        severities={severity: book.add_format({**bold, "bg_color": fill}) for severity, fill in FILLS.items()},
    )


def start_sheet(sheet: Worksheet, heading: tuple[str, str], columns: tuple[tuple[str, int], ...], looks: Looks) -> None:
    """Title, note and frozen header of a sheet."""
    write_text(sheet, 0, 0, heading[0], looks.title)
    write_text(sheet, 1, 0, heading[1], looks.note)
    for index, (name, width) in enumerate(columns):
        sheet.set_column(index, index, width)
        write_text(sheet, HEADER_ROW, index, name, looks.header)
    sheet.set_row(HEADER_ROW, 30)
    sheet.freeze_panes(HEADER_ROW + 1, 0)


@dataclass(frozen=True, slots=True)
class Pages:
    """A workbook that grows sheet by sheet, in one look. `taken`: titles it has already."""

    book: Workbook
    looks: Looks
    taken: set[str] = field(default_factory=set)

    def add(self, name: str) -> Worksheet:
        """An empty sheet at the end, called `name` as far as spreadsheets accept it."""
        return self.book.add_worksheet(sheet_title(name, self.taken))

    def fill(self, sheet: Worksheet, heading: tuple[str, str], table: Table, look: Look | None = None) -> None:
        """Heading, columns and rows of a sheet, with filters, ready to print. `look`: of a cell, by its column and value."""
        start_sheet(sheet, heading, table.columns, self.looks)
        widths, look = [width for _, width in table.columns], look or self.plain
        for index, row in enumerate(table.rows, HEADER_ROW + 1):
            write_row(sheet, index, [(value, look(column, value)) for column, value in enumerate(row)], widths)
        sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(table.rows), len(widths) - 1)
        print_on_a4(sheet, HEADER_ROW, PRIVATE_FOOTER)

    def plain(self, _column: int, value: object) -> Format:
        """Counts to the right, everything else as text."""
        return self.looks.number if isinstance(value, int) else self.looks.cell


@dataclass(frozen=True, slots=True)
class Table:
    """What a sheet lists: headings with their widths in characters, and rows."""

    columns: tuple[tuple[str, int], ...]
    rows: Sequence[tuple[object, ...]]
