"""The ladder on which two systems' spellings are compared, and the rung on which they become the same (rules.md TX-1).

NFC, then tone placement, then case and blanks, then i/y, then no diacritics. The folded forms are never stored.
"""

from __future__ import annotations

import polars as pl

from expectations.views.facts import same_text, with_tones_placed

# What sets two texts apart when they are the same only from this rung on.
BY_TONE_PLACE, BY_CASE, BY_I_AND_Y, BY_MARKS, ALTOGETHER = (
    "chỉ khác vị trí dấu thanh", "chỉ khác chữ hoa, khoảng trắng", "chỉ khác i/y", "chỉ khác dấu", "khác cả khi bỏ dấu"
)  # fmt: skip
# The same name to a school: writing habits, not another name.
HABITS = (BY_TONE_PLACE, BY_CASE)
Y_FOR_I = "([bcdđghklmnprstvx]|qu)y"  # Mỹ and Mĩ, Quy and Qui; but Thúy is not Thúi


def rung(left: str, right: str) -> pl.Expr:
    """What sets two columns of names apart (one of the texts above); null where they are the same or one is missing."""
    spelled = [(pl.col(name).str.normalize("NFC"), with_tones_placed(name), same_text(name)) for name in (left, right)]
    ladder = [(*folds, _with_i(folds[2]), _without_marks(folds[2])) for folds in spelled]
    names = (None, BY_TONE_PLACE, BY_CASE, BY_I_AND_Y, BY_MARKS)
    told = pl.lit(ALTOGETHER)
    for name, one, other in reversed(list(zip(names, *ladder, strict=True))):
        told = pl.when(one == other).then(pl.lit(name, dtype=pl.String)).otherwise(told)
    return pl.when(pl.col(left).is_not_null() & pl.col(right).is_not_null()).then(told)


def same_class(column: str) -> pl.Expr:
    """A class name for comparison only: 3A, 3a and `3 A` are one class."""
    return same_text(column).str.replace_all(" ", "", literal=True)


def _with_i(folded: pl.Expr) -> pl.Expr:
    return folded.str.replace_all(Y_FOR_I, "${1}i")


def _without_marks(folded: pl.Expr) -> pl.Expr:
    plain = _with_i(folded.str.replace_all(r"\p{M}", ""))
    return plain.str.replace_all("đ", "d", literal=True)
