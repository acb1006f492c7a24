"""The consistency checks of Biểu 02-TH-ĐN (domain/exports.md §1, checks 1–5), on our own numbers.

`values`: row code -> values in the order of the column numbers; a row that is not there is blank and
is not asked: an equality needs all its rows, a limit takes the blank parts of its sum as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.department.indicators import CLASS_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Values = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Balance:
    """Check `number`: the sum of the rows `left` is the sum of the rows `right` (or at most, when `at_most`)."""

    number: int
    left: tuple[str, ...]
    right: tuple[str, ...]
    at_most: bool = False


def _codes(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(code) for code in range(first, last + 1))


BALANCES: tuple[Balance, ...] = (
    Balance(1, ("37",), _codes(40, 44)),
    Balance(1, ("37",), _codes(45, 51)),
    Balance(1, ("37",), ("38", "39")),
    Balance(2, ("27",), _codes(28, 32)),
    *(Balance(2, (code,), ("27",), at_most=True) for code in _codes(33, 36)),
    *(Balance(4, (str(51 + grade),), (str(39 + grade),), at_most=True) for grade in range(1, 6)),
    *(Balance(4, (str(51 + grade),), (str(45 + grade),), at_most=True) for grade in range(1, 6)),
    Balance(5, ("57",), ("40",), at_most=True),
    Balance(5, ("58",), ("37",), at_most=True),
    Balance(5, ("61", "67"), ("37",), at_most=True),
    # «06 Khuyết tật khác» has no row of its own: at most, not equal.
    Balance(5, _codes(62, 66), ("61",), at_most=True),
    Balance(5, _codes(68, 72), ("67",), at_most=True),
)


def failing_checks(values: Values) -> tuple[str, ...]:
    """One Vietnamese line per check that fails, with row codes, columns and both numbers; empty when all is well."""
    lines = [line for balance in BALANCES for line in _balance_lines(balance, values)]
    return (*lines, *(line for code, row in values.items() for line in _row_lines(code, row)))


def _balance_lines(balance: Balance, values: Values) -> Iterator[str]:
    left = [values[code] for code in balance.left if code in values]
    right = [values[code] for code in balance.right if code in values]
    whole = len(right) == len(balance.right) and (balance.at_most or len(left) == len(balance.left))
    if not left or not whole:
        return
    failing: dict[tuple[int, int], list[str]] = {}
    for column, (mine, other) in enumerate(zip(_sums(left), _sums(right), strict=True), start=1):
        if mine > other or (mine < other and not balance.at_most):
            failing.setdefault((mine, other), []).append(str(column))
    # Columns with the same two numbers (the whole and its công lập block) are told together.
    for (mine, other), columns in failing.items():
        relation = "lớn hơn" if balance.at_most else "khác"
        yield (
            f"Kiểm tra {balance.number}, cột {', '.join(columns)}: mã {_sum_name(balance.left)} = {mine} "
            f"{relation} mã {_sum_name(balance.right)} = {other}"
        )


def _sums(rows: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Column by column."""
    return tuple(map(sum, zip(*rows, strict=True)))


def _sum_name(codes: tuple[str, ...]) -> str:
    return "+".join(codes) if len(codes) <= 2 else f"{codes[0]}+…+{codes[-1]}"  # noqa: PLR2004 - `38+39`, but `40+…+44`


def _row_lines(code: str, row: tuple[int, ...]) -> Iterator[str]:
    """Check 3: the columns of one row agree among themselves."""
    width = len(row) // 3
    for column in range(width):
        parts = row[column + width] + row[column + 2 * width]
        if row[column] != parts:
            yield (
                f"Kiểm tra 3, mã {code}: cột {column + 1} = {row[column]} khác "
                f"cột {column + 1 + width} + cột {column + 1 + 2 * width} = {parts}"
            )
    if len(row) > CLASS_COLUMNS:
        for first in range(0, len(row), width):
            yield from _block_lines(code, first + 1, row[first : first + width])


def _block_lines(code: str, first: int, block: tuple[int, ...]) -> Iterator[str]:
    """Check 3 within Tổng, Nữ, DTTS, DTTS nữ."""
    total, female, minority, both = block
    names = [f"cột {first + place}" for place in range(len(block))]
    limits = (
        (names[1], female, names[0], total),
        (names[2], minority, names[0], total),
        (names[3], both, names[1], female),
        (names[3], both, names[2], minority),
        (f"{names[1]} + {names[2]} − {names[3]}", female + minority - both, names[0], total),
    )
    for small, number, large, limit in limits:
        if number > limit:
            yield f"Kiểm tra 3, mã {code}: {small} = {number} lớn hơn {large} = {limit}"
