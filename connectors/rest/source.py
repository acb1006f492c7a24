"""A system read over its HTTP API: OAuth 2 token, JSON pages, landed as they came, then canonical rows.

Only ever GET, but for the token. A fetch reads every resource whole or fails whole: pages that came are
not asked for again while it lasts, and the next fetch starts anew (connectors.rest.paging says why).
"""

from __future__ import annotations

import ipaddress
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import polars as pl

from connectors.delivery import PROVENANCE_ROW, Delivery, Places, WrittenPart, landed
from connectors.errors import SourceRefused
from connectors.records.cleaning import clean_date
from connectors.records.quarantine import FEWEST_CELLS, NO_KEY
from connectors.records.snapshot import sha256_of
from connectors.records.streaming import Encoder, TableWriter, delivered
from connectors.rest.client import connected, origin, plain_address
from connectors.rest.memory import Memory, made_of
from connectors.rest.pace import Limits, Pace
from connectors.rest.paging import Reading, object_of, value_at
from connectors.rest.records import Gathering, moment_text
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from connectors.column_maps import ApiMap, ApiTable
    from connectors.records.snapshot import Snapshot
    from connectors.rest.memory import Asked
    from connectors.rest.paging import Record
    from infra.source_settings import ApiSource


@dataclass(frozen=True, slots=True)
class RestSource:
    """One system's API, read as its column map tells. ConfigurationError when its address may not be used."""

    system: str
    settings: ApiSource
    column_map: ApiMap
    places: Places
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_address(self.settings.url)

    def fetch(self, day: date) -> Snapshot:
        """Read every resource of the map, land its pages as they came, write the snapshot (see Source.fetch)."""
        delivery, memory = Delivery(self.system), Memory(self.places, self.system, self._made_of())
        # Rows wait in a folder inside the landing, which is gone before the landing gets its name.
        with landed(self.places, day, self.system) as landing, TemporaryDirectory(prefix=".rows.", dir=landing) as aside:
            with connected(self.settings, self.pace(), self.column_map.client_in) as client:
                for table in self.column_map.tables:
                    gathering = Gathering(table, client.url(table.path), Path(aside, table.source))
                    with memory.asking(_file_of(table), client) as asked:
                        memory.note(_file_of(table), *self._land(asked, gathering, delivery, landing))
                if self.column_map.as_of and self.column_map.as_of.path:
                    self._tell_day(object_of(client.get(client.url(self.column_map.as_of.path))), delivery)
            snapshot = delivery.snapshot(self.places.work / day.isoformat() / self.system, day)
        # Only now: what a fetch that failed had landed is gone again.
        memory.save(day)
        return snapshot

    def _made_of(self) -> str:
        """What decides, beside the server, which pages are asked for and what they show."""
        return made_of(self.settings.url, self.settings.client_id, self.column_map.paging.model_dump_json())

    def pace(self) -> Pace:
        """The clock of one fetch, starting now."""
        return Pace(self.limits, self.settings.requests_a_second)

    def _land(self, asked: Asked, gathering: Gathering, delivery: Delivery, landing: Path) -> tuple[list[tuple[str, str]], str]:
        """Land a resource and add those of its records that are rows to the delivery; address and mark of its pages, its hash."""
        file, where, marks = landing / _file_of(gathering.table), gathering.where, []
        with file.open("wb") as stream, closing(gathering):
            for page in Reading(asked, self.column_map.paging, where).pages():
                marks.append((page.url, page.mark))
                stream.write(page.line + b"\n")
                gathering.add(page.records)
                self._tell_day(page.told, delivery)
            gathering.finish()
        delivery.files[file.name] = digest = sha256_of(file)
        if gathering.table.never_empty and not gathering.count:
            raise SourceRefused("API không trả dòng nào", where=where, fix="xem hệ thống nguồn có đang được nạp lại không, rồi chạy lại")
        _deliver(gathering, delivery, urlsplit(where).path)
        return marks, digest

    def _tell_day(self, told: Record, delivery: Delivery) -> None:
        """The day of the system's own data, if the answer tells it."""
        value = value_at(told, self.column_map.as_of.field) if self.column_map.as_of else None
        if isinstance(value, str):
            text = pl.DataFrame({"day": [moment_text(value)]}, schema={"day": pl.String})
            day = text.select(clean_date(pl.col("day"))).item()
            delivery.dates += [day] if isinstance(day, date) else []


def _file_of(table: ApiTable) -> str:
    return f"{table.source}.jsonl"


def _deliver(gathering: Gathering, delivery: Delivery, path: str) -> None:
    """Clean what was gathered, group by group, into a file that the snapshot takes; what cannot be a row is set aside."""
    table, rows, file = gathering.table, gathering.rows(), gathering.file.with_suffix(".rows")
    here = [name for name in rows.collect_schema().names() if name != PROVENANCE_ROW]
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in here)
    keyless = pl.all_horizontal(pl.lit(value=bool(table.key)), *(pl.col(name).is_null() for name in table.key))
    stray = keyless & (filled < FEWEST_CELLS)
    meant = [pl.col(name).fill_null(text) for name, text in table.when_empty.items() if name in here]
    constant = [pl.lit(text).alias(name) for name, text in table.constant.items()]
    origin = {"source_system": delivery.system, "source_file": path, "source_sheet": table.source}
    encoder = Encoder()
    with closing(TableWriter(table.to, file, origin)) as writer:
        for group in gathering.groups():
            writer.write(encoder.encode(delivered(group.filter(~stray).with_columns(*meant, *constant))))
    if writer.rows < gathering.count:
        delivery.set_aside(table.to, NO_KEY, path, table.source, rows.filter(stray))
    delivery.parts.append(WrittenPart(table.to, file, (*here, *table.constant)))


def check_address(url: str) -> None:
    """ConfigurationError when an address holds a secret or a query, or would send data in the clear over a network."""
    scheme, host, _ = origin(url)
    parts = urlsplit(url) if host else None
    if parts is None or parts.username or parts.password or parts.query or parts.fragment:
        # The text may hold a password, so it is not repeated.
        raise ConfigurationError(
            "Địa chỉ API không đúng dạng", where="url", fix="chỉ ghi https://máy-chủ/đường-dẫn; bí mật để ở secret_file"
        )
    if scheme != "https" and not _is_loopback(host):
        raise ConfigurationError(
            "Địa chỉ API không mã hóa", where=plain_address(url), fix="dùng https://; http:// chỉ được với chính máy này"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
