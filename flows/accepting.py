"""What a person let pass of a source: written down with who, when and why, and used for exactly that.

`data/accepted/SOURCE.jsonl` is only ever appended to. A line that was cut or changed by hand does not count: then
the breaker stays tripped, which is the safe side.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.contract import ROWS, Breach, Kind, came_back, covers
from connectors.records.school_calendar import SchoolCalendar
from flows.signed_log import append, digest_of, entries, signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from flows.home import Home
    from infra.source_settings import Contract

ACCEPTED = "accepted"
DRIFT = "drift"
# After so long what was accepted is what is usual, or it is asked again: the median needs three nights, this leaves a month.
ACCEPTED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One line of the log. `state`: rows and columns per table and the data's own day; `digest` proves state and breaches."""

    system: str
    day: date
    when: str
    who: str
    why: str
    breaches: tuple[Breach, ...]
    state: dict[str, Any]
    digest: str

    def stands(self, day: date) -> bool:
        """Whether it may be used on a day."""
        return self.day <= day <= self.day + timedelta(days=ACCEPTED_DAYS)


def state_of(snapshot: Snapshot) -> dict[str, Any]:
    """The exact state of a one-system snapshot: what is accepted, and nothing of a row."""
    (state,) = snapshot.sources.values()
    return {
        "rows": {table: snapshot.rows[table] for table in sorted(state.delivered)},
        "columns": {table: list(columns) for table, columns in sorted(state.delivered.items())},
        "data_as_of": state.data_as_of.isoformat() if state.data_as_of else None,
    }


def accept(home: Home, snapshot: Snapshot, day: date, why: str, breaches: Sequence[Breach]) -> Acceptance:
    """Write down that these breaches of a one-system snapshot may pass; returns what was written."""
    (system,) = snapshot.sources
    told = [_breach_to_json(breach) for breach in breaches]
    state = state_of(snapshot)
    entry = {
        **signature(),
        "why": why,
        "system": system,
        "day": day.isoformat(),
        "breaches": told,
        "state": state,
        "digest": digest_of(told, state),
    }
    append(_file(home, system), entry)
    return _acceptance(entry)


def acceptances(home: Home, system: str) -> list[Acceptance]:
    """Every acceptance of a source that is whole, oldest first."""
    return list(_whole(entries(_file(home, system))))


def in_force(accepted: Sequence[Acceptance], since: Sequence[Snapshot], day: date, contract: Contract) -> list[Breach]:
    """Accepted breaches that may still pass on a day.

    `since`: the source's good nights (one-system snapshots) of the last `ACCEPTED_DAYS` days. One of them on which
    things were again as before ends what was accepted until then.
    """
    calendar = SchoolCalendar()
    return [
        breach
        for acceptance in accepted
        if acceptance.stands(day)
        for breach in acceptance.breaches
        if not any(came_back(breach, night, contract, calendar) for night in since if night.day > acceptance.day)
    ]


def passed(breaches: Sequence[Breach], accepted: Sequence[Breach]) -> tuple[Breach, ...]:
    """Those of tonight's breaches that an accepted one covers."""
    return tuple(breach for breach in breaches if breach.trips and any(covers(known, breach) for known in accepted))


def accepted_tables(home: Home, system: str, day: date) -> frozenset[str]:
    """Tables of a source whose rows a person let fall or rise, for the drift rule: it must not stop what was accepted."""
    standing = (acceptance for acceptance in acceptances(home, system) if acceptance.stands(day))
    return frozenset(breach.table for acceptance in standing for breach in acceptance.breaches if breach.kind in ROWS)


def without_accepted_drift(home: Home, findings: pl.DataFrame, day: date) -> pl.DataFrame:
    """A night's findings without the drift (BD-1) of tables that a person let fall: what was accepted must not stop the export.

    `findings`: as the check gives them; a finding of drift has the system and, as its key, the table.
    """
    accepted = [(system, table) for system in home.settings.sources for table in sorted(accepted_tables(home, system, day))]
    if not accepted:
        return findings
    # BD-1 knows nothing of what people accepted: rules see data only.
    passes = pl.any_horizontal((pl.col("system") == system) & (pl.col("key") == table) for system, table in accepted)
    return findings.filter(~((pl.col("table") == DRIFT) & passes))


def _file(home: Home, system: str) -> Path:
    return home.folder(ACCEPTED) / f"{system}.jsonl"


def _whole(lines: Iterable[dict[str, Any]]) -> Iterator[Acceptance]:
    for entry in lines:
        try:
            if entry["digest"] == digest_of(entry["breaches"], entry["state"]):
                yield _acceptance(entry)
        except (ValueError, KeyError, TypeError):
            continue


def _acceptance(entry: dict[str, Any]) -> Acceptance:
    breaches = tuple(map(_breach_from_json, entry["breaches"]))
    words = {name: str(entry[name]) for name in ("system", "when", "who", "why", "digest")}
    return Acceptance(**words, day=date.fromisoformat(entry["day"]), breaches=breaches, state=entry["state"])


def _breach_to_json(breach: Breach) -> dict[str, Any]:
    values = {name: value for name, value in asdict(breach).items() if name != "advice"}
    # What is accepted is the change, not the guess at its cause.
    return {**values, "kind": breach.kind.value, "day": breach.day.isoformat() if breach.day else None}


def _breach_from_json(values: dict[str, Any]) -> Breach:
    return Breach(**{**values, "kind": Kind(values["kind"]), "day": date.fromisoformat(values["day"]) if values["day"] else None})
