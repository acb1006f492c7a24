"""CSV as people's programs save it: encoding and delimiter are found out, every cell stays text.

Records are as wide as they were written: a line with too many cells is seen by whoever knows the header.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING

from connectors.errors import SourceRefused
from connectors.sheets.grid import Grid
from connectors.sheets.legacy_encodings import FAMILIES, code_of, converted, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = (";", ",", "\t")
AGAIN = "xuất lại từ hệ thống rồi chép đè tệp này"
LOOKED_AT = 50  # lines that the delimiter is judged by
LARGEST_FILE = 64 * 1024 * 1024  # bytes
LONGEST_LINE = 1024 * 1024  # characters; no row of a table is a thousandth of that
MOST_COLUMNS = 16_384  # as Excel
MOST_LINES_IN_A_RECORD = 20  # an address has three; beyond it is a quote that was never closed
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
UNKNOWN_ENCODING = "lưu lại dạng “CSV UTF-8” rồi chép đè tệp này"
END = "\x1d"  # a line of its own behind the last: an open quote swallows it


def read_delimited(file: Path, legacy: str | None = None) -> Grid:
    """A CSV file as one grid without a sheet name; row n is the n-th record, as Excel would number it.

    SourceRefused names the line that cannot be read, and the code of text that is not Unicode unless `legacy` allows it.
    """
    if file.stat().st_size > LARGEST_FILE:
        raise SourceRefused(f"Tệp CSV lớn quá {LARGEST_FILE // 1024**2} MB", where=file.name, fix="chia nhỏ rồi xuất lại")
    text = _decode(file, legacy)
    if not text.strip():
        raise SourceRefused("Tệp rỗng", where=file.name, fix=AGAIN)
    _refuse_broken_lines(file, text)
    delimiter = _delimiter(list(islice(StringIO(text), LOOKED_AT)))
    return Grid("", 1, list(_records(file, text, delimiter)))


def _refuse_broken_lines(file: Path, text: str) -> None:
    """What no table has, told with its line, before anything is cut into cells."""
    if (at := text.find("\0")) >= 0:
        raise _broken(file, "có ký tự NUL", text.count("\n", 0, at) + 1)
    for number, line in enumerate(StringIO(text, newline=""), 1):
        if len(line) > LONGEST_LINE:
            raise _broken(file, f"quá dài (hơn {LONGEST_LINE // 1024**2} triệu ký tự)", number)


def _broken(file: Path, what: str, line: int) -> SourceRefused:
    return SourceRefused(f"Tệp CSV hỏng: dòng {line} {what}", where=file.name, fix=AGAIN)


def _records(file: Path, text: str, delimiter: str) -> Iterator[list[object]]:
    reader = csv.reader(_lines(text), delimiter=delimiter)
    started = 1
    try:
        for record in reader:
            if record == [END]:
                return
            if reader.line_num - started >= MOST_LINES_IN_A_RECORD or (record and END in record[-1]):
                raise _broken(file, "mở dấu nháy kép mà không đóng", started)
            if len(record) > MOST_COLUMNS:
                raise _broken(file, f"có hơn {MOST_COLUMNS} ô", started)
            yield [*record]
            started = reader.line_num + 1
    except csv.Error as error:
        raise _broken(file, "mở dấu nháy kép mà không đóng", started) from error


def _lines(text: str) -> Iterator[str]:
    # newline="" keeps the line breaks inside quoted cells as they are.
    yield from StringIO(text if text.endswith(("\n", "\r")) else text + "\n", newline="")
    yield END


def _decode(file: Path, legacy: str | None) -> str:
    content = file.read_bytes()
    encoding = _encoding(content)
    if encoding and encoding in FAMILIES:
        if encoding != legacy:
            raise refused(encoding, file.name)
        return converted(content.decode("latin-1"), encoding, file.name)
    try:
        if encoding:
            return content.decode(encoding)
    except UnicodeDecodeError:
        pass
    raise SourceRefused("Không nhận ra bảng mã của tệp CSV", where=file.name, fix=UNKNOWN_ENCODING)


def _encoding(content: bytes) -> str | None:
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return encoding
    # UTF-16 without a mark: every second byte of headings and digits is zero.
    start = content[:200]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if start and zeros.count(0) > len(start) // 4:
            return encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return code_of(content)
    return "utf-8"


def _delimiter(lines: list[str]) -> str:
    """The delimiter that most lines have equally often (and, between two, more often)."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(cells) - 1 for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
        return max(((lines_alike, width) for width, lines_alike in widths.items()), default=(0, 0))

    return max(DELIMITERS, key=agreement)
