"""The stages of a night, each measured in a process of its own: `python -m tests.benchmarks.stages STAGE ROOT RUNS`.

Prints one line of JSON: seconds of every run, the process's peak memory, and what the stage did.
ROOT holds `sources` (a demo school); every stage leaves there what the next one needs.
"""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from backup.contents import absent_parts, stage_night
from backup.repository import Repository
from backup.restore import find_snapshot, restore
from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from connectors.records.snapshot import Snapshot, open_snapshot
from connectors.records.tables import TABLES
from expectations.check import CheckContext, QualityResult, check
from expectations.gx.validation import write_validation
from expectations.holdback import holdback
from expectations.ledger import load_result, save_findings, with_history
from expectations.report import ReportContent, write_report
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.secret_files import create_secret
from infra.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = date(2027, 5, 31)
SYSTEMS = ("qlnt", "csdl", "staff")
CHANGED = 0.01  # of the marks, from one night to the next
MEGABYTE = 1e6
LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True)
class Place:
    """Where one size of school is measured, and how often."""

    root: Path
    runs: int

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def snapshot(self) -> Snapshot:
        return open_snapshot(self.data / "snapshots" / DAY.isoformat())

    @property
    def result(self) -> QualityResult:
        return load_result(self.data / "findings" / DAY.isoformat())

    @property
    def repository(self) -> Repository:
        return Repository("tai-cho", str(self.root / "restic"), self.root / "restic.pass", self.root / "state")

    def measure(self, action: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> list[float]:
        """Seconds of every run of `action`; `prepare` comes before each and is not counted."""
        seconds = []
        for _ in range(self.runs):
            prepare()
            begun = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begun)
        return seconds


Measured = tuple[list[float], str]


