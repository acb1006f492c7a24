"""A night whose rows do not add up stops before anything leaves, and says so in one line."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from connectors.records.snapshot import MANIFEST
from expectations.holdback import TotalsDoNotAddUp
from flows.checking import check_night, export_forms, hold_back, write_quality_report
from flows.home import Home
from infra.errors import ExitCode
from infra.settings import Settings
from tests.rules.school_tables import pupil, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 3, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A checked night of two pupils, one of whom is held back."""
    home = Home(Settings.model_validate({"school": {"name": "Trường Mẫu"}, "home": tmp_path}), tmp_path / "truong.toml")
    rows = [pupil("7900000001"), pupil("7900000002", personal_number="7.92E+10")]
    made = snapshot_of(tmp_path / "made", {"pupils": rows}, DAY)
    home.folder("snapshots").mkdir(parents=True)
    made.folder.rename(home.folder("snapshots", DAY))
    check_night(home, DAY)
    return home


def lose_a_line(home: Home) -> None:
    """Let the source tell of a line set aside that the quarantine has not."""
    file = home.folder("snapshots", DAY) / MANIFEST
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["sources"]["qlnt"]["quarantined"] = {"pupils": 1}
    file.write_text(json.dumps(manifest), encoding="utf-8")


def test_a_night_that_adds_up_says_the_sum(home: Home) -> None:
    held = hold_back(home, DAY)
    assert held.detail == "1 dòng; kéo về 2 = xuất được 1 + giữ lại 1 + tạm giữ 0"
    report = write_quality_report(home, DAY, [], None)
    assert "khớp" in home.folder("reports", DAY).joinpath("bao-cao-chat-luong.html").read_text(encoding="utf-8")
    assert report.paths


def test_a_lost_line_stops_the_export_with_12_and_leaves_the_list_to_look_at(home: Home) -> None:
    lose_a_line(home)
    for step in (lambda: hold_back(home, DAY), lambda: export_forms(home, DAY, [])):
        with pytest.raises(TotalsDoNotAddUp) as raised:
            step()
        assert raised.value.exit_code == ExitCode.DATA_STOPPED_EXPORT
        assert raised.value.line().startswith("Số dòng xuất, giữ lại và tạm giữ không khớp")
    assert (home.folder("findings") / "held" / DAY.isoformat() / "totals.csv").is_file()
    assert not home.folder("exports").exists()
    write_quality_report(home, DAY, [], None)
    assert "KHÔNG KHỚP" in home.folder("reports", DAY).joinpath("bao-cao-chat-luong.html").read_text(encoding="utf-8")
