"""What lies inside an .xlsx file, looked at before any library unpacks it: no bomb, and the cells that cannot be read.

An .xlsx file is a zip of XML files. Neither the sizes that the zip declares nor the range that a sheet
declares is believed: the parts that will be read are unpacked here first, each up to a limit.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree import ElementTree as ET
from xml.parsers import expat

from connectors.errors import SourceRefused
from infra.document_text import LARGEST_UNPACKED, MOST_PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_CELLS = 4_000_000  # of the rectangle from the first to the last used cell: readers hold all of it in memory
BROKEN_FIX = "mở thử bằng Excel, xuất lại từ hệ thống rồi chép đè tệp này"
UNKNOWN_FIX = "xóa tệp này nếu không rõ nguồn gốc, hoặc chia nhỏ rồi xuất lại"
NOT_COMPUTED = "công thức chưa được tính"

LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of the name and of the extra field
XML_ENDINGS = (".xml", ".rels")
BOOK, LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
FIRST_ELEMENT = re.compile(rb"<[A-Za-z]")
# A cell up to Z9999 in the plain spelling of Excel and of every library; anything else is looked at closely.
OTHER_CELL = re.compile(rb'<c(?!ol|onditional| r="[A-Z]\d{1,4}"[ >/])')
PREFIXED = re.compile(rb":(?:c|row)[\s/>]")
PLACED_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
ANY_CELL = re.compile(rb"<c[\s/>]")
ERROR_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*\bt="e"[^>]*>(?:(?!</c>).)*?<v>([^<]*)</v>', re.DOTALL)
UNCOMPUTED = re.compile(rb'<c r="([A-Z]+)(\d+)"(?![^>]*t="str")[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')

Trouble = dict[tuple[int, int], str]  # (row from 1, column from 0) -> what stands in the cell


@dataclass(frozen=True, slots=True)
class Inspected:
    """A workbook of the XML parts that were looked at and no others; by sheet, the cells that cannot be read.

    The library gets this one: what it reads is what was inspected, whatever it may see in the file itself.
    """

    book: BinaryIO
    troubles: Mapping[str, Trouble]


def inspect(file: Path) -> Inspected:
    """SourceRefused when the file is a bomb, broken or no workbook."""
    try:
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            _refuse_odd_parts(file, parts)
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as book:
                inside = _Inside(file, book)
                for part in parts:
                    inside.add(stream, part)
            packed.seek(0)
            return Inspected(packed, inside.troubles_by_sheet())
    except (zipfile.BadZipFile, zlib.error, struct.error, ET.ParseError, expat.ExpatError, OSError, ValueError) as error:
        raise SourceRefused("Tệp Excel hỏng hoặc không phải tệp .xlsx", where=file.name, fix=BROKEN_FIX) from error


def _refuse_odd_parts(file: Path, parts: Sequence[zipfile.ZipInfo]) -> None:
    """What no program writes and only an attacker would: too much, parts over one another, names that lead outside."""
    if len(parts) > MOST_PARTS:
        raise _bomb(file, f"có {len(parts)} phần bên trong")
    if (unpacked := sum(part.file_size for part in parts)) > LARGEST_UNPACKED:
        raise _bomb(file, f"giải nén ra {unpacked // 1024**2} MB, quá mức {LARGEST_UNPACKED // 1024**2} MB cho phép")
    names = [part.filename.replace("\\", "/").lstrip("/") for part in parts]
    if any(".." in PurePosixPath(name).parts or ":" in name for name in names):
        raise _bomb(file, "chứa tên phần dẫn ra ngoài tệp")
    ordered = sorted(parts, key=lambda part: part.header_offset)
    overlaps = any(before.header_offset + before.compress_size > after.header_offset for before, after in pairwise(ordered))
    if overlaps or len(set(map(str.casefold, names))) < len(names):
        raise _bomb(file, "chứa các phần chồng lên nhau")


def _bomb(file: Path, what: str) -> SourceRefused:
    return SourceRefused(f"Tệp Excel không an toàn: {what}", where=file.name, fix=UNKNOWN_FIX)


class _Inside:
    """The XML parts of a workbook, each unpacked once, looked at, and packed (not compressed) into another book."""

    def __init__(self, file: Path, book: zipfile.ZipFile) -> None:
        self.file, self.book = file, book
        self.troubles: dict[str, Trouble] = {}
        self.directory: dict[str, bytes] = {}

    def add(self, stream: BinaryIO, part: zipfile.ZipInfo) -> None:
        name = part.filename.replace("\\", "/").lstrip("/")
        if not name.casefold().endswith(XML_ENDINGS):
            return
        content = _unpacked(self.file, stream, part)
        _refuse_entities(self.file, content)
        if name.casefold() in (BOOK, LINKS):
            self.directory[name.casefold()] = content
        elif b"<sheetData" in content[: 1 << 16] or b":sheetData" in content[: 1 << 16]:
            _refuse_vast(self.file, content)
            self.troubles[name.casefold()] = _trouble(content)
        self.book.writestr(zipfile.ZipInfo(name), content)

    def troubles_by_sheet(self) -> dict[str, Trouble]:
        if not any(self.troubles.values()):
            return {}
        return {name: self.troubles[part] for name, part in _sheet_parts(self.directory) if self.troubles.get(part)}


def _unpacked(file: Path, stream: BinaryIO, part: zipfile.ZipInfo) -> bytes:
    """The part's real content. It is unpacked here and not by zipfile, which stops where the declared size says."""
    if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    stream.seek(part.header_offset)
    signature, *lengths = LOCAL_HEADER.unpack(stream.read(LOCAL_HEADER.size))
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile
    stream.seek(sum(lengths), 1)
    packed = stream.read(part.compress_size)
    if part.compress_type == zipfile.ZIP_STORED:
        return packed
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    content = unpacker.decompress(packed, part.file_size + 1)
    if len(content) != part.file_size:
        raise _bomb(file, "một phần bên trong không dài như nó khai")
    return content


