"""Accounts: withdrawn on the day of the decision, owned by someone, used (Điều 10.1c; QCVN 12:2026/BCA)."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.tables import ACCOUNTS
from expectations.rule import Owner, Rule, Severity
from infra.regulations import QC_10_1C, QCVN_12

_account = partial(Rule, table=ACCOUNTS.name, severity=Severity.REVIEW, stated=False, owner=Owner.IT)
_owner = partial(_account, article=QC_10_1C, view="account_owners", column="owner_code", needs=("owner_code", "active"))

ACTIVE, OWNER_GONE = pl.col("active"), pl.col("owner_gone")
# How long it has been open is counted from the decision's day, not from the night that found it.
FROM_DECISION = pl.coalesce(
    pl.format("{} (đã {} ngày)", pl.col("gone_on").dt.strftime("%d/%m/%Y"), pl.col("days_gone")), pl.lit("của quyết định")
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    _owner(
        code="QC-10.1",
        condition=ACTIVE & OWNER_GONE,
        message="Cán bộ đã rời trường mà tài khoản còn mở",
        expected=pl.format("khóa từ ngày {}", FROM_DECISION),
        fix="Quản trị hệ thống › Tài khoản: khóa tài khoản, ghi ngày khóa vào sổ",
    ),
    _owner(
        code="QC-10.1/2",
        column="last_login",
        needs=("owner_code", "last_login"),
        # Open or closed by now: somebody used it after the day on which it had to be withdrawn.
        condition=OWNER_GONE & (pl.col("last_login") > pl.col("gone_on")),
        message="Tài khoản còn được dùng sau ngày cán bộ rời trường",
        expected=pl.format("không đăng nhập sau ngày {}", FROM_DECISION),
        fix="Quản trị hệ thống › Tài khoản: khóa ngay, đổi mật khẩu, hỏi ai đã dùng và ghi biên bản",
    ),
    _owner(
        code="QC-10.1/1",
        condition=ACTIVE & ~pl.col("owner_known"),
        message="Tài khoản đang mở không có chủ, hoặc chủ không có trong danh sách cán bộ",
        expected="mã của một cán bộ trong danh sách",
        fix="Quản trị hệ thống › Tài khoản: ghi đúng mã cán bộ, hoặc khóa tài khoản",
    ),
    _account(
        code="PL-7",
        article=QCVN_12,
        view="accounts",
        severity=Severity.REMIND,
        column="last_login",
        needs=("active", "last_login"),
        condition=ACTIVE & (pl.col("last_login") < pl.col("idle_before")) & ~OWNER_GONE & ~pl.col("of_pupil"),
        message="Tài khoản đang mở nhưng lâu không đăng nhập",
        expected=pl.format("đăng nhập từ ngày {}, hoặc khóa tài khoản", pl.col("idle_before").dt.strftime("%d/%m/%Y")),
        fix="Quản trị hệ thống › Tài khoản: hỏi người dùng; không dùng nữa thì khóa",
    ),
)
