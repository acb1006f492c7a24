"""Files that only an attacker makes, and a reader in its own process whose memory is measured."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
READER = """
import json, resource, sys, time
from pathlib import Path
from connectors.errors import SourceError
from connectors.sheets.workbook import read_grids
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
try:
    told = ["read", str(len(read_grids(Path(sys.argv[1])))), ""]
except SourceError as error:
    told = [type(error).__name__, error.line(), error.where]
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"told": told, "megabytes": grown // 1024, "seconds": time.monotonic() - start}))
"""
SHEET = "xl/worksheets/sheet1.xml"


def read_apart(file: Path) -> dict[str, object]:
    """What a process of its own says of a file; `megabytes`: how much its memory grew while reading."""
    done = subprocess.run([sys.executable, "-c", READER, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    measured: dict[str, object] = json.loads(done.stdout)
    return measured


def plain(file: Path) -> None:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("Khối 1")
        sheet.write_row(0, 0, ["Mã", "Tên"])
        sheet.write_row(1, 0, ["1", "An"])


def changed(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """The plain workbook with one part changed."""
    plain(file)
    with zipfile.ZipFile(file) as book:
        parts = [(part, book.read(part)) for part in book.namelist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for part, content in parts:
            book.writestr(part, change(content) if part == name else content)


def swollen(name: str, megabytes: int) -> Callable[[Path], None]:
    """A part that unpacks to so much."""

    def make(file: Path) -> None:
        changed(file, name, lambda content: content.replace(b"</sheetData>", b" " * (megabytes << 20) + b"</sheetData>"))

    return make


def lying(file: Path) -> None:
    """300 MB in a sheet whose size is declared as 1,000 bytes, in the directory and before the part."""
    swollen(SHEET, 300)(file)
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as book:
        part = book.getinfo(SHEET)
    # Where a zip keeps the unpacked size: 22 bytes into a part's own header, 24 into its entry of the directory (46 bytes, then the name).
    struct.pack_into("<I", content, part.header_offset + 22, 1000)
    directory = content.rindex(SHEET.encode()) - 46
    struct.pack_into("<I", content, directory + 24, 1000)
    file.write_bytes(content)


def overlapping(file: Path) -> None:
    """Many names in the directory for the same packed bytes."""
    swollen(SHEET, 100)(file)
    with zipfile.ZipFile(file, "a") as book:
        part = book.getinfo(SHEET)
        for number in range(2, 200):
            copy = zipfile.ZipInfo(f"xl/worksheets/sheet{number}.xml")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(copy, name, getattr(part, name))
            copy.file_size = 1000
            book.filelist.append(copy)
        # Else closing it writes no new directory.
        book._didModify = True


def nested(file: Path) -> None:
    """A zip bomb inside the workbook, which nobody needs to open."""
    swollen(SHEET, 100)(file.with_suffix(".inner"))
    plain(file)
    with zipfile.ZipFile(file, "a") as book:
        book.write(file.with_suffix(".inner"), "xl/embeddings/inner.xlsx")


# The "billion laughs": entities made of entities, a few hundred bytes that unfold to 100 GB.
LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "' + b"ha" * 50 + b'">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
) + b"]>"  # fmt: skip


def laughing(name: str, root: bytes) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        changed(file, name, lambda content: content.replace(b"<" + root, LAUGHS + b"<" + root, 1).replace(b"An", b"&j;"))

    return make


def traversing(file: Path) -> None:
    plain(file)
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("xl/../../../etc/cron.d/x.xml", "<x/>")


def far_cell(cell: bytes) -> Callable[[Path], None]:
    """A second cell at the far end: a dense reader would hold everything between."""

    def make(file: Path) -> None:
        changed(file, SHEET, lambda content: content.replace(b"</sheetData>", b"<row>" + cell + b"</row></sheetData>"))

    return make


def many_wide_sheets(file: Path) -> None:
    """Sheets of two cells each, none too large by itself: together a thousand times what fits in memory."""
    with xlsxwriter.Workbook(str(file)) as book:
        for _ in range(100):
            sheet = book.add_worksheet()
            sheet.write_number(0, 0, 1)
            sheet.write_number(9998, 25, 1)


def declared_vast(file: Path) -> None:
    changed(file, SHEET, lambda content: content.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))


def one_line(file: Path) -> None:
    file.write_bytes(b"x;" * (25 << 20))
