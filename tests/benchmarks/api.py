"""Marks from an HTTP API to the snapshot at several sizes: `python -m tests.benchmarks.api`. Prints seconds and peak memory.

Each size in a process of its own. What must be seen: the peak does not grow with the rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, urlsplit

from connectors.column_maps import ApiMap, load_map
from connectors.delivery import Places
from connectors.records.codes import reference
from connectors.rest.source import RestSource
from infra.source_settings import ApiSource
from tests.benchmarks.sql import DAY, ROOT, peak_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = (100_000, 1_000_000)
TOKEN = {"access_token": "x", "token_type": "Bearer", "expires_in": 36_000, "scope": "read"}
SUBJECTS, TIMES, LEVELS = ("TV", "TO", "DD", "TNXH", "AN", "MT", "GDTC", "HDTN"), ("GK1", "CK1", "GK2", "CK2"), ("T", "H", "C")


def record(number: int) -> dict[str, object]:
    """One invented mark; moments hardly repeat, everything else does."""
    day, second = 1 + number // 86_400 % 28, number % 86_400
    moment = f"2027-01-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+07:00"
    codes = {"ma_hs": f"79{number // 40:08d}", "lop": f"{1 + number % 5}A", "khoi": 1 + number % 5, "mon": SUBJECTS[number % 8]}
    mark = {"thoi_diem": TIMES[number % 4], "muc": LEVELS[number % 3], "diem": str(number % 11) if number % 2 else None, "lan": 1}
    return {"id": number, **codes, **mark, "nguoi_nhap": f"CB{number % 60:03d}", "luc_nhap": moment}


class Pages(BaseHTTPRequestHandler):
    """A token for everyone, and the pages of `total` marks, made when they are asked for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    total: ClassVar[int] = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(TOKEN)

    def do_GET(self) -> None:
        query = {name: int(values[-1]) for name, values in parse_qs(urlsplit(self.path).query).items()}
        first = (query["page"] - 1) * query["size"] + 1
        self.answer({"items": [record(number) for number in range(first, min(first + query["size"], self.total + 1))], "total": self.total})

    def answer(self, told: dict[str, object]) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(total: int) -> Iterator[str]:
    handler = type("Sized", (Pages,), {"total": total})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pull(url: str, folder: Path) -> int:
    """Pull all marks; how many rows the snapshot has."""
    secret = folder / "secret"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o600)
    shipped = load_map("qlnt_api_2026")
    assert isinstance(shipped, ApiMap)
    marks = shipped.model_copy(update={"tables": tuple(table for table in shipped.tables if table.to == "marks"), "as_of": None})
    settings = ApiSource(kind="api", url=url, client_id="x", secret_file=secret, requests_a_second=100_000)
    return RestSource("qlnt", settings, marks, Places(folder / "landing", folder / "work")).fetch(DAY).rows["marks"]


def run(url: str) -> None:
    """One pull in this process: a line of JSON."""
    reference()
    with tempfile.TemporaryDirectory(prefix="truong-bench-api-") as folder:
        start = time.perf_counter()
        rows = pull(url, Path(folder))
        seconds = time.perf_counter() - start
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_mb()}))


def in_own_process(total: int) -> dict[str, float]:
    """Pull so many marks in a process of their own."""
    with serving(total) as url:
        command = [sys.executable, "-m", "tests.benchmarks.api", "--url", url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure reading from an HTTP API.")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.url:
        run(arguments.url)
        return
    print("\nmarks from an HTTP API to the snapshot, 500 a page: seconds, peak MB of a process of its own")
    for total in ROWS:
        told = in_own_process(total)
        print(f"{told['rows']:>10,} rows {told['seconds']:7.1f} s {told['peak_mb']:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
