"""How the values of a column look: what they may be where a heading does not say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connectors.records.cleaning import SUBJECT_LEVELS, valid_phone
from connectors.records.codes import TIMES, codes_of, ethnicity_codes, reference, subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENOUGH = 0.8  # share of the filled cells that must look alike
FEWEST = 3  # filled cells that a look is believed from
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}")
TWELVE, TEN = re.compile(r"0\d{11}"), re.compile(r"[1-9]\d{9}")
NAME = re.compile(r"(?:[^\W\d_]+ ){1,5}[^\W\d_]+")
CLASS = re.compile(r"(?:Lớp )?[1-5]\s*[A-Za-z./-]\s*\w{0,3}")
GRADE = re.compile(r"(?:Khối )?[1-5]")


def look_of(table: str, column: str, texts: Sequence[str | None]) -> float:
    """1 when nearly all filled values look like this column's, else 0."""
    filled = [text.strip() for text in texts if text]
    looks = _LOOKS.get((table, column)) or _LOOKS.get(("", column))
    if looks is None or len(filled) < FEWEST:
        return 0.0
    return float(sum(map(looks, filled)) >= ENOUGH * len(filled))


def _is_sex(text: str) -> bool:
    return text.casefold() in {word.casefold() for entry in reference()["gioi_tinh"] for word in (entry["ten"], *entry["bien_the"])}


def _is_status(text: str) -> bool:
    return text in codes_of("trang_thai_hoc_sinh").values() or text in codes_of("trang_thai_hoc_sinh")


_LOOKS: dict[tuple[str, str], Callable[[str], bool]] = {
    ("", "personal_number"): lambda text: bool(TWELVE.fullmatch(text)),
    ("", "pupil_code"): lambda text: bool(TEN.fullmatch(text)),
    ("", "birth_date"): lambda text: bool(DATE.fullmatch(text)),
    ("", "full_name"): lambda text: bool(NAME.fullmatch(text)) and text.istitle(),
    ("", "sex"): _is_sex,
    ("", "ethnicity"): lambda text: text.casefold() in ethnicity_codes(),
    ("", "contact_phone"): lambda text: bool(re.search(valid_phone(), re.sub(r"[\s.-]", "", text))),
    ("", "class_name"): lambda text: bool(CLASS.fullmatch(text)),
    ("", "grade"): lambda text: bool(GRADE.fullmatch(text)),
    ("pupils", "status"): _is_status,
    ("marks", "level"): lambda text: text.lower() in SUBJECT_LEVELS,
    ("", "time"): lambda text: text in (*TIMES, "CK2"),
    ("", "subject"): lambda text: text in subjects() or any(text == subject.name for subject in subjects().values()),
}
