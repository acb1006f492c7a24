"""Signing an exception: one rule, one key, until a day of this term, written down with who, when and why.

`data/accepted/waivers/signed.jsonl` is only ever appended to (flows/signed_log.py) and is kept by the backup with the
other acts of a person. What a waiver does to a night is told by expectations/waivers.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.records.school_year import SchoolYear
from expectations.findings import SORTED_BY
from expectations.ledger import load_result
from expectations.rules import all_rules
from expectations.waivers import WAIVABLE, Waiver, digest_of_value, place_of
from flows.accepting import ACCEPTED
from flows.pulling import NIGHT_FOLDERS
from flows.signed_log import append, digest_of, entries, signature
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from expectations.check import QualityResult
    from expectations.waivers import State
    from flows.home import Home

WAIVERS, SIGNED = "waivers", "signed.jsonl"
WAIVE, WITHDRAW = "waive", "withdraw"
KEYS_SHOWN, RULES_SHOWN = 8, 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for: the exception, its reason, its last day (None: the end of the term) and who answers for it."""

    rule: str
    key: str
    why: str
    until: date | None = None
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Night:
    """The newest night that was checked: what is open there is what can be waived."""

    day: date
    result: QualityResult


def newest_night(home: Home) -> Night:
    """ConfigurationError when no night was checked yet."""
    folders = sorted(folder for folder in home.folder("findings").glob(NIGHT_FOLDERS) if (folder / "examined.json").is_file())
    if not folders:
        raise ConfigurationError("Chưa có đêm nào được kiểm tra", where=str(home.data), fix="chạy `truong nightly` trước")
    return Night(date.fromisoformat(folders[-1].name), load_result(folders[-1]))


def waive(home: Home, night: Night, asked: Asked, day: date) -> Waiver:
    """Write down an exception for a finding of the night. ConfigurationError, with what can be done instead, when it may not be."""
    until = _last_day(asked.until, day)
    found = _findings(night, asked)
    states = {place_of(finding): digest_of_value(finding) for finding in found}
    return _write(home, WAIVE, replace(asked, until=until), day, states)


def withdraw(home: Home, asked: Asked, day: date) -> Waiver:
    """Take an exception back from a day on. ConfigurationError when there is none to take back."""
    standing = [each for each in waivers(home) if (each.rule, each.key) == (asked.rule, asked.key) and each.stands_on(day)]
    if not standing:
        raise ConfigurationError(f"Không có ngoại lệ nào cho {asked.rule} {asked.key}", fix="xem `truong waive --list`")
    return _write(home, WITHDRAW, replace(asked, until=standing[-1].until), day, dict(standing[-1].states))


def waivers(home: Home) -> list[Waiver]:
    """Every exception that was ever signed and whose line is whole, oldest first, with the day it was taken back."""
    found: list[Waiver] = []
    for entry in entries(_file(home)):
        try:
            # An edited or torn line is nobody's signature: the finding is open again.
            if entry.pop("digest") != digest_of(entry):
                continue
            act, line = entry.pop("act"), _waiver(entry)
        except (KeyError, TypeError, ValueError):
            continue
        found = [*_taken_back(found, line), *([line] if act == WAIVE else [])]
    return found


def listed(night: Night, signed: Iterable[Waiver], day: date) -> list[tuple[Waiver, State]]:
    """Each exception and how it stands on a day, by the findings of the night."""
    return [(waiver, waiver.state_on(day, _rows(night.result.findings, waiver.rule, waiver.key))) for waiver in signed]


def _taken_back(found: Sequence[Waiver], line: Waiver) -> list[Waiver]:
    """What stood for the same place ends with the day of a newer act, be it another signature or a withdrawal."""
    same = [each for each in found if (each.rule, each.key) == (line.rule, line.key) and each.withdrawn_on is None]
    return [replace(each, withdrawn_on=line.day) if each in same else each for each in found]


