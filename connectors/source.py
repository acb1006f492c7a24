"""What every source is: a read-only way to fetch one system's data as a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from connectors.records.snapshot import Snapshot


class Source(Protocol):
    """A system outside. It is only ever read: no method writes to it."""

    @property
    def system(self) -> str:
        """System id, like `qlnt`, `csdl` or `staff`."""

    def fetch(self, day: date) -> Snapshot:
        """Land what the system delivers, clean it to canonical tables and return them as a one-system snapshot.

        Raises SourceUnreachable, SourceRefused or SourceChanged; then nothing half-written is left.
        """
