"""Cleaning: what people type becomes canonical, what cannot be read becomes null and keeps its text."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import cleaning
from connectors.records.cleaning import clean_table, delivered_columns
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable


def cleaned(clean: Callable[[pl.Expr], pl.Expr], *texts: str | None) -> list[object]:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(clean(pl.col("text")).alias("text"))["text"].to_list()


def row(table: str, **delivered: str | None) -> dict[str, object]:
    return clean_table(
        table, pl.DataFrame({name: [text] for name, text in delivered.items()}, schema=dict.fromkeys(delivered, pl.String))
    ).row(0, named=True)


@pytest.mark.parametrize(
    ("delivered", "clean"),
    [
        ("  Nguyễn\u00a0\u00a0Thị   Hằng ", "Nguyễn Thị Hằng"),
        (unicodedata.normalize("NFD", "Đặng Văn Ước"), "Đặng Văn Ước"),
        ("Lê\tThị\nNa", "Lê Thị Na"),
        ("", None),
        (" \u00a0\t", None),
        (None, None),
        ("3A", "3A"),
    ],
)
def test_text_is_nfc_and_tidy(delivered: str | None, clean: str | None) -> None:
    assert cleaned(cleaning.clean_text, delivered) == [clean]


@given(st.text(max_size=30))
def test_text_cleaned_twice_is_the_same_and_the_quick_look_never_differs(text: str) -> None:
    once = cleaned(cleaning.clean_text, text)
    assert cleaned(cleaning.clean_text, *once) == once
    # clean_table only cleans columns in which a quick look found something to do
    assert row("classes", class_name=text)["class_name"] == once[0]


@pytest.mark.parametrize(
    ("delivered", "clean"),
    [
        ("2018-05-31", date(2018, 5, 31)),
        ("31/05/2018", date(2018, 5, 31)),
        ("5/6/2018", date(2018, 6, 5)),
        ("2018-05-31 00:00:00", date(2018, 5, 31)),
        ("31/02/2018", None),
        ("31.05.2018", None),
        ("05/06/18", None),
        ("không rõ", None),
        (None, None),
    ],
)
def test_dates(delivered: str | None, clean: date | None) -> None:
    assert cleaned(cleaning.clean_date, delivered) == [clean]


@pytest.mark.parametrize(
    ("delivered", "clean"),
    [
        ("10.0", 10.0),
        ("9,0", 9.0),
        ("9,5", 9.5),
        ("0", 0.0),
        ("-1", -1.0),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("chín", None),
        ("9/10", None),
    ],
)
def test_numbers_with_point_or_comma(delivered: str, clean: float | None) -> None:
    assert cleaned(cleaning.clean_number, delivered) == [clean]


def test_only_whole_numbers_are_integers() -> None:
    assert cleaned(cleaning.clean_integer, "2", "2.0", "2,5", "hai", None) == [2, 2, None, None, None]


def test_booleans_in_every_way_people_tick() -> None:
    assert cleaned(cleaning.clean_boolean, "1", "x", "X", "true", "True", "Có", "có") == [True] * 7
    assert cleaned(cleaning.clean_boolean, "0", "false", "Không", "không") == [False] * 4
    assert cleaned(cleaning.clean_boolean, None, "?") == [None, None]


def test_moments() -> None:
    texts = ("2027-05-20 08:15:00", "2027-05-20T08:15:00.123456", "2027-05-20", "hôm qua")
    expected = [datetime(2027, 5, 20, 8, 15), datetime(2027, 5, 20, 8, 15), datetime(2027, 5, 20), None]  # noqa: DTZ001 - the school's wall clock
    assert cleaned(cleaning.clean_moment, *texts) == expected


# The examples of rules.md §3.4, and two numbers in one cell.
@pytest.mark.parametrize(
    ("delivered", "clean"),
    [
        ("0908123456", "0908123456"),
        ("+84 908 123 456", "0908123456"),
        ("84908123456", "0908123456"),
        ("0908.123-456", "0908123456"),
        ("02838123456", "02838123456"),
        ("+84 28 3812 3456", "02838123456"),
        ("908123456", "908123456"),
        ("01681234567", "01681234567"),
        ("0951234567", "0951234567"),
        ("12345 / 0908123456", "0908123456"),
        ("0908123456; 0281", "0908123456"),
        ("12, 34", "12"),
        ("12345 - 0908123456", "0908123456"),
        ("0908-123-456", "0908123456"),
        ("/", None),
        ("/0908123456", "0908123456"),
        (None, None),
    ],
)
def test_first_valid_phone_of_a_cell(delivered: str | None, clean: str | None) -> None:
    assert cleaned(cleaning.clean_phone, delivered) == [clean]


def test_a_pupil_keeps_what_cannot_be_read() -> None:
    pupil = row(
        "pupils", pupil_code="7900000001", birth_date="31/02/2018", ethnicity="Việt kiều", contact_phone=" 12 ", sex="?", status="Bảo lưu"
    )
    assert (pupil["birth_date"], pupil["birth_date_text"]) == (None, "31/02/2018")
    assert (pupil["ethnicity"], pupil["ethnicity_text"]) == (None, "Việt kiều")
    assert (pupil["contact_phone"], pupil["contact_phone_text"]) == ("12", "12")
    assert (pupil["sex"], pupil["status"]) == (None, "Bảo lưu")


@pytest.mark.parametrize(
    ("column", "delivered", "clean"),
    [
        ("sex", "nữ", "Nữ"),
        ("sex", "Trai", "Nam"),
        ("ethnicity", "Khmer", "05"),
        ("ethnicity", "khơ-me", "05"),
        ("ethnicity", "Hoa", "04"),
        ("ethnicity", "01", "01"),
        ("ethnicity", "99", None),
        ("status", "Chuyển đi kỳ 1", "04"),
        ("status", "04", "04"),
        ("status", "4", "4"),  # the province's code means something else: never padded (rules.md §3.2)
        ("personal_number", "079218012345.0", "079218012345"),
        ("personal_number", "0792 1801 2345", "079218012345"),
        ("personal_number", "79218012345", "79218012345"),  # a lost zero is reported, never put back (ID-6)
        ("personal_number", "7.92E+10", "7.92E+10"),
        ("grade", "Khối 3", 3),
        ("grade", "3.0", 3),
    ],
)
def test_pupil_columns(column: str, delivered: str, clean: object) -> None:
    assert row("pupils", **{column: delivered})[column] == clean


@pytest.mark.parametrize(("delivered", "clean"), [("T", "T"), ("htt", "T"), ("HT", "H"), ("CHT", "C"), ("Đ", None), ("", None)])
def test_mark_levels(delivered: str, clean: str | None) -> None:
    mark = row("marks", level=delivered)
    assert (mark["level"], mark["level_text"]) == (clean, delivered or None)


@pytest.mark.parametrize(("delivered", "clean"), [("Đ", "Đ"), ("\u00d0", "Đ"), ("D", "Đ"), ("T", "T"), ("H", None)])
def test_trait_levels_keep_the_letter_that_came(delivered: str, clean: str | None) -> None:
    trait = row("traits", level=delivered)
    assert (trait["level"], trait["level_text"]) == (clean, delivered)


@pytest.mark.parametrize(
    ("delivered", "clean"), [("CK2", "CN"), ("HK2", "CN"), ("Cuối năm", "CN"), ("gk1", "GK1"), ("CN", "CN"), ("thi lại", "thi lại")]
)
def test_times(delivered: str, clean: str) -> None:
    assert row("marks", time=delivered)["time"] == clean


@pytest.mark.parametrize(
    ("delivered", "clean"), [("Toán", "TO"), ("Tiếng Anh", "NN1"), ("Mỹ thuật", "MT"), ("CN", "CN"), ("TCONG", "TCONG")]
)
def test_subjects(delivered: str, clean: str) -> None:
    assert row("marks", subject=delivered)["subject"] == clean


def test_scores_stay_as_they_came_beside_their_value() -> None:
    mark = row("marks", score=" 9,5 ")
    assert (mark["score"], mark["score_value"]) == ("9,5", 9.5)


@pytest.mark.parametrize(
    ("delivered", "year"), [("1985", 1985), ("12/05/1985", 1985), ("1985-05-12", 1985), ("1985.0", 1985), ("85", None)]
)
def test_birth_years_of_guardians(delivered: str, year: int | None) -> None:
    assert row("guardians", birth_year=delivered)["birth_year"] == year


def test_delivered_columns_name_what_derives_from_them() -> None:
    assert delivered_columns("pupils", ("birth_date", "pupil_code")) == ("pupil_code", "birth_date", "birth_date_text")
    assert delivered_columns("marks", ("score",)) == ("score", "score_value")


def test_types_are_those_of_the_table() -> None:
    for name, table in TABLES.items():
        texts = [column.name for column in table.own if (name, column.name) not in cleaning.DERIVED]
        frame = clean_table(name, pl.DataFrame({text: ["1"] for text in texts}))
        assert {column: frame.schema[column] for column in frame.columns} == {column.name: column.polars_type for column in table.own}


@pytest.mark.parametrize("told", ["2027-05-30", "30/05/2027", "2027-05-30 08:15", "2027-05-30 08:15:00", "2027-05-30T08:15:00"])
def test_a_last_log_in_with_its_time_is_a_day(told: str) -> None:
    rows = pl.DataFrame({"username": ["an"], "last_login": [told]})
    assert clean_table("accounts", rows)["last_login"].to_list() == [date(2027, 5, 30)]
