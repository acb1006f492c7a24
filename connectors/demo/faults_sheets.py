"""Defects of a whole sheet of the sector database's list: a column that was not exported, a line that tells of nobody (NN-1, NN-2).

Planted last: they stand on the rows as they are delivered, and what a lost column hides is no finding of its own any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.rows import SectorRow

if TYPE_CHECKING:
    from random import Random

    from connectors.demo.planting import Fault
    from connectors.demo.school import School

PUPILS, FILE, HEADER_ROW = "pupils", "DanhSachHocSinh.xlsx", 6
FEWEST_ROWS = 20  # of a sheet before a column without values is one cause and not so many gaps
COLUMN, ITS_RULE = "permanent_address", "QC-19.6/5"


def plant_in_sheets(school: School, rng: Random, faults: list[Fault]) -> list[Fault]:
    """Spoil two sheets; returns the faults with these and without what the lost column stands for."""
    grades = sorted({row.sheet for row in school.csdl.pupils})
    return sorted({*_lost_column(school, rng.choice(grades), faults), _empty_line(school, rng.choice(grades))})


def _lost_column(school: School, grade: int, faults: list[Fault]) -> list[Fault]:
    rows = [row for row in school.csdl.pupils if row.sheet == grade]
    if len(rows) < FEWEST_ROWS:
        return faults
    for row in rows:
        row.permanent_address = None
    hidden = {(ITS_RULE, PUPILS, row.pupil_code) for row in rows}
    return [*(fault for fault in faults if fault not in hidden), ("NN-1", PUPILS, f"{FILE}#{_sheet(grade)}#{COLUMN}")]


def _empty_line(school: School, grade: int) -> Fault:
    """A line below the last child with nothing but what the program fills in by itself."""
    rows = [row for row in school.csdl.pupils if row.sheet == grade]
    last, nothing = rows[-1], dict.fromkeys(SectorRow.__slots__)
    prefilled = {"sheet": grade, "status": "Đang học", "class_name": last.class_name, "grade": str(grade)}
    school.csdl.pupils.append(SectorRow(**{**nothing, **prefilled}))  # type: ignore[arg-type]
    return ("NN-2", PUPILS, f"{FILE}#{_sheet(grade)}#{HEADER_ROW + len(rows) + 1}")


def _sheet(grade: int) -> str:
    return f"Khối {grade}"
