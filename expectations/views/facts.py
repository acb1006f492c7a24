"""Facts about a value that rules ask for: statuses, personal numbers, phones, terms, as named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.school_year import FIRST_TERM, LAST_LESSONS, SECOND_TERM, SUMMER
from infra.regulations import NEW_WARDS, TT27_FIRST_YEAR

if TYPE_CHECKING:
    from connectors.records.school_year import SchoolYear

TWELVE_DIGITS, ELEVEN_DIGITS = "^[0-9]{12}$", "^[0-9]{11}$"
FIRST_CENTURY = 19  # digit 4 counts the centuries from 1900 (rules.md ID-3)
# Tone marks after o/u move to the next vowel: oà = òa, oè = òe, uỳ = ùy (rules.md TX-1).
TONES = "\u0300\u0301\u0303\u0309\u0323"
# What names a district in an address until 1 July 2025 (NQ 1685), as people write it.
DISTRICT = r"(?i)(^|[,–-])\s*(quận|huyện|thị xã)\s+\S|\bq\.?\s*\d|\b[qh]\.\s|thành phố thủ đức|thành phố [^,]+,\s*tỉnh"
ANY_WARD = r"(?i)\b(phường|xã|thị trấn)\s+\S|\bp\.?\s*\d"
NUMBERED_WARD, NEW_WARD = r"(?i)\b(phường|p\.?)\s*\d", f"(?i)phường ({'|'.join(NEW_WARDS)})"
NO_LETTER_OF_A_NAME = "[^\\p{Latin}\\p{M} '\u2019.-]|[\u00d0\u00f0]"  # Eth only looks like Đ (rules.md TX-1)


def is_at_school(status: str = "status") -> pl.Expr:
    """Whether the pupil is at school by status group (rules.md HS-6)."""
    return pl.col(status).is_in(codes.AT_SCHOOL).fill_null(value=False)


def is_listed(column: str, name: str) -> pl.Expr:
    """Whether a value is a code of a list of the reference file; a missing one is not."""
    return pl.col(column).is_in(list(codes.codes_of(name))).fill_null(value=False)


def term_of(column: str, year: SchoolYear) -> pl.Expr:
    """The term of a date, as SchoolYear.term_of tells it."""
    second = year.on(year.second_term_starts)
    return (
        pl.when(pl.col(column).is_between(year.first_day, second, closed="left"))
        .then(pl.lit(FIRST_TERM))
        .when(pl.col(column).is_between(second, year.on(LAST_LESSONS)))
        .then(pl.lit(SECOND_TERM))
        .when(pl.col(column).is_not_null())
        .then(pl.lit(SUMMER))
    )


def follows_tt27(grade: str, start_year: int) -> pl.Expr:
    """Whether Thông tư 27/2020 had reached a grade in the school year that starts in `start_year` (rules.md TT27-0.2)."""
    return pl.col(grade) <= start_year - TT27_FIRST_YEAR + 1


def with_text_facts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds name_has_odd_letters, and what the permanent address names: address_district, _ward (any), _numbered_ward, _new_ward."""
    address = pl.col("permanent_address")
    return frame.with_columns(
        name_has_odd_letters=pl.col("full_name").str.contains(NO_LETTER_OF_A_NAME),
        address_district=address.str.contains(DISTRICT),
        address_ward=address.str.contains(ANY_WARD),
        address_numbered_ward=address.str.contains(NUMBERED_WARD),
        address_new_ward=address.str.contains(NEW_WARD),
    )


def same_text(column: str) -> pl.Expr:
    """A name for comparison only: NFD, lower case, Ð as Đ, blanks collapsed, tone placement folded. Never stored."""
    lower = with_tones_placed(column).str.to_lowercase().str.replace_all("\u00f0", "đ", literal=True)
    return lower.str.replace_all(r"\s+", " ").str.strip_chars()


def with_tones_placed(column: str) -> pl.Expr:
    """NFD with every movable tone on the second vowel (oà, uý), for comparison only."""
    decomposed = pl.col(column).str.normalize("NFD")
    return decomposed.str.replace_all(f"(?i)(o)([{TONES}])([ae])", "${1}${3}${2}").str.replace_all(f"(?i)(u)([{TONES}])(y)", "${1}${3}${2}")


def digits(text: pl.Expr, start: int, length: int) -> pl.Expr:
    """Part of a text as a number; null when it is none."""
    return text.str.slice(start, length).cast(pl.Int64, strict=False)


def _right_digits() -> tuple[pl.Expr, pl.Expr]:
    """Digit 4 and digits 5-6 that sex and birth date ask for; null when either is missing."""
    year = pl.col("birth_date").dt.year()
    sex = pl.when(pl.col("sex") == codes.FEMALE).then(1).when(pl.col("sex") == codes.MALE).then(0)
    return 2 * (year // 100 - FIRST_CENTURY) + sex, year % 100


def with_number_facts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds what NĐ 137/2015 Điều 13 says about `personal_number` beside `sex` and `birth_date`.

    number_is_12, number_province_known, number_sign/number_year (digits 4 and 5-6 as they are),
    right_sign/right_year (as sex and birth date ask) and number_padded_fits: eleven digits that
    are right in all parts once the lost leading zero is back (ID-6).
    """
    number, provinces = pl.col("personal_number"), list(codes.reference()["ma_tinh_dinh_danh"])
    right_sign, right_year = _right_digits()
    padded = pl.lit("0") + number
    padded_fits = (
        number.str.contains(ELEVEN_DIGITS)
        & padded.str.slice(0, 3).is_in(provinces)
        & (digits(padded, 3, 1) == right_sign)
        & (digits(padded, 4, 2) == right_year)
    )
    return frame.with_columns(
        number_is_12=number.str.contains(TWELVE_DIGITS),
        number_province_known=number.str.slice(0, 3).is_in(provinces),
        number_sign=digits(number, 3, 1),
        number_year=digits(number, 4, 2),
        right_sign=right_sign,
        right_year=right_year,
        number_padded_fits=padded_fits.fill_null(value=False),
    )


def with_phone_facts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds phone_is_mobile, phone_is_landline, phone_mapped (the number since 2018 of an 11-digit mobile, DT-2)."""
    phone, reference = pl.col("contact_phone"), codes.reference()
    old = reference["doi_dau_so_2018"]
    new_prefix = phone.str.slice(0, 4).replace_strict(old, default=None, return_dtype=pl.String)
    return frame.with_columns(
        phone_is_mobile=phone.str.contains(reference["dien_thoai_di_dong"]["bieu_thuc"]),
        phone_is_landline=phone.str.contains(reference["dien_thoai_co_dinh"]["bieu_thuc"]),
        phone_mapped=pl.when(phone.str.contains(ELEVEN_DIGITS)).then(new_prefix + phone.str.slice(4)),
    )
