"""The school's mail store: a Maildir++ tree, read header by header; nothing is changed, not even a flag.

A message's body is never parsed: at 3,000 messages that is the difference between seconds and minutes.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import unicodedata
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from typing import TYPE_CHECKING, TypedDict

from connectors.errors import SourceUnreachable
from connectors.records.mail import Message
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

INBOX = "Hộp thư đến"
HEADER_BLOCK = 16_384
LONGEST_HEADER = 262_144  # what comes later is body, whatever it looks like
FLAG_MARK = ":2,"
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MODIFIED_BASE64 = re.compile(r"&([^-]*)-")
_headers = BytesHeaderParser()


class Letterhead(TypedDict):
    """What a message's own headers tell (see Message)."""

    dated: datetime | None
    sender: str
    subject: str
    message_id: str


def read_maildir(root: Path) -> Iterator[Message]:
    """Headers of every message below `root`, folder by folder in a fixed order. SourceUnreachable when it is no Maildir."""
    if not (root / "cur").is_dir():
        raise SourceUnreachable("Không thấy kho thư", where=str(root), fix="chỉ đúng thư mục Maildir ở mục [mail] của truong.toml")
    for folder in [root, *sorted(path for path in root.glob(".*") if (path / "cur").is_dir())]:
        name = folder_name(folder.name) if folder != root else INBOX
        for part in ("cur", "new"):
            yield from _messages(root, folder / part, name)


def folder_name(directory: str) -> str:
    """`.C&APQ-ng v&AQM-n.Ph&AbAe3Q-ng` as people read it: Maildir++ dots, IMAP's modified UTF-7."""
    return "/".join(decoded(part) for part in directory.removeprefix(".").split("."))


def decoded(name: str) -> str:
    """One folder name out of IMAP's modified UTF-7, NFC; what is not in that code stays as it is."""
    return unicodedata.normalize("NFC", _MODIFIED_BASE64.sub(_modified_utf7, name))


def _modified_utf7(match: re.Match[str]) -> str:
    coded = match[1].replace(",", "/")
    if not coded:
        return "&"
    try:
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return match[0]


def _messages(root: Path, place: Path, folder: str) -> Iterator[Message]:
    if not place.is_dir():
        return
    with os.scandir(place) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file())
    for name in names:
        try:
            yield _message(root, place / name, folder)
        except FileNotFoundError:
            continue  # the mail server moved or removed it meanwhile: it is not ours to plan with


def _message(root: Path, file: Path, folder: str) -> Message:
    with file.open("rb") as stream:
        state = os.fstat(stream.fileno())
        head = _head(stream.read(HEADER_BLOCK))
        if head is None:
            stream.seek(0)
            whole = stream.read(LONGEST_HEADER)
            head = _head(whole) or whole
    return Message(
        folder=folder,
        key=file.relative_to(root).as_posix(),
        size=state.st_size,
        received=datetime.fromtimestamp(state.st_mtime, SCHOOL_ZONE),
        flags=file.name.partition(FLAG_MARK)[2],
        **letterhead(head),
    )


def _head(block: bytes) -> bytes | None:
    """The header block at the beginning of a message, None when it does not end in here."""
    found = _END_OF_HEADERS.search(block)
    return block[: found.start()] + b"\n\n" if found else None


def letterhead(head: bytes) -> Letterhead:
    """Sender, subject, date and id out of a header block, however it was written."""
    # The first of a repeated header counts, as mail programs show it.
    parsed = {name.casefold(): str(value) for name, value in reversed(list(_headers.parsebytes(head).raw_items()))}
    return Letterhead(
        dated=school_time(_text(parsed, "date")),
        sender=parseaddr(parsed.get("from", ""))[1].casefold(),
        subject=_text(parsed, "subject"),
        message_id=_text(parsed, "message-id"),
    )


def _text(parsed: Mapping[str, str], name: str) -> str:
    """A header's text: encoded words and raw UTF-8 decoded, folds and doubled blanks gone, NFC."""
    # Raw bytes come as surrogates; most senders that break the rule mean UTF-8.
    raw = parsed.get(name, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        text = raw
    return unicodedata.normalize("NFC", " ".join(text.split()))


def school_time(text: str) -> datetime | None:
    """A moment as mail writes it, in the school's zone (none told: UTC); None when it cannot be read."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(SCHOOL_ZONE)
