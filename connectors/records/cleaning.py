"""From what a system delivers (text) to canonical columns: pure Polars expressions, no reading, no guessing.

Nothing is repaired silently: where a typed column cannot hold a wrong value it becomes null and its
`_text` column keeps what was delivered, so that a rule can name it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import polars as pl
import pyarrow as pa

from connectors.records.codes import codes_of, ethnicity_codes, reference, subjects
from connectors.records.column import Kind
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.records.column import Column

FrameOf = TypeVar("FrameOf", pl.DataFrame, pl.LazyFrame)
DATE_SHAPES = ((r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"), (r"^\d{1,2}/\d{1,2}/\d{4}$", "%d/%m/%Y"))
MIDNIGHT = r"[ T]00:00(:00(\.0+)?)?$"  # what spreadsheets and databases add to a plain date
MOMENT_LENGTHS = (len("2027-05-20"), len("2027-05-20 08:15:00"))
CLOCK = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?([+-]\d{2}:?\d{2}|Z)?$"  # the time of day behind a date
NUMBER = r"^[+-]?\d+([.,]\d+)?$"  # keeps out `nan`, `inf` and `1e3`, which a plain cast would take
UNTIDY = r"^\s|\s$|\s\s|[^\S ]|^$|[^\x00-\x7f]"  # blanks to tidy, or letters that may not be NFC
TRUE_TEXTS, FALSE_TEXTS = ("1", "x", "true", "có", "t", "yes"), ("0", "false", "không", "f", "no")
# Two lists, since letters mean different things: C is Chưa hoàn thành in a subject, Cần cố gắng in a trait (TT27-7.4).
SUBJECT_LEVELS: Mapping[str, str] = {"t": "T", "h": "H", "c": "C", "htt": "T", "ht": "H", "cht": "C"}
# Ð (U+00D0) and D stand for Đ here; level_text keeps them, so that TT27-7.4 can name them.
TRAIT_LEVELS: Mapping[str, str] = {"t": "T", "đ": "Đ", "ð": "Đ", "d": "Đ", "c": "C", "ccg": "C"}


def clean_text(column: pl.Expr) -> pl.Expr:
    """NFC, no-break blanks as blanks, trimmed, runs of blanks folded; empty becomes null (TX-1)."""
    text = column.cast(pl.String).str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def clean_date(text: pl.Expr) -> pl.Expr:
    """A date written 2018-05-31 or 31/05/2018; anything else, or a day that does not exist, is null (HS-4)."""
    plain = text.str.replace(MIDNIGHT, "")
    parsed = [pl.when(plain.str.contains(shape)).then(plain).str.to_date(form, strict=False) for shape, form in DATE_SHAPES]
    return pl.coalesce(parsed)


def clean_number(text: pl.Expr) -> pl.Expr:
    """A number with point or comma; anything else is null."""
    return pl.when(text.str.contains(NUMBER)).then(text).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)


def _quick(text: pl.Expr, quick: Callable[[pl.Series], pl.Series], slow: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """`slow`, but a batch in which the quick way can read every value goes that way."""

    def read(batch: pl.Series) -> pl.Series:
        read_quickly = quick(batch)
        if read_quickly.null_count() == batch.null_count():
            return read_quickly.cast(dtype)
        return batch.to_frame("text").select(slow(pl.col("text")).cast(dtype)).to_series()

    return text.map_batches(read, return_dtype=dtype, is_elementwise=True)


def clean_integer(text: pl.Expr) -> pl.Expr:
    """A whole number (`1.0` is 1); anything else is null."""
    return _quick(text, lambda batch: batch.cast(pl.Int32, strict=False), _clean_integer, pl.Int64())


def _clean_integer(text: pl.Expr) -> pl.Expr:
    number = clean_number(text)
    return pl.when(number == number.round()).then(number).cast(pl.Int64, strict=False)


def clean_boolean(text: pl.Expr) -> pl.Expr:
    """1/0, x, true/false, có/không. Empty stays unknown: only a column map knows that a box was left unticked."""
    folded = text.str.to_lowercase()
    yes, no = pl.lit(value=True), pl.lit(value=False)
    return pl.when(folded.is_in(TRUE_TEXTS)).then(yes).when(folded.is_in(FALSE_TEXTS)).then(no)


def clean_moment(text: pl.Expr) -> pl.Expr:
    """A moment like `2027-05-20 08:15:00`; a plain day is its midnight."""
    return _quick(text, _whole_moments, _clean_moment, pl.Datetime("us"))


def _whole_moments(batch: pl.Series) -> pl.Series:
    """Moments and days by Arrow's reader, ten times as quick; it takes more shapes than we do, so only texts of these lengths go there."""
    if batch.str.len_bytes().is_in(MOMENT_LENGTHS).all():
        with suppress(pa.ArrowInvalid):
            return pl.Series(pl.from_arrow(batch.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.timestamp("us"))))
    return pl.repeat(None, batch.len(), dtype=pl.Datetime("us"), eager=True)


