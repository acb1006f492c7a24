"""Thirty rules over a million and five million marks, ours beside other ways: `python -m tests.benchmarks.rules`. Prints; no time fails it.

Every engine gets the same Parquet files in a process of its own, and must find the same rows, else this ends with
an error. Wall seconds are what a person waits; processor seconds are firmer on a machine that is busy otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.rule_engines import ENGINES
from tests.benchmarks.rule_engines_slow import SLOW_ENGINES
from tests.benchmarks.rule_table import PUPILS, SPECS, facts, write_tables

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(tempfile.gettempdir()) / f"truong-bench-{os.getuid()}"
SIDE_BY_SIDE, GROWTH = (1_000_000, 5_000_000), (10_000, 100_000, 1_000_000, 5_000_000)
RUNS, SLOW_RUNS = 5, 1
OURS, BARE, SQL, FLOOR = "ours", "bare Polars", "bare DuckDB", "floor"
Measured = dict[str, Any]


def measure(engine: str, rows: int, runs: int) -> Measured:
    """One engine on one size; SystemExit with what it said when it breaks."""
    command = [sys.executable, "-m", "tests.benchmarks.rule_engines", engine, str(table(rows)), str(runs)]
    if sys.stderr.isatty():
        print(f"{engine} … {rows:,}".ljust(50), end="\r", file=sys.stderr, flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr[-3000:]}")
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured | {name: statistics.median(measured[name]) for name in ("wall", "processor")} | {"runs": runs}


def table(rows: int) -> Path:
    CACHE.mkdir(mode=0o700, exist_ok=True)
    return write_tables(CACHE / f"marks-{rows}", rows)


def side_by_side(rows: int, slow: bool) -> None:  # noqa: FBT001 - of the command line
    names = [*ENGINES, *(SLOW_ENGINES if slow else ())]
    found = {name: measure(name, rows, SLOW_RUNS if name in SLOW_ENGINES else RUNS) for name in names}
    digests = {name: one["digest"] for name, one in found.items() if name != FLOOR}
    if len(set(digests.values())) != 1:
        raise SystemExit(f"the engines do not find the same rows: {digests}")
    size, broken = facts(table(rows)), sum(found[OURS]["counts"].values())
    print(f"\n{rows:,} marks ({size['bytes'] / 1e6:.0f} MB), {PUPILS:,} pupils, {len(SPECS)} rules; all find the same {broken:,} rows\n")
    print(f"{'engine':<29}{'wall s':>8}{'× floor':>9}{'ours ×':>8}{'CPU s':>8}{'ours ×':>8}{'peak MB':>9}{'runs':>6}")
    for name, one in found.items():
        ratios = [found[FLOOR]["wall"], one["wall"], one["processor"]]
        of_ours = (
            (f"{found[OURS]['wall'] / ratios[1]:>8.2f}", f"{found[OURS]['processor'] / ratios[2]:>8.2f}") if name != FLOOR else ("", "")
        )
        print(
            f"{name:<29}{one['wall']:>8.2f}{one['wall'] / ratios[0]:>9.1f}{of_ours[0]:>8}{one['processor']:>8.2f}{of_ours[1]:>8}"
            f"{one['peak_mb']:>9.0f}{one['runs']:>6}"
        )
    for name, limit in ((BARE, 1.1), (SQL, 1.2)):
        print(f"ours / {name}: {found[OURS]['wall'] / found[name]['wall']:.2f} (wanted: at most {limit})")


def growth() -> None:
    print("\nours, growing:\n")
    print(f"{'marks':>11}{'wall s':>9}{'µs a mark':>11}{'CPU s':>8}{'peak MB':>9}")
    for rows in GROWTH:
        one = measure(OURS, rows, RUNS)
        print(f"{rows:>11,}{one['wall']:>9.2f}{1e6 * one['wall'] / rows:>11.2f}{one['processor']:>8.2f}{one['peak_mb']:>9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Thirty rules over marks, side by side.")
    parser.add_argument("--rows", type=int, help="only this size")
    parser.add_argument("--quick", action="store_true", help="without pandera and Great Expectations on pandas")
    arguments = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores, load before {os.getloadavg()[0]:.1f}; median of {RUNS} runs, slow engines {SLOW_RUNS}")
    for rows in [arguments.rows] if arguments.rows else SIDE_BY_SIDE:
        side_by_side(rows, not arguments.quick)
    if not arguments.rows:
        growth()


if __name__ == "__main__":
    main()
