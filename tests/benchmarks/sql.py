"""A million marks from PostgreSQL to Parquet, side by side with other ways: `python -m tests.benchmarks.sql`. Prints; no time fails it.

Every figure comes from a process of its own. Ours: the whole table to the landing (text, hash) and at once to the
snapshot (strays looked for, cleaned, typed, hashed). Beside it, bare: the same SELECT to one Parquet file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from sqlalchemy import URL, create_engine

from connectors.column_maps import DatabaseMap, load_map
from connectors.delivery import Places
from connectors.records.codes import reference
from connectors.sql.access import Access
from connectors.sql.source import DatabaseSource
from tests.integration.sql_servers import PostgreSql, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
ROWS = 1_000_000
MEMORY_ROWS = (250_000, 1_000_000, 4_000_000)
RUNS = 5
DAY = date(2027, 5, 31)
MARKS = """CREATE UNLOGGED TABLE diem (id INTEGER PRIMARY KEY, ma_hs TEXT, lop TEXT, khoi INTEGER, mon TEXT, thoi_diem TEXT, muc TEXT,
    diem TEXT, lan INTEGER, nguoi_nhap TEXT, luc_nhap TIMESTAMP)"""
FILL = """INSERT INTO diem SELECT n, '79' || lpad((n / 40)::text, 8, '0'), (1 + n % 5) || chr(65 + n % 8), 1 + n % 5,
    (ARRAY['TV', 'TO', 'DD', 'TNXH', 'AN', 'MT', 'GDTC', 'HDTN'])[1 + n % 8], (ARRAY['GK1', 'CK1', 'GK2', 'CK2'])[1 + n % 4],
    (ARRAY['T', 'H', 'C'])[1 + n % 3], CASE WHEN n % 2 = 0 THEN (n % 11)::text END, 1, 'CB' || lpad((n % 60)::text, 3, '0'),
    timestamp '2027-01-01' + n * interval '17 seconds' FROM generate_series(1, {rows}) n"""
QUERY = "SELECT ma_hs, lop, khoi, mon, thoi_diem, muc, diem, lan, nguoi_nhap, luc_nhap, id FROM diem ORDER BY id"
Figures = dict[str, Any]


def source(port: int, folder: Path) -> DatabaseSource:
    column_map = load_map("qlnt_2026")
    assert isinstance(column_map, DatabaseMap)
    marks = column_map.model_copy(update={"tables": tuple(table for table in column_map.tables if table.source == "diem"), "as_of": None})
    return DatabaseSource("qlnt", Access(_url(port)), marks, Places(folder / "landing", folder / "work"))


def _url(port: int) -> URL:
    return URL.create("postgresql+psycopg", "app", host="127.0.0.1", port=port, database="postgres")


def to_snapshot(port: int, folder: Path) -> None:
    source(port, folder).fetch(DAY)


def by_cursor(port: int, folder: Path) -> None:
    """The same without ADBC: what the fallback costs."""
    from unittest.mock import patch

    with patch("connectors.sql.source.open_bulk", return_value=None):
        to_snapshot(port, folder)


def bare_adbc(port: int, folder: Path) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(_plain(port)) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        _write(cursor.fetch_record_batch(), folder)


def adbc_table(port: int, folder: Path) -> None:
    import polars as pl

    pl.read_database_uri(QUERY, _plain(port), engine="adbc").write_parquet(folder / "bare.parquet")


def connectorx_table(port: int, folder: Path) -> None:
    import polars as pl

    pl.read_database_uri(QUERY, _plain(port), engine="connectorx").write_parquet(folder / "bare.parquet")


def bare_psycopg_copy(port: int, folder: Path) -> None:
    """COPY as CSV into a file, then Polars from there to Parquet, streaming."""
    import polars as pl
    import psycopg

    csv = folder / "bare.csv"
    command = f"COPY ({QUERY}) TO STDOUT (FORMAT csv, HEADER)".encode()
    with psycopg.connect(_plain(port)) as connection, connection.cursor() as cursor, csv.open("wb") as file, cursor.copy(command) as copy:
        for block in copy:
            file.write(block)
    pl.scan_csv(csv, infer_schema=False).sink_parquet(folder / "bare.parquet", engine="streaming")


def pandas_read_sql(port: int, folder: Path) -> None:
    import pandas as pd

    pd.read_sql(QUERY, create_engine(_url(port))).to_parquet(folder / "bare.parquet")


def _plain(port: int) -> str:
    return f"postgresql://app@127.0.0.1:{port}/postgres"


def _write(batches: Any, folder: Path) -> None:  # noqa: ANN401 - a reader or a list
    writer = None
    for batch in batches:
        writer = writer or pq.ParquetWriter(folder / "bare.parquet", batch.schema)
        writer.write_batch(batch)
    if writer:
        writer.close()


WAYS: dict[str, tuple[str, Callable[[int, Path], None]]] = {
    "snapshot": ("ours: landing and canonical snapshot", to_snapshot),
    "cursor": ("ours without ADBC", by_cursor),
    "adbc": ("bare ADBC batches -> pyarrow Parquet", bare_adbc),
    "adbc-table": ("bare ADBC, whole table -> Polars Parquet", adbc_table),
    "connectorx": ("connectorx, whole table -> Polars Parquet", connectorx_table),
    "copy": ("bare psycopg COPY -> CSV -> Polars Parquet", bare_psycopg_copy),
    "pandas": ("pandas.read_sql -> Parquet", pandas_read_sql),
}


def peak_mb() -> float:
    """The most memory that this process had; what the parent had when it forked does not count, as it would in getrusage."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def run(way: str, port: int, runs: int) -> None:
    """One way, in this process: seconds of every run and the peak memory, as a line of JSON."""
    reference()  # the code lists are read once a process, as its modules are
    seconds, cpu = [], time.process_time()
    for _ in range(runs):
        folder = Path(tempfile.mkdtemp(prefix="truong-bench-sql-"))
        try:
            start = time.perf_counter()
            WAYS[way][1](port, folder)
            seconds.append(time.perf_counter() - start)
        finally:
            shutil.rmtree(folder)
    cpu = (time.process_time() - cpu) / runs
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb()}))


