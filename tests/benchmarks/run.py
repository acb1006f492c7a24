"""Measures a whole night, stage by stage, on a small and a large demo school: `make bench`. Prints; no time ever fails it."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1000, 20_000)
LARGE = 5000  # pupils: from here on backups are measured once
RUNS = 3
CACHE = Path(tempfile.gettempdir()) / f"truong-bench-{os.getuid()}"  # the demo schools; everything else is thrown away
LABELS = {
    "pull qlnt": "pull qlnt (SQLite)",
    "pull csdl": "pull csdl (2 workbooks)",
    "pull staff": "pull staff (CSV, 2 workbooks)",
    "pull": "pull all three side by side",
    "combine": "combine to the night's snapshot",
    "floor": "floor: only read the Parquet files",
    "check": "check: all rules",
    "gx": "Great Expectations results",
    "hold back": "hold back",
    "report": "report",
    "backup": "backup into a fresh repository",
    "second backup": "backup of a night with 1 % changed",
    "restore": "restore and verify by hash",
}
MEASURED_ONCE_IF_LARGE = ("backup", "second backup", "restore")
Stage = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """A school of one size: its cached sources and its own folder to work in."""

    pupils: int
    work: Path

    def measure(self, stage: str) -> Stage:
        runs = 1 if self.pupils >= LARGE and stage in MEASURED_ONCE_IF_LARGE else RUNS
        return in_own_process(stage, self.work, runs)


def in_own_process(stage: str, root: Path, runs: int) -> Stage:
    """One stage; SystemExit with what it said when it breaks."""
    command = [sys.executable, "-m", "tests.benchmarks.stages", stage, str(root), str(runs)]
    if sys.stderr.isatty():
        print(f"{stage + ' …':<40}", end="\r", file=sys.stderr, flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{stage}: {done.stderr[-3000:]}")
    measured: Stage = json.loads(done.stdout.splitlines()[-1])
    return measured | {"median": statistics.median(measured["seconds"])}


def demo_school(pupils: int) -> tuple[Path, Stage]:
    """The cached sources of a size, and how long they took when they were written."""
    folder = CACHE / f"{pupils}-{fingerprint()}"
    file = folder / "measured.json"
    if not file.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        for outdated in CACHE.glob(f"{pupils}-*"):
            shutil.rmtree(outdated)
        folder.mkdir()
        file.write_text(json.dumps(in_own_process("school", folder, pupils)), encoding="utf-8")
    measured: Stage = json.loads(file.read_text(encoding="utf-8"))
    return folder / "sources", measured


def fingerprint() -> str:
    """Of the code that writes the school: other code, other school."""
    files = sorted((ROOT / "connectors" / "demo").glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def measure_size(pupils: int) -> dict[str, Stage]:
    sources, written = demo_school(pupils)
    with tempfile.TemporaryDirectory(prefix="truong-bench-") as work:
        shutil.copytree(sources, Path(work) / "sources")
        size = Size(pupils, Path(work))
        return {"school": written} | {stage: size.measure(stage) for stage in LABELS}


def machine() -> dict[str, str]:
    restic = subprocess.run([str(restic_binary()), "version"], capture_output=True, text=True, check=True)
    packages = {name: version(name) for name in ("polars", "great-expectations", "python-calamine", "xlsxwriter")}
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **packages,
        "restic": restic.stdout.split()[1],
    }


def restic_binary() -> Path:
    sys.path.insert(0, str(ROOT))
    from backup.binary import find_restic

    return find_restic()


def print_size(pupils: int, stages: dict[str, Stage]) -> None:
    written = stages["school"]
    print(f"\n{pupils:,} pupils: {written['note']}; written in {written['median']:.1f} s, {written['peak_mb']:.0f} MB\n")
    print(f"{'stage':<37}{'median s':>9}{'first s':>9}{'runs':>5}{'peak MB':>9}{'restic MB':>10}  what")
    for name, label in LABELS.items():
        stage = stages[name]
        restic = f"{stage['peak_mb_of_restic']:.0f}" if stage["peak_mb_of_restic"] else "–"
        seconds = stage["seconds"]
        print(f"{label:<37}{stage['median']:>9.2f}{seconds[0]:>9.2f}{len(seconds):>5}{stage['peak_mb']:>9.0f}{restic:>10}  {stage['note']}")
    print(f"check / floor: {stages['check']['median'] / stages['floor']['median']:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a night stage by stage.")
    parser.add_argument("--pupils", type=int, help=f"only this size (default: {' and '.join(f'{size:,}' for size in SIZES)})")
    parser.add_argument("--json", type=Path, help="also write everything measured into this file")
    arguments = parser.parse_args()
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print(f"Wall seconds, median of {RUNS} runs in a process of its own; peak: resident memory of that process, and of restic.")
    measured: dict[str, dict[str, Stage]] = {}
    for pupils in [arguments.pupils] if arguments.pupils else SIZES:
        measured[str(pupils)] = measure_size(pupils)
        print_size(pupils, measured[str(pupils)])
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": facts, "sizes": measured}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
