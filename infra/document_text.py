"""The text of a document, line by line, headers and watermarks included: to look for marks, not to read it.

Nothing is unpacked to disk, no entity is resolved, and what unpacks to more than a limit is left unread.
"""

from __future__ import annotations

import email
import email.policy
import html
import re
import threading
import unicodedata
import zipfile
import zlib
from functools import cache
from io import BytesIO
from itertools import permutations
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from pathlib import Path

LARGEST_UNPACKED = 160 * 1024 * 1024  # bytes of one document or workbook; a school's largest export is a tenth of that
LARGEST_TEXT = 64 * 1024 * 1024  # bytes of a plain file: what is longer is data
MOST_PARTS = 10_000
PDF_HEAD, ZIP_HEAD, OLE_HEAD = b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PLAIN = frozenset({".txt", ".csv", ".tsv", ".md", ".htm", ".html", ".xml", ".rtf", ".log", ".json"})
MESSAGES = frozenset({".eml", ".msg"})
MARKUP = frozenset({".htm", ".html", ".xml"})
RTF_HEAD = b"{\\rtf"
TABLES = frozenset({".csv", ".tsv"})
UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

_LINE_END = re.compile(
    r"</(?:\w+:)?(?:p|h\d?|si|is|c|row|tr|td|th|li|div|title|subject|keywords|category|(?:odd|even|first)\w+)>"
    r"|<(?:\w+:)?(?:br|tab|cr)\b[^>]*/?>",
    re.IGNORECASE,
)
_WATERMARK = re.compile(r"<v:textpath\b[^>]*?\bstring=\"([^\"]*)\"")
# What Vietnamese is not written with: between two strings of an old workbook stand their lengths, which look like letters.
_NO_VIETNAMESE = re.compile(r"[^ -~\xa0-\xd5\xd9-\xf5\xf9-\xfdĂăĐđĨĩŨũƠơƯư\u0300-\u0323\u1ea0-\u1ef9\u2010-\u2026]")
_TAG = re.compile(r"<[^<>]*>")
# Codes in the header of a sheet: font, colour, size, place (&C&"Arial,Bold"&14MẬT).
_SHEET_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f+\-]{6,8}|\d+|[A-Z])')
_RTF_UNICODE = re.compile(r"\\u(-?\d+)\s?(?:\\'[0-9a-f]{2}|\?)?")
_RTF_WORD = re.compile(r"\\(par|line|tab|cell|row)\b ?|\\[a-z]+-?\d* ?|[{}]")
# Text of an old .doc or .xls lies in it as UTF-16; this much beside a telling letter is looked at, in bytes.
_BESIDE = 200

_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, LookupError)

_pdfium = threading.Lock()  # pdfium may be used by one thread at a time


class Unreadable(Exception):
    """The inside of a file cannot be looked at: broken, encrypted or far too large."""


def lines_of(file: Path, suffix: str = "", *, letters: str, content: bytes | None = None) -> Iterator[str]:
    """The lines of a document in which any of `letters` may stand; nothing for pictures, data and programs.

    `suffix`: the kind where the file's own name does not tell. `content`: all of the file, where the caller has
    read it. What surely holds none of the letters is passed over unread, which makes looking at a folder of
    workbooks quick. Raises Unreadable where a document cannot be looked into.
    """
    kind = (suffix or file.suffix).lower()
    try:
        head = _head(file) if content is None else content[: len(OLE_HEAD)]
        if head.startswith(ZIP_HEAD):
            yield from _zipped(file if content is None else BytesIO(content), letters)
        elif head.startswith(PDF_HEAD):
            yield from _pdf(file if content is None else BytesIO(content))
        elif head == OLE_HEAD:
            yield from _old_office(file.read_bytes() if content is None else content, letters)
        elif kind in MESSAGES or kind in PLAIN:
            yield from _small(_text_of(file) if content is None else content, kind, letters)
    except _BROKEN as error:
        raise Unreadable(file.name) from error


def holds_none(content: bytes, kind: str, letters: str) -> bool:
    """Whether `lines_of` surely gives nothing for the content of a file of a kind (a suffix): quick, for nearly every file."""
    if content.startswith((ZIP_HEAD, PDF_HEAD, OLE_HEAD, RTF_HEAD)) or kind in MESSAGES:
        return False
    return kind not in PLAIN or not _may_hold(content, letters, entities=kind in MARKUP)


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(len(OLE_HEAD))


def _text_of(file: Path) -> bytes:
    return file.read_bytes() if file.stat().st_size <= LARGEST_TEXT else b""


def _may_hold(content: bytes, letters: str, *, entities: bool) -> bool:
    """Whether any of the letters may stand in a text: composed, decomposed or, where there are such, as an entity.

    As the text will be decoded: what UTF-16 would write is two bytes that stand in any picture.
    """
    if content[:2] in UTF16 or (entities and b"&#" in content):
        return True
    return not content.isascii() and _spelled(content, letters)


def _spelled(content: bytes, letters: str) -> bool:
    """Whether any spelling of the letters stands in the content: searched by its last two bytes, all of the file at once.

    One `in` per spelling takes ten times as long and keeps the other threads waiting: every file of a night comes by here.
    """
    import numpy as np  # noqa: PLC0415 - only where there is text that is not plain ASCII

    every = np.frombuffer(content, np.uint8)
    for rare, endings in _by_ending(letters).items():
        at = (every[:-1] == rare).nonzero()[0]
        following = every[at + 1]
        for last, spellings in endings.items():
            for end in (at[following == last] + 2).tolist():
                if content.endswith(spellings, 0, end):
                    return True
    return False


