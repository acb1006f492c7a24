"""Letters that no name has, and addresses in the form of their day: before and after districts ended (rules.md TX-1, DC-1)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import PUPILS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import DISTRICTS_UNTIL, NQ1685, QC_16_1B

_pupil = partial(Rule, table=PUPILS.name, view="pupils", severity=Severity.REVIEW, stated=False)
_address = partial(
    _pupil, article=NQ1685, column="permanent_address", needs=("permanent_address", "status"), owner=Owner.HOMEROOM
)  # fmt: skip

AT_SCHOOL, DISTRICT, DAY = pl.col("at_school"), pl.col("address_district"), pl.col("day")
FIX_ADDRESS = "QLNT › Hồ sơ học sinh › Địa chỉ thường trú: ghi theo giấy xác nhận cư trú rồi lưu"

RULES: tuple[Rule, ...] = (
    _pupil(
        code="TX-1",
        article=QC_16_1B,
        column="full_name",
        needs=("full_name",),
        condition=pl.col("name_has_odd_letters"),
        message="Họ tên có ký tự không phải chữ cái tiếng Việt (chữ số, dấu lạ, chữ Đ của bàn phím nước ngoài)",
        expected="chỉ chữ cái và khoảng trắng, chữ Đ của tiếng Việt",
        fix="QLNT › Hồ sơ học sinh › Họ và tên: gõ lại theo giấy khai sinh rồi lưu",
        owner=Owner.CLERK,
    ),
    _address(
        code="DC-1/1",
        condition=AT_SCHOOL & (DAY >= DISTRICTS_UNTIL) & DISTRICT & pl.col("address_new_ward"),
        message="Địa chỉ vừa ghi phường mới vừa ghi quận, huyện đã bỏ từ ngày 1/7/2025",
        expected="phường mới và thành phố, hoặc giữ nguyên cả phường cũ và quận cũ",
        fix=FIX_ADDRESS,
    ),
    _address(
        code="DC-1/2",
        # A ward with a number is one of several districts' wards; before districts ended every ward was one of a district.
        # A column that only holds the hamlet (the sector database's) names no ward and is not asked.
        condition=AT_SCHOOL & ~DISTRICT & (pl.col("address_numbered_ward") | (pl.col("address_ward") & (DAY < DISTRICTS_UNTIL))),
        message="Địa chỉ không ghi quận, huyện nên không biết là phường nào",
        expected="phường cũ phải đi cùng quận, huyện; từ ngày 1/7/2025 có thể ghi phường mới và thành phố",
        fix=FIX_ADDRESS,
    ),
)
