"""Cell by cell: what changed after the principal's approval (QC-15.4), and after a book was closed (QC-19.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from expectations.check import CheckContext, QualityResult, check
from expectations.rules import all_rules
from expectations.views.approvals import Approval, sealed
from infra.settings import Gradebook, Limits
from tests.rules.school_tables import (
    DAY,
    Case,
    Row,
    Tables,
    case,
    mark,
    merged,
    movement,
    next_code,
    pairs,
    pupil,
    result,
    rules_named,
    snapshot_of,
    trait,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

APPROVED = tuple(rule.code for rule in all_rules() if rule.code.startswith("QC-15.4/"))
CLOSED = tuple(rule.code for rule in all_rules() if rule.code.startswith("QC-19.7/"))
LEVEL, SCORE, TRAIT, RESULT, REWARD, COMPLETED, PROMOTED, DECISION = (f"/{number}" for number in range(1, 9))
NIGHT_BEFORE, NIGHT = date(2027, 5, 30), DAY
LOCKED = Gradebook(locked={"CN": "28/05"})


@dataclass(frozen=True)
class Change:
    """A record of one pupil in a class of its own, the night before and tonight, and the rule endings that must speak of it."""

    says: str
    code: str
    key: str
    before: Tables
    tonight: Tables
    finds: frozenset[str]

    def case(self, family: str, about: tuple[str, ...]) -> Case:
        return case(self.says, self.key, about, " ".join(family + ending for ending in self.finds))


def change(says: str, finds: str, table: str, before: Row | None, tonight: Row | None) -> Change:
    """`before` and `tonight`: the record's own columns, None where there is no record."""
    code = next_code()
    item = {"marks": "|TO|CN", "traits": "|YN|CN", "year_results": ""}[table]
    rolls: Tables = {"pupils": [pupil(code, class_name=f"3/{code}")]}
    nights = [{**rolls, table: [] if row is None else [_record(table, code, row)]} for row in (before, tonight)]
    return Change(says, code, code + item, *nights, frozenset(finds.split()))


def _record(table: str, code: str, row: Row) -> Row:
    if table == "marks":
        return mark(code, "TO", "CN", **row)
    return trait(code, "YN", "CN", **row) if table == "traits" else result(code, row.get("result", "HTT")) | row


T9: Row = {"level": "T", "score": "9"}
HTT: Row = {"result": "HTT", "reward": None, "principal_decision": None}
MARKS = [
    change("nothing changed", "", "marks", T9, T9),
    change("another score", SCORE, "marks", T9, {"level": "T", "score": "10"}),
    change("another level", LEVEL, "marks", T9, {"level": "H", "score": "9"}),
    change("both", f"{LEVEL} {SCORE}", "marks", T9, {"level": "H", "score": "6"}),
    change("9 written 9.0 is the same", "", "marks", T9, {"level": "T", "score": "9.0"}),
    change("9 written 9,0 is the same", "", "marks", T9, {"level": "T", "score": "9,0"}),
    change("T written HTT is the same", "", "marks", T9, {"level": "htt", "score": "9"}),
    change("a score taken away", SCORE, "marks", T9, {"level": "T", "score": None}),
    change("the whole mark gone", f"{LEVEL} {SCORE}", "marks", T9, None),
    change("a row left blank is a mark gone", f"{LEVEL} {SCORE}", "marks", T9, {"level": None, "score": None}),
    change("a newer attempt is a change", f"{LEVEL} {SCORE}", "marks", T9, {"level": "H", "score": "6", "attempt": 2}),
]
TRAITS = [
    change("a quality as it was", "", "traits", {"level": "T"}, {"level": "T"}),
    change("a quality at another level", TRAIT, "traits", {"level": "T"}, {"level": "Đ"}),
    change("a quality gone", TRAIT, "traits", {"level": "T"}, None),
    change("the letter Eth put right is no change", "", "traits", {"level": "Ð"}, {"level": "Đ"}),
]
RESULTS = [
    change("a result as it was", "", "year_results", HTT, HTT),
    change("another result", RESULT, "year_results", HTT, HTT | {"result": "HT"}),
    change("a reward given", REWARD, "year_results", HTT, HTT | {"reward": "HSTB"}),
    change("no longer completed", COMPLETED, "year_results", HTT, HTT | {"completed": "0"}),
    change("no longer promoted", PROMOTED, "year_results", HTT, HTT | {"promoted": "0"}),
    change("a decision added", DECISION, "year_results", HTT, HTT | {"principal_decision": "41/QĐ"}),
]
ADDED = [
    change("a mark added", f"{LEVEL} {SCORE}", "marks", None, T9),
    change("a score added", SCORE, "marks", {"level": "T", "score": None}, T9),
    change("a quality added", TRAIT, "traits", None, {"level": "T"}),
]
# Put right after the due date, before any lock: what a finding asked for is not held against the teacher.
PUT_RIGHT = [
    change("a score that was no score", SCORE, "marks", {"level": "T", "score": "9.5"}, T9),
    change("a score out of the scale", SCORE, "marks", {"level": "T", "score": "11"}, T9),
    change("a level that was no level", LEVEL, "marks", {"level": "Đ", "score": "9"}, T9),
    change("a quality that was none", TRAIT, "traits", {"level": "H"}, {"level": "T"}),
]
CHANGES = [*MARKS, *TRAITS, *RESULTS, *ADDED, *PUT_RIGHT]
CASES = [
    *(item.case("QC-15.4", APPROVED) for item in CHANGES),
    *(item.case("QC-19.7", CLOSED) for item in CHANGES),
]


