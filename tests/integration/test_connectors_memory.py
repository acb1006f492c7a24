"""Four times the rows need no more memory: pulls in processes of their own, of which only the peak is looked at."""

from __future__ import annotations

import pytest

from tests.benchmarks import api, sql
from tests.integration.sql_servers import postgresql

pytestmark = [pytest.mark.server, pytest.mark.slow]
ROWS = 250_000
# The same pull varies by 20 MB from run to run; held as text the other rows would be 75 MB, as Python objects 500.
MEGABYTES = 50


def test_four_times_the_rows_of_a_database_take_no_more_memory() -> None:
    with postgresql() as server:
        peaks = []
        for rows in (ROWS, 4 * ROWS):
            sql.fill(server, rows)
            peaks.append(sql.in_own_process("snapshot", server.port, 1)["peak_mb"])
    assert peaks[1] < peaks[0] + MEGABYTES, peaks


def test_four_times_the_rows_of_an_api_take_no_more_memory() -> None:
    few, many = (api.in_own_process(rows) for rows in (70_000, 280_000))
    assert (few["rows"], many["rows"]) == (70_000, 280_000)
    assert many["peak_mb"] < few["peak_mb"] + MEGABYTES, (few, many)