def _last_day(until: date | None, day: date) -> date:
    end = SchoolYear.of(day).end_of_term(day)
    if until is None:
        return end
    if until < day:
        fix = f"chọn một ngày từ {vietnamese_date(day)} đến {vietnamese_date(end)}"
        raise ConfigurationError(f"Ngày {vietnamese_date(until)} đã qua", where="--until", fix=fix)
    if until > end:
        fix = f"chọn ngày không sau {vietnamese_date(end)}; sang kỳ mới thì xem lại và ký lại"
        raise ConfigurationError("Ngoại lệ chỉ được đến hết học kỳ", where=f"--until {vietnamese_date(until)}", fix=fix)
    return until


def _findings(night: Night, asked: Asked) -> list[dict[str, Any]]:
    """The night's findings that are asked for."""
    _require_rule(asked.rule)
    rows = _rows(night.result.findings, asked.rule, asked.key)
    if not rows:
        raise ConfigurationError(_not_open(night, asked), where=asked.rule, fix=_what_is_open(night, asked))
    return rows


def _rows(findings: pl.DataFrame, rule: str, key: str) -> list[dict[str, Any]]:
    return findings.filter((pl.col("rule") == rule) & (pl.col("key") == key)).sort(SORTED_BY).to_dicts()


def _require_rule(code: str) -> None:
    """ConfigurationError for a rule that there is not, or that no exception can be signed for."""
    known = {rule.code: rule for rule in all_rules()}
    if code in known and known[code].severity not in WAIVABLE:
        fix = "hỏi nơi quản lý hệ thống nguồn; thay đổi là đúng thì dùng `truong accept-change`"
        raise ConfigurationError("Mức «dừng» không ký ngoại lệ được", where=code, fix=fix)
    if code not in known:
        near = ", ".join(get_close_matches(code, known, RULES_SHOWN))
        fix = f"có phải {near}? xem `truong rules list`" if near else "xem `truong rules list`"
        raise ConfigurationError(f"Không có quy tắc «{code}»", fix=fix)


def _not_open(night: Night, asked: Asked) -> str:
    folded = night.result.folded.filter((pl.col("rule") == asked.rule) & (pl.col("key") == asked.key))
    told = f"«{asked.key}» không có trong danh sách của đêm {vietnamese_date(night.day)}"
    if folded.is_empty():
        return told
    return f"{told}: nằm trong nguyên nhân chung {folded['root_rule'][0]} «{folded['root_key'][0]}»"


def _what_is_open(night: Night, asked: Asked) -> str:
    keys = night.result.findings.filter(pl.col("rule") == asked.rule)["key"].unique().sort().drop_nulls().to_list()
    if not keys:
        return "đêm đó quy tắc này không thấy chỗ nào sai, không có gì phải ký"
    near = get_close_matches(asked.key, keys, KEYS_SHOWN) or keys
    more = f" … (tất cả {number(len(keys))})" if len(keys) > KEYS_SHOWN else ""
    return f"chọn trong: {', '.join(near[:KEYS_SHOWN])}{more}"


def _write(home: Home, act: str, asked: Asked, day: date, states: dict[str, str]) -> Waiver:
    signed = signature()
    entry: dict[str, Any] = {
        "act": act,
        **signed,
        "signer": asked.signer or signed["who"],
        "why": asked.why,
        "day": day.isoformat(),
        "rule": asked.rule,
        "key": asked.key,
        "until": asked.until.isoformat() if asked.until else None,
        "states": states,
    }
    append(_file(home), {**entry, "digest": digest_of(entry)})
    return _waiver({name: value for name, value in entry.items() if name != "act"})


def _waiver(entry: dict[str, Any]) -> Waiver:
    days = {name: date.fromisoformat(entry[name]) for name in ("day", "until")}
    return Waiver(**{**entry, **days})


def _file(home: Home) -> Path:
    return home.folder(ACCEPTED) / WAIVERS / SIGNED