def nights(folder: Path, changes: Sequence[Change]) -> tuple[Snapshot, Snapshot]:
    """The night before and tonight of a school of these pupils."""
    empty = [case("", "", (), "", **tables) for item in changes for tables in (item.before, item.tonight)]
    before, tonight = merged(empty[::2]), merged(empty[1::2])
    return snapshot_of(folder / "before", before, NIGHT_BEFORE), snapshot_of(folder / "tonight", tonight, NIGHT)


def approved(folder: Path, night: Snapshot, class_name: str, time: str = "CN", day: date | None = None) -> Approval:
    file = folder / f"{class_name.replace('/', '-')}-{time}-{day or night.day}.parquet"
    sealed(night, class_name, time).write_parquet(file)
    return Approval(class_name, time, day or night.day, file)


def compared(folder: Path, changes: Sequence[Change], gradebook: Gradebook | None = None, *, approve: bool = False) -> QualityResult:
    before, tonight = nights(folder, changes)
    approvals = tuple(approved(folder, before, f"3/{item.code}") for item in changes) if approve else ()
    context = CheckContext(NIGHT, Limits(), gradebook or Gradebook(), approvals)
    return check(tonight, rules_named((*APPROVED, *CLOSED)), context, [before])


def told(quality: QualityResult, item: Change) -> set[str]:
    return {rule for rule, key in pairs(quality) if key == item.key}


@pytest.fixture(scope="module")
def after_approval(tmp_path_factory: pytest.TempPathFactory) -> QualityResult:
    return compared(tmp_path_factory.mktemp("approved"), CHANGES, approve=True)


@pytest.fixture(scope="module")
def after_lock(tmp_path_factory: pytest.TempPathFactory) -> QualityResult:
    return compared(tmp_path_factory.mktemp("locked"), CHANGES, LOCKED)


@pytest.fixture(scope="module")
def after_due_date(tmp_path_factory: pytest.TempPathFactory) -> QualityResult:
    return compared(tmp_path_factory.mktemp("due"), CHANGES)


@pytest.mark.parametrize("item", CHANGES, ids=lambda item: item.says)
def test_every_changed_cell_of_approved_results_is_told(item: Change, after_approval: QualityResult) -> None:
    assert told(after_approval, item) == {f"QC-15.4{ending}" for ending in item.finds}


@pytest.mark.parametrize("item", CHANGES, ids=lambda item: item.says)
def test_nothing_may_change_in_a_locked_book(item: Change, after_lock: QualityResult) -> None:
    assert told(after_lock, item) == {f"QC-19.7{ending}" for ending in item.finds}


@pytest.mark.parametrize("item", [*MARKS, *TRAITS], ids=lambda item: item.says)
def test_what_was_right_on_the_due_date_may_not_change_silently(item: Change, after_due_date: QualityResult) -> None:
    assert told(after_due_date, item) == {f"QC-19.7{ending}" for ending in item.finds}


def test_after_the_due_date_what_is_late_or_put_right_is_no_finding(after_due_date: QualityResult) -> None:
    assert {item.says: told(after_due_date, item) for item in (*ADDED, *PUT_RIGHT, *RESULTS) if told(after_due_date, item)} == {}


