"""From settings or a folder to sources, from sources to a night, and what stands in for a system that failed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.catalogue import build_sources, combine, last_good, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from connectors.errors import SourceUnreachable
from connectors.records.snapshot import Snapshot, damaged_tables, write_snapshot
from connectors.records.tables import TABLES
from infra.errors import ConfigurationError
from infra.settings import load_settings
from tests.integration.connector_sources import DAY, fetched, write_all

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = ("qlnt", "csdl", "staff")


def pulled(folder: Path, out: Path) -> dict[str, Snapshot]:
    return {system: fetched(folder, system, out) for system in SYSTEMS}


def test_combine_keeps_order_states_and_rows(tmp_path: Path) -> None:
    parts = pulled(write_all(tmp_path / "from"), tmp_path)
    night = combine(dict(reversed(parts.items())), tmp_path / "snapshots" / "2027-05-31", DAY)
    assert night.day == DAY
    assert night.scan("pupils").select("source_system", "source_row").collect().rows() == [("qlnt", 3), ("qlnt", 7), ("csdl", 7)]
    assert night.scan("accounts").select("source_system").collect()["source_system"].to_list() == ["qlnt", "staff", "staff"]
    assert night.sources == {system: parts[system].sources[system] for system in SYSTEMS}
    assert night.rows == {table: sum(part.rows[table] for part in parts.values()) for table in TABLES}
    assert not damaged_tables(night.folder)


def test_combine_twice_gives_the_same_folder(tmp_path: Path) -> None:
    parts = pulled(write_all(tmp_path / "from"), tmp_path)
    for order in (parts, dict(reversed(parts.items()))):
        combine(order, tmp_path / "snapshots" / "2027-05-31", DAY)
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["2027-05-31"]


def test_unknown_systems_come_last_by_name(tmp_path: Path) -> None:
    parts = pulled(write_all(tmp_path / "from"), tmp_path)
    extra = {name: _renamed(parts["qlnt"], name, tmp_path / "extra" / name) for name in ("temis", "lms")}
    night = combine({**extra, **parts}, tmp_path / "snapshots" / "2027-05-31", DAY)
    systems = night.scan("pupils").collect()["source_system"].unique(maintain_order=True).to_list()
    assert systems == ["qlnt", "csdl", "lms", "temis"]


def _renamed(snapshot: Snapshot, system: str, folder: Path) -> Snapshot:
    frames = {table: pl.read_parquet(snapshot.path(table)).with_columns(source_system=pl.lit(system)) for table in TABLES}
    return write_snapshot(folder, DAY, frames, {system: snapshot.sources["qlnt"]})


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    """Two good nights; in the second one csdl was missing. Beside them a replaced night and a half-written one."""
    parts = pulled(write_all(tmp_path / "from"), tmp_path)
    snapshots = tmp_path / "data" / "snapshots"
    combine(parts, snapshots / "2027-05-29", date(2027, 5, 29))
    combine({system: parts[system] for system in ("qlnt", "staff")}, snapshots / "2027-05-30", date(2027, 5, 30))
    combine({"csdl": parts["csdl"]}, snapshots / "2027-05-30~1", date(2027, 5, 30))
    (snapshots / ".2027-05-30.123").mkdir()
    return snapshots


def test_last_good_takes_the_newest_night_that_has_the_system(nights: Path) -> None:
    qlnt, csdl = last_good("qlnt", nights, DAY), last_good("csdl", nights, DAY)
    assert qlnt is not None
    assert csdl is not None
    assert (qlnt.sources["qlnt"].taken_from, csdl.sources["csdl"].taken_from) == (date(2027, 5, 30), date(2027, 5, 29))
    assert not qlnt.sources["qlnt"].fresh
    assert list(csdl.sources) == ["csdl"]
    assert csdl.scan("pupils").collect()["source_system"].unique().to_list() == ["csdl"]
    assert csdl.sources["csdl"].data_as_of == DAY, "the age of the data is not the night's"
    assert nights.parent in csdl.folder.parents
    assert nights not in csdl.folder.parents


def test_last_good_looks_only_at_earlier_nights(nights: Path) -> None:
    before = date(2027, 5, 30)
    found = last_good("qlnt", nights, before)
    assert found is not None
    assert found.sources["qlnt"].taken_from == date(2027, 5, 29)
    assert last_good("qlnt", nights, date(2027, 5, 29)) is None
    assert last_good("lms", nights, DAY) is None
    assert last_good("qlnt", nights / "nowhere", DAY) is None


def test_last_good_passes_over_a_damaged_night(nights: Path) -> None:
    file = nights / "2027-05-30" / "pupils.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    found = last_good("qlnt", nights, DAY)
    assert found is not None
    assert found.sources["qlnt"].taken_from == date(2027, 5, 29)
    (nights / "2027-05-29" / "manifest.json").write_text("{", encoding="utf-8")
    assert last_good("qlnt", nights, DAY) is None


def test_data_reused_for_several_nights_keeps_its_first_night(nights: Path, tmp_path: Path) -> None:
    reused = last_good("csdl", nights, DAY)
    assert reused is not None
    combine({"csdl": reused}, nights / DAY.isoformat(), DAY)
    again = last_good("csdl", nights, date(2027, 6, 1), tmp_path / "elsewhere")
    assert again is not None
    assert again.sources["csdl"].taken_from == date(2027, 5, 29)
    assert tmp_path / "elsewhere" in again.folder.parents


def test_a_missing_system_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    sources = sources_of_folder(tmp_path / "from", tmp_path / "landing", tmp_path / "work")
    assert [source.system for source in sources] == list(SYSTEMS)
    for source in sources:
        with pytest.raises(SourceUnreachable) as caught:
            source.fetch(DAY)
        assert source.system in caught.value.line()


SETTINGS = """\
[school]
name = "T"
[sources.staff]
kind = "folder"
path = "from/staff"
column_map = "staff_2026"
[sources.csdl]
kind = "folder"
path = "from/csdl"
column_map = "csdl_2025"
enabled = false
[sources.qlnt]
kind = "database"
url = "sqlite:///from/qlnt/qlnt.sqlite"
column_map = "qlnt_2026"
"""


def test_settings_to_sources_with_paths_below_the_home(tmp_path: Path) -> None:
    write_all(tmp_path / "from")
    (tmp_path / "truong.toml").write_text(SETTINGS, encoding="utf-8")
    sources = build_sources(load_settings(tmp_path / "truong.toml"), tmp_path / "landing", tmp_path / "work")
    assert [source.system for source in sources] == ["qlnt", "staff"], "in the fixed order, what is off left out"
    assert [source.fetch(DAY).rows["accounts"] for source in sources] == [1, 2]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (SETTINGS.replace("qlnt_2026", "qlnt_1999"), "qlnt_1999"),
        (SETTINGS.replace("qlnt_2026", "csdl_2025"), "sources.qlnt"),
        (SETTINGS.replace("staff_2026", "qlnt_2026"), "sources.staff"),
        (SETTINGS.replace("sqlite:///", "oracle://"), "oracle"),
        (SETTINGS.replace("sqlite:///from/qlnt/qlnt.sqlite", "postgresql://a:bi-mat@h/d"), "password_file"),
        (SETTINGS.replace("sqlite:///from/qlnt/qlnt.sqlite", "bi-mat"), "url"),
    ],
)
def test_wrong_settings_are_one_line_without_the_secret(wrong: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "truong.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        build_sources(load_settings(tmp_path / "truong.toml"), tmp_path / "landing", tmp_path / "work")
    assert told in caught.value.line()
    assert "bi-mat" not in caught.value.line()


def test_the_demo_school_arrives_whole(tmp_path: Path) -> None:
    summary = write_demo(tmp_path / "demo", DemoOptions(pupils=120, seed=3, clean=True, mails=1))
    parts = pulled(tmp_path / "demo", tmp_path)
    night = combine(parts, tmp_path / "snapshots" / "2027-05-31", DAY)
    assert night.rows["marks"] == summary.marks
    assert night.rows["traits"] == summary.traits
    assert (parts["qlnt"].rows["pupils"], parts["csdl"].rows["pupils"]) == (summary.pupils, summary.pupils)
    assert night.rows["staff"] == summary.staff
    assert {state.data_as_of for state in night.sources.values()} == {DAY}
    assert all(not state.quarantined for state in night.sources.values())
    # of clean data every typed value must have been readable
    pupils = night.scan("pupils").collect()
    assert pupils.filter(pl.col("birth_date").is_null() | pl.col("ethnicity").is_null() | pl.col("sex").is_null()).is_empty()
    assert night.scan("marks").filter(pl.col("level").is_null() & pl.col("level_text").is_not_null()).collect().is_empty()
    assert night.scan("health").filter(pl.col("height_cm").is_null()).collect().height < night.rows["health"] // 10
