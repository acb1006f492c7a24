"""Quarantine: what cannot be a row is kept with its reason, travels with the night, and is gone once the source is right."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.catalogue import combine, last_good
from connectors.delivery import Delivery, Part
from connectors.records.quarantine import NO_KEY, NOT_A_ROW, SCHEMA
from connectors.records.snapshot import MANIFEST, damaged_tables, open_snapshot, sha256_of, write_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot

DAY = date(2027, 5, 31)
ROWS = pl.DataFrame({"pupil_code": ["79"], "full_name": ["Đặng"], "source_row": [7]})
STRAYS = pl.DataFrame({"full_name": [None, 'Tổng "cộng"\n; 2\\'], "grade": ["3", None], "source_row": [9, 12]})


def pulled(system: str, folder: Path, *, strays: bool = True) -> Snapshot:
    delivery = Delivery(system, parts=[Part("pupils", ROWS, ("pupil_code", "full_name"), "tep.xlsx", "Khối 3")])
    if strays:
        delivery.set_aside("pupils", NO_KEY, "tep.xlsx", "Khối 3", STRAYS)
        delivery.set_aside("pupils", NOT_A_ROW, "tep.xlsx", "", STRAYS.lazy().select("source_row"))
    return delivery.snapshot(folder, DAY)


def test_each_row_is_kept_with_reason_place_and_values(tmp_path: Path) -> None:
    snapshot = pulled("csdl", tmp_path / "csdl")
    kept = snapshot.quarantine().collect()
    assert kept.schema == SCHEMA
    assert kept.select("table", "reason", "source_system", "source_file", "source_sheet", "source_row").rows() == [
        ("pupils", NO_KEY, "csdl", "tep.xlsx", "Khối 3", 9),
        ("pupils", NO_KEY, "csdl", "tep.xlsx", "Khối 3", 12),
        ("pupils", NOT_A_ROW, "csdl", "tep.xlsx", "", 9),
        ("pupils", NOT_A_ROW, "csdl", "tep.xlsx", "", 12),
    ]
    assert [json.loads(values) for values in kept["values"]] == [{"grade": "3"}, {"full_name": 'Tổng "cộng"\n; 2\\'}, {}, {}]


def test_what_is_kept_is_counted_and_is_no_row_of_the_table(tmp_path: Path) -> None:
    snapshot = pulled("csdl", tmp_path / "csdl")
    assert snapshot.sources["csdl"].quarantined == {"pupils": 4}
    assert snapshot.rows["pupils"] == 1
    assert "quarantine" not in snapshot.rows


def test_a_row_without_number_and_no_rows_at_all(tmp_path: Path) -> None:
    delivery = Delivery("csdl")
    delivery.set_aside("marks", NOT_A_ROW, "a.csv", "", pl.DataFrame({"Mã": ["x"]}))
    delivery.set_aside("traits", NOT_A_ROW, "a.csv", "", pl.DataFrame(schema={"Mã": pl.String}))
    snapshot = delivery.snapshot(tmp_path / "csdl", DAY)
    assert snapshot.sources["csdl"].quarantined == {"marks": 1}
    assert snapshot.quarantine().select("source_row", "values").collect().rows() == [(None, '{"Mã":"x"}')]


def test_its_hash_is_in_the_manifest_and_damage_is_found(tmp_path: Path) -> None:
    folder = pulled("csdl", tmp_path / "csdl").folder
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["quarantine"] == {"rows": 4, "sha256": sha256_of(folder / "quarantine.parquet")}
    assert not damaged_tables(folder)
    (folder / "quarantine.parquet").write_bytes(b"")
    assert damaged_tables(folder) == ["quarantine"]


def test_a_night_has_those_of_all_systems_in_order_and_the_same_bytes(tmp_path: Path) -> None:
    parts = {system: pulled(system, tmp_path / system) for system in ("staff", "csdl")}
    night = combine(parts, tmp_path / "nights" / DAY.isoformat(), DAY)
    assert night.quarantine().select("source_system").collect()["source_system"].to_list() == ["csdl"] * 4 + ["staff"] * 4
    again = combine(dict(reversed(parts.items())), tmp_path / "again", DAY)
    assert {path.name: path.read_bytes() for path in night.folder.iterdir()} == {
        path.name: path.read_bytes() for path in again.folder.iterdir()
    }


def test_last_good_data_bring_their_quarantine_and_only_theirs(tmp_path: Path) -> None:
    nights = tmp_path / "data" / "snapshots"
    combine({system: pulled(system, tmp_path / system) for system in ("staff", "csdl")}, nights / DAY.isoformat(), DAY)
    found = last_good("csdl", nights, DAY + timedelta(1))
    assert found is not None
    assert found.quarantine().collect()["source_system"].to_list() == ["csdl"] * 4
    assert found.sources["csdl"].quarantined == {"pupils": 4}


def test_a_source_that_was_put_right_releases_it(tmp_path: Path) -> None:
    nights = tmp_path / "snapshots"
    combine({"csdl": pulled("csdl", tmp_path / "wrong")}, nights / "1", DAY)
    night = combine({"csdl": pulled("csdl", tmp_path / "right", strays=False)}, nights / "2", DAY)
    assert night.quarantine().collect().is_empty()
    assert night.sources["csdl"].quarantined == {}


def test_a_night_from_before_there_was_a_quarantine_can_still_be_used(tmp_path: Path) -> None:
    nights = tmp_path / "data" / "snapshots"
    night = combine({"csdl": pulled("csdl", tmp_path / "csdl", strays=False)}, nights / DAY.isoformat(), DAY)
    manifest = json.loads((night.folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["quarantine"]
    (night.folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (night.folder / "quarantine.parquet").unlink()
    assert open_snapshot(night.folder).quarantine().collect().is_empty()
    found = last_good("csdl", nights, DAY + timedelta(1))
    assert found is not None
    assert found.quarantine().collect().is_empty()


def test_a_snapshot_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown columns"):
        write_snapshot(tmp_path / "out", DAY, {"pupils": pl.LazyFrame({"no_such": ["x"]})}, {})
    assert list(tmp_path.iterdir()) == []


def test_lazy_and_whole_frames_give_the_same_bytes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"pupil_code": [str(number) for number in range(100_000)]})
    pieces = pl.concat([frame[:7], frame[7:60_000], frame[60_000:]], rechunk=False)
    whole = write_snapshot(tmp_path / "whole", DAY, {"pupils": frame}, {})
    lazy = write_snapshot(tmp_path / "lazy", DAY, {"pupils": pieces.lazy()}, {})
    assert whole.path("pupils").read_bytes() == lazy.path("pupils").read_bytes()
    assert lazy.scan("pupils").collect()["pupil_code"].equals(frame["pupil_code"])
