"""The school's own dates: when marks are due, when books are locked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.records.school_year import SchoolYear
from flows.checking import nights_to_compare
from flows.home import open_home
from infra.errors import ConfigurationError
from infra.settings import Gradebook, load_settings
from tests.rules.school_tables import pupil, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[school]\nname = "T"\n'


def settings_file(folder: Path, text: str = "") -> Path:
    file = folder / "truong.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return file


def test_nothing_set_is_the_usual_dates_and_no_lock(tmp_path: Path) -> None:
    assert load_settings(settings_file(tmp_path)).gradebook == Gradebook()
    year = SchoolYear.of(date(2027, 1, 20))
    assert [year.due_date(time) for time in year.due] == [date(2026, 11, 15), date(2027, 1, 15), date(2027, 3, 31), date(2027, 5, 25)]
    assert {year.lock_date(time) for time in year.due} == {None}


def test_a_date_that_the_school_set_counts_and_the_others_stay(tmp_path: Path) -> None:
    text = '[gradebook.due]\nCK1 = "05/01"\n[gradebook.locked]\nGK1 = "20/11"\n'
    gradebook = load_settings(settings_file(tmp_path, text)).gradebook
    year = SchoolYear.of(date(2027, 1, 20), gradebook.due_days, gradebook.locked_days)
    assert [year.due_date(time) for time in year.due] == [date(2026, 11, 15), date(2027, 1, 5), date(2027, 3, 31), date(2027, 5, 25)]
    assert [year.lock_date(time) for time in year.due] == [date(2026, 11, 20), None, None, None]
    assert year.due_times(date(2027, 1, 5)) == ("GK1", "CK1")


@pytest.mark.parametrize("text", ["31/02", "29/02", "2027-01-05", "5 tháng 1", "", "15/13", "00/01"])
def test_a_date_that_is_none_is_one_clear_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gradebook\.due\.CK1.*15/11"):
        load_settings(settings_file(tmp_path, f'[gradebook.due]\nCK1 = "{text}"\n'))


def test_a_time_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gradebook\.due"):
        load_settings(settings_file(tmp_path, '[gradebook.due]\nHK1 = "05/01"\n'))


def test_the_check_looks_back_to_last_night_and_to_the_first_night_of_each_closed_time(tmp_path: Path) -> None:
    home = open_home(settings_file(tmp_path, '[gradebook.locked]\nCK1 = "20/01"\n'))
    days = ["2026-11-14", "2026-11-17", "2026-11-18", "2027-01-16", "2027-01-20", "2027-01-21", "2027-02-01", "2027-02-02"]
    for day in days:
        snapshot_of(tmp_path / day, {"pupils": [pupil("7900000001")]}, date.fromisoformat(day)).folder.rename(
            _place(home.folder("snapshots") / day)
        )
    nights = nights_to_compare(home, date(2027, 2, 2))
    assert [night.day.isoformat() for night in nights] == ["2027-02-01", "2027-01-20", "2026-11-17"]
    assert [night.day.isoformat() for night in nights_to_compare(home, date(2026, 11, 18))] == ["2026-11-17"]
    assert nights_to_compare(home, date(2026, 11, 14)) == []


def _place(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder
