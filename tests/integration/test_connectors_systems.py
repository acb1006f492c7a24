"""Every system of Điều 1 switched on at once: read by its ready map, side by side with the others, and nothing wrong in a clean school."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.column_maps import FolderMap, load_map
from connectors.delivery import Places
from connectors.demo.delivery import deliver
from connectors.demo.faults import plant
from connectors.demo.other_systems import OTHER_SYSTEMS, write_other_systems
from connectors.demo.school import School, build_school
from connectors.files.drop import AGAIN, DropSource
from connectors.files.kept import KeptFiles
from connectors.records.codes import reference
from connectors.stores.store import LocalFolder
from expectations.check import CheckContext, check
from expectations.rules import all_rules
from infra.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from connectors.source import Source

DAY = date(2027, 5, 31)
PUPILS, SEED = 120, 5
FIRST = ("qlnt", "csdl", "staff")
READ = tuple(system for system, column_map in OTHER_SYSTEMS.items() if column_map)
KEPT = tuple(system for system, column_map in OTHER_SYSTEMS.items() if not column_map)
# Rows of one table come from these systems beside each other.
SHARED = {
    "staff": ("staff", "temis"),
    "ratings": ("staff", "temis"),
    "accounts": ("staff", "accounts", "lms"),
    "health": ("csdl", "health"),
}


def other_sources(folder: Path, out: Path) -> list[Source]:
    places = Places(out / "landing", out / "work")
    return [_source(system, column_map, folder / system, places) for system, column_map in OTHER_SYSTEMS.items()]


def _source(system: str, map_name: str, folder: Path, places: Places) -> Source:
    if not map_name:
        return KeptFiles(system, LocalFolder(folder, system, AGAIN, recursive=True), places)
    column_map = load_map(map_name)
    assert isinstance(column_map, FolderMap)
    return DropSource(system, LocalFolder(folder, column_map.label, AGAIN), column_map, places)


def pulled_from(school: School, root: Path) -> dict[str, Snapshot]:
    deliver(school, root / "sources")
    write_other_systems(root / "sources", school)
    sources = [*sources_of_folder(root / "sources", root / "landing", root / "work"), *other_sources(root / "sources", root)]
    return {source.system: source.fetch(school.day) for source in sources}


def found_in(parts: Mapping[str, Snapshot], folder: Path, day: date = DAY) -> pl.DataFrame:
    return check(combine(parts, folder, day), all_rules(), CheckContext(day, Limits())).findings


def only(pulled: Mapping[str, Snapshot], systems: Iterable[str]) -> dict[str, Snapshot]:
    return {system: pulled[system] for system in systems}


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    return pulled_from(build_school(SEED, PUPILS, DAY), tmp_path_factory.mktemp("truong"))


def test_each_map_names_its_own_system_and_version() -> None:
    for system in READ:
        column_map = load_map(OTHER_SYSTEMS[system])
        assert isinstance(column_map, FolderMap)
        assert (column_map.system, column_map.version) == (system, "2026")


def test_staff_headings_are_required_fields_and_health_headings_those_of_the_reference() -> None:
    wanted = {"temis": {entry["truong"] for entry in reference()["lst_can_bo_bat_buoc"]}, "health": set(reference()["cot_xuat_suc_khoe"])}
    for system, known in wanted.items():
        column_map = load_map(OTHER_SYSTEMS[system])
        assert isinstance(column_map, FolderMap)
        assert {names[0] for names in column_map.files[0].tables[0].required.values()} <= known


def test_every_system_delivers_its_tables_and_the_days_of_its_data(pulled: dict[str, Snapshot]) -> None:
    rows = {system: {table for table, count in pulled[system].rows.items() if count} for system in OTHER_SYSTEMS}
    expected = {"temis": {"staff", "ratings"}, "lms": {"accounts"}, "accounts": {"accounts"}, "health": {"health"}}
    assert rows == {**expected, **{system: set() for system in KEPT}}
    states = {system: pulled[system].sources[system] for system in OTHER_SYSTEMS}
    assert {states[system].data_as_of for system in ("temis", "health", *KEPT)} == {DAY}
    assert {states[system].data_as_of for system in ("lms", "accounts")} == {None}, "a plain CSV does not say how old it is"
    assert not any(state.quarantined for state in states.values())


def test_files_that_are_not_interpreted_are_kept_whole(pulled: dict[str, Snapshot], tmp_path: Path) -> None:
    school = build_school(SEED, PUPILS, DAY)
    write_other_systems(tmp_path, school)
    for system in KEPT:
        files = {path.relative_to(tmp_path / system).as_posix() for path in (tmp_path / system).rglob("*") if path.is_file()}
        assert set(pulled[system].sources[system].files) == files


def rows_of(snapshot: Snapshot, table: str, columns: list[str]) -> Counter[tuple[object, ...]]:
    return Counter(snapshot.scan(table).select(columns).collect().rows())


def test_the_systems_agree_where_they_tell_the_same(pulled: dict[str, Snapshot]) -> None:
    rated = ["staff_code", "year", "criteria", "standard_rating"]
    assert rows_of(pulled["temis"], "ratings", rated) == Counter(
        pulled["staff"].scan("ratings").filter(pl.col("criteria").is_not_null()).select(rated).collect().rows()
    )
    measured = ["pupil_code", "class_name", "height_cm", "weight_kg"]
    assert rows_of(pulled["health"], "health", measured) == rows_of(pulled["csdl"], "health", measured)
    account = ["account_system", "username", "owner_code", "role", "active", "last_login"]
    listed = rows_of(pulled["staff"], "accounts", account)
    for system in ("lms", "accounts"):
        mine = rows_of(pulled[system], "accounts", account)
        assert mine
        assert mine <= listed
    particulars = ["staff_code", "personal_number", "full_name", "birth_date", "sex", "position", "qualification", "contract"]
    assert rows_of(pulled["temis"], "staff", particulars) == rows_of(pulled["staff"], "staff", particulars)


def test_a_clean_school_with_every_system_on_has_no_finding(pulled: dict[str, Snapshot], tmp_path: Path) -> None:
    snapshot = combine(pulled, tmp_path, DAY)
    for table, systems in SHARED.items():
        seen = set(snapshot.scan(table).select("source_system").unique().collect()["source_system"])
        assert set(systems) <= seen, f"{table} must come from several systems for this to prove anything"
    assert found_in(pulled, tmp_path / "again").select("rule", "system", "key").rows() == []


@pytest.mark.parametrize(
    "present",
    [
        *((system,) for system in READ),
        *combinations(READ, 2),
        *((*FIRST, system) for system in READ),
        *(("qlnt", system) for system in READ),
        *((*(first for first in FIRST if first != missing), *READ) for missing in FIRST),
    ],
    ids="+".join,
)
def test_no_rule_fires_for_what_nobody_delivered(present: tuple[str, ...], pulled: dict[str, Snapshot], tmp_path: Path) -> None:
    assert found_in(only(pulled, present), tmp_path).select("rule", "system", "key").rows() == []


@pytest.mark.parametrize("day", [date(2026, 9, 30), date(2027, 1, 20)], ids=str)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_it_is_clean_in_other_schools_and_on_other_days(seed: int, day: date, tmp_path: Path) -> None:
    parts = pulled_from(build_school(seed, PUPILS, day), tmp_path)
    assert found_in(parts, tmp_path / "dem", day).select("rule", "system", "key").rows() == []


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_further_systems_neither_hide_a_planted_fault_nor_add_a_finding(seed: int, tmp_path: Path) -> None:
    school = build_school(seed, PUPILS, DAY)
    planted = set(plant(school, seed))
    parts = pulled_from(school, tmp_path)
    found = found_in(parts, tmp_path / "dem").select("rule", "table", "key").rows()
    assert len(planted) > 30
    assert set(found) == planted
    assert len(found) == len(planted), "a finding is told twice"
