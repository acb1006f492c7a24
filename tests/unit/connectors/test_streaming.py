"""Tables cleaned group by group while they come: what `clean_table` makes of the whole, in the same order, in the same bytes."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.records.cleaning import clean_moment, clean_table
from connectors.records.column import Kind
from connectors.records.streaming import Encoder, TableWriter, delivered, regrouped
from connectors.records.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = {"source_system": "qlnt", "source_file": "qlnt", "source_sheet": "bang"}
# Spellings that become one, texts that become null, blanks to tidy, letters to compose, all that typed columns refuse.
TEXTS = (
    None, "", "  ", "T", "t", " T ", "Đ", "ð", "Đang học", "đang  học", "Nu\u031b\u0303", "Nữ", "TV", "Tiếng Việt", "CK1", "cuối kì 1",
    "01", "1", "1.0", "9,5", "nan", "1e3", "Khối 3", "0793", "84908123456", "0908 123 456 / 0287", "2018-05-31", "31/05/2018", "30/02/2018",
    "2027-05-20 08:15:00", "2027-05-20T08:15:00", "2027-05-20 08:15", "2027-05-20 08:15:00.25", "x", "không", "Kinh", "Mẹ", "infinity",
)  # fmt: skip
GROUP = 64
COUNTS = (0, 1, 3 * GROUP + 8)  # nothing, one row, and a last group that is not full


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.records.streaming.ROWS_IN_A_GROUP", GROUP)


def messy(table: str, rows: int, *, seed: int = 1) -> pl.DataFrame:
    """Any text in any column; in every other column hardly one twice, and some texts only late."""
    dice = random.Random(seed)
    columns: dict[str, list[str | None]] = {}
    for number, column in enumerate(TABLES[table].own):
        known = TEXTS[: len(TEXTS) // 2], TEXTS
        cells = [dice.choice(known[row > GROUP]) for row in range(rows)]
        columns[column.name] = [f"{cell or ''}{row}" for row, cell in enumerate(cells)] if number % 4 == 1 else cells
    schema = dict.fromkeys(columns, pl.String)
    return pl.DataFrame({**columns, "source_row": list(range(2, rows + 2))}, schema={**schema, "source_row": pl.Int64})


def streamed(table: str, rows: pl.DataFrame, file: Path, cuts: tuple[int, ...] = (GROUP,)) -> pl.DataFrame:
    """Written in groups out of batches of these lengths, again and again."""
    whole, batches, at = delivered(rows), [], 0
    while at < rows.height:
        batches.append(whole.slice(at, cuts[len(batches) % len(cuts)]))
        at += batches[-1].num_rows
    encoder = Encoder()
    with closing(TableWriter(table, file, ORIGIN)) as writer:
        for group in regrouped(batches):
            writer.write(encoder.encode(group))
    assert writer.rows == rows.height
    return pl.read_parquet(file)


def cleaned(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return clean_table(table, rows.with_columns(pl.lit(text).alias(name) for name, text in ORIGIN.items())).select(TABLES[table].names)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("count", COUNTS)
def test_a_streamed_table_is_the_cleaned_table(table: str, count: int, tmp_path: Path) -> None:
    rows = messy(table, count)
    expected = cleaned(table, rows)
    found = streamed(table, rows, tmp_path / "x.parquet")
    assert found.schema == TABLES[table].schema
    assert found.equals(expected)


def test_columns_that_are_not_delivered_are_null(tmp_path: Path) -> None:
    found = streamed("marks", messy("marks", 3).select("pupil_code", "source_row"), tmp_path / "x.parquet")
    assert found.schema == TABLES["marks"].schema
    assert set(found.drop("pupil_code", "source_row", *ORIGIN).null_count().row(0)) == {3}


def test_the_same_rows_give_the_same_bytes_however_they_were_cut(tmp_path: Path) -> None:
    rows = messy("marks", COUNTS[-1])
    for number, cuts in enumerate([(GROUP,), (7, 1, 150), (1000,)]):
        streamed("marks", rows, tmp_path / f"{number}.parquet", cuts)
    first, *others = [(tmp_path / f"{number}.parquet").read_bytes() for number in range(3)]
    assert all(other == first for other in others)


def test_no_group_is_longer_than_what_is_held(tmp_path: Path) -> None:
    streamed("marks", messy("marks", COUNTS[-1]), tmp_path / "x.parquet", (COUNTS[-1],))
    written = pq.read_metadata(tmp_path / "x.parquet")
    assert [written.row_group(number).num_rows for number in range(written.num_row_groups)] == [GROUP, GROUP, GROUP, 8]


def test_texts_that_repeat_are_shared_and_the_others_are_not() -> None:
    count = 5000
    frame = pl.DataFrame({"subject": ["TV", "TO"] * (count // 2), "entered_at": [f"m{number}" for number in range(count)]})
    encoded = Encoder().encode(delivered(frame))
    assert [pa.types.is_dictionary(column.type) for column in encoded.columns] == [True, False]
    assert encoded.column(0).dictionary.to_pylist() == ["TV", "TO"]


@pytest.mark.parametrize(
    "texts", [TEXTS, ("2027-05-20", "2027-05-20 08:15:00"), ("2027-02-30 08:15:00",), ("2027-05-20 08:15+07",), (None,)]
)
def test_a_moment_is_the_same_whatever_else_is_in_its_batch(texts: tuple[str | None, ...]) -> None:
    def read(values: tuple[str | None, ...]) -> list[object]:
        return pl.DataFrame({"text": values}, schema={"text": pl.String}).select(clean_moment(pl.col("text"))).to_series().to_list()

    assert read(texts) == [read((text,))[0] for text in texts]


def test_every_canonical_column_comes_of_one_delivered_column() -> None:
    """What `clean_texts` stands on: a moment that is derived would miss its short cut."""
    moments = [(table.name, column.name) for table in TABLES.values() for column in table.own if column.kind is Kind.MOMENT]
    assert moments == [("marks", "entered_at")]