def _refuse_entities(file: Path, content: bytes) -> None:
    """No program writes a document type into a workbook; whoever does wants entities expanded."""
    first = FIRST_ELEMENT.search(content)
    start = content[: first.start()] if first else content
    if b"<!doctype" in start.lower() or b"<!entity" in start.lower():
        raise _bomb(file, "chứa khai báo thực thể XML")
    if b"\x00" in start or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(file.name)  # neither we nor the reader look into UTF-16


def _refuse_vast(file: Path, content: bytes) -> None:
    """Refuse a sheet whose used rectangle no memory holds, whatever range it declares."""
    if not OTHER_CELL.search(content) and not PREFIXED.search(content):
        return  # 26 columns of 9,999 rows at most
    placed = PLACED_CELL.findall(content)
    if PREFIXED.search(content) or len(placed) < sum(1 for _ in ANY_CELL.finditer(content)):
        rows, columns = _Extent.of(content)
    else:
        rows = max((len(row), row) for row in {row for _, row in placed})[1]
        rows, columns = int(rows), max(map(_column, {letters for letters, _ in placed})) + 1
    if rows * columns > MOST_CELLS:
        raise _bomb(file, f"một trang trải tới dòng {rows}, cột thứ {columns}")


class _Extent:
    """The last row and column of a sheet in an unusual spelling, as a reader would count them."""

    def __init__(self) -> None:
        self.rows = self.columns = self.row = self.column = 0

    @classmethod
    def of(cls, content: bytes) -> tuple[int, int]:
        extent = cls()
        parser = expat.ParserCreate()
        parser.StartElementHandler = extent.start
        parser.Parse(content, True)  # noqa: FBT003 - its only name
        return extent.rows, extent.columns

    def start(self, tag: str, attributes: dict[str, Any]) -> None:
        name, place = tag.rpartition(":")[2], attributes.get("r", "")
        if name == "row":
            self.row, self.column = int(place or self.row + 1), 0
        elif name == "c":
            letters = place.rstrip("0123456789")
            self.column = _column(letters.encode()) + 1 if letters else self.column + 1
            self.row = int(place[len(letters) :] or self.row)
        self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)


def _column(letters: bytes) -> int:
    """`A` -> 0, `AA` -> 26."""
    number = 0
    for letter in letters:
        number = number * 26 + (letter & 31)
    return number - 1


def _trouble(content: bytes) -> Trouble:
    """Cells with an error, or with a formula that nobody computed."""
    found: Trouble = {}
    start, end = content.find(b"sheetData"), content.rfind(b"sheetData")
    # Plain cells have neither letter in their tags: one look for it is the quickest answer.
    if content.find(b"e", start + 9, end) >= 0 and b't="e"' in content:
        found |= {(int(row), _column(column)): text.decode() for column, row, text in ERROR_CELL.findall(content)}
    if content.find(b"f", start, end) >= 0 and b"</f>" in content:
        found |= {(int(row), _column(column)): NOT_COMPUTED for column, row in UNCOMPUTED.findall(content)}
    return found


def _sheet_parts(directory: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Sheet names with the parts that hold them."""
    book, links = (ET.fromstring(directory[name]) for name in (BOOK, LINKS))  # noqa: S314 - entities were refused
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    sheets = [element for element in book.iter() if element.tag.rpartition("}")[2] == "sheet"]
    pairs = [(sheet.get("name", ""), _link(sheet, targets)) for sheet in sheets]
    return [(name, part) for name, part in pairs if part]


def _link(sheet: ET.Element, targets: Mapping[str | None, str]) -> str:
    target = next((targets.get(value, "") for key, value in sheet.attrib.items() if key.endswith("}id")), "")
    return (target.lstrip("/") if target.startswith("/") else f"xl/{target}").casefold()
