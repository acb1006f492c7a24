"""A whole night through every room: what it leaves, twice the same, and no pupil's name where it must not be."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import polars as pl
import pytest

from connectors.records.snapshot import damaged_tables, sha256_of
from tests.e2e.running import truong

DAY = "2027-05-31"
STEPS = {
    "pull-qlnt", "pull-csdl", "pull-staff", "snapshot", "check", "validation", "holdback", "export", "report", "backup", "verify", "care",
    "repositories", "tell",
}  # fmt: skip
REPRODUCIBLE = ("snapshots", "findings", "reports", "exports")
NAMES = 200


def _digests(home: Path) -> dict[str, str]:
    files = [path for room in REPRODUCIBLE for path in sorted((home / "data" / room).rglob("*")) if path.is_file()]
    return {path.relative_to(home).as_posix(): sha256_of(path) for path in files}


def _names(home: Path) -> list[str]:
    pupils = pl.read_parquet(home / "data" / "snapshots" / DAY / "pupils.parquet").filter(pl.col("source_system") == "qlnt")
    return pupils["full_name"].drop_nulls().head(NAMES).to_list()


def test_every_step_ran_well(good_night: Path) -> None:
    record = json.loads((good_night / "data" / "nights" / f"{DAY}.json").read_text(encoding="utf-8"))
    assert {step["step"] for step in record["steps"]} == STEPS
    assert not [step["problem"] for step in record["steps"] if step["problem"]]


def test_the_backup_holds_everything_that_is_listed(good_night: Path) -> None:
    manifest = json.loads((good_night / "data" / "staging" / "manifest.json").read_text(encoding="utf-8"))
    parts = manifest["parts"]
    assert set(parts) == {"landing", "snapshot", "findings", "report", "exports", "qlnt", "mail", "prefect", "settings"}
    assert parts["prefect"]["rows"]["flow_run"] >= 1
    assert parts["qlnt"]["rows"]["hoc_sinh"] == 300
    assert all(part["files"] for part in parts.values())
    secrets = [file.read_text(encoding="utf-8").strip() for file in (good_night / "secrets").iterdir()]
    settings = (good_night / "data" / "staging" / "settings" / "truong.toml").read_text(encoding="utf-8")
    assert not [secret for secret in secrets if secret in settings]


def test_snapshot_is_whole(good_night: Path) -> None:
    assert damaged_tables(good_night / "data" / "snapshots" / DAY) == []


def test_closing_paths_exist(good_night: Path) -> None:
    record = json.loads((good_night / "data" / "nights" / f"{DAY}.json").read_text(encoding="utf-8"))
    paths = [path for step in record["steps"] for path in step["paths"].values()]
    assert len(paths) >= 6
    assert not [path for path in paths if not Path(path).exists()]


@pytest.mark.slow
def test_same_night_twice_gives_the_same_bytes(own_home: Path) -> None:
    before = _digests(own_home)
    done = truong("nightly", "--config", own_home / "truong.toml")
    assert done.code == 0, done.err
    assert _digests(own_home) == before


def test_names_are_nowhere_in_prefect_or_logs(good_night: Path) -> None:
    names = _names(good_night)
    assert len(names) == NAMES
    places = [path for path in (good_night / "prefect").rglob("*") if path.is_file()]
    places += [path for folder in ("nights", "logs", "gx") for path in (good_night / "data" / folder).rglob("*") if path.is_file()]
    places += list((good_night / "data" / "reports").rglob("*.html"))
    assert any(path.name == "prefect.db" for path in places)
    for path in places:
        content = path.read_bytes()
        # As it is, and as Prefect's JSON may write it: Nguyễn is `Nguy\u1ec5n` there.
        found = [name for name in names if name.encode() in content or json.dumps(name)[1:-1].encode() in content]
        assert not found, f"{path}: {len(found)} names"


def _open_to_others(path: Path, top: Path) -> bool:
    folders = [folder for folder in path.parents if folder == top or top in folder.parents]
    return bool(path.stat().st_mode & 0o044) and all(folder.stat().st_mode & 0o011 for folder in folders)


def _read(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(member) for member in archive.namelist())


def test_another_account_of_the_machine_reaches_no_name(good_night: Path) -> None:
    names, data = _names(good_night), good_night / "data"
    reached = [path for path in data.rglob("*") if path.is_file() and _open_to_others(path, data)]
    rooms = {path.relative_to(data).parts[0] for path in reached if path.parent != data}
    assert rooms == {"reports", "exports", "nights"}  # and with them the page, the workbook and the form can be handed on
    assert {"bao-cao-chat-luong.html", "bao-cao-chat-luong.xlsx"} < {path.name for path in reached}
    for path in reached:
        content = _read(path)
        assert not [name for name in names if name.encode() in content], path
    closed = [path for room in ("snapshots", "landing", "findings", "staging", "reports") for path in (data / room).rglob("*")]
    assert any(names[0].encode() in _read(path) for path in closed if path.is_file() and not _open_to_others(path, data))


def test_every_step_left_an_artifact_of_counts(good_night: Path) -> None:
    with sqlite3.connect(f"file:{good_night}/prefect/prefect.db?mode=ro", uri=True) as database:
        keys = {row[0] for row in database.execute("select key from artifact where key is not null")}
    assert keys >= STEPS


def test_form_is_filled_and_marked(good_night: Path) -> None:
    record = json.loads((good_night / "data" / "nights" / f"{DAY}.json").read_text(encoding="utf-8"))
    step = next(step for step in record["steps"] if step["step"] == "export")
    assert step["counts"]["ô đã điền"] > 100
    assert Path(step["paths"]["form"]).stat().st_size > 10_000
