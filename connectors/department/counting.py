"""Counts the rows of the form: one pass over the pupils, one over the classes.

`values` of a row are in the order of the form's column numbers. Unplaced pupils stay in the total and
are told as problems; nothing is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connectors.department.doubts import CLASS_DOUBTS, LEFT_BUT_AT_SCHOOL, NAMELESS, VANISHED, Doubt, pupil_doubts
from connectors.department.indicators import BLANK_ROWS, CLASS_ROWS, NOT_ASKED, PUPIL_ROWS
from connectors.department.presence import SYSTEM, own_rows, pupils_with_presence, unknown_movers
from connectors.records import codes
from connectors.records.school_year import SchoolYear
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.department.indicators import Indicator
    from connectors.records.snapshot import Snapshot
    from infra.settings import School

LOWLAND = "đồng bằng"
INFORMATICS = "TH"
PUPIL_MASKS = ("counted", "female", "minority", "minority_female")


@dataclass
class Counts:
    """Row code -> values in the order of the form's columns; (row code, reason) left blank; problems; foreign pupils."""

    values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    blank: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    foreigners: int = 0


def count_form(snapshot: Snapshot, school: School) -> Counts:
    """Count parts II and III for one school, as of the census day of the snapshot's school year."""
    counts = Counts(blank=[(row.code, row.reason) for row in BLANK_ROWS])
    _count_classes(counts, snapshot, school)
    _count_pupils(counts, snapshot, school)
    counts.values = dict(sorted(counts.values.items(), key=lambda row: int(row[0])))
    # The parts that are not asked here come last, each told once.
    counts.blank = [*sorted(counts.blank, key=lambda row: int(row[0])), *((row.code, row.reason) for row in NOT_ASKED)]
    return counts


def _count_pupils(counts: Counts, snapshot: Snapshot, school: School) -> None:
    pupils = _prepared(snapshot, school).collect()
    if pupils.is_empty():
        _leave_blank(counts, PUPIL_ROWS, f"hệ thống {SYSTEM} không giao học sinh nào")
        counts.problems.append(f"Hệ thống {SYSTEM} không giao học sinh nào: phần III để trống")
        return
    rows = _countable(counts, snapshot, PUPIL_ROWS)
    doubts = [doubt for doubt in pupil_doubts() if not _missing(snapshot, doubt.needs)]
    numbers = _sums(pupils.filter("present"), rows, PUPIL_MASKS, doubts)
    counts.values |= {row.code: _owned([numbers[f"{row.code}.{mask}"] for mask in PUPIL_MASKS], school) for row in rows}
    nameless, vanished = unknown_movers(snapshot)
    contradicted = int(pupils["contradicted"].sum())
    counts.problems += _told((doubt.text, numbers[doubt.text]) for doubt in doubts)
    counts.problems += _told(((LEFT_BUT_AT_SCHOOL, contradicted), (VANISHED, vanished), (NAMELESS, nameless)))
    counts.foreigners = numbers["foreigners"]


def _count_classes(counts: Counts, snapshot: Snapshot, school: School) -> None:
    classes = _classes(snapshot).with_columns(counted=pl.lit(value=True)).collect()
    if classes.is_empty():
        reason = f"hệ thống {SYSTEM} không giao lớp nào của năm học {SchoolYear.of(snapshot.day).label}"
        _leave_blank(counts, CLASS_ROWS, reason)
        counts.problems.append(f"{reason[0].upper()}{reason[1:]}: phần II để trống")
        return
    rows = _countable(counts, snapshot, CLASS_ROWS)
    doubts = [doubt for doubt in CLASS_DOUBTS if not _missing(snapshot, doubt.needs)]
    numbers = _sums(classes, rows, ("counted",), doubts)
    counts.values |= {row.code: _owned([numbers[f"{row.code}.counted"]], school) for row in rows}
    counts.problems += _told((doubt.text, numbers[doubt.text]) for doubt in doubts)


