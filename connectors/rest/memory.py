"""What the API gave the last time, so that a resource that did not change since is not sent again.

The server tells a mark (ETag) with each page. A resource is taken from the last landing only when the server
says of every page of it, tonight, that it is still the one with that mark: else all of it is read anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from connectors.records.snapshot import sha256_of
from connectors.rest.client import Answer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from connectors.delivery import Places
    from connectors.rest.client import RestClient
    from connectors.rest.pace import Pace

OK = 200


class Asked(Protocol):
    """Who gives the pages of a resource: the API itself, or what it gave before."""

    @property
    def pace(self) -> Pace:
        """The limits that hold for them."""

    def get(self, url: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """A page with 200."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource of the last landing: its file, one page a line, and address and mark of each page."""

    file: Path
    pages: list[tuple[str, str]]

    def is_current(self, client: RestClient) -> bool:
        """Whether the server says so of every page."""
        return all(client.is_unchanged(url, mark) for url, mark in self.pages)


@dataclass(slots=True)
class Replay:
    """The pages of a kept resource, one after the other, whoever asks for which: the map and the address are the same."""

    pace: Pace
    answers: Iterator[Answer]

    def get(self, _url: str, _query: Mapping[str, str | int] | None = None) -> Answer:
        """The next page."""
        return next(self.answers)


@dataclass(slots=True)
class Memory:
    """The resources of one system, by name. `made_of`: what else than the server decides what is asked and answered."""

    places: Places
    system: str
    made_of: str
    _now: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextmanager
    def asking(self, name: str, client: RestClient) -> Iterator[Asked]:
        """Where the pages of a resource come from tonight."""
        kept = self._kept(name)
        if kept is None or not kept.is_current(client):
            yield client
            return
        with closing(_answers(kept)) as answers:
            yield Replay(client.pace, answers)

    def note(self, name: str, marks: list[tuple[str, str]], digest: str) -> None:
        """Remember a resource that has been read, if the server marks its pages apart."""
        # A mark that begins with W/ means much the same and not the same; one mark for two pages means neither of them.
        if marks and all(mark.startswith('"') for _, mark in marks) and len({mark for _, mark in marks}) == len(marks):
            self._now[name] = {"made_of": self.made_of, "pages": marks, "sha256": digest}

    def save(self, day: date) -> None:
        """Write down what was landed on a day."""
        told = {name: {**entry, "at": f"{day.isoformat()}/{self.system}/{name}"} for name, entry in self._now.items()}
        aside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        aside.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), encoding="utf-8")
        aside.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.places.work.parent / "cache" / "api" / f"{self.system}.json"

    def _kept(self, name: str) -> Kept | None:
        """A resource as it was landed; None when it was not, was asked for in another way, or is not there whole any more."""
        try:
            entry = json.loads(self._file.read_text(encoding="utf-8"))[name]
            file = self.places.landing / str(entry["at"])
            if entry["made_of"] != self.made_of or sha256_of(file) != entry["sha256"]:
                return None
            return Kept(file, [(str(url), str(mark)) for url, mark in entry["pages"]])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _answers(kept: Kept) -> Generator[Answer]:
    with kept.file.open("rb") as stream:
        for line, (url, mark) in zip(stream, kept.pages, strict=True):
            yield Answer(url, OK, line.removesuffix(b"\n"), mark=mark)


def made_of(*parts: str) -> str:
    """One text for all of them, and for the version that reads: what another one landed is not used."""
    return hashlib.sha256(json.dumps([version("truong"), *parts], ensure_ascii=False).encode()).hexdigest()