@cache
def _by_ending(letters: str) -> Mapping[int, Mapping[int, tuple[bytes, ...]]]:
    """The spellings by their last byte but one, which is rarer in text than the first, and by their last."""
    found: dict[int, dict[int, tuple[bytes, ...]]] = {}
    for spelling in sorted(_spellings(letters)):
        endings = found.setdefault(spelling[-2], {})
        endings[spelling[-1]] = (*endings.get(spelling[-1], ()), spelling)
    return found


def _spellings(letters: str) -> frozenset[bytes]:
    """Every way to write the letters in UTF-8, each long enough that a picture hardly ever holds it by chance."""
    found: set[str] = set()
    for letter in letters:
        base, *marks = list(unicodedata.normalize("NFD", letter))
        for order in permutations(marks):
            apart = "".join((base, *order))
            begun = unicodedata.normalize("NFC", apart[:2])
            found |= {unicodedata.normalize("NFC", apart), apart, begun + apart[2:]}
    return frozenset(text.encode() for text in found)


def _small(content: bytes, kind: str, letters: str) -> Iterator[str]:
    if kind in MESSAGES:
        yield from _message(email.message_from_bytes(content, policy=email.policy.default), letters)
    elif not holds_none(content, kind, letters):
        yield from _plain(content, kind)


def _plain(content: bytes, kind: str) -> Iterator[str]:
    text = content.decode(UTF16.get(content[:2], "utf-8"), errors="replace")
    if content.startswith(RTF_HEAD):
        text = _RTF_UNICODE.sub(lambda match: chr(int(match[1]) % 65536), text)
        text = _RTF_WORD.sub(lambda match: "\n" if match[1] else "", text)
    elif kind in MARKUP:
        text = _stripped(text)
    yield from re.split(r"[\n\r;\t,|]" if kind in TABLES else r"[\n\r\t]", text)


def _stripped(markup: str) -> str:
    """Markup without its tags, a line for each paragraph, cell and header."""
    watermarks = "\n".join(_WATERMARK.findall(markup))
    return html.unescape(f"{watermarks}\n{_TAG.sub('', _LINE_END.sub(chr(10), markup))}")


def _zipped(file: Path | BytesIO, letters: str) -> Iterator[str]:
    """A .docx, .xlsx, .pptx, .odt or .ods: the text of every XML part."""
    with zipfile.ZipFile(file) as archive:
        parts = [part for part in archive.infolist() if part.filename.lower().endswith((".xml", ".vml"))]
        if len(parts) > MOST_PARTS:
            raise Unreadable("zip")
        left = LARGEST_UNPACKED
        for part in parts:
            with archive.open(part) as stream:
                content = stream.read(left + 1)
            left -= len(content)
            if left < 0:
                raise Unreadable("zip")
            if _may_hold(content, letters, entities=True):
                text = _stripped(content.decode(UTF16.get(content[:2], "utf-8"), errors="replace"))
                yield from _SHEET_CODES.sub(_as_break, text).splitlines()


def _as_break(match: re.Match[str]) -> str:
    return "\n" if match[0] in {"&L", "&C", "&R"} else ""


def _pdf(file: Path | BytesIO) -> list[str]:
    import pypdfium2  # noqa: PLC0415 - only where there is a PDF

    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            raise Unreadable("pdf") from error
        try:
            lines = list(document.get_metadata_dict(skip_empty=True).values())
            for page in document:
                lines += page.get_textpage().get_text_bounded().splitlines()
                page.close()
        finally:
            document.close()
    return lines


def _old_office(content: bytes, letters: str) -> Iterator[str]:
    """An old .doc or .xls: the text beside each of the letters."""
    for letter in letters:
        at, code = -1, letter.encode("utf-16-le")
        while (at := content.find(code, at + 1)) >= 0:
            beside = content[max(at - _BESIDE, at % 2) : at + _BESIDE]
            yield from _NO_VIETNAMESE.split(beside.decode("utf-16-le", errors="replace"))


def _message(message: EmailMessage, letters: str) -> Iterator[str]:
    """Subject, text, and the names and text of what is attached, documents included."""
    yield str(message.get("Subject", ""))
    unreadable = False
    for part in message.walk():
        if name := part.get_filename():
            yield PurePosixPath(name).stem
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        if part.get_content_maintype() == "text":
            yield from _plain(payload, ".html" if part.get_content_subtype() == "html" else ".txt")
        else:
            try:
                yield from _attached(payload, letters)
            except (Unreadable, *_BROKEN):  # the other attachments are looked at all the same
                unreadable = True
    if unreadable:
        raise Unreadable("message")


def _attached(content: bytes, letters: str) -> Iterator[str]:
    """A document inside a message; nothing for pictures, data and programs."""
    if content.startswith(ZIP_HEAD):
        yield from _zipped(BytesIO(content), letters)
    elif content.startswith(PDF_HEAD):
        yield from _pdf(BytesIO(content))
    elif content.startswith(OLE_HEAD):
        yield from _old_office(content, letters)
