"""Waivers: findings that a person signed as an exception, for a time and for exactly what was signed.

A waived finding stays listed with until when, why and by whom; it is no longer open and its row is no longer held back.
What puts an end to a waiver needs no act: its last day, the data being put right (then the finding's first_seen is later,
should it ever come back), or another value in the same place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.findings import SORTED_BY, WAIVED_SCHEMA
from expectations.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

# `dừng` speaks of a whole source: letting that pass is `truong accept-change`, not an exception for a record.
WAIVABLE = (Severity.BLOCK, Severity.REVIEW, Severity.REMIND)


class State(StrEnum):
    """How a waiver stands on a day."""

    IN_FORCE = "đang hiệu lực"
    EXPIRED = "đã hết hạn"
    WITHDRAWN = "đã rút hoặc ký lại"
    FIXED = "đã đóng: số liệu đã sửa"
    CHANGED = "không còn dùng: số liệu đã đổi"
    NOT_YET = "chưa có vào ngày này"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One signed exception: rule and key, from `day` to `until` (both included), why, and by whom.

    `states`: `system|table` -> digest of the value that was wrong when it was signed; only that is waived.
    `who`: the account that wrote it down; `signer`: who answers for it.
    """

    rule: str
    key: str
    day: date
    until: date
    why: str
    who: str
    signer: str
    when: str
    states: Mapping[str, str] = field(default_factory=dict)
    withdrawn_on: date | None = None

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Whether a finding of this rule and key is what was signed: the same value, without a night in between on which it was gone."""
        signed = self.states.get(place_of(finding))
        return signed == digest_of_value(finding) and str(finding["first_seen"] or "") <= self.day.isoformat()

    def stands_on(self, day: date) -> bool:
        """Whether it may be used on a day, whatever the data says."""
        return self.day <= day <= self.until and (self.withdrawn_on is None or day < self.withdrawn_on)

    def state_on(self, day: date, findings: Sequence[Mapping[str, Any]]) -> State:
        """How it stands on a day whose findings of this rule and key are these."""
        if day < self.day:
            return State.NOT_YET
        if self.withdrawn_on is not None and self.withdrawn_on <= day:
            return State.WITHDRAWN
        if day > self.until:
            return State.EXPIRED
        if any(self.covers(finding) for finding in findings):
            return State.IN_FORCE
        stayed = any(str(finding["first_seen"] or "") <= self.day.isoformat() for finding in findings)
        return State.CHANGED if stayed else State.FIXED


def place_of(finding: Mapping[str, Any]) -> str:
    """Which of the records with the same key a finding is about."""
    return f"{finding['system']}|{finding['table']}"


def digest_of_value(finding: Mapping[str, Any]) -> str:
    """SHA-256 of what is wrong. A cause told once counts rows, and its count may move from night to night: its key alone is signed."""
    value = "" if is_root(finding) else str(finding["value"])
    told = "\n".join((str(finding["rule"]), str(finding["key"]), place_of(finding), value))
    return hashlib.sha256(told.encode()).hexdigest()


def is_root(finding: Mapping[str, Any]) -> bool:
    """Whether a finding is a cause told once (`file#sheet#column`) and not a record."""
    return str(finding["key"]).endswith(f"#{finding['column']}")


def waivable(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings that may be waived at all."""
    return findings.filter(pl.col("severity").is_in([severity.value for severity in WAIVABLE]))


def waived(findings: pl.DataFrame, waivers: Iterable[Waiver], day: date) -> pl.DataFrame:
    """The findings that are waived on a day (WAIVED_SCHEMA, in the order of findings). Of two waivers the newer one speaks.

    `findings`: with first_seen, as the ledger fills it.
    """
    standing = {(waiver.rule, waiver.key): waiver for waiver in waivers if waiver.stands_on(day)}
    asked = findings.filter(pl.col("key").is_in(sorted({key for _, key in standing})))
    found = [
        {**finding, **_signed(waiver)}
        for finding in waivable(asked).iter_rows(named=True)
        if (waiver := standing.get((finding["rule"], finding["key"]))) and waiver.covers(finding)
    ]
    return pl.DataFrame(found, schema=WAIVED_SCHEMA).sort(SORTED_BY, nulls_last=False)


def _signed(waiver: Waiver) -> dict[str, str]:
    return {"until": waiver.until.isoformat(), "reason": waiver.why, "signer": waiver.signer, "signed_on": waiver.day.isoformat()}
