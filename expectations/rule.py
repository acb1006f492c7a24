"""A rule: one typed value whose condition is a Polars expression over its view."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

Where = tuple[str, str, tuple[str, ...]]
ALL_TABLES = "Nguồn và khối lượng dữ liệu"  # what rules of drift are about


class Severity(StrEnum):
    """What a finding leads to (architecture: severities have consequences)."""

    STOP = "dừng"  # no export at all tonight
    BLOCK = "chặn"  # the row is not exported
    REVIEW = "xem kỹ"  # exported; must be looked at and signed
    REMIND = "nhắc"  # listed


# How much one finding weighs where findings are put in order: severity first, then how many.
WEIGHTS = {Severity.STOP: 1000, Severity.BLOCK: 20, Severity.REVIEW: 5, Severity.REMIND: 1}


class Owner(StrEnum):
    """Who puts it right."""

    HOMEROOM = "Giáo viên chủ nhiệm"
    SUBJECT_TEACHER = "Giáo viên dạy môn"
    CLERK = "Văn thư"
    NURSE = "Nhân viên y tế"
    IT = "Phụ trách CNTT"
    VICE_PRINCIPAL = "Phó hiệu trưởng"


@dataclass(frozen=True, slots=True)
class NativeExpectation:
    """The Great Expectations type that says the same as a rule, as plain data (built in expectations/gx).

    `type`: like `expect_column_values_to_not_be_null`; `arguments`: its keyword arguments; `where`: the
    rows it looks at (column, `in`/`not in`/`not null`, values), all of which must hold; a missing value is `not in`.
    """

    type: str
    arguments: Mapping[str, object]
    where: tuple[Where, ...] = ()


def not_null(column: str, *where: Where) -> NativeExpectation:
    """A column that no row of those leaves empty."""
    return NativeExpectation("expect_column_values_to_not_be_null", {"column": column}, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that good data obeys.

    `condition` is True for a row that breaks the rule (null counts as False) and may use every column
    of `view`. `needs`: columns of `table` without which a system is not asked. `column`: the column that
    is shown as the wrong value. `expected`: text or expression telling what would be right. `message`
    and `fix` are Vietnamese; they never hold a person's name. `key`: expression of the finding's key where
    it is not the view's usual one. `severity` where rules.md states none is REVIEW (`stated=False`).
    """

    code: str
    article: str
    table: str
    view: str
    severity: Severity
    column: str
    message: str
    fix: str
    owner: Owner
    condition: pl.Expr
    needs: tuple[str, ...]
    expected: str | pl.Expr = ""
    key: pl.Expr | None = None
    stated: bool = True
    native: NativeExpectation | None = None


def table_label(table: str) -> str:
    """The Vietnamese name of a rule's table; drift is no table of records but of all of them."""
    return TABLES[table].label if table in TABLES else ALL_TABLES