def _clean_moment(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace("T", " ", literal=True).str.slice(0, 19)
    day = plain.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    return pl.coalesce(plain.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"), day)


def clean_day(text: pl.Expr) -> pl.Expr:
    """A date, or the day of a moment: systems tell a last log-in with its time."""
    return clean_date(text.str.replace(CLOCK, ""))


def clean_phone(text: pl.Expr) -> pl.Expr:
    """First valid number of a cell, without blanks and dots, +84 as 0 (DT-1, DT-4); none valid: the first part."""
    # A dash between blanks parts two numbers (DT-4); without them it stands inside one (DT-1).
    parts = text.str.replace_all(r"\s+[-–]\s+|[/,]", ";").str.split(";")
    plain = parts.list.eval(_plain_phone(pl.element())).list.eval(pl.element().filter(pl.element().str.len_bytes() > 0))
    valid = plain.list.eval(pl.element().filter(pl.element().str.contains(valid_phone()))).list.first()
    return pl.coalesce(valid, plain.list.first())


def _plain_phone(part: pl.Expr) -> pl.Expr:
    # Ten digits behind 84: a mobile number of before 2018 (DT-2) or a landline (DT-3), which rules must see in full.
    return part.str.replace_all(r"[\s.\-()]", "").str.replace(r"^\+?84([12]?\d{9})$", "0${1}")


@cache
def valid_phone() -> str:
    """Regular expression of a valid mobile or landline number (`dien_thoai_*` of the reference)."""
    lists = reference()
    return f"({lists['dien_thoai_di_dong']['bieu_thuc']})|({lists['dien_thoai_co_dinh']['bieu_thuc']})"


def _lookup(text: pl.Expr, spellings: Mapping[str, str], *, otherwise: pl.Expr | None = None) -> pl.Expr:
    """Replace a text by the value of its lower-case spelling; unknown ones become `otherwise` (null)."""
    old, new = pl.Series(spellings.keys(), dtype=pl.String), pl.Series(spellings.values(), dtype=pl.String)
    # Batch by batch: as a plain expression a lookup would first gather the whole column.
    found = text.map_batches(
        lambda batch: batch.str.to_lowercase().replace_strict(old, new, default=None, return_dtype=pl.String),
        return_dtype=pl.String(),
        is_elementwise=True,
    )
    return found if otherwise is None else pl.coalesce(found, otherwise)


@cache
def _sex_spellings() -> dict[str, str]:
    return {text.lower(): entry["ten"] for entry in reference()["gioi_tinh"] for text in (entry["ten"], *entry["bien_the"], entry["ma_bo"])}


@cache
def _status_spellings(name: str) -> dict[str, str]:
    return {label.lower(): code for code, label in codes_of(name).items()}


@cache
def _subject_spellings() -> dict[str, str]:
    return {text.lower(): subject.code for subject in subjects().values() for text in (subject.code, subject.name, *subject.aliases)}


@cache
def _time_spellings() -> dict[str, str]:
    entries = reference()["thoi_diem_danh_gia"]
    spellings = {entry["ma"]: (entry["ma"], entry["ten"], entry["ma_pm"], *entry.get("ten_khac", ())) for entry in entries}
    return {text.lower(): code for code, texts in spellings.items() for text in texts}


@cache
def _ethnicity_spellings() -> dict[str, str]:
    return {text.lower(): code for text, code in ethnicity_codes().items()} | {code: code for code in codes_of("dan_toc")}


def clean_personal_number(text: pl.Expr) -> pl.Expr:
    """Without blanks and without the `.0` of a spreadsheet (ID-6); otherwise as delivered."""
    return text.str.replace_all(" ", "", literal=True).str.replace(r"^(\d+)\.0$", "${1}")


def clean_birth_year(text: pl.Expr) -> pl.Expr:
    """`1985`, or the year of a whole birth date."""
    year = pl.coalesce(text.str.extract(r"^(\d{4})(?:\.0|-\d{1,2}-\d{1,2}.*)?$"), text.str.extract(r"^\d{1,2}/\d{1,2}/(\d{4})$"))
    return year.cast(pl.Int64)


def clean_grade(text: pl.Expr) -> pl.Expr:
    """`3` or `Khối 3` as 3."""
    return _quick(text, lambda batch: batch.cast(pl.UInt8, strict=False), _first_digits, pl.Int64())


def _first_digits(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"(\d+)").cast(pl.Int64, strict=False)


# What a column needs beyond its kind. Keys are (table, column).
SPECIAL: Mapping[tuple[str, str], Callable[[pl.Expr], pl.Expr]] = {
    ("pupils", "personal_number"): clean_personal_number,
    ("pupils", "sex"): lambda text: _lookup(text, _sex_spellings()),
    ("pupils", "ethnicity"): lambda text: _lookup(text, _ethnicity_spellings()),
    ("pupils", "contact_phone"): clean_phone,
    ("pupils", "grade"): clean_grade,
    ("pupils", "status"): lambda text: _lookup(text, _status_spellings("trang_thai_hoc_sinh"), otherwise=text),
    ("guardians", "birth_year"): clean_birth_year,
    ("guardians", "phone"): clean_phone,
    ("guardians", "relation"): lambda text: text.str.to_lowercase(),
    ("movements", "kind"): lambda text: _lookup(text, _status_spellings("trang_thai_hoc_sinh"), otherwise=text),
    ("assignments", "subject"): lambda text: _lookup(text, _subject_spellings(), otherwise=text),
    ("marks", "subject"): lambda text: _lookup(text, _subject_spellings(), otherwise=text),
    ("marks", "time"): lambda text: _lookup(text, _time_spellings(), otherwise=text),
    ("marks", "level"): lambda text: _lookup(text, SUBJECT_LEVELS),
    ("traits", "time"): lambda text: _lookup(text, _time_spellings(), otherwise=text),
    ("traits", "level"): lambda text: _lookup(text, TRAIT_LEVELS),
    ("staff", "personal_number"): clean_personal_number,
    ("staff", "sex"): lambda text: _lookup(text, _sex_spellings()),
    ("accounts", "last_login"): clean_day,
    ("staff", "status"): lambda text: _lookup(text, _status_spellings("trang_thai_can_bo"), otherwise=text),
}
BY_KIND: Mapping[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.TEXT: lambda text: text,
    Kind.INTEGER: clean_integer,
    Kind.NUMBER: clean_number,
    Kind.BOOLEAN: clean_boolean,
    Kind.DATE: clean_date,
    Kind.MOMENT: clean_moment,
}
# Columns that come from another delivered column: (table, column) -> (delivered column, cleaning).
DERIVED: Mapping[tuple[str, str], tuple[str, Callable[[pl.Expr], pl.Expr]]] = {
    ("pupils", "birth_date_text"): ("birth_date", lambda text: text.str.replace(MIDNIGHT, "")),
    ("pupils", "ethnicity_text"): ("ethnicity", lambda text: text),
    ("pupils", "contact_phone_text"): ("contact_phone", lambda text: text),
    ("marks", "level_text"): ("level", lambda text: text),
    ("marks", "score_value"): ("score", clean_number),
    ("traits", "level_text"): ("level", lambda text: text),
}


def delivered_columns(table: str, mapped: tuple[str, ...]) -> tuple[str, ...]:
    """Canonical columns that a system delivers when it has the `mapped` ones: those and what derives from them."""
    derived = tuple(column for (of, column), (source, _) in DERIVED.items() if of == table and source in mapped)
    return tuple(column.name for column in TABLES[table].own if column.name in (*mapped, *derived))


def clean_table(table: str, raw: FrameOf) -> FrameOf:
    """Type a frame of delivered text (canonical names, provenance columns already typed) as its canonical table.

    A lazy frame stays lazy and is cleaned batch by batch. Columns that the system does not deliver are
    left out; write_snapshot adds them as null.
    """
    here = raw.lazy().collect_schema().names()
    texts = [column.name for column in TABLES[table].own if column.name in here]
    cleaned = raw.with_columns(tidied(pl.col(name)).alias(name) for name in texts)
    wanted = delivered_columns(table, tuple(texts))
    columns = [_typed(table, column).alias(column.name) for column in TABLES[table].own if column.name in wanted]
    return cleaned.select(*columns, *(name for name in here if name.startswith("source_")))


def clean_texts(table: str, name: str, texts: pl.Series) -> list[pl.Series]:
    """The canonical columns that come from one delivered column, for these of its texts; every text is read by itself."""
    made = [column for column in TABLES[table].own if DERIVED.get((table, column.name), (column.name, None))[0] == name]
    if [column.kind for column in made] == [Kind.MOMENT] and (moments := _whole_moments(texts)).null_count() == texts.null_count():
        return [moments.alias(made[0].name)]  # what reads as a whole moment has nothing to tidy
    tidy = _tidy_batch(texts).alias(name)
    return [tidy if _is_plain(table, column) else _read(table, column, tidy) for column in made]


def _read(table: str, column: Column, tidy: pl.Series) -> pl.Series:
    return tidy.to_frame().select(_typed(table, column).alias(column.name)).to_series()


def _is_plain(table: str, column: Column) -> bool:
    return column.kind is Kind.TEXT and (table, column.name) not in SPECIAL and (table, column.name) not in DERIVED


def tidied(column: pl.Expr) -> pl.Expr:
    """The same as `clean_text`, quicker: a look at a whole batch spares columns of plain codes the slow way."""
    return column.cast(pl.String).map_batches(_tidy_batch, return_dtype=pl.String(), is_elementwise=True)


def _tidy_batch(batch: pl.Series) -> pl.Series:
    return batch.to_frame("text").select(clean_text(pl.col("text"))).to_series() if batch.str.contains(UNTIDY).any() else batch


def _typed(table: str, column: Column) -> pl.Expr:
    if derived := DERIVED.get((table, column.name)):
        source, derive = derived
        return derive(pl.col(source))
    return SPECIAL.get((table, column.name), BY_KIND[column.kind])(pl.col(column.name))
