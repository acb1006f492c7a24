"""Records of an API as rows: the same text as a database gives, in the order of their numbers, nothing that no map names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connectors.cells import text_of
from connectors.column_maps import ApiTable
from connectors.errors import SourceChanged, SourceRefused
from connectors.rest.records import Gathering, moment_text
from infra.clock import SCHOOL_ZONE

WHERE = "https://qlnt.example/api/v1/diem"


def table(**changes: object) -> ApiTable:
    values = {
        "to": "marks", "source": "diem", "path": "/api/v1/diem", "row": "id",
        "required": {"pupil_code": "ma_hs", "score": "diem"}, "optional": {"entered_at": ("luc_nhap", "ngay_nhap"), "attempt": "lan"},
        **changes,
    }  # fmt: skip
    return ApiTable.model_validate(values)


def rows(*pages: list[dict[str, object]], **changes: object) -> list[dict[str, object]]:
    with TemporaryDirectory() as folder, closing(Gathering(table(**changes), WHERE, Path(folder, "rows"))) as gathering:
        for page in pages:
            gathering.add(page)
        gathering.finish()
        return gathering.rows().collect().rows(named=True)


def test_values_become_the_text_that_a_database_gives() -> None:
    values = ["07", "", "  ", "a", None, True, False, 5, 5.0, 9.5, 0.1, 10**20, -0.0, 1e300]
    told = rows([{"id": number, "ma_hs": "1", "diem": value} for number, value in enumerate(values, 1)])
    assert [row["score"] for row in told] == [text_of(value) for value in values]
    with sqlite3.connect(":memory:") as connection:
        for value in (9.5, 5.0, 5, 0.1, "07"):
            (back,) = connection.execute("SELECT ?", (value,)).fetchone()
            assert text_of(back) == rows([{"id": 1, "ma_hs": "1", "diem": value}])[0]["score"]
    assert rows([{"id": 1, "ma_hs": "1", "diem": 9.5}])[0]["score"] == text_of(Decimal("9.5"))


@pytest.mark.parametrize(
    ("told", "as_database"),
    [
        ("2027-05-20T08:15:00+07:00", datetime(2027, 5, 20, 8, 15, tzinfo=SCHOOL_ZONE)),
        ("2027-05-20T01:15:00Z", datetime(2027, 5, 20, 8, 15, tzinfo=SCHOOL_ZONE)),
        ("2027-05-20T01:15:00.987Z", datetime(2027, 5, 20, 8, 15, tzinfo=SCHOOL_ZONE)),
        ("2027-05-20T08:15:00", datetime(2027, 5, 20, 8, 15, tzinfo=SCHOOL_ZONE)),
        ("2018-03-04T17:00:00Z", date(2018, 3, 5)),  # midnight here is five in the afternoon there
        ("2018-03-05T00:00:00", date(2018, 3, 5)),
        ("2018-03-05", date(2018, 3, 5)),
    ],
)
def test_moments_are_the_schools_wall_clock(told: str, as_database: date) -> None:
    local = as_database.replace(tzinfo=None) if isinstance(as_database, datetime) else as_database
    assert rows([{"id": 1, "ma_hs": "1", "diem": None, "luc_nhap": told}])[0]["entered_at"] == text_of(local)


@pytest.mark.parametrize("value", ["2027-02-31T00:00:00Z", "9999-12-31T23:59:59Z", "05/03/2018", "T", 20270520, None, True])
def test_what_is_no_moment_stays_as_it_was_delivered(value: object) -> None:
    assert moment_text(value) == value


def test_texts_that_only_look_like_moments_are_left_alone_in_other_columns() -> None:
    assert rows([{"id": 1, "ma_hs": "2018-03-04T17:00:00Z", "diem": 1}])[0]["pupil_code"] == "2018-03-04T17:00:00Z"


def test_rows_stand_in_the_order_of_their_numbers_over_all_pages() -> None:
    told = rows([{"id": 7, "ma_hs": "7", "diem": 1}], [{"id": 3, "ma_hs": "3", "diem": 1}, {"id": "5", "ma_hs": "5", "diem": 1}])
    assert [(row["source_row"], row["pupil_code"]) for row in told] == [(3, "3"), (5, "5"), (7, "7")]


def test_without_a_numbering_field_the_place_in_the_stream_counts() -> None:
    told = rows([{"ma_hs": "b", "diem": 1}], [{"ma_hs": "a", "diem": 1}], row="")
    assert [(row["source_row"], row["pupil_code"]) for row in told] == [(1, "b"), (2, "a")]


def test_a_number_that_comes_twice_means_that_rows_moved_between_pages() -> None:
    with pytest.raises(SourceRefused, match="hai lần"):
        rows([{"id": 1, "ma_hs": "a", "diem": 1}], [{"id": 1, "ma_hs": "b", "diem": 1}])
    assert len(rows([{"id": None, "ma_hs": "a", "diem": 1}, {"id": None, "ma_hs": "b", "diem": 1}])) == 2


def test_a_page_without_the_numbering_field_has_rows_without_number() -> None:
    told = rows([{"id": 1, "ma_hs": "a", "diem": 1}], [{"ma_hs": "b", "diem": 1}])
    assert sorted((row["pupil_code"], row["source_row"]) for row in told) == [("a", 1), ("b", None)]


def test_a_table_of_many_batches_is_whole_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest.records.BATCH", 3)
    told = rows(*([{"id": 10 * page + place, "ma_hs": str(page), "diem": place} for place in range(1, 3)] for page in range(20)))
    assert [row["source_row"] for row in told] == [10 * page + place for page in range(20) for place in (1, 2)]


def test_fields_may_come_and_go_between_records_and_pages() -> None:
    told = rows([{"id": 1, "ma_hs": "a"}, {"id": 2, "diem": 5}], [{"lan": 2, "id": 3, "ma_hs": "c", "diem": "x"}])
    assert [(row["pupil_code"], row["score"], row["attempt"]) for row in told] == [("a", None, None), (None, "5", None), ("c", "x", "2")]


def test_only_mapped_fields_are_kept_and_by_any_of_their_names() -> None:
    (row,) = rows([{"ID": 1, "Ma_HS": "a", "diem": 1, "mat_khau": "bí mật", "ngay_nhap": "2027-05-20"}])
    assert row == {"pupil_code": "a", "score": "1", "entered_at": "2027-05-20", "source_row": 1}


def test_a_table_without_records_has_the_columns_of_its_map(tmp_path: Path) -> None:
    with closing(Gathering(table(), WHERE, tmp_path / "rows")) as gathering:
        gathering.add([])
        gathering.finish()
        frame = gathering.rows().collect()
    assert (frame.columns, frame.height) == (["pupil_code", "score", "entered_at", "attempt", "source_row"], 0)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"id": 1, "ma_hs": "Ước", "diem_so": 1}, ("“diem”", "“diem_so”")),
        ({"stt": 1, "ma_hs": "Ước", "diem": 1}, ("“id”", "đánh số dòng")),
        ({"id": 1, "ma_hs": {"ma": "Ước"}, "diem": 1}, ("“ma_hs”", "đối tượng")),
        ({"id": 1, "ma_hs": ["Ước"], "diem": 1}, ("“ma_hs”", "danh sách")),
        ({"id": 1, "ma_hs": "Ước \ud800", "diem": 1}, ("“ma_hs”", "chữ hỏng")),
        ({"id": 1, "ma_hs": "Ước", "MA_HS": "Ước", "diem": 1}, ("2 cột cùng tên",)),
    ],
)
def test_records_of_another_shape_name_the_field_and_never_its_value(record: dict[str, object], told: tuple[str, ...]) -> None:
    with pytest.raises(SourceChanged) as caught:
        rows([record])
    line = caught.value.line()
    assert all(text in line for text in told), line
    assert WHERE in line
    assert "Ước" not in line
