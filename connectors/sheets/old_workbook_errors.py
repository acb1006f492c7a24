"""Error cells (#REF!, #N/A …) of an .xls file, which the library that reads it shows as empty.

Only as much of the format is understood as this needs: the file system in the file ([MS-CFB] 2.2–2.6), the list of
sheets, the cells and formulas with an error ([MS-XLS] 2.4.28, 2.4.24, 2.4.127). Runs in the process of
old_workbook.py, within its bounds of memory and time; a file that is laid out otherwise tells no errors.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Place = tuple[int, int]  # row, column, from 0

NAMES = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
BOUNDSHEET, BOOLERR, FORMULA, END = 0x85, 0x205, 0x06, 0x0A
RESULT_IS_ERROR, RESULT_IS_NO_NUMBER = 2, 0xFFFF
NO_SECTOR = 0xFFFFFFFA  # from here on a number means something else than a sector
ENTRY, IN_HEADER = 128, 109  # bytes of a folder's entry; sectors of the table that the header itself names
BOOKS = ("Workbook", "Book")


def errors_of(content: bytes) -> list[dict[Place, str]]:
    """Per sheet, in the order of the book: where an error stands, and which. Empty when the file is laid out otherwise."""
    try:
        book = _book(content)
        return [dict(_errors(book, start)) for start in _sheets(book)]
    except (struct.error, LookupError, ValueError):
        return []


def _book(content: bytes) -> bytes:
    """The workbook in its file system: a chain of large sectors, or of small ones in the root's own chain."""
    size, small = (1 << shift for shift in struct.unpack_from("<HH", content, 30))
    first_folder, _, cutoff, first_small, _, first_list, _ = struct.unpack_from("<7I", content, 48)
    body = content[size:]
    table = _table(content, body, size, first_list)
    folder = _chain(body, size, table, first_folder)
    entries = dict(_entries(folder))
    start, length = next((entries[name] for name in BOOKS if name in entries), (0, 0))
    if length >= cutoff:
        return _chain(body, size, table, start)[:length]
    within = _chain(body, size, table, entries["Root Entry"][0])
    return _chain(within, small, _numbers(_chain(body, size, table, first_small)), start)[:length]


def _table(content: bytes, body: bytes, size: int, first_list: int) -> list[int]:
    """Which sector follows which: the sectors of this table are listed in the header, and in a chain of lists where that is full."""
    listed = _numbers(content[76 : 76 + 4 * IN_HEADER])
    for _ in range(len(body) // size):
        if first_list >= NO_SECTOR:
            break
        *more, first_list = _numbers(body[first_list * size : (first_list + 1) * size])
        listed += more
    told = [sector for sector in listed if sector < NO_SECTOR][: len(body) // size]
    return [number for sector in told for number in _numbers(body[sector * size : (sector + 1) * size])]


def _chain(body: bytes, size: int, table: list[int], sector: int) -> bytes:
    parts: list[bytes] = []
    while sector < NO_SECTOR:
        if len(parts) > len(table):
            raise ValueError(sector)  # it bites its tail
        parts.append(body[sector * size : (sector + 1) * size])
        sector = table[sector]
    return b"".join(parts)


def _numbers(content: bytes) -> list[int]:
    return [number for (number,) in struct.iter_unpack("<I", content[: len(content) // 4 * 4])]


def _entries(folder: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names with first sector and length."""
    for at in range(0, len(folder) - ENTRY + 1, ENTRY):
        (length,) = struct.unpack_from("<H", folder, at + 64)
        name = folder[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        yield name, struct.unpack_from("<II", folder, at + 116)


def _records(book: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record up to the end of a part of the book."""
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        if kind == END:
            return
        yield kind, book[at + 4 : at + 4 + length]
        at += 4 + length


def _sheets(book: bytes) -> list[int]:
    """Where each sheet begins."""
    return [struct.unpack_from("<I", content)[0] for kind, content in _records(book, 0) if kind == BOUNDSHEET]


def _errors(book: bytes, start: int) -> Iterator[tuple[Place, str]]:
    for kind, content in _records(book, start):
        if kind == BOOLERR:
            row, column, _, value, is_error = struct.unpack_from("<HHHBB", content)
        elif kind == FORMULA:
            row, column, _, result, value, number = struct.unpack_from("<HHHBxBxxxH", content)
            is_error = number == RESULT_IS_NO_NUMBER and result == RESULT_IS_ERROR
        else:
            continue
        if is_error:
            yield (row, column), NAMES.get(value, "#?")
