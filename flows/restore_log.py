"""Who restored what, when and why: `data/restored/nhat-ky.jsonl`, only ever appended to (Điều 21).

A restore is written down before it begins and again when it has ended, however it ended: a line that has no
second one is a restore that was killed. Counts, codes and paths only; the reason is the person's own words.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backup.errors import RestoreError
from backup.wanted import in_words
from infra.append_only import append_line
from infra.clock import now
from infra.errors import ConfigurationError, SchoolError
from infra.secret_files import close_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from flows.home import Home

RESTORED, RESTORE_LOG = "restored", "nhat-ky.jsonl"
BEGUN, DONE, REFUSED, FAILED, BROKEN_OFF = "bắt đầu", "xong", "từ chối", "không làm được", "bị dừng"


class RestoreRefused(RestoreError):
    """A person did not confirm, or may not do it that way: nothing was written."""


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """What a person asks for. `what`: see backup.wanted; `wanted`: day or snapshot id, None the newest night; `repository`: None the first.

    `target`: a new folder; `in_place`: over the school's own data instead, confirmed by `school`, the school's name.
    """

    what: str = ""
    wanted: date | str | None = None
    repository: str = ""
    target: Path | None = None
    reason: str = ""
    in_place: bool = False
    school: str = ""


@dataclass(slots=True)
class Outcome:
    """What becomes known while a restore runs, for the last line of the log."""

    facts: dict[str, Any] = field(default_factory=dict)


@contextmanager
def logged(home: Home, order: RestoreOrder) -> Iterator[Outcome]:
    """Write a restore down before and after. RestoreError when the log cannot be written: then nothing is restored."""
    entry = {"run": secrets.token_hex(4), "who": _who(), **_asked(order)}
    _write(home, {**entry, "state": BEGUN})
    outcome, ending = Outcome(), {"state": BROKEN_OFF}
    try:
        yield outcome
        ending = {"state": DONE}
    except SchoolError as error:
        ending = {"state": REFUSED if isinstance(error, RestoreRefused) else FAILED, "problem": error.line()}
        raise
    finally:
        _write(home, {**entry, **outcome.facts, **ending})


def log_file(home: Home) -> Path:
    """Where the log is."""
    return home.folder(RESTORED) / RESTORE_LOG


def _asked(order: RestoreOrder) -> dict[str, Any]:
    return {
        "what": in_words(order.what),
        "wanted": str(order.wanted) if order.wanted else "đêm mới nhất",
        "repository": order.repository or "kho thứ nhất",
        "target": "tại chỗ" if order.in_place else str(order.target or ""),
        "reason": order.reason,
    }


def _who() -> str:
    """The account; who became root is told by the account behind it."""
    account, person = getpass.getuser(), os.environ.get("SUDO_USER", "")
    return f"{person} ({account})" if person else account


def _write(home: Home, entry: dict[str, Any]) -> None:
    try:
        close_folder(home.folder(RESTORED))  # what is restored bears names
        append_line(log_file(home), json.dumps({"when": now().isoformat(timespec="seconds"), **entry}, ensure_ascii=False))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"Không ghi được sổ khôi phục ({reason})", where=str(log_file(home)), fix="dọn đĩa hoặc sửa quyền ghi, rồi chạy lại"
        ) from error
