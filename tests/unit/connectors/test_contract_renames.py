"""A vanished and a new column that look alike are told as a rename, with the line to paste."""

from __future__ import annotations

import tomllib

import pytest

from connectors.column_maps import DatabaseMap, load_map
from connectors.contract import Breach, Kind
from connectors.headings import Header, known_headings
from connectors.renames import Headed, with_renames

LOST = Breach(Kind.LOST_COLUMN, "pupils", "disability")


def headed(*headings: str) -> list[Headed]:
    column_map = load_map("qlnt_2026")
    assert isinstance(column_map, DatabaseMap)
    tables = tuple(table for table in column_map.tables if table.source == "hoc_sinh")
    return [Headed(Header(headings, "bảng “hoc_sinh”", known_headings(tables)), tables)]


def test_the_line_to_paste_is_toml_and_holds_the_old_and_the_new_name() -> None:
    (told,) = with_renames([LOST], headed("id", "ma_hs", "loai_khuyettat", "mat_khau"), "qlnt_2026")
    assert "“loai_khuyettat”" in told.line()
    assert "[tables.optional] của qlnt_2026.toml" in told.line()
    line = told.advice.rpartition("qlnt_2026.toml: ")[2]
    assert tomllib.loads(line) == {"disability": ["loai_khuyet_tat", "loai_khuyettat"]}


@pytest.mark.parametrize(
    "headings", [("id", "ma_hs", "mat_khau_phu_huynh"), ("id", "loai_nhap_hoc"), ("loai_khuyet_tat", "loai_khuyettat")]
)
def test_a_column_that_is_unlike_known_or_still_there_is_no_rename(headings: tuple[str, ...]) -> None:
    assert with_renames([LOST], headed(*headings), "qlnt_2026") == (LOST,)


def test_other_breaches_stay_as_they_are() -> None:
    fall = Breach(Kind.CHANGE, "pupils", before=9, now=1)
    assert with_renames([fall], headed("loai_khuyettat"), "qlnt_2026") == (fall,)
