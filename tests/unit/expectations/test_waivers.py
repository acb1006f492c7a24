"""A waiver covers what was signed, for as long as was signed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.check import QualityResult
from expectations.findings import WAIVED_SCHEMA
from expectations.ledger import summary_of
from expectations.waivers import State, Waiver, digest_of_value, place_of, waived
from tests.unit.expectations.made_findings import finding, frame

SIGNED, UNTIL = date(2027, 3, 1), date(2027, 3, 20)
WRONG = finding("ID-4/3", "7900000001", severity="chặn", value="079318000001", first_seen="2027-02-20", nights_open=10)


def signed(*findings: dict[str, Any], **values: Any) -> Waiver:  # noqa: ANN401 - test data
    states = {place_of(each): digest_of_value(each) for each in findings or (WRONG,)}
    first = (findings or (WRONG,))[0]
    usual = {
        "rule": first["rule"],
        "key": first["key"],
        "day": SIGNED,
        "until": UNTIL,
        "why": "đã xem",
        "who": "it",
        "signer": "Phó hiệu trưởng",
    }
    return Waiver(**{**usual, "when": "2027-03-01T10:00:00+07:00", "states": states, **values})


def covered(waiver: Waiver, day: date, *findings: dict[str, Any]) -> list[str]:
    return waived(frame(*(findings or (WRONG,))), [waiver], day)["key"].to_list()


@pytest.mark.parametrize(
    ("day", "stands"),
    [(SIGNED - timedelta(1), False), (SIGNED, True), (UNTIL, True), (UNTIL + timedelta(1), False)],
)
def test_it_stands_from_the_day_it_was_signed_to_its_last_day(day: date, *, stands: bool) -> None:
    assert covered(signed(), day) == ([WRONG["key"]] if stands else [])


def test_taken_back_it_ends_with_that_day() -> None:
    taken_back = signed(withdrawn_on=date(2027, 3, 10))
    assert covered(taken_back, date(2027, 3, 9)) == [WRONG["key"]]
    assert covered(taken_back, date(2027, 3, 10)) == []


@pytest.mark.parametrize(
    "other",
    [
        {"key": "7900000002"}, {"rule": "ID-4/4"}, {"system": "csdl"}, {"table": "staff"}, {"value": "079318000002"}, {"value": None},
        {"first_seen": "2027-03-02"}, {"severity": "dừng"},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_else_hides_behind_it(other: dict[str, Any]) -> None:
    assert covered(signed(), SIGNED, WRONG | other) == []


def test_a_finding_that_began_on_the_day_of_signing_is_covered() -> None:
    assert covered(signed(), SIGNED, WRONG | {"first_seen": SIGNED.isoformat()}) == [WRONG["key"]]


def test_each_system_is_signed_by_its_own_value() -> None:
    other = WRONG | {"system": "csdl", "value": "0793180"}
    assert len(covered(signed(WRONG, other), SIGNED, WRONG, other)) == 2
    assert len(covered(signed(WRONG, other), SIGNED, WRONG, other | {"value": "0793181"})) == 1


def test_a_cause_told_once_is_signed_by_its_key_for_its_count_moves() -> None:
    cause = finding("NN-1", "a.xlsx#Khối 3#sex", value="30 dòng, không có giá trị: dòng 7–36", first_seen="2027-02-20", column="sex")
    assert covered(signed(cause), SIGNED, cause | {"value": "31 dòng, không có giá trị: dòng 7–37"}) == [cause["key"]]


def test_what_is_waived_is_listed_with_its_terms() -> None:
    (line,) = waived(frame(WRONG), [signed()], SIGNED).to_dicts()
    assert list(line) == list(WAIVED_SCHEMA)
    assert (line["until"], line["reason"], line["signer"], line["signed_on"]) == ("2027-03-20", "đã xem", "Phó hiệu trưởng", "2027-03-01")
    assert waived(frame(), [signed()], SIGNED).schema == WAIVED_SCHEMA
    assert waived(frame(WRONG), [], SIGNED).is_empty()


def test_of_two_signatures_the_newer_speaks() -> None:
    (line,) = waived(frame(WRONG), [signed(), signed(why="xem lại", until=UNTIL + timedelta(5))], SIGNED).to_dicts()
    assert (line["reason"], line["until"]) == ("xem lại", "2027-03-25")


def test_a_waived_finding_stays_listed_and_is_not_open() -> None:
    other = finding("ID-1", "7900000009")
    result = QualityResult(frame(WRONG, other), {}, waived=waived(frame(WRONG, other), [signed()], SIGNED))
    assert result.findings.height == 2
    assert result.open["rule"].to_list() == ["ID-1"]
    assert result.singles.height == 2
    assert result.signed_singles["rule"].to_list() == ["ID-4/3"]
    assert summary_of(result.open, SIGNED)["by_severity"] == {"dừng": 0, "chặn": 0, "xem kỹ": 1, "nhắc": 0}


@pytest.mark.parametrize(
    ("day", "values", "findings", "state"),
    [
        (SIGNED, {}, [WRONG], State.IN_FORCE),
        (SIGNED - timedelta(1), {}, [WRONG], State.NOT_YET),
        (UNTIL + timedelta(1), {}, [WRONG], State.EXPIRED),
        (SIGNED, {"withdrawn_on": SIGNED}, [WRONG], State.WITHDRAWN),
        (SIGNED, {}, [], State.FIXED),
        (SIGNED, {}, [WRONG | {"first_seen": "2027-03-05"}], State.FIXED),
        (SIGNED, {}, [WRONG | {"value": "1"}], State.CHANGED),
    ],
)
def test_how_it_stands_is_told(day: date, values: dict[str, Any], findings: list[dict[str, Any]], state: State) -> None:
    assert replace(signed(), **values).state_on(day, findings) is state


DAYS = st.integers(0, 9).map(lambda number: date(2027, 3, 1) + timedelta(number))


@given(
    st.lists(st.sampled_from(["a", "b", None]), min_size=10, max_size=10),
    DAYS, DAYS, st.one_of(st.none(), DAYS),
)  # fmt: skip
def test_over_ten_nights_it_covers_what_a_person_would_say(
    values: list[str | None], day: date, until: date, taken_back: date | None
) -> None:
    """Each night has one value of the cell: `a` and `b` are wrong, None is right (no finding). The second implementation is plain."""
    nights = [date(2027, 3, 1) + timedelta(number) for number in range(10)]
    at = nights.index(day)
    if values[at] is None:
        return
    since, begun = {}, None
    for night, value in zip(nights, values, strict=True):
        begun = None if value is None else begun or night
        since[night] = begun
    row = finding("ID-1", "7900000001", value=values[at], first_seen=str(since[day]))
    waiver = signed(row, day=day, until=until, withdrawn_on=taken_back)
    for number, night in enumerate(nights):
        tonight = [] if values[number] is None else [row | {"value": values[number], "first_seen": str(since[night])}]
        wrong_ever_since = all(values[between] is not None for between in range(at, number + 1))
        expected = (
            bool(tonight) and day <= night <= until and not (taken_back and taken_back <= night)
            and wrong_ever_since and values[number] == values[at]
        )  # fmt: skip
        assert (waived(frame(*tonight), [waiver], night).height == 1) is expected
