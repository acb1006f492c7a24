"""The demo school behind real servers: a night over the network gives what a night over files gives."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from connectors.demo.other_systems import OTHER_SYSTEMS
from connectors.records.tables import PROVENANCE, TABLES
from tests.e2e.running import clean_environment, truong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = "2027-05-31"
SYSTEMS = ("qlnt", "csdl", "staff", *OTHER_SYSTEMS)
PUPILS = 120


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`truong demo-data --protocols`, running."""
    folder = tmp_path_factory.mktemp("giao-thuc") / "truong"
    arguments = ["demo-data", "--out", str(folder), "--pupils", str(PUPILS), "--seed", "7", "--protocols"]
    server = subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", *arguments], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    assert server.stdout is not None
    told = ""
    while "files.toml" not in told:
        line = server.stdout.readline()
        assert line, told
        told += line
    yield folder
    server.send_signal(signal.SIGINT)
    assert server.wait(60) == 0


@pytest.fixture(scope="module")
def from_files(school: Path) -> Path:
    """The night over the files themselves: its snapshot."""
    return _night(school, "files")


def _night(school: Path, name: str) -> Path:
    done = truong("nightly", "--config", school / f"{name}.toml")
    assert done.code == 0, done.err[-3000:]
    return school / f"data-{name}" / "snapshots" / DAY


@pytest.mark.slow
@pytest.mark.parametrize("name", ["truong", "mariadb", "api"])
def test_a_night_over_the_network_is_the_night_over_files(name: str, school: Path, from_files: Path) -> None:
    over_network = _night(school, name)
    # Files and sheets have other names over the network: all but the system may differ.
    own = [column.name for column in PROVENANCE if column.name != "source_system"]
    for table in TABLES:
        told = pl.read_parquet(over_network / f"{table}.parquet").drop(own)
        assert_frame_equal(told, pl.read_parquet(from_files / f"{table}.parquet").drop(own), check_exact=True)
    states = [json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["sources"] for folder in (over_network, from_files)]
    assert list(states[0]) == list(states[1])
    assert len(states[0]) == len(SYSTEMS)
    for system in states[0]:
        for told in ("data_as_of", "delivered", "quarantined"):
            assert states[0][system][told] == states[1][system][told], (system, told)


@pytest.mark.slow
def test_the_mail_plan_over_imap_is_the_plan_of_the_maildir(school: Path) -> None:
    over_imap = json.loads(truong("mail", "plan", "--config", school / "truong.toml", "--json").out)
    from_maildir = json.loads(truong("mail", "plan", "--config", school / "files.toml", "--json").out)
    for name in ("examined", "cutoff", "held", "review"):
        assert over_imap[name] == from_maildir[name], name
    assert over_imap["prune"]["count"] == from_maildir["prune"]["count"]
