"""Which code list a file uses, the ministry's or the province's: they contradict each other (rules.md §3.2).

Told by the file's own values, column by column, never by a guess: `04` and `4` are different pupils' fates. A
column whose values fit both lists with different meanings is decided by the file's other columns or by the
map, else refused. What is known is written as ministry code; a zero that a spreadsheet lost is not put back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from connectors.errors import SourceRefused
from connectors.records.cleaning import clean_date
from connectors.records.codes import codes_of, reference
from connectors.records.school_year import SchoolYear
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from connectors.delivery import Part

MINISTRY, PROVINCE = "bo", "tinh"
LABELS = {MINISTRY: "danh mục của Bộ", PROVINCE: "danh mục của tỉnh"}
SHOWN = 4  # codes with both their meanings in an error
SUMMER_MONTHS = (6, 7, 8)  # HS-7: August is no school month yet, although the calendar's roll-over begins in it
# Province's statuses of a pupil that leave the term open: by term 1, term 2, summer (rules.md HS-7).
LEFT_IN_TERM: Mapping[str, tuple[str, str, str]] = {"3": ("04", "08", "11"), "4": ("05", "09", "12")}


@dataclass(frozen=True, slots=True)
class CodeList:
    """One column's two readings: code -> meaning in each list, and the province's codes as canonical values."""

    ministry: Mapping[str, str]
    province: Mapping[str, str]
    canonical: Mapping[str, str]
    same_spelling: frozenset[str] = frozenset()  # codes that both lists write alike and mean differently

    @property
    def lost_zeros(self) -> dict[str, str]:
        """Ministry codes as a spreadsheet leaves them when it takes them for numbers."""
        return {code.lstrip("0"): meaning for code, meaning in self.ministry.items() if code.startswith("0")}


@dataclass(frozen=True, slots=True)
class Settled:
    """Parts with ministry codes; `code_list`: `table.column` -> list that its values are of; `told`: what stays open."""

    parts: tuple[Part, ...]
    code_list: Mapping[str, str]
    told: tuple[str, ...] = ()


@cache
def code_lists() -> dict[tuple[str, str], CodeList]:
    """The columns whose lists contradict each other, by (table, column)."""
    sexes = reference()["gioi_tinh"]
    sex = CodeList(
        {entry["ma_bo"]: entry["ten"] for entry in sexes},
        {entry["ma_tinh_2020"]: entry["ten"] for entry in sexes},
        {entry["ma_tinh_2020"]: entry["ten"] for entry in sexes},
    )
    pupil = CodeList(codes_of("trang_thai_hoc_sinh"), {"1": "Đang học", "3": "Chuyển trường", "4": "Bỏ học"}, {"1": "01"})
    return {
        ("pupils", "sex"): sex, ("staff", "sex"): sex, ("pupils", "status"): pupil, ("movements", "kind"): pupil,
        ("pupils", "policy_category"): _policies(), ("staff", "staff_group"): _groups(), ("staff", "status"): _staff_statuses(),
    }  # fmt: skip


def _policies() -> CodeList:
    orphan = "Mồ côi cha hoặc mẹ"
    ministry = codes_of("dien_chinh_sach")
    # The ministry has no code for it: the province's own words say what is meant.
    return CodeList(ministry, {**ministry, "05": orphan}, {"05": orphan}, frozenset({"05"}))


def _groups() -> CodeList:
    return CodeList(codes_of("nhom_can_bo"), {"1": "Cán bộ quản lý", "2": "Giáo viên", "3": "Nhân viên"}, {"1": "01", "2": "03", "3": "02"})


def _staff_statuses() -> CodeList:
    ministry = codes_of("trang_thai_can_bo")
    order = ("01", "07", "02", "03", "04", "05", "06")  # the province's 1 to 7
    canonical = {str(number): code for number, code in enumerate(order, 1)}
    return CodeList(ministry, {number: ministry[code] for number, code in canonical.items()}, canonical)


def settle_codes(parts: Sequence[Part], setting: str | None, where: str) -> Settled:
    """The parts of one file with ministry codes, and the list of each column.

    `setting`: what the map says (`code_list`) where values fit both lists. SourceRefused when neither decides.
    """
    values = {place: _values(parts, *place) for place in code_lists()}
    told = {place: detected(code_lists()[place], found) for place, found in values.items() if found}
    certain = {name for name in told.values() if name in LABELS}
    decided = setting or (next(iter(certain)) if len(certain) == 1 else None)
    lists: dict[str, str] = {}
    for place, name in told.items():
        if name == "?" and decided is None:
            raise _ambiguous(place, values[place], where)
        if chosen := decided if name == "?" else name:
            lists[".".join(place)] = chosen
    settled = tuple(_canonical(part, lists) for part in parts)
    return Settled(settled, lists, tuple(_left_open(settled, lists, where)))


def _values(parts: Iterable[Part], table: str, column: str) -> set[str]:
    rows = [part.rows[column] for part in parts if part.table == table and column in part.rows.columns]
    return {text.strip() for series in rows for text in series.drop_nulls().unique()}


def detected(codes: CodeList, values: Iterable[str]) -> str | None:
    """`bo`, `tinh`, `?` when the values fit both with different meanings, None when they are no codes at all."""
    used = {text for text in values if text.isdigit()}
    if not used:
        return None
    if used & codes.same_spelling and used <= set(codes.ministry):
        return "?"
    if used <= set(codes.ministry):
        return MINISTRY if used - set(codes.province) else None  # both lists say the same
    lost = codes.lost_zeros
    if used <= set(codes.province):
        return "?" if all(text in lost for text in used) and any(lost[text] != codes.province[text] for text in used) else PROVINCE
    return MINISTRY if used <= {*codes.ministry, *lost} else None


def _ambiguous(place: tuple[str, str], values: Iterable[str], where: str) -> SourceRefused:
    codes = code_lists()[place]
    readings = {code: (codes.ministry.get(code) or codes.lost_zeros.get(code), codes.province.get(code)) for code in sorted(values)}
    differing = [(code, *both) for code, both in readings.items() if all(both) and both[0] != both[1]]
    examples = "; ".join(f"{code} là “{ours}” theo Bộ, “{theirs}” theo tỉnh" for code, ours, theirs in differing[:SHOWN])
    return SourceRefused(
        f"Cột {TABLES[place[0]].label_of(place[1])} dùng mã khớp cả hai danh mục: {examples}",
        where=where,
        fix=f'ghi `code_list = "{MINISTRY}"` (của Bộ) hoặc `code_list = "{PROVINCE}"` (của tỉnh) vào [[files]] của bản đồ cột rồi chạy lại',
    )


def _canonical(part: Part, lists: Mapping[str, str]) -> Part:
    """The part with the province's codes as ministry codes. Statuses that leave the term open need their date."""
    columns = [name for name in part.rows.columns if lists.get(f"{part.table}.{name}") == PROVINCE]
    rows = part.rows
    for name in columns:
        codes = code_lists()[part.table, name]
        text = pl.col(name).str.strip_chars()
        rows = rows.with_columns(text.replace(dict(codes.canonical)))
        dated = {"status": "status_date", "kind": "date"}.get(name) if codes.ministry is codes_of("trang_thai_hoc_sinh") else None
        if dated in rows.columns:
            rows = rows.with_columns(_by_term(rows, name, str(dated)))
    return replace(part, rows=rows) if columns else part


