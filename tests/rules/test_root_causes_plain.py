"""Causes told once against a plain second implementation: sheet by sheet, row by row, no Polars."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.school_tables import Row, checked, pupil

if TYPE_CHECKING:
    from expectations.check import QualityResult

pytestmark = pytest.mark.slow  # read a second time in CI; the rules' own cases stand in every check
LOST, BLANK, NO_SEX, NO_ZERO = "NN-1", "NN-2", "QC-19.6/4", "DT-4"
RULES = (LOST, BLANK, NO_SEX, NO_ZERO)
FEWEST, SHARE = 20, 98  # rows; per cent
RIGHT, SHORT = "0912345678", "912345678"
Finding = tuple[str, str, str]  # rule, system, key

# What a sheet is like: how many rows, which of them lack the sex, which lost the zero, which have no phone, which tell of nobody.
shares = st.sampled_from([0, 0, 2, 50, 97, 98, 99, 100])
sheets = st.lists(
    st.tuples(st.sampled_from([1, 19, 20, 50, 100]), shares, shares, st.sampled_from([0, 0, 50]), st.integers(0, 2)), max_size=3
)


def sheet(number: int, shape: tuple[int, int, int, int, int]) -> list[Row]:
    size, no_sex, no_zero, no_phone, blank = shape
    name, system = f"Khối {number}", "csdl" if number % 2 else "qlnt"
    rows = [
        pupil(
            f"79{number:02d}{index:06d}", source_system=system, source_sheet=name, source_row=7 + index,
            sex=None if index * 100 < no_sex * size else "Nam",
            contact_phone=None if index * 100 < no_phone * size else SHORT if index * 100 < no_zero * size else RIGHT,
        )
        for index in range(size)
    ]  # fmt: skip
    nobody = dict.fromkeys(pupil(None)) | {"class_name": "3A", "status": "01", "source_system": system, "source_sheet": name}
    return rows + [nobody | {"source_row": 7 + size + index} for index in range(blank)]


def singles_of(rows: list[Row]) -> dict[Finding, Row]:
    """Every row that breaks one of the two rules on cells."""
    found: dict[Finding, Row] = {}
    for row in rows:
        key = str(row["pupil_code"] or f"{row['source_system']}#{row['source_sheet']}#{row['source_row']}")
        if row["sex"] is None:
            found[NO_SEX, str(row["source_system"]), key] = row
        if row["contact_phone"] == SHORT:
            found[NO_ZERO, str(row["source_system"]), key] = row
    return found


def told_once(rows: list[Row]) -> set[Finding]:
    """What should stand in the list."""
    told = dict.fromkeys(singles_of(rows))
    by_sheet: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_sheet[str(row["source_system"]), str(row["source_sheet"])].append(row)
    for (system, name), here in by_sheet.items():
        own = singles_of(here)
        blank = [row for row in here if row["pupil_code"] is None]
        if blank:
            of_nobody = [finding for finding, row in own.items() if row in blank]
            _replace(told, of_nobody, (BLANK, system, f"{system}#{name}#{min(int(str(row['source_row'])) for row in blank)}"))
        for column in (column for column in pupil("1") if column in ("sex", "contact_phone")):
            empty = sum(row[column] is None for row in here)
            if len(here) >= FEWEST and empty * 100 >= SHARE * len(here):
                _replace(
                    told,
                    [finding for finding in own if finding[0] == NO_SEX and column == "sex"],
                    (LOST, system, f"{system}#{name}#{column}"),
                )
        phones = [row for row in here if row["contact_phone"] is not None]
        short = [finding for finding, row in own.items() if finding[0] == NO_ZERO]
        lines = [int(str(row["source_row"])) for finding, row in own.items() if finding[0] == NO_ZERO]
        if len(short) >= FEWEST and len(short) * 100 >= SHARE * len(phones) and 2 * len(short) >= max(lines) - min(lines) + 1:
            _replace(told, short, (NO_ZERO, system, f"{system}#{name}#contact_phone"))
    for system in {str(row["source_system"]) for row in rows}:
        causes = [one for one in told if one[:2] == (LOST, system) and one[2].endswith("#sex")]
        if causes and all(row["sex"] is None for row in rows if row["source_system"] == system):
            # the system has the column nowhere: that is one cause, also for its smallest sheets
            _replace(told, [one for one in told if one[:2] == (NO_SEX, system)], causes[0])
    return set(told)


def _replace(told: dict[Finding, None], many: list[Finding], one: Finding) -> None:
    for finding in many:
        told.pop(finding, None)
    told[one] = None


def found(quality: QualityResult) -> set[Finding]:
    return set(quality.findings.select("rule", "system", "key").iter_rows())


@settings(max_examples=40, deadline=None)
@given(sheets)
def test_sheets_are_told_as_a_person_would_tell_them(shapes: list[tuple[int, int, int, int, int]]) -> None:
    rows = [row for number, shape in enumerate(shapes) for row in sheet(number, shape)]
    with TemporaryDirectory() as folder:
        quality = checked(Path(folder), {"pupils": rows}, rules=RULES)
    assert found(quality) == told_once(rows)
    cells = {finding for finding in quality.singles.select("rule", "system", "key").iter_rows() if finding[0] not in (LOST, BLANK)}
    assert cells == set(singles_of(rows))  # nothing is lost by folding, and nothing is told twice
    assert quality.singles.height == len(cells) + quality.findings["rule"].is_in([LOST, BLANK]).sum()
    roots = set(quality.folded.select("root_rule", "root_system", "root_key").iter_rows())
    assert roots <= found(quality)
