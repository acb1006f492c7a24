"""The stand-in API on loopback over real TLS, and sources that read it."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from connectors.column_maps import ApiMap, load_map
from connectors.delivery import Places
from connectors.demo.stand_in_api import StandIn, serving
from connectors.rest.pace import Limits
from connectors.rest.source import RestSource
from infra.source_settings import ApiSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT, SECRET = "truong-tieu-hoc", "khóa bí mật: 100% & dài"
PUPILS, MARKS = "/api/v1/hoc-sinh", "/api/v1/diem"
# Waits of thousandths of a second: what is tested is that there is a wait and an end, not how long.
QUICK = Limits(
    connect_seconds=15, read_seconds=15, fetch_seconds=60, attempts=3, first_wait=0.01, longest_wait=0.05, page_bytes=1 << 20, most_pages=30
)


@dataclass
class Api:
    """A running stand-in and the files that its client needs."""

    server: StandIn
    folder: Path

    def settings(self, **changes: object) -> ApiSource:
        values = {
            "kind": "api", "url": self.server.url, "client_id": CLIENT, "secret_file": self.folder / "qlnt.secret",
            "ca_file": self.folder / "ca.pem", "requests_a_second": 10_000, **changes,
        }  # fmt: skip
        return ApiSource.model_validate(values)

    def source(self, out: Path, *, limits: Limits = QUICK, column_map: ApiMap | None = None, **changes: object) -> RestSource:
        """The source as settings give it; `changes` are settings."""
        return RestSource("qlnt", self.settings(**changes), column_map or api_map(), Places(out / "landing", out / "work"), limits)

    def asked(self, path: str) -> list[str]:
        """What was asked of a path, in order."""
        return [line for line in self.server.asked if line.split(" ")[1].startswith(path)]


def api_map(**paging: object) -> ApiMap:
    """The shipped map, two records a page; `paging` changes that part."""
    shipped = load_map("qlnt_api_2026")
    assert isinstance(shipped, ApiMap)
    return shipped.model_copy(update={"paging": shipped.paging.model_copy(update={"page_size": 2, **paging})})


def authority(folder: Path) -> trustme.CA:
    """A certificate authority of these tests; its certificate lies in ca.pem."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    return ca


def certificate(ca: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def api_of(database: Path, folder: Path, tls: ssl.SSLContext | None) -> Iterator[Api]:
    """Serve a database; the secret lies beside the CA as a school would keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "qlnt.secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    secret.chmod(0o600)
    with serving(StandIn(database, CLIENT, SECRET, tls)) as server:
        yield Api(server, folder)
