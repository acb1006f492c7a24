"""The quickest way out of PostgreSQL: ADBC's stream of Arrow batches, on the very state of the data that the transaction sees.

A second connection takes over the snapshot of the first (`pg_export_snapshot`), read-only and with the same
time-outs. Where that cannot be had, or breaks off in a table, the server-side cursor of the first connection
reads instead and gives the same rows: an old or foreign server without exported snapshots, an account with
one connection only, an address that only psycopg understands.
"""

from __future__ import annotations

import logging
import re
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi  # type: ignore[import-untyped]
from sqlalchemy.dialects import postgresql

from connectors.errors import SourceUnreachable
from connectors.sql.prefetch import Silent, prefetched
from connectors.sql.refusals import LOST, REFUSALS, refused_by_code
from connectors.sql.servers import begin_postgresql

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sqlalchemy import Connection

    from connectors.sql.access import Access
    from connectors.sql.columns import Asked

LOG = logging.getLogger(__name__)
SQLSTATE = re.compile(r"SQLSTATE: (\w{5})")
BATCH_BYTES = 8 << 20  # half of the driver's own: three of them are held at a time
NAMED = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call] # no parameters are used; the other styles would double a % in a name


class BulkFailedError(Exception):
    """The quick way did not work; the slower one will, or will say why not."""


@dataclass(slots=True)
class Bulk:
    """A second connection on the first one's snapshot."""

    connection: dbapi.Connection
    silence: float
    where: str
    failures: list[str]
    ends_at: float
    given_up: bool = False

    def batches(self, asked: Asked) -> Generator[pa.RecordBatch]:
        """A table in batches. BulkFailedError when the cursor should be tried, another SourceError when that is of no use."""
        sql = str(asked.bulk.compile(dialect=NAMED))
        try:
            with closing(prefetched(self._stream(sql), self.silence, self.ends_at)) as stream:
                for batch in stream:
                    yield asked.from_arrow(batch)
        except Silent:
            self.given_up = True
            raise SourceUnreachable(LOST[0], where=self.where, fix=LOST[1]) from None
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            raise self._failure(error) from None

    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def _failure(self, error: Exception) -> Exception:
        """What a person must know at once (too slow, no right) is told; anything else is left to the cursor to find out."""
        code = _tell(error)
        if code in REFUSALS:
            return refused_by_code(code, self.where)
        self.failures.append(code)
        return BulkFailedError(code)

    def close(self) -> None:
        """End it. A connection that hangs is left to the thread that waits in it: closing it here would hang too."""
        if not self.given_up:
            self.connection.close()


def open_bulk(access: Access, connection: Connection, failures: list[str]) -> Bulk | None:
    """The quick way beside a transaction; None where there is none. What fails, now or later, is added to `failures` as a code."""
    if not access.is_postgresql:
        return None
    snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
    try:
        reached = dbapi.connect(_address(access), autocommit=False)
        bulk = Bulk(reached, access.limits.silence, access.where, failures, time.monotonic() + access.overall)
    except dbapi.Error as error:
        failures.append(_tell(error))
        return None
    try:
        with bulk.connection.cursor() as cursor:
            for statement in (*begin_postgresql(access.limits), f"SET TRANSACTION SNAPSHOT '{snapshot}'"):
                cursor.execute(statement)
    except dbapi.Error as error:
        failures.append(_tell(error))
        bulk.close()
        return None
    return bulk


def _address(access: Access) -> str:
    limits = {"connect_timeout": str(max(1, round(access.patience)))}
    url = access.url.set(drivername="postgresql", password=access.password()).update_query_dict(limits)
    return url.render_as_string(hide_password=False)


def _sqlstate(error: Exception) -> str:
    found = SQLSTATE.search(str(error))
    return str(getattr(error, "sqlstate", None) or (found[1] if found else type(error).__name__))


def _tell(error: Exception) -> str:
    """The code that is logged. The driver's text is left out: it may hold the password or a row."""
    code = _sqlstate(error)
    LOG.info("PostgreSQL is read through the server-side cursor, ADBC said %s", code)
    return code
