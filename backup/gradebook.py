"""A class's gradebook out of a restored night: pupils down, subjects, qualities and year results across."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from backup.errors import RestoreError
from connectors.records.codes import TIMES, subjects, traits
from connectors.records.systems import short_of
from connectors.records.tables import YEAR_RESULTS
from infra.clock import vietnamese_date
from infra.safe_xlsx import new_workbook, print_on_a4, sheet_title, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from xlsxwriter import Workbook

TITLE_ROW, HEADER_ROW = 0, 2
MAIN_SYSTEM = "qlnt"  # the school's own book comes first
YEAR_COLUMNS = ("result", "reward", "completed", "promoted", "principal_decision")
NAME_WIDTH, CODE_WIDTH, CELL_WIDTH = 26, 14, 8


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet: `columns` after the pupil, `cells` by pupil's code and column."""

    title: str
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], object]


def write_gradebook(file: Path, tables: Mapping[str, Path], class_name: str, day: date) -> int:
    """Write the workbook of one class, a sheet per kind of result and system that keeps it; returns how many pupils.

    `tables`: Parquet files by canonical table, `marks` and `pupils` among them. RestoreError when the night has no such class.
    """
    frames = {name: pl.scan_parquet(path).filter(pl.col("class_name") == class_name).collect() for name, path in tables.items()}
    names = _names(frames["pupils"], frames["marks"])
    if not names:
        known = pl.scan_parquet(tables["marks"]).select(pl.col("class_name").drop_nulls().unique().sort()).collect()["class_name"]
        told = ", ".join(known.to_list()) or "không lớp nào"
        raise RestoreError(f"Đêm {vietnamese_date(day)} không có lớp «{class_name}»", fix=f"chọn một lớp: {told}")
    sheets = [*_marks(frames["marks"]), *_traits(frames.get("traits")), *_year(frames.get("year_results"))]
    with new_workbook(file, day, f"Sổ điểm lớp {class_name}") as book:
        taken: set[str] = set()
        for sheet in sheets:
            _write(book, sheet_title(sheet.title, taken), sheet, names, f"Sổ điểm lớp {class_name}, đêm {vietnamese_date(day)}")
    return len(names)


def _names(pupils: pl.DataFrame, marks: pl.DataFrame) -> dict[str, str]:
    """Pupil's code -> name, in the order of the class list; a pupil with marks and no record is listed by the code."""
    named = dict(pupils.sort("source_row", maintain_order=True).select("pupil_code", "full_name").drop_nulls("pupil_code").iter_rows())
    return {**named, **{code: "" for code in marks["pupil_code"].drop_nulls().unique().sort().to_list() if code not in named}}


def _systems(frame: pl.DataFrame) -> Sequence[str]:
    return sorted(frame["source_system"].drop_nulls().unique().to_list(), key=lambda system: (system != MAIN_SYSTEM, system))


def _marks(frame: pl.DataFrame) -> list[_Sheet]:
    """Level and score of every subject and assessment time; a second attempt stands behind the first."""
    found = []
    for system in _systems(frame):
        rows = frame.filter(pl.col("source_system") == system).sort("attempt", nulls_last=False)
        cells: dict[tuple[str, str], object] = {}
        for row in rows.iter_rows(named=True):
            subject = subjects()[row["subject"]].name if row["subject"] in subjects() else row["subject"]
            key = (row["pupil_code"], f"{subject} {row['time']}")
            told = " ".join(str(value) for value in (row["level"] or row["level_text"], row["score"]) if value)
            cells[key] = f"{cells[key]} → {told}" if key in cells else told
        found.append(_Sheet(f"Môn học ({short_of(system)})", _ordered(cells, _subject_order(rows)), cells))
    return found


def _subject_order(rows: pl.DataFrame) -> list[str]:
    used = set(rows["subject"].drop_nulls().to_list())
    known = [(code, subject.name) for code, subject in subjects().items() if code in used]
    strange = [(code, code) for code in sorted(used - set(subjects()))]
    return [f"{name} {time}" for _, name in (*known, *strange) for time in TIMES]


def _traits(frame: pl.DataFrame | None) -> list[_Sheet]:
    if frame is None or frame.is_empty():
        return []
    found = []
    for system in _systems(frame):
        cells = {
            (row["pupil_code"], f"{traits()[row['trait']].name if row['trait'] in traits() else row['trait']} {row['time']}"): row["level"]
            or row["level_text"]
            for row in frame.filter(pl.col("source_system") == system).iter_rows(named=True)
        }
        order = [f"{trait.name} {time}" for trait in traits().values() for time in TIMES]
        found.append(_Sheet(f"Phẩm chất, năng lực ({short_of(system)})", _ordered(cells, order), cells))
    return found


def _year(frame: pl.DataFrame | None) -> list[_Sheet]:
    if frame is None or frame.is_empty():
        return []
    found = []
    for system in _systems(frame):
        rows = frame.filter(pl.col("source_system") == system).iter_rows(named=True)
        cells = {(row["pupil_code"], YEAR_RESULTS.label_of(name)): _yes_no(row[name]) for row in rows for name in YEAR_COLUMNS}
        found.append(_Sheet(f"Cuối năm ({short_of(system)})", tuple(YEAR_RESULTS.label_of(name) for name in YEAR_COLUMNS), cells))
    return found


def _yes_no(value: object) -> object:
    # To a dictionary 1 is True as well: a number must not become a yes.
    return {True: "có", False: "không"}.get(value, value) if isinstance(value, bool) else value


def _ordered(cells: Mapping[tuple[str, str], object], order: Sequence[str]) -> tuple[str, ...]:
    used = {column for _, column in cells}
    return (*(column for column in order if column in used), *sorted(used - set(order)))


def _write(book: Workbook, title: str, content: _Sheet, names: Mapping[str, str], heading: str) -> None:
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E5E7EB", "border": 1})
    cell = book.add_format({"border": 1})
    write_text(sheet, TITLE_ROW, 0, f"{heading} – {content.title}", book.add_format({"bold": True, "font_size": 13}))
    header = ("Mã định danh", "Họ và tên", *content.columns)
    for place, text in enumerate(header):
        write_text(sheet, HEADER_ROW, place, text, bold)
    for row, (code, name) in enumerate(names.items(), HEADER_ROW + 1):
        values = (code, name, *(content.cells.get((code, column)) for column in content.columns))
        for place, value in enumerate(values):
            write_text(sheet, row, place, value, cell)
    sheet.set_column(0, 0, CODE_WIDTH)
    sheet.set_column(1, 1, NAME_WIDTH)
    sheet.set_column(2, max(2, len(header) - 1), CELL_WIDTH)
    sheet.freeze_panes(HEADER_ROW + 1, 2)
    print_on_a4(sheet, HEADER_ROW, heading)