def emptied(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def bytes_of(*folders: Path) -> float:
    """Megabytes of all files below some folders."""
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def school(place: Place) -> Measured:
    """Writes the sources, once: `runs` is the number of pupils here."""
    begun = time.perf_counter()
    summary = write_demo(place.sources, DemoOptions(place.runs, seed=1, day=DAY, mails=0))
    seconds = time.perf_counter() - begun
    return [seconds], f"{summary.classes} classes, {summary.marks:,} marks, {summary.faults:,} faults, {bytes_of(place.sources):.1f} MB"


def pull(place: Place, systems: tuple[str, ...] = SYSTEMS) -> Measured:
    landing, work = place.data / "landing", place.data / "work"
    sources = [source for source in sources_of_folder(place.sources, landing, work) if source.system in systems]
    seconds = place.measure(lambda: pull_side_by_side(sources, DAY), lambda: emptied(landing, work))
    pulled = [open_snapshot(work / DAY.isoformat() / system) for system in systems]
    return seconds, f"{sum(sum(part.rows.values()) for part in pulled):,} rows"


def together(place: Place) -> Measured:
    folder = place.data / "snapshots" / DAY.isoformat()
    parts = {system: open_snapshot(place.data / "work" / DAY.isoformat() / system) for system in SYSTEMS}
    seconds = place.measure(lambda: combine(parts, folder, DAY), lambda: emptied(folder))
    return seconds, f"{sum(place.snapshot.rows.values()):,} rows in {len(TABLES)} tables, {bytes_of(folder):.1f} MB of Parquet"


def floor(place: Place) -> Measured:
    """Reads every column of the tables that the check reads, and does nothing with them."""
    return place.measure(lambda: pl.collect_all([place.snapshot.scan(table) for table in TABLES])), "every column read, nothing computed"


def rules(place: Place) -> Measured:
    snapshot, results = place.snapshot, []
    seconds = place.measure(lambda: results.append(check(snapshot, all_rules(), CheckContext(DAY, Limits()))))
    result: QualityResult = results[-1]
    folder = place.data / "findings"
    emptied(folder)
    save_findings(QualityResult(with_history(result.findings, DAY, folder), result.examined), folder / DAY.isoformat(), DAY)
    return seconds, f"{len(result.examined)} rules, {result.findings.height:,} findings, {_against_planted(place, result)}"


def _against_planted(place: Place, result: QualityResult) -> str:
    planted = json.loads((place.sources / "faults.json").read_text(encoding="utf-8"))
    wanted = {(fault["rule"], fault["table"], fault["key"]) for fault in planted}
    missed = len(wanted ^ set(result.findings.select("rule", "table", "key").rows()))
    return f"{missed} UNLIKE THE PLANTED FAULTS" if missed else "exactly the planted faults"


def gx(place: Place) -> Measured:
    folder = place.root / "gx"
    result, snapshot = place.result, place.snapshot
    seconds = place.measure(lambda: write_validation(result, all_rules(), snapshot, folder), lambda: emptied(folder))
    return seconds, "validation results and Data Docs; the first run imports Great Expectations"


def hold(place: Place) -> Measured:
    result, snapshot, held = place.result, place.snapshot, []
    seconds = place.measure(lambda: held.append(holdback(snapshot, result).held.height))
    return seconds, f"{held[-1]:,} rows held"


def report(place: Place) -> Measured:
    result, snapshot, folder = place.result, place.snapshot, place.data / "reports" / DAY.isoformat()
    content = ReportContent(
        school="Trường Tiểu học Sao Khuê",
        day=DAY,
        snapshot=snapshot,
        findings=result.findings,
        examined=result.examined,
        rules=all_rules(),
        totals=holdback(snapshot, result).totals,
    )
    seconds = place.measure(lambda: write_report(folder, content), lambda: emptied(folder))
    return seconds, f"HTML, two XLSX and one for each class, {bytes_of(folder):.1f} MB"


def save_night(place: Place, day: date) -> str:
    """Stage a night and save it; tells how much."""
    staged = stage_night(place.data, day, place.sources / "qlnt" / "qlnt.sqlite", absent_parts(place.data, day))
    saved = place.repository.save(staged.contents)
    saved.require_complete()
    return f"{saved.files} files, {saved.bytes / MEGABYTE:.1f} MB, added {saved.added_bytes / MEGABYTE:.1f} MB"


def first_backup(place: Place) -> Measured:
    notes: list[str] = []
    create_secret(place.root / "restic.pass")

    def fresh() -> None:
        emptied(place.root / "restic", place.root / "state")
        place.repository.ensure()

    seconds = place.measure(lambda: notes.append(save_night(place, DAY)), fresh)
    return seconds, f"{notes[-1]}, repository {bytes_of(place.root / 'restic'):.1f} MB"


def second_backup(place: Place) -> Measured:
    """Every run is one more night with 1 % of the marks entered anew, really pulled and combined."""
    days, notes, before = [DAY], [], bytes_of(place.root / "restic")

    def next_night() -> None:
        days.append(day := days[-1] + timedelta(days=1))
        change_marks(place, number=len(days) - 1)
        sources = sources_of_folder(place.sources, place.data / "landing", place.data / "work")
        pulled, _ = pull_side_by_side(sources, day)
        combine(pulled, place.data / "snapshots" / day.isoformat(), day)

    seconds = place.measure(lambda: notes.append(save_night(place, days[-1])), next_night)
    grown = (bytes_of(place.root / "restic") - before) / place.runs
    return seconds, f"{notes[-1]}, repository grew by {grown:.1f} MB"


def change_marks(place: Place, number: int) -> None:
    """The nth hundredth of the marks, counted from the end, is entered anew."""
    with closing(sqlite3.connect(place.sources / "qlnt" / "qlnt.sqlite")) as connection:
        (rows,) = connection.execute("SELECT max(id) FROM diem").fetchone()
        last = rows - int(CHANGED * rows) * (number - 1)
        connection.execute(
            "UPDATE diem SET luc_nhap = ? WHERE id > ? AND id <= ?", (f"{DAY} 20:00:0{number}", last - int(CHANGED * rows), last)
        )
        connection.commit()


def back_again(place: Place) -> Measured:
    target, notes = place.root / "restored", []
    snapshot = find_snapshot(place.repository, DAY)

    def bring_back() -> None:
        restored = restore(place.repository, snapshot, target)
        notes.append(f"{restored.files} files, {restored.bytes / MEGABYTE:.1f} MB, every hash compared")

    return place.measure(bring_back, lambda: emptied(target)), notes[-1]


STAGES: dict[str, Callable[[Place], Measured]] = {
    "school": school,
    **{f"pull {system}": lambda place, system=system: pull(place, (system,)) for system in SYSTEMS},  # type: ignore[misc]
    "pull": pull,
    "combine": together,
    "floor": floor,
    "check": rules,
    "gx": gx,
    "hold back": hold,
    "report": report,
    "backup": first_backup,
    "second backup": second_backup,
    "restore": back_again,
}


@contextmanager
def watched_restic() -> Iterator[list[int]]:
    """Collects the peak memory of every restic that is started meanwhile, in kB.

    Asked of the running restic, because what the system adds up for ended children counts our own process at the fork.
    """
    peaks, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY):
            peaks.extend(_restic_peaks())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield peaks
    ended.set()
    thread.join()


def _restic_peaks() -> Iterator[int]:
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # it ended while we looked
            for pid in children.read_text(encoding="ascii").split():
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                if status.startswith("Name:\trestic\n") and "VmHWM:" in status:  # one that has just ended has no memory any more
                    yield int(status.partition("VmHWM:")[2].split()[0])


def main(stage: str, root: str, runs: str) -> None:
    with watched_restic() as peaks:
        seconds, note = STAGES[stage](Place(Path(root), int(runs)))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak, restic = (1024 * kilobytes / MEGABYTE for kilobytes in (own, max(peaks)))
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "peak_mb_of_restic": restic, "note": note}))


if __name__ == "__main__":
    main(*sys.argv[1:])
