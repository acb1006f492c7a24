"""Findings made by hand, for tests of what happens to them afterwards."""

from __future__ import annotations

import polars as pl

from expectations.findings import FINDING_SCHEMA


def finding(rule: str, key: str | None, **values: str | int | None) -> dict[str, str | int | None]:
    usual: dict[str, str | int | None] = {
        "rule": rule, "severity": "xem kỹ", "article": "Điều 19.6a", "system": "qlnt", "table": "pupils", "key": key, "class_name": "3A",
        "column": "sex", "message": "Thiếu giới tính", "fix": "QLNT › Hồ sơ", "owner": "Văn thư", "source_file": "qlnt",
        "source_sheet": "hoc_sinh", "source_row": 1,
    }  # fmt: skip
    return usual | values


def frame(*rows: dict[str, str | int | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=FINDING_SCHEMA)
