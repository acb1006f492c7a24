"""The school's system as a real SQLite file: what arrives, what it refuses, and that it is never written or created."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from connectors.sql.source import DatabaseSource
from tests.integration.connector_sources import CODE, DAY, MOVED_ON, QLNT_ROWS, fetched, left_over, source_of, sql, write_qlnt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write_qlnt(tmp_path / "qlnt" / "qlnt.sqlite")


def test_rows_become_canonical_in_the_order_of_their_numbers(database: Path, tmp_path: Path) -> None:
    assert database.is_file()
    snapshot = fetched(tmp_path, "qlnt", tmp_path / "out")
    first, second = snapshot.scan("pupils").collect().rows(named=True)
    assert (first["source_row"], second["source_row"]) == (3, 7)
    assert second == {
        "pupil_code": CODE, "personal_number": "079218000001", "full_name": "Đặng Thị Ước", "birth_date": date(2018, 3, 5),
        "birth_date_text": "2018-03-05", "sex": "Nữ", "ethnicity": "01", "ethnicity_text": "01", "nationality": "Việt Nam",
        "permanent_address": "Số 5, đường Ước", "policy_category": None, "disability": None, "not_assessed": False,
        "contact_phone": "0908123456", "contact_phone_text": "+84 908 123 456", "class_name": "3A", "grade": 3, "enrolment_kind": "4",
        "status": "01", "status_date": None, "source_system": "qlnt", "source_file": "qlnt", "source_sheet": "hoc_sinh", "source_row": 7,
    }  # fmt: skip
    assert (first["birth_date"], first["birth_date_text"], first["personal_number"]) == (None, "31/02/2018", "079018000002")
    assert (first["contact_phone"], first["status_date"], first["not_assessed"]) == ("0908123457", date.fromisoformat(MOVED_ON), True)
    marks = (
        snapshot.scan("marks")
        .select("subject", "time", "level", "level_text", "score", "score_value", "attempt", "entered_at")
        .collect()
        .rows()
    )
    assert marks == [
        ("CN", "CK1", "T", "HTT", "9,5", 9.5, None, None),
        ("TV", "CN", "T", "T", "10.0", 10.0, 1, datetime(2027, 5, 20, 8, 15)),  # noqa: DTZ001 - the school's wall clock
        ("DD", "GK1", None, "X", None, None, 1, None),
    ]
    assert snapshot.scan("traits").select("time", "level", "level_text").collect().rows() == [("CN", "Đ", "\u00d0")]
    assert snapshot.scan("guardians").select("relation", "birth_year").collect().rows() == [("mẹ", 1988), ("cha", None)]
    assert snapshot.scan("accounts").select("account_system", "active").collect().rows() == [("qlnt", True)]


def test_state_says_the_age_what_was_set_aside_and_what_landed(database: Path, tmp_path: Path) -> None:
    assert database.is_file()
    state = fetched(tmp_path, "qlnt", tmp_path / "out").sources["qlnt"]
    landing = tmp_path / "out" / "landing" / "2027-05-31" / "qlnt"
    assert state.data_as_of == DAY
    assert state.quarantined == {"pupils": 1}
    assert state.files == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in landing.iterdir()}
    landed = pl.read_parquet(landing / "hoc_sinh.parquet")
    assert landed.height == len(QLNT_ROWS["hoc_sinh"]), "what is set aside stays in the landing"
    assert "  Đặng  Thị Ước " in landed["full_name"].to_list(), "landed as it came"
    assert "bí mật" not in str(landed.to_dicts()), "columns that no map names are never pulled"


def test_two_pulls_give_the_same_bytes(database: Path, tmp_path: Path) -> None:
    assert database.is_file()
    for out in ("one", "two"):
        fetched(tmp_path, "qlnt", tmp_path / out)
    one, two = ({path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*.*")} for out in ("one", "two"))
    assert one == two


def test_a_path_with_blanks_marks_and_signs(tmp_path: Path) -> None:
    folder = tmp_path / "Dữ liệu của trường? #1 100%"
    write_qlnt(folder / "qlnt" / "Quản lý.sqlite")
    assert fetched(folder, "qlnt", tmp_path / "out").rows["pupils"] == 2


def test_no_info_table_means_no_age(database: Path, tmp_path: Path) -> None:
    sql(database, "DROP TABLE thong_tin")
    assert fetched(tmp_path, "qlnt", tmp_path / "out").sources["qlnt"].data_as_of is None


def test_a_lost_optional_column_is_not_delivered(database: Path, tmp_path: Path) -> None:
    sql(database, "ALTER TABLE phu_huynh DROP COLUMN nam_sinh")
    snapshot = fetched(tmp_path, "qlnt", tmp_path / "out")
    assert not snapshot.delivers("qlnt", "guardians", ["birth_year"])
    assert snapshot.delivers("qlnt", "guardians", ["full_name"])


def test_the_file_is_not_changed_and_could_not_be(database: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    source = source_of(tmp_path, "qlnt", tmp_path / "out")
    source.fetch(DAY)
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in database.parent.iterdir()] == ["qlnt.sqlite"], "no journal beside it"
    assert isinstance(source, DatabaseSource)
    with source.access.engine() as engine, source.access.read_only(engine) as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM hoc_sinh")


def _missing(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _no_database(file: Path) -> None:
    file.write_bytes(b"this is not a database, whatever its name says" * 100)


def _torn(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xff" * 16384 + content[24576:])


def _lost_table(file: Path) -> None:
    sql(file, "ALTER TABLE diem RENAME TO diem_2027")


def _lost_column(file: Path) -> None:
    sql(file, "ALTER TABLE hoc_sinh RENAME COLUMN ngay_sinh TO ngay_sinh_hs")


def _no_pupils(file: Path) -> None:
    sql(file, "DELETE FROM hoc_sinh")


def _not_utf8(file: Path) -> None:
    sql(file, "UPDATE hoc_sinh SET ho_ten = CAST(X'4E677579E1BB' AS TEXT)")


BREAKS: dict[str, tuple[Callable[[Path], None], type[SourceError], tuple[str, ...]]] = {
    "missing": (_missing, SourceUnreachable, ("qlnt.sqlite", "Không thấy")),
    "empty": (_empty, SourceRefused, ("qlnt.sqlite", "rỗng")),
    "not a database": (_no_database, SourceRefused, ("qlnt.sqlite", "không phải là cơ sở dữ liệu")),
    "torn": (_torn, SourceRefused, ("qlnt.sqlite",)),
    "lost table": (_lost_table, SourceChanged, ("“diem”",)),
    "lost column": (_lost_column, SourceChanged, ("“ngay_sinh”", "bảng “hoc_sinh”", "“ngay_sinh_hs”")),
    "no pupils": (_no_pupils, SourceRefused, ("không có dòng nào", "“hoc_sinh”")),
    "not UTF-8": (_not_utf8, SourceRefused, ("từ chối đọc",)),
}


@pytest.mark.parametrize("name", BREAKS)
def test_bad_input_is_one_line_and_leaves_nothing(name: str, database: Path, tmp_path: Path) -> None:
    spoil, kind, told = BREAKS[name]
    spoil(database)
    with pytest.raises(SourceError) as caught:
        fetched(tmp_path, "qlnt", tmp_path / "out")
    assert type(caught.value) is kind, caught.value
    line = caught.value.line()
    assert all(text in line for text in told), line
    assert "→" in line
    assert "Nguy" not in line, "no value of a row in an error"
    assert left_over(tmp_path / "out") == []
    assert database.exists() == (name != "missing"), "a missing file is never created"


def test_a_locked_database_is_refused_after_a_while(database: Path, tmp_path: Path) -> None:
    source = source_of(tmp_path, "qlnt", tmp_path / "out")
    assert isinstance(source, DatabaseSource)
    impatient = replace(source, access=replace(source.access, patience=0.2))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceRefused, match="khóa"):
            impatient.fetch(DAY)
    assert left_over(tmp_path / "out") == []
    assert impatient.fetch(DAY).rows["pupils"] == 2


def test_rows_still_in_the_write_ahead_log_are_seen(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as system:
        system.execute("PRAGMA journal_mode = WAL")
        system.execute("INSERT INTO phan_cong VALUES (3, '3A', 'TO', 'CB001')")
        assert fetched(tmp_path, "qlnt", tmp_path / "out").rows["assignments"] == 3
