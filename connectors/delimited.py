"""CSV as people's programs save it: encoding and delimiter are found out, every cell stays text."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from connectors.errors import SourceRefused
from connectors.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DELIMITERS = (";", ",", "\t")
AGAIN = "xuất lại từ hệ thống rồi chép đè tệp này"
LOOKED_AT = 50  # lines that the delimiter is judged by
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# In this order: UTF-8 refuses what is not UTF-8; Windows-1258 takes nearly anything, so it comes last.
WITHOUT_BOM = ("utf-8", "cp1258")


def read_delimited(file: Path) -> Grid:
    """A CSV file as one grid without a sheet name; row n is the n-th record, as Excel would number it."""
    text = _decode(file)
    if not text.strip():
        raise SourceRefused("Tệp rỗng", where=file.name, fix=AGAIN)
    delimiter = _delimiter(text.splitlines()[:LOOKED_AT])
    try:
        return Grid("", 1, _records(text, delimiter))
    except (pd.errors.ParserError, ValueError) as error:
        raise SourceRefused("Tệp CSV hỏng, không chia được thành cột", where=file.name, fix=AGAIN) from error


def _records(text: str, delimiter: str) -> list[list[object]]:
    # Names for the widest line there can be: title lines above the header have fewer cells.
    names = range(1 + max(line.count(delimiter) for line in text.splitlines()))
    as_it_is: dict[str, Any] = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "index_col": False}
    frame = pd.read_csv(StringIO(text), sep=delimiter, names=names, **as_it_is)
    records: list[list[object]] = frame.fillna("").to_numpy().tolist()
    return records


def _decode(file: Path) -> str:
    content = file.read_bytes()
    for encoding in _candidates(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceRefused("Không nhận ra bảng mã của tệp CSV", where=file.name, fix="lưu lại dạng “CSV UTF-8” rồi chép đè tệp này")


def _candidates(content: bytes) -> Iterable[str]:
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return (encoding,)
    # UTF-16 without a mark: every second byte of headings and digits is zero.
    start = content[:200]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if start and zeros.count(0) > len(start) // 4:
            return (encoding,)
    return WITHOUT_BOM


def _delimiter(lines: list[str]) -> str:
    """The delimiter that most lines have equally often (and, between two, more often)."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(cells) - 1 for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
        return max(((lines_alike, width) for width, lines_alike in widths.items()), default=(0, 0))

    return max(DELIMITERS, key=agreement)