def _by_term(rows: pl.DataFrame, name: str, dated: str) -> pl.Series:
    days = rows.select(clean_date(pl.col(dated)))[dated].to_list()
    told = [LEFT_IN_TERM[code][_term(day)] if code in LEFT_IN_TERM and day else code for code, day in zip(rows[name], days, strict=True)]
    return pl.Series(name, told, dtype=pl.String)


def _term(day: date) -> int:
    if day.month in SUMMER_MONTHS:
        return 2
    return int((day.month, day.day) >= SchoolYear.of(day).second_term_starts and day.year > SchoolYear.of(day).start_year)


def _left_open(parts: Iterable[Part], lists: Mapping[str, str], where: str) -> list[str]:
    """How many statuses kept the province's code because no date says the term."""
    places = [(part, name) for part in parts for name in ("status", "kind") if name in part.rows.columns and part.table != "staff"]
    open_ones: Counter[str] = Counter()
    for part, name in places:
        if lists.get(f"{part.table}.{name}") == PROVINCE:
            open_ones[TABLES[part.table].label_of(name)] += part.rows.filter(pl.col(name).is_in(list(LEFT_IN_TERM))).height
    return [
        f"{where}: {count} ô {label} theo mã tỉnh không có ngày nên chưa rõ học kỳ, giữ nguyên"
        for label, count in open_ones.items()
        if count
    ]