def test_old_and_new_are_told_with_the_night(after_approval: QualityResult, after_lock: QualityResult) -> None:
    item = next(item for item in MARKS if item.says == "another score")
    for quality, expected in ((after_approval, "đã duyệt: 9 (số liệu đêm 30/05/2027)"), (after_lock, "như đêm 30/05/2027: 9")):
        row = quality.findings.filter(pl.col("key") == item.key).row(0, named=True)
        assert (row["value"], row["expected"], row["class_name"], row["system"]) == ("10", expected, f"3/{item.code}", "qlnt")
        assert row["severity"] == "xem kỹ"


def test_a_gone_mark_says_what_it_was(after_approval: QualityResult) -> None:
    item = next(item for item in MARKS if item.says == "the whole mark gone")
    rows = after_approval.findings.filter(pl.col("key") == item.key).sort("rule").select("value", "expected").rows()
    assert rows == [(None, "đã duyệt: T (số liệu đêm 30/05/2027)"), (None, "đã duyệt: 9 (số liệu đêm 30/05/2027)")]


def test_an_added_mark_says_that_nothing_was_there(after_approval: QualityResult, after_lock: QualityResult) -> None:
    item = next(item for item in ADDED if item.says == "a mark added")
    for quality, expected in ((after_approval, "đã duyệt: trống (số liệu đêm 30/05/2027)"), (after_lock, "như đêm 30/05/2027: trống")):
        assert set(quality.findings.filter(pl.col("key") == item.key)["expected"]) == {expected}


def test_without_an_approval_or_an_earlier_night_the_rules_are_grey(tmp_path: Path) -> None:
    quality = check(nights(tmp_path, CHANGES)[1], rules_named((*APPROVED, *CLOSED)), CheckContext(NIGHT, Limits()))
    assert quality.findings.is_empty()
    assert set(quality.examined.values()) == {0}


def test_an_approved_class_is_not_told_a_second_time_as_changed_after_its_due_date(after_approval: QualityResult) -> None:
    assert not {rule for rule, _ in pairs(after_approval)} & set(CLOSED)


ANOTHER_SCORE = change("another score in a school of its own", SCORE, "marks", T9, {"level": "T", "score": "10"})


@pytest.mark.parametrize(("day", "counts"), [(date(2027, 5, 29), True), (NIGHT, True), (date(2027, 6, 1), False)])
def test_an_approval_counts_from_its_own_night_on(day: date, *, counts: bool, tmp_path: Path) -> None:
    before, tonight = nights(tmp_path, [ANOTHER_SCORE])
    approval = approved(tmp_path, before, f"3/{ANOTHER_SCORE.code}", day=day)
    quality = check(tonight, rules_named(APPROVED), CheckContext(NIGHT, Limits(), approvals=(approval,)))
    assert told(quality, ANOTHER_SCORE) == ({"QC-15.4/2"} if counts else set())


def test_an_approval_ends_with_its_school_year(tmp_path: Path) -> None:
    before, _ = nights(tmp_path, [ANOTHER_SCORE])
    approval = approved(tmp_path, before, f"3/{ANOTHER_SCORE.code}")
    for day, finds in ((date(2027, 7, 31), {"QC-15.4/2"}), (date(2027, 8, 1), set())):
        later = snapshot_of(tmp_path / day.isoformat(), ANOTHER_SCORE.tonight, day)
        quality = check(later, rules_named(APPROVED), CheckContext(day, Limits(), approvals=(approval,)))
        assert told(quality, ANOTHER_SCORE) == finds


def test_approved_again_what_changed_is_what_counts(tmp_path: Path) -> None:
    before, tonight = nights(tmp_path, [ANOTHER_SCORE])
    name = f"3/{ANOTHER_SCORE.code}"
    first, second = approved(tmp_path, before, name), approved(tmp_path, tonight, name)
    for approvals in ((first, second), (second, first)):
        quality = check(tonight, rules_named(APPROVED), CheckContext(NIGHT, Limits(), approvals=approvals), [before])
        assert told(quality, ANOTHER_SCORE) == set()


def test_an_approval_of_one_time_says_nothing_of_another(tmp_path: Path) -> None:
    before, tonight = nights(tmp_path, [ANOTHER_SCORE])
    approval = approved(tmp_path, before, f"3/{ANOTHER_SCORE.code}", "CK1")
    quality = check(tonight, rules_named((*APPROVED, *CLOSED)), CheckContext(NIGHT, Limits(), approvals=(approval,)), [before])
    assert told(quality, ANOTHER_SCORE) == {"QC-19.7/2"}


@pytest.mark.parametrize(("lock", "finds"), [("30/05", {"QC-19.7/1", "QC-19.7/2"}), ("31/05", set()), ("01/06", set())])
def test_a_book_is_closed_from_the_first_night_on_its_lock_date(lock: str, finds: set[str], tmp_path: Path) -> None:
    added = next(item for item in ADDED if item.says == "a mark added")
    assert told(compared(tmp_path, [added], Gradebook(locked={"CN": lock})), added) == finds