def _sums(frame: pl.DataFrame, rows: Sequence[Indicator], masks: Sequence[str], doubts: Sequence[Doubt]) -> dict[str, int]:
    """Every row in every column, every doubt and the foreigners, in one pass; a null condition counts nowhere."""
    sums = {f"{row.code}.{mask}": (row.condition & pl.col(mask)).sum() for row in rows for mask in masks}
    sums |= {doubt.text: doubt.condition.sum() for doubt in doubts}
    if "ethnicity" in frame.columns:
        sums["foreigners"] = (pl.col("ethnicity") == codes.FOREIGNER).sum()
    return {name: int(number) for name, number in frame.select(**sums).row(0, named=True).items()}


def _prepared(snapshot: Snapshot, school: School) -> pl.LazyFrame:
    """All pupil rows with what the indicators ask for; a pupil's own khối first (combined classes have several)."""
    # No record says who learns it: in the grades in which it is compulsory everybody does (CT-1).
    informatics = [grade for grade in codes.GRADES if INFORMATICS in codes.compulsory_subjects(grade)]
    year = SchoolYear.of(snapshot.day).census_day.year
    classes = _classes(snapshot).filter(pl.col("class_name").is_not_null())
    pupils = pupils_with_presence(snapshot).join(
        classes.select("class_name", "sessions_per_day", grade_of_class="grade"), on="class_name", how="left"
    )
    female, minority = pl.col("sex") == codes.FEMALE, pl.col("ethnicity").is_in(codes.minority_codes())
    return pupils.with_columns(
        grade=pl.coalesce("grade", "grade_of_class"),
        age=year - pl.col("birth_date").dt.year(),  # report year − birth year, whatever the month
        counted=pl.lit(value=True),
        lowland=pl.lit(value=school.region == LOWLAND),
        female=female,
        minority=minority,
        minority_female=female & minority,
    ).with_columns(learns_informatics=pl.col("grade").is_in(informatics))


def _classes(snapshot: Snapshot) -> pl.LazyFrame:
    """The classes of the school year (all where the system names no year), each name once; `times` it was listed."""
    start = SchoolYear.of(snapshot.day).start_year
    of_year = pl.col("school_year").is_null() | pl.col("school_year").str.contains(rf"^\s*{start}(\D|$)")
    rows = own_rows(snapshot, "classes").filter(of_year)
    times = pl.when(pl.col("class_name").is_not_null()).then(pl.len().over("class_name")).otherwise(1)
    first = pl.col("class_name").is_null() | pl.col("class_name").is_first_distinct()
    return rows.with_columns(times=times, first=first).filter("first")


def _owned(numbers: Sequence[int], school: School) -> tuple[int, ...]:
    """The whole, then the công lập and the tư thục block: one school is all in one of them, and 0 in the other."""
    nothing = [0] * len(numbers)
    return (*numbers, *(numbers if school.public else nothing), *(nothing if school.public else numbers))


def _told(doubts: Iterable[tuple[str, int]]) -> list[str]:
    return [text.format(number) for text, number in doubts if number]


def _countable(counts: Counts, snapshot: Snapshot, rows: Iterable[Indicator]) -> list[Indicator]:
    """The rows whose columns the system delivers; the others are left blank with that reason."""
    found = []
    for row in rows:
        if labels := _missing(snapshot, row.needs):
            _leave_blank(counts, [row], f"hệ thống {SYSTEM} không giao {', '.join(labels)}")
        else:
            found.append(row)
    return found


def _missing(snapshot: Snapshot, needs: Iterable[str]) -> list[str]:
    """Labels of needed columns (`table.column`) that the system does not deliver."""
    pairs = [need.split(".") for need in needs]
    return [f"cột «{TABLES[table].label_of(column)}»" for table, column in pairs if not snapshot.delivers(SYSTEM, table, [column])]


def _leave_blank(counts: Counts, rows: Iterable[Indicator], reason: str) -> None:
    counts.blank += [(row.code, reason) for row in rows]