def in_own_process(way: str, port: int, runs: int) -> Figures:
    command = [sys.executable, "-m", "tests.benchmarks.sql", "--way", way, "--port", str(port), "--runs", str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr[-3000:]}")
    measured: Figures = json.loads(done.stdout.splitlines()[-1])
    return measured | {"median": statistics.median(measured["seconds"])}


def fill(server: PostgreSql, rows: int) -> None:
    server.run("DROP TABLE IF EXISTS diem", MARKS, FILL.format(rows=rows), "ANALYZE diem")


def measure(rows: int = ROWS, memory_rows: tuple[int, ...] = MEMORY_ROWS, runs: int = RUNS) -> Figures:
    """Every way in turn, so that a busy machine slows all alike; then the memory at each size. Printed as it comes."""
    figures: Figures = {"ways": {}, "memory": {}}
    ways = [way for way in WAYS if way != "connectorx" or find_spec("connectorx")]
    with postgresql() as server:
        fill(server, rows)
        rounds = [{way: in_own_process(way, server.port, 1) for way in ways} for _ in range(runs)]
        figures["ways"] = {
            way: {key: statistics.median(one[way][key] for one in rounds) for key in ("median", "cpu", "peak_mb")} for way in ways
        }
        show(figures["ways"], rounds, rows)
        for size in memory_rows:
            fill(server, size)
            measured = figures["memory"][size] = {way: in_own_process(way, server.port, 1) for way in ("snapshot", "cursor", "adbc")}
            told = ", ".join(f"{way} {measured[way]['peak_mb']:.0f} MB {measured[way]['median']:.2f} s" for way in measured)
            print(f"{size:>10,} rows: {told}", flush=True)
    return figures


def show(ways: Figures, rounds: list[Figures], rows: int) -> None:
    """The table. The ratio is also told as the median of the rounds' own: on a busy machine that one varies less."""
    print(f"\n{rows:,} marks from PostgreSQL, medians of {len(rounds)} rounds, the ways in turn, each a process of its own")
    print(f"{'':<45}{'wall s':>8}{'/ ADBC':>8}{'by round':>10}{'CPU s':>7}{'MB':>6}")
    for way, measured in ways.items():
        ratio = measured["median"] / ways["adbc"]["median"]
        by_round = statistics.median(one[way]["median"] / one["adbc"]["median"] for one in rounds)
        print(
            f"{WAYS[way][0]:<45}{measured['median']:>8.2f}{ratio:>8.2f}{by_round:>10.2f}{measured['cpu']:>7.2f}{measured['peak_mb']:>6.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure reading from PostgreSQL.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        run(arguments.way, arguments.port, arguments.runs)
    else:
        measure(arguments.rows, runs=arguments.runs)


if __name__ == "__main__":
    main()
