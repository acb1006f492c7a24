"""What a person is told of a connection's certificate, once it has been verified."""

from __future__ import annotations

import ssl
from datetime import datetime

from infra.clock import SCHOOL_ZONE, vietnamese_date


def told_of(connection: ssl.SSLSocket) -> str:
    """Protocol and last day: `TLSv1.3, chứng chỉ tin được, dùng đến 31/05/2028`."""
    ends = ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    day = datetime.fromtimestamp(ends, SCHOOL_ZONE).date()
    return f"{connection.version()}, chứng chỉ tin được, dùng đến {vietnamese_date(day)}"
