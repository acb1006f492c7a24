"""Comings and goings: every movement is complete, and the status follows the newest one (HS-2, HS-6)."""

from __future__ import annotations

import pytest

from connectors.records import codes
from tests.rules.school_tables import Case, Row, Text, case, findings_of, findings_of_cases, found_by, movement, next_code, pupil

OF_MOVEMENT = ("HS-2/3", "HS-2/4", "HS-2/5", "HS-2/6", "HS-2/7")
OF_STATUS = ("HS-6",)
DAY = "2027-02-01"


def moved(says: str, finds: str, kind: str, **values: Text) -> Case:
    code = next_code()
    return case(says, f"{code}|{DAY}", OF_MOVEMENT, finds, pupils=[pupil(code)], movements=[movement(code, kind, DAY, **values)])


def standing(says: str, finds: str, status: str, *moves: tuple[str, str]) -> Case:
    """A pupil with a status and movements (kind, day)."""
    code = next_code()
    rows: list[Row] = [movement(code, *move) for move in moves]
    return case(says, code, OF_STATUS, finds, pupils=[pupil(code, status=status, status_date="2026-10-01")], movements=rows)


REASONS = [moved(f"dropping out ({kind}) needs a reason", "HS-2/3", kind, reason=None) for kind in codes.DROPPED_OUT]
REASONS += [moved(f"dropping out ({kind}) needs no place", "", kind, place=None) for kind in codes.DROPPED_OUT]
REASONS += [moved(f"reason {reason} is in the list", "", "05", reason=reason) for reason in ("01", "10")]
REASONS += [moved(f"reason {reason} is not", "HS-2/7", "05", reason=reason) for reason in ("00", "11", "1", "ốm")]
REASONS += [moved("moving away may give any reason", "", "04", reason="ốm")]
PLACES = [moved(f"moving away ({kind}) needs the place", "HS-2/4", kind, place=None) for kind in codes.MOVED_OUT]
PLACES += [moved(f"moving away ({kind}) needs no reason", "", kind, reason=None) for kind in codes.MOVED_OUT]
PLACES += [moved(f"coming ({kind}) needs the place", "HS-2/5", kind, place=None) for kind in codes.MOVED_IN]
PLACES += [moved(f"coming ({kind}) with its place is whole", "", kind, reason=None) for kind in codes.MOVED_IN]
KINDS = [
    moved("coming back needs neither", "", "03", place=None, reason=None),
    moved("a kind out of the list", "HS-2/6", "13"),
    moved("studying is no movement", "HS-2/6", "01"),
    moved("4 is not 04", "HS-2/6", "4"),
    moved("a kind by its name", "", "Chuyển đi kỳ 2"),
]
STATUSES = [
    standing("studying without any movement", "", "01"),
    standing("moved in without a movement", "HS-6", "02"),
    standing("gone without a movement", "HS-6", "05"),
    standing("moved in as the movement says", "", "02", ("02", "2026-10-01")),
    standing("studying although the movement says moved in", "HS-6", "01", ("02", "2026-10-01")),
    standing("the newest movement counts", "", "08", ("02", "2026-10-01"), ("08", "2027-02-01")),
    standing("the newest movement counts in whatever order", "", "08", ("08", "2027-02-01"), ("02", "2026-10-01")),
    standing("an older movement does not", "HS-6", "02", ("02", "2026-10-01"), ("08", "2027-02-01")),
    standing("of one day the later row counts", "", "07", ("08", "2027-02-01"), ("07", "2027-02-01")),
    standing("a status out of the list is told as that alone", "", "99", ("02", "2026-10-01")),
]
CASES = [*REASONS, *PLACES, *KINDS, *STATUSES]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("movements"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_a_movement_is_whole_and_the_status_follows_it(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


def test_a_movement_without_a_code_is_named_by_its_place(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [movement(None, "04", DAY, place=None, source_row=17)]
    assert findings_of(tmp_path_factory.mktemp("movements"), {"movements": rows}, rules=OF_MOVEMENT) == {("HS-2/4", "qlnt#movements#17")}


def test_a_movement_of_one_system_says_nothing_of_the_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [pupil("7900000001"), pupil("7900000001", source_system="csdl", status="02", status_date=DAY)]
    tables = {"pupils": rows, "movements": [movement("7900000001", "06", DAY)]}
    told = findings_of(tmp_path_factory.mktemp("movements"), tables, rules=OF_STATUS)
    assert told == {("HS-6", "7900000001")}
