"""What one column of a canonical table is: its name, type, label, duty and how private it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


class PersonalData(StrEnum):
    """How private a value is (rules.md PL-2: health, ethnic origin and disability are sensitive)."""

    PLAIN = "thường"
    PERSONAL = "cá nhân"
    SENSITIVE = "nhạy cảm"


class Kind(StrEnum):
    """The type of a column; codes are always text (rules.md §3.2: a lost zero changes a meaning)."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


POLARS_TYPES: Mapping[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.DATE: pl.Date(),
    Kind.MOMENT: pl.Datetime("us"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    `required_by_19_6a` marks the fields that Điều 19.6a of QĐ 292/QĐ-THTT asks of every pupil;
    `source` names where the column comes from (a field of the sector database or the school).
    """

    name: str
    kind: Kind
    label: str
    source: str
    personal_data: PersonalData = PersonalData.PLAIN
    required_by_19_6a: bool = False

    @property
    def polars_type(self) -> pl.DataType:
        """The Parquet type of the column."""
        return POLARS_TYPES[self.kind]
