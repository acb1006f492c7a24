"""Cells as text: whatever type a spreadsheet or a database gives, codes stay what people see."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

MOMENT_LETTERS = len("2027-05-20 08:15:00")
WHOLE_UP_TO = 1e15  # a spreadsheet holds and shows 15 digits; beyond that a number is no code any more


def text_of(value: object) -> str | None:  # noqa: PLR0911 - one line per type a cell can have
    """A cell as text: `1.0` is 1, a date is ISO, a tick is 1 or 0; nothing or blanks is None."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < WHOLE_UP_TO else f"{value:.15g}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | time):
        return _moment(value)
    if isinstance(value, bytes):
        return text_of(value.decode("utf-8", errors="replace"))
    return str(value)


def _moment(value: date | time) -> str:
    if isinstance(value, datetime):
        # What a plain date looks like once a spreadsheet or a timestamp column had it.
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")[:19]
    return value.isoformat()


def text_column(name: str, values: Sequence[object]) -> pl.Series:
    """A column of cells as text. Columns of one type go the quick way, without a call per cell."""
    for dtype in (pl.String, pl.Int64):
        try:
            return pl.Series(name, values, dtype=dtype, strict=True).cast(pl.String)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            continue
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def moments_as_text(values: pl.Series) -> pl.Series:
    """Days and moments as a server writes them (`2027-05-20 08:15:00.25+07`), in the form of `text_of`: no fraction, no zone, no midnight.

    What is no moment (`infinity`, `0044-03-15 BC`) stays as it is.
    """
    lengths = values.str.len_bytes()
    if lengths.min() != MOMENT_LETTERS or lengths.max() != MOMENT_LETTERS:
        values = values.str.replace(r"^(\d+-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?([+-]\d[\d:]*)?$", "${1}")
    return values.str.strip_suffix(" 00:00:00")


def fractions_as_text(values: pl.Series) -> pl.Series:
    """Floating-point numbers as a server writes them, in the form of `text_of`; few of them differ, so each is turned once."""
    told = values.drop_nulls().unique()
    return values.replace_strict(told, [text_of(float(text)) for text in told], default=None, return_dtype=pl.String())


def bytes_as_text(values: pl.Series) -> pl.Series:
    """Bytes as the text they hold; letters that are no UTF-8 become `�`."""
    return pl.Series(values.name, [text_of(value) for value in values], dtype=pl.String)
