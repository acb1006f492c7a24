"""Signing an exception on a home with real nights: what is refused, what is written, how it ends by itself."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.records.school_year import SchoolYear
from expectations.waivers import State
from flows.checking import blocking_for_form, check_night, exceptions_for_form, hold_back, night_result
from flows.home import Home
from flows.waiving import Asked, Night, listed, newest_night, waive, waivers, withdraw
from infra.errors import ConfigurationError
from infra.settings import Settings
from tests.rules.school_tables import Row, pupil, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

FIRST = date(2027, 3, 1)
CODE, RULE = "7900000001", "ID-4/4"  # a rule on the birth date, which the form counts
SPOILT, RIGHT = "079217000001", "079218000001"  # digits 5 and 6 are the year of birth: 2018
ASKED = Asked(RULE, CODE, "đã đối chiếu giấy khai sinh", signer="Phó hiệu trưởng")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    settings = Settings.model_validate({"school": {"name": "Trường Mẫu"}, "home": tmp_path})
    return Home(settings, tmp_path / "truong.toml")


def night(home: Home, day: date, number: str = SPOILT, **values: str) -> Night:
    """A night whose one pupil has this personal number, checked and held back."""
    rows: list[Row] = [pupil(CODE, personal_number=number, **values)]
    made = snapshot_of(home.root / f"made-{day}", {"pupils": rows}, day)
    folder = home.folder("snapshots", day)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made.folder.rename(folder)
    check_night(home, day)
    return Night(day, night_result(home, day))


def is_waived(night: Night) -> bool:
    return (RULE, CODE) in set(night.result.waived.select("rule", "key").rows())


def test_a_waived_row_leaves_and_is_told_with_who_signed(home: Home) -> None:
    before = night(home, FIRST)
    assert blocking_for_form(before.result) == {RULE: 1}
    assert hold_back(home, FIRST).counts["giữ lại"] == 1
    waive(home, before, ASKED, FIRST)
    after = night(home, FIRST + timedelta(1))
    assert is_waived(after)
    assert blocking_for_form(after.result) == {}
    (told,) = exceptions_for_form(after.result)
    assert (told.rule, told.count, told.signers, told.until) == (RULE, 1, ("Phó hiệu trưởng",), date(2027, 5, 31))
    held = hold_back(home, FIRST + timedelta(1))
    assert held.counts == {"kéo về": 1, "xuất được": 1, "giữ lại": 0, "tạm giữ": 0}
    assert (RULE, CODE) in set(after.result.findings.select("rule", "key").rows())  # still listed


def test_it_ends_by_itself_when_the_data_is_put_right_and_does_not_come_back(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    fixed = night(home, FIRST + timedelta(1), RIGHT)
    assert [state for _, state in listed(fixed, waivers(home), fixed.day)] == [State.FIXED]
    again = night(home, FIRST + timedelta(2))
    assert not is_waived(again)
    assert [state for _, state in listed(again, waivers(home), again.day)] == [State.FIXED]


def test_after_its_last_day_the_finding_is_open_again(home: Home) -> None:
    waive(home, night(home, FIRST), Asked(RULE, CODE, "chờ", until=FIRST + timedelta(1)), FIRST)
    assert is_waived(night(home, FIRST + timedelta(1)))
    late = night(home, FIRST + timedelta(2))
    assert not is_waived(late)
    assert blocking_for_form(late.result) == {RULE: 1}
    assert [state for _, state in listed(late, waivers(home), late.day)] == [State.EXPIRED]


def test_another_wrong_value_is_not_what_was_signed(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    other = night(home, FIRST + timedelta(1), "079216000001")
    assert not is_waived(other)
    assert [state for _, state in listed(other, waivers(home), other.day)] == [State.CHANGED]


def test_taken_back_it_no_longer_counts_from_that_day_on(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    assert is_waived(night(home, FIRST + timedelta(1)))
    withdraw(home, Asked(RULE, CODE, "ký nhầm"), FIRST + timedelta(2))
    assert not is_waived(night(home, FIRST + timedelta(2)))
    with pytest.raises(ConfigurationError, match="Không có ngoại lệ"):
        withdraw(home, Asked(RULE, CODE, "lần nữa"), FIRST + timedelta(2))


def test_signing_again_is_what_counts(home: Home) -> None:
    first = night(home, FIRST)
    for until in (date(2027, 5, 1), date(2027, 4, 1)):
        waive(home, first, Asked(RULE, CODE, "ký", until=until), FIRST)
    assert [(waiver.until, state) for waiver, state in listed(first, waivers(home), FIRST)] == [
        (date(2027, 5, 1), State.WITHDRAWN),
        (date(2027, 4, 1), State.IN_FORCE),
    ]


REFUSED = [
    (Asked("ID-44/4", CODE, "x"), "có phải ID-4/4"),
    (Asked(RULE, "7900000002", "x"), f"chọn trong: {CODE}"),
    (Asked("ID-1", CODE, "x"), "không có gì phải ký"),
    (Asked("BD-1", "pupils", "x"), "accept-change"),
    (Asked(RULE, CODE, "x", until=date(2027, 6, 1)), "không sau 31/05/2027"),
    (Asked(RULE, CODE, "x", until=date(2027, 2, 28)), "đã qua"),
]


def test_what_may_not_be_signed_is_refused_with_what_can_be_done(home: Home) -> None:
    first = night(home, FIRST)
    for asked, told in REFUSED:
        with pytest.raises(ConfigurationError) as raised:
            waive(home, first, asked, FIRST)
        assert told in raised.value.line()
        assert len(raised.value.line().splitlines()) == 1
    assert waivers(home) == []


def test_a_record_that_is_told_by_its_cause_is_signed_by_the_cause(home: Home) -> None:
    rows: list[Row] = [pupil(f"79{index:08d}", personal_number=SPOILT) for index in range(30)]
    made = snapshot_of(home.root / "made", {"pupils": rows}, FIRST)
    home.folder("snapshots").mkdir(parents=True)
    made.folder.rename(home.folder("snapshots", FIRST))
    check_night(home, FIRST)
    key = "qlnt#pupils#personal_number"
    with pytest.raises(ConfigurationError, match=f"nguyên nhân chung {RULE} «{key}»"):
        waive(home, newest_night(home), Asked(RULE, "7900000003", "x"), FIRST)
    assert blocking_for_form(night_result(home, FIRST)) == {RULE: 30}
    waive(home, newest_night(home), Asked(RULE, key, "x"), FIRST)
    check_night(home, FIRST)
    result = night_result(home, FIRST)
    assert blocking_for_form(result) == {}
    assert [told.count for told in exceptions_for_form(result)] == [30]
    assert hold_back(home, FIRST).counts == {"kéo về": 30, "xuất được": 30, "giữ lại": 0, "tạm giữ": 0}


def test_a_line_that_was_changed_or_torn_does_not_count(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    file = home.folder("accepted") / "waivers" / "signed.jsonl"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("2027-05-31", "2029-05-31"), encoding="utf-8")
    assert waivers(home) == []
    file.write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert waivers(home) == []
    waive(home, newest_night(home), ASKED, FIRST)
    assert [waiver.why for waiver in waivers(home)] == [ASKED.why]


def test_what_is_written_names_who_when_and_why_and_no_value(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    file = home.folder("accepted") / "waivers" / "signed.jsonl"
    (line,) = file.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert {"act", "when", "who", "signer", "why", "day", "rule", "key", "until", "states", "digest"} == set(entry)
    assert SPOILT not in line
    assert file.stat().st_mode & 0o077 == 0


def test_the_same_night_and_waivers_give_the_same_bytes(home: Home) -> None:
    waive(home, night(home, FIRST), ASKED, FIRST)
    written = []
    for _ in range(2):
        check_night(home, FIRST)
        written.append({file.name: file.read_bytes() for file in home.folder("findings", FIRST).iterdir()})
    assert written[0] == written[1]
    assert is_waived(Night(FIRST, night_result(home, FIRST)))


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 9, 1), date(2027, 1, 15)), (date(2027, 1, 15), date(2027, 1, 15)), (date(2027, 1, 16), date(2027, 5, 31)),
        (date(2027, 5, 31), date(2027, 5, 31)), (date(2027, 6, 1), date(2027, 8, 31)), (date(2027, 8, 5), date(2027, 8, 31)),
    ],
)  # fmt: skip
def test_a_term_ends_where_the_school_year_says(day: date, end: date) -> None:
    assert SchoolYear.of(day).end_of_term(day) == end
