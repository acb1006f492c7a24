"""The school's own limits: every one shown with its default, wrong ones refused in one line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.errors import ConfigurationError
from infra.settings import Limits, load_settings

EXAMPLE = Path(__file__).resolve().parents[2] / "infra" / "truong.example.toml"


def test_the_example_shows_every_limit_with_its_default() -> None:
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["limits"]
    assert shown == Limits().model_dump()


def test_every_new_limit_says_where_it_comes_from() -> None:
    silent = {name for name, limit in Limits.model_fields.items() if not limit.description}
    assert silent == {"max_school_days_a_month"}


def test_days_of_the_year_are_read_as_month_and_day() -> None:
    limits = Limits(second_term_starts="10/01", measured_by="30/09")
    assert (limits.second_term_day, limits.measured_by_day) == ((1, 10), (9, 30))


@pytest.mark.parametrize("wrong", ["", "31", "31/02", "29/02", "1/13", "01-16", "mai"])
def test_a_day_that_not_every_year_has_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="không phải một ngày"):
        Limits(second_term_starts=wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level_t_from": 4},
        {"level_h_from": 8},
        {"level_c_to": 5},
        {"lowest_height_cm": 180},
        {"highest_height_cm": 85},
        {"lightest_kg": 100},
        {"heaviest_kg": 10},
        {"unit_rating": "TỐT"},
    ],
)
def test_limits_that_contradict_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)


def test_a_wrong_limit_in_the_settings_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "truong.toml"
    file.write_text('[school]\nname = "Trường mẫu"\n[limits]\nmeasured_by = "31/02"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file)
    assert "limits.measured_by" in str(caught.value)
    assert "31/02" in str(caught.value)
