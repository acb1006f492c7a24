"""What changed between two nights of a demo school is found exactly: as planted, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions
from connectors.demo.delivery import FAULTS_FILE, deliver
from connectors.demo.faults_staff import ONLY_WITH_TEMIS
from connectors.demo.nights import Nights, two_nights, without_settings
from expectations.check import CheckContext, check
from expectations.rules import all_rules
from expectations.views.approvals import Approval, sealed
from flows.cli.check import pull_side_by_side
from flows.cli.main import main
from infra.errors import ExitCode
from infra.settings import Gradebook, Limits
from tests.integration.test_demo_faults import BETWEEN_NIGHTS, QUICK_SEEDS, SEEDS, assert_same, planted_in, quick_first

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.demo.school import School
    from connectors.records.snapshot import Snapshot

DAY = date(2027, 5, 31)
PUPILS = 180  # six classes: two of grade 1, so that pupils can change over


@dataclass(frozen=True)
class Pulled:
    """Both nights as snapshots."""

    nights: Nights
    before: Snapshot
    tonight: Snapshot

    def found(self, context: CheckContext) -> list[tuple[str, str, str]]:
        return check(self.tonight, all_rules(), context, [self.before]).findings.select("rule", "table", "key").rows()


def snapshot_of(school: School, folder: Path) -> Snapshot:
    deliver(school, folder / "sources")
    pulled, errors = pull_side_by_side(sources_of_folder(folder / "sources", folder / "landing", folder / "work"), school.day)
    assert not errors
    return combine(pulled, folder / "snapshot", school.day)


def pulled(folder: Path, options: DemoOptions) -> Pulled:
    nights = two_nights(options)
    return Pulled(nights, snapshot_of(nights.before, folder / "before"), snapshot_of(nights.tonight, folder / "tonight"))


def with_settings(school: Pulled, folder: Path) -> CheckContext:
    """The approvals of the earlier night, the day that books are locked, and how the unit was rated."""
    approvals = []
    for class_name, time in school.nights.approved:
        file = folder / f"{class_name.replace('/', '-')}-{time}.parquet"
        sealed(school.before, class_name, time).write_parquet(file)
        approvals.append(Approval(class_name, time, school.before.day, file))
    limits = Limits.model_validate({"unit_rating": school.nights.unit_rating})
    return CheckContext(DAY, limits, Gradebook(locked=school.nights.locked), tuple(approvals))


def known_without_temis(faults: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [fault for fault in faults if fault[0] not in ONLY_WITH_TEMIS]


def assert_found_exactly(folder: Path, options: DemoOptions) -> Nights:
    """Beside the school's settings, and for the quick seeds also as a check finds it that knows none of them."""
    school = pulled(folder, options)
    assert_same(school.found(with_settings(school, folder)), known_without_temis(school.nights.faults))
    if options.seed in QUICK_SEEDS:
        assert_same(school.found(CheckContext(DAY, Limits())), known_without_temis(without_settings(school.nights.faults)))
    return school.nights


@pytest.mark.parametrize("seed", quick_first(SEEDS))
def test_every_planted_change_is_found_and_nothing_else(tmp_path: Path, seed: int) -> None:
    nights = assert_found_exactly(tmp_path, DemoOptions(PUPILS, seed, DAY, clean=True))
    assert {rule for rule, _, _ in nights.faults} >= BETWEEN_NIGHTS


@pytest.mark.parametrize("seed", QUICK_SEEDS)
def test_changes_are_found_among_the_ordinary_faults_as_well(tmp_path: Path, seed: int) -> None:
    nights = assert_found_exactly(tmp_path, DemoOptions(PUPILS, seed, DAY))
    planted = {rule for rule, _, _ in nights.faults}
    assert planted & BETWEEN_NIGHTS
    assert len(planted) > len(BETWEEN_NIGHTS)


def test_the_earlier_night_of_a_clean_school_is_clean(tmp_path: Path) -> None:
    school = pulled(tmp_path, DemoOptions(PUPILS, 1, DAY, clean=True))
    assert school.before.day < school.tonight.day
    assert check(school.before, all_rules(), CheckContext(school.before.day, Limits())).findings.is_empty()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both nights as the command writes them."""
    earlier, sources = (tmp_path_factory.mktemp("person") / name for name in ("earlier", "sources"))
    told = io.StringIO()
    with redirect_stdout(told):
        made = main(["demo-data", "--out", str(sources), "--earlier", str(earlier), "--pupils", str(PUPILS), "--clean", "--json"])
    assert (made, json.loads(told.getvalue())["faults"]) == (ExitCode.OK, len(planted_in(sources)))
    return earlier, sources


def test_a_person_finds_the_changes_with_two_folders(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (earlier, sources), out = folders, tmp_path / "findings.csv"
    assert not (earlier / FAULTS_FILE).exists()
    # a table that lost half of its rows stops every export
    assert main(["check", "--from", str(sources), "--earlier", str(earlier), "--out", str(out), "--json"]) == ExitCode.DATA_STOPPED_EXPORT
    with out.open(encoding="utf-8", newline="") as stream:
        found = [(row["rule"], row["table"], row["key"]) for row in csv.DictReader(stream)]
    assert_same(found, planted_in(sources))
    assert {rule for rule, _, _ in found} >= {"BD-1", "BD-3", "BD-4", "BD-5", "QC-19.7/1", "QC-19.7/2", "QC-19.7/3"}


def test_two_nights_that_cannot_be_compared_are_told_in_one_line(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, sources = (str(folder) for folder in folders)
    empty, nowhere = tmp_path / "empty", str(tmp_path / "nowhere")
    empty.mkdir()
    wrong = [
        (["--from", earlier, "--earlier", sources], ExitCode.CONFIGURATION, "Số liệu của --earlier mới hơn của --from"),
        (["--earlier", earlier], ExitCode.CONFIGURATION, "--earlier chỉ dùng cùng --from"),
        (["--from", sources, "--earlier", nowhere], ExitCode.SOURCE, "chỉ đúng thư mục bằng --earlier"),
        (["--from", sources, "--earlier", str(empty)], ExitCode.SOURCE, "Lỗi: "),
    ]
    for options, code, told in wrong:
        assert main(["check", *options, "--out", str(tmp_path / "findings.csv")]) == code, options
        lines = capsys.readouterr().err.splitlines()
        assert [line for line in lines if told in line], lines
        assert not (tmp_path / "findings.csv").exists()


def test_both_nights_cannot_be_written_into_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "one")
    assert main(["demo-data", "--out", place, "--earlier", place, "--pupils", "60"]) == ExitCode.CONFIGURATION
    assert "Hai đêm không thể ghi vào cùng một thư mục" in capsys.readouterr().err
    assert not (tmp_path / "one").exists()
