"""Ministry or province: told by a file's own values; what fits both is refused with both readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.delivery import Part
from connectors.errors import SourceRefused
from connectors.files.code_lists import code_lists, detected, settle_codes

if TYPE_CHECKING:
    from connectors.files.code_lists import Settled


def part(table: str, **columns: list[str | None]) -> Part:
    rows = pl.DataFrame({name: pl.Series(name, values, dtype=pl.String) for name, values in columns.items()})
    return Part(table, rows.with_row_index("source_row").cast({"source_row": pl.Int64}), tuple(columns), "x.xlsx", "Khối 1")


def settled(table: str, setting: str | None = None, **columns: list[str | None]) -> Settled:
    return settle_codes([part(table, **columns)], setting, "x.xlsx")


@pytest.mark.parametrize(
    ("place", "values", "reading"),
    [
        (("pupils", "sex"), ["01", "02"], "bo"),
        (("pupils", "sex"), ["1", "0"], "tinh"),
        (("pupils", "sex"), ["Nam", "Nữ"], None),
        (("pupils", "sex"), ["0", "Nam"], "tinh"),
        (("pupils", "sex"), ["1", "2"], "bo"),  # zeros lost: the ministry's list, and left as delivered
        (("pupils", "status"), ["01", "04"], "bo"),
        (("pupils", "status"), ["1", "3"], "?"),
        (("pupils", "status"), ["1", "4"], "?"),
        (("pupils", "status"), ["1"], "tinh"),  # both lists mean the same
        (("pupils", "status"), ["1", "2"], "bo"),
        (("pupils", "status"), ["Đang học"], None),
        (("pupils", "policy_category"), ["01", "08"], None),
        (("pupils", "policy_category"), ["01", "05"], "?"),
        (("staff", "staff_group"), ["01", "03"], "bo"),
        (("staff", "staff_group"), ["1", "2", "3"], "?"),
        (("staff", "status"), ["02"], "bo"),
        (("staff", "status"), ["1", "7"], "?"),
        (("staff", "status"), ["99"], None),
    ],
)
def test_a_column_tells_its_list(place: tuple[str, str], values: list[str], reading: str | None) -> None:
    assert detected(code_lists()[place], values) == reading


@pytest.mark.parametrize(
    ("table", "columns", "told"),
    [
        ("pupils", {"status": ["1", "3"]}, ("3 là “Nghỉ học xin học lại kỳ 1” theo Bộ, “Chuyển trường” theo tỉnh",)),
        ("staff", {"staff_group": ["1", "2"]}, ("2 là “Nhân viên” theo Bộ, “Giáo viên” theo tỉnh",)),
        ("pupils", {"policy_category": ["05"]}, ("“Mồ côi cả cha, mẹ” theo Bộ", "“Mồ côi cha hoặc mẹ” theo tỉnh")),
    ],
)
def test_what_fits_both_is_refused_with_both_readings(table: str, columns: dict[str, list[str | None]], told: tuple[str, ...]) -> None:
    with pytest.raises(SourceRefused) as caught:
        settled(table, **columns)
    line = caught.value.line()
    assert all(text in line for text in told), line
    assert 'code_list = "bo"' in line
    assert 'code_list = "tinh"' in line
    assert "x.xlsx" in line


def test_the_setting_of_the_map_decides() -> None:
    groups: list[str | None] = ["1", "2", "3", None]
    province = settled("staff", "tinh", staff_group=groups)
    assert province.parts[0].rows["staff_group"].to_list() == ["01", "03", "02", None]
    assert province.code_list == {"staff.staff_group": "tinh"}
    ministry = settled("staff", "bo", staff_group=groups)
    assert ministry.parts[0].rows["staff_group"].to_list() == groups, "a lost zero is reported by the rules, never put back"
    assert ministry.code_list == {"staff.staff_group": "bo"}


def test_a_certain_column_decides_for_the_others_of_its_file() -> None:
    read = settled("staff", sex=["0", "1"], status=["1", "2"], staff_group=["2", "2"])
    assert read.code_list == {"staff.sex": "tinh", "staff.status": "tinh", "staff.staff_group": "tinh"}
    assert read.parts[0].rows.select("sex", "status", "staff_group").rows() == [("Nữ", "01", "03"), ("Nam", "07", "03")]


def test_columns_that_contradict_each_other_decide_nothing() -> None:
    with pytest.raises(SourceRefused):
        settled("pupils", sex=["0"], policy_category=["05"], status=["04"])


def test_ministry_codes_and_names_pass_untouched() -> None:
    read = settled("pupils", sex=["Nam", "Nữ"], status=["01", "04"], policy_category=["01", None])
    assert read.parts[0].rows.select("sex", "status").rows() == [("Nam", "01"), ("Nữ", "04")]
    assert read.code_list == {"pupils.status": "bo"}


def test_the_provinces_statuses_take_their_term_from_the_date() -> None:
    dates: list[str | None] = ["2026-10-20", "20/02/2027", "2027-07-01", None, "31/12/2026"]
    read = settled("pupils", "tinh", status=["3", "3", "4", "4", "1"], status_date=dates)
    assert read.parts[0].rows["status"].to_list() == ["04", "08", "12", "4", "01"]
    assert "1 ô" in read.told[0], "a status without a date keeps the province's code, and that is told"


def test_the_provinces_orphan_is_not_the_ministrys() -> None:
    read = settled("pupils", "tinh", policy_category=["05", "08"])
    assert read.parts[0].rows["policy_category"].to_list() == ["Mồ côi cha hoặc mẹ", "08"]


def test_sheets_of_one_file_are_judged_together() -> None:
    parts = [part("pupils", sex=["1"], status=["1", "3"][:1]), part("pupils", sex=["0"], status=["3"])]
    assert settle_codes(parts, None, "x.xlsx").code_list == {"pupils.sex": "tinh", "pupils.status": "tinh"}
