"""What the yearly clean-up of the mail would take away (Điều 10.1b): a plan, and nothing but a plan.

A message is proposed only when it is old by both its dates. What may still be needed is held, whatever
its age; where the two dates contradict each other a person looks. Deletes nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connectors.records.mail import Message
    from infra.settings import Mail

DATES_DISAGREE_AFTER = timedelta(days=365)
FLAGGED, SENDER, SUBJECT = "đã gắn cờ", "nơi gửi phải giữ", "tiêu đề phải giữ"


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one folder and year (of receipt) that would go: how many, how many bytes."""

    folder: str
    year: int
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """What would be pruned. `held`: old messages that stay, by reason; `review`: whose dates contradict each other.

    `digest` stands for exactly these messages: whoever approves it approves nothing else.
    """

    day: date
    cutoff: date
    examined: int
    prune: tuple[Message, ...]
    groups: tuple[Group, ...]
    held: Mapping[str, int]
    review: tuple[Message, ...]
    digest: str

    @property
    def count(self) -> int:
        """Messages that would go."""
        return len(self.prune)

    @property
    def total_bytes(self) -> int:
        """Bytes that would be freed."""
        return sum(message.size for message in self.prune)


@dataclass(slots=True)
class _Sorted:
    prune: list[Message] = field(default_factory=list)
    review: list[Message] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    examined: int = 0


def plan_pruning(messages: Iterable[Message], day: date, settings: Mail) -> PruningPlan:
    """Sort the messages into what would go, what is held and what a person must look at."""
    cutoff = years_before(day, settings.keep_years)
    words = [_whole_words(word) for word in settings.hold_words]
    piles = _Sorted()
    for message in messages:
        piles.examined += 1
        if _dates_disagree(message):
            piles.review.append(message)
        elif message.dated and max(message.received.date(), message.dated.date()) < cutoff:
            if reason := _hold(message, settings.hold_senders, words):
                piles.held[reason] += 1
            else:
                piles.prune.append(message)
        elif message.dated is None and message.received.date() < cutoff:
            piles.review.append(message)
    prune = tuple(sorted(piles.prune, key=_identity))
    held = dict(sorted(piles.held.items()))
    review = tuple(sorted(piles.review, key=_identity))
    return PruningPlan(day, cutoff, piles.examined, prune, _groups(prune), held, review, _digest(day, prune))


def years_before(day: date, years: int) -> date:
    """The same day years earlier (29 February becomes the 28th)."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _dates_disagree(message: Message) -> bool:
    return message.dated is not None and abs(message.received - message.dated) > DATES_DISAGREE_AFTER


def _hold(message: Message, senders: Sequence[str], words: Sequence[re.Pattern[str]]) -> str:
    """Why an old message stays; empty when nothing speaks for it."""
    if message.flagged:
        return FLAGGED
    domain = message.sender.rpartition("@")[2]
    # `*.gov.vn` holds gov.vn itself, too: the dot is for the eye, not for a gap in the net.
    if any(fnmatchcase(domain, pattern.casefold()) or f"*.{domain}" == pattern.casefold() for pattern in senders):
        return SENDER
    subject = _plain(message.subject)
    return SUBJECT if any(word.search(subject) for word in words) else ""


def _whole_words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(_plain(text))}(?!\w)")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _groups(messages: Sequence[Message]) -> tuple[Group, ...]:
    sizes: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for message in messages:
        sizes[message.folder, message.received.year].append(message.size)
    return tuple(Group(folder, year, len(found), sum(found)) for (folder, year), found in sorted(sizes.items()))


def _identity(message: Message) -> tuple[str, str, int, str]:
    """What a message is, whatever flags its file name bears by now."""
    return (message.folder, message.key.rpartition("/")[2].partition(":2,")[0], message.size, message.message_id)


def _digest(day: date, messages: Sequence[Message]) -> str:
    digest = hashlib.sha256(day.isoformat().encode())
    for message in messages:
        digest.update(("\0".join(map(str, _identity(message))) + "\n").encode())
    return digest.hexdigest()