@pytest.mark.parametrize(("due", "finds"), [("30/05", {"QC-19.7/2"}), ("31/05", set())])
def test_before_the_due_date_a_mark_may_change(due: str, finds: set[str], tmp_path: Path) -> None:
    assert told(compared(tmp_path, [ANOTHER_SCORE], Gradebook(due={"CN": due})), ANOTHER_SCORE) == finds


def test_a_mark_that_its_system_calls_locked_may_not_change_even_before_the_due_date(tmp_path: Path) -> None:
    not_due = Gradebook(due={"CN": "30/06"})
    locked = change("locked at the source", SCORE, "marks", T9 | {"locked": "1"}, {"level": "T", "score": "10"})
    unlocked = change("open at the source", "", "marks", T9 | {"locked": "0"}, {"level": "T", "score": "10"})
    quality = compared(tmp_path, [locked, unlocked], not_due)
    assert (told(quality, locked), told(quality, unlocked)) == ({"QC-19.7/2"}, set())


def test_the_change_stays_told_until_it_is_undone_or_approved(tmp_path: Path) -> None:
    before, tonight = nights(tmp_path, [ANOTHER_SCORE])
    later = date(2027, 6, 1)
    same = snapshot_of(tmp_path / "later", ANOTHER_SCORE.tonight, later)
    quality = check(same, rules_named(CLOSED), CheckContext(later, Limits()), [tonight, before])
    assert told(quality, ANOTHER_SCORE) == {"QC-19.7/2"}


def test_a_pupil_who_moved_away_takes_its_marks_along(tmp_path: Path) -> None:
    gone = change("moved away", "", "marks", T9, None)
    gone.tonight["pupils"] = [pupil(gone.code, class_name=f"3/{gone.code}", status="11", status_date="2027-05-31")]
    gone.tonight["movements"] = [movement(gone.code, "11", "2027-05-31")]
    deleted = change("taken off the roll", "", "marks", T9, None)
    deleted.tonight["pupils"] = []
    for number, options in enumerate(({"approve": True}, {"gradebook": LOCKED})):
        quality = compared(tmp_path / str(number), [gone, deleted], **options)
        assert told(quality, gone) == set()
        assert len(told(quality, deleted)) == 2


def test_a_pupil_assessed_again_in_summer_may_get_other_marks_until_they_are_approved(tmp_path: Path) -> None:
    again = change("assessed again", "", "marks", {"level": "C", "score": "3"}, {"level": "H", "score": "5", "attempt": 2})
    again.before["year_results"] = [result(again.code, "CHT")]
    again.tonight["year_results"] = [result(again.code, "HT")]
    assert pairs(compared(tmp_path / "locked", [again], LOCKED)) == set()
    told_of = pairs(compared(tmp_path / "approved", [again], approve=True))
    assert {rule for rule, key in told_of if key == again.key} == {"QC-15.4/1", "QC-15.4/2"}
    assert {rule for rule, key in told_of if key == again.code} == {"QC-15.4/4", "QC-15.4/6", "QC-15.4/7"}


def test_moved_to_another_approved_class_nothing_was_added(tmp_path: Path) -> None:
    other = change("moved", "", "marks", T9, T9)
    stays = change("stays", "", "marks", T9, T9)
    other.tonight["pupils"] = [pupil(other.code, class_name=f"3/{stays.code}")]
    assert pairs(compared(tmp_path, [other, stays], approve=True)) == set()


def test_marks_of_another_system_are_not_compared(tmp_path: Path) -> None:
    item = change("another system", "", "marks", T9 | {"source_system": "csdl"}, {"level": "H", "score": "5", "source_system": "csdl"})
    assert pairs(compared(tmp_path, [item], LOCKED)) == set()


def test_sealed_cells_are_the_same_bytes_for_the_same_night(tmp_path: Path) -> None:
    before, _ = nights(tmp_path, CHANGES)
    name = f"3/{CHANGES[1].code}"
    one, two = (tmp_path / file for file in ("one.parquet", "two.parquet"))
    for file in (one, two):
        sealed(before, name, "CN").write_parquet(file)
    assert one.read_bytes() == two.read_bytes()
    assert sealed(before, name, "CN").select("table", "pupil_code", "item", "level_text", "score").rows() == [
        ("marks", CHANGES[1].code, "TO", "T", "9")
    ]
