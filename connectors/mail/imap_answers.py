"""What an IMAP server answers, taken apart: folders, namespaces, the headers of messages (RFC 3501, 2342, 6154). Pure text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.mail.maildir import INBOX, decoded, letterhead, school_time
from connectors.records.mail import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    # imaplib gives a line, or a line and the literal behind it, or nothing.
    Part = bytes | tuple[bytes, bytes] | None

# The letters that Maildir has for the same flags.
MAILDIR_LETTERS = {"\\answered": "R", "\\deleted": "T", "\\draft": "D", "\\flagged": "F", "\\seen": "S", "$forwarded": "P"}
CANNOT_OPEN = ("\\noselect", "\\nonexistent")
# Folders that only show messages of other folders once more (RFC 6154): counted there.
SHOWN_TWICE = ("\\all", "\\flagged", "\\important")
_FOLDER = re.compile(rb'\(([^)]*)\) (NIL|"(?:\\.|[^"\\])*") (.*)', re.DOTALL)
_QUOTED = re.compile(rb'"((?:\\.|[^"\\])*)"')
_NAMESPACE_TOKENS = re.compile(rb'[()]|NIL|"(?:\\.|[^"\\])*"', re.IGNORECASE)
_IN_ENTRY = 2  # brackets around the texts of a namespace's entry
_ANSWER_BEGINS = re.compile(rb"\d+ \(")
_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED, _FLAGS = re.compile(rb'\bINTERNALDATE "([^"]*)"'), re.compile(rb"\bFLAGS \(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that can be opened. `wire`: its name as the server wants it; `name`: as people read it."""

    wire: bytes
    name: str

    @property
    def quoted(self) -> bytes:
        """The name as a command's argument."""
        return b'"' + self.wire.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefixes of this account's own folders, and of those that other people or everybody owns."""

    own: tuple[bytes, ...] = ()
    others: tuple[bytes, ...] = ()


def namespaces_of(answers: Iterable[Part]) -> Namespaces:
    """Prefixes out of `(("INBOX." ".")) (("users." ".")) NIL`."""
    sections: list[list[bytes]] = [[]]
    depth, awaited = 0, False
    for token in _NAMESPACE_TOKENS.findall(b" ".join(map(_joined, answers))):
        depth += (token == b"(") - (token == b")")
        if depth == 0:
            sections.append([])  # a list has ended, or NIL stood for one
        elif token.startswith(b'"') and awaited:
            sections[-1].append(_unquoted(token))
        awaited = token == b"(" and depth == _IN_ENTRY  # only the first text of an entry is a prefix
    own, *others = sections
    return Namespaces(tuple(own), tuple(prefix for section in others for prefix in section if prefix))


def folders_of(answers: Iterable[Part], namespaces: Namespaces) -> list[Folder]:
    """This account's own folders that can be opened, the inbox first, then by name."""
    found = {folder.wire: folder for answer in answers if (folder := _folder(answer, namespaces))}
    return sorted(found.values(), key=lambda folder: (folder.name != INBOX, folder.name.split("/")))


def _folder(answer: Part, namespaces: Namespaces) -> Folder | None:
    match = _FOLDER.match(_joined(answer))
    if not match:
        return None
    flags, wire = match[1].decode("ascii", "replace").lower().split(), _unquoted(match[3])
    separator = _unquoted(match[2]) if match[2] != b"NIL" else b""
    # The top of a namespace may be a folder itself: `Chung` of the prefix `Chung.`.
    if {*flags} & {*CANNOT_OPEN, *SHOWN_TWICE} or (wire + separator).startswith(namespaces.others):
        return None
    return Folder(wire, _readable(wire, separator, namespaces))


def _readable(wire: bytes, separator: bytes, namespaces: Namespaces) -> str:
    own = next((prefix for prefix in namespaces.own if prefix and wire.startswith(prefix)), b"")
    parts = wire.removeprefix(own).split(separator) if separator else [wire]
    names = [decoded(part.decode("utf-8", "replace")) for part in parts]
    return "/".join([INBOX if names[0].upper() == "INBOX" else names[0], *names[1:]])


def uids_of(answers: Iterable[Part], after: int) -> list[int]:
    """Message numbers above `after`, in order. `n:*` also matches the newest message when it is older than n."""
    found = {int(number) for answer in answers for number in _joined(answer).split() if number.isdigit()}
    return sorted(number for number in found if number > after)


def messages_of(answers: Iterable[Part], folder: Folder, validity: int, asked: Collection[int]) -> list[Message]:
    """The messages that were asked for, by number. News of other messages that slip in between are left out."""
    found = {}
    for told, head in _entries(answers):
        uid, size, received = _UID.search(told), _SIZE.search(told), _RECEIVED.search(told)
        moment = school_time(received[1].decode("ascii", "replace")) if received else None
        if uid and size and moment and int(uid[1]) in asked:
            # Folder, validity and number together name a message for good (RFC 3501, 2.3.1.1).
            key = f"{folder.wire.decode('utf-8', 'replace')}/{validity}.{int(uid[1])}"
            found[int(uid[1])] = Message(folder.name, key, int(size[1]), moment, flags=_letters(told), **letterhead(head))
    return [found[uid] for uid in sorted(found)]


def _entries(answers: Iterable[Part]) -> Iterator[tuple[bytes, bytes]]:
    """What was told of each message, and its headers. The header block is never searched for anything else."""
    told, head = b"", b""
    for answer in answers:
        line, literal = answer if isinstance(answer, tuple) else (answer or b"", b"")
        if _ANSWER_BEGINS.match(line):
            yield told, head
            told, head = line, literal
        else:
            told += b" " + line
    yield told, head


def _letters(told: bytes) -> str:
    flags = _FLAGS.search(told)
    words: Sequence[str] = flags[1].decode("ascii", "replace").lower().split() if flags else ()
    return "".join(sorted(MAILDIR_LETTERS[word] for word in words if word in MAILDIR_LETTERS))


def _joined(answer: Part) -> bytes:
    """An answer on one line; a literal takes the place of its `{length}`."""
    if isinstance(answer, tuple):
        return answer[0].rpartition(b"{")[0] + answer[1]
    return answer or b""


def _unquoted(text: bytes) -> bytes:
    match = _QUOTED.fullmatch(text.strip())
    return re.sub(rb"\\(.)", rb"\1", match[1]) if match else text
